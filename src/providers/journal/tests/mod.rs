//! What a journal promises: all that was committed is read again, in order, once; and it says no in time.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{writer::Sizes, *};
use crate::base::{
    clock::{Micros, Stopwatch},
    limits,
};

mod damage;

/// A record that owns its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    kind: u8,
    run: u64,
    bucket: u16,
    seq: u64,
    payload: Vec<u8>,
}

impl Owned {
    fn new(seq: u64, payload_bytes: usize) -> Self {
        let payload = (0..payload_bytes).map(|i| (i as u64 * 7 + seq * 31 + 1).to_le_bytes()[0]).collect();
        Self { kind: 1, run: 0xabcd, bucket: (seq % 64) as u16, seq, payload }
    }
    fn frame(&self) -> Frame<'_> {
        Frame { kind: self.kind, run: RunId(self.run), bucket: self.bucket, seq: self.seq, payload: &self.payload }
    }
}

fn small() -> Sizes {
    Sizes { segment: 1024, reserve: 0 }
}

fn open(path: &Path) -> Directory {
    Directory::open_sized(path, small()).unwrap()
}

fn replay(directory: &Directory) -> (Vec<Owned>, Replay) {
    let mut records = Vec::new();
    let replay = directory
        .replay(&mut |_, frame| {
            let Frame { kind, run, bucket, seq, payload } = frame;
            records.push(Owned { kind, run: run.0, bucket, seq, payload: payload.to_vec() });
        })
        .unwrap();
    (records, replay)
}

/// Writes one journal, group by group, as one process start does, and gives back its segment files in order.
fn write(path: &Path, groups: &[Vec<Owned>]) -> Vec<PathBuf> {
    let mut journal = open(path).create(Micros(7)).unwrap();
    for group in groups {
        for record in group {
            journal.append(record.frame()).unwrap();
        }
        journal.commit().unwrap();
    }
    let id = journal.id().to_string();
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_str().unwrap().contains(&id));
    files.sort();
    files
}

/// Groups of `sizes` records of 100 bytes.
fn groups(sizes: &[usize]) -> Vec<Vec<Owned>> {
    let mut seq = 0;
    let mut next = || {
        seq += 1;
        Owned::new(seq, 100)
    };
    sizes.iter().map(|records| (0..*records).map(|_| next()).collect()).collect()
}

#[test]
fn what_was_committed_is_read_by_later_starts() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data/journals");
    let (first, second) = (groups(&[1, 5, 4, 12, 1]), groups(&[2]));
    assert!(write(&path, &first).len() >= 3, "several segments");
    write(&path, &[]);
    write(&path, &second);
    let directory = open(&path);
    let _current = directory.create(Micros(9)).unwrap();
    let (records, replay) = replay(&directory);
    assert_eq!(records, [first.concat(), second.concat()].concat());
    assert_eq!(replay.journals.iter().map(|journal| journal.records).collect::<Vec<_>>(), [23, 0, 2]);
    assert_eq!(replay.journals[0].created, Some(Micros(7)));
    assert!(replay.torn.is_empty() && replay.incidents.is_empty(), "{replay:?}");
}

#[test]
fn nothing_is_on_disk_before_the_commit() {
    let dir = TempDir::new().unwrap();
    let mut journal = open(dir.path()).create(Micros(1)).unwrap();
    assert_eq!(journal.commit(), Ok(Committed::default()));
    journal.append(Owned::new(1, 10).frame()).unwrap();
    drop(journal);
    assert_eq!(replay(&open(dir.path())).0, []);
}

#[test]
fn a_second_process_is_refused_until_the_last_journal_is_gone() {
    let dir = TempDir::new().unwrap();
    let directory = open(dir.path());
    let journal = directory.create(Micros(1)).unwrap();
    drop(directory);
    let error = Directory::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains(&format!("(process {})", std::process::id())) && error.contains("stop it"), "{error}");
    drop(journal);
    Directory::open(dir.path()).unwrap();
}

#[test]
fn full_is_said_before_the_reserve_and_is_not_the_end() {
    let dir = TempDir::new().unwrap();
    let mut journal = Directory::open(dir.path()).unwrap().create(Micros(1)).unwrap();
    let record = Owned::new(1, 60_000);
    journal.sizes_mut().reserve = u64::MAX;
    assert_eq!(journal.free_bytes(), 0);
    let error = journal.append(record.frame()).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }) && error.to_string().contains("make room in"), "{error}");
    assert_eq!(journal.commit(), Ok(Committed::default()));

    journal.sizes_mut().reserve = 0;
    assert!(journal.free_bytes() > 0);
    journal.append(record.frame()).unwrap();
    assert!(journal.commit().unwrap().bytes > 60_000);
    // The zeros ahead are room that is taken already: it is used up, and not a byte more.
    journal.sizes_mut().reserve = u64::MAX;
    let more = (1..100).take_while(|_| journal.append(record.frame()).is_ok()).count();
    assert_eq!(more, 16, "17 records of 60,048 bytes fit into 1 MiB");
    journal.commit().unwrap();
    let id = journal.id();
    let on_disk = fs::metadata(dir.path().join(format!("00000001-{id}-000000.segment"))).unwrap().len();
    assert_eq!(on_disk, limits::JOURNAL_AHEAD_BYTES);
    drop(journal);
    assert_eq!(replay(&open(dir.path())).0.len(), 17);
}

