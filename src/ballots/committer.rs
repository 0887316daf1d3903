//! The committer: one thread that writes what is staged in one group, and tells nobody before the disk has it. Where the
//! ledger is embedded it decides first; a ledger of several nodes decides what is on disk (`courier.rs`).
//! While a group is on its way the next one gathers by itself, and while sessions have more to bring, too; there is no timer.

mod queue;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::sync::oneshot;

pub use self::queue::Queue;
use self::queue::Waiting;

use super::{
    ballot::{Ballot, Place},
    bucket::{Batch, Decision, Totals},
    manifest::LedgerKind,
    reconcile::News,
    record::{self, BallotRecord},
    run_intake::RunIntake,
};
use crate::{
    base::{
        clock::Stopwatch,
        ids::{BallotId, JournalId, RunId, VoterId},
        limits,
        stance::{JournalState, StanceCell},
    },
    providers::journal::{Frame, Journal, JournalError},
    shows::windows::Windows,
};

/// How often a group that found the disk full is tried again.
const FULL_RETRY: Duration = Duration::from_millis(200);

/// How often an idle committer looks at the room on the disk.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// … and a busy one: every journal write that needs more room asks for it anyway.
const LOOK_BUSY: Duration = Duration::from_millis(100);

/// Something to be done in the order of the ballots.
#[derive(Debug)]
pub enum Order {
    /// Mark all buckets of a run for a seal.
    Mark {
        /// The run.
        run: Arc<RunIntake>,
        /// The seal's revision.
        revision: u32,
        /// Gets what the buckets held.
        reply: oneshot::Sender<Marked>,
    },
}

/// What the buckets of a run held when they were marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The sum of all buckets.
    pub totals: Totals,
    /// Per bucket and journal the last number that is part of the seal.
    pub watermarks: Vec<(u16, JournalId, u64)>,
    /// Copies above these that are in the totals, each with its bucket: the ledger of several nodes has lost their numbers,
    /// and another node has told of them.
    pub beyond: Vec<(u16, Place)>,
    /// Copies below these that came after a mark and are kept apart, each with its bucket.
    pub apart: Vec<(u16, Place)>,
    /// Numbers up to there whose records are lost: ballots that may be missing from the totals.
    pub lost: u64,
    /// Who decided.
    pub ledger: LedgerKind,
    /// Copies that have another verdict than somebody was told, each with its bucket.
    pub changed: Vec<(u16, Place)>,
}

/// One group: what was decided together and goes to disk together.
#[derive(Debug, Default)]
struct Group {
    bytes: Vec<u8>,
    frames: Vec<Record>,
    /// Frames that the journal has taken already.
    appended: usize,
    parts: Vec<Part>,
    /// Ballots and verdicts in all parts.
    size: usize,
}

#[derive(Debug)]
struct Record {
    kind: u8,
    run: RunId,
    bucket: u16,
    seq: u64,
    end: usize,
}

/// What of one shard is in a group.
#[derive(Debug)]
struct Part {
    run: Arc<RunIntake>,
    bucket: u16,
    /// Ballots that were decided here.
    decided: Vec<(VoterId, BallotId, Decision)>,
    /// Ballots that a ledger has to decide, with their numbers.
    logged: Vec<(u64, Ballot)>,
    /// What a ledger has decided.
    verdicts: Vec<News>,
}

/// The owner of the journal.
#[derive(Debug)]
pub struct Committer<J> {
    queue: Arc<Queue>,
    journal: J,
    stance: Arc<StanceCell>,
    /// The windows that this journal has of each run it has the definition of.
    described: HashMap<RunId, (u32, u64)>,
    shards: VecDeque<(Arc<RunIntake>, u16)>,
    orders: VecDeque<Order>,
    group: Group,
    payload: Vec<u8>,
    state: JournalState,
    /// What ended intake for good.
    failed: Option<JournalError>,
}

impl<J: Journal> Committer<J> {
    /// A committer that writes into a journal nobody else writes into.
    pub fn new(queue: Arc<Queue>, journal: J, stance: Arc<StanceCell>) -> Self {
        queue.free_bytes.store(journal.free_bytes(), Ordering::Relaxed);
        Self {
            queue,
            journal,
            stance,
            described: HashMap::new(),
            shards: VecDeque::new(),
            orders: VecDeque::new(),
            group: Group::default(),
            payload: Vec::new(),
            state: JournalState::Writing,
            failed: None,
        }
    }

    /// Works until the queue is stopped and nothing waits any more.
    pub fn run(mut self) {
        self.look();
        let mut looked = Stopwatch::start();
        while self.wait() {
            if looked.elapsed() >= LOOK_BUSY || self.state != JournalState::Writing {
                self.look();
                looked = Stopwatch::start();
            }
            self.round();
        }
    }

    /// Looks at the room on the disk: nobody should have to lose a ballot to find out.
    fn look(&mut self) {
        let free = self.journal.free_bytes();
        self.queue.free_bytes.store(free, Ordering::Relaxed);
        let blocked = !self.group.frames.is_empty();
        match self.state {
            JournalState::Writing if free == 0 => {
                tracing::error!("intake stops: the disk reserve is reached");
                self.set_state(JournalState::Full);
            }
            JournalState::Full if free > 0 && !blocked => self.set_state(JournalState::Writing),
            _ => {}
        }
    }

