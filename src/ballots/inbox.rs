//! Where a session's receipts arrive: the committer puts them in, the session takes all that are there at once and sends
//! them in one write.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use tokio::sync::Notify;

use crate::{base::limits, wire::server::Receipt};

/// One session's receipts. Bounded by the ballots it may have on their way.
#[derive(Debug, Default)]
pub struct Inbox {
    receipts: Mutex<Vec<Receipt>>,
    on_the_way: AtomicU32,
    arrived: Notify,
}

impl Inbox {
    /// Takes a place for one ballot on its way; `false`: this session has as many as it may.
    pub(super) fn reserve(&self) -> bool {
        let before = self.on_the_way.fetch_add(1, Ordering::Relaxed);
        if before >= limits::BALLOTS_ON_THE_WAY_MAX {
            self.on_the_way.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Puts the receipt of a ballot in and frees its place.
    pub(super) fn deliver(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
        self.on_the_way.fetch_sub(1, Ordering::Release);
        self.arrived.notify_one();
    }

    /// Puts a receipt in that is not the last word: the ballot keeps its place.
    pub(super) fn tell(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
        self.arrived.notify_one();
    }

    /// Takes all receipts that are there.
    pub fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut *self.receipts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether ballots of this session wait for their receipts.
    pub fn is_waiting(&self) -> bool {
        self.on_the_way.load(Ordering::Acquire) > 0
    }

    /// Waits until there is a receipt. Safe to drop and call again.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
