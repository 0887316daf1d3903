//! The world of one seed: virtual time, one queue of events, one source of chance. Nothing here waits, and nothing looks
//! at a real clock: two runs of one seed are the same to the last event.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use fastrand::Rng;
use tallylight::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId, VoterId},
    },
    wire::server::Receipt,
};

use super::{
    clients::Clients,
    disk::{Crash, Disk, SimJournal},
    event::Event,
    faults::Fault,
    mutants::Mutant,
    node::{self, Process},
    oracle::{Invariant, Oracle},
    plan::Plan,
    seeds::{Outcome, Trace},
    staff::Staff,
};

/// The moment at which every simulation begins.
const BEGIN: u64 = 1_750_000_000_000_000;
/// Events after which a seed is given up: something goes round in circles.
const EVENTS_MAX: u64 = 500_000;
/// How long after the healing everything has to be settled.
const SETTLE_US: u64 = 30_000_000;

/// Everything but the committer, which works on it from outside.
#[derive(Debug)]
pub struct World {
    /// Virtual microseconds since the begin.
    pub now: u64,
    pub rng: Rng,
    pub plan: Plan,
    pub mutant: Option<Mutant>,
    pub disk: Disk,
    /// Counts the starts of the node.
    pub life: u32,
    /// The running node, if it runs.
    pub process: Option<Process>,
    pub staff: Staff,
    pub clients: Clients,
    pub oracle: Oracle,
    /// How often what happened.
    pub figures: BTreeMap<&'static str, u64>,
    pub healed: bool,
    pub trace: Trace,
    events: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    round_is_due: bool,
    over: bool,
}

/// Runs one seed to its end.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome<Invariant> {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::of(&mut rng);
    let clients = Clients::new(plan.changeable);
    let world = World {
        now: 0,
        staff: Staff::new(&plan),
        oracle: Oracle::new(plan.votes),
        plan,
        rng,
        mutant,
        disk: Disk::default(),
        life: 0,
        process: None,
        clients,
        figures: BTreeMap::new(),
        healed: false,
        trace: Trace::default(),
        events: BTreeMap::new(),
        scheduled: 0,
        round_is_due: false,
        over: false,
    };
    let shared = Arc::new(Mutex::new(world));
    let mut committer = None;
    {
        let mut world = locked(&shared);
        world.after(0, Event::Start);
        world.after(1000, Event::Staff);
        world.after(500_000, Event::Chance);
    }
    loop {
        // The lock is never held while the committer works: its journal takes it.
        let Some(event) = locked(&shared).next(u64::MAX) else { break };
        match event {
            Event::Start => committer = Some(node::start(&shared)),
            Event::Round => {
                locked(&shared).round_is_due = false;
                if let Some(running) = &mut committer {
                    node::round(&shared, running);
                }
            }
            event => locked(&shared).happen(event),
        }
        if locked(&shared).process.is_none() {
            committer = None;
        }
        let world = locked(&shared);
        if world.over || world.settled() {
            break;
        }
    }
    drop(committer);
    let mut world = locked(&shared);
    world.audit();
    let figures = std::mem::take(&mut world.figures);
    let blamed = std::mem::take(&mut world.oracle.blamed);
    Outcome { blamed, figures, trace: world.trace, about: String::new() }
}

/// The world, which nobody else can have: there is one thread.
pub fn locked(shared: &Mutex<World>) -> MutexGuard<'_, World> {
    shared.try_lock().expect("one thread, one lock at a time")
}

impl World {
    /// Schedules an event.
    pub fn after(&mut self, delay_us: u64, event: Event) {
        self.scheduled += 1;
        self.events.insert((self.now + delay_us, self.scheduled), event);
    }

    /// The next event up to a moment; time moves to it.
    fn next(&mut self, until: u64) -> Option<Event> {
        let entry = self.events.first_entry().filter(|entry| entry.key().0 <= until)?;
        let ((at, _), event) = entry.remove_entry();
        self.now = at;
        self.trace.add(&format!("{at} {event:?}"));
        self.count("events");
        if self.figures["events"] > EVENTS_MAX {
            self.over = true;
        }
        Some(event)
    }