#[test]
fn the_reserve_is_lent_to_the_byte() {
    let dir = TempDir::new().unwrap();
    let mut journal = Directory::open(dir.path()).unwrap().create(Micros(1)).unwrap();
    let record = Owned::new(1, 100);
    journal.sizes_mut().reserve = u64::MAX;
    assert!(matches!(journal.append(record.frame()), Err(JournalError::Full { .. })));
    journal.lend_reserve(true);
    for seq in 1..=3 {
        journal.append(Owned::new(seq, 100).frame()).unwrap();
    }
    journal.lend_reserve(false);
    assert!(matches!(journal.append(record.frame()), Err(JournalError::Full { .. })));
    let written = journal.commit().unwrap().bytes;
    let file = dir.path().join(format!("00000001-{}-000000.segment", journal.id()));
    assert_eq!(fs::metadata(&file).unwrap().len(), layout::HEADER_BYTES as u64 + written, "no zeros ahead");
    journal.sizes_mut().reserve = 0;
    journal.append(Owned::new(4, 100).frame()).unwrap();
    journal.commit().unwrap();
    drop(journal);
    assert_eq!(replay(&open(dir.path())).0.len(), 4);
}

#[test]
fn full_at_the_end_of_a_segment_does_not_make_the_next_one() {
    let dir = TempDir::new().unwrap();
    let mut journal = open(dir.path()).create(Micros(1)).unwrap();
    for record in groups(&[10]).concat() {
        journal.append(record.frame()).unwrap();
    }
    journal.commit().unwrap();
    journal.sizes_mut().reserve = u64::MAX;
    let record = Owned::new(11, 100);
    assert!(matches!(journal.append(record.frame()), Err(JournalError::Full { .. })));
    journal.commit().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "the lock and one segment");
    journal.sizes_mut().reserve = 0;
    journal.append(record.frame()).unwrap();
    journal.commit().unwrap();
    drop(journal);
    let (records, replay) = replay(&open(dir.path()));
    assert_eq!((records.len(), replay.journals[0].segments, replay.incidents.len()), (11, 2, 0));
}

#[test]
fn a_failed_commit_ends_the_journal_for_good() {
    // A device that is always full fails the write; one that swallows everything fails the fsync.
    for (device, doing) in [("/dev/full", "writing"), ("/dev/null", "fsync")] {
        let dir = TempDir::new().unwrap();
        let mut journal = open(dir.path()).create(Micros(1)).unwrap();
        journal.append(Owned::new(1, 10).frame()).unwrap();
        journal.commit().unwrap();
        journal.append(Owned::new(2, 10).frame()).unwrap();
        let broken = File::options().write(true).open(device).unwrap();
        let good = std::mem::replace(&mut journal.open_mut().file, broken);
        let error = journal.commit().unwrap_err();
        assert!(matches!(&error, JournalError::Failed { doing: what, .. } if *what == doing), "{error}");
        journal.open_mut().file = good;
        assert_eq!(journal.append(Owned::new(3, 10).frame()), Err(error.clone()));
        assert_eq!(journal.commit(), Err(error));
        assert_eq!(journal.free_bytes(), 0);
        drop(journal);
        let (records, replay) = replay(&open(dir.path()));
        assert_eq!((records, replay.incidents), (vec![Owned::new(1, 10)], vec![]));
    }
}

#[test]
fn what_is_too_large_is_not_taken() {
    let dir = TempDir::new().unwrap();
    let mut journal = Directory::open(dir.path()).unwrap().create(Micros(1)).unwrap();
    let largest = Owned::new(1, limits::JOURNAL_RECORD_BYTES_MAX);
    let larger = Owned::new(1, limits::JOURNAL_RECORD_BYTES_MAX + 1);
    assert!(matches!(journal.append(larger.frame()), Err(JournalError::TooLarge { what: "record", .. })));
    let fit = (0..1000).take_while(|_| journal.append(largest.frame()).is_ok()).count();
    assert!(matches!(journal.append(largest.frame()), Err(JournalError::TooLarge { what: "group", .. })));
    journal.commit().unwrap();
    drop(journal);
    assert_eq!(replay(&open(dir.path())).0, vec![largest; fit]);
}

#[test]
fn a_replay_is_fast() {
    let dir = TempDir::new().unwrap();
    let mut journal = Directory::open(dir.path()).unwrap().create(Micros(1)).unwrap();
    let record = Owned::new(1, 100);
    let (mut bytes, watch) = (0, Stopwatch::start());
    for _ in 0..50 {
        for _ in 0..512 {
            journal.append(record.frame()).unwrap();
        }
        bytes += journal.commit().unwrap().bytes;
    }
    let commits = 50.0 / watch.elapsed().as_secs_f64();
    drop(journal);
    let (directory, mut read) = (open(dir.path()), 0);
    let watch = Stopwatch::start();
    directory.replay(&mut |_, _| read += 1).unwrap();
    let speed = bytes as f64 / 1e6 / watch.elapsed().as_secs_f64();
    println!("{commits:.0} commits/s of 512 records of 100 bytes, replay {speed:.0} MB/s");
    assert_eq!(read, 50 * 512);
}

fn any_record() -> impl Strategy<Value = Owned> {
    let payload = prop_oneof![
        9 => prop::collection::vec(any::<u8>(), 0..300),
        1 => prop::collection::vec(Just(0), 0..3000)
    ];
    (any::<u8>(), any::<u64>(), any::<u16>(), any::<u64>(), payload)
        .prop_map(|(kind, run, bucket, seq, payload)| Owned { kind, run, bucket, seq, payload })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any records, in any groups, in several process starts.
    #[test]
    fn all_records_come_back(
        starts in prop::collection::vec(prop::collection::vec(prop::collection::vec(any_record(), 0..8), 0..8), 0..4)
    ) {
        let dir = TempDir::new().unwrap();
        for groups in &starts {
            write(dir.path(), groups);
        }
        let (records, replay) = replay(&open(dir.path()));
        prop_assert_eq!(records, starts.concat().concat());
        prop_assert!(replay.torn.is_empty() && replay.incidents.is_empty());
    }
}
