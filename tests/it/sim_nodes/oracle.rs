//! The oracle sees what no part of the system sees: every ballot that was ever cast, every receipt that ever left a node,
//! every record from the moment at which a power cut cannot take it any more, and every call of the ledger. It blames
//! whatever does not agree; what can only be said at the end is in `audit.rs`.

use std::collections::{BTreeMap, BTreeSet};

use tallylight::{
    ballots::{
        ballot::{Decided, Picks, Place, Verdict},
        bucket::{Kept, Pools, Totals},
        ledger::{Answer as LedgerAnswer, Call, Contents},
        record,
        seal::Seal,
        witness::{Copy, Witness},
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, VoterId},
    },
    shows::run::Definition,
    wire::server::{Answer, Reason, Receipt},
};

use super::world::World;
use crate::sim::{clients::is_final, disk::Record, oracle::fold as add_up};

/// What must hold whatever goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A receipt that is final is never followed by another one for the same ballot, whichever node says it.
    ReceiptsAgree,
    /// A ballot is on the disk of its node before the ledger gets it.
    FsyncedBeforeLedger,
    /// What is called counted is on the disk of the node that says so, and the ledger has counted it.
    CountedIsKept,
    /// A refusal of the ledger is on the disk of the node before anybody is told.
    RefusalIsDurable,
    /// A node whose board is old refuses nothing by window and sends nothing undecided.
    HeldWhileBlind,
    /// Every ballot that was called counted is in the recount over all journals, exactly once.
    CountedOnce,
    /// No ballot that was refused, or held after the seal, is counted.
    RefusedNever,
    /// No voter spends more than the run gives, in the journals or in the ledger.
    Budget,
    /// The ledger's totals are the fold of its ballots.
    LedgerAddsUp,
    /// The ledger has what a recount over all journals finds.
    RecountAgrees,
    /// Published totals only go forward by (epoch, version).
    VersionsGrow,
    /// A ballot is counted or late as the final windows say.
    Timely,
    /// What is sealed does not change, and is the recount up to its watermarks.
    SealStands,
    /// A place in a journal names one record, and numbers have no gaps.
    PlacesAreUnique,
    /// The ledger has no number of a journal that the journal does not have.
    WatermarksAreJournalled,
    /// Nothing is in the journals that no client cast.
    NothingInvented,
    /// A restore finds nothing that does not add up.
    Replay,
    /// Ten seconds after the healing no ballot is held.
    HeldIsDecided,
    /// After the healing every ballot gets a final answer, and everybody comes to rest.
    Settles,
}

/// The worst of the faults that come together.
pub const LOST_TWICE: &str = "a verdict that a node and the ledger lost together";

/// The only one of them that may spoil a seal.
pub const A_SPLIT: &str = "a split ledger";

/// A ballot with its content: the same id with other picks is another one.
pub type Key = (RunId, VoterId, BallotId, Vec<u16>);

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Says {
    pub node: usize,
    pub life: u32,
}

/// What was cast and answered.
#[derive(Debug, Default)]
pub struct Book {
    pub received: BTreeSet<(usize, Micros)>,
    pub answer: Option<(Answer, Option<Reason>, Option<u64>)>,
    /// Who called it counted.
    pub counted_by: BTreeSet<Says>,
}

impl Book {
    /// Several nodes have a copy.
    pub fn is_spread(&self) -> bool {
        self.received.iter().map(|(node, _)| node).collect::<BTreeSet<_>>().len() > 1
    }
}

/// A ballot's record that no power cut can take, with what such records say of it.
#[derive(Debug, Clone)]
pub struct Stored {
    pub node: usize,
    pub voter: VoterId,
    pub id: BallotId,
    pub picks: Picks,
    pub received: Micros,
    pub entry: u8,
    pub decided: Option<Decided>,
    /// All verdicts that ever stood over it.
    said: Vec<Verdict>,
}

/// What a seal says.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub totals: Totals,
    pub seal: Seal,
}

