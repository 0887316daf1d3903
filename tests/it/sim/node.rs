//! The node: one process after another over the same disk. What is real here: intake, shards, committer, restore, board.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tallylight::{
    ballots::{
        committer::{Committer, Marked, Queue},
        inbox::Inbox,
        intake::Intake,
        restore::Restore,
    },
    base::{
        ids::{JournalId, RunId},
        stance::{Stance, StanceCell},
    },
    shows::{board::Board, document::Document, windows::Windows},
};

use super::{
    disk::SimJournal,
    event::Event,
    mutants::{self, Mutant},
    oracle::Invariant,
    world::{World, Writer, locked},
};

/// How long the committer takes to look again, microseconds.
const AGAIN_US: u64 = 200;
/// … when the disk is full, as `FULL_RETRY` of the real one.
const AGAIN_FULL_US: u64 = 200_000;
/// … when the journal has ended; only a new start helps.
const AGAIN_FAILED_US: u64 = 20_000;

/// A mark that is on its way.
pub struct Sealing {
    pub run: RunId,
    pub revision: u32,
    answer: Pin<Box<dyn Future<Output = Option<Marked>> + Send>>,
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealing {}@{}", self.run, self.revision)
    }
}

/// One life of the node.
#[derive(Debug)]
pub struct Process {
    pub intake: Arc<Intake>,
    pub stance: Arc<StanceCell>,
    pub board: Board,
    /// One session per device.
    pub inboxes: BTreeMap<u32, Arc<Inbox>>,
    pub sealing: Option<Sealing>,
    /// How far this process's clock is behind, microseconds.
    pub clock_back_us: u64,
    /// The first windows of each run, for the mutant that keeps them.
    first_windows: BTreeMap<RunId, Windows>,
}

impl Process {
    /// Ballots that are not settled, in all runs.
    pub fn outstanding(&self, document: &Document) -> u64 {
        let runs = document.runs.iter().filter_map(|run| self.intake.run(run.id()));
        runs.map(|run| run.outstanding()).sum()
    }
}

/// Starts the node: a new journal, the older ones read again, the show as the documents have it.
pub fn start(shared: &Arc<Mutex<World>>) -> Writer {
    let mut guard = locked(shared);
    let world = &mut *guard;
    world.life += 1;
    world.count("starts");
    let id = match (world.mutant, world.disk.first()) {
        (Some(Mutant::JournalIdReused), Some(first)) => first,
        _ => JournalId(world.rng.u64(..)),
    };
    if world.mutant != Some(Mutant::PageCacheTrusted) {
        let (fresh, cut) = world.disk.settle();
        world.count_many("groups found after a crash", u64::from(!fresh.is_empty()));
        world.count_many("bytes cut from torn tails", cut as u64);
        world.learn(&fresh);
    }
    let (queue, stance) = (Arc::new(Queue::default()), Arc::new(StanceCell::default()));
    let intake = Arc::new(Intake::new(queue.clone(), stance.clone(), None));
    let board = Board::of(&world.staff.document);
    world.restore(&board, &intake);
    let journal = SimJournal::create(shared, world, id);
    let clock_back_us = world.clock_step();
    world.process = Some(Process {
        intake,
        stance: stance.clone(),
        board: Board::default(),
        inboxes: BTreeMap::new(),
        sealing: None,
        clock_back_us,
        first_windows: BTreeMap::new(),
    });
    world.follow();
    world.compare_published();
    Committer::new(queue, journal, stance)
}

/// The committer's turn, and what comes of it.
pub fn round(shared: &Arc<Mutex<World>>, committer: &mut Writer) {
    committer.round();
    let mut world = locked(shared);
    if world.process.is_none() {
        return;
    }
    world.deliver();
    world.compare_published();
    world.marked();
    let Some(process) = &world.process else { return };
    let waiting = process.outstanding(&world.staff.document) > 0 || process.sealing.is_some();
    let (stance, life) = (process.stance.get(), world.life);
    match stance {
        Stance::JournalFailed => {
            let delay_us = world.rng.u64(10_000..600_000);
            world.after(delay_us, Event::Watchdog { life });
            world.wake(AGAIN_FAILED_US);
        }
        Stance::DiskFull => world.wake(AGAIN_FULL_US),
        Stance::Open | Stance::Holding | Stance::Draining if waiting => world.wake(AGAIN_US),
        Stance::Open | Stance::Holding | Stance::Draining => {}
    }
}

