//! What a directory and a ledger say to each other, step by step. The ledger here is a bucket with an epoch; the whole
//! one, with every failure, is in the simulation.

use proptest::prelude::*;

use super::*;
use crate::{
    ballots::{
        bucket::{Batch, Bucket, Pools, Rules, Totals},
        ledger::Standing,
    },
    shows::windows::{Span, Windows},
};

const JOURNAL: JournalId = JournalId(7);

fn ballot(number: u128) -> Ballot {
    Ballot { voter: VoterId(number), id: BallotId(number), picks: Picks::One(1), received: Micros(5), entry: 3 }
}

fn place(seq: u64) -> Place {
    Place { journal: JOURNAL, seq }
}

fn counted(seq: u64) -> Decided {
    Decided { verdict: Verdict::Counted, place: place(seq), received: Micros(5), entry: 3 }
}

fn directory(ballots: std::ops::RangeInclusive<u64>) -> Reconcile {
    let mut reconcile = Reconcile::default();
    ballots.for_each(|seq| reconcile.append(place(seq), ballot(u128::from(seq)), None));
    reconcile
}

/// A ledger that forgets nothing by itself.
struct Ledger {
    bucket: Bucket,
    epoch: u64,
    rebuilding: bool,
}

impl Ledger {
    fn new() -> Self {
        let mut bucket =
            Bucket::new(Rules { options: 2, votes: 1, per_option: 1, changeable: false }, Pools::default());
        let spans = vec![Span { opens: Micros(0), closes: None }];
        bucket.set_windows(&Windows { revision: 1, spans, ..Windows::default() });
        Self { bucket, epoch: 1, rebuilding: false }
    }

    /// The answer, or `None` for a gap.
    fn call(&mut self, batch: Option<&OwnedBatch>) -> Option<Standing> {
        let mut decisions = Vec::new();
        if let Some(OwnedBatch { journal, first_seq, ballots }) = batch {
            let taken = ballots.iter().take_while(|(_, decided)| decided.is_some() || !self.rebuilding).count();
            let batch = Batch { journal: *journal, first_seq: *first_seq, ballots: &ballots[..taken] };
            decisions = self.bucket.apply(&batch).ok()?;
        }
        Some(Standing {
            totals: Totals { epoch: self.epoch, ..self.bucket.totals().clone() },
            rebuilding: self.rebuilding,
            marked: 0,
            watermarks: self.bucket.watermarks().to_vec(),
            decisions,
            changed: self.bucket.changed().to_vec(),
            time: Micros(0),
        })
    }

    /// Goes on until nothing is left to send; gives what was learned.
    fn settle(&mut self, directory: &mut Reconcile) -> Vec<News> {
        let mut news = Vec::new();
        for _ in 0..100 {
            let next = directory.next(false);
            match self.call(next.batch.as_ref()) {
                Some(standing) => news.extend(directory.answered(next.batch.as_ref(), &standing)),
                None => directory.gap(JOURNAL, self.epoch, self.bucket.watermark(JOURNAL)),
            }
            if !directory.is_behind(false) {
                break;
            }
        }
        news
    }
}

#[test]
fn a_start_asks_first_and_sends_only_what_is_missing() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=3));
    assert_eq!(directory.next(false).batch, None, "how far the ledger is, is not known");
    let news = ledger.settle(&mut directory);
    assert_eq!(news.iter().map(|one| one.decision.verdict).collect::<Vec<_>>(), [Verdict::Counted; 3]);
    assert_eq!((directory.held(), directory.is_behind(false)), (0, false));
    directory.append(place(4), ballot(4), None);
    let batch = directory.next(false).batch.unwrap();
    assert_eq!((batch.first_seq, batch.ballots.len()), (4, 1));
}

#[test]
fn an_answer_that_was_lost_is_asked_for_again_and_nothing_counts_twice() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=3));
    directory.answered(None, &ledger.call(None).unwrap());
    ledger.call(directory.next(false).batch.as_ref()).unwrap();
    let news = ledger.settle(&mut directory);
    assert_eq!(news.len(), 3);
    assert!(news.iter().all(|one| one.decision.repeated && one.decision.place == one.place));
    assert_eq!(ledger.bucket.totals().counted, 3);
}

