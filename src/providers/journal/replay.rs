//! What a replay tells: what was read, what was cut, and what is damaged.

use std::path::{Path, PathBuf};

use crate::base::{clock::Micros, ids::JournalId};

/// What a replay read and what it could not.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// The journals, in the order in which they were read.
    pub journals: Vec<JournalSummary>,
    /// Ends of journals that a crash cut short: nothing of them was ever promised to anybody.
    pub torn: Vec<Torn>,
    /// Damage to what may have been promised; to be shown, never hidden.
    pub incidents: Vec<Incident>,
}

impl Replay {
    pub(super) fn incident(&mut self, journal: JournalId, file: &Path, at: std::ops::Range<usize>, why: Damage) {
        let (offset, bytes) = (at.start as u64, at.len() as u64);
        self.incidents.push(Incident { journal, file: file.to_owned(), offset, bytes, why });
    }
}

/// One journal that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSummary {
    /// Its id.
    pub id: JournalId,
    /// When its process started it; `None` if no segment's header could be read.
    pub created: Option<Micros>,
    /// Records that were read.
    pub records: u64,
    /// Segment files that were found.
    pub segments: u32,
    /// Bytes of those files.
    pub bytes: u64,
}

/// The end of a journal that was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The journal.
    pub journal: JournalId,
    /// Its last segment's file.
    pub file: PathBuf,
    /// Where the cut is, in bytes from the start of the file.
    pub offset: u64,
    /// Bytes that were cut (zeros at the end of the file not counted).
    pub bytes: u64,
    /// Records behind the cut that could have been read, but belong to the same unfinished group.
    pub records: u64,
}

/// One place where a journal is damaged. What is behind it was read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal {journal}: {} at byte {offset}: {why}", file.display())]
pub struct Incident {
    /// The journal.
    pub journal: JournalId,
    /// The file.
    pub file: PathBuf,
    /// Where the damage starts, in bytes from the start of the file.
    pub offset: u64,
    /// Bytes that could not be read.
    pub bytes: u64,
    /// What is wrong.
    pub why: Damage,
}

/// Kinds of damage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Length, place or checksum of a record is wrong.
    #[error("one or more records cannot be read")]
    Record,
    /// The header of a segment cannot be read; its records were.
    #[error("the segment's header cannot be read, or is that of another file")]
    Header,
    /// All records read well, and yet the digest in the next segment is another one.
    #[error("the segment is not the one that the next segment names: its digest differs")]
    Chain,
    /// A segment's file is not there.
    #[error("the segment's file is missing: look for it in a backup")]
    Missing,
    /// The operating system cannot read the file.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// The same journal is there a second time, as if a file had been copied; the second was not read.
    #[error("the same journal is in this directory twice; this one was not read")]
    Twice,
}
