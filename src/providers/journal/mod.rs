//! The node's own durable log: append, commit, and everything that was committed is read again at the next start.
//! It does not know what a record means (`ballots/` encodes and decodes payloads), does not number records, never
//! changes what is written, and deletes a whole journal only where a show is erased.
//!
//! A journal is what one process start wrote: a chain of segment files. [`Directory`] holds the journals of all starts;
//! [`SegmentJournal`] is the one that is being written. The bytes are described in `layout.rs`.

use std::{path::PathBuf, time::Duration};

use crate::base::ids::{JournalId, RunId};

mod directory;
mod home;
mod layout;
mod reader;
mod replay;
mod scan;
mod segment;
mod space;
mod writer;

#[cfg(test)]
mod tests;

pub use directory::{Directory, DirectoryError, read};
pub use replay::{Damage, Incident, JournalSummary, Replay, Torn};
pub use writer::SegmentJournal;

/// One record. `seq` is numbered by the caller, per journal and bucket, and never reused; the journal stores it, and
/// neither checks nor changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload is, in the words of the caller.
    pub kind: u8,
    /// The run that the record belongs to.
    pub run: RunId,
    /// The bucket of the run.
    pub bucket: u16,
    /// The record's number in this journal and bucket.
    pub seq: u64,
    /// Opaque here; at most [`crate::base::limits::JOURNAL_RECORD_BYTES_MAX`].
    pub payload: &'a [u8],
}

/// What one commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Committed {
    /// Bytes of records that are now on disk and were not before.
    pub bytes: u64,
    /// How long the disk took to say so; zero if nothing was appended.
    pub fsync: Duration,
}

/// Why a record was not taken or a commit failed.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Nothing was written and the journal goes on: the same append works when there is room again.
    #[error(
        "the disk has {free} bytes left and {reserve} are reserved for documents and seals: \
         make room in {}, intake goes on by itself", directory.display()
    )]
    Full {
        /// Bytes that the file system has left for this process.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
        /// Where the journal lives.
        directory: PathBuf,
    },
    /// The journal has ended for good. What was appended since the last commit may be on disk or not.
    #[error(
        "journal {journal} has ended: {doing} of {} failed: {reason}. Nothing more is taken by this process: \
         look at the disk, then start it anew", file.display()
    )]
    Failed {
        /// The journal that ended.
        journal: JournalId,
        /// The step that failed.
        doing: &'static str,
        /// The file that it was about.
        file: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A mistake of the caller; the record was not taken and the journal goes on.
    #[error("a journal's {what} has {bytes} bytes, at most {max} are possible")]
    TooLarge {
        /// `record` (split it) or `group` (commit first).
        what: &'static str,
        /// Its size with this record.
        bytes: usize,
        /// The largest possible.
        max: usize,
    },
}

/// A durable, ordered log of records. One writer owns it.
pub trait Journal: Send {
    /// The journal that records are written to, new at each process start.
    fn id(&self) -> JournalId;

    /// Buffers one record in memory; nothing is on disk before [`Journal::commit`]. After `Full` or `TooLarge` this one
    /// record was not taken; those before it are still there to be committed.
    fn append(&mut self, frame: Frame<'_>) -> Result<(), JournalError>;

    /// Whether records that are appended from now on may use the disk reserve: those that a seal waits for may.
    fn lend_reserve(&mut self, lent: bool);

    /// Writes what was appended since the last commit, in order, and returns when the disk has it. After an error the
    /// journal has ended for good: every later call fails with the same error, and nothing is ever tried again, because
    /// a second fsync may say yes to what the first one lost.
    fn commit(&mut self) -> Result<Committed, JournalError>;

    /// Bytes free above the disk reserve, asked of the file system now; zero if the journal has ended.
    fn free_bytes(&self) -> u64;
}
