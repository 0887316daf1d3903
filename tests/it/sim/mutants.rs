//! Mutants: nodes with one rule broken, each by a substitute inside the simulation. The oracle has to catch every one,
//! or it would not catch the mistake in the real code either. The mutants that need Redis are not here.

use tallylight::{
    ballots::{
        bucket::{Batch, Bucket, Pools, Rules},
        committer::Marked,
        intake::Intake,
        manifest::LedgerKind,
        record::{self, BallotRecord},
        run_intake::RunIntake,
    },
    base::ids::{BallotId, JournalId, RunId},
    shows::board::Board,
};

use super::{disk::Record, oracle::Invariant, seeds, world};

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A start reads no journal.
    NoReplay,
    /// The disk says yes before it has the group.
    ReceiptBeforeFsync,
    /// Each start writes on in a journal of the first one's id.
    JournalIdReused,
    /// A restore throws verdicts away and decides by the windows it has: none yet.
    VerdictLost,
    /// The same with the windows of the show at hand.
    VerdictDecidedAnew,
    /// Restored ballots stand under ids that nobody asks for.
    NoLookUp,
    /// The node keeps the first windows it saw of a run.
    WindowsKept,
    /// The node judges everybody by the whole window of the run.
    SegmentsForgotten,
    /// A seal sums the buckets and does not mark them.
    SealWithoutMark,
    /// A start marks no bucket of a run that was sealed before.
    MarkForgotten,
    /// A start believes what it reads in the page cache and does not make it durable.
    PageCacheTrusted,
}

impl Mutant {
    /// A record as this mutant's restore reads it.
    pub fn change(self, stored: &Record) -> Record {
        let mut changed = stored.clone();
        let Some(mut ballot) = record::decode(&stored.payload).filter(|_| stored.kind == record::BALLOT) else {
            return changed;
        };
        match self {
            Self::VerdictLost => ballot.verdict = None,
            Self::NoLookUp => ballot.ballot.id = BallotId(!ballot.ballot.id.0),
            _ => return changed,
        }
        record::encode(&ballot, &mut changed.payload);
        changed
    }
}

/// A restore that decides anew.
pub fn decide_anew(board: &Board, records: &[(JournalId, Record)], intake: &Intake) {
    for run in board.runs() {
        let empty = Bucket::new(Rules::of(&run.definition), Pools::of(&run.definition));
        let mut buckets = vec![empty; usize::from(run.definition.buckets)];
        buckets.iter_mut().for_each(|bucket| bucket.set_windows(&run.windows));
        let of_run = |record: &Record| record.run == run.definition.run && record.kind == record::BALLOT;
        for (journal, stored) in records.iter().filter(|(_, stored)| of_run(stored)) {
            let Some(BallotRecord { ballot, .. }) = record::decode(&stored.payload) else { continue };
            let ballots = [(ballot, None)];
            let batch = Batch { journal: *journal, first_seq: stored.seq, ballots: &ballots };
            buckets[usize::from(stored.bucket)].apply(&batch).expect("in order");
        }
        intake.adopt(RunIntake::new(run.definition.clone(), Some(buckets)));
    }
}

/// A seal that sums the buckets as they are and marks none.
pub fn sum_only(intake: &Intake, run: RunId) -> Option<Marked> {
    let run = intake.run(run)?;
    let mut watermarks = Vec::new();
    run.each_bucket(|number, bucket| {
        watermarks.extend(bucket.watermarks().iter().map(|(journal, seq)| (number, *journal, *seq)));
    });
    let (ledger, changed) = (LedgerKind::Embedded, Vec::new());
    Some(Marked { totals: run.totals(), watermarks, beyond: Vec::new(), apart: Vec::new(), lost: 0, ledger, changed })
}

/// Runs the short form's seeds until each of these invariants has caught the mutant.
fn caught_by(mutant: Mutant, invariants: &[Invariant]) {
    seeds::catch(mutant, super::SHORT_SEEDS, invariants, |seed| world::run(seed, Some(mutant)));
}

#[test]
fn a_start_without_replay_is_caught() {
    caught_by(Mutant::NoReplay, &[Invariant::CountedOnce, Invariant::ReceiptsAgree, Invariant::VersionsGrow]);
}

#[test]
fn a_receipt_before_the_fsync_is_caught() {
    caught_by(Mutant::ReceiptBeforeFsync, &[Invariant::ReceiptIsDurable, Invariant::CountedOnce]);
}

#[test]
fn a_journal_id_that_is_reused_is_caught() {
    caught_by(Mutant::JournalIdReused, &[Invariant::PlacesAreUnique]);
}

#[test]
fn verdicts_lost_on_replay_are_caught() {
    caught_by(Mutant::VerdictLost, &[Invariant::ReceiptsAgree, Invariant::TotalsAreTheFold]);
}

#[test]
fn verdicts_decided_anew_on_replay_are_caught() {
    caught_by(Mutant::VerdictDecidedAnew, &[Invariant::SealStands]);
}

#[test]
fn a_replay_that_cannot_look_up_by_id_is_caught() {
    caught_by(Mutant::NoLookUp, &[Invariant::ReceiptsAgree, Invariant::CountedOnce]);
}

#[test]
fn windows_that_are_not_judged_again_are_caught() {
    caught_by(Mutant::WindowsKept, &[Invariant::Timely]);
}

#[test]
fn a_window_of_a_segment_that_is_forgotten_is_caught() {
    caught_by(Mutant::SegmentsForgotten, &[Invariant::Timely]);
}

#[test]
fn a_seal_without_a_mark_is_caught() {
    caught_by(Mutant::SealWithoutMark, &[Invariant::SealStands]);
}

#[test]
fn a_mark_that_a_start_forgets_is_caught() {
    caught_by(Mutant::MarkForgotten, &[Invariant::SealStands]);
}

#[test]
fn a_start_that_trusts_the_page_cache_is_caught() {
    caught_by(Mutant::PageCacheTrusted, &[Invariant::PublishedIsDurable, Invariant::CountedOnce]);
}
