//! The world of one seed: virtual time, one queue of events, one source of chance. Nothing here waits, and nothing looks
//! at a real clock: two runs of one seed are the same to the last event.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use fastrand::Rng;
use tallylight::base::clock::Micros;

use super::{
    clients::Clients,
    event::Event,
    flights::Flight,
    mutants::Mutant,
    node::Node,
    oracle::{Invariant, Oracle},
    plan::Plan,
    server::Server,
    staff::Staff,
};
use crate::sim::seeds::{Outcome, Trace};

/// The moment at which every simulation begins.
const BEGIN: u64 = 1_750_000_000_000_000;
/// Events after which a seed is given up: something goes round in circles.
const EVENTS_MAX: u64 = 400_000;
/// After the healing nothing may be held for longer.
const DECIDED_US: u64 = 10_000_000;
/// … and everything has to be settled and at rest: a run that is over is looked at once in 75 s.
const SETTLE_US: u64 = 100_000_000;

#[derive(Debug)]
pub struct World {
    /// Virtual microseconds since the begin.
    pub now: u64,
    pub rng: Rng,
    pub plan: Plan,
    pub mutant: Option<Mutant>,
    pub nodes: Vec<Node>,
    pub server: Server,
    pub flights: Vec<Flight>,
    pub staff: Staff,
    pub clients: Clients,
    pub oracle: Oracle,
    /// How often what happened.
    pub figures: BTreeMap<&'static str, u64>,
    /// When all faults ended.
    pub healed: Option<u64>,
    pub trace: Trace,
    pub over: bool,
    events: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
}

/// Runs one seed to its end.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome<Invariant> {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::of(&mut rng);
    let staff = Staff::new(&plan);
    let nodes = (0..plan.nodes).map(|number| Node::new(number, &staff.document)).collect();
    let world = World {
        now: 0,
        nodes,
        server: Server::new(plan.nodes),
        flights: Vec::new(),
        staff,
        oracle: Oracle::new(plan.votes),
        plan,
        rng,
        mutant,
        clients: Clients::default(),
        figures: BTreeMap::new(),
        healed: None,
        trace: Trace::default(),
        over: false,
        events: BTreeMap::new(),
        scheduled: 0,
    };
    let shared = Arc::new(Mutex::new(world));
    {
        let mut world = locked(&shared);
        for node in 0..world.plan.nodes {
            world.after(0, Event::Start(node));
        }
        world.after(100_000, Event::Staff);
        world.after(1_500_000, Event::Chance);
    }
    go_on(&shared, u64::MAX, None);
    let mut world = locked(&shared);
    world.audit();
    // Their journals have this world: it would never go.
    let committers: Vec<_> = world.nodes.iter_mut().map(|node| node.committer.take()).collect();
    let figures = std::mem::take(&mut world.figures);
    let blamed = std::mem::take(&mut world.oracle.blamed);
    let about = format!("{:?}\n{:?}\n", world.plan, world.oracle.damaged);
    let outcome = Outcome { blamed, figures, trace: world.trace, about };
    drop(world);
    drop(committers);
    outcome
}

/// The world, which nobody else can have: there is one thread.
pub fn locked(shared: &Mutex<World>) -> MutexGuard<'_, World> {
    shared.try_lock().expect("one thread, one lock at a time")
}

/// Lets the world go on up to a moment; with a life only as long as that lasts. The world is not locked while a committer
/// works: its journal takes it, and comes here to wait for the disk.
pub fn go_on(shared: &Arc<Mutex<World>>, until: u64, life: Option<(usize, u32)>) {
    loop {
        let event = {
            let mut world = locked(shared);
            if world.over || life.is_some_and(|(node, life)| !world.lives(node, life)) {
                return;
            }
            if life.is_none() && world.is_at_rest() {
                return;
            }
            let Some(event) = world.next(until) else {
                if life.is_some() {
                    world.now = world.now.max(until);
                }
                return;
            };
            event
        };
        match event {
            Event::Start(node) => World::start(shared, node),
            Event::Round { node, life } => World::round(shared, node, life),
            event => locked(shared).happen(event),
        }
    }
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
        // A committer that waited for another one's disk is late.
        self.now = self.now.max(at);
        self.trace.add(&format!("{at} {event:?}"));
        self.count("events");
        if self.figures["events"] > EVENTS_MAX {
            self.over = true;
        }
        Some(event)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Send(offer) => self.send(offer),
            Event::Arrive { offer, node } => self.arrive(offer, node),
            Event::Cast { offer, node, received, life } => self.cast(offer, node, received, life),
            Event::Ask { offer, node } => self.ask(offer, node),
            Event::Reply(offer, receipt) => self.reply(offer, &receipt),
            Event::Timeout { offer, attempt } => self.timeout(offer, attempt),
            Event::Turn { node, life, run, bucket, tick } => self.turn(node, life, (run, bucket), tick),
            Event::Execute(flight) => self.execute(flight),
            Event::Answer(flight) => self.answer(flight),
            Event::NoAnswer(flight) => self.no_answer(flight),
            Event::Refresh { node, life } => self.refresh(node, life),
            Event::Seal { node, life, run } => self.tell_seal(node, life, run),
            Event::Mark { revision, run, bucket } => self.mark(run, revision, bucket),
            Event::Read { revision, run } => self.read(run, revision),
            Event::Staff => self.staff_acts(),
            Event::Chance => self.chance(),
            Event::Fault(fault) => self.fault(fault),
            Event::Watchdog { node, life } => self.watchdog(node, life),
            Event::Sync { node, file } => self.durable(node, file),
            Event::Heal => self.heal(),
            Event::AllDecided => self.nothing_is_held(),
            Event::Deadline => self.over = true,
            Event::Start(_) | Event::Round { .. } => unreachable!("these belong to the committers"),
        }
    }

    /// The true clock.
    pub fn clock(&self) -> Micros {
        Micros(BEGIN + self.now)
    }

    /// The moment of the true clock.
    pub fn at(moment: Micros) -> u64 {
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

    fn heal(&mut self) {
        self.healed = Some(self.now);
        self.server.heal();
        for node in 0..self.nodes.len() {
            let this = &mut self.nodes[node];
            (this.disk.slow, this.disk.trouble, this.documents_from) = (0, None, 0);
            if this.process.is_none() {
                self.after(0, Event::Start(node));
            }
        }
        self.after(DECIDED_US, Event::AllDecided);
        self.after(SETTLE_US, Event::Deadline);
    }

    /// Healed, up, nobody waits for anything, and every courier has been at the ledger since.
    fn is_at_rest(&self) -> bool {
        let Some(healed) = self.healed else { return false };
        let since = healed + DECIDED_US;
        self.now > since && self.clients.all_settled() && self.nodes.iter().all(|node| node.is_at_rest(since))
    }
}
