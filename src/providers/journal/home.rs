//! The directory as its journals see it: names of files, and what went wrong with which.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::base::ids::JournalId;

/// The directory as its journals hold it: as long as one of them lives, the lock is held.
#[derive(Debug)]
pub struct Home {
    pub path: PathBuf,
    /// Opened to fsync the names of new files and to ask for room.
    pub handle: File,
    /// Held for its lock alone.
    pub _lock: File,
}

/// What names a journal in its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Number of the process start, from 1; the order of replay.
    pub start: u64,
    pub id: JournalId,
}

impl Name {
    /// The file of one segment: `00000001-0123456789abcdef-000000.segment`.
    pub fn file(self, segment: u32) -> String {
        format!("{:08}-{}-{segment:06}.segment", self.start, self.id)
    }

    /// The journal and the segment that a file's name tells.
    pub fn parse(file: &str) -> Option<(Self, u32)> {
        let mut parts = file.strip_suffix(".segment")?.splitn(3, '-');
        let name = Self { start: parts.next()?.parse().ok()?, id: parts.next()?.parse().ok()? };
        let segment = parts.next()?.parse().ok()?;
        (name.file(segment) == file).then_some((name, segment))
    }
}

/// A step that the operating system refused.
#[derive(Debug)]
pub struct Trouble {
    pub doing: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

/// For `map_err`: remembers what was being done to which file.
pub fn trouble(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Trouble {
    move |source| Trouble { doing, path: path.to_owned(), source }
}
