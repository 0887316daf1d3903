//! Votes that are carried over: a show's worked example, the sum of what is carried and what is its own, and what a forger may try.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        bucket::Totals,
        committer::Marked,
        manifest::{LedgerKind, Signed},
        outcome,
        recount::Recount,
        witness::{Copy, Witness},
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, NodeId, RunId, VoterId},
    },
    shows::{
        correction::Correction,
        counting::{Gives, Pool},
        entries::Entries,
        run::Run,
        transition::tests::Desk,
    },
    wire::entry::Entry,
};

const JOURNAL: JournalId = JournalId(7);

/// A run of these options in a show with a jury; half of the points are its.
fn run(id: u64, options: &[&str], pools: bool) -> Run {
    let mut run = Desk::open_for(60).document.runs[0].clone();
    run.definition.run = RunId(id);
    run.definition.interaction.options = options.iter().map(|label| (*label).to_owned()).collect();
    let jury = Entry { pool: Some("jury".to_owned()), ..Entry::default() };
    run.definition.entries = Entries::default().declaring(&[jury]).unwrap();
    let pool = |name: &str| Pool { name: name.to_owned(), gives: Gives::Percent(50), each_segment: false };
    if pools {
        run.definition.interaction.counting.pools = vec![pool(""), pool("jury")];
    }
    run
}

/// The seal of a run, and its ballots: each an entry and an option.
fn seal(run: &Run, votes: &[(u8, u16)]) -> (Manifest, Vec<Ballot>) {
    let ballot = |(number, (entry, pick)): (usize, &(u8, u16))| Ballot {
        voter: VoterId(number as u128),
        id: BallotId(1),
        picks: Picks::One(*pick),
        received: Micros::from_ms(1000),
        entry: *entry,
    };
    let ballots: Vec<_> = votes.iter().enumerate().map(ballot).collect();
    let mut witness = Witness::default();
    for (seq, Ballot { voter, id, picks, received, entry }) in (1..).zip(&ballots) {
        let place = Place { journal: JOURNAL, seq };
        let (run, voter, id, received, entry) = (run.id(), *voter, *id, *received, *entry);
        witness.add(Copy { run, bucket: 0, voter, id, picks, received, entry, place });
    }
    let options = run.definition.interaction.options.len();
    let totals = Totals {
        counted: ballots.len() as u64,
        votes: witness.votes(options),
        late_votes: vec![0; options],
        ..Totals::default()
    };
    let watermarks = vec![(0, JOURNAL, ballots.len() as u64)];
    let (beyond, apart, changed) = (Vec::new(), Vec::new(), Vec::new());
    let marked = Marked { totals, watermarks, beyond, apart, lost: 0, ledger: LedgerKind::Embedded, changed };
    let head = (NodeId(1), "S", 1, Micros::from_ms(100_000));
    (Manifest::new(head, &run.definition, &run.windows, &marked, &witness, 0).of_run(run), ballots)
}

fn hash(manifest: &Manifest) -> String {
    let (manifest, empty) = (serde_json::value::RawValue::from_string(manifest.to_json()).unwrap(), String::new());
    Signed { manifest, signature: empty.clone(), public_key: empty }.hash()
}

/// A run that begins with the votes of a seal.
fn after(source: &Manifest, run: Run, options: &[u16]) -> Run {
    let mut run = run;
    let Manifest { definition, revision, .. } = source;
    run.definition.carries = Some(Pinned {
        cue: definition.cue.clone(),
        run: definition.run,
        revision: *revision,
        manifest: hash(source),
        options: options.to_vec(),
    });
    run.carried = Some(Carried::of(&given(source), options, &run.definition.entries));
    run
}

/// What verify finds of a manifest with its ballots, beside the seal that it carries on.
fn found(manifest: &Manifest, ballots: &[Ballot], source: &Manifest) -> Vec<String> {
    let mut recount = Recount::new(manifest);
    for (seq, ballot) in (1..).zip(ballots) {
        let place = Place { journal: JOURNAL, seq };
        let (received, entry) = (ballot.received, ballot.entry);
        recount.take(0, place, ballot, Some(Decided { verdict: Verdict::Counted, place, received, entry }));
    }
    let differs = differs(manifest, |wanted| (hash(source) == wanted).then_some(Cow::Borrowed(source)));
    recount.finish().findings.into_iter().chain(differs).collect()
}

fn times(entry: u8, pick: u16, times: usize) -> Vec<(u8, u16)> {
    vec![(entry, pick); times]
}

