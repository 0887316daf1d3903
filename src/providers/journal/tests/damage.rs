//! What a journal says about files that are cut, torn or damaged: never less than is there, never nothing.

use super::*;
use crate::providers::journal::layout::{self, HEADER_BYTES, Header};

/// Bytes of a record of these tests.
const RECORD: usize = layout::record_bytes(100);

/// A journal in a directory that is open for replay, whose files a test may change.
struct Case {
    _dir: TempDir,
    path: PathBuf,
    files: Vec<PathBuf>,
    records: Vec<Owned>,
}

impl Case {
    fn new(sizes: &[usize]) -> Self {
        let dir = TempDir::new().unwrap();
        let groups = groups(sizes);
        let files = write(dir.path(), &groups);
        Self { path: dir.path().to_owned(), _dir: dir, files, records: groups.concat() }
    }
    fn replay(&self) -> (Vec<Owned>, Replay) {
        replay(&open(&self.path))
    }
}

#[test]
fn the_last_group_may_be_torn_at_every_byte() {
    let case = Case::new(&[2, 1, 5]);
    let whole = fs::read(&case.files[0]).unwrap();
    assert_eq!((case.files.len(), whole.len()), (1, HEADER_BYTES + 8 * RECORD));
    let directory = open(&case.path);
    for cut in HEADER_BYTES + 3 * RECORD..whole.len() {
        let kept = (cut - HEADER_BYTES) / RECORD;
        for tail in [vec![], vec![0; whole.len() - cut + 4096], vec![0xa5; whole.len() - cut]] {
            let bytes = [&whole[..cut], &tail].concat();
            fs::write(&case.files[0], &bytes).unwrap();
            let (records, replay) = replay(&directory);
            // Zeros may be just what was cut off: the padding of a record.
            let kept = if bytes.starts_with(&whole[..HEADER_BYTES + (kept + 1) * RECORD]) { kept + 1 } else { kept };
            assert_eq!(records, case.records[..kept], "cut at {cut}");
            assert_eq!(replay.incidents, [], "cut at {cut}");
            let dirty = bytes[HEADER_BYTES + kept * RECORD..].iter().any(|byte| *byte != 0);
            assert_eq!(replay.torn.len(), usize::from(dirty), "cut at {cut}");
            for torn in replay.torn {
                assert_eq!(torn.offset, (HEADER_BYTES + kept * RECORD) as u64);
            }
        }
    }
}

#[test]
fn a_start_cut_short_is_torn_at_every_byte() {
    let case = Case::new(&[]);
    let whole = fs::read(&case.files[0]).unwrap();
    let directory = open(&case.path);
    for cut in 0..HEADER_BYTES {
        fs::write(&case.files[0], &whole[..cut]).unwrap();
        let (records, replay) = replay(&directory);
        assert_eq!((records, replay.torn.len(), replay.incidents), (vec![], 1, vec![]));
    }
}

#[test]
fn a_sector_that_the_disk_left_out_of_the_last_group_is_torn_and_of_any_other_damage() {
    let mut case = Case::new(&[7, 1]);
    let last = groups(&[0, 40])[1].clone();
    case.files = write(&case.path, &[case.records.clone(), last.clone()]);
    let whole = fs::read(case.files.last().unwrap()).unwrap();
    assert_eq!(case.files.len(), 2, "the second journal's last group is a segment of its own");
    let mut bytes = whole.clone();
    bytes[1024..1536].fill(0);
    fs::write(&case.files[1], &bytes).unwrap();
    let (records, replayed) = case.replay();
    let kept = (1024 - HEADER_BYTES) / RECORD;
    assert_eq!(records[2 * case.records.len()..], last[..kept]);
    assert_eq!(replayed.incidents, []);
    assert_eq!(usize::try_from(replayed.torn[0].records).unwrap(), 40 - kept - 4, "four records touch the sector");

    // A later group in the same file says that this one was on disk.
    let position = layout::record_bytes(100) as u64 * (case.records.len() + last.len()) as u64;
    let mut group = Vec::new();
    let id = replayed.journals[1].id;
    layout::encode_record(&mut group, position, layout::crc_seed(id), Owned::new(99, 100).frame());
    fs::write(&case.files[1], [bytes, group].concat()).unwrap();
    let (records, replay) = case.replay();
    assert_eq!(records.len(), 2 * case.records.len() + last.len() + 1 - 4);
    assert_eq!((replay.torn.len(), replay.incidents.len()), (0, 1));
    assert_eq!((replay.incidents[0].bytes, &replay.incidents[0].why), (4 * RECORD as u64, &Damage::Record));
}

#[test]
fn a_flipped_bit_anywhere_is_named_and_costs_one_record() {
    let case = Case::new(&[3, 4, 1, 2, 2]);
    assert_eq!(case.files.len(), 2);
    let directory = open(&case.path);
    let mut before = 0;
    for (number, file) in case.files.iter().enumerate() {
        let whole = fs::read(file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(file, &bytes).unwrap();
            let (records, replay) = replay(&directory);
            let mut expected = case.records.clone();
            let place = format!("byte {at} of segment {number}");
            if at < HEADER_BYTES {
                assert_eq!(replay.incidents.len(), 1, "{place}");
                assert_eq!(replay.incidents[0].why, Damage::Header, "{place}");
            } else {
                let lost = before + (at - HEADER_BYTES) / RECORD;
                let offset = (HEADER_BYTES + (at - HEADER_BYTES) / RECORD * RECORD) as u64;
                expected.remove(lost);
                if lost + 1 == case.records.len() {
                    // The end of the last group cannot be told from one that was cut short.
                    assert_eq!((replay.torn.len(), replay.torn[0].offset), (1, offset), "{place}");
                } else {
                    let incident = &replay.incidents[0];
                    assert_eq!((replay.incidents.len(), replay.torn.len()), (1, 0), "{place}");
                    assert_eq!((&incident.file, incident.offset), (file, offset), "{place}");
                    assert_eq!((incident.bytes, &incident.why), (RECORD as u64, &Damage::Record), "{place}");
                }
            }
            assert_eq!(records, expected, "{place}");
        }
        fs::write(file, &whole).unwrap();
        before += (whole.len() - HEADER_BYTES) / RECORD;
    }
}

