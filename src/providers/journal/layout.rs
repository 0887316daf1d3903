//! The bytes of a segment file. All numbers are little-endian. A file is one header and then records, one behind the
//! other, then zeros.
//!
//! Header, 96 bytes:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `TALLYJRN` |
//! | 8 | 4 | format, 1 |
//! | 12 | 4 | number of the segment in its journal, from 0 |
//! | 16 | 8 | journal id |
//! | 24 | 8 | number of the process start in its directory, from 1 |
//! | 32 | 8 | when the journal was started, microseconds since 1970 |
//! | 40 | 8 | position of the first record: bytes of records in the segments before |
//! | 48 | 8 | bytes of the previous segment that the digest covers; 0 in the first |
//! | 56 | 32 | SHA-256 of those bytes, its own header (and so all segments before) included; zeros in the first |
//! | 88 | 4 | zero |
//! | 92 | 4 | CRC32C of bytes 0 to 92 |
//!
//! Record, a multiple of 8 bytes:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `TLr1` |
//! | 4 | 4 | CRC32C of all that follows, padding included, started from the CRC32C of the journal id |
//! | 8 | 4 | bytes of the payload |
//! | 12 | 4 | bytes from the start of the group (what one commit wrote) to this record |
//! | 16 | 8 | position: bytes of records in this journal before this one |
//! | 24 | 8 | run |
//! | 32 | 8 | sequence |
//! | 40 | 2 | bucket |
//! | 42 | 1 | kind |
//! | 43 | 1 | zero |
//! | 44 | … | payload, then zeros up to a multiple of 8 |
//!
//! **Finding the next record behind a bad one** needs no trust in the bad one's length: records start at multiples of 8
//! with a magic word, so each such place is tried. It is safe, because a record is taken only with a good CRC that was
//! started from this journal's random id, and at the position that it names itself: neither what another file left on
//! the disk, nor a block that was written to the wrong place, nor an image of a record inside a payload passes.
//!
//! **Torn or damaged?** A group is written only after the one before it is on disk. So what lies before the start of any
//! readable group was on disk once, and if it cannot be read now, that is damage. Only the last group can be torn.

use crate::base::{
    clock::Micros,
    ids::{JournalId, RunId},
    limits,
};

use super::Frame;

/// Bytes of a segment's header.
pub const HEADER_BYTES: usize = 96;
/// The format that this release writes.
pub const FORMAT: u32 = 1;
/// Bytes of a SHA-256.
pub const DIGEST_BYTES: usize = 32;
const FILE_MAGIC: &[u8; 8] = b"TALLYJRN";
const RECORD_MAGIC: &[u8; 4] = b"TLr1";
const RECORD_HEAD_BYTES: usize = 44;
/// Records start at multiples of this.
pub const ALIGN: usize = 8;

/// The header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub segment: u32,
    pub journal: JournalId,
    pub start: u64,
    pub created: Micros,
    pub position: u64,
    pub previous_bytes: u64,
    pub previous_digest: [u8; DIGEST_BYTES],
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadHeader {
    Damaged,
    /// Whole, but of a format that this version does not know.
    Newer(u32),
}

impl Header {
    /// The header as it stands at the start of a segment.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(FILE_MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.segment.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.journal.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.start.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.created.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.position.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.previous_bytes.to_le_bytes());
        bytes[56..88].copy_from_slice(&self.previous_digest);
        let crc = crc32c::crc32c(&bytes[..92]);
        bytes[92..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let bytes = bytes.get(..HEADER_BYTES).ok_or(BadHeader::Damaged)?;
        if &bytes[0..8] != FILE_MAGIC || crc32c::crc32c(&bytes[..92]) != u32_at(bytes, 92) {
            return Err(BadHeader::Damaged);
        }
        let format = u32_at(bytes, 8);
        if format != FORMAT {
            return Err(BadHeader::Newer(format));
        }
        Ok(Self {
            segment: u32_at(bytes, 12),
            journal: JournalId(u64_at(bytes, 16)),
            start: u64_at(bytes, 24),
            created: Micros(u64_at(bytes, 32)),
            position: u64_at(bytes, 40),
            previous_bytes: u64_at(bytes, 48),
            previous_digest: array_at(bytes, 56),
        })
    }
}

/// A record with its place in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub frame: Frame<'a>,
    /// Bytes of records in the journal before this one.
    pub position: u64,
    /// The position at which the record's group starts: everything before was on disk when this was written.
    pub group: u64,
    /// Bytes of the record with head and padding.
    pub bytes: usize,
}

/// Bytes that a record with this payload takes.
pub const fn record_bytes(payload_bytes: usize) -> usize {
    (RECORD_HEAD_BYTES + payload_bytes).next_multiple_of(ALIGN)
}

/// What the CRC of all records of a journal starts from.
pub fn crc_seed(journal: JournalId) -> u32 {
    crc32c::crc32c(&journal.0.to_le_bytes())
}

/// Appends a record to `group`, whose first byte will be at position `group_position`.
pub fn encode_record(group: &mut Vec<u8>, group_position: u64, seed: u32, frame: Frame<'_>) {
    let at = group.len();
    let back = u32::try_from(at).expect("a group is bounded");
    let payload_bytes = u32::try_from(frame.payload.len()).expect("a payload is bounded");
    group.extend_from_slice(RECORD_MAGIC);
    group.extend_from_slice(&[0; 4]);
    group.extend_from_slice(&payload_bytes.to_le_bytes());
    group.extend_from_slice(&back.to_le_bytes());
    group.extend_from_slice(&(group_position + u64::from(back)).to_le_bytes());
    group.extend_from_slice(&frame.run.0.to_le_bytes());
    group.extend_from_slice(&frame.seq.to_le_bytes());
    group.extend_from_slice(&frame.bucket.to_le_bytes());
    group.extend_from_slice(&[frame.kind, 0]);
    group.extend_from_slice(frame.payload);
    group.resize(at + record_bytes(frame.payload.len()), 0);
    let crc = crc32c::crc32c_append(seed, &group[at + 8..]);
    group[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
}

/// The record at the start of `bytes`, if a whole and good one is there.
pub fn decode_record(bytes: &[u8], seed: u32) -> Option<Record<'_>> {
    let head = bytes.get(..RECORD_HEAD_BYTES)?;
    if &head[0..4] != RECORD_MAGIC {
        return None;
    }
    let payload_bytes = usize::try_from(u32_at(head, 8)).ok()?;
    if payload_bytes > limits::JOURNAL_RECORD_BYTES_MAX {
        return None;
    }
    let record = bytes.get(..record_bytes(payload_bytes))?;
    if crc32c::crc32c_append(seed, &record[8..]) != u32_at(head, 4) {
        return None;
    }
    let position = u64_at(head, 16);
    Some(Record {
        frame: Frame {
            kind: head[42],
            run: RunId(u64_at(head, 24)),
            bucket: u16::from_le_bytes(array_at(head, 40)),
            seq: u64_at(head, 32),
            payload: &record[RECORD_HEAD_BYTES..RECORD_HEAD_BYTES + payload_bytes],
        },
        position,
        group: position.checked_sub(u64::from(u32_at(head, 12)))?,
        bytes: record.len(),
    })
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes is an array of N bytes")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}
