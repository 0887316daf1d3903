//! The oracle sees what no part of the system sees: every ballot that was ever cast, every receipt that ever left the
//! node, and every record from the moment at which a power cut cannot take it any more. It blames whatever does not
//! agree; what can only be said at the end is in `audit.rs`.

use std::collections::{BTreeMap, BTreeSet};

use tallylight::{
    ballots::{
        ballot::{Ballot, Picks, Place, Verdict},
        bucket::Totals,
        committer::Marked,
        record,
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, VoterId},
    },
    wire::server::{Answer, Reason, Receipt},
};

use super::{clients, disk::Record, world::World};

/// What must hold whatever goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A receipt that is final is never followed by another one for the same ballot.
    ReceiptsAgree,
    /// What a receipt says is on disk before it leaves.
    ReceiptIsDurable,
    /// Every ballot that was called counted is in the journals exactly once, and in the tally.
    CountedOnce,
    /// No ballot that was refused, or held after the seal, is counted.
    RefusedNever,
    /// No voter spends more than the run gives.
    Budget,
    /// Published totals, the buckets, a fresh restore and the fold over the records are the same.
    TotalsAreTheFold,
    /// Published totals hold nothing that a power cut could take.
    PublishedIsDurable,
    /// Newer totals have a greater version, over restarts too.
    VersionsGrow,
    /// A ballot is counted or late as the final windows say.
    Timely,
    /// What is sealed does not change.
    SealStands,
    /// A place in a journal names one record, and numbers have no gaps.
    PlacesAreUnique,
    /// Nothing is in the journals that no client cast.
    NothingInvented,
    /// A restore finds nothing that does not add up.
    Replay,
    /// After the healing every ballot gets a final answer.
    Settles,
}

/// A ballot with its content: the same id with other picks is another one.
pub type Key = (RunId, VoterId, BallotId, Vec<u16>);

/// What was cast and answered.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub received: BTreeSet<Micros>,
    pub answer: Option<(Answer, Option<Reason>, Option<u64>)>,
    first_answers: u32,
}

/// A ballot's record that no power cut can take.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub picks: Picks,
    pub received: Micros,
    pub entry: u8,
    pub verdict: Option<Verdict>,
    pub place: Place,
    pub bucket: u16,
}

/// What decides which of the counted ballots of one voter is in force.
type Rank = (Option<u32>, Micros, Place);

/// Counted ballots by their rank.
type Changes = BTreeMap<Rank, (BallotId, Picks)>;

/// Everything the oracle knows.
#[derive(Debug)]
pub struct Oracle {
    pub(super) votes: u16,
    pub(super) books: BTreeMap<Key, Book>,
    pub(super) stored: BTreeMap<(RunId, VoterId, BallotId), Vec<Stored>>,
    pub(super) folds: BTreeMap<RunId, Totals>,
    pub(super) spent: BTreeMap<(RunId, VoterId), u16>,
    /// Of each voter of a changeable run what was counted, the one that is in force last.
    pub(super) changes: BTreeMap<(RunId, VoterId), Changes>,
    places: BTreeSet<(RunId, u16, Place)>,
    published: BTreeMap<RunId, Totals>,
    pub(super) seals: BTreeMap<RunId, Marked>,
    /// What was violated, with the first few cases in words.
    pub blamed: BTreeMap<Invariant, Vec<String>>,
}

impl Oracle {
    pub fn new(votes: u16) -> Self {
        Self {
            votes,
            books: BTreeMap::new(),
            stored: BTreeMap::new(),
            folds: BTreeMap::new(),
            spent: BTreeMap::new(),
            changes: BTreeMap::new(),
            places: BTreeSet::new(),
            published: BTreeMap::new(),
            seals: BTreeMap::new(),
            blamed: BTreeMap::new(),
        }
    }

    pub fn blame(&mut self, invariant: Invariant, case: String) {
        let cases = self.blamed.entry(invariant).or_default();
        if cases.len() < 5 {
            cases.push(case);
        }
    }

    pub fn run_begins(&mut self, run: RunId) {
        self.folds.insert(run, Totals::default());
    }

    /// A ballot goes into the intake.
    pub fn cast(&mut self, key: Key, received: Micros) {
        self.books.entry(key).or_default().received.insert(received);
    }

    /// Ballots that were cast.
    pub fn ballots(&self) -> u64 {
        self.books.len() as u64
    }

