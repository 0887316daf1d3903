//! The export of a show: JSON lines. First a head, then for each sealed run its signed manifests and every ballot with
//! the verdict that stands in the journals, late ones too.
//!
//! ```text
//! {"tallylight":"export/1","show":"finale"}
//! {"manifest":{…},"signature":"…","public_key":"…"}
//! {"ballot":{"run":"…","bucket":3,"journal":"…","seq":1,"voter":"…","id":"…","received":1790000000000000,"entry":1,"picks":[2],"verdict":"counted"}}
//! ```

use std::{
    collections::{BTreeMap, HashSet},
    io::Write,
    path::PathBuf,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        journalled::{self, Journalled},
        manifest::{Manifest, Signed},
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, ShowId, VoterId},
    },
    providers::store::Store,
};

/// The format's name, in the first line.
pub const FORMAT: &str = "export/1";

/// One line of the file: a head, a manifest or a ballot, by the fields that are there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The format, in the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tallylight: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show: Option<ShowId>,
    /// The exact text that is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ballot: Option<BallotLine>,
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
    /// The number of the entry in the manifest's definition; left out: none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub entry: u8,
    pub picks: Vec<u16>,
    pub verdict: Option<Verdict>,
    /// The copy that the verdict names, if it is another one than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyLine>,
}

/// The copy of a ballot that another node took first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyLine {
    pub journal: JournalId,
    pub seq: u64,
    /// Microseconds since 1970.
    pub received: Micros,
    /// As in a ballot's line.
    #[serde(default, skip_serializing_if = "is_none")]
    pub entry: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(entry: &u8) -> bool {
    *entry == 0
}

impl BallotLine {
    /// The ballot and where it stands.
    pub fn into_parts(self) -> (u16, Place, Ballot, Option<Decided>) {
        let place = Place { journal: self.journal, seq: self.seq };
        let Self { voter, id, picks, received, entry, .. } = self;
        let ballot = Ballot { voter, id, picks: Picks::new(picks), received, entry };
        let decided = self.verdict.map(|verdict| match self.copy {
            None => Decided { verdict, place, received, entry },
            Some(CopyLine { journal, seq, received, entry }) => {
                Decided { verdict, place: Place { journal, seq }, received, entry }
            }
        });
        (self.bucket, place, ballot, decided)
    }
}

impl From<Journalled> for BallotLine {
    fn from(one: Journalled) -> Self {
        let Journalled { run, bucket, place, ballot, decided } = one;
        let Ballot { voter, id, picks, received, entry } = ballot;
        let copy = decided.filter(|decided| decided.place != place);
        Self {
            run,
            bucket,
            journal: place.journal,
            seq: place.seq,
            voter,
            id,
            received,
            entry,
            picks: picks.as_slice().to_vec(),
            verdict: decided.map(|decided| decided.verdict),
            copy: copy.map(|Decided { place: Place { journal, seq }, received, entry, .. }| CopyLine {
                journal,
                seq,
                received,
                entry,
            }),
        }
    }
}

/// How much was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub manifests: usize,
    pub ballots: u64,
}

/// Writes the export of a show, with the seals of all these stores and the ballots of all these directories of journals:
/// one of each node.
///
/// # Errors
/// The show has no sealed run, or something cannot be read or written.
pub fn write(
    stores: &[&dyn Store],
    journals: &[PathBuf],
    show: &ShowId,
    out: &mut dyn Write,
) -> anyhow::Result<Written> {
    // A node that was away at a seal does not have it.
    let mut manifests = BTreeMap::new();
    for store in stores {
        for (run, revision, json) in store.manifests(show)? {
            manifests.entry((run, revision)).or_insert(json);
        }
    }
    anyhow::ensure!(!manifests.is_empty(), "show {show} has no sealed run yet: seal one on the studio page");
    line(out, &Line { tallylight: Some(FORMAT.to_owned()), show: Some(show.clone()), ..Line::default() })?;
    let mut runs = HashSet::new();
    for ((run, revision), json) in &manifests {
        let signed: Signed = serde_json::from_str(json)?;
        // Read whole, so that an export never carries what nobody can verify.
        serde_json::from_str::<Manifest>(signed.manifest.get())
            .with_context(|| format!("the manifest of run {run}, revision {revision}"))?;
        let Signed { manifest, signature, public_key } = signed;
        let (signature, public_key) = (Some(signature), Some(public_key));
        line(out, &Line { manifest: Some(manifest), signature, public_key, ..Line::default() })?;
        runs.insert(*run);
    }
    let mut ballots = 0;
    for directory in journals {
        let mut failed = Ok(());
        let replay = journalled::read(directory, &|run| runs.contains(&run), &mut |one| {
            if failed.is_ok() {
                failed = line(out, &Line { ballot: Some(one.into()), ..Line::default() });
                ballots += 1;
            }
        })?;
        failed?;
        for incident in replay.incidents {
            tracing::error!(?incident, "a journal is damaged; what could be read is in the file");
        }
    }
    out.flush()?;
    Ok(Written { manifests: manifests.len(), ballots })
}

fn line(out: &mut dyn Write, line: &Line) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}
