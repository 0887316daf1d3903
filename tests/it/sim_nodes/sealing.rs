//! The seal of a run, step by step as in `sealing.rs` of the ballots: mark every bucket until it has what the nodes told,
//! read everything, compare, and only then write the seal.

use std::{collections::BTreeSet, sync::Arc};

use tallylight::{
    ballots::{
        committer::Marked,
        ledger::{Answer, Call, Standing},
        seal::Seal,
        sealing,
    },
    base::{ids::RunId, limits},
    shows::{end, run::SealSummary},
};

use super::{
    event::Event,
    flights::By,
    mutants::Mutant,
    oracle::{Invariant, Sealed},
    world::World,
};
use crate::sim::show::Step;

/// A seal that is being made.
#[derive(Debug)]
pub struct Sealing {
    run: RunId,
    revision: u32,
    node: usize,
    life: u32,
    standings: Vec<Option<Standing>>,
    /// What was read, as the buckets get it, and those that have it.
    read: Option<(Marked, Seal)>,
    given: BTreeSet<u16>,
    /// When the marks or the reading began.
    since: u64,
}

const AGAIN_US: u64 = 50_000;

impl World {
    pub fn close_buckets(&mut self, node: usize, run: RunId, revision: u32) {
        let life = self.nodes[node].life;
        let standings = vec![None; usize::from(self.plan.buckets)];
        self.staff.sealing =
            Some(Sealing { run, revision, node, life, standings, read: None, given: BTreeSet::new(), since: self.now });
        self.mark_all(run, revision);
    }

    fn mark_all(&mut self, run: RunId, revision: u32) {
        for bucket in 0..self.plan.buckets {
            self.after(0, Event::Mark { revision, run, bucket });
        }
    }

    /// The seal that is being made, if it is this one and its node lives.
    fn sealing(&mut self, run: RunId, revision: u32) -> Option<&mut Sealing> {
        let sealing = self.staff.sealing.as_ref()?;
        let (node, life) = (sealing.node, sealing.life);
        let is_this = (sealing.run, sealing.revision) == (run, revision) && self.lives(node, life);
        self.staff.sealing.as_mut().filter(|_| is_this)
    }

    /// A call that marks one bucket, and gives it the seal once that is known.
    pub fn mark(&mut self, run: RunId, revision: u32, bucket: u16) {
        let Some(&mut Sealing { node, ref read, .. }) = self.sealing(run, revision) else { return };
        let seal = read.as_ref().map(|(_, seal)| Arc::new(seal.clone().drafted()));
        let process = self.nodes[node].process.as_ref().expect("it lives");
        let Some(intake) = process.intake.run(run) else {
            return self.after(AGAIN_US, Event::Mark { revision, run, bucket });
        };
        let next = intake.next_call(bucket, true).expect("the ledger is remote");
        self.fly(node, By::Seal { revision }, Call { sealing: Some(revision), seal: seal.or(next.seal), ..next }, true);
    }

    pub fn mark_again(&mut self, (run, bucket): (RunId, u16), revision: u32) {
        self.after(AGAIN_US, Event::Mark { revision, run, bucket });
    }

    /// A call of the mark is answered.
    pub fn marked(&mut self, key: (RunId, u16), revision: u32, call: &Call, answer: Answer) {
        let (now, unmarked) = (self.now, self.mutant == Some(Mutant::SealWithoutMark));
        let Some(sealing) = self.sealing(key.0, revision) else { return };
        match answer {
            Answer::Done(standing) if call.batch.is_none() && !standing.rebuilding => {
                if standing.marked != revision && !unmarked {
                    return self.seal_failed("seals that another one overtook");
                }
                let before = &mut sealing.standings[usize::from(key.1)];
                if sealing.read.is_some() {
                    let is_same = |before: &Standing| sealing::is_same(before, &standing.totals);
                    if !before.as_ref().is_some_and(is_same) && !unmarked {
                        return self.seal_failed("seals that the ledger changed under");
                    }
                    sealing.given.insert(key.1);
                    if sealing.given.len() == sealing.standings.len() {
                        self.write_seal(key.0, revision);
                    }
                    return;
                }
                *before = Some(standing);
                if sealing.standings.iter().all(Option::is_some) {
                    sealing.since = now;
                    let read_us = self.rng.u64(500..30_000);
                    self.after(read_us, Event::Read { revision, run: key.0 });
                }
            }
            _ => self.mark_again(key, revision),
        }
    }

