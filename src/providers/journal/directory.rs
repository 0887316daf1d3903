//! The locked directory that holds the journals of all process starts.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Frame, Replay, SegmentJournal};
use crate::base::{clock::Micros, ids::JournalId};

/// An exclusively locked directory of journals. The lock is held until this and every journal made by it are gone.
#[derive(Debug)]
pub struct Directory {}

/// Why a directory cannot be used.
#[derive(thiserror::Error, Debug)]
pub enum DirectoryError {
    /// Another process has the lock.
    #[error(
        "{} is used by another process ({holder}): stop it, or give this one a data directory of its own",
        path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// What the lock's file says about its holder.
        holder: String,
    },
    /// A journal there has a format that this version cannot read.
    #[error("{} was written by a newer version (format {format}): start that version", file.display())]
    Newer {
        /// The segment's file.
        file: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// What it was about.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Directory {
    /// Opens and locks `path`, which is made if it is not there.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let _ = path;
        unimplemented!("comes with the next commit")
    }

    /// Reads all older journals, each record once: journals in the order of their process starts, records as written.
    pub fn replay(&self, each: &mut dyn FnMut(JournalId, Frame<'_>)) -> Result<Replay, DirectoryError> {
        let _ = each;
        unimplemented!("comes with the next commit")
    }

    /// Starts the journal of this process start, with a new random id.
    pub fn create(&self, now: Micros) -> Result<SegmentJournal, DirectoryError> {
        let _ = now;
        unimplemented!("comes with the next commit")
    }
}
