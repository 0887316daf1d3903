//! What waits for the committer, and who rings for it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize},
    },
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Order;
use crate::ballots::run_intake::RunIntake;

/// What waits for the committer.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    pub(super) wake: Condvar,
    /// Something waits for which nobody has rung yet: see [`Queue::ring_at_turns`].
    turn: Notify,
    /// Ballots that are staged in all shards together.
    pub(in crate::ballots) staged: AtomicUsize,
    /// How long the last group's fsync took, in microseconds.
    pub fsync_us: AtomicU64,
    /// Bytes the disk has left above the reserve, as of the last look.
    pub free_bytes: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) shards: VecDeque<(Arc<RunIntake>, u16)>,
    pub(super) orders: VecDeque<Order>,
    pub(super) stopped: bool,
    /// The committer is rung for at turns of the event loop, and not at each shard.
    at_turns: bool,
    /// It was rung for the shards that wait.
    pub(super) rung: bool,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.shards.is_empty() && self.orders.is_empty()
    }
}

impl Queue {
    /// A shard has something staged and had nothing before.
    pub(in crate::ballots) fn announce(&self, run: Arc<RunIntake>, bucket: u16) {
        let mut waiting = self.lock();
        waiting.shards.push_back((run, bucket));
        if !waiting.at_turns {
            waiting.rung = true;
            self.wake.notify_one();
        } else if waiting.shards.len() == 1 {
            self.turn.notify_one();
        }
    }

    /// From here on the committer is rung for when the event loop has gone through what was ready, or has done
    /// a turn of it (`cli/serve.rs`): where sessions and committer share a core, it would otherwise run between any two of
    /// them, for a few ballots, and a group costs as much as many. Ends at the stop; then each shard rings by itself again.
    pub async fn ring_at_turns(self: Arc<Self>, stop: CancellationToken) {
        self.lock().at_turns = true;
        while stop.run_until_cancelled(self.turn.notified()).await.is_some() {
            tokio::task::yield_now().await;
            self.ring();
        }
        self.lock().at_turns = false;
        self.ring();
    }

    fn ring(&self) {
        let mut waiting = self.lock();
        if !waiting.shards.is_empty() {
            waiting.rung = true;
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Something is to be done behind all that is staged now.
    pub(in crate::ballots) fn order(&self, order: Order) {
        let mut waiting = self.lock();
        // After the stop nobody would answer: dropping the order tells the asker so.
        if !waiting.stopped {
            waiting.orders.push_back(order);
            self.wake.notify_one();
        }
    }

    /// Nobody works here any more: who waits for an order is told so, now and from here on.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.stopped = true;
        waiting.orders.clear();
    }

    /// Lets the committer finish what is staged and end.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.wake.notify_one();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
