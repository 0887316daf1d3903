//! One run on this node: its shards, its tally, and what its calls carry to a ledger of several nodes. Decides nothing
//! itself.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    bucket::{Bucket, Pools, Rules, Totals},
    committer::Queue,
    ledger::{self, Call},
    reconcile::Reconcile,
    seal::Seal,
    shard::{self, Shard},
    tally::Tally,
};
use crate::{
    base::{
        clock::Micros,
        ids::{NodeId, RunId},
    },
    shows::{board::BoardRun, run::Definition, windows::Windows},
    wire::server::{Answer, Receipt},
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
    /// The run that is held in place of it, if it is void.
    instead: ArcSwapOption<RunId>,
    /// Numbers of the entries whose ballots are left out of what the run comes to.
    excluded: ArcSwap<Arc<[u8]>>,
    /// Where a ledger of several nodes decides.
    remote: Option<Remote>,
}

/// Data directories of a show.
type Roster = Arc<[NodeId]>;

/// What the calls of a run carry to a ledger of several nodes.
#[derive(Debug)]
struct Remote {
    directory: NodeId,
    rules_hash: Arc<str>,
    pools: Pools,
    roster: ArcSwap<Roster>,
    /// The newest seal that the show speaks of; 0: none.
    sealing: AtomicU32,
    seal: ArcSwapOption<Seal>,
    /// Per bucket: there is something to send.
    wakes: Box<[Notify]>,
    /// The run has left the desk.
    over: CancellationToken,
}

impl RunIntake {
    /// A run whose ledger is embedded, with the buckets that a restore left, or with empty ones.
    pub fn new(definition: Arc<Definition>, buckets: Option<Vec<Bucket>>) -> Self {
        let empty = Bucket::new(Rules::of(&definition), Pools::of(&definition));
        let tally = Tally::new(definition.buckets, empty.totals());
        let mut buckets = buckets.into_iter().flatten();
        let shards = (0..definition.buckets).map(|number| {
            let bucket = buckets.next().unwrap_or_else(|| empty.clone());
            tally.publish(number, bucket.totals());
            Mutex::new(Shard::new(bucket))
        });
        Self::with(definition.clone(), shards.collect(), tally, None)
    }

    /// A run that a ledger of several nodes decides, with what a restore found of this directory.
    pub fn remote(definition: Arc<Definition>, directory: NodeId, found: Option<Vec<Reconcile>>) -> Self {
        let pools = Pools::of(&definition);
        // It remembers and counts nothing.
        let empty = Bucket::new(Rules::of(&definition), Pools::default());
        let mut found = found.into_iter().flatten();
        let shards = (0..definition.buckets).map(|_| {
            let mut shard = Shard::new(empty.clone());
            let reconcile = found.next().unwrap_or_default();
            reconcile.decided().for_each(|(_, ballot, decided)| shard.bucket.remember(ballot, decided));
            shard.reconcile = Some(reconcile);
            Mutex::new(shard)
        });
        let remote = Remote {
            directory,
            rules_hash: definition.rules_hash().into(),
            pools,
            roster: ArcSwap::from_pointee(Roster::from([])),
            sealing: AtomicU32::new(0),
            seal: ArcSwapOption::empty(),
            wakes: (0..definition.buckets).map(|_| Notify::new()).collect(),
            over: CancellationToken::new(),
        };
        let tally = Tally::new(definition.buckets, empty.totals());
        Self::with(definition.clone(), shards.collect(), tally, Some(remote))
    }

    fn with(definition: Arc<Definition>, shards: Box<[Mutex<Shard>]>, tally: Tally, remote: Option<Remote>) -> Self {
        let windows = ArcSwap::from_pointee(Windows::default());
        let (followed, void) = (AtomicBool::new(false), AtomicBool::new(false));
        let (instead, excluded) = (ArcSwapOption::empty(), ArcSwap::from_pointee(Arc::from([])));
        Self { definition, shards, tally, windows, followed, void, instead, excluded, remote }
    }

    /// Brings the run in line with the board: its windows, whether it is void, its seal, and the roster. `true`: for the
    /// first time since this process started.
    pub(super) fn follow(&self, run: &BoardRun, roster: &Arc<[NodeId]>) -> bool {
        if self.windows.load().is_older_than(&run.windows) {
            self.windows.store(Arc::new(run.windows.clone()));
        }
        self.void.fetch_or(run.void, Ordering::AcqRel);
        self.instead.store(run.instead.map(Arc::new));
        self.excluded.store(Arc::new(run.excluded.clone()));
        let is_first = !self.followed.swap(true, Ordering::AcqRel);
        match (&self.remote, run.seal_revision) {
            (Some(remote), sealing) => {
                remote.sealing.fetch_max(sealing.unwrap_or(0), Ordering::AcqRel);
                remote.roster.store(Arc::new(roster.clone()));
            }
            // The buckets were made anew by this start, without the mark of a seal that was begun before. A seal that
            // begins later comes by `mark`, behind the ballots that were cast before it.
            (None, Some(revision)) if is_first => {
                (0..self.definition.buckets).for_each(|bucket| self.shard(bucket).bucket.mark(revision));
            }
            (None, _) => {}
        }
        is_first
    }