/// Everything the oracle knows.
#[derive(Debug)]
pub struct Oracle {
    pub votes: u16,
    pub books: BTreeMap<Key, Book>,
    pub stored: BTreeMap<(RunId, u16, Place), Stored>,
    pub copies: BTreeMap<(RunId, VoterId, BallotId), Vec<(u16, Place)>>,
    numbers: BTreeMap<(RunId, u16, JournalId), u64>,
    applied: BTreeSet<Key>,
    told: BTreeSet<RunId>,
    published: BTreeMap<(usize, u32, RunId), Totals>,
    pub seals: BTreeMap<RunId, Sealed>,
    /// Runs in which faults came together, and which.
    pub damaged: BTreeMap<RunId, BTreeSet<&'static str>>,
    /// Answers that those changed.
    pub changed: u64,
    /// What was violated, with the first few cases in words.
    pub blamed: BTreeMap<Invariant, Vec<String>>,
}

impl Oracle {
    pub fn new(votes: u16) -> Self {
        Self {
            votes,
            books: BTreeMap::new(),
            stored: BTreeMap::new(),
            copies: BTreeMap::new(),
            numbers: BTreeMap::new(),
            applied: BTreeSet::new(),
            told: BTreeSet::new(),
            published: BTreeMap::new(),
            seals: BTreeMap::new(),
            damaged: BTreeMap::new(),
            changed: 0,
            blamed: BTreeMap::new(),
        }
    }

    pub fn blame(&mut self, invariant: Invariant, case: String) {
        let cases = self.blamed.entry(invariant).or_default();
        if cases.len() < 5 {
            cases.push(case);
        }
    }

    /// A ballot goes into an intake.
    pub fn cast(&mut self, key: Key, node: usize, received: Micros) {
        self.books.entry(key).or_default().received.insert((node, received));
    }

    /// Somebody was told something final about this run.
    pub fn has_told(&self, run: RunId) -> bool {
        self.told.contains(&run)
    }

    /// Somebody was told that a ballot counted, and nobody knows any more.
    pub fn lost_twice(&self, run: RunId) -> bool {
        self.damaged.get(&run).is_some_and(|why| why.contains(LOST_TWICE))
    }

    /// The last number that a journal has on its disk.
    pub fn numbers(&self, run: RunId, bucket: u16, journal: JournalId) -> u64 {
        self.numbers.get(&(run, bucket, journal)).copied().unwrap_or(0)
    }

    /// Records are out of reach of any power cut.
    pub fn learn(&mut self, node: usize, fresh: &[(JournalId, Record)]) {
        for (journal, frame) in fresh {
            match frame.kind {
                record::BALLOT => self.learn_ballot(node, *journal, frame),
                record::VERDICT => {
                    let (place, decided) = record::decode_verdict(&frame.payload).expect("written by the committer");
                    match self.stored.get_mut(&(frame.run, frame.bucket, place)) {
                        Some(stored) => {
                            stored.decided = Some(decided);
                            stored.said.push(decided.verdict);
                        }
                        None => self.blame(
                            Invariant::FsyncedBeforeLedger,
                            format!("run {}: a verdict over {place:?}, which is not there", frame.run),
                        ),
                    }
                }
                _ => {}
            }
        }
    }

    fn learn_ballot(&mut self, node: usize, journal: JournalId, frame: &Record) {
        let (run, bucket, place) = (frame.run, frame.bucket, Place { journal, seq: frame.seq });
        let last = self.numbers.entry((run, bucket, journal)).or_insert(0);
        let follows = *last + 1 == place.seq;
        *last = place.seq;
        if !follows {
            self.blame(Invariant::PlacesAreUnique, format!("run {run}, bucket {bucket}: {place:?} is not the next"));
        }
        let ballot = record::decode(&frame.payload).expect("the committer writes what can be read").ballot;
        let (voter, id, picks, received) = (ballot.voter, ballot.id, ballot.picks, ballot.received);
        let key = (run, voter, id, picks.words().to_vec());
        if !self.books.get(&key).is_some_and(|book| book.received.contains(&(node, received))) {
            self.blame(Invariant::NothingInvented, format!("{key:?} at {received:?}"));
        }
        self.copies.entry((run, voter, id)).or_default().push((bucket, place));
        let stored = Stored { node, voter, id, picks, received, entry: ballot.entry, decided: None, said: Vec::new() };
        self.stored.insert((run, bucket, place), stored);
    }