    /// Lets the world go on while the committer waits for the disk, unless the node ends before.
    pub fn go_on_until(&mut self, until: u64) {
        let life = self.life;
        while self.process.is_some() && self.life == life && !self.over {
            let Some(event) = self.next(until) else { break };
            match event {
                // The committer is at it already and looks again when it is done.
                Event::Round => self.round_is_due = false,
                event => self.happen(event),
            }
        }
        self.now = self.now.max(if self.process.is_some() { until } else { self.now });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Send(offer) => self.send(offer),
            Event::Arrive(offer) => self.arrive(offer),
            Event::Cast { offer, received, life } => self.cast(offer, received, life),
            Event::Ask(offer) => self.ask(offer),
            Event::Reply(offer, receipt) => self.reply(offer, &receipt),
            Event::Timeout { offer, attempt } => self.timeout(offer, attempt),
            Event::Staff => self.staff_acts(),
            Event::Chance => self.chance(),
            Event::Fault(fault) => self.fault(fault),
            Event::Drained { life } => self.drained(life),
            Event::Watchdog { life } => self.watchdog(life),
            Event::Sync(file) => self.durable(file),
            Event::Heal => self.heal(),
            Event::Deadline => self.over = true,
            Event::Start | Event::Round => unreachable!("these belong to the committer"),
        }
    }

    /// The committer is to look at its queue, unless it will anyway.
    pub fn wake(&mut self, delay_us: u64) {
        if !self.round_is_due {
            self.round_is_due = true;
            self.after(delay_us, Event::Round);
        }
    }

    /// The node's clock.
    pub fn clock(&self) -> Micros {
        let back = self.process.as_ref().map_or(0, |process| process.clock_back_us);
        Micros(BEGIN + self.now - back)
    }

    /// The moment of the true clock, for those who need no node.
    pub fn at(&self, moment: Micros) -> u64 {
        moment.0.saturating_sub(BEGIN)
    }

    pub fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub fn count_many(&mut self, what: &'static str, times: u64) {
        *self.figures.entry(what).or_default() += times;
    }

    /// Chance, in percent.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// A file of the disk is durable now, and the oracle knows.
    pub fn durable(&mut self, file: usize) {
        let fresh = self.disk.sync(file);
        self.learn(&fresh);
    }

    /// The node ends.
    pub fn crash(&mut self, crash: Crash) {
        if self.process.take().is_none() {
            return;
        }
        self.disk.trouble = None;
        match crash {
            Crash::Kill => self.count("kills"),
            Crash::PowerCut => {
                self.count("power cuts");
                if self.disk.cut_power(&mut self.rng) {
                    self.count("torn groups");
                }
            }
        }
        let down_us = self.rng.u64(20_000..1_500_000);
        self.after(down_us, Event::Start);
    }

    /// A crash at a moment within the commit that is going on.
    pub fn crash_in(&mut self, delay_us: u64, crash: Crash) {
        self.count("crashes between write and fsync");
        self.after(delay_us, Event::Fault(Fault::Crash { crash, life: self.life }));
    }

    /// Stands in for the disk that says yes too soon.
    pub fn sync_later(&mut self, file: usize, delay_us: u64) {
        self.after(delay_us, Event::Sync(file));
    }

    fn heal(&mut self) {
        self.healed = true;
        self.disk.full_until = 0;
        self.disk.slow = 0;
        self.disk.trouble = None;
        self.after(SETTLE_US, Event::Deadline);
    }

    /// Healed, up, and nobody waits for anything.
    fn settled(&self) -> bool {
        let idle = |process: &Process| process.sealing.is_none() && process.outstanding(&self.staff.document) == 0;
        self.healed && self.clients.all_settled() && self.process.as_ref().is_some_and(idle)
    }

    /// Names a ballot in the words of the oracle.
    pub fn receipt_leaves(&mut self, run: RunId, voter: VoterId, id: BallotId, picks: &[u16], receipt: &Receipt) {
        let Receipt { is, reason, at, left, repeated, .. } = receipt;
        self.trace.add(&format!("{run} {voter} {id} {is:?} {reason:?} {at:?} {left:?} {repeated}"));
        self.oracle.receipt((run, voter, id, picks.to_vec()), receipt);
    }
}

/// The journal's type, as the committer has it.
pub type Writer = tallylight::ballots::committer::Committer<SimJournal>;
