//! One connection of the audience: casts its ballots on schedule, sends some again, goes away mid-ballot, and notes all.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

use fastrand::Rng;
use tallylight::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
    },
    viewer::{
        backoff::Closing,
        behaviour::{Act, Agenda, Behaviour, Event},
        standing::Standing,
    },
    wire::{
        client::Vote,
        server::{Phase, Receipt, RunView, Welcome},
    },
};
use tokio::sync::watch;

use super::{
    plan::{Part, Plan, Role},
    record::Record,
};

/// A deliberate repetition comes within this time: half of them before the receipt, half long after.
const AGAIN_MS_MAX: u64 = 2000;

/// What all members know.
#[derive(Debug)]
pub struct Shared {
    pub plan: Plan,
    votes_per_voter: u16,
    over_budget: bool,
    /// No ballot is cast after this.
    pub end: Micros,
    pub counters: Counters,
    runs: Mutex<HashMap<RunId, Opened>>,
    closings: Mutex<HashMap<Closing, u64>>,
}

/// A run as the first member saw it open.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    pub at: Micros,
    pub votes: u16,
}

/// How it goes.
#[derive(Debug, Default)]
pub struct Counters {
    pub joins: AtomicU64,
    /// Connections that joined at least once.
    pub joined: AtomicU64,
    pub again: AtomicU64,
    pub offers: AtomicU64,
    pub receipts: AtomicU64,
    pub settled: AtomicU64,
    pub problems: AtomicU64,
    /// Receipts of ballots that this connection never cast (but for `mine`, which tells a twin's as well).
    pub strays: AtomicU64,
    connected: AtomicI64,
    open: AtomicI64,
}

impl Counters {
    /// Ballots that were sent and are not settled.
    pub fn open(&self) -> i64 {
        self.open.load(Relaxed)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [connected, open] = [&self.connected, &self.open].map(|counter| counter.load(Relaxed));
        let [joins, offers, receipts, settled, problems] =
            [&self.joins, &self.offers, &self.receipts, &self.settled, &self.problems].map(|c| c.load(Relaxed));
        write!(
            f,
            "{connected} connected ({joins} joins), {offers} ballots sent, {receipts} receipts, {settled} settled, \
             {open} open, {problems} problems"
        )
    }
}

impl Shared {
    /// For an audience with this plan.
    pub fn new(plan: Plan, votes_per_voter: u16, over_budget: bool, end: Micros) -> Self {
        Self {
            plan,
            votes_per_voter,
            over_budget,
            end,
            counters: Counters::default(),
            runs: Mutex::default(),
            closings: Mutex::default(),
        }
    }

    /// When a run was first seen open, and its budget.
    pub fn opened(&self, run: RunId) -> Option<Opened> {
        self.runs.lock().expect("no panic under the lock").get(&run).copied()
    }

    /// How connections ended, and how often.
    pub fn closings(&self) -> Vec<(Closing, u64)> {
        self.closings.lock().expect("no panic under the lock").iter().map(|(closing, n)| (*closing, *n)).collect()
    }

    fn open(&self, run: &RunView, now: Micros) -> Opened {
        let mut runs = self.runs.lock().expect("no panic under the lock");
        *runs.entry(run.id).or_insert(Opened { at: now, votes: run.votes })
    }
}

/// One connection and its notes.
#[derive(Debug)]
pub struct Member {
    part: Part,
    shared: Arc<Shared>,
    /// Where a competing voter leaves the token for its second connection.
    token: Option<watch::Sender<Option<String>>>,
    life: u32,
    connected: bool,
    joined: bool,
    seen: Vec<RunId>,
    records: Vec<Record>,
}

impl Member {
    /// A member that has not connected yet.
    pub const fn new(part: Part, shared: Arc<Shared>, token: Option<watch::Sender<Option<String>>>) -> Self {
        Self { part, shared, token, life: 0, connected: false, joined: false, seen: Vec::new(), records: Vec::new() }
    }

    /// All that it noted.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }

    fn on_joined(&mut self, welcome: &Welcome) {
        self.shared.counters.joins.fetch_add(1, Relaxed);
        self.shared.counters.connected.fetch_add(1, Relaxed);
        self.connected = true;
        if !std::mem::replace(&mut self.joined, true) {
            self.shared.counters.joined.fetch_add(1, Relaxed);
        }
        if let (Some(token), Some(device)) = (&self.token, &welcome.device) {
            token.send_replace(Some(device.clone()));
        }
    }

