//! Where a session's receipts arrive: the committer puts them in, the session takes all that are there at once and sends
//! them in one write. What else a session is woken for comes by the same bell: each one that it waits for costs memory, and
//! time at every turn of its loop.

use std::{
    future::poll_fn,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::Poll,
};

use futures_util::task::AtomicWaker;

use crate::{base::limits, wire::server::Receipt};

/// One session's receipts. Bounded by the ballots it may have on their way.
#[derive(Debug, Default)]
pub struct Inbox {
    receipts: Mutex<Vec<Receipt>>,
    on_the_way: AtomicU32,
    displaced: AtomicBool,
    rang: AtomicBool,
    waker: AtomicWaker,
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
        self.ring();
    }

    /// Puts a receipt in that is not the last word: the ballot keeps its place.
    pub(super) fn tell(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
        self.ring();
    }

    /// Takes all receipts that are there.
    pub fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut *self.receipts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether ballots of this session wait for their receipts.
    pub fn is_waiting(&self) -> bool {
        self.on_the_way.load(Ordering::Acquire) > 0
    }

    /// A newer session needs the seat of this one.
    pub fn displace(&self) {
        self.displaced.store(true, Ordering::Relaxed);
        self.ring();
    }

    /// Whether a newer session needs the seat of this one.
    pub fn is_displaced(&self) -> bool {
        self.displaced.load(Ordering::Relaxed)
    }

    /// Waits until something has come since the last time. Safe to drop and call again; for one at a time.
    pub fn arrived(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(|context| {
            if self.has_rung() {
                return Poll::Ready(());
            }
            self.waker.register(context.waker());
            // What came in between has woken nobody.
            if self.has_rung() { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    fn ring(&self) {
        self.rang.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn has_rung(&self) -> bool {
        self.rang.load(Ordering::Relaxed) && self.rang.swap(false, Ordering::Acquire)
    }
}
