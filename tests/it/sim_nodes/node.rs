//! A node: one process after another over the same disk. What is real here: intake, shards, committer, restore, board,
//! and each directory's side of the ledger.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tallylight::{
    ballots::{
        committer::{Committer, Queue},
        inbox::Inbox,
        intake::{Intake, LedgerSide},
        restore::Restore,
        run_intake::RunIntake,
    },
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, RunId},
        limits,
        stance::{Stance, StanceCell},
    },
    providers::redis::{Config, Redis},
    shows::{board::Board, document::Document, run::Run, windows::Windows},
    wire::server::{Answer, Reason},
};

use super::{
    event::Event,
    journal::NodeJournal,
    mutants::Mutant,
    oracle::{Invariant, Says},
    world::{World, locked},
};
use crate::sim::disk::{Crash, Disk};

/// A data directory and what runs over it.
#[derive(Debug)]
pub struct Node {
    pub name: NodeId,
    pub disk: Disk,
    /// Counts the starts.
    pub life: u32,
    pub process: Option<Process>,
    /// Empty while it works.
    pub committer: Option<Committer<NodeJournal>>,
    /// The show as this node's disk has it.
    pub document: Document,
    /// It does not get the show before this moment.
    pub documents_from: u64,
    journals: Vec<JournalId>,
    /// The last start.
    pub up_since: u64,
}

/// One life of a node.
#[derive(Debug)]
pub struct Process {
    pub intake: Arc<Intake>,
    pub queue: Arc<Queue>,
    pub stance: Arc<StanceCell>,
    pub board: Board,
    /// When the board was as new as the show.
    pub fresh_at: Option<u64>,
    /// How far this process's clock is ahead or behind, microseconds.
    pub clock_off_us: i64,
    /// One session per device.
    pub inboxes: BTreeMap<u32, Arc<Inbox>>,
    pub couriers: BTreeMap<(RunId, u16), Courier>,
    /// Runs whose ballots are to be carried from now on.
    carried: Arc<Mutex<Vec<Arc<RunIntake>>>>,
    round_is_due: bool,
    round_again: bool,
    /// The first windows of each run, for the mutant that keeps them.
    first_windows: BTreeMap<RunId, Windows>,
}

/// Carries one bucket of a run, as `courier.rs` does.
#[derive(Debug, Clone, Default)]
pub struct Courier {
    /// Calls in a row that had no answer.
    pub failures: u32,
    /// Names the turn that is due: one that was put off by another does nothing.
    pub tick: u64,
    pub due: u64,
    pub is_flying: bool,
    /// The last answer.
    pub done_at: u64,
}

impl Node {
    pub fn new(number: usize, document: &Document) -> Self {
        Self {
            name: name(number),
            disk: Disk::default(),
            life: 0,
            process: None,
            committer: None,
            document: document.clone(),
            documents_from: 0,
            journals: Vec::new(),
            up_since: 0,
        }
    }

    /// Nothing waits here, and the ledger has been asked since a moment.
    pub fn is_at_rest(&self, since: u64) -> bool {
        let Some(process) = self.process.as_ref().filter(|process| !process.round_is_due) else { return false };
        self.committer.is_some()
            && process.couriers.iter().all(|((run, bucket), courier)| {
                let Some(intake) = process.intake.run(*run) else { return false };
                let call = intake.next_call(*bucket, false).expect("the ledger is remote");
                courier.done_at > since && call.batch.is_none() && !call.create && intake.outstanding() == 0
            })
    }
}

/// The name of a node's directory.
pub fn name(number: usize) -> NodeId {
    NodeId(100 + number as u64)
}

/// A way to a Redis that nobody ever goes.
fn no_redis() -> Redis {
    let urls = vec!["redis://127.0.0.1:1".into()];
    Redis::open(&Config { urls, cluster: false, ca_file: None }).expect("an address")
}

impl World {
    /// Whether a life of a node goes on.
    pub fn lives(&self, node: usize, life: u32) -> bool {
        self.nodes[node].life == life && self.nodes[node].process.is_some()
    }

