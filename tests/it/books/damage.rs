//! Files that are not as they were written: garbage behind the end of a journal, and one byte flipped in the middle of an
//! old one, after a seal and before it. What is lost is named, and never hidden by a result that looks right.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{audience::Crowd, show::SHOW, stage::Stage};
use crate::support::{SOON, app::TestApp};

const CROWD: Crowd = Crowd { voters: 2000, votes: 3, per_second: 1400 };

/// The segments of a data directory, oldest first.
fn segments(app: &TestApp) -> Vec<PathBuf> {
    let folder = fs::read_dir(app.data().join("journals")).expect("there are journals");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "segment"));
    paths.sort();
    paths
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).expect("a segment can be read");
    change(&mut bytes);
    fs::write(file, bytes).expect("a segment can be written");
}

/// A ballot's record in a segment, as layout.rs and record.rs say it.
struct Record {
    payload: Range<usize>,
    bucket: u16,
    seq: u64,
    /// The ballot's id, as it is written on the wire.
    id: String,
}

/// The counted ballots of a segment.
fn counted(segment: &Path) -> Vec<Record> {
    let bytes = fs::read(segment).expect("a segment can be read");
    let number =
        |at: usize, length: usize| bytes[at..at + length].iter().rev().fold(0_u128, |n, b| n << 8 | u128::from(*b));
    let starts = (96..bytes.len().saturating_sub(44)).step_by(8).filter(|at| bytes[*at..].starts_with(b"TLr1"));
    let record = |at: usize| {
        let length = usize::try_from(number(at + 8, 4)).expect("a record is small");
        let payload = at + 44..at + 44 + length;
        let (kind, verdict) = (bytes[at + 42], bytes.get(payload.start + 52)?);
        let bucket = u16::try_from(number(at + 40, 2)).expect("two bytes");
        let seq = u64::try_from(number(at + 32, 8)).expect("eight bytes");
        let id = format!("{:032x}", number(payload.start + 16, 16));
        (kind == 1 && *verdict == 0).then_some(Record { payload, bucket, seq, id })
    };
    starts.filter_map(record).collect()
}

/// Flips a bit of a ballot in the middle of the oldest journal, while no process is there. Done twice it is as before.
fn flip(segment: &Path, record: &Record) {
    change(segment, |bytes| bytes[record.payload.start + 3] ^= 0x10);
}

/// What the operator is told when the recount differs.
fn refused_to_verify(stage: &mut Stage) {
    let done = stage.operator.asks("verify", json!({})).expect("there is an answer");
    assert_eq!((&done["ok"], &done["code"]), (&Value::from(false), &"not_now".into()), "{done}");
    let detail = done["detail"].as_str().expect("a refusal says why");
    assert!(detail.contains("the recount differs"), "{detail}");
    let log = stage.operator.get(&format!("/api/v1/shows/{SHOW}/asrun"));
    assert!(log.text().contains("incident: the recount differs"), "{}", log.text());
    let verified = stage.verify();
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    assert!(String::from_utf8_lossy(&verified.stdout).contains("NOT verified"), "{verified:?}");
}

/// The start named the damage, and the node serves.
fn named(stage: &Stage, segment: &Path) {
    let file = segment.file_name().expect("a segment has a name").to_string_lossy().into_owned();
    let damaged = |line: &str| (line.contains("a journal is damaged") && line.contains(&file)).then_some(());
    stage.app.process().wait_for(SOON, damaged);
    assert!(stage.metric("incidents_total") > 0, "it is counted as well");
    assert_eq!(stage.app.get("/readyz").status, 200);
}