#[test]
fn a_segment_that_reads_well_but_is_another_breaks_the_chain() {
    let case = Case::new(&[8, 8, 1]);
    assert_eq!(case.files.len(), 3);
    let whole = fs::read(&case.files[0]).unwrap();
    let id = Header::decode(&whole).unwrap().journal;
    let mut forged = Vec::new();
    for record in &case.records[..8] {
        let record = Owned { kind: 2, ..record.clone() };
        layout::encode_record(&mut forged, 0, layout::crc_seed(id), record.frame());
    }
    let shorter = &whole[..HEADER_BYTES + 7 * RECORD];
    for (bytes, records) in [([&whole[..HEADER_BYTES], &forged].concat(), 17), (shorter.to_vec(), 16)] {
        fs::write(&case.files[0], bytes).unwrap();
        let (read, replay) = case.replay();
        assert_eq!((read.len(), replay.torn.len(), replay.incidents.len()), (records, 0, 1));
        assert_eq!((&replay.incidents[0].why, &replay.incidents[0].file), (&Damage::Chain, &case.files[0]));
    }
}

#[test]
fn a_missing_a_foreign_and_a_copied_file_are_named_and_the_rest_is_read() {
    let case = Case::new(&[8, 8, 1]);
    let middle = fs::read(&case.files[1]).unwrap();
    fs::remove_file(&case.files[1]).unwrap();
    let (records, replay) = case.replay();
    assert_eq!(records.len(), 9);
    assert_eq!((&replay.incidents[0].why, &replay.incidents[0].file), (&Damage::Missing, &case.files[1]));
    assert_eq!(replay.incidents.len(), 1);

    // A directory in the place of the file stands for a disk that cannot read it.
    fs::create_dir(&case.files[1]).unwrap();
    let (records, replay) = case.replay();
    assert_eq!((records.len(), replay.incidents.len()), (9, 1));
    assert!(matches!(replay.incidents[0].why, Damage::Unreadable(_)));
    fs::remove_dir(&case.files[1]).unwrap();

    fs::copy(&case.files[0], &case.files[1]).unwrap();
    let (records, replay) = case.replay();
    assert_eq!((records.len(), replay.incidents.len()), (9, 2), "no record comes twice");
    assert_eq!((&replay.incidents[0].why, &replay.incidents[1].why), (&Damage::Header, &Damage::Record));

    fs::write(&case.files[1], middle).unwrap();
    let name = case.files[0].file_name().unwrap().to_str().unwrap().replacen("00000001", "00000009", 1);
    let copy = case.path.join(name);
    fs::copy(&case.files[0], &copy).unwrap();
    let (records, replay) = case.replay();
    assert_eq!((records.len(), replay.incidents.len()), (17, 1));
    assert_eq!((&replay.incidents[0].why, &replay.incidents[0].file), (&Damage::Twice, &copy));
    assert!(replay.incidents[0].to_string().contains("twice"));
}

#[test]
fn a_newer_format_is_left_to_its_version_and_other_files_are_left_alone() {
    let case = Case::new(&[1]);
    fs::write(case.path.join("notes.txt"), "bring cake").unwrap();
    assert_eq!(case.replay().1.incidents, []);
    let mut bytes = fs::read(&case.files[0]).unwrap();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..92]).to_le_bytes();
    bytes[92..96].copy_from_slice(&crc);
    fs::write(&case.files[0], bytes).unwrap();
    let error = open(&case.path).replay(&mut |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("start that version"), "{error}");
}

#[test]
fn an_image_of_a_record_inside_a_payload_is_never_taken_for_one() {
    let dir = TempDir::new().unwrap();
    let mut journal = open(dir.path()).create(Micros(1)).unwrap();
    // Both images are whole, aligned and have a good checksum. The first is of this very journal and only its position
    // is wrong; the second is at the right position, but of another journal.
    let mut payload = vec![1; 4];
    layout::encode_record(&mut payload, 0, layout::crc_seed(journal.id()), Owned::new(66, 100).frame());
    let mut foreign = Vec::new();
    let at = (44 + payload.len()) as u64;
    layout::encode_record(&mut foreign, at, layout::crc_seed(JournalId(1)), Owned::new(67, 100).frame());
    payload.extend(foreign);
    let carrier = Owned { payload, ..Owned::new(1, 0) };
    journal.append(carrier.frame()).unwrap();
    journal.commit().unwrap();
    journal.append(Owned::new(2, 10).frame()).unwrap();
    journal.commit().unwrap();
    let file = dir.path().join(format!("00000001-{}-000000.segment", journal.id()));
    drop(journal);
    let mut bytes = fs::read(&file).unwrap();
    bytes[HEADER_BYTES + 40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (records, replay) = replay(&open(dir.path()));
    assert_eq!((records, replay.incidents.len()), (vec![Owned::new(2, 10)], 1));
}