    /// Starts a node: a new journal, the older ones read again, the show as its disk has it.
    pub fn start(shared: &Arc<Mutex<Self>>, node: usize) {
        let mut guard = locked(shared);
        let world = &mut *guard;
        if world.nodes[node].process.is_some() {
            return;
        }
        world.count("starts");
        let id = match (world.mutant, world.nodes[node].journals.first()) {
            (Some(Mutant::JournalIdReused), Some(first)) => *first,
            _ => JournalId(world.rng.u64(..)),
        };
        let (fresh, cut) = world.nodes[node].disk.settle();
        world.count_many("groups found after a crash", u64::from(!fresh.is_empty()));
        world.count_many("bytes cut from torn tails", cut as u64);
        world.oracle.learn(node, &fresh);
        let (queue, stance) = (Arc::new(Queue::default()), Arc::new(StanceCell::default()));
        let carried: Arc<Mutex<Vec<Arc<RunIntake>>>> = Arc::default();
        let carry = carried.clone();
        let side = LedgerSide {
            directory: world.nodes[node].name,
            redis: no_redis(),
            carry: Box::new(move |run| carry.lock().expect("one thread").push(run.clone())),
        };
        let intake = Arc::new(Intake::new(queue.clone(), stance.clone(), Some(side)));
        world.restore(node, &intake);
        let clock_off_us = world.rng.i64(-40_000..40_000);
        let now = world.now;
        let this = &mut world.nodes[node];
        this.life += 1;
        this.up_since = now;
        this.journals.push(id);
        let life = this.life;
        this.process = Some(Process {
            intake,
            queue: queue.clone(),
            stance: stance.clone(),
            board: Board::default(),
            fresh_at: None,
            clock_off_us,
            inboxes: BTreeMap::new(),
            couriers: BTreeMap::new(),
            carried,
            round_is_due: false,
            round_again: false,
            first_windows: BTreeMap::new(),
        });
        let journal = NodeJournal::create(shared, world, node, id);
        world.nodes[node].committer = Some(Committer::new(queue, journal, stance));
        world.follow(node);
        let refresh_us = world.rng.u64(5000..60_000);
        world.after(refresh_us, Event::Refresh { node, life });
    }

    fn restore(&mut self, node: usize, intake: &Intake) {
        let this = &self.nodes[node];
        let wanted = Board::of(&this.document).runs().iter().map(|run| run.definition.clone()).collect::<Vec<_>>();
        let mut restore = Restore::wanting(wanted.into_iter(), Some(this.name));
        for (journal, record) in this.disk.replay() {
            restore.take(journal, record.frame());
        }
        for incident in &restore.incidents {
            self.oracle.blame(Invariant::Replay, incident.clone());
        }
        restore.finish().for_each(|run| intake.adopt(run));
    }

    /// A committer's turn, and what comes of it.
    pub fn round(shared: &Arc<Mutex<Self>>, node: usize, life: u32) {
        let mut committer = {
            let mut world = locked(shared);
            if !world.lives(node, life) {
                return;
            }
            let this = &mut world.nodes[node];
            let process = this.process.as_mut().expect("it lives");
            process.round_is_due = false;
            let Some(committer) = this.committer.take() else {
                // It waits for the disk and looks again when it is done.
                process.round_again = true;
                return;
            };
            committer
        };
        committer.round();
        let mut world = locked(shared);
        if !world.lives(node, life) {
            return;
        }
        world.nodes[node].committer = Some(committer);
        world.deliver(node);
        world.wake_couriers(node);
        let process = world.nodes[node].process.as_mut().expect("it lives");
        if std::mem::take(&mut process.round_again) {
            world.wake_committer(node, 50);
        }
        let failed = world.nodes[node].process.as_ref().is_some_and(|it| it.stance.get() == Stance::JournalFailed);
        if failed {
            let delay_us = world.rng.u64(10_000..600_000);
            world.after(delay_us, Event::Watchdog { node, life });
        }
    }

    /// The committer is to look at its queue, unless it will anyway.
    pub fn wake_committer(&mut self, node: usize, delay_us: u64) {
        let life = self.nodes[node].life;
        let Some(process) = &mut self.nodes[node].process else { return };
        if !std::mem::replace(&mut process.round_is_due, true) {
            self.after(delay_us, Event::Round { node, life });
        }
    }

    /// A node looks at the show, unless it cannot.
    pub fn refresh(&mut self, node: usize, life: u32) {
        if !self.lives(node, life) {
            return;
        }
        let again_us = self.rng.u64(100_000..400_000);
        self.after(again_us, Event::Refresh { node, life });
        if self.now < self.nodes[node].documents_from || !self.server.gives_documents(node, self.now) {
            return;
        }
        let this = &mut self.nodes[node];
        let process = this.process.as_mut().expect("it lives");
        process.fresh_at = Some(self.now);
        if process.board.revision != self.staff.document.revision {
            this.document = self.staff.document.clone();
            self.follow(node);
        }
        self.look_at_the_board(node);
    }

