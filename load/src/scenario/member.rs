//! What a viewer does about its ballots, whatever way it is connected: it casts them when they are due, sends some again,
//! breaks off over some, and notes every receipt.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use fastrand::Rng;
use tallylight::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
    },
    viewer::{
        behaviour::{Act, Agenda, Behaviour, Event},
        standing::Standing,
    },
    wire::{
        client::Vote,
        server::{Receipt, RunView},
    },
};

use super::shared::Shared;
use crate::{audience::record::Record, book::series::Kind};

/// A ballot that is sent twice for nothing is so within this time: half of them before the receipt, half long after.
const AGAIN_MS_MAX: u64 = 2000;

/// What a viewer and its connection tell each other.
#[derive(Debug, Default)]
pub struct Network {
    /// The connection should break now.
    pub breaks: AtomicBool,
    /// When the viewer was back after the scenario had broken its connection, as microseconds; 0: never broken.
    pub back_at: AtomicU64,
}

/// One viewer and its notes.
#[derive(Debug)]
pub struct Member {
    viewer: usize,
    shared: Arc<Shared>,
    network: Arc<Network>,
    seen: Vec<RunId>,
    records: Vec<Record>,
    strays: u64,
}

impl Member {
    /// A viewer that has seen nothing yet.
    pub const fn new(viewer: usize, shared: Arc<Shared>, network: Arc<Network>) -> Self {
        Self { viewer, shared, network, seen: Vec::new(), records: Vec::new(), strays: 0 }
    }

    /// Its ballots, and receipts of ballots that it never cast.
    pub fn into_notes(self) -> (Vec<Record>, u64) {
        (self.records, self.strays)
    }

    fn on_run(&mut self, run: &RunView, rng: &mut Rng, agenda: &mut Agenda) {
        if self.seen.contains(&run.id) {
            return;
        }
        let Some(opening) = self.shared.opening(run) else { return };
        self.seen.push(run.id);
        let options = u16::try_from(run.options.len()).unwrap_or(u16::MAX).max(1);
        for due in self.shared.plan.ballots(self.viewer, &opening) {
            // The first options are the favourites, so that a result has an order.
            let pick = rng.u16(1..=options).min(rng.u16(1..=options));
            let vote = Vote { run: run.id, id: BallotId(rng.u128(..)), picks: vec![pick], change: due.change };
            self.records.push(Record::new(self.viewer, vote.run, vote.id, vote.picks.clone(), vote.change, due.at));
            agenda.at(due.at, Act::Cast(vote));
        }
    }

    fn on_offered(&mut self, vote: &Vote, node: usize, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        let Some(record) = find(&mut self.records, vote.run, vote.id) else { return };
        if !record.offered(node, now) {
            return;
        }
        self.shared.live.sent.fetch_add(1, Relaxed);
        let habits = self.shared.plan.habits(self.viewer);
        if rng.f64() < habits.sends_again {
            let wait_ms = if rng.bool() { 0 } else { rng.u64(0..AGAIN_MS_MAX) };
            agenda.at(now.plus_ms(wait_ms), Act::Again { run: vote.run, id: vote.id });
        }
        if rng.f64() < habits.breaks {
            self.network.breaks.store(true, Relaxed);
        }
    }

    fn on_receipt(&mut self, receipt: &Receipt, node: usize, now: Micros) {
        let Some(record) = find(&mut self.records, receipt.run, receipt.id) else {
            self.strays += 1;
            return;
        };
        let cut = self.network.back_at.load(Relaxed) >= record.due_at.0;
        match (record.receipts.is_empty(), cut) {
            (true, false) => self.shared.done(Kind::Vote, record.due_at, now),
            (true, true) => {
                let mut notes = self.shared.notes();
                notes.series.answered(Kind::Vote, now);
                notes.series.done(Kind::Cut, record.due_at, now);
            }
            (false, _) => {}
        }
        if record.heard(receipt, node, now) {
            let live = &self.shared.live;
            live.settled.fetch_add(1, Relaxed);
            live.counted.fetch_add(u64::from(record.standing == Standing::Counted), Relaxed);
            if !cut {
                self.shared.done(Kind::Settled, record.due_at, now);
            }
        }
    }
}

impl Behaviour for Member {
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        match event {
            Event::Show(show) => {
                if let Some(run) = &show.run {
                    self.on_run(run, rng, agenda);
                }
            }
            Event::Offered { node, vote } => self.on_offered(vote, *node, now, rng, agenda),
            Event::Receipt { node, receipt, .. } => self.on_receipt(receipt, *node, now),
            Event::Problem(problem) => self.shared.error(format!("problem {}", code_word(problem.code))),
            Event::NewVoter => self.shared.error("the device token was not good any more".to_owned()),
            Event::Joined { .. } | Event::Results(_) | Event::Closed { .. } => {}
        }
    }
}

/// A code as the wire says it.
fn code_word(code: impl serde::Serialize) -> String {
    serde_json::to_value(code).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The newest are asked for most.
fn find(records: &mut [Record], run: RunId, id: BallotId) -> Option<&mut Record> {
    records.iter_mut().rev().find(|record| record.id == id && record.run == run)
}