    /// The copies of a ballot that are on disk.
    pub fn copies_of(&self, (run, voter, id, picks): &Key) -> impl Iterator<Item = (Place, &Stored)> {
        let places = self.copies.get(&(*run, *voter, *id)).into_iter().flatten();
        let stored = places.map(|(bucket, place)| (*place, &self.stored[&(*run, *bucket, *place)]));
        stored.filter(move |(_, stored)| stored.picks.words() == picks)
    }

    /// A receipt leaves a node.
    pub fn receipt(&mut self, says: Says, key: Key, receipt: &Receipt) {
        if !is_final(receipt) {
            return;
        }
        self.told.insert(key.0);
        let said = (receipt.is, receipt.reason, receipt.at.filter(|_| receipt.is == Answer::Counted));
        let (damaged, lost_twice) = (self.damaged.contains_key(&key.0), self.lost_twice(key.0));
        let book = self.books.entry(key.clone()).or_default();
        if receipt.is == Answer::Counted {
            book.counted_by.insert(says);
        }
        let before = book.answer.replace(said);
        let is_spread = book.is_spread();
        if let Some(before) = before.filter(|before| *before != said) {
            if damaged && (lost_twice || may_change(before, said, is_spread)) {
                self.changed += 1;
            } else {
                let case = format!("{key:?}: {before:?}, then node {} says {receipt:?}", says.node);
                self.blame(Invariant::ReceiptsAgree, case);
            }
        }
        self.receipt_is_durable(says.node, &key, receipt);
    }

    fn receipt_is_durable(&mut self, node: usize, key: &Key, receipt: &Receipt) {
        let verdict = match receipt.reason {
            None => {
                let is_here = self.copies_of(key).any(|(_, stored)| stored.node == node);
                if !is_here || !self.applied.contains(key) {
                    let case = format!("node {node}: {receipt:?}, on its disk: {is_here}");
                    self.blame(Invariant::CountedIsKept, case);
                }
                return;
            }
            Some(Reason::Late) => Verdict::Late,
            Some(Reason::Budget) => Verdict::Budget,
            Some(Reason::IdReused) => Verdict::IdReused,
            Some(Reason::AfterSeal) => Verdict::AfterSeal,
            Some(Reason::Displaced) => Verdict::Displaced,
            // Said from the ballot alone.
            Some(_) => return,
        };
        let here = |stored: &Stored| stored.node == node && stored.said.contains(&verdict);
        if !self.copies_of(key).any(|(_, stored)| here(stored)) {
            self.blame(Invariant::RefusalIsDurable, format!("node {node}: {receipt:?} without a record"));
        }
    }

    /// Totals that a life of a node shows.
    pub fn published(&mut self, (node, life): (usize, u32), run: RunId, totals: &Totals) {
        if let Some(last) = self.published.insert((node, life, run), totals.clone())
            && last != *totals
            && !last.is_older_than(totals)
        {
            self.blame(Invariant::VersionsGrow, format!("node {node}, run {run}: {last:?}, then {totals:?}"));
        }
    }

    /// The ledger's totals of a bucket are those of its ballots, and within everybody's budget.
    pub fn adds_up(&mut self, definition: &Definition, bucket: u16, contents: &Contents) {
        let run = definition.run;
        let mut fold = Totals { votes: vec![0; contents.totals.votes.len()], ..Totals::default() };
        let mut spent: BTreeMap<VoterId, u16> = BTreeMap::new();
        let of = |verdict| contents.ballots.iter().filter(move |(_, kept)| kept.verdict == verdict);
        fold.late = of(Verdict::Late).count() as u64;
        let counted = of(Verdict::Counted);
        add_up(&mut fold, counted.map(|(voter, kept)| (*voter, &kept.picks, kept.received, kept.place)));
        for (voter, kept) in of(Verdict::Counted).filter(|(_, kept)| kept.picks.change().is_none()) {
            *spent.entry(*voter).or_default() += kept.picks.votes();
        }
        let told = |totals: &Totals| (totals.counted, totals.superseded, totals.votes.clone(), totals.late);
        let mut witness = Witness::default();
        for (voter, Kept { id, picks, received, entry, place, .. }) in of(Verdict::Counted) {
            let (received, entry, place) = (*received, *entry, *place);
            witness.add(Copy { run, bucket, voter: *voter, id: *id, picks, received, entry, place });
        }
        fold.by_pool = Pools::of(definition).of_witness(&witness);
        let told = |totals: &Totals| (told(totals), totals.by_pool.clone());
        if told(&fold) != told(&contents.totals) {
            let case = format!("run {run}, bucket {bucket}: {:?}, its ballots {fold:?}", contents.totals);
            self.blame(Invariant::LedgerAddsUp, case);
        }
        if let Some((voter, spent)) = spent.iter().find(|(_, spent)| **spent > self.votes) {
            self.blame(Invariant::Budget, format!("run {run}: the ledger has {spent} votes of {voter}"));
        }
    }
}