impl World {
    /// Reads the journals again, as the mutants would have it.
    fn restore(&mut self, board: &Board, intake: &Intake) {
        let wanted = || board.runs().iter().map(|run| run.definition.clone());
        let records = self.disk.replay();
        if self.mutant == Some(Mutant::VerdictDecidedAnew) {
            return mutants::decide_anew(board, &records, intake);
        }
        let mut restore = Restore::wanting(wanted(), None);
        for (journal, record) in &records {
            match self.mutant {
                Some(Mutant::NoReplay) => {}
                Some(mutant) => restore.take(*journal, mutant.change(record).frame()),
                None => restore.take(*journal, record.frame()),
            }
        }
        for incident in &restore.incidents {
            self.oracle.blame(Invariant::Replay, incident.clone());
        }
        for run in restore.finish() {
            intake.adopt(run);
        }
    }

    /// Brings the node in line with the show.
    pub fn follow(&mut self) {
        let Some(process) = &mut self.process else { return };
        let board = Board::of(&self.staff.document);
        for run in board.runs() {
            let mut run = run.clone();
            if self.mutant == Some(Mutant::WindowsKept) && !run.windows.spans.is_empty() {
                let first = process.first_windows.entry(run.definition.run).or_insert_with(|| run.windows.clone());
                run.windows = first.clone();
            }
            if self.mutant == Some(Mutant::SegmentsForgotten) {
                run.windows.tracks.iter_mut().for_each(|track| track.window = None);
            }
            if self.mutant == Some(Mutant::MarkForgotten) {
                run.seal_revision = None;
            }
            process.intake.follow(&run, board.roster());
        }
        process.board = board;
    }

    /// Receipts that the committer put into inboxes leave the node.
    fn deliver(&mut self) {
        let Some(process) = &self.process else { return };
        let taken: Vec<_> = process.inboxes.iter().map(|(device, inbox)| (*device, inbox.take())).collect();
        for (device, receipts) in taken {
            for receipt in receipts {
                self.leaves(device, receipt);
            }
        }
    }

    /// Asks for all buckets to be marked.
    pub fn mark(&mut self, run: RunId, revision: u32) {
        let Some(process) = &mut self.process else { return };
        let intake = process.intake.clone();
        let without = self.mutant == Some(Mutant::SealWithoutMark);
        let answer: Pin<Box<dyn Future<Output = Option<Marked>> + Send>> = if without {
            Box::pin(async move { mutants::sum_only(&intake, run) })
        } else {
            Box::pin(async move { intake.mark(run, revision).await })
        };
        process.sealing = Some(Sealing { run, revision, answer });
        self.marked();
        self.wake(AGAIN_US);
    }

    /// Looks whether the mark is done.
    fn marked(&mut self) {
        let Some(process) = &mut self.process else { return };
        let Some(sealing) = &mut process.sealing else { return };
        let Poll::Ready(marked) = sealing.answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { return };
        let Sealing { run, revision, .. } = process.sealing.take().expect("just polled");
        self.sealed(run, revision, marked);
    }

    /// What is published is what is on disk; the oracle compares.
    pub fn compare_published(&mut self) {
        let Some(process) = &self.process else { return };
        let exact = process.stance.get() != Stance::JournalFailed;
        for run in &self.staff.document.runs {
            if let Some(intake) = process.intake.run(run.id()) {
                self.oracle.published(run.id(), &intake.totals(), exact);
            }
        }
    }

    /// The same while a group is on its way, when less may be published than the disk has.
    pub fn nothing_undurable_is_out(&mut self) {
        let Some(process) = &self.process else { return };
        for run in &self.staff.document.runs {
            if let Some(intake) = process.intake.run(run.id()) {
                self.oracle.published(run.id(), &intake.totals(), false);
            }
        }
    }
}
