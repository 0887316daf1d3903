//! The front of this area: sessions cast, ask and look here. Knows which runs exist on this node and where their shards
//! are; decides nothing itself.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use dashmap::DashMap;

use super::{
    admission::{self, Admission},
    ballot::Ballot,
    bucket::{Bucket, Rules, Totals},
    committer::{Marked, Order, Queue},
    inbox::Inbox,
    shard::{self, Shard, Staged},
    tally::Tally,
};
use crate::{
    base::{
        ids::{BallotId, RunId, VoterId},
        limits,
        stance::StanceCell,
    },
    shows::{board::BoardRun, run::Definition, windows::Windows},
    wire::server::{Answer, Reason, Receipt},
};

/// One run on this node.
#[derive(Debug)]
pub struct RunIntake {
    /// What is frozen.
    pub definition: Arc<Definition>,
    shards: Box<[Mutex<Shard>]>,
    tally: Tally,
    windows: ArcSwap<Windows>,
    followed: AtomicBool,
    void: AtomicBool,
}

impl RunIntake {
    /// A run with the buckets that a restore left, or with empty ones.
    pub fn new(definition: Arc<Definition>, buckets: Option<Vec<Bucket>>) -> Self {
        let rules = rules(&definition);
        let tally = Tally::new(definition.buckets, rules.options);
        let mut buckets = buckets.into_iter().flatten();
        let shards = (0..definition.buckets).map(|number| {
            let mut shard = Shard::new(rules);
            if let Some(bucket) = buckets.next() {
                tally.publish(number, bucket.totals());
                shard.bucket = bucket;
            }
            Mutex::new(shard)
        });
        let shards = shards.collect();
        let windows = ArcSwap::from_pointee(Windows::default());
        Self { definition, shards, tally, windows, followed: AtomicBool::new(false), void: AtomicBool::new(false) }
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        self.definition.run
    }

    /// Locks a shard. The lock is held for microseconds and never across a write.
    pub(super) fn shard(&self, bucket: u16) -> MutexGuard<'_, Shard> {
        self.shards[usize::from(bucket)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Declared void: whatever was counted, the next receipt says so.
    fn is_void(&self) -> bool {
        self.void.load(Ordering::Acquire)
    }

    /// What is said of a ballot of this run, given what its bucket says.
    pub(super) fn judged(&self, receipt: Receipt) -> Receipt {
        if self.is_void() { shard::void(receipt) } else { receipt }
    }

    /// The windows that the next group judges by.
    pub(super) fn windows(&self) -> Arc<Windows> {
        self.windows.load_full()
    }

    /// The totals that are on disk.
    pub fn totals(&self) -> Totals {
        self.tally.sum()
    }

    pub(super) fn publish(&self, bucket: u16, totals: &Totals) {
        self.tally.publish(bucket, totals);
    }

    /// Ballots that are not settled.
    pub fn outstanding(&self) -> u64 {
        (0..self.definition.buckets).map(|bucket| self.shard(bucket).outstanding() as u64).sum()
    }

    /// Looks at every bucket in turn.
    pub fn each_bucket(&self, mut look: impl FnMut(u16, &Bucket)) {
        for number in 0..self.definition.buckets {
            look(number, &self.shard(number).bucket);
        }
    }
}

/// What a bucket needs of a definition.
pub fn rules(definition: &Definition) -> Rules {
    Rules { options: definition.poll.options.len(), votes: definition.poll.votes }
}

/// All runs of this node and the way to the committer.
#[derive(Debug)]
pub struct Intake {
    runs: DashMap<RunId, Arc<RunIntake>>,
    queue: Arc<Queue>,
    stance: Arc<StanceCell>,
}

impl Intake {
    /// An intake in front of a committer's queue.
    pub fn new(queue: Arc<Queue>, stance: Arc<StanceCell>) -> Self {
        Self { runs: DashMap::new(), queue, stance }
    }

