//! The end of a seed: all is healed and settled, and the journals, the buckets, a fresh restore and every receipt that
//! ever left have to say the same.

use std::collections::BTreeMap;

use tallylight::{
    ballots::{
        ballot::{Place, Verdict},
        bucket::{Bucket, Pools, Totals},
        restore::Restore,
        run_intake::RunIntake,
        tally,
        witness::{Copy, Witness},
    },
    base::ids::{JournalId, RunId},
    shows::{board::Board, windows::Timeliness},
    wire::server::{Answer, Reason},
};

use super::{
    oracle::{Invariant, fold, same_counts},
    world::World,
};

impl World {
    /// Says at the end of a seed what did not hold.
    pub fn audit(&mut self) {
        self.everything_is_settled();
        self.receipts_are_kept();
        self.records_are_in_order();
        self.seals_stand();
        self.a_fresh_restore_agrees();
        let folds = format!("{:?}", self.oracle.folds);
        self.trace.add(&folds);
        let ballots = self.oracle.ballots();
        self.count_many("ballots", ballots);
    }

    fn everything_is_settled(&mut self) {
        let waiting: Vec<_> = self.clients.waiting().take(3).map(|offer| format!("{offer:?}")).collect();
        let outstanding = self.process.as_ref().map(|process| process.outstanding(&self.staff.document));
        if !waiting.is_empty() || outstanding != Some(0) || !self.staff.done() {
            let case = format!("outstanding {outstanding:?}, {:?}, waiting {waiting:?}", self.staff.done());
            self.oracle.blame(Invariant::Settles, case);
        }
    }

    fn receipts_are_kept(&mut self) {
        let mut cases = Vec::new();
        for ((run, voter, id, picks), book) in &self.oracle.books {
            let Some((answer, reason, at)) = book.answer else { continue };
            let stored = self.oracle.stored.get(&(*run, *voter, *id)).into_iter().flatten();
            let counted: Vec<_> = stored
                .filter(|stored| stored.verdict == Some(Verdict::Counted) && stored.picks.words() == picks)
                .collect();
            let case = || format!("{run} {voter} {id} {picks:?}: told {answer:?} {reason:?}, counted {counted:?}");
            if answer == Answer::Counted {
                let kept = matches!(&*counted, [one] if at == Some(one.received.as_ms()));
                if !kept {
                    cases.push((Invariant::CountedOnce, case()));
                }
            } else if !counted.is_empty() {
                cases.push((Invariant::RefusedNever, case()));
            }
            if reason == Some(Reason::AfterSeal) && !self.oracle.seals.contains_key(run) {
                cases.push((Invariant::SealStands, case()));
            }
        }
        self.blame_all(cases);
    }

    fn records_are_in_order(&mut self) {
        let mut cases = Vec::new();
        for ((run, voter, id), copies) in &self.oracle.stored {
            let windows = self.staff.document.run(*run).map(|run| &run.windows);
            if copies.iter().filter(|copy| copy.verdict == Some(Verdict::Counted)).count() > 1 {
                cases.push((Invariant::CountedOnce, format!("{run} {voter} {id}: {copies:?}")));
            }
            for copy in copies {
                let key = (*run, *voter, *id, copy.picks.words().to_vec());
                if !self.oracle.books.get(&key).is_some_and(|book| book.received.contains(&copy.received)) {
                    cases.push((Invariant::NothingInvented, format!("{key:?}: {copy:?}")));
                }
                let within =
                    windows.is_some_and(|windows| windows.judge(copy.received, copy.entry) == Timeliness::Within);
                let agrees = match copy.verdict {
                    Some(Verdict::Counted | Verdict::AfterSeal) => within,
                    Some(Verdict::Late) => !within,
                    _ => true,
                };
                if !agrees {
                    cases.push((Invariant::Timely, format!("{key:?}: {copy:?}, {windows:?}")));
                }
            }
        }
        for ((run, voter), spent) in &self.oracle.spent {
            if *spent > self.oracle.votes {
                cases.push((Invariant::Budget, format!("{run} {voter}: {spent} of {}", self.oracle.votes)));
            }
        }
        self.blame_all(cases);
    }