    /// Waits for work. `false`: stopped, and all is done that can be.
    fn wait(&self) -> bool {
        let blocked = !self.group.frames.is_empty();
        let idle = self.shards.is_empty() && self.orders.is_empty();
        let waiting = self.queue.lock();
        let waiting = if blocked {
            let timed = self.queue.wake.wait_timeout_while(waiting, FULL_RETRY, |w| !w.stopped);
            timed.unwrap_or_else(PoisonError::into_inner).0
        } else {
            let nothing = |w: &mut Waiting| idle && !w.rung && w.orders.is_empty() && !w.stopped;
            let timed = self.queue.wake.wait_timeout_while(waiting, LOOK_EVERY, nothing);
            timed.unwrap_or_else(PoisonError::into_inner).0
        };
        let nothing_left = idle && waiting.is_empty();
        !(waiting.stopped && (nothing_left || blocked))
    }

    /// One group of what waits: decide, write, fsync, tell. Then the orders that came with it, once everything before
    /// them is settled. Waits for nothing but the disk, so that a test can be the scheduler.
    pub fn round(&mut self) {
        self.collect();
        // A full disk must not keep a seal from being made: the ballots before it were taken, and go into the reserve.
        self.journal.lend_reserve(!self.orders.is_empty());
        if self.group.frames.is_empty() {
            self.gather();
        }
        match self.write() {
            Ok(()) => self.settle(),
            Err(error @ JournalError::Full { .. }) => return self.block(&error),
            // A group that the journal cannot take at all would never get through: it ends intake like a bad disk.
            Err(error) => self.fail(error),
        }
        self.obey();
    }

    /// Does the orders whose run has nothing left that was staged before them; the others wait for the next group.
    fn obey(&mut self) {
        for order in std::mem::take(&mut self.orders) {
            let Order::Mark { run, .. } = &order;
            if self.shards.iter().any(|(waiting, _)| Arc::ptr_eq(waiting, run)) {
                self.orders.push_back(order);
            } else {
                obey(order);
            }
        }
    }

    /// Takes over what waits in the queue.
    fn collect(&mut self) {
        let mut waiting = self.queue.lock();
        self.shards.append(&mut waiting.shards);
        self.orders.append(&mut waiting.orders);
        waiting.rung = false;
    }

    /// Takes what is staged, up to a full group, and decides it where the ledger is embedded.
    fn gather(&mut self) {
        while self.group.size < limits::GROUP_MAX {
            let Some((run, bucket)) = self.shards.pop_front() else { break };
            let windows = run.windows();
            self.describe(&run, &windows);
            let mut shard = run.shard(bucket);
            let verdicts = std::mem::take(&mut shard.verdicts);
            let room = limits::GROUP_MAX.saturating_sub(self.group.size + verdicts.len()).min(shard.staged.len());
            let rest = shard.staged.split_off(room);
            let staged = std::mem::replace(&mut shard.staged, rest);
            shard.announced = !shard.staged.is_empty();
            if shard.announced {
                self.shards.push_back((run.clone(), bucket));
            }
            self.queue.staged.fetch_sub(staged.len(), Ordering::Relaxed);
            let first_seq = shard.next_seq;
            shard.next_seq += staged.len() as u64;
            let decisions = if shard.reconcile.is_some() {
                None
            } else {
                shard.bucket.set_windows(&windows);
                let batch = Batch { journal: self.journal.id(), first_seq, ballots: &staged };
                Some(shard.bucket.apply(&batch).expect("numbers are given here, without gap"))
            };
            drop(shard);
            self.group.size += staged.len() + verdicts.len();
            for News { place, decision, .. } in &verdicts {
                record::encode_verdict(*place, decision.decided(), &mut self.payload);
                self.group.push(record::VERDICT, run.id(), bucket, 0, &self.payload);
            }
            let (mut decided, mut logged) = (Vec::new(), Vec::new());
            let (windows_epoch, windows_revision) = (windows.epoch, windows.revision);
            let mut decisions = decisions.map(Vec::into_iter);
            for (seq, (ballot, _)) in (first_seq..).zip(staged) {
                let decision = decisions.as_mut().and_then(Iterator::next);
                let verdict = decision.map(|decision| decision.verdict);
                let record = BallotRecord { ballot, windows_epoch, windows_revision, verdict };
                record::encode(&record, &mut self.payload);
                self.group.push(record::BALLOT, run.id(), bucket, seq, &self.payload);
                match decision {
                    Some(decision) => decided.push((record.ballot.voter, record.ballot.id, decision)),
                    None => logged.push((seq, record.ballot)),
                }
            }
            self.group.parts.push(Part { run, bucket, decided, logged, verdicts });
        }
    }