#[test]
fn garbage_behind_the_end_is_cut_and_named() {
    let mut stage = Stage::set(CROWD, |app| app);
    let audience = stage.open("1", stage.app.address());
    stage.fidgets_until(CROWD.counted() / 3, TestApp::kill);
    let segment = segments(&stage.app).pop().expect("there is a journal");
    change(&segment, |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).expect("there are records") + 1;
        let end = end.next_multiple_of(8);
        bytes.resize(bytes.len().max(end + 4096), 0);
        // The head of a record, and then what no record is.
        bytes[end..end + 4].copy_from_slice(b"TLr1");
        bytes[end + 4..end + 1000].fill_with(|| fastrand::u8(1..));
    });
    stage.start();
    let file = segment.file_name().expect("a segment has a name").to_string_lossy().into_owned();
    let cut = |line: &str| (line.contains("the end of a journal was cut") && line.contains(&file)).then_some(());
    stage.app.process().wait_for(SOON, cut);
    assert_eq!(stage.metric("incidents_total"), 0, "nobody was promised anything about it");
    stage.counts_all();
    stage.close();
    stage.conclude("garbage behind the end", audience);
}

#[test]
fn a_ballot_that_is_lost_after_the_seal_is_missed() {
    let mut stage = Stage::set(CROWD, |app| app);
    let audience = stage.open("1", stage.app.address());
    stage.fidgets_until(CROWD.counted() / 3, TestApp::kill);
    stage.start();
    stage.counts_all();
    stage.close();
    let book = audience.finish();
    stage.operator.does("seal", json!({}));
    let before = stage.live()["results"]["options"].clone();

    stage.app.kill();
    let segment = segments(&stage.app).remove(0);
    let ballots = counted(&segment);
    let lost = &ballots[ballots.len() / 2];
    flip(&segment, lost);
    stage.start();
    named(&stage, &segment);
    assert_eq!(stage.live()["results"]["options"], before, "what was sealed is what is shown");
    assert!(!stage.export().counted.contains_key(&lost.id));
    refused_to_verify(&mut stage);

    // From a backup, say.
    stage.app.kill();
    flip(&segment, lost);
    stage.start();
    assert_eq!(stage.metric("incidents_total"), 0);
    stage.operator.does("verify", json!({}));
    stage.reveal();
    stage.compare("a byte flipped after the seal, and mended", &book);
}

#[test]
fn a_ballot_that_is_lost_before_the_seal_is_in_the_result_as_missing() {
    let mut stage = Stage::set(CROWD, |app| app);
    let audience = stage.open("1", stage.app.address());
    stage.fidgets_until(CROWD.counted() / 3, TestApp::kill);
    let segment = segments(&stage.app).remove(0);
    let ballots = counted(&segment);
    let lost = &ballots[ballots.len() / 2];
    flip(&segment, lost);
    stage.start();
    named(&stage, &segment);
    // All but the one that is lost; and a competing voter may have used the vote that came free.
    stage.counts(CROWD.counted() - 1);
    stage.close();
    // Whoever cast it may hear of it: told counted once, and another thing when the same ballot came again.
    let book = audience.finish_anyhow();
    let wrong: u64 =
        ["contradictions", "over_budget"].iter().filter_map(|kind| book.summary["wrong"][*kind].as_u64()).sum();
    assert!(wrong <= 2, "one ballot was lost: {}", book.summary);
    stage.seal_and_verify();
    // The result stands, and says everywhere that one is missing.
    let export = stage.export();
    assert_eq!(export.manifest["outstanding"], 1, "bucket {}, number {}", lost.bucket, lost.seq);
    let log = stage.operator.get(&format!("/api/v1/shows/{SHOW}/asrun"));
    assert!(log.text().contains(", 1 missing"), "{}", log.text());
    let verified = stage.verify();
    assert!(
        verified.status.success() && String::from_utf8_lossy(&verified.stdout).contains(", 1 missing"),
        "{verified:?}"
    );
    let told = book.ballots.iter().filter(|ballot| ballot.standing == "counted");
    let missing: Vec<_> = told.map(|ballot| &ballot.id).filter(|id| !export.counted.contains_key(*id)).collect();
    // If it came again it was counted anew, under another number.
    assert!(missing.iter().all(|id| **id == lost.id), "one ballot was lost, and no other: {missing:?}");
    println!(
        "a byte flipped before the seal: {} ballots, {} counted, 1 missing and said so",
        book.ballots.len(),
        export.counted.len()
    );
}
