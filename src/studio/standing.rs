//! Where one show stands between this node and Redis: which revision both have confirmed, when that was last compared, and
//! what of the as-run log Redis has not got yet.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    base::{clock::Micros, limits},
    providers::store::shared::Known,
    shows::document::Document,
    wire::server::AsRunEntry,
};

/// The standing of one show.
#[derive(Debug)]
pub(super) struct Standing {
    confirmed: Mutex<Known>,
    /// When a look last found the board to be the newest: microseconds since the start, plus one; 0: never.
    fresh_at: AtomicU64,
    /// The time of the server that holds the show, minus the microseconds since the start; 0: unknown.
    server_offset: AtomicU64,
    outbox: Mutex<Outbox>,
}

/// Entries that Redis may not have.
#[derive(Debug, Default)]
struct Outbox {
    entries: Vec<AsRunEntry>,
    /// All of the documents file, instead.
    all: bool,
}

/// What is to be sent next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outgoing {
    Entries(Vec<AsRunEntry>),
    All,
}

impl Standing {
    /// As the documents file says.
    pub(super) fn new(document: &Document, history: &[(u64, String)]) -> Self {
        let of_history = history.last().filter(|(revision, _)| *revision == document.revision);
        let hash = of_history.map_or_else(|| document.hash(), |(_, hash)| hash.clone());
        let known = Known { epoch: document.epoch, revision: document.revision, hash, logged: 0 };
        Self {
            confirmed: Mutex::new(known),
            fresh_at: AtomicU64::new(0),
            server_offset: AtomicU64::new(0),
            outbox: Mutex::new(Outbox { entries: Vec::new(), all: true }),
        }
    }

    /// What is confirmed.
    pub(super) fn known(&self) -> Known {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another revision is confirmed.
    pub(super) fn confirm(&self, revision: u64, hash: String) {
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        (confirmed.revision, confirmed.hash) = (revision, hash);
    }

    /// The history of Redis is this one now. `true`: it was another one before.
    pub(super) fn set_epoch(&self, epoch: u32) -> bool {
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut confirmed.epoch, epoch) != epoch
    }

    /// The board is what Redis holds, as of this moment on the monotonic clock.
    pub(super) fn set_fresh(&self, at_us: u64) {
        self.fresh_at.store(at_us + 1, Ordering::Release);
    }

    /// Whether the board was compared with Redis a moment ago.
    pub(super) fn is_fresh(&self, now_us: u64) -> bool {
        let at = self.fresh_at.load(Ordering::Acquire);
        at > 0 && now_us < at + limits::BOARD_FRESH_MS * 1000
    }

    /// The server that holds the show said this time at that moment.
    pub(super) fn set_server_time(&self, time: Micros, at_us: u64) {
        self.server_offset.store(time.0.saturating_sub(at_us), Ordering::Release);
    }

    /// The time of the server that holds the show, if it was ever asked.
    pub(super) fn server_time(&self, at_us: u64) -> Option<Micros> {
        let offset = self.server_offset.load(Ordering::Acquire);
        (offset > 0).then_some(Micros(offset + at_us))
    }

    /// Entries were written here.
    pub(super) fn send(&self, entries: &[AsRunEntry]) {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        if outbox.entries.len() + entries.len() > limits::LOG_WAITING_MAX {
            outbox.entries.clear();
            outbox.all = true;
        }
        if !outbox.all {
            outbox.entries.extend_from_slice(entries);
        }
    }

    /// Redis may have lost entries.
    pub(super) fn send_all(&self) {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.entries.clear();
        outbox.all = true;
    }

    /// What is to be sent next. It is the caller's to send now, or to give back.
    pub(super) fn outgoing(&self) -> Outgoing {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut outbox.all) {
            return Outgoing::All;
        }
        let most = outbox.entries.len().min(limits::LOG_BATCH);
        Outgoing::Entries(outbox.entries.drain(..most).collect())
    }
}