    /// A record is out of reach of any power cut.
    pub fn stored(&mut self, journal: JournalId, frame: &Record) {
        if frame.kind != record::BALLOT {
            return;
        }
        let (run, bucket) = (frame.run, frame.bucket);
        let place = Place { journal, seq: frame.seq };
        if !self.places.insert((run, bucket, place)) {
            self.blame(Invariant::PlacesAreUnique, format!("run {run}, bucket {bucket}: {place:?} is there twice"));
        } else if place.seq != 1 && !self.places.contains(&(run, bucket, Place { seq: place.seq - 1, ..place })) {
            self.blame(Invariant::PlacesAreUnique, format!("run {run}, bucket {bucket}: nothing before {place:?}"));
        }
        let record = record::decode(&frame.payload).expect("the committer writes what can be read");
        let (ballot, verdict) = (record.ballot, record.verdict);
        let fold = self.folds.entry(run).or_default();
        match verdict {
            Some(Verdict::Counted) if ballot.picks.change().is_some() => {
                let voter = self.changes.entry((run, ballot.voter)).or_default();
                fold.counted += 1;
                if let Some((_, (_, was))) = voter.last_key_value() {
                    fold.superseded += 1;
                    was.take_from(&mut fold.votes);
                }
                voter.insert((ballot.picks.change(), ballot.received, place), (ballot.id, ballot.picks.clone()));
                let (_, (_, is)) = voter.last_key_value().expect("one came in");
                add(&mut fold.votes, is);
            }
            Some(Verdict::Counted) => {
                fold.counted += 1;
                add(&mut fold.votes, &ballot.picks);
                *self.spent.entry((run, ballot.voter)).or_default() += ballot.picks.votes();
            }
            Some(Verdict::Late) => {
                fold.late += 1;
                add(&mut fold.late_votes, &ballot.picks);
            }
            _ => {}
        }
        let Ballot { voter, id, picks, received, entry } = ballot;
        let stored = Stored { picks, received, entry, verdict, place, bucket };
        self.stored.entry((run, voter, id)).or_default().push(stored);
    }

    /// A receipt leaves the node.
    pub fn receipt(&mut self, key: Key, receipt: &Receipt) {
        if !clients::is_final(receipt) {
            // A node that knows an answer gives it, even when it can take no ballot. What is not always remembered will be
            // found again.
            let found_again = [Some(Reason::IdReused), Some(Reason::Invalid), Some(Reason::Budget)];
            let known = self.books.get(&key).and_then(|book| book.answer);
            let remembered = known.is_some_and(|(_, reason, _)| !found_again.contains(&reason));
            if receipt.is != Answer::Unknown && remembered {
                self.blame(Invariant::ReceiptsAgree, format!("{key:?}: {known:?}, then {receipt:?}"));
            }
            return;
        }
        let said = (receipt.is, receipt.reason, receipt.at.filter(|_| receipt.is == Answer::Counted));
        let book = self.books.entry(key.clone()).or_default();
        book.first_answers += u32::from(receipt.is == Answer::Counted && !receipt.repeated);
        let (before, twice) = (book.answer.replace(said), book.first_answers > 1);
        if before.is_some_and(|before| before != said) || twice {
            self.blame(Invariant::ReceiptsAgree, format!("{key:?}: {before:?}, then {said:?}, {receipt:?}"));
        }
        self.receipt_is_durable(&key, receipt);
    }

    fn receipt_is_durable(&mut self, key: &Key, receipt: &Receipt) {
        let (run, voter, id, picks) = key;
        let verdict = match receipt.reason {
            None => Verdict::Counted,
            Some(Reason::Late) => Verdict::Late,
            Some(Reason::Budget) => Verdict::Budget,
            Some(Reason::IdReused) => Verdict::IdReused,
            Some(Reason::AfterSeal) => Verdict::AfterSeal,
            // Said from the ballot alone.
            Some(_) => return,
        };
        let stored = self.stored.get(&(*run, *voter, *id)).into_iter().flatten();
        let same = |stored: &&Stored| stored.verdict == Some(verdict) && stored.picks.words() == picks;
        let at = |stored: &Stored| verdict == Verdict::IdReused || Some(stored.received.as_ms()) == receipt.at;
        if !stored.filter(same).any(at) {
            self.blame(Invariant::ReceiptIsDurable, format!("{key:?}: {receipt:?} without a record"));
        }
        // That another ballot replaces this one is said of what is on disk.
        let replaced = self.changes.get(&(*run, *voter)).and_then(|changes| changes.values().next_back());
        if receipt.in_force == Some(false) && replaced.is_none_or(|(last, _)| last == id) {
            self.blame(Invariant::ReceiptIsDurable, format!("{key:?}: {receipt:?}, and nothing replaces it on disk"));
        }
        let spent = self.spent.get(&(*run, *voter)).copied().unwrap_or(0);
        if receipt.left.is_some_and(|left| left + spent < self.votes) {
            let case = format!("{key:?}: {:?} votes left, though only {spent} are spent on disk", receipt.left);
            self.blame(Invariant::ReceiptIsDurable, case);
        }
    }