    /// Brings a node in line with the show as it has it.
    fn follow(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        let board = Board::of(&this.document);
        let process = this.process.as_mut().expect("it lives");
        for run in board.runs() {
            let mut run = run.clone();
            if self.mutant == Some(Mutant::WindowsKept) && !run.windows.spans.is_empty() {
                let first = process.first_windows.entry(run.definition.run).or_insert_with(|| run.windows.clone());
                run.windows = first.clone();
            }
            if self.mutant == Some(Mutant::SegmentsForgotten) {
                run.windows.tracks.iter_mut().for_each(|track| track.window = None);
            }
            if self.mutant == Some(Mutant::SealWithoutMark) {
                run.seal_revision = None;
            }
            process.intake.follow(&run, board.roster());
        }
        process.board = board;
        let carried = std::mem::take(&mut *process.carried.lock().expect("one thread"));
        let life = this.life;
        let new = |run: &Arc<RunIntake>| {
            let id = run.id();
            (0..run.definition.buckets).map(move |bucket| (id, bucket))
        };
        let keys: Vec<(RunId, u16)> = carried.iter().flat_map(new).collect();
        process.couriers.extend(keys.iter().map(|key| (*key, Courier::default())));
        keys.into_iter().for_each(|key| self.put_off(node, key, 0));
        let sealed: Vec<_> = self.nodes[node].document.runs.iter().filter(|run| run.sealed().is_some()).collect();
        let sealed: Vec<RunId> = sealed.into_iter().map(Run::id).collect();
        for run in sealed {
            let delay_us = self.rng.u64(0..700_000);
            self.after(delay_us, Event::Seal { node, life, run });
        }
    }

    pub fn tell_seal(&mut self, node: usize, life: u32, run: RunId) {
        if !self.lives(node, life) {
            return;
        }
        let Some(seal) = self.oracle.seals.get(&run) else { return };
        let seal = seal.seal.clone();
        let process = self.nodes[node].process.as_ref().expect("it lives");
        let Some(intake) = process.intake.run(run) else { return };
        if intake.seal_known() < seal.revision {
            intake.set_seal(seal);
            for bucket in 0..intake.definition.buckets {
                self.wake_courier(node, (run, bucket));
            }
        }
    }

    /// Holds ballots while the board is old; `true`: it is.
    pub fn look_at_the_board(&mut self, node: usize) -> bool {
        let fresh = self.nodes[node].process.as_ref().and_then(|process| process.fresh_at);
        let blind = fresh.is_none_or(|at| self.now - at > limits::BOARD_FRESH_MS * 1000);
        if let Some(process) = &self.nodes[node].process {
            process.stance.set_holding(blind && self.mutant != Some(Mutant::HoldingIgnored));
        }
        blind
    }

    /// A node's clock.
    pub fn clock_of(&self, node: usize) -> Micros {
        let off_us = self.nodes[node].process.as_ref().map_or(0, |process| process.clock_off_us);
        Micros(self.clock().0.saturating_add_signed(off_us))
    }

    /// Receipts that are in inboxes leave the node.
    pub fn deliver(&mut self, node: usize) {
        let Some(process) = &self.nodes[node].process else { return };
        let mut taken: Vec<_> = process.inboxes.iter().map(|(device, inbox)| (*device, inbox.take())).collect();
        for (_, receipts) in &mut taken {
            // A shard tells its voters in the order of a hash table.
            receipts.sort_by_key(|receipt| (receipt.run, receipt.id));
        }
        for (device, receipts) in taken {
            for receipt in receipts {
                self.leaves(node, device, receipt);
            }
        }
        self.compare_published(node);
    }

    fn compare_published(&mut self, node: usize) {
        let this = &self.nodes[node];
        let Some(process) = &this.process else { return };
        for run in &this.document.runs {
            if let Some(intake) = process.intake.run(run.id()) {
                self.oracle.published((node, this.life), run.id(), &intake.totals());
            }
        }
    }

    /// A file of a disk is durable now, and the oracle knows.
    pub fn durable(&mut self, node: usize, file: usize) {
        let fresh = self.nodes[node].disk.sync(file);
        self.oracle.learn(node, &fresh);
    }

    /// A node ends.
    pub fn crash(&mut self, node: usize, crash: Crash) {
        let this = &mut self.nodes[node];
        if this.process.take().is_none() {
            return;
        }
        this.committer = None;
        this.disk.trouble = None;
        match crash {
            Crash::Kill => self.count("kills"),
            Crash::PowerCut => {
                self.count("power cuts");
                if self.nodes[node].disk.cut_power(&mut self.rng) {
                    self.count("torn groups");
                }
            }
        }
        self.look_for_double_losses();
        let away = self.plan.double && self.percent(30);
        let down_us = if away { self.rng.u64(2_000_000..5_000_000) } else { self.rng.u64(20_000..1_200_000) };
        self.count_many("nodes away for longer than the barrier", u64::from(away));
        self.after(down_us, Event::Start(node));
    }

    /// Tells the oracle of a receipt that leaves a node.
    pub fn says(&mut self, node: usize, blind: bool, receipt: &tallylight::wire::server::Receipt) -> Says {
        if blind && receipt.is == Answer::Refused && receipt.reason == Some(Reason::NotOpen) {
            self.oracle.blame(Invariant::HeldWhileBlind, format!("node {node}: {receipt:?}"));
        }
        Says { node, life: self.nodes[node].life }
    }
}
