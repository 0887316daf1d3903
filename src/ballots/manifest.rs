//! The manifest of a seal: everything somebody needs to check a result without us, signed. What is signed are the exact
//! bytes of its JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    ballot::Place,
    bucket::Totals,
    committer::Marked,
    corrected::Declared,
    witness::{Came, Witness},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{JournalId, NodeId},
    },
    shows::{
        carry::Carried,
        correction::Correction,
        roster::WrittenOff,
        run::{ByEntry, Definition, Replaced, Run},
        windows::Windows,
    },
    wire::outcome::{Outcome, Rated},
};

/// The format's name, in every manifest that says nothing newer.
const FORMAT: &str = "tallylight.manifest/1";
/// That of a corrected one, of a run in place of a void one, of one that begins with the votes of another, and of one with
/// platforms or windows of segments: who does not know them judges its ballots by other windows.
const FORMAT_2: &str = "tallylight.manifest/2";

/// The format of a manifest.
pub fn format(definition: &Definition, says_more: bool) -> &'static str {
    let has_tracks = !definition.platforms.is_empty() || !definition.interaction.windows.is_empty();
    if says_more || definition.carries.is_some() || has_tracks { FORMAT_2 } else { FORMAT }
}

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    /// Counts the seals of this run from 1.
    pub revision: u32,
    pub sealed_at: Micros,
    pub node: NodeId,
    pub title: String,
    pub definition: Definition,
    /// SHA-256 of the definition.
    pub rules_hash: String,
    /// The windows by which ballots were judged.
    pub windows: Windows,
    /// The void run in whose place this one was held, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
    /// The votes that it begins with, of the seal that the definition names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// Votes per option of its own ballots, without those that a correction leaves out.
    pub totals: Vec<u64>,
    /// With those that are carried over, where there are some: what shares, outcome and rating are made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sum: Vec<u64>,
    /// Tenths of a percent per option; 1000 in all.
    pub shares: Vec<u16>,
    /// Ballots counted.
    pub counted: u64,
    /// Of these, in a changeable run, those that a later one of their voter replaces.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub superseded: u64,
    /// The counted ballots by the entries of the definition, where it has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_entry: Vec<ByEntry>,
    /// What the rules make of the votes, where they say more than that all are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What a rating came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<Rated>,
    /// Ballots outside the window, and their votes per option.
    pub late: u64,
    pub late_totals: Vec<u64>,
    /// Ballots that may still be missing.
    pub outstanding: u64,
    /// Data directories that were lost for good and may have taken ballots of this run: those that only they had are among
    /// the outstanding ones, and nobody waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written_off: Vec<WrittenOff>,
    /// Who decided the ballots.
    #[serde(default)]
    pub ledger: LedgerKind,
    /// Copies (bucket, place) that have another verdict than somebody was told, because the ledger lost a part of its history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<(u16, Place)>,
    /// What each bucket and journal holds.
    pub parts: Vec<Part>,
    /// Copies (bucket, place) above the watermarks of the parts that are counted, or late, all the same: the ledger lost
    /// their numbers while their node was away, and another node told of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<(u16, Place)>,
    /// Copies (bucket, place) at or below these watermarks that are no part of the seal: they came between the mark of their
    /// bucket and this seal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<(u16, Place)>,
    /// It was made of another manifest, without counting again. All but totals, shares, outcome and rating is as there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// What is declared in place of what was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
}

/// Who decided the ballots of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// One node, in the order of its journals.
    #[default]
    Embedded,
    /// A ledger of several nodes, in an order of its own.
    Redis,
}

/// The counted ballots of one bucket in one journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub bucket: u16,
    pub journal: JournalId,
    /// The last number up to which everything belongs to the seal; 0: only what the manifest names beyond.
    pub watermark: u64,
    /// How many ballots of the seal are counted.
    pub count: u64,
    /// The hash of their set.
    pub hash: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A manifest with its signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signed {
    /// The exact text that is signed.
    pub manifest: Box<RawValue>,
    /// Ed25519 over that text, 128 hexadecimal digits.
    pub signature: String,
    /// The key that made it, 64 hexadecimal digits. Only a key that came another way proves who signed.
    pub public_key: String,
}

impl Signed {
    /// SHA-256 of the text that is signed, by which a show names its seal.
    pub fn hash(&self) -> String {
        hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.manifest.get().as_bytes()).as_ref())
    }
}

impl Manifest {
    /// The manifest of a run whose buckets were marked.
    pub fn new(
        head: (NodeId, &str, u32, Micros),
        definition: &Definition,
        windows: &Windows,
        marked: &Marked,
        witness: &Witness,
        outstanding: u64,
    ) -> Self {
        let (node, title, revision, sealed_at) = head;
        let Totals { votes, counted, superseded, late, late_votes, .. } = &marked.totals;
        let by_entry = by_entry(definition, witness);
        let manifest = Self {
            format: format(definition, false).to_owned(),
            revision,
            sealed_at,
            node,
            title: title.to_owned(),
            definition: definition.clone(),
            rules_hash: definition.rules_hash(),
            windows: windows.clone(),
            replaces: None,
            carried: None,
            totals: votes.clone(),
            sum: Vec::new(),
            shares: Vec::new(),
            counted: *counted,
            superseded: *superseded,
            outcome: None,
            rated: None,
            by_entry,
            late: *late,
            late_totals: late_votes.clone(),
            outstanding,
            written_off: Vec::new(),
            ledger: marked.ledger,
            changed: marked.changed.clone(),
            parts: parts(marked, witness),
            beyond: marked.beyond.clone(),
            apart: marked.apart.clone(),
            correction: None,
            declared: None,
        };
        manifest.summed()
    }

    /// The same, with what the run is held in place of and what it begins with.
    #[must_use]
    pub fn of_run(self, run: &Run) -> Self {
        let format = format(&self.definition, run.replaces.is_some()).to_owned();
        Self { format, replaces: run.replaces.clone(), carried: run.carried.clone(), ..self }.summed()
    }

    /// The text that is signed.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a manifest is plain data")
    }
}

/// A line for every entry that a definition declares, and one for the ballots that came by none. Nothing where it declares
/// none.
pub fn by_entry(definition: &Definition, witness: &Witness) -> Vec<ByEntry> {
    if definition.entries.declared().next().is_none() {
        return Vec::new();
    }
    let numbers = std::iter::once(0).chain(definition.entries.declared().map(|(number, _)| number));
    let line = |entry| {
        let Came { counted, mut votes, mut late_votes } = witness.came(entry);
        votes.resize(definition.interaction.options.len(), 0);
        if !late_votes.is_empty() {
            late_votes.resize(votes.len(), 0);
        }
        ByEntry { entry, counted, votes, late_votes }
    };
    numbers.map(line).collect()
}

/// A part for every journal that a bucket knows, also where nothing was counted.
fn parts(marked: &Marked, witness: &Witness) -> Vec<Part> {
    let known = marked.watermarks.iter().map(|(bucket, journal, watermark)| ((*bucket, *journal), *watermark));
    let mut watermarks: BTreeMap<_, _> = known.collect();
    marked.beyond.iter().for_each(|(bucket, place)| _ = watermarks.entry((*bucket, place.journal)).or_insert(0));
    let part = |((bucket, journal), watermark)| {
        let part = witness.part(bucket, journal);
        Part { bucket, journal, watermark, count: part.count, hash: part.hash() }
    };
    watermarks.into_iter().map(part).collect()
}