    /// Totals that anybody may see now. `exact`: nothing is on its way, so they are all that is on disk.
    pub fn published(&mut self, run: RunId, totals: &Totals, exact: bool) {
        let fold = self.folds.get(&run).cloned().unwrap_or_default();
        let within = |some: &[u64], all: &[u64]| {
            some.iter().enumerate().all(|(option, votes)| *votes <= all.get(option).copied().unwrap_or(0))
        };
        let durable = totals.counted <= fold.counted
            && totals.late <= fold.late
            // What is changed takes votes away again.
            && (fold.superseded > 0 || within(&totals.votes, &fold.votes))
            && within(&totals.late_votes, &fold.late_votes);
        if !durable {
            self.blame(Invariant::PublishedIsDurable, format!("run {run}: {totals:?}, on disk {fold:?}"));
        } else if exact && (!same_counts(totals, &fold) || totals.late != fold.late) {
            self.blame(Invariant::TotalsAreTheFold, format!("run {run}: {totals:?}, on disk {fold:?}"));
        }
        if let Some(last) = self.published.insert(run, totals.clone()) {
            let grows = last.version < totals.version || last == *totals;
            if !grows {
                self.blame(Invariant::VersionsGrow, format!("run {run}: {last:?}, then {totals:?}"));
            }
        }
        if let Some(seal) = self.seals.get(&run).filter(|seal| !same_counts(&seal.totals, totals)) {
            let case = format!("run {run}: sealed {:?}, later {totals:?}", seal.totals);
            self.blame(Invariant::SealStands, case);
        }
    }

    /// A run is sealed.
    pub fn sealed(&mut self, run: RunId, marked: Marked) {
        let fold = self.folds.get(&run).cloned().unwrap_or_default();
        if !same_counts(&fold, &marked.totals) {
            self.blame(Invariant::SealStands, format!("run {run}: sealed {:?}, on disk {fold:?}", marked.totals));
        }
        self.seals.insert(run, marked);
    }
}

impl World {
    /// The oracle learns of records that became durable.
    pub fn learn(&mut self, fresh: &[(JournalId, Record)]) {
        for (journal, record) in fresh {
            self.oracle.stored(*journal, record);
        }
    }
}

/// Whether the counted part of two totals is the same.
pub(super) fn same_counts(one: &Totals, other: &Totals) -> bool {
    let no_zeros = |totals: &Totals| {
        let some = totals.votes.iter().rposition(|votes| *votes > 0).map_or(0, |last| last + 1);
        totals.votes[..some].to_vec()
    };
    (one.counted, one.superseded) == (other.counted, other.superseded) && no_zeros(one) == no_zeros(other)
}

/// Adds up counted ballots: of those of one voter that may be changed, the greatest.
pub fn fold<'a>(totals: &mut Totals, counted: impl Iterator<Item = (VoterId, &'a Picks, Micros, Place)>) {
    let mut last: BTreeMap<VoterId, BTreeMap<Rank, &Picks>> = BTreeMap::new();
    for (voter, picks, received, place) in counted {
        totals.counted += 1;
        match picks.change() {
            None => picks.add_to(&mut totals.votes),
            change => _ = last.entry(voter).or_default().insert((change, received, place), picks),
        }
    }
    for changes in last.into_values() {
        totals.superseded += changes.len() as u64 - 1;
        changes.values().next_back().into_iter().for_each(|picks| picks.add_to(&mut totals.votes));
    }
}

fn add(into: &mut Vec<u64>, picks: &Picks) {
    let most = picks.as_slice().iter().copied().max().unwrap_or(0);
    into.resize(into.len().max(usize::from(most)), 0);
    picks.add_to(into);
}
