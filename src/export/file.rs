//! The export of a show: JSON lines. First a head, then for each sealed run its signed manifests and every ballot with the
//! verdict that stands in the journals, late ones too. Then what only the ledger of several nodes has: the verdict of a
//! ballot whose node was killed before it wrote it down, or a ballot whose journal is gone. Where it was asked for: what the
//! audience wrote and what was decided about it, event by event. The last line says what the file has to hold, and is
//! signed: the runs of the show, and a hash of all lines before.
//!
//! ```text
//! {"tallylight":"export/2","show":"finale"}
//! {"manifest":{…},"signature":"…","public_key":"…"}
//! {"ballot":{"run":"…","bucket":3,"journal":"…","seq":1,"voter":"…","id":"…","received":1790000000000000,"entry":1,"picks":[2],"verdict":"counted"}}
//! {"ledger":{"run":"…","bucket":3,"journal":"…","seq":2,"voter":"…","id":"…","received":1790000000000000,"picks":[1],"verdict":"late"}}
//! {"event":{"id":"s.…","at":1790000000000000,"what":"sent",…}}
//! {"contents":{"show":"finale","at":1790000000000000,"revision":41,"runs":[…],"missing":[],"lines":3,"sha256":"…"},"signature":"…","public_key":"…"}
//! ```

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::items::ItemsLine;
use crate::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        journalled::Journalled,
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, ShowId, VoterId},
    },
    moderation::event::Event,
    wire::server::Phase,
};

/// The format's name, in the first line.
pub const FORMAT: &str = "export/2";

/// One line of the file: a head, a manifest, a ballot or the contents, by the fields that are there.
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
    /// The exact text that is signed: [`Contents`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// As it stands in a journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ballot: Option<BallotLine>,
    /// As the ledger has it, and no journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<BallotLine>,
    /// Of what the audience wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// What the file has to hold, so that nothing can be left out of it unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    pub show: ShowId,
    /// When it was written.
    pub at: Micros,
    /// The revision of the show that says which runs there are.
    pub revision: u64,
    /// All runs on the show's desk then. Those that were archived before have their manifests.
    pub runs: Vec<RunLine>,
    /// What the writer missed, in words; empty: nothing.
    pub missing: Vec<String>,
    /// What the audience wrote, if the file has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsLine>,
    /// Lines before this one.
    pub lines: u64,
    /// SHA-256 of these lines, each with its line break.
    pub sha256: String,
}

/// A run of the show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLine {
    pub run: RunId,
    pub cue: String,
    pub rehearsal: bool,
    pub state: Phase,
    /// SHA-256 of the manifest of its newest seal, if it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_hash: Option<String>,
    /// The right options of a quiz or a prediction, once everybody may know them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
}

/// What is right, and since when that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    pub at: Micros,
    pub right: Vec<u16>,
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
    /// In a changeable run: the change number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
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
    /// Where it stands.
    pub fn stands(&self) -> (RunId, u16, Place) {
        (self.run, self.bucket, Place { journal: self.journal, seq: self.seq })
    }

    /// The ballot and where it stands.
    pub fn into_parts(self) -> (u16, Place, Ballot, Option<Decided>) {
        let place = Place { journal: self.journal, seq: self.seq };
        let Self { voter, id, picks, change, received, entry, .. } = self;
        let picks = match change {
            Some(change) => Picks::changed(change, picks),
            None => Picks::new(picks),
        };
        let ballot = Ballot { voter, id, picks, received, entry };
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
            change: picks.change(),
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
