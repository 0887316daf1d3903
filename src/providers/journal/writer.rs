//! The journal that is being written: a chain of segments, one group a commit.
//!
//! A commit is one positioned write and one fdatasync. A segment ends with the group that crosses its size, so a group is
//! never split; the next segment is made by the commit after that. The room for a group is asked for while it gathers,
//! a step at a time, so that `Full` is said before anything is written.

use std::sync::Arc;

use super::{
    Committed, Frame, Journal, JournalError,
    home::{Home, Name, Trouble, trouble},
    layout::{self, DIGEST_BYTES, HEADER_BYTES, Header},
    segment::OpenSegment,
    space,
};
use crate::base::{
    clock::{Micros, Stopwatch},
    ids::JournalId,
    limits,
};

/// Sizes that tests make smaller.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// A segment ends with the group that crosses this.
    pub segment: u64,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: limits::SEGMENT_BYTES, reserve: limits::DISK_RESERVE_BYTES }
    }
}

/// The journal of this process start.
#[derive(Debug)]
pub struct SegmentJournal {
    home: Arc<Home>,
    name: Name,
    created: Micros,
    sizes: Sizes,
    crc_seed: u32,
    open: OpenSegment,
    /// Bytes of records on disk, all segments together.
    position: u64,
    /// Records that wait for the commit.
    group: Vec<u8>,
    /// How far the segment that takes the group may reach without another look at the disk.
    granted: u64,
    /// The reserve may be used.
    lent: bool,
    ended: Option<JournalError>,
}

impl SegmentJournal {
    pub(super) fn create(home: Arc<Home>, name: Name, created: Micros, sizes: Sizes) -> Result<Self, Trouble> {
        let header = Header {
            segment: 0,
            journal: name.id,
            start: name.start,
            created,
            position: 0,
            previous_bytes: 0,
            previous_digest: [0; DIGEST_BYTES],
        };
        let open = OpenSegment::create(&home, name, &header)?;
        let granted = open.filled;
        let (crc_seed, group) = (layout::crc_seed(name.id), Vec::new());
        Ok(Self { home, name, created, sizes, crc_seed, open, position: 0, group, granted, lent: false, ended: None })
    }

    /// The next commit starts a new segment.
    fn rolls(&self) -> bool {
        self.open.used >= self.sizes.segment
    }

    /// Makes sure that the disk has room for `end` bytes in the segment that takes the group.
    fn grant(&mut self, end: u64) -> Result<(), JournalError> {
        if end <= self.granted {
            return Ok(());
        }
        let free = space::free_bytes(&self.home.handle)
            .map_err(|source| self.end(Trouble { doing: "asking for room", path: self.home.path.clone(), source }))?;
        // Room that an earlier record of this group was granted is not taken yet, so it counts again.
        let on_disk = if self.rolls() { 0 } else { self.open.filled };
        let ahead = end.next_multiple_of(limits::JOURNAL_AHEAD_BYTES);
        if space::fits(free, self.sizes.reserve, ahead - on_disk) {
            self.granted = ahead;
        } else if self.lent && space::fits(free, 0, end - on_disk) {
            // Of the reserve only what the record takes.
            self.granted = end;
        } else {
            return Err(JournalError::Full { free, reserve: self.sizes.reserve, directory: self.home.path.clone() });
        }
        Ok(())
    }

    /// Ends the journal for good.
    fn end(&mut self, trouble: Trouble) -> JournalError {
        let error = JournalError::Failed {
            journal: self.name.id,
            doing: trouble.doing,
            file: trouble.path,
            reason: trouble.source.to_string(),
        };
        self.group = Vec::new();
        self.ended.insert(error).clone()
    }

    /// Closes the segment, whose records are all on disk, and opens the next one.
    fn roll(&mut self) -> Result<(), Trouble> {
        let header = Header {
            segment: self.open.number + 1,
            journal: self.name.id,
            start: self.name.start,
            created: self.created,
            position: self.position,
            previous_bytes: self.open.used,
            previous_digest: self.open.digest(),
        };
        self.open.trim();
        self.open = OpenSegment::create(&self.home, self.name, &header)?;
        Ok(())
    }

    fn write(&mut self) -> Result<Committed, Trouble> {
        if self.rolls() {
            self.roll()?;
        }
        self.open.write(&self.group, self.granted.min(self.sizes.segment))?;
        let watch = Stopwatch::start();
        self.open.file.sync_data().map_err(trouble("fsync", &self.open.path))?;
        let bytes = self.group.len() as u64;
        self.position += bytes;
        self.group.clear();
        Ok(Committed { bytes, fsync: watch.elapsed() })
    }

    #[cfg(test)]
    pub(super) fn sizes_mut(&mut self) -> &mut Sizes {
        &mut self.sizes
    }

    #[cfg(test)]
    pub(super) fn open_mut(&mut self) -> &mut OpenSegment {
        &mut self.open
    }
}

impl Journal for SegmentJournal {
    fn id(&self) -> JournalId {
        self.name.id
    }

    fn append(&mut self, frame: Frame<'_>) -> Result<(), JournalError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if frame.payload.len() > limits::JOURNAL_RECORD_BYTES_MAX {
            let (bytes, max) = (frame.payload.len(), limits::JOURNAL_RECORD_BYTES_MAX);
            return Err(JournalError::TooLarge { what: "record", bytes, max });
        }
        let bytes = self.group.len() + layout::record_bytes(frame.payload.len());
        if bytes > limits::JOURNAL_GROUP_BYTES_MAX {
            return Err(JournalError::TooLarge { what: "group", bytes, max: limits::JOURNAL_GROUP_BYTES_MAX });
        }
        let mut start = self.open.used;
        if self.rolls() {
            start = HEADER_BYTES as u64;
            if self.group.is_empty() {
                self.granted = 0;
            }
        }
        self.grant(start + bytes as u64)?;
        layout::encode_record(&mut self.group, self.position, self.crc_seed, frame);
        Ok(())
    }

    fn lend_reserve(&mut self, lent: bool) {
        self.lent = lent;
    }

    fn commit(&mut self) -> Result<Committed, JournalError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if self.group.is_empty() {
            return Ok(Committed::default());
        }
        self.write().map_err(|trouble| self.end(trouble))
    }

    fn free_bytes(&self) -> u64 {
        if self.ended.is_some() {
            return 0;
        }
        // A file system that does not answer is treated like a full one; the next append finds out what it is.
        space::free_bytes(&self.home.handle).unwrap_or(0).saturating_sub(self.sizes.reserve)
    }
}

impl Drop for SegmentJournal {
    fn drop(&mut self) {
        // After a failure the file stays as it is: it may be looked at.
        if self.ended.is_none() {
            self.open.trim();
        }
    }
}