    /// The run has left the desk.
    pub(super) fn leave(&self) {
        if let Some(remote) = &self.remote {
            remote.over.cancel();
        }
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

    /// What is said of a ballot of this run, given what its bucket says. `entry`: by which it came.
    pub(super) fn judged(&self, receipt: Receipt, entry: Option<u8>) -> Receipt {
        if self.is_void() {
            return shard::void(receipt, self.instead.load().as_deref().copied());
        }
        let is_left_out = entry.is_some_and(|entry| self.excluded.load().contains(&entry));
        Receipt { excluded: is_left_out && receipt.is == Answer::Counted, ..receipt }
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

    /// Ballots on disk that the ledger has not decided.
    pub fn held(&self) -> u64 {
        let held = |bucket| self.shard(bucket).reconcile.as_ref().map_or(0, |reconcile| reconcile.held() as u64);
        (0..self.definition.buckets).map(held).sum()
    }

    /// Whether a ledger of several nodes puts together again what it lost, or is not known yet: totals may be too small.
    pub fn is_rebuilding(&self) -> bool {
        let rebuilding = |bucket| self.shard(bucket).reconcile.as_ref().is_some_and(Reconcile::is_rebuilding);
        (0..self.definition.buckets).any(rebuilding)
    }

    /// When the oldest part of the totals was told. `None`: the ledger is embedded, and they are those of now.
    pub fn as_of(&self) -> Option<Micros> {
        (0..self.definition.buckets).filter_map(|bucket| Some(self.shard(bucket).reconcile.as_ref()?.as_of())).min()
    }

    /// Whether the other nodes know that this one may hold ballots of the run.
    pub(super) fn is_listed(&self) -> bool {
        self.remote.as_ref().is_none_or(|remote| remote.roster.load().contains(&remote.directory))
    }

    /// There is something to send for a bucket.
    pub(super) fn wake(&self, bucket: u16) {
        if let Some(remote) = &self.remote {
            remote.wakes[usize::from(bucket)].notify_one();
        }
    }

    /// Waits until there is something to send for a bucket; `false`: the run has left the desk.
    pub(super) async fn woken(&self, bucket: u16) -> bool {
        let Some(remote) = &self.remote else { return false };
        tokio::select! {
            () = remote.wakes[usize::from(bucket)].notified() => true,
            () = remote.over.cancelled() => false,
        }
    }

    /// The newest seal that was made.
    pub fn set_seal(&self, seal: Seal) {
        let Some(remote) = &self.remote else { return };
        if remote.seal.load().as_ref().is_none_or(|known| known.revision < seal.revision) {
            remote.seal.store(Some(Arc::new(seal)));
            remote.wakes.iter().for_each(Notify::notify_one);
        }
    }

    /// The revision of the newest seal that is known here; 0: none.
    pub fn seal_known(&self) -> u32 {
        self.remote.as_ref().and_then(|remote| Some(remote.seal.load().as_ref()?.revision)).unwrap_or(0)
    }

    /// What to say to the ledger next, over one bucket. `holding`: nothing undecided may be sent. `None`: the ledger is
    /// embedded.
    pub fn next_call(&self, bucket: u16, holding: bool) -> Option<Call> {
        let remote = self.remote.as_ref()?;
        let next = self.shard(bucket).reconcile.as_ref()?.next(holding);
        let sealing = remote.sealing.load(Ordering::Acquire);
        Some(Call {
            definition: self.definition.clone(),
            rules_hash: remote.rules_hash.clone(),
            pools: remote.pools.clone(),
            bucket,
            windows: self.windows(),
            sealing: (sealing > 0).then_some(sealing),
            seal: remote.seal.load_full(),
            directory: remote.directory,
            roster: Roster::clone(&remote.roster.load()),
            epoch: next.epoch,
            retold: next.retold,
            create: next.create,
            batch: next.batch,
        })
    }

    /// Takes in what the ledger answered over a bucket. Gives the number of ballots that had another verdict before, which
    /// somebody may have been told: incidents.
    pub fn answered(self: &Arc<Self>, queue: &Queue, call: &Call, answer: &ledger::Answer) -> usize {
        let (has_verdicts, changed) = self.take(call, answer);
        if has_verdicts {
            queue.announce(self.clone(), call.bucket);
        }
        changed
    }

    /// Whether verdicts wait for the disk, and how many ballots had another one before.
    fn take(&self, call: &Call, answer: &ledger::Answer) -> (bool, usize) {
        let mut shard = self.shard(call.bucket);
        let Some(reconcile) = &mut shard.reconcile else { return (false, 0) };
        match answer {
            ledger::Answer::Done(standing) => {
                let news = reconcile.answered(call.batch.as_ref(), standing);
                self.publish(call.bucket, &standing.totals);
                let changed =
                    news.iter().filter(|one| one.before.is_some_and(|before| before != one.decision.verdict)).count();
                return (shard.learn(self, news), changed);
            }
            ledger::Answer::Gap { epoch, watermark } => {
                if let Some(batch) = &call.batch {
                    reconcile.gap(batch.journal, *epoch, *watermark);
                }
            }
            ledger::Answer::Absent => reconcile.absent(),
            ledger::Answer::Disagrees => shard.hold(self.id()),
        }
        (false, 0)
    }

    /// Nothing undecided reaches the ledger now: whoever waits is told that the ballot is held.
    pub fn hold(&self, bucket: u16) {
        self.shard(bucket).hold(self.id());
    }

    /// Whether a bucket has something to send at once.
    pub(super) fn is_behind(&self, bucket: u16, holding: bool) -> bool {
        self.shard(bucket).reconcile.as_ref().is_some_and(|reconcile| reconcile.is_behind(holding))
    }

    /// Whether ballots of a bucket are not settled: on their way to the disk, or to the ledger.
    pub(super) fn waits(&self, bucket: u16) -> bool {
        self.shard(bucket).outstanding() > 0
    }

    /// Sealed or void: nothing is expected of it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_void() || self.remote.as_ref().is_some_and(|remote| remote.seal.load().is_some())
    }

    /// Looks at every bucket in turn.
    pub fn each_bucket(&self, mut look: impl FnMut(u16, &Bucket)) {
        for number in 0..self.definition.buckets {
            look(number, &self.shard(number).bucket);
        }
    }
}
