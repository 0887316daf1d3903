//! Reading one journal again, to its end, whatever is wrong with it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;

use super::{
    Damage, DirectoryError, Frame, JournalSummary, Replay, Torn,
    home::{Name, trouble},
    layout::{self, BadHeader, HEADER_BYTES, Header},
    scan::{self, Piece, Scan},
};
use crate::base::ids::JournalId;

/// The segment files of one journal.
#[derive(Debug, Clone)]
pub struct Files {
    pub name: Name,
    pub segments: BTreeMap<u32, PathBuf>,
}

/// The reading of one journal.
pub struct Reader<'a> {
    files: &'a Files,
    replay: &'a mut Replay,
    each: &'a mut dyn FnMut(JournalId, Frame<'_>),
    /// One segment's bytes; the next journal's reader uses the memory again.
    buffer: &'a mut Vec<u8>,
    /// Where the records that were read end, so that none is read twice.
    position: u64,
}

/// A segment that was read without trouble, as the next one's header should name it.
struct Link {
    path: PathBuf,
    bytes: usize,
    digest: digest::Digest,
}

impl<'a> Reader<'a> {
    /// A reader of `files`. It tells what it finds to `replay` and gives the records to `each`.
    pub fn new(
        files: &'a Files,
        replay: &'a mut Replay,
        each: &'a mut dyn FnMut(JournalId, Frame<'_>),
        buffer: &'a mut Vec<u8>,
    ) -> Self {
        Self { files, replay, each, buffer, position: 0 }
    }

    /// Reads all segments. An error only if a newer version wrote the journal, or the disk does not say that it keeps what
    /// was read.
    pub fn read(mut self) -> Result<(), DirectoryError> {
        let name = self.files.name;
        let last = self.files.segments.last_key_value().map_or(0, |(number, _)| *number);
        let mut summary = JournalSummary { id: name.id, created: None, records: 0, segments: 0, bytes: 0 };
        let mut link = None;
        for number in 0..=last {
            let Some(path) = self.files.segments.get(&number) else {
                // Any segment's path tells the directory.
                let path = self.files.segments[&last].with_file_name(name.file(number));
                self.incident(&path, 0..0, Damage::Missing);
                link = None;
                continue;
            };
            summary.segments += 1;
            self.buffer.clear();
            let file = File::open(path);
            if let Ok(file) = &file {
                // A process that was killed between write and fsync left a group in the page cache alone. Who reads it will
                // call it counted, so a power cut must not be able to take it any more.
                file.sync_data().map_err(trouble("fsync", path))?;
            }
            if let Err(error) = file.and_then(|mut file| file.read_to_end(self.buffer)) {
                self.incident(path, 0..0, Damage::Unreadable(error.to_string()));
                link = None;
                continue;
            }
            summary.bytes += self.buffer.len() as u64;
            let bytes = std::mem::take(self.buffer);
            let header = self.header(path, number, number == last, &bytes)?;
            if let Some(header) = &header {
                summary.created.get_or_insert(header.created);
                self.check_chain(link.take(), header);
            }
            let (records, end) = self.records(path, &bytes, header.as_ref(), number == last);
            summary.records += records;
            link = end.filter(|_| header.is_some() && number != last).map(|end| Link {
                path: path.clone(),
                bytes: end,
                digest: digest::digest(&digest::SHA256, &bytes[..end]),
            });
            *self.buffer = bytes;
        }
        self.replay.journals.push(summary);
        Ok(())
    }

    /// The header, if it is good and this file's own.
    fn header(&mut self, path: &Path, number: u32, last: bool, bytes: &[u8]) -> Result<Option<Header>, DirectoryError> {
        let name = self.files.name;
        match Header::decode(bytes) {
            Ok(header) if (header.journal, header.start, header.segment) == (name.id, name.start, number) => {
                return Ok(Some(header));
            }
            Err(BadHeader::Newer(format)) => return Err(DirectoryError::Newer { file: path.to_owned(), format }),
            Ok(_) | Err(BadHeader::Damaged) => {}
        }
        let end = scan::end_of_data(bytes);
        if last && end <= HEADER_BYTES {
            // A header is on disk before the first record is written: this file's making was cut short.
            self.torn(path, 0..end, 0);
        } else {
            self.incident(path, 0..HEADER_BYTES.min(bytes.len()), Damage::Header);
        }
        Ok(None)
    }

    /// Compares what was read of the segment before with what this header says about it.
    fn check_chain(&mut self, before: Option<Link>, header: &Header) {
        let Some(before) = before else { return };
        if before.bytes as u64 != header.previous_bytes || before.digest.as_ref() != header.previous_digest {
            let lost = usize::try_from(header.previous_bytes).unwrap_or(usize::MAX).max(before.bytes);
            self.incident(&before.path, before.bytes..lost, Damage::Chain);
        }
    }

    /// Reads the records of a segment. Gives their number, and where they end if nothing was wrong.
    fn records(&mut self, path: &Path, bytes: &[u8], header: Option<&Header>, last: bool) -> (u64, Option<usize>) {
        let id = self.files.name.id;
        let seed = layout::crc_seed(id);
        let mut scan = Scan::new(bytes, HEADER_BYTES, seed, header.map(|header| header.position), self.position);
        let (mut records, mut end, mut clean) = (0, HEADER_BYTES.min(bytes.len()), true);
        while let Some(piece) = scan.next() {
            match piece {
                Piece::Record(at, record) => {
                    (self.each)(id, record.frame);
                    records += 1;
                    end = at + record.bytes;
                    self.position = record.position + record.bytes as u64;
                }
                Piece::Gap(gap) => {
                    clean = false;
                    if last && let Some(cut) = torn_records(bytes, &gap, scan.clone()) {
                        self.torn(path, gap.start..scan::end_of_data(bytes), cut);
                        break;
                    }
                    self.incident(path, gap, Damage::Record);
                }
            }
        }
        (records, clean.then_some(end))
    }

    fn incident(&mut self, path: &Path, at: Range<usize>, why: Damage) {
        self.replay.incident(self.files.name.id, path, at, why);
    }

    fn torn(&mut self, path: &Path, at: Range<usize>, records: u64) {
        let (journal, file) = (self.files.name.id, path.to_owned());
        self.replay.torn.push(Torn { journal, file, offset: at.start as u64, bytes: at.len() as u64, records });
    }
}

/// Decides whether a gap in the last segment is where the last group was torn, and if so, how many readable records of
/// that group are behind it. They are cut too: nobody was told of them, and they may build on what is missing.
fn torn_records(bytes: &[u8], gap: &Range<usize>, rest: Scan<'_>) -> Option<u64> {
    let mut readable = 0;
    for piece in rest {
        let Piece::Record(at, record) = piece else { continue };
        readable += 1;
        let gap_position = record.position.wrapping_sub((at - gap.start) as u64);
        if record.group > gap_position {
            // A later group was written, so the gap was on disk once.
            return None;
        }
    }
    // Without a readable record behind it, a gap is simply the end.
    (readable == 0 || scan::has_unwritten_sector(bytes, gap.clone())).then_some(readable)
}