#[test]
fn a_ledger_that_lost_its_tail_gets_it_again_with_the_verdicts() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=5));
    ledger.settle(&mut directory);
    ledger = Ledger { epoch: 2, rebuilding: true, ..Ledger::new() };
    directory.append(place(6), ballot(6), None);
    // What it said last does not hold any more: it says so itself, by a gap or with the first answer.
    let next = directory.next(false);
    assert_eq!(ledger.call(next.batch.as_ref()), None);
    directory.gap(JOURNAL, 2, 0);
    let again = directory.next(false);
    assert_eq!(again.batch.as_ref().map(|batch| (batch.first_seq, batch.ballots.len())), Some((1, 5)));
    assert!(!again.retold);
    directory.answered(again.batch.as_ref(), &ledger.call(again.batch.as_ref()).unwrap());
    let told = directory.next(false);
    assert_eq!((told.batch, told.retold, told.epoch), (None, true, 2), "undecided ballots wait for the barrier");
    ledger.rebuilding = false;
    assert_eq!(ledger.settle(&mut directory).len(), 1);
    assert_eq!(ledger.bucket.totals().counted, 6);
}

#[test]
fn an_undecided_ballot_before_decided_ones_is_passed_over_and_comes_by_its_id() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=3));
    directory.decide(place(3), counted(3));
    directory.answered(None, &ledger.call(None).unwrap());
    let batch = directory.next(true).batch.unwrap();
    let said: Vec<_> = batch.ballots.iter().map(|(_, decided)| decided.unwrap().verdict).collect();
    assert_eq!(said, [Verdict::Unreadable, Verdict::Unreadable, Verdict::Counted]);
    assert!(directory.answered(Some(&batch), &ledger.call(Some(&batch)).unwrap()).is_empty());
    assert_eq!(directory.next(true).batch, None, "nothing undecided is sent while the board is old");
    assert_eq!(directory.held(), 2);
    assert_eq!(ledger.settle(&mut directory).len(), 2);
    assert_eq!((ledger.bucket.totals().counted, directory.held()), (3, 0));
}

/// Another directory's ballot of voter 1, with the verdict that was told there.
fn theirs(ballot: Ballot, verdict: Verdict) -> [(Ballot, Option<Decided>); 1] {
    let place = Place { journal: JournalId(8), seq: 1 };
    let decided = Decided { verdict, place, received: ballot.received, entry: ballot.entry };
    [(ballot, Some(decided))]
}

#[test]
fn a_displaced_copy_is_told_once_to_everybody_who_named_it() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=1));
    directory.append(place(2), ballot(1), None);
    ledger.settle(&mut directory);
    let earlier = theirs(Ballot { id: BallotId(9), received: Micros(4), ..ballot(1) }, Verdict::Counted);
    ledger.bucket.apply(&Batch { journal: JournalId(8), first_seq: 1, ballots: &earlier }).unwrap();
    let news = ledger.settle(&mut directory);
    let said: Vec<_> = news.iter().map(|one| (one.place.seq, one.decision.verdict, one.before)).collect();
    let before = Some(Verdict::Counted);
    assert_eq!(said, [(1, Verdict::Displaced, before), (2, Verdict::Displaced, before)]);
    assert!(ledger.settle(&mut directory).is_empty() && !directory.is_behind(false));
}

#[test]
fn a_change_is_asked_for_until_its_answer_has_come() {
    let (mut ledger, mut before) = (Ledger::new(), directory(1..=1));
    before.decide(place(1), counted(1));
    let late = theirs(ballot(1), Verdict::Late);
    ledger.bucket.apply(&Batch { journal: JournalId(8), first_seq: 1, ballots: &late }).unwrap();
    // The answer is lost with the process, and the next one begins with what is on disk.
    before.answered(None, &ledger.call(None).unwrap());
    ledger.call(before.next(false).batch.as_ref()).unwrap();
    let mut after = directory(1..=1);
    after.decide(place(1), counted(1));
    let news = ledger.settle(&mut after);
    let said: Vec<_> = news.iter().map(|one| (one.place.seq, one.decision.verdict, one.before)).collect();
    assert_eq!(said, [(1, Verdict::Late, Some(Verdict::Counted))]);
    assert!(!after.is_behind(false));
}

