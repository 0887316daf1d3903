//! What this node may do right now, in one small value that the hot path reads.

use super::limits;

/// Whether ballots may be taken. Made by `app.rs` from the state of the journal and the node's life; read by admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stance {
    /// Ballots are taken.
    #[default]
    Open,
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
            Self::Open => None,
            Self::Draining => Some(limits::RETRY_DRAIN_MS),
            Self::DiskFull | Self::JournalFailed => Some(limits::RETRY_STORAGE_MS),
        }
    }
}
