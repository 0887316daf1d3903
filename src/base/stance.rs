//! What this node may do right now, in one small value that the hot path reads.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::limits;

/// Whether ballots may be taken. Made by `app.rs` from the state of the journal and the node's life; read by admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stance {
    /// Ballots are taken.
    #[default]
    Open,
    /// Ballots are taken and held: what this node knows of its shows, or its clock, is not sure enough to judge them now.
    Holding,
    /// The node is going away: clients are steered elsewhere.
    Draining,
    /// The disk reserve is reached: only documents, as-run and seals may still be written.
    DiskFull,
    /// The journal failed and ended for good; nothing can be promised until the process starts anew.
    JournalFailed,
}

impl Stance {
    /// How long a client should wait before it offers the same ballot again, if none can be taken now.
    pub const fn busy_ms(self) -> Option<u32> {
        match self {
            Self::Open | Self::Holding => None,
            Self::Draining => Some(limits::RETRY_DRAIN_MS),
            Self::DiskFull | Self::JournalFailed => Some(limits::RETRY_STORAGE_MS),
        }
    }
}

/// How the journal is, as the stance sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum JournalState {
    /// Takes records.
    Writing = 0,
    /// Takes none before there is room again.
    Full = 1,
    /// Has ended for good.
    Failed = 2,
}

/// The stance as it moves: the committer, the drain and who follows the other nodes write it, everybody reads it.
#[derive(Debug, Default)]
pub struct StanceCell {
    journal: AtomicU8,
    draining: AtomicBool,
    holding: AtomicBool,
}

impl StanceCell {
    /// The journal's state has changed.
    pub fn set_journal(&self, state: JournalState) {
        self.journal.store(state as u8, Ordering::Release);
    }

    /// The node is going away.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the node is going away.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether ballots are held for now, because the boards are not fresh or the clock is unsure.
    pub fn set_holding(&self, holding: bool) {
        self.holding.store(holding, Ordering::Release);
    }

    /// Whether nothing undecided may go to the ledger, drained or not: because ballots are held, or because a journal that
    /// has ended cannot take the verdicts.
    pub fn is_holding(&self) -> bool {
        self.holding.load(Ordering::Acquire) || self.journal.load(Ordering::Acquire) == JournalState::Failed as u8
    }

    /// The stance now.
    pub fn get(&self) -> Stance {
        match self.journal.load(Ordering::Acquire) {
            2 => Stance::JournalFailed,
            1 => Stance::DiskFull,
            _ if self.draining.load(Ordering::Acquire) => Stance::Draining,
            _ if self.holding.load(Ordering::Acquire) => Stance::Holding,
            _ => Stance::Open,
        }
    }
}

impl Stance {
    /// The stance as one word, for pages and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Holding => "holding",
            Self::Draining => "draining",
            Self::DiskFull => "disk_full",
            Self::JournalFailed => "journal_failed",
        }
    }
}
