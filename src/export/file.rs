//! The export of a show: JSON lines. First a head, then for each sealed run its signed manifests and every ballot with
//! the verdict that stands in the journals, late ones too.
//!
//! ```text
//! {"tallylight":"export/1","show":"finale"}
//! {"manifest":{…},"signature":"…","public_key":"…"}
//! {"ballot":{"run":"…","bucket":3,"journal":"…","seq":1,"voter":"…","id":"…","received":1790000000000000,"picks":[2],"verdict":"counted"}}
//! ```

use std::{collections::HashSet, io::Write, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    ballots::{
        ballot::{Ballot, Picks, Place, Verdict},
        manifest::{Manifest, Signed},
        record,
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, ShowId, VoterId},
    },
    providers::{journal, store::Store},
};

/// The format's name, in the first line.
pub const FORMAT: &str = "export/1";

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    Head { tallylight: String, show: ShowId },
    Manifest(Signed),
    Ballot { ballot: BallotLine },
}

/// One ballot as it stands in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BallotLine {
    pub run: RunId,
    pub bucket: u16,
    pub journal: JournalId,
    pub seq: u64,
    pub voter: VoterId,
    pub id: BallotId,
    /// Microseconds since 1970.
    pub received: Micros,
    pub picks: Vec<u16>,
    pub verdict: Option<Verdict>,
}

impl BallotLine {
    /// The ballot and where it stands.
    pub fn into_parts(self) -> (u16, Place, Ballot, Option<Verdict>) {
        let place = Place { journal: self.journal, seq: self.seq };
        let ballot = Ballot { voter: self.voter, id: self.id, picks: Picks::new(self.picks), received: self.received };
        (self.bucket, place, ballot, self.verdict)
    }
}

/// How much was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub manifests: usize,
    pub ballots: u64,
}

/// Writes the export of a show.
///
/// # Errors
/// The show has no sealed run, or something cannot be read or written.
pub fn write(store: &dyn Store, journals: &Path, show: &ShowId, out: &mut dyn Write) -> anyhow::Result<Written> {
    let manifests = store.manifests(show)?;
    anyhow::ensure!(!manifests.is_empty(), "show {show} has no sealed run yet: seal one on the studio page");
    line(out, &Line::Head { tallylight: FORMAT.to_owned(), show: show.clone() })?;
    let mut runs = HashSet::new();
    for (run, revision, json) in &manifests {
        let signed: Signed = serde_json::from_str(json)?;
        // Read whole, so that an export never carries what nobody can verify.
        serde_json::from_str::<Manifest>(signed.manifest.get())
            .with_context(|| format!("the manifest of run {run}, revision {revision}"))?;
        line(out, &Line::Manifest(signed))?;
        runs.insert(*run);
    }
    let mut ballots = 0;
    let mut failed = Ok(());
    let replay = journal::read(journals, &mut |journal, frame| {
        if frame.kind != record::BALLOT || !runs.contains(&frame.run) || failed.is_err() {
            return;
        }
        let Some(record) = record::decode(frame.payload) else { return };
        let Ballot { voter, id, picks, received } = record.ballot;
        let (run, bucket, seq) = (frame.run, frame.bucket, frame.seq);
        let (picks, verdict) = (picks.as_slice().to_vec(), record.verdict);
        let ballot = BallotLine { run, bucket, journal, seq, voter, id, received, picks, verdict };
        failed = line(out, &Line::Ballot { ballot });
        ballots += 1;
    })?;
    failed?;
    for incident in replay.incidents {
        tracing::error!(?incident, "a journal is damaged; what could be read is in the file");
    }
    out.flush()?;
    Ok(Written { manifests: manifests.len(), ballots })
}

fn line(out: &mut dyn Write, line: &Line) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}