type Said = (Answer, Option<Reason>, Option<u64>);

/// What faults that come together may change: a counted copy may be another node's, be displaced, or come too late for
/// the seal; one node's refusal may stand against what another node was told over its copy.
fn may_change(before: Said, said: Said, is_spread: bool) -> bool {
    let loses = [None, Some(Reason::Displaced), Some(Reason::AfterSeal)];
    is_spread || (before.0 == Answer::Counted && loses.contains(&said.1))
}

impl World {
    /// Faults came together in this run.
    pub fn damage(&mut self, run: RunId, why: &'static str) {
        if self.oracle.damaged.entry(run).or_default().insert(why) {
            self.count(why);
        }
    }

    /// A call is at the ledger: what it brings is on disk.
    pub fn before_call(&mut self, node: usize, call: &Call) {
        let Some(batch) = &call.batch else { return };
        let run = call.definition.run;
        for (seq, (ballot, said)) in (batch.first_seq..).zip(&batch.ballots) {
            let place = Place { journal: batch.journal, seq };
            let passed_over = said.is_some_and(|said| said.verdict == Verdict::Unreadable);
            let stored = self.oracle.stored.get(&(run, call.bucket, place));
            if !passed_over && stored.is_none_or(|stored| (stored.voter, stored.id) != (ballot.voter, ballot.id)) {
                let case = format!("node {node} sent {place:?}: {ballot:?}, on disk {stored:?}");
                self.oracle.blame(Invariant::FsyncedBeforeLedger, case);
            }
        }
    }

    /// The ledger has done what a call says.
    pub fn after_call(&mut self, call: &Call, answer: &LedgerAnswer) {
        let LedgerAnswer::Done(standing) = answer else { return };
        let run = call.definition.run;
        let ballots = call.batch.iter().flat_map(|batch| &batch.ballots);
        for ((ballot, _), decision) in ballots.zip(&standing.decisions) {
            if decision.verdict == Verdict::Counted {
                self.oracle.applied.insert((run, ballot.voter, ballot.id, ballot.picks.words().to_vec()));
            }
        }
        for (journal, watermark) in &standing.watermarks {
            if self.oracle.numbers(run, call.bucket, *journal) < *watermark {
                let case = format!("run {run}, bucket {}: {journal} up to {watermark}", call.bucket);
                self.oracle.blame(Invariant::WatermarksAreJournalled, case);
            }
        }
    }

    /// A ballot that was called counted is lost to everybody if neither a disk, nor the ledger, nor a node that runs knows
    /// that it was: two faults within the milliseconds before its verdict was on disk.
    pub fn look_for_double_losses(&mut self) {
        let mut lost = BTreeSet::new();
        let counted = |said: &Decided| said.verdict == Verdict::Counted;
        for (key, book) in self.oracle.books.iter().filter(|(_, book)| !book.counted_by.is_empty()) {
            let mut copies = self.oracle.copies_of(key);
            if copies.any(|(_, stored)| stored.decided.as_ref().is_some_and(counted))
                || book.counted_by.iter().any(|says| self.lives(says.node, says.life))
            {
                continue;
            }
            let (run, voter, id, _) = key;
            let mut buckets = (0..self.plan.buckets).filter_map(|bucket| self.server.contents(*run, bucket));
            let mut kept = buckets.by_ref().flat_map(|contents| contents.ballots);
            if !kept.any(|(whose, kept)| whose == *voter && kept.id == *id && kept.verdict == Verdict::Counted) {
                lost.insert(*run);
            }
        }
        for run in lost {
            self.damage(run, LOST_TWICE);
        }
    }
}
