//! The disk of the simulation: files of which a part is durable and the rest is only in the page cache, and the journal
//! that writes to them. It keeps the contract of `providers/journal/mod.rs`, and breaks it only for the mutants.
//!
//! A record is a length, a CRC32C and a body; an empty body ends a group. Records behind the last end are a torn tail.

use std::{sync::Arc, sync::Mutex, time::Duration};

use fastrand::Rng;
use tallylight::{
    base::ids::{JournalId, RunId},
    providers::journal::{Committed, Frame, Journal, JournalError},
};

use super::{
    mutants::Mutant,
    world::{World, locked},
};

/// Why a node ends without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process alone: the page cache stays.
    Kill,
    /// The machine: of what was not fsynced, any part may be left.
    PowerCut,
}

/// What is to go wrong with the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Some of the bytes are written, then EIO.
    WriteFails,
    /// All bytes are written, then EIO; the disk may have them or not.
    FsyncFails,
    /// A crash after the write, before the disk says yes.
    CrashBeforeFsync(Crash),
    /// A crash after the disk said yes, before anybody is told.
    CrashAfterFsync(Crash),
}

/// A record as it is read again.
#[derive(Debug, Clone)]
pub struct Record {
    pub kind: u8,
    pub run: RunId,
    pub bucket: u16,
    pub seq: u64,
    pub payload: Vec<u8>,
}

impl Record {
    pub fn frame(&self) -> Frame<'_> {
        let Self { kind, run, bucket, seq, ref payload } = *self;
        Frame { kind, run, bucket, seq, payload }
    }
}

#[derive(Debug)]
struct File {
    journal: JournalId,
    bytes: Vec<u8>,
    /// Bytes that a power cut cannot take.
    durable: usize,
}

/// All files, through all lives of the node.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    /// What goes wrong with the next commit.
    pub trouble: Option<Trouble>,
    /// Commits that the disk is slow for.
    pub slow: u32,
    /// No room until this moment …
    pub full_until: u64,
    /// … once this many more records were taken.
    pub full_after: u32,
}

impl Disk {
    /// Starts a file for the journal of a process start.
    pub fn create(&mut self, journal: JournalId) -> usize {
        self.files.push(File { journal, bytes: Vec::new(), durable: 0 });
        self.files.len() - 1
    }

    /// The id of the first journal, for the mutant that uses it again.
    pub fn first(&self) -> Option<JournalId> {
        self.files.first().map(|file| file.journal)
    }

    /// Writes to the end of a file; the bytes are in the page cache only.
    pub fn put(&mut self, file: usize, bytes: &[u8]) {
        self.files[file].bytes.extend_from_slice(bytes);
    }

    /// Everything written so far is durable; the records that were not before.
    pub fn sync(&mut self, file: usize) -> Vec<(JournalId, Record)> {
        let File { journal, bytes, durable } = &mut self.files[file];
        let (fresh, _) = read(&bytes[*durable..]);
        *durable = bytes.len();
        fresh.into_iter().map(|record| (*journal, record)).collect()
    }

    /// The machine loses what is not durable, or a part of it. `true`: a group was torn.
    pub fn cut_power(&mut self, rng: &mut Rng) -> bool {
        let mut torn = false;
        for File { bytes, durable, .. } in &mut self.files {
            let loose = bytes.len() - *durable;
            let kept = if rng.bool() { rng.usize(0..=loose) } else { loose * rng.usize(0..=1) };
            bytes.truncate(*durable + kept);
            torn |= kept > 0 && kept < loose;
            if kept > 0 && rng.u32(0..4) == 0 {
                let place = *durable + rng.usize(0..kept);
                bytes[place] ^= 1 << rng.u32(0..8);
            }
        }
        torn
    }

    /// Cuts torn tails and makes durable what is left, before anything of it is believed. Returns the records that were
    /// not durable before, and the bytes that were cut.
    pub fn settle(&mut self) -> (Vec<(JournalId, Record)>, usize) {
        let (mut fresh, mut cut) = (Vec::new(), 0);
        for number in 0..self.files.len() {
            let File { bytes, durable, .. } = &mut self.files[number];
            let (_, whole) = read(&bytes[*durable..]);
            cut += bytes.len() - *durable - whole;
            bytes.truncate(*durable + whole);
            fresh.extend(self.sync(number));
        }
        (fresh, cut)
    }

    /// All records of all journals, in the order of their starts.
    pub fn replay(&self) -> Vec<(JournalId, Record)> {
        let all = self.files.iter().flat_map(|file| {
            let (records, _) = read(&file.bytes);
            records.into_iter().map(|record| (file.journal, record))
        });
        all.collect()
    }
}