    /// Everything is read, at once or after a while.
    pub fn read(&mut self, run: RunId, revision: u32) {
        let Some(&mut Sealing { node, ref mut standings, .. }) = self.sealing(run, revision) else { return };
        let standings: Vec<Standing> = standings.iter().flatten().cloned().collect();
        if !self.server.is_reached(node, self.now) || self.server.is_split() {
            return self.after(AGAIN_US, Event::Read { revision, run });
        }
        let definition = &self.staff.document.run(run).expect("it is being sealed").definition;
        let mut read = Vec::new();
        for bucket in 0..self.plan.buckets {
            let Some(contents) = self.server.contents(run, bucket) else {
                return self.after(AGAIN_US, Event::Read { revision, run });
            };
            self.oracle.adds_up(definition, bucket, &contents);
            read.push(contents);
        }
        let Ok(marked) = sealing::marked(definition, standings.iter().zip(&read)) else {
            return self.seal_failed("seals that the ledger changed under");
        };
        let seal = Seal::marked(revision, &marked);
        let now = self.now;
        let sealing = self.sealing(run, revision).expect("it is being read");
        (sealing.read, sealing.since) = (Some((marked, seal)), now);
        self.mark_all(run, revision);
    }

    /// All buckets have the seal.
    fn write_seal(&mut self, run: RunId, revision: u32) {
        let sealing = self.staff.sealing.take().expect("it is being made");
        let (marked, seal) = sealing.read.expect("it was given to the buckets");
        let summary = SealSummary {
            at: self.clock(),
            totals: marked.totals.votes.clone(),
            late: marked.totals.late,
            late_totals: marked.totals.late_votes.clone(),
            by_entry: Vec::new(),
            outstanding: 0,
            manifest_hash: String::new(),
            correction: None,
        };
        let Some(next) = end::with_seal(&self.staff.document, run, revision, summary) else {
            return self.seal_failed("seals that another one overtook");
        };
        self.staff.document = next;
        self.count("seals");
        for (bucket, journal, watermark) in &marked.watermarks {
            if self.oracle.numbers(run, *bucket, *journal) < *watermark {
                let case = format!("run {run}, bucket {bucket}, journal {journal}: sealed up to {watermark}");
                self.oracle.blame(Invariant::WatermarksAreJournalled, case);
            }
        }
        self.count_many("copies that are kept apart below watermarks", marked.apart.len() as u64);
        self.count_many("copies that seals have beyond their watermarks", marked.beyond.len() as u64);
        self.oracle.seals.insert(run, Sealed { totals: marked.totals, seal });
        self.run_is_sealed();
    }

    /// Staff seal again, under the next revision.
    fn seal_failed(&mut self, why: &'static str) {
        self.count(why);
        self.staff.sealing = None;
        self.staff.step = Step::Seal;
    }

    /// A seal whose node is gone, or that takes too long, is begun anew.
    pub fn look_after_seal(&mut self) {
        let Some(sealing) = &self.staff.sealing else { return };
        let timeout_us = u64::try_from(limits::SEAL_TIMEOUT.as_micros()).expect("short");
        if !self.lives(sealing.node, sealing.life) {
            self.seal_failed("seals whose node went away");
        } else if self.now - sealing.since > timeout_us {
            self.seal_failed("seals that took too long");
        }
    }
}