    /// A run is open: all ballots of this voter in it are put on the agenda.
    fn on_open(&mut self, run: &RunView, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        if self.seen.contains(&run.id) {
            return;
        }
        self.seen.push(run.id);
        let opened = self.shared.open(run, now);
        let budget = self.shared.votes_per_voter.min(run.votes);
        let rounds = if self.shared.over_budget { budget.saturating_add(1) } else { budget };
        let options = u16::try_from(run.options.len()).unwrap_or(u16::MAX);
        for round in 0..rounds {
            // Who came late is due at once.
            let due_at = self.shared.plan.due(opened.at, self.part.voter, round).max(now);
            if due_at > self.shared.end {
                break;
            }
            let (id, picks) = (BallotId(rng.u128(..)), vec![Plan::pick(options, rng)]);
            let vote = Vote { run: run.id, id, picks, change: run.changeable.then_some(1) };
            self.records.push(self.record(&vote, due_at));
            agenda.at(due_at, Act::Cast(vote));
        }
    }

    fn on_offered(&mut self, vote: &Vote, node: usize, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        let counters = &self.shared.counters;
        counters.offers.fetch_add(1, Relaxed);
        let Some(record) = find(&mut self.records, vote.run, vote.id) else { return };
        if !record.offered(node, now) {
            return;
        }
        counters.open.fetch_add(1, Relaxed);
        if self.shared.plan.retries(rng) {
            counters.again.fetch_add(1, Relaxed);
            let wait_ms = if rng.bool() { 0 } else { rng.u64(0..AGAIN_MS_MAX) };
            agenda.at(now.plus_ms(wait_ms), Act::Again { run: vote.run, id: vote.id });
        }
        if self.part.switches {
            agenda.at(now, Act::Move { node: node + 1 });
        }
    }

    fn on_receipt(&mut self, receipt: &Receipt, node: usize, now: Micros) {
        let counters = &self.shared.counters;
        counters.receipts.fetch_add(1, Relaxed);
        match find(&mut self.records, receipt.run, receipt.id) {
            Some(record) => {
                if record.heard(receipt, node, now) {
                    counters.settled.fetch_add(1, Relaxed);
                    counters.open.fetch_sub(1, Relaxed);
                }
            }
            // `mine` in a welcome tells all ballots of the voter, those of the other connection too; it has picks.
            None if self.part.competes.is_some() && !receipt.picks.is_empty() => {}
            None => {
                counters.strays.fetch_add(1, Relaxed);
            }
        }
    }

    fn on_new_voter(&mut self) {
        let life = self.life;
        let lost = |r: &&Record| r.life == life && r.sent_at.is_some() && r.standing == Standing::Open;
        let lost = i64::try_from(self.records.iter().filter(lost).count()).unwrap_or(0);
        self.shared.counters.open.fetch_sub(lost, Relaxed);
        self.life += 1;
        // The new voter has its own votes in the runs that are open.
        self.seen.clear();
    }

    fn on_closed(&mut self, closing: Closing) {
        if std::mem::take(&mut self.connected) {
            self.shared.counters.connected.fetch_sub(1, Relaxed);
        }
        let kind = match closing {
            Closing::Told { .. } => Closing::Told { wait_ms: 0 },
            other => other,
        };
        *self.shared.closings.lock().expect("no panic under the lock").entry(kind).or_default() += 1;
    }

    fn record(&self, vote: &Vote, due_at: Micros) -> Record {
        let record = Record::new(self.part.voter, vote.run, vote.id, vote.picks.clone(), vote.change, due_at);
        Record { twin: self.part.role == Role::Twin, life: self.life, ..record }
    }
}

impl Behaviour for Member {
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        match event {
            Event::Joined { welcome, .. } => self.on_joined(welcome),
            Event::NewVoter => self.on_new_voter(),
            Event::Show(show) => {
                if let Some(run) = show.run.as_ref().filter(|run| run.phase == Phase::Open) {
                    self.on_open(run, now, rng, agenda);
                }
            }
            Event::Results(_) => {}
            Event::Offered { node, vote } => self.on_offered(vote, *node, now, rng, agenda),
            Event::Receipt { node, receipt, .. } => self.on_receipt(receipt, *node, now),
            Event::Problem(_) => {
                self.shared.counters.problems.fetch_add(1, Relaxed);
            }
            Event::Closed { closing, .. } => self.on_closed(*closing),
        }
    }
}

/// The newest are asked for most.
fn find(records: &mut [Record], run: RunId, id: BallotId) -> Option<&mut Record> {
    records.iter_mut().rev().find(|record| record.id == id && record.run == run)
}
