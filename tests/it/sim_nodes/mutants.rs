//! Mutants: nodes and ledgers with one rule broken, each by a substitute inside the simulation. The oracle has to catch
//! every one, or it would not catch the mistake in the real code either.

use super::{oracle::Invariant, world};
use crate::sim::seeds;

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A server that is killed may have moved a watermark without its ballots.
    WatermarkNotAtomic,
    /// A disk says yes to ballots before it has them, so that the ledger gets them too soon.
    LedgerBeforeFsync,
    /// A disk says yes to verdicts before it has them.
    ReceiptBeforeFsync,
    /// Ballots with a verdict are never sent again.
    NoReplay,
    /// A ballot that the ledger has is not found there.
    NoLookUp,
    /// Verdicts are not sent along: the ledger decides anew.
    DecidedAnew,
    /// Each start writes on in a journal of the first one's id.
    JournalIdReused,
    /// Nodes keep the first windows that they saw of a run.
    WindowsKept,
    /// Nodes judge everybody by the whole window of the run.
    SegmentsForgotten,
    /// A seal adds up what is there and marks nothing.
    SealWithoutMark,
    /// An old board is trusted.
    HoldingIgnored,
    /// After a change of its history the ledger waits for nobody.
    NobodyAwaited,
    /// The ledger answers with its decisions and never tells again what changed.
    ChangesUntold,
}

/// Some mistakes need several faults at once to show.
const SEEDS: u64 = 400;

/// Runs seeds until each of these invariants has caught the mutant.
fn caught_by(mutant: Mutant, invariants: &[Invariant]) {
    seeds::catch(mutant, 0..SEEDS, invariants, |seed| world::run(seed, Some(mutant)));
}

#[test]
fn a_watermark_that_is_not_written_with_its_ballots_is_caught() {
    caught_by(Mutant::WatermarkNotAtomic, &[Invariant::RecountAgrees]);
}

#[test]
fn a_ledger_that_gets_ballots_before_the_fsync_is_caught() {
    caught_by(Mutant::LedgerBeforeFsync, &[Invariant::FsyncedBeforeLedger, Invariant::CountedIsKept]);
}

#[test]
fn a_receipt_before_the_fsync_of_its_verdict_is_caught() {
    caught_by(Mutant::ReceiptBeforeFsync, &[Invariant::RefusalIsDurable]);
}

#[test]
fn a_node_that_never_sends_again_is_caught() {
    caught_by(Mutant::NoReplay, &[Invariant::RecountAgrees]);
}

#[test]
fn a_replay_that_cannot_look_up_by_id_is_caught() {
    caught_by(Mutant::NoLookUp, &[Invariant::ReceiptsAgree]);
}

#[test]
fn verdicts_decided_anew_on_replay_are_caught() {
    caught_by(Mutant::DecidedAnew, &[Invariant::CountedOnce, Invariant::RefusedNever]);
}

#[test]
fn a_journal_id_that_is_reused_is_caught() {
    caught_by(Mutant::JournalIdReused, &[Invariant::PlacesAreUnique]);
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
fn an_old_board_that_is_trusted_is_caught() {
    caught_by(Mutant::HoldingIgnored, &[Invariant::HeldWhileBlind]);
}

#[test]
fn a_ledger_without_a_barrier_is_caught() {
    caught_by(Mutant::NobodyAwaited, &[Invariant::ReceiptsAgree]);
}

#[test]
fn changes_that_are_told_only_once_are_caught() {
    caught_by(Mutant::ChangesUntold, &[Invariant::RecountAgrees]);
}