/// Adds a record to a group.
pub fn add(group: &mut Vec<u8>, frame: Frame<'_>) {
    let mut body = vec![frame.kind];
    body.extend_from_slice(&frame.run.0.to_le_bytes());
    body.extend_from_slice(&frame.bucket.to_le_bytes());
    body.extend_from_slice(&frame.seq.to_le_bytes());
    body.extend_from_slice(frame.payload);
    write(group, &body);
}

/// Ends a group.
pub fn end(group: &mut Vec<u8>) {
    write(group, &[]);
}

fn write(into: &mut Vec<u8>, body: &[u8]) {
    let length = u32::try_from(body.len()).expect("records are small");
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
    into.extend_from_slice(body);
}

/// The records of whole groups, and how many bytes they take.
fn read(bytes: &[u8]) -> (Vec<Record>, usize) {
    let (mut records, mut whole, mut group, mut at) = (Vec::new(), 0, Vec::new(), 0);
    while let Some(head) = bytes.get(at..at + 8) {
        let word = |from: usize| u32::from_le_bytes(head[from..from + 4].try_into().expect("four bytes"));
        let Some(body) = bytes.get(at + 8..at + 8 + word(0) as usize) else { break };
        if crc32c::crc32c(body) != word(4) {
            break;
        }
        at += 8 + body.len();
        let Some((head, payload)) = body.split_at_checked(19) else {
            records.append(&mut group);
            whole = at;
            continue;
        };
        group.push(Record {
            kind: head[0],
            run: RunId(u64::from_le_bytes(head[1..9].try_into().expect("eight bytes"))),
            bucket: u16::from_le_bytes(head[9..11].try_into().expect("two bytes")),
            seq: u64::from_le_bytes(head[11..19].try_into().expect("eight bytes")),
            payload: payload.to_vec(),
        });
    }
    (records, whole)
}

/// The journal of one life of the node. While it waits for the disk, the world goes on.
#[derive(Debug)]
pub struct SimJournal {
    world: Arc<Mutex<World>>,
    life: u32,
    id: JournalId,
    file: usize,
    group: Vec<u8>,
    lent: bool,
    ended: Option<JournalError>,
}

impl SimJournal {
    /// A journal in a file of its own.
    pub fn create(shared: &Arc<Mutex<World>>, world: &mut World, id: JournalId) -> Self {
        let file = world.disk.create(id);
        Self { world: shared.clone(), life: world.life, id, file, group: Vec::new(), lent: false, ended: None }
    }

    fn end(&mut self, doing: &'static str) -> JournalError {
        let file = format!("{}.journal", self.id).into();
        let error = JournalError::Failed { journal: self.id, doing, file, reason: "simulated".into() };
        self.ended = Some(error.clone());
        error
    }
}

impl Journal for SimJournal {
    fn id(&self) -> JournalId {
        self.id
    }

    fn append(&mut self, frame: Frame<'_>) -> Result<(), JournalError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let mut world = locked(&self.world);
        if world.now < world.disk.full_until && !self.lent {
            if world.disk.full_after == 0 {
                world.count("records that found the disk full");
                return Err(JournalError::Full { free: 0, reserve: 1, directory: ".".into() });
            }
            world.disk.full_after -= 1;
        }
        drop(world);
        add(&mut self.group, frame);
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
        end(&mut self.group);
        let group = std::mem::take(&mut self.group);
        let shared = self.world.clone();
        let mut world = locked(&shared);
        let trouble = world.disk.trouble.take();
        let mut written = group.len();
        if trouble == Some(Trouble::WriteFails) {
            written = world.rng.usize(0..written);
        }
        world.disk.put(self.file, &group[..written]);
        world.nothing_undurable_is_out();
        let fsync_us = world.fsync_us();
        if world.mutant == Some(Mutant::ReceiptBeforeFsync) {
            world.sync_later(self.file, fsync_us);
            return Ok(Committed { bytes: written as u64, fsync: Duration::ZERO });
        }
        if let Some(Trouble::CrashBeforeFsync(crash)) = trouble {
            let within_us = world.rng.u64(0..fsync_us);
            world.crash_in(within_us, crash);
        }
        let done = world.now + fsync_us;
        world.go_on_until(done);
        if world.life != self.life || world.process.is_none() {
            return Err(self.end("fsync"));
        }
        match trouble {
            Some(Trouble::WriteFails) => {
                world.count("failed writes");
                return Err(self.end("write"));
            }
            Some(Trouble::FsyncFails) => {
                world.count("failed fsyncs");
                if world.rng.bool() {
                    world.durable(self.file);
                }
                return Err(self.end("fsync"));
            }
            _ => world.durable(self.file),
        }
        if let Some(Trouble::CrashAfterFsync(crash)) = trouble {
            world.count("crashes after fsync, before receipts");
            world.crash(crash);
        }
        Ok(Committed { bytes: written as u64, fsync: Duration::from_micros(fsync_us) })
    }

    fn free_bytes(&self) -> u64 {
        if self.ended.is_some() { 0 } else { 1 << 30 }
    }
}