    /// Brings a run in line with the board: makes it known, and hands on its windows, whether it is void, and its mark to
    /// buckets that a start made.
    pub fn follow(&self, run: &BoardRun) -> Arc<RunIntake> {
        let fresh = || Arc::new(RunIntake::new(run.definition.clone(), None));
        let intake = self.runs.entry(run.definition.run).or_insert_with(fresh).clone();
        if intake.windows.load().is_older_than(&run.windows) {
            intake.windows.store(Arc::new(run.windows.clone()));
        }
        intake.void.fetch_or(run.void, Ordering::AcqRel);
        // The buckets were made anew by this start, without the mark of a seal that was begun before. A seal that begins
        // later comes by `mark`, behind the ballots that were cast before it.
        if let (false, Some(revision)) = (intake.followed.swap(true, Ordering::AcqRel), run.seal_revision) {
            (0..intake.definition.buckets).for_each(|bucket| intake.shard(bucket).bucket.mark(revision));
        }
        intake
    }

    /// Takes a run that a restore brought back.
    pub fn adopt(&self, run: RunIntake) {
        self.runs.insert(run.id(), Arc::new(run));
    }

    /// Forgets a run that is on no board any more. Its ballots stay in the journals.
    pub fn forget(&self, run: RunId) {
        self.runs.remove(&run);
    }

    /// A run of this node.
    pub fn run(&self, run: RunId) -> Option<Arc<RunIntake>> {
        self.runs.get(&run).map(|entry| entry.clone())
    }

    /// Takes a ballot. A receipt comes back if there is one already; else it comes to the inbox, once the ballot is
    /// settled.
    pub fn cast(&self, run: RunId, on_board: Option<&BoardRun>, ballot: Ballot, inbox: &Arc<Inbox>) -> Option<Receipt> {
        let id = ballot.id;
        let reply = |is, reason, retry_ms| Some(shard::answer(run, id, is, reason, retry_ms));
        let (Some(on_board), Some(intake)) = (on_board, self.run(run)) else {
            return Some(shard::unknown(run, id));
        };
        if on_board.void {
            return reply(Answer::Refused, Some(Reason::Void), None);
        }
        let bucket = intake.definition.bucket_of(ballot.voter);
        let mut shard = intake.shard(bucket);
        match shard.look_up(run, &ballot, inbox) {
            Staged::Known(receipt) => return Some(receipt),
            Staged::Joined => return None,
            Staged::Undecided => return Some(shard::unknown(run, id)),
            Staged::New => {}
        }
        match admission::admit(on_board, self.stance.get(), &ballot.picks, ballot.received) {
            Admission::Answer { is, reason, retry_ms } => return reply(is, reason, retry_ms),
            Admission::Admit => {}
        }
        if self.queue.staged.load(Ordering::Relaxed) >= limits::STAGED_MAX || !inbox.reserve() {
            return reply(Answer::Refused, Some(Reason::Busy), Some(limits::RETRY_FULL_MS));
        }
        self.queue.staged.fetch_add(1, Ordering::Relaxed);
        if shard.stage(ballot, inbox.clone()) {
            // Under the shard's lock, so that a mark that is ordered later cannot overtake this ballot.
            self.queue.announce(intake.clone(), bucket);
        }
        None
    }

    /// The receipt of one ballot of a voter again.
    pub fn ask(&self, run: RunId, voter: VoterId, id: BallotId) -> Receipt {
        match self.run(run) {
            Some(intake) => {
                let receipt = intake.shard(intake.definition.bucket_of(voter)).receipt(run, voter, id);
                intake.judged(receipt)
            }
            None => shard::unknown(run, id),
        }
    }

    /// What a voter has in a run.
    pub fn mine(&self, run: RunId, voter: VoterId) -> Vec<Receipt> {
        match self.run(run) {
            Some(intake) => {
                let mine = intake.shard(intake.definition.bucket_of(voter)).mine(run, voter);
                mine.into_iter().map(|receipt| intake.judged(receipt)).collect()
            }
            None => Vec::new(),
        }
    }

    /// Marks all buckets of a run for a seal, behind everything that was cast before. `None`: the run is not known here,
    /// or the committer has ended.
    pub async fn mark(&self, run: RunId, revision: u32) -> Option<Marked> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.queue.order(Order::Mark { run: self.run(run)?, revision, reply });
        answer.await.ok()
    }
}
