//! The recount: the ballots of a run, read again one by one, against what its manifest says. It shares no state with the
//! counting: the same lines run in the node at verification and offline in `tallylight verify`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    ballot::{Ballot, Decided, Picks, Place, Verdict},
    bucket::Rules,
    corrected::{Declared, counted},
    manifest::{LedgerKind, Manifest, Part, by_entry},
    outcome::{outcome, rated},
    score::Answer,
    seal::Seal,
    tally,
    witness::{Copy, Witness},
};
use crate::{
    base::{
        ids::{BallotId, JournalId, VoterId},
        limits,
    },
    shows::{
        run::{ByEntry, Definition},
        windows::Timeliness,
    },
    wire::outcome::{self, Outcome},
};

/// What a recount found wrong, at most this many of a kind; more say nothing new.
const FINDINGS_MAX: usize = 20;

/// A recount in progress.
#[derive(Debug)]
pub struct Recount<'a> {
    manifest: &'a Manifest,
    seal: Seal,
    witness: Witness,
    late_totals: Vec<u64>,
    counted: u64,
    late: u64,
    voters: HashMap<VoterId, Voter>,
    /// Ballots with a verdict of their own, whichever.
    seen: HashSet<(VoterId, BallotId)>,
    /// Per bucket and journal the number that comes next.
    next: HashMap<(u16, JournalId), u64>,
    /// Numbers up to the watermarks that no ballot has.
    missing: u64,
    findings: Vec<String>,
    /// Refused for want of votes, though those that were read before left enough.
    refused: Vec<(VoterId, BallotId, Picks)>,
    /// Journals that are not here, of which the ledger has told something.
    told: HashSet<JournalId>,
    /// Of a run whose answers are worth points: those that count.
    answers: Vec<Answer>,
    /// Ballots of this run that were read.
    pub read: u64,
}

/// What a recount found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What differs from the manifest, in words. Empty: it is as the manifest says.
    pub findings: Vec<String>,
    /// What could not be looked at, though nothing differs.
    pub notes: Vec<String>,
    /// Of a run whose answers are worth points: those that count.
    pub answers: Vec<Answer>,
}

/// What a voter has done so far.
#[derive(Debug, Default)]
struct Voter {
    counted: Vec<Picks>,
    ballots: usize,
}

impl<'a> Recount<'a> {
    /// Starts the recount of what a manifest sealed.
    pub fn new(manifest: &'a Manifest) -> Self {
        let zeros = vec![0; manifest.definition.interaction.options.len()];
        Self {
            manifest,
            seal: Seal::of(manifest),
            witness: Witness::default(),
            late_totals: zeros,
            counted: 0,
            late: 0,
            voters: HashMap::new(),
            seen: HashSet::new(),
            next: HashMap::new(),
            missing: 0,
            findings: Vec::new(),
            refused: Vec::new(),
            told: HashSet::new(),
            answers: Vec::new(),
            read: 0,
        }
    }

    /// Takes one ballot with what was decided over it. Ballots of one bucket and journal come in the order of their
    /// numbers, journals in the order of their process starts: every ballot is judged again by what stood before it, as
    /// far as that was the order of the decisions.
    pub fn take(&mut self, bucket: u16, place: Place, ballot: &Ballot, decided: Option<Decided>) {
        self.read += 1;
        let sealed = self.is_sealed(bucket, place, ballot, decided);
        if self.seal.reaches(bucket, place) {
            self.follow(bucket, place);
        }
        if sealed {
            self.next.entry((bucket, place.journal)).or_insert(1);
            self.judge(bucket, place, ballot, decided);
        }
    }

    /// Takes one ballot that only the ledger has, after all that the journals have: its journal is gone. What was counted
    /// there is proven by the hash that was sealed; what was refused there is not.
    pub fn take_from_ledger(&mut self, bucket: u16, place: Place, ballot: &Ballot, decided: Option<Decided>) {
        self.read += 1;
        if self.next.keys().any(|(_, journal)| *journal == place.journal) {
            self.find(format!("ballot {} is told by the ledger alone, though its journal is here", ballot.id));
        } else if self.is_sealed(bucket, place, ballot, decided) {
            self.told.insert(place.journal);
            self.judge(bucket, place, ballot, decided);
        }
    }

