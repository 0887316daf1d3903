//! What could be changed in a file of ballots, and that the recount finds it.

use super::*;
use crate::{
    ballots::{
        ballot::Picks,
        bucket::{Batch, Bucket, Kept, Pools, Rules},
        committer::Marked,
    },
    base::{clock::Micros, ids::NodeId},
    shows::{correction::Correction, document::Document, entries::Entries, run::ByEntry, transition::tests::Desk},
    wire::entry::Entry,
};

const JOURNAL: JournalId = JournalId(7);

fn place(seq: u64) -> Place {
    Place { journal: JOURNAL, seq }
}

fn decided(seq: u64, ballot: &Ballot, verdict: Option<Verdict>) -> Option<Decided> {
    verdict.map(|verdict| Decided { verdict, place: place(seq), received: ballot.received, entry: ballot.entry })
}

type Record = (u64, Ballot, Option<Verdict>);

fn ballot(voter: u128, id: u128, picks: &[u16], ms: u64) -> (Ballot, Option<Verdict>) {
    let picks = Picks::new(picks.to_vec());
    let entry = u8::from(voter == 2);
    (Ballot { voter: VoterId(voter), id: BallotId(id), picks, received: Micros::from_ms(ms), entry }, None)
}

/// A sealed run: two ballots counted, one late, one over its budget, one with an id that was used, one that does not
/// fit; and behind the seal one more.
fn sealed() -> (Manifest, Vec<Record>) {
    let mut document: Document = Desk::open_for(60).document;
    let tv = Entry { platform: Some("tv".to_owned()), ..Entry::default() };
    document.runs[0].definition.entries = Entries::default().declaring(&[tv]).unwrap();
    let run = &document.runs[0];
    let mut bucket = Bucket::new(Rules::of(&run.definition), Pools::default());
    bucket.set_windows(&run.windows);
    let fresh = [
        ballot(1, 1, &[1], 5),
        ballot(2, 1, &[2], 6),
        ballot(3, 1, &[1], 99_000),
        ballot(1, 2, &[2], 7),
        ballot(1, 1, &[2], 8),
        ballot(4, 1, &[9], 9),
    ];
    let undecided: Vec<_> = fresh.iter().map(|(ballot, _)| (ballot.clone(), None)).collect();
    let decisions = bucket.apply(&Batch { journal: JOURNAL, first_seq: 1, ballots: &undecided }).unwrap();
    let mut ballots = fresh;
    for ((_, verdict), decision) in ballots.iter_mut().zip(&decisions) {
        *verdict = Some(decision.verdict);
    }
    let mut witness = Witness::default();
    for (voter, kept) in bucket.ballots() {
        if kept.verdict == Verdict::Late {
            witness.add_late(kept.entry, &kept.picks);
        }
        if kept.verdict != Verdict::Counted {
            continue;
        }
        let Kept { id, ref picks, received, entry, place, .. } = *kept;
        let (run, bucket) = (run.id(), 0);
        witness.add(Copy { run, bucket, voter, id, picks, received, entry, place });
    }
    let marked = Marked {
        totals: bucket.totals().clone(),
        watermarks: vec![(0, JOURNAL, 6)],
        beyond: Vec::new(),
        apart: Vec::new(),
        lost: 0,
        ledger: LedgerKind::Embedded,
        changed: Vec::new(),
    };
    let head = (NodeId(1), "S", 1, Micros::from_ms(100_000));
    let manifest = Manifest::new(head, &run.definition, &run.windows, &marked, &witness, marked.lost);
    let (behind, _) = ballot(5, 1, &[1], 99_000);
    let mut records: Vec<Record> = (1..).zip(ballots).map(|(seq, (ballot, verdict))| (seq, ballot, verdict)).collect();
    records.push((7, behind, Some(Verdict::Late)));
    (manifest, records)
}

