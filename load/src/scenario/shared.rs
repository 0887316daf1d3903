//! What all viewers of one process share: the plan, the server's clock, and one set of notes.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde::{Deserialize, Serialize};
use tallylight::{
    base::{
        clock::{Clock, Micros},
        ids::RunId,
    },
    viewer::{backoff::Closing, connection::NodeAddress},
    wire::server::{Phase, RunView},
};

use super::plan::{Opening, Plan};
use crate::{
    audience::record::Record,
    book::{
        Book,
        series::{Kind, Series},
    },
};

/// Connections from one local address: far below the 28,000 ports it has, and below what a node takes from one network.
const CONNECTIONS_PER_SOURCE: usize = 2000;

/// What all viewers of a process know.
#[derive(Debug)]
pub struct Shared {
    pub plan: Plan,
    /// The server's time.
    pub clock: Clock,
    pub nodes: Vec<NodeAddress>,
    pub show: String,
    pub origin: Option<String>,
    pub live: Live,
    notes: Mutex<Notes>,
    openings: Mutex<HashMap<RunId, Opening>>,
}

/// How it goes: moving figures.
#[derive(Debug, Default)]
pub struct Live {
    pub connected: AtomicU64,
    pub joined: AtomicU64,
    /// Ballots that were sent, and those that have their final answer.
    pub sent: AtomicU64,
    pub settled: AtomicU64,
    pub counted: AtomicU64,
    pub errors: AtomicU64,
}

/// [`Live`] as it is told to the leader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub connected: u64,
    pub joined: u64,
    pub sent: u64,
    pub settled: u64,
    pub counted: u64,
    pub errors: u64,
}

impl Live {
    /// The figures of now.
    pub fn figures(&self) -> Figures {
        let [connected, joined, sent, settled, counted, errors] =
            [&self.connected, &self.joined, &self.sent, &self.settled, &self.counted, &self.errors]
                .map(|counter| counter.load(Relaxed));
        Figures { connected, joined, sent, settled, counted, errors }
    }
}

/// What is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notes {
    pub book: Book,
    pub series: Series,
    /// Ends of connections, problems and refusals, by their code.
    pub errors: BTreeMap<String, u64>,
    /// Answers to what was written, and other things that are no errors.
    pub words: BTreeMap<String, u64>,
}

impl Shared {
    /// For the viewers of a plan; the arrivals are in the notes from the first.
    pub fn new(plan: Plan, clock: Clock, nodes: Vec<NodeAddress>, show: String, origin: Option<String>) -> Self {
        let mut series = Series::new(plan.start());
        for viewer in plan.viewers() {
            series.due(Kind::Join, plan.joins(viewer));
        }
        let notes = Notes { book: Book::default(), series, errors: BTreeMap::new(), words: BTreeMap::new() };
        let (live, notes, openings) = (Live::default(), Mutex::new(notes), Mutex::default());
        Self { plan, clock, nodes, show, origin, live, notes, openings }
    }

    /// The notes, for a moment.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("no panic under the lock")
    }

    /// What was due then is done.
    pub fn done(&self, kind: Kind, due: Micros, now: Micros) {
        self.notes().series.done(kind, due, now);
    }

    /// Something did not go as it should.
    pub fn error(&self, word: String) {
        self.live.errors.fetch_add(1, Relaxed);
        *self.notes().errors.entry(word).or_default() += 1;
    }

    /// Something happened that is no error.
    pub fn word(&self, word: String) {
        *self.notes().words.entry(word).or_default() += 1;
    }

    /// A connection ended, and not because this program wanted it to.
    pub fn closed(&self, closing: Closing) {
        match closing {
            Closing::Moved | Closing::Left => {}
            Closing::Told { .. } => self.word("told to reconnect".to_owned()),
            Closing::Code(code) => self.error(format!("closed with {code}")),
            Closing::Status(status) => self.error(format!("upgrade refused with {status}")),
            Closing::Broken => self.error("connection broke".to_owned()),
            Closing::Unreachable => self.error("no connection".to_owned()),
        }
    }

    /// The opening of a run that is open. The first that hears of it puts all ballots that will be due into the books,
    /// also those of viewers who never hear of it.
    pub fn opening(self: &Arc<Self>, run: &RunView) -> Option<Opening> {
        if run.phase != Phase::Open {
            return None;
        }
        let mut openings = self.openings.lock().expect("no panic under the lock");
        if let Some(opening) = openings.get(&run.id) {
            return Some(*opening);
        }
        let opening = Opening {
            run: run.id,
            at: run.opens_at.map_or_else(|| self.clock.now(), Micros::from_ms),
            closes: run.closes_at.map(Micros::from_ms),
            votes: if run.writing.is_some() { 0 } else { run.votes },
            changeable: run.changeable,
        };
        openings.insert(run.id, opening);
        drop(openings);
        let (shared, cue, writes) = (Arc::clone(self), run.cue.clone(), run.writing.is_some());
        // So many dice take some milliseconds, in which the others go on.
        tokio::task::spawn_blocking(move || shared.plan_run(&opening, cue, writes));
        Some(opening)
    }

    fn plan_run(&self, opening: &Opening, cue: String, writes: bool) {
        let viewers = || self.plan.viewers();
        let ballots: Vec<_> = viewers().flat_map(|viewer| self.plan.ballots(viewer, opening)).collect();
        let texts: Vec<_> = viewers().filter(|_| writes).filter_map(|viewer| self.plan.asks(viewer, opening)).collect();
        let mut notes = self.notes();
        let run = notes.book.runs.entry(opening.run).or_default();
        run.cue = cue;
        run.changeable = opening.changeable;
        run.votes_per_voter = opening.votes;
        run.due += ballots.len() as u64;
        for due in ballots {
            notes.series.due(Kind::Vote, due.at);
        }
        for at in texts {
            notes.series.due(Kind::Said, at);
        }
    }

    /// Taps that were sent.
    pub fn tapped(&self, run: RunId, taps: u64) {
        self.notes().book.runs.entry(run).or_default().taps += taps;
    }

    /// A viewer is done: its ballots go into the book.
    pub fn finished(&self, records: &[Record], strays: u64) {
        self.notes().book.add(records, strays);
    }

    /// The local address of a viewer, if the nodes are on this machine: each has a network of its own.
    pub fn source(&self, viewer: usize) -> Option<IpAddr> {
        let local = |node: &NodeAddress| node.host().parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
        self.nodes.iter().all(local).then(|| {
            let number = viewer / CONNECTIONS_PER_SOURCE % 50_000;
            let [high, low] = [number / 250, number % 250].map(|n| u8::try_from(n).unwrap_or(0));
            IpAddr::V4(Ipv4Addr::new(127, 10 + high, low, 1))
        })
    }
}