#[test]
fn the_votes_of_the_semi_final_count_on_in_the_final_pool_by_pool() {
    // Three acts sing in the semi-final, two of them in the final. Telephones weigh half, the jury of four the other half.
    let semi = run(1, &["Ada", "Grace", "Joan"], true);
    let told = [times(0, 1, 40), times(0, 2, 30), times(0, 3, 30), times(1, 1, 1), times(1, 2, 3)].concat();
    let (semi, _) = seal(&semi, &told);
    let last = after(&semi, run(2, &["Grace", "Ada"], true), &[2, 1]);
    assert_eq!(last.carried.as_ref().unwrap().votes, [33, 41]);
    let (manifest, ballots) = seal(&last, &[times(0, 1, 30), times(0, 2, 40), times(1, 1, 2), times(1, 2, 2)].concat());
    assert_eq!(found(&manifest, &ballots, &semi), [""; 0]);
    assert_eq!((&*manifest.totals, &*manifest.sum), (&[32, 42][..], &[65, 83][..]));
    assert_eq!(manifest.format, "tallylight.manifest/2", "an older program would say that it does not add up");
    // Telephones: 60 and 80 of 140; jury: 5 and 3 of 8. Fifty times each, and added.
    let places = manifest.outcome.as_ref().unwrap().places.iter().map(|place| (place.n, &*place.exact));
    assert_eq!(places.collect::<Vec<_>>(), [(1, "1475/28"), (2, "1325/28")]);
    // Of the final alone the order is another one.
    let alone = outcome::outcome(&manifest.definition, &manifest.totals, &manifest.by_entry).unwrap();
    assert_eq!(alone.places[0].n, 2);
    let words = in_words(&manifest).unwrap();
    assert!(words.ends_with("(cue 1): Grace 33 and 32 of its own, Ada 41 and 42 of its own"), "{words}");

    // Without the jury, in both.
    let correction = Correction {
        counted: 1,
        corrects: hash(&manifest),
        at: Micros(1),
        reason: "a juror was bribed".into(),
        by: ["Ada".into(), "Bob".into()],
        excluded: vec![Entry { pool: Some("jury".to_owned()), ..Entry::default() }],
        declared: Vec::new(),
        right: Vec::new(),
    };
    let fair = manifest.corrected(2, correction);
    assert_eq!(found(&fair, &ballots, &semi), [""; 0]);
    assert_eq!((&*fair.totals, &*fair.sum), (&[30, 40][..], &[60, 80][..]));
    assert_eq!(fair.carried, manifest.carried, "what was carried over is as it was");
}

/// Everything that somebody could write in place of what is carried over.
fn forged(manifest: &Manifest) -> Vec<(&'static str, Manifest)> {
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut forged = manifest.clone();
        change(&mut forged);
        // As a node would sign it: the rest follows.
        forged.rules_hash = forged.definition.rules_hash();
        forged.summed()
    };
    let carried = |change: &dyn Fn(&mut Carried)| with(&|one| change(one.carried.as_mut().unwrap()));
    let pinned = |change: &dyn Fn(&mut Pinned)| with(&|one| change(one.definition.carries.as_mut().unwrap()));
    vec![
        ("a vote more", carried(&|one| one.votes[0] += 1)),
        ("a vote more, by an entry", carried(&|one| one.by_entry[0].votes[0] += 1)),
        (
            "a vote more, in both",
            carried(&|one| {
                one.votes[0] += 1;
                one.by_entry[0].votes[0] += 1;
            }),
        ),
        ("by another entry", carried(&|one| one.by_entry[0].entry ^= 1)),
        ("some that are missing", carried(&|one| one.missing += 1)),
        ("other options", pinned(&|one| one.options.reverse())),
        ("fewer options", pinned(&|one| _ = one.options.pop())),
        ("another run", pinned(&|one| one.run.0 += 1)),
        ("another seal", pinned(&|one| one.revision += 1)),
        ("another cue", pinned(&|one| one.cue = "9".into())),
        ("another manifest", pinned(&|one| one.manifest = "00".repeat(32))),
        ("nothing carried over", with(&|one| one.carried = None)),
        ("nothing to carry over", with(&|one| one.definition.carries = None)),
        ("the rehearsal's", with(&|one| one.definition.rehearsal ^= true)),
    ]
}

proptest! {
    #[test]
    fn a_result_is_what_is_carried_over_and_its_own_and_nothing_of_it_can_be_forged(
        before in prop::collection::vec((0..2_u8, 1..4_u16), 1..40),
        own in prop::collection::vec((0..2_u8, 1..3_u16), 1..40),
        pools: bool,
    ) {
        let (semi, semis) = seal(&run(1, &["Ada", "Grace", "Joan"], pools), &before);
        prop_assert_eq!(found(&semi, &semis, &semi), [""; 0]);
        let last = after(&semi, run(2, &["Grace", "Ada"], pools), &[2, 1]);
        let (manifest, ballots) = seal(&last, &own);
        prop_assert_eq!(found(&manifest, &ballots, &semi), [""; 0]);
        let carried = last.carried.as_ref().unwrap();
        for option in 0..2 {
            let of = |votes: &[(u8, u16)], n| votes.iter().filter(|(_, pick)| *pick == n).count() as u64;
            prop_assert_eq!(carried.votes[option], of(&before, [2, 1][option]));
            prop_assert_eq!(carried.by_entry.iter().map(|line| line.votes[option]).sum::<u64>(), carried.votes[option]);
            prop_assert_eq!(manifest.sum[option], carried.votes[option] + of(&own, [1, 2][option]));
        }
        if carried.votes.iter().all(|votes| *votes > 0) && carried.votes[0] != carried.votes[1] {
            for (what, forged) in forged(&manifest) {
                prop_assert!(!found(&forged, &ballots, &semi).is_empty(), "{}", what);
            }
        }
        let mut more = manifest.clone();
        more.sum[0] += 1;
        prop_assert!(!found(&more, &ballots, &semi).is_empty());
        // Another seal in the place of the one that is named.
        let other = Manifest { revision: 2, ..semi.clone() };
        prop_assert!(!found(&manifest, &ballots, &other).is_empty());
    }
}