fn recount(manifest: &Manifest, records: &[Record]) -> Vec<String> {
    let mut recount = Recount::new(manifest);
    for (seq, ballot, verdict) in records {
        recount.take(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
    }
    recount.finish().findings
}

#[test]
fn what_was_sealed_agrees_and_nothing_can_be_left_out_of_it() {
    let (manifest, records) = sealed();
    assert_eq!(recount(&manifest, &records), [""; 0]);
    assert_eq!((manifest.counted, manifest.late), (2, 1));
    for without in 0..6 {
        let mut fewer = records.clone();
        fewer.remove(without);
        assert!(!recount(&manifest, &fewer).is_empty(), "record {} can be left out", without + 1);
        let mut twice = records.clone();
        twice.insert(without, records[without].clone());
        assert!(!recount(&manifest, &twice).is_empty(), "record {} can be there twice", without + 1);
    }
}

#[test]
fn no_ballot_can_be_refused_for_another_reason_than_its_own() {
    let (manifest, records) = sealed();
    for index in 0..6 {
        for verdict in Verdict::ALL.into_iter().map(Some).chain([None]) {
            let mut changed = records.clone();
            changed[index].2 = verdict;
            // The voter of the ballot whose id was used had no votes left either.
            let fair = verdict == records[index].2 || (index, verdict) == (4, Some(Verdict::Budget));
            assert_eq!(recount(&manifest, &changed).is_empty(), fair, "{index}: {verdict:?}");
        }
    }
}

#[test]
fn a_valid_ballot_cannot_be_sealed_as_refused() {
    let (mut manifest, mut records) = sealed();
    records[1].2 = Some(Verdict::Budget);
    // As a node would sign it that does not count what it does not like.
    let mut fresh = Recount::new(&manifest);
    for (seq, ballot, verdict) in &records {
        fresh.take(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
    }
    let part = fresh.witness.part(0, JOURNAL);
    let by_entry = by_entry(&manifest.definition, &fresh.witness);
    (manifest.totals, manifest.counted) = (fresh.witness.votes(2), fresh.counted);
    (manifest.parts[0].count, manifest.parts[0].hash) = (part.count, part.hash());
    manifest.shares = tally::shares(&manifest.totals);
    manifest.by_entry = by_entry;
    assert_eq!(recount(&manifest, &records).len(), 1);
}

#[test]
fn where_a_ballot_came_in_cannot_be_changed() {
    let (manifest, records) = sealed();
    let line = |entry, votes: [u64; 2]| {
        let (votes, late_votes) = (votes.to_vec(), Vec::new());
        ByEntry { entry, counted: 1, votes, late_votes }
    };
    let late = ByEntry { late_votes: vec![1, 0], ..line(0, [1, 0]) };
    assert_eq!(manifest.by_entry, [late, line(1, [0, 1])]);
    for (index, entry) in [(0, 1), (1, 0), (1, 2)] {
        let mut changed = records.clone();
        changed[index].1.entry = entry;
        let found = recount(&manifest, &changed);
        let finding = found.iter().find(|finding| finding.starts_with("by entry")).expect("it is found");
        let name = if records[index].1.entry == 0 { "no entry" } else { "platform tv" };
        assert!(finding.contains(&format!("1 by {name} (votes ")) && !finding.contains('{'), "{finding}");
        // Nor with a manifest that says the same: the witness has the ballot as it was.
        let mut fresh = Recount::new(&manifest);
        for (seq, ballot, verdict) in &changed {
            fresh.take(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
        }
        let by_entry = by_entry(&manifest.definition, &fresh.witness);
        assert!(!recount(&Manifest { by_entry, ..manifest.clone() }, &changed).is_empty());
    }
    let mut lines = manifest.by_entry.clone();
    lines.swap(0, 1);
    for by_entry in [lines, manifest.by_entry[..1].to_vec(), Vec::new()] {
        assert_eq!(recount(&Manifest { by_entry, ..manifest.clone() }, &records).len(), 1);
    }
    let mut unknown = records;
    unknown[1].1.entry = 2;
    assert!(recount(&manifest, &unknown)[0].contains("came by an entry that the run does not have"));
}

fn correction(excluded: &[&str], declared: &[u64]) -> Correction {
    let tv = |name: &&str| Entry { platform: Some((*name).to_owned()), ..Entry::default() };
    Correction {
        counted: 1,
        corrects: String::new(),
        at: Micros(0),
        reason: "its lines were down".to_owned(),
        by: ["Ada".to_owned(), "Bea".to_owned()],
        excluded: excluded.iter().map(tv).collect(),
        declared: declared.to_vec(),
        right: Vec::new(),
    }
}

#[test]
fn a_corrected_seal_is_of_the_same_ballots_and_says_what_is_left_of_them() {
    let (manifest, records) = sealed();
    let without_tv = manifest.corrected(2, correction(&["tv"], &[]));
    assert_eq!((&*without_tv.totals, &*without_tv.shares, without_tv.counted), (&[1, 0][..], &[1000, 0][..], 2));
    let only_tv = without_tv.corrected(3, correction(&[""], &[]));
    assert_eq!(only_tv.totals, [0, 1]);
    let declared = only_tv.corrected(4, correction(&[""], &[5000, 7000]));
    assert_eq!((&*declared.totals, &*declared.declared.as_ref().unwrap().votes), (&[0, 1][..], &[5, 7][..]));
    let back = declared.corrected(5, correction(&[], &[]));
    assert_eq!((&back.totals, &back.declared, &back.by_entry), (&manifest.totals, &None, &manifest.by_entry));
    for fair in [&without_tv, &only_tv, &declared, &back] {
        assert_eq!(recount(fair, &records), [""; 0], "seal {}", fair.revision);
        assert_eq!((&fair.parts, fair.counted_totals()), (&manifest.parts, manifest.totals.clone()));
        assert_eq!(Seal::of(fair), Seal::of(&manifest), "buckets know the seal that counted");
    }
    // What is not so is found: more left out than is said, votes or a declaration that nobody made.
    let forged = [
        Manifest { correction: Some(correction(&[""], &[])), ..without_tv.clone() },
        Manifest { correction: None, ..without_tv.clone() },
        Manifest { totals: vec![1, 1], ..without_tv.clone() },
        Manifest { declared: None, ..declared.clone() },
        Manifest { correction: Some(correction(&[""], &[5000, 8000])), ..declared.clone() },
        Manifest { by_entry: manifest.by_entry[..1].to_vec(), ..without_tv },
    ];
    for (index, manifest) in forged.iter().enumerate() {
        assert!(!recount(manifest, &records).is_empty(), "{index}");
    }
}

#[test]
fn what_a_journal_lost_is_outstanding_and_nothing_else_is() {
    let (manifest, mut records) = sealed();
    records.remove(5);
    let lost = Manifest { outstanding: 1, ..manifest };
    assert_eq!(recount(&lost, &records), [""; 0]);
    records.remove(4);
    assert_eq!(recount(&lost, &records).len(), 1);
}

#[test]
fn what_only_the_ledger_has_is_proven_by_the_seal() {
    let (manifest, records) = sealed();
    let manifest = Manifest { ledger: LedgerKind::Redis, ..manifest };
    let told = |records: &[Record]| {
        let mut recount = Recount::new(&manifest);
        for (seq, ballot, verdict) in records {
            recount.take_from_ledger(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
        }
        recount.finish()
    };
    let whole = told(&records);
    assert_eq!(whole.findings, [""; 0]);
    assert!(
        whole.notes.len() == 1 && whole.notes[0].contains("of its 2 counted ballots the ledger is the only witness")
    );
    for counted in 0..2 {
        let mut fewer = records.clone();
        fewer.remove(counted);
        assert!(!told(&fewer).findings.is_empty(), "a counted ballot can be left out");
        let mut other = records.clone();
        other[counted].1.received = Micros::from_ms(9);
        assert!(!told(&other).findings.is_empty(), "a counted ballot can be another one");
    }
    assert!(!told(&[]).findings.is_empty(), "nothing at all proves nothing");
    // No line of a journal that is here can be replaced by the ledger's word.
    let mut both = Recount::new(&manifest);
    let (seq, ballot, verdict) = &records[0];
    both.take(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
    let (seq, ballot, verdict) = &records[1];
    both.take_from_ledger(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
    assert!(both.findings()[0].contains("though its journal is here"), "{:?}", both.findings());
}

#[test]
fn what_is_kept_apart_below_the_numbers_of_a_seal_is_no_part_of_it() {
    let (manifest, mut records) = sealed();
    let manifest = Manifest { ledger: LedgerKind::Redis, apart: vec![(0, place(7))], ..manifest };
    let manifest = Manifest { parts: vec![Part { watermark: 7, ..manifest.parts[0].clone() }], ..manifest };
    for verdict in [Some(Verdict::AfterSeal), Some(Verdict::Late), None] {
        records[6].2 = verdict;
        assert_eq!(recount(&manifest, &records), [""; 0], "{verdict:?}");
    }
    records[6].2 = Some(Verdict::Counted);
    assert!(recount(&manifest, &records)[0].contains("was counted after the seal"));
    assert!(!recount(&manifest, &records[..6]).is_empty(), "its number is missing");
}

#[test]
fn what_a_seal_has_beyond_its_numbers_is_counted_and_nothing_can_be_left_out_of_it() {
    let (manifest, records) = sealed();
    assert!(!manifest.to_json().contains("beyond"), "a manifest without any is what it always was");
    for watermark in [0, 1] {
        let mut manifest = Manifest { ledger: LedgerKind::Redis, ..manifest.clone() };
        manifest.parts[0].watermark = watermark;
        manifest.beyond = (watermark + 1..=3).map(|seq| (0, place(seq))).collect();
        assert_eq!(recount(&manifest, &records), [""; 0]);
        let from_ledger = |records: &[Record]| {
            let mut recount = Recount::new(&manifest);
            for (seq, ballot, verdict) in records {
                recount.take_from_ledger(0, place(*seq), ballot, decided(*seq, ballot, *verdict));
            }
            recount.finish()
        };
        let whole = from_ledger(&records[..3]);
        assert_eq!((whole.findings, whole.notes.len()), (vec![], 1));
        for without in 0..3 {
            let mut fewer = records.clone();
            fewer.remove(without);
            assert!(!recount(&manifest, &fewer).is_empty(), "record {} can be left out", without + 1);
            let is_counted = records[without].2 == Some(Verdict::Counted);
            assert_eq!(from_ledger(&fewer).findings.is_empty(), !is_counted, "{}", without + 1);
        }
        let without = Manifest { beyond: Vec::new(), ..manifest.clone() };
        assert!(!recount(&without, &records).is_empty());
    }
}
