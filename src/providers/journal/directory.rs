//! The locked directory that holds the journals of all process starts.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Damage, Frame, Replay, SegmentJournal,
    home::{Home, Name, Trouble, trouble},
    reader::{Files, Reader},
    writer::Sizes,
};
use crate::base::{clock::Micros, ids::JournalId};

/// The file whose lock is the directory's.
const LOCK_FILE: &str = "LOCK";

/// An exclusively locked directory of journals. The lock is held until this and every journal made by it are gone.
#[derive(Debug)]
pub struct Directory {
    home: Arc<Home>,
    /// The journals that were there when the directory was opened, in the order of their process starts.
    older: Vec<Files>,
    /// Number of the next journal's process start.
    next_start: AtomicU64,
    sizes: Sizes,
}

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
    #[error("{doing} {} failed: {source}", path.display())]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// What it was about.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl From<Trouble> for DirectoryError {
    fn from(trouble: Trouble) -> Self {
        Self::Io { doing: trouble.doing, path: trouble.path, source: trouble.source }
    }
}

impl Directory {
    /// Opens and locks `path`, which is made if it is not there.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        Self::open_sized(path, Sizes::default())
    }

    pub(super) fn open_sized(path: &Path, sizes: Sizes) -> Result<Self, DirectoryError> {
        make(path)?;
        let lock = lock(path)?;
        let handle = File::open(path).map_err(trouble("opening", path))?;
        let older = list(path)?;
        let next_start = older.last().map_or(1, |files| files.name.start + 1);
        let home = Home { path: path.to_owned(), handle, _lock: lock };
        Ok(Self { home: Arc::new(home), older, next_start: AtomicU64::new(next_start), sizes })
    }

    /// Reads all older journals, each record once: journals in the order of their process starts, records as written.
    /// Journals that this process made are not read. Nothing is changed, and a segment is fsynced before its records are
    /// given out. One segment at a time is in memory.
    pub fn replay(&self, each: &mut dyn FnMut(JournalId, Frame<'_>)) -> Result<Replay, DirectoryError> {
        read_all(&self.older, each)
    }

    /// Deletes a journal of an earlier start, its last segment first, so that what an interruption leaves is a shorter
    /// journal and no damaged one. Gives back its bytes. The names are off the disk when this returns.
    pub fn remove(&self, journal: JournalId) -> Result<u64, DirectoryError> {
        let mut bytes = 0;
        for files in self.older.iter().filter(|files| files.name.id == journal) {
            for path in files.segments.values().rev() {
                bytes += fs::metadata(path).map_err(trouble("looking at", path))?.len();
                fs::remove_file(path).map_err(trouble("deleting", path))?;
                self.home.handle.sync_all().map_err(trouble("fsync", &self.home.path))?;
            }
        }
        Ok(bytes)
    }

    /// Starts the journal of this process start, with a new random id; its file and name are on disk when this returns.
    pub fn create(&self, now: Micros) -> Result<SegmentJournal, DirectoryError> {
        let start = self.next_start.fetch_add(1, Ordering::Relaxed);
        let name = Name { start, id: JournalId::random() };
        Ok(SegmentJournal::create(Arc::clone(&self.home), name, now, self.sizes)?)
    }
}

/// Reads all journals of a directory beside the process that writes there, if any. What was committed before the call is
/// read; of what is being written a part may be, and then shows as torn.
pub fn read(path: &Path, each: &mut dyn FnMut(JournalId, Frame<'_>)) -> Result<Replay, DirectoryError> {
    read_all(&list(path)?, each)
}

fn read_all(journals: &[Files], each: &mut dyn FnMut(JournalId, Frame<'_>)) -> Result<Replay, DirectoryError> {
    let mut replay = Replay::default();
    let mut buffer = Vec::new();
    let mut seen = HashSet::new();
    for files in journals {
        if seen.insert(files.name.id) {
            Reader::new(files, &mut replay, each, &mut buffer).read()?;
            continue;
        }
        for path in files.segments.values() {
            replay.incident(files.name.id, path, 0..0, Damage::Twice);
        }
    }
    Ok(replay)
}

/// Makes the directory if it is not there. Its name is on disk when this returns (also if another start made it and ended
/// before that): sooner, nothing inside can be promised.
fn make(directory: &Path) -> Result<(), DirectoryError> {
    let missing = directory.ancestors().skip(1).take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let made: Vec<_> = std::iter::once(directory).chain(missing).collect();
    // Nobody else on this machine may read what is hidden from viewers: ballots, documents, the secret.
    let making = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    making.map_err(trouble("making", directory))?;
    for path in made {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(trouble("fsync", parent))?;
    }
    Ok(())
}

/// Takes the lock, and leaves the process's id in it for the message that another process would get.
fn lock(directory: &Path) -> Result<File, DirectoryError> {
    let path = directory.join(LOCK_FILE);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(trouble("opening", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.take(64).read_to_string(&mut holder);
            let unknown = read.is_err() || holder.trim().is_empty();
            let holder = if unknown { "process unknown".to_owned() } else { holder.trim().to_owned() };
            return Err(DirectoryError::Locked { path: directory.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(trouble("locking", &path)(source).into()),
    }
    // The lock holds without these words; a full disk must not keep a node from starting because of them.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id()));
    Ok(file)
}

/// The journals in a directory, in the order of their process starts. Files with other names are left alone.
fn list(directory: &Path) -> Result<Vec<Files>, DirectoryError> {
    let mut journals = BTreeMap::<Name, Files>::new();
    for entry in fs::read_dir(directory).map_err(trouble("listing", directory))? {
        let entry = entry.map_err(trouble("listing", directory))?;
        let Some((name, segment)) = entry.file_name().to_str().and_then(Name::parse) else { continue };
        let files = journals.entry(name).or_insert_with(|| Files { name, segments: BTreeMap::new() });
        files.segments.insert(segment, entry.path());
    }
    Ok(journals.into_values().collect())
}