    /// Before its first ballot in this journal the run's definition is written, and its windows whenever they changed.
    fn describe(&mut self, run: &RunIntake, windows: &Windows) {
        let newest = (windows.epoch, windows.revision);
        let known = self.described.insert(run.id(), newest);
        if known.is_none() {
            let json = serde_json::to_vec(&*run.definition).expect("a definition is plain data");
            self.group.push(record::DEFINITION, run.id(), 0, 0, &json);
        }
        if known != Some(newest) {
            let json = serde_json::to_vec(windows).expect("windows are plain data");
            self.group.push(record::WINDOWS, run.id(), 0, 0, &json);
        }
    }

    fn write(&mut self) -> Result<(), JournalError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while let Some(record) = self.group.frames.get(self.group.appended) {
            let start = self.group.appended.checked_sub(1).map_or(0, |before| self.group.frames[before].end);
            let Record { kind, run, bucket, seq, end } = *record;
            self.journal.append(Frame { kind, run, bucket, seq, payload: &self.group.bytes[start..end] })?;
            self.group.appended += 1;
        }
        let committed = self.journal.commit()?;
        if committed.bytes > 0 {
            let fsync_us = u64::try_from(committed.fsync.as_micros()).unwrap_or(u64::MAX);
            self.queue.fsync_us.store(fsync_us, Ordering::Relaxed);
        }
        Ok(())
    }

    fn settle(&mut self) {
        let journal = self.journal.id();
        for part in self.group.parts.drain(..) {
            let Part { run, bucket, decided, logged, verdicts } = part;
            let mut shard = run.shard(bucket);
            for (voter, id, decision) in &decided {
                shard.settle(&run, *voter, *id, decision);
            }
            verdicts.iter().for_each(|news| shard.told(&run, news));
            let is_waiting = !logged.is_empty();
            for (seq, ballot) in logged {
                shard.log(Place { journal, seq }, ballot);
            }
            if shard.reconcile.is_none() {
                run.publish(bucket, shard.bucket.totals());
            } else if is_waiting {
                run.wake(bucket);
            }
        }
        self.group.clear();
        // What waited for room has it. That nothing waited says nothing about room.
        if self.state == JournalState::Full {
            self.look();
        }
    }

    /// The disk reserve is reached: the group waits, whole, and everybody who waits for it is told that nothing can be
    /// said yet. A run of which nothing waits can still be marked; who wants to mark another one is told that it is not
    /// possible now, and does not wait for room.
    fn block(&mut self, error: &JournalError) {
        if self.state != JournalState::Full {
            tracing::error!(%error, "intake stops: the disk reserve is reached");
        }
        self.set_state(JournalState::Full);
        self.group.doubt();
        for order in std::mem::take(&mut self.orders) {
            let Order::Mark { run, .. } = &order;
            if run.outstanding() == 0 {
                obey(order);
            }
        }
    }

    /// The journal has ended for good. Nothing that waited or comes later can be answered by this process.
    fn fail(&mut self, error: JournalError) {
        if self.state != JournalState::Failed {
            tracing::error!(%error, "intake stops: the journal failed");
        }
        self.set_state(JournalState::Failed);
        self.group.doubt();
        self.group.clear();
        self.orders.clear();
        self.failed = Some(error);
    }

    fn set_state(&mut self, state: JournalState) {
        if self.state != state {
            self.state = state;
            self.stance.set_journal(state);
        }
    }
}

impl<J> Drop for Committer<J> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A mistake in this program: nothing is taken any more, and nobody waits for what will not come.
            self.stance.set_journal(JournalState::Failed);
        }
        self.queue.close();
    }
}

impl Group {
    fn push(&mut self, kind: u8, run: RunId, bucket: u16, seq: u64, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.frames.push(Record { kind, run, bucket, seq, end: self.bytes.len() });
    }

    fn doubt(&self) {
        for Part { run, bucket, decided, logged, .. } in &self.parts {
            let mut shard = run.shard(*bucket);
            decided.iter().for_each(|(voter, id, _)| shard.doubt(run.id(), *voter, *id));
            logged.iter().for_each(|(_, ballot)| shard.doubt(run.id(), ballot.voter, ballot.id));
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
        self.parts.clear();
        self.appended = 0;
        self.size = 0;
    }
}

fn obey(order: Order) {
    match order {
        Order::Mark { run, revision, reply } => {
            let (mut watermarks, mut lost) = (Vec::new(), 0);
            for bucket in 0..run.definition.buckets {
                let mut shard = run.shard(bucket);
                shard.bucket.mark(revision);
                lost += shard.bucket.lost();
                let of_bucket = shard.bucket.watermarks().iter();
                watermarks.extend(of_bucket.map(|(journal, watermark)| (bucket, *journal, *watermark)));
            }
            watermarks.sort_unstable();
            // The asker may have gone; the mark stands all the same.
            let (ledger, totals) = (LedgerKind::Embedded, run.totals());
            let (beyond, apart, changed) = (Vec::new(), Vec::new(), Vec::new());
            let _ = reply.send(Marked { totals, watermarks, beyond, apart, lost, ledger, changed });
        }
    }
}

#[cfg(test)]
mod tests;