    /// Whether a ballot is part of the seal.
    fn is_sealed(&mut self, bucket: u16, place: Place, ballot: &Ballot, decided: Option<Decided>) -> bool {
        let id = ballot.id;
        let sealed = self.seal.has(bucket, place);
        if self.manifest.definition.bucket_of(ballot.voter) != bucket {
            self.find(format!("ballot {id} stands in bucket {bucket}, where its voter does not belong"));
        }
        if !sealed {
            let counted = |decided: Decided| decided.verdict == Verdict::Counted && decided.place == place;
            if decided.is_some_and(counted) {
                self.find(format!("ballot {id} was counted after the seal"));
            }
        }
        sealed
    }

    /// Judges a ballot of the seal again, and adds it up.
    fn judge(&mut self, bucket: u16, place: Place, ballot: &Ballot, decided: Option<Decided>) {
        let manifest = self.manifest;
        let in_order = manifest.ledger == LedgerKind::Embedded;
        let verdict = decided.map(|decided| decided.verdict);
        let (rules, id) = (Rules::of(&manifest.definition), ballot.id);
        if decided.is_some_and(|decided| decided.place != place) {
            // A copy of a ballot that another node took: that one is judged.
            return;
        }
        let timely = manifest.windows.judge(ballot.received, ballot.entry) == Timeliness::Within;
        let fits = rules.fit(&ballot.picks);
        let voter = self.voters.entry(ballot.voter).or_default();
        let enough = rules.allow(voter.counted.iter().chain([&ballot.picks]));
        let full = voter.ballots >= limits::BALLOTS_PER_VOTER_MAX;
        voter.ballots += 1;
        if verdict == Some(Verdict::Counted) {
            voter.counted.push(ballot.picks.clone());
        }
        let known = match verdict {
            Some(Verdict::IdReused) => self.seen.contains(&(ballot.voter, id)),
            _ => !self.seen.insert((ballot.voter, id)),
        };
        // What was lost may be why a ballot was refused; it is in the manifest as outstanding.
        let whole = self.missing == 0;
        let wrong = match verdict {
            Some(Verdict::Counted) if known => "is counted twice",
            Some(Verdict::Counted) if !manifest.definition.entries.has(ballot.entry) => {
                "is counted and came by an entry that the run does not have"
            }
            Some(Verdict::Counted) if !manifest.definition.allows(ballot.entry, ballot.picks.as_slice()) => {
                "is counted, though its voter may not choose this"
            }
            Some(Verdict::Counted) if !fits => "does not fit the question and is counted",
            Some(Verdict::Counted) if !timely => "is counted and came outside the window",
            Some(Verdict::Counted) if !enough => "is counted, though its voter had not that many votes left",
            Some(Verdict::Late) if timely => "came in time and was not counted",
            Some(Verdict::Invalid) if fits => "fits the question and was not counted",
            // Where another order decided, it shows when all ballots are known.
            Some(Verdict::Budget) if !in_order && enough && !full => {
                self.refused.push((ballot.voter, id, ballot.picks.clone()));
                ""
            }
            Some(Verdict::Budget) if enough && !full && whole => "was not counted, though its voter had votes left",
            Some(Verdict::IdReused) if in_order && !known && whole => {
                "was not counted, though its id was not used before"
            }
            Some(Verdict::AfterSeal) if in_order && manifest.counted_revision() == 1 => {
                "came before the seal and was kept apart"
            }
            Some(Verdict::Displaced) if !manifest.changed.contains(&(bucket, place)) => {
                "was displaced, and the manifest does not say so"
            }
            None | Some(Verdict::Unreadable) => "has no verdict",
            Some(_) => "",
        };
        if !wrong.is_empty() {
            self.find(format!("ballot {id} {wrong}"));
        }
        match verdict {
            Some(Verdict::Counted) => {
                self.counted += 1;
                let Ballot { voter, ref picks, received, entry, .. } = *ballot;
                let run = manifest.definition.run;
                if manifest.definition.interaction.kind.round().is_some() {
                    self.answers.push((voter, picks.clone(), received, entry));
                }
                self.witness.add(Copy { run, bucket, voter, id, picks, received, entry, place });
            }
            Some(Verdict::Late) => {
                self.late += 1;
                self.witness.add_late(ballot.entry, &ballot.picks);
                ballot.picks.add_to(&mut self.late_totals);
            }
            _ => {}
        }
    }

