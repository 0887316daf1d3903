//! Walking over the bytes of one segment: records, and the gaps between them. Pure.

use std::ops::Range;

use super::layout::{self, ALIGN, Record};

/// The disk writes whole sectors of at least this size: what it did not get to is still as it was, zeros.
const SECTOR: usize = 512;

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A good record, and where it starts.
    Record(usize, Record<'a>),
    /// Bytes that are no record, up to the next good one; up to the end of what is not zero if there is none.
    Gap(Range<usize>),
}

/// A walk over a segment. Ends where only zeros are left.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    crc_seed: u32,
    /// The position that a record at the start of the file would have; unknown until the header or a record told it.
    origin: Option<u64>,
    /// Records before this position were read already.
    least: u64,
}

impl<'a> Scan<'a> {
    /// Walks over `bytes` from `at`, where the position is `position` if that is known, and in any case not before
    /// `least`.
    pub fn new(bytes: &'a [u8], at: usize, crc_seed: u32, position: Option<u64>, least: u64) -> Self {
        let origin = position.map(|position| position.wrapping_sub(at as u64));
        Self { bytes, at, crc_seed, origin, least }
    }

    /// The good record at `at`, if it is where it says that it is.
    fn record_at(&self, at: usize) -> Option<Record<'a>> {
        let record = layout::decode_record(self.bytes.get(at..)?, self.crc_seed)?;
        let origin = record.position.wrapping_sub(at as u64);
        (self.origin.unwrap_or(origin) == origin && record.position >= self.least).then_some(record)
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let from = self.at;
        if let Some(record) = self.record_at(from) {
            self.origin = Some(record.position.wrapping_sub(from as u64));
            self.at += record.bytes;
            return Some(Piece::Record(from, record));
        }
        let end = end_of_data(self.bytes);
        if from >= end {
            return None;
        }
        self.at = (from..end).step_by(ALIGN).skip(1).find(|at| self.record_at(*at).is_some()).unwrap_or(end);
        Some(Piece::Gap(from..self.at))
    }
}

/// Where the zeros at the end start.
pub fn end_of_data(bytes: &[u8]) -> usize {
    // Whole blocks first: the zeros written ahead are a megabyte, and most files end with them.
    let blocks = bytes.rchunks(SECTOR).take_while(|block| block.iter().all(|byte| *byte == 0)).count();
    let rest = &bytes[..bytes.len().saturating_sub(blocks * SECTOR)];
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Whether the disk has left out a sector of the gap: from the gap's start, or a sector's, to the sector's end all is
/// zero. That is what a power cut in the middle of a group leaves behind, and a flipped bit does not.
pub fn has_unwritten_sector(bytes: &[u8], gap: Range<usize>) -> bool {
    let mut at = gap.start;
    while at < gap.end {
        let end = (at + 1).next_multiple_of(SECTOR);
        if end > gap.end {
            // The next good record starts in this sector, so the sector was written.
            return false;
        }
        if bytes[at..end].iter().all(|byte| *byte == 0) {
            return true;
        }
        at = end;
    }
    false
}