#[test]
fn another_copy_of_a_counted_ballot_that_the_ledger_names_is_news() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=1));
    directory.decide(place(1), counted(1));
    let other = Place { journal: JournalId(8), seq: 3 };
    let (verdict, received) = (Verdict::Counted, Micros(6));
    let theirs = [(ballot(1), Some(Decided { verdict, place: other, received, entry: 9 }))];
    ledger.bucket.apply(&Batch { journal: JournalId(8), first_seq: 1, ballots: &theirs }).unwrap();
    let news = ledger.settle(&mut directory);
    let said: Vec<_> = news.iter().map(|one| (one.decision.place, one.decision.received, one.before)).collect();
    assert_eq!(said, [(other, Micros(6), Some(Verdict::Counted))], "else two journals have it as their own");
    assert_eq!(news[0].decision.entry, 9);
    assert!(ledger.settle(&mut directory).is_empty());
}

#[test]
fn a_gap_of_one_journal_says_nothing_of_the_others() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=2));
    ledger.settle(&mut directory);
    let other = Place { journal: JournalId(8), seq: 1 };
    directory.append(other, ballot(3), None);
    ledger.settle(&mut directory);
    // Another history has nothing of the first journal either, and nobody has said so yet.
    directory.gap(JournalId(8), 2, 1);
    assert!(!directory.next(true).retold);
    ledger = Ledger { epoch: 2, rebuilding: true, ..Ledger::new() };
    directory.answered(None, &ledger.call(None).unwrap());
    assert_eq!(directory.next(true).batch.map(|batch| (batch.journal, batch.ballots.len())), Some((JOURNAL, 2)));
}

#[test]
fn an_answer_of_an_older_history_does_not_say_how_far_the_ledger_is() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=2));
    ledger.settle(&mut directory);
    let late = ledger.call(None).unwrap();
    ledger = Ledger { epoch: 2, rebuilding: true, ..Ledger::new() };
    directory.answered(None, &ledger.call(None).unwrap());
    directory.answered(None, &late);
    let next = directory.next(false);
    assert_eq!((next.retold, next.batch.map(|batch| batch.ballots.len())), (false, Some(2)));
    assert!(directory.is_rebuilding());
}

#[test]
fn a_record_that_cannot_be_read_is_passed_over() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=1));
    directory.append(place(4), ballot(4), None);
    assert_eq!(ledger.settle(&mut directory).len(), 2);
    assert_eq!((ledger.bucket.totals().counted, ledger.bucket.watermark(JOURNAL)), (2, 4));
}

#[test]
fn an_answer_of_an_older_history_says_nothing_of_how_the_ledger_stands() {
    let (mut ledger, mut directory) = (Ledger::new(), directory(1..=2));
    directory.answered(None, &ledger.call(None).unwrap());
    let batch = directory.next(false).batch;
    let slow = ledger.call(batch.as_ref()).unwrap();
    ledger = Ledger { epoch: 2, rebuilding: true, ..Ledger::new() };
    directory.answered(None, &ledger.call(None).unwrap());
    assert!(directory.answered(batch.as_ref(), &slow).is_empty(), "what it decided is lost, and was told to nobody");
    let next = directory.next(false);
    assert_eq!((next.epoch, next.batch, directory.held()), (2, None, 2), "undecided ballots wait for the barrier");
}

proptest! {
    /// Whatever is lost and forgotten, in any order: in the end the ledger has every ballot once, and what was told as
    /// counted is counted.
    #[test]
    fn it_ends_with_everything_at_the_ledger(steps in prop::collection::vec(0..6_u8, 1..60)) {
        let (mut ledger, mut directory) = (Ledger::new(), directory(1..=1));
        let (mut seq, mut told) = (1_u64, 0_u64);
        for step in steps {
            match step {
                0..=1 => {
                    seq += 1;
                    directory.append(place(seq), ballot(u128::from(seq)), None);
                }
                2 => ledger = Ledger { epoch: ledger.epoch + 1, rebuilding: true, ..Ledger::new() },
                3 => {
                    // The answer is lost.
                    let next = directory.next(false);
                    ledger.call(next.batch.as_ref());
                }
                _ => {
                    let next = directory.next(false);
                    match ledger.call(next.batch.as_ref()) {
                        Some(standing) => told += directory.answered(next.batch.as_ref(), &standing).len() as u64,
                        None => directory.gap(JOURNAL, ledger.epoch, ledger.bucket.watermark(JOURNAL)),
                    }
                    ledger.rebuilding &= !(next.retold && next.epoch == ledger.epoch);
                }
            }
        }
        ledger.rebuilding = false;
        told += ledger.settle(&mut directory).len() as u64;
        told += ledger.settle(&mut directory).len() as u64;
        prop_assert_eq!((ledger.bucket.totals().counted, told, directory.held()), (seq, seq, 0));
    }
}