    /// Numbers have no gap but where the manifest says that something is lost, and none is there twice.
    fn follow(&mut self, bucket: u16, place: Place) {
        let next = self.next.entry((bucket, place.journal)).or_insert(1);
        let (expected, seq) = (*next, place.seq);
        *next = (*next).max(seq.saturating_add(1));
        self.missing += seq.saturating_sub(expected);
        if seq < expected {
            let journal = place.journal;
            self.find(format!(
                "bucket {bucket} of journal {journal}: number {seq} is there twice, or in another order"
            ));
        }
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Journals of several nodes of which no ballot was read, and how many counted ones the manifest has of each.
    fn away(&self) -> BTreeMap<JournalId, u64> {
        let mut away = BTreeMap::new();
        let here: HashSet<_> = self.next.keys().map(|(_, journal)| *journal).collect();
        let absent = |part: &&Part| !here.contains(&part.journal);
        let parts = self.manifest.parts.iter().filter(|_| self.manifest.ledger != LedgerKind::Embedded);
        for part in parts.filter(absent) {
            *away.entry(part.journal).or_default() += part.count;
        }
        away
    }

    /// What is wrong with single ballots so far, in words.
    pub fn findings(&self) -> &[String] {
        &self.findings
    }

    /// Compares the whole with the manifest.
    pub fn finish(mut self) -> Found {
        let manifest = self.manifest;
        let (away, mut notes) = (self.away(), Vec::new());
        for (journal, counted) in &away {
            let parts = || manifest.parts.iter().filter(|part| part.journal == *journal);
            let proven = parts().all(|part| self.is_proven(part));
            if proven && (self.told.contains(journal) || *counted == 0) {
                notes.push(format!(
                    "journal {journal} is not here: of its {counted} counted ballots the ledger is the only witness, and \
                     what it refused cannot be looked at"
                ));
            } else {
                self.findings.push(format!(
                    "journal {journal} is not here: its {counted} counted ballots cannot be recounted; export with the \
                     data directories of all nodes, and with --redis if one is lost"
                ));
            }
        }
        // What is not here may be why a ballot was refused.
        let rules = Rules::of(&manifest.definition);
        for (voter, id, picks) in std::mem::take(&mut self.refused).into_iter().filter(|_| away.is_empty()) {
            let Some(Voter { counted, ballots }) = self.voters.get(&voter) else { continue };
            if *ballots < limits::BALLOTS_PER_VOTER_MAX && rules.allow(counted.iter().chain([&picks])) {
                self.find(format!("ballot {id} was not counted, though its voter had votes left"));
            }
        }
        let mut compare = |what: &str, sealed: &dyn std::fmt::Debug, counted: &dyn std::fmt::Debug| {
            let (sealed, counted) = (format!("{sealed:?}"), format!("{counted:?}"));
            if sealed != counted {
                self.findings.push(format!("{what}: the manifest says {sealed}, the recount {counted}"));
            }
        };
        let all = self.witness.votes(manifest.definition.interaction.options.len());
        let mut by_entry = by_entry(&manifest.definition, &self.witness);
        let correction = manifest.correction.as_ref();
        let (totals, _) = counted(&manifest.definition, &all, &by_entry, correction);
        compare("votes per option", &manifest.totals, &totals);
        let is_carrying = manifest.definition.carries.is_some();
        compare("whether votes are carried over", &manifest.carried.is_some(), &is_carrying);
        let (votes, lines) = manifest.sum(&all, &by_entry);
        let sum = if manifest.carried.is_some() { &*votes } else { &[] };
        compare("votes with those that are carried over", &manifest.sum, &sum);
        compare("what is declared", &manifest.declared, &Declared::of(&manifest.definition, correction));
        compare("ballots counted", &manifest.counted, &self.counted);
        compare("ballots superseded", &manifest.superseded, &self.witness.superseded());
        let unread = |part: &Part| {
            let next = self.next.get(&(part.bucket, part.journal)).copied().unwrap_or(1);
            part.watermark.saturating_add(1).saturating_sub(next)
        };
        let here = manifest.parts.iter().filter(|part| !away.contains_key(&part.journal));
        let missing = here.map(unread).fold(self.missing, u64::saturating_add);
        // Several nodes publish what they might still have, not what is lost: nothing of what is here may be.
        let expected = if manifest.ledger == LedgerKind::Embedded { manifest.outstanding } else { 0 };
        compare("missing ballots", &expected, &missing);
        // The ledger does not remember every late ballot.
        if away.is_empty() {
            compare("late ballots", &manifest.late, &self.late);
            compare("votes of late ballots", &manifest.late_totals, &self.late_totals);
        }
        compare("shares in tenths of a percent", &manifest.shares, &tally::shares(&votes));
        compare("rules hash", &manifest.rules_hash, &manifest.definition.rules_hash());
        if !manifest.definition.cuts(&manifest.windows) {
            self.findings.push("the windows of segments are not those of its rules".to_owned());
        }
        let mut said = manifest.by_entry.clone();
        if !away.is_empty() {
            said.iter_mut().chain(&mut by_entry).for_each(|line| line.late_votes.clear());
        }
        if said != by_entry {
            self.findings.push(differ_by_entry(&manifest.definition, &said, &by_entry));
        }
        let outcome = outcome(&manifest.definition, &votes, &lines);
        if manifest.outcome != outcome {
            let (said, found) = (in_words(manifest.outcome.as_ref()), in_words(outcome.as_ref()));
            self.findings.push(format!("outcome: the manifest says {said}, the recount {found}"));
        }
        let rated = rated(&manifest.definition, &votes, &lines);
        if manifest.rated != rated {
            let (said, found) = (&manifest.rated, &rated);
            self.findings.push(format!("rating: the manifest says {said:?}, the recount {found:?}"));
        }
        for part in manifest.parts.iter().filter(|part| !away.contains_key(&part.journal)) {
            if !self.is_proven(part) {
                let (bucket, journal) = (part.bucket, part.journal);
                let (said, found) = (part.count, self.witness.part(bucket, journal).count);
                let found = if found == said { "others".to_owned() } else { found.to_string() };
                self.findings.push(format!(
                    "bucket {bucket} of journal {journal}: the manifest has {said} counted ballots, the recount {found}"
                ));
            }
        }
        Found { findings: self.findings, notes, answers: self.answers }
    }

    /// Whether the counted ballots that were read are those that a part of the manifest names.
    fn is_proven(&self, part: &Part) -> bool {
        let counted = self.witness.part(part.bucket, part.journal);
        (part.count, &part.hash) == (counted.count, &counted.hash())
    }
}

/// Where the recount has other ballots by entry than a manifest, in words.
fn differ_by_entry(definition: &Definition, said: &[ByEntry], counted: &[ByEntry]) -> String {
    let name = |number: u8| match definition.entries.get(number) {
        Some(entry) => entry.to_string(),
        None if number == 0 => "no entry".to_owned(),
        None => format!("entry {number}, which the run does not have"),
    };
    let only = |these: &[ByEntry], others: &[ByEntry]| {
        let numbers = |votes: &[u64]| votes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let lines =
            these.iter().filter(|line| !others.contains(line)).map(|ByEntry { entry, counted, votes, late_votes }| {
                let late =
                    if late_votes.is_empty() { String::new() } else { format!("; late {}", numbers(late_votes)) };
                format!("{counted} by {} (votes {}{late})", name(*entry), numbers(votes))
            });
        lines.collect::<Vec<_>>().join("; ")
    };
    match (only(said, counted), only(counted, said)) {
        (sealed, found) if sealed.is_empty() && found.is_empty() => {
            "by entry: the manifest has the same lines in another order".to_owned()
        }
        (sealed, found) => {
            let or_nothing = |said: String| if said.is_empty() { "nothing more".to_owned() } else { said };
            format!("by entry: the manifest says {}, the recount {}", or_nothing(sealed), or_nothing(found))
        }
    }
}

/// An outcome, the first place first, with the exact points.
fn in_words(outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else { return "none".to_owned() };
    let place = |place: &outcome::Place| format!("{}. option {} with {}", place.rank, place.n, place.exact);
    outcome.places.iter().map(place).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