    /// What is sealed is the fold of the records up to its watermarks, and all that was ever counted.
    fn seals_stand(&mut self) {
        let mut cases = Vec::new();
        for (run, seal) in &self.oracle.seals {
            let watermarks: BTreeMap<(u16, JournalId), u64> =
                seal.watermarks.iter().map(|(bucket, journal, seq)| ((*bucket, *journal), *seq)).collect();
            let mut sealed = Totals { votes: vec![0; usize::from(self.plan.options)], ..Totals::default() };
            let of_run = self.oracle.stored.iter().filter(|((of, ..), _)| of == run);
            let copies = of_run.flat_map(|((_, voter, _), copies)| copies.iter().map(|copy| (*voter, copy)));
            let counted = copies.filter(|(_, copy)| {
                let reaches = |seq: &u64| copy.place.seq <= *seq;
                copy.verdict == Some(Verdict::Counted)
                    && watermarks.get(&(copy.bucket, copy.place.journal)).is_some_and(reaches)
            });
            fold(&mut sealed, counted.map(|(voter, copy)| (voter, &copy.picks, copy.received, copy.place)));
            let fold = self.oracle.folds.get(run).cloned().unwrap_or_default();
            if !same_counts(&sealed, &seal.totals) || !same_counts(&fold, &seal.totals) {
                let case = format!("run {run}: sealed {:?}, its records {sealed:?}, all {fold:?}", seal.totals);
                cases.push((Invariant::SealStands, case));
            }
        }
        self.blame_all(cases);
    }

    /// A node that would start now has the same buckets as the one that runs.
    fn a_fresh_restore_agrees(&mut self) {
        let Some(process) = &self.process else { return };
        let board = Board::of(&self.staff.document);
        let mut restore = Restore::wanting(board.runs().iter().map(|run| run.definition.clone()), None);
        for (journal, record) in self.disk.replay() {
            restore.take(journal, record.frame());
        }
        let mut cases: Vec<_> = restore.incidents.iter().map(|case| (Invariant::Replay, case.clone())).collect();
        for fresh in restore.finish() {
            let Some(running) = process.intake.run(fresh.id()) else { continue };
            let fold = self.oracle.folds.get(&fresh.id()).cloned().unwrap_or_default();
            let all = [summed(&fresh), fresh.totals(), summed(&running), running.totals()];
            if all.iter().any(|totals| !same_counts(totals, &fold) || totals.late != fold.late) {
                cases.push((Invariant::TotalsAreTheFold, format!("run {}: {all:?}, on disk {fold:?}", fresh.id())));
            }
            let recorded = self.recorded(fresh.id());
            let by_pool = Pools::of(&fresh.definition).of_witness(&recorded);
            if all.iter().any(|totals| totals.by_pool != by_pool) {
                cases.push((Invariant::TotalsAreTheFold, format!("run {}: {all:?}, on disk {by_pool:?}", fresh.id())));
            }
            if witness(&fresh) != recorded || witness(&running) != recorded {
                cases.push((Invariant::CountedOnce, format!("run {}: the witnesses differ", fresh.id())));
            }
        }
        self.blame_all(cases);
    }

    /// The witness of the records.
    fn recorded(&self, run: RunId) -> Witness {
        let mut witness = Witness::default();
        for ((_, voter, id), copies) in self.oracle.stored.iter().filter(|((of, ..), _)| *of == run) {
            for copy in copies.iter().filter(|copy| copy.verdict == Some(Verdict::Counted)) {
                let (bucket, received, place) = (copy.bucket, copy.received, copy.place);
                let (voter, id, picks, entry) = (*voter, *id, &copy.picks, copy.entry);
                witness.add(Copy { run, bucket, voter, id, picks, received, entry, place });
            }
        }
        witness
    }

    fn blame_all(&mut self, cases: Vec<(Invariant, String)>) {
        for (invariant, case) in cases {
            self.oracle.blame(invariant, case);
        }
    }
}

fn summed(run: &RunIntake) -> Totals {
    let by_pool = Pools::of(&run.definition).zeros();
    let mut sum = Totals { by_pool, ..tally::zero(run.definition.interaction.options.len()) };
    run.each_bucket(|_, bucket| tally::add_totals(&mut sum, bucket.totals()));
    sum
}

/// The witness of the buckets.
fn witness(run: &RunIntake) -> Witness {
    let mut witness = Witness::default();
    run.each_bucket(|number, bucket: &Bucket| {
        for (voter, kept) in bucket.ballots().filter(|(_, kept)| kept.verdict == Verdict::Counted) {
            let (run, place): (_, Place) = (run.id(), kept.place);
            let (picks, received, entry) = (&kept.picks, kept.received, kept.entry);
            witness.add(Copy { run, bucket: number, voter, id: kept.id, picks, received, entry, place });
        }
    });
    witness
}
