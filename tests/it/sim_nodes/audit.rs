//! The end of a seed: all is healed and settled, and the journals, the ledger, the seals and every receipt that ever left
//! have to say the same.

use std::collections::{BTreeMap, BTreeSet};

use tallylight::{
    ballots::{
        ballot::{Place, Verdict},
        bucket::Totals,
        tally,
    },
    base::{
        ids::{BallotId, RunId, VoterId},
        limits,
    },
    shows::windows::Timeliness,
    wire::server::{Answer, Reason},
};

use super::{
    oracle::{A_SPLIT, Invariant, Stored},
    world::World,
};
use crate::sim::{oracle::fold, show::Step};

type Cases = Vec<(Invariant, String)>;

impl Stored {
    /// This copy is the one that its verdict is about.
    fn is(&self, place: Place, verdict: Verdict) -> bool {
        self.decided.is_some_and(|said| said.verdict == verdict && said.place == place)
    }
}

impl World {
    /// Ten seconds after the healing: what was taken before has its verdict, on disk.
    pub fn nothing_is_held(&mut self) {
        let healed = self.clock().0 - (self.now - self.healed.unwrap_or(self.now));
        let old = self.oracle.stored.iter().filter(|(_, stored)| stored.received.0 < healed);
        let held = old.filter(|(_, stored)| stored.decided.is_none());
        let held =
            held.map(|((run, _, place), one)| (Invariant::HeldIsDecided, format!("run {run}: {place:?} {one:?}")));
        let held = held.collect();
        self.blame_all(held);
    }

    /// Says at the end of a seed what did not hold.
    pub fn audit(&mut self) {
        self.everything_is_settled();
        self.receipts_are_kept();
        self.journals_agree();
        self.ledger_agrees();
        self.seals_stand();
        let damaged = self.oracle.damaged.len() as u64;
        let runs = self.staff.document.runs.len() as u64;
        let displaced = self.oracle.stored.iter().filter(|((.., place), stored)| stored.is(*place, Verdict::Displaced));
        let displaced = displaced.count() as u64;
        self.count_many("ballots displaced", displaced);
        let (ballots, changed) = (self.oracle.books.len() as u64, self.oracle.changed);
        self.count_many("runs in which faults came together", damaged);
        self.count_many("runs in which they did not", runs - damaged);
        self.count_many("answers that faults together changed", changed);
        self.count_many("ballots", ballots);
    }

    fn everything_is_settled(&mut self) {
        let waiting: Vec<_> = self.clients.waiting().take(3).map(|offer| format!("{offer:?}")).collect();
        let since = self.healed.unwrap_or(0);
        let restless: Vec<_> = (0..self.nodes.len()).filter(|node| !self.nodes[*node].is_at_rest(since)).collect();
        if !waiting.is_empty() || !restless.is_empty() || self.staff.step != Step::Done {
            let case = format!("staff {:?}, nodes not at rest {restless:?}, waiting {waiting:?}", self.staff.step);
            self.oracle.blame(Invariant::Settles, case);
        }
    }

    fn receipts_are_kept(&mut self) {
        let mut cases = Cases::new();
        for (key, book) in &self.oracle.books {
            let copies: Vec<_> = self.oracle.copies_of(key).collect();
            let counted = copies.iter().filter(|(place, stored)| stored.is(*place, Verdict::Counted)).count();
            let damaged = self.oracle.damaged.contains_key(&key.0);
            let case = || format!("{key:?}: told {:?}, counted by {:?}, {copies:?}", book.answer, book.counted_by);
            if counted > 1 {
                cases.push((Invariant::CountedOnce, case()));
            }
            let gone = [Verdict::Displaced, Verdict::AfterSeal];
            let is_gone = || copies.iter().all(|(_, one)| one.decided.is_some_and(|said| gone.contains(&said.verdict)));
            let lost_twice = || self.oracle.lost_twice(key.0);
            if !book.counted_by.is_empty()
                && counted == 0
                && !(damaged && (is_gone() || book.is_spread() || lost_twice()))
            {
                cases.push((Invariant::CountedOnce, case()));
            }
            let Some((answer, reason, _)) = book.answer else { continue };
            let refused = answer != Answer::Counted && counted > 0;
            if refused && !(damaged && book.is_spread()) {
                cases.push((Invariant::RefusedNever, case()));
            }
            if reason == Some(Reason::AfterSeal) && !self.oracle.seals.contains_key(&key.0) {
                cases.push((Invariant::SealStands, case()));
            }
        }
        self.blame_all(cases);
    }

    fn journals_agree(&mut self) {
        let mut cases = Cases::new();
        let mut spent: BTreeMap<(RunId, VoterId), u16> = BTreeMap::new();
        for ((run, bucket, place), stored) in &self.oracle.stored {
            let windows = self.staff.document.run(*run).map(|run| &run.windows);
            let Some(said) = stored.decided else {
                cases.push((Invariant::HeldIsDecided, format!("run {run}: {place:?} {stored:?} has no verdict")));
                continue;
            };
            if said.place != *place {
                let other = self.oracle.stored.get(&(*run, *bucket, said.place));
                let is_there = other.is_some_and(|other| {
                    (other.voter, other.id, &other.picks, other.received)
                        == (stored.voter, stored.id, &stored.picks, said.received)
                        && other.is(said.place, said.verdict)
                });
                if !is_there {
                    let case = format!("run {run}: {place:?} {stored:?} names {other:?}");
                    cases.push((Invariant::RecountAgrees, case));
                }
                continue;
            }
            let within =
                windows.is_some_and(|windows| windows.judge(stored.received, stored.entry) == Timeliness::Within);
            let agrees = match said.verdict {
                Verdict::Counted | Verdict::AfterSeal => within,
                Verdict::Late => !within,
                _ => true,
            };
            if !agrees {
                cases.push((Invariant::Timely, format!("run {run}: {stored:?}, {windows:?}")));
            }
            if said.verdict == Verdict::Counted && stored.picks.change().is_none() {
                *spent.entry((*run, stored.voter)).or_default() += stored.picks.votes();
            }
        }
        for ((run, voter), spent) in spent.iter().filter(|(_, spent)| **spent > self.oracle.votes) {
            cases.push((Invariant::Budget, format!("run {run}: the journals have {spent} votes of {voter}")));
        }
        self.blame_all(cases);
    }

    /// What the ledger has counted and kept apart is what the journals have.
    fn ledger_agrees(&mut self) {
        type Copy = (VoterId, BallotId, Vec<u16>, Place);
        type Set = BTreeSet<Copy>;
        let mut cases = Cases::new();
        let runs: Vec<_> = self.staff.document.runs.iter().map(|run| run.definition.clone()).collect();
        for (definition, bucket) in runs.iter().flat_map(|run| (0..self.plan.buckets).map(move |bucket| (run, bucket)))
        {
            let run = definition.run;
            let Some(contents) = self.server.contents(run, bucket) else {
                cases.push((Invariant::RecountAgrees, format!("run {run}: bucket {bucket} is gone")));
                continue;
            };
            self.oracle.adds_up(definition, bucket, &contents);
            for verdict in [Verdict::Counted, Verdict::Late, Verdict::Displaced] {
                let kept = contents.ballots.iter().filter(|(_, kept)| kept.verdict == verdict);
                let kept: Set =
                    kept.map(|(voter, kept)| (*voter, kept.id, kept.picks.words().to_vec(), kept.place)).collect();
                let stored = self.oracle.stored.iter().filter(|((of, number, place), stored)| {
                    (*of, *number) == (run, bucket) && stored.is(*place, verdict)
                });
                let stored: Set =
                    stored.map(|((.., place), it)| (it.voter, it.id, it.picks.words().to_vec(), *place)).collect();
                let ballots = |voter| contents.ballots.iter().filter(|(whose, _)| *whose == voter).count();
                // A copy that another content's id displaced is kept by its journal alone, and so is a late one of a voter of
                // whom no more is remembered.
                let by_journal = |(voter, ..): &Copy| match verdict {
                    Verdict::Displaced => true,
                    Verdict::Late => ballots(*voter) >= limits::BALLOTS_PER_VOTER_MAX,
                    _ => false,
                };
                let agree = kept.is_subset(&stored) && stored.difference(&kept).all(by_journal);
                if !agree {
                    let (more, less) = (kept.difference(&stored), stored.difference(&kept));
                    let case = format!(
                        "run {run}, bucket {bucket}, {verdict:?}: only in the ledger {:?}, only in journals {:?}",
                        more.collect::<Vec<_>>(),
                        less.collect::<Vec<_>>()
                    );
                    cases.push((Invariant::RecountAgrees, case));
                }
            }
            let displaced = self.oracle.stored.iter().filter(|((of, number, place), stored)| {
                (*of, *number) == (run, bucket) && stored.is(*place, Verdict::Displaced)
            });
            let known = self.server.changed(run, bucket);
            for ((.., place), stored) in displaced {
                if !known.contains(place) || !self.oracle.damaged.contains_key(&run) {
                    let case = format!("run {run}: {place:?} {stored:?} is displaced, the ledger says {known:?}");
                    cases.push((Invariant::CountedOnce, case));
                }
            }
        }
        self.blame_all(cases);
    }

    /// What is sealed is the recount up to its watermarks, and what the ledger still has.
    fn seals_stand(&mut self) {
        let (mut cases, mut spoiled) = (Cases::new(), 0);
        for (run, seal) in &self.oracle.seals {
            let mut recount = tally::zero(usize::from(self.plan.options));
            let of_seal = |verdict| {
                self.oracle.stored.iter().filter(move |((of, bucket, place), stored)| {
                    of == run && seal.seal.has(*bucket, *place) && stored.is(*place, verdict)
                })
            };
            let counted = of_seal(Verdict::Counted);
            fold(&mut recount, counted.map(|((.., place), it)| (it.voter, &it.picks, it.received, *place)));
            for (_, late) in of_seal(Verdict::Late) {
                recount.late += 1;
                late.picks.add_to(&mut recount.late_votes);
            }
            let mut ledger = tally::zero(usize::from(self.plan.options));
            for bucket in 0..self.plan.buckets {
                if let Some(contents) = self.server.contents(*run, bucket) {
                    tally::add_totals(&mut ledger, &contents.totals);
                }
            }
            let told = |of: &Totals| (of.counted, of.superseded, of.votes.clone());
            let same = |other: &Totals| told(other) == told(&seal.totals);
            // A split may spoil a seal: a verdict that was lost with the other half may be decided anew.
            let late = |of: &Totals| (of.late, of.late_votes.clone());
            let why = self.oracle.damaged.get(run);
            // A late copy that a node and the ledger lost together may give way to another one.
            let same_late = late(&recount) == late(&seal.totals) || why.is_some();
            if same(&recount) && same(&ledger) && same_late {
                continue;
            }
            if why.is_some_and(|why| why.contains(A_SPLIT)) {
                spoiled += 1;
            } else {
                let case = format!("run {run} {why:?}: {seal:?}, recount {recount:?}, ledger {ledger:?}");
                cases.push((Invariant::SealStands, case));
            }
        }
        self.count_many("seals that a split spoiled", spoiled);
        self.blame_all(cases);
    }

    fn blame_all(&mut self, cases: Cases) {
        for (invariant, case) in cases {
            self.oracle.blame(invariant, case);
        }
    }
}
