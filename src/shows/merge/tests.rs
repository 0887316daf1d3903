//! Two branches of a show that began as one.

use super::*;
use crate::{
    base::ids::NodeId,
    shows::{
        correction::Correction,
        end,
        run::Resolved,
        transition::tests::{Desk, sealed},
    },
    wire::command::{Armable, Command},
};

const LEAD: u64 = limits::WINDOW_LEAD_MS;

/// Two desks with the same run, open for so many seconds from 0.
fn two(seconds: u32) -> (Desk, Desk) {
    let ours = Desk::open_for(seconds);
    let mut theirs = Desk::new();
    theirs.document = ours.document.clone();
    (ours, theirs)
}

fn merged(ours: &Desk, theirs: &Desk, commands: &[&str], now_ms: u64) -> Merged {
    merge(&ours.document, &theirs.document, commands, Micros::from_ms(now_ms))
}

fn spans(document: &Document) -> Vec<(u64, Option<u64>)> {
    let spans = &document.runs[0].windows.spans;
    spans.iter().map(|span| (span.opens.as_ms(), span.closes.map(Micros::as_ms))).collect()
}

fn seal(desk: &mut Desk, total: u64) {
    desk.send(Command::Seal { run: None });
    let run = desk.document.runs[0].id();
    let summary = sealed(Micros::from_ms(99_000), &[total, 0]);
    desk.document = end::with_seal(&desk.document, run, 1, summary).unwrap();
}

#[test]
fn a_merge_succeeds_what_redis_holds_and_passes_both() {
    let (mut ours, mut theirs) = two(60);
    ours.at_ms(1000).send(Command::Step);
    for _ in 0..3 {
        theirs.at_ms(1000).send(Command::Step);
    }
    theirs.document.format = 3;
    let held = ours.document.clone();
    let next = merged(&ours, &theirs, &["step"], 2000).document;
    assert_eq!(next.format, 3, "an older release would drop what is kept of it");
    assert_eq!((next.previous, next.revision), (held.hash(), theirs.document.revision + 1));
    assert_eq!(next.graphic.step, 1, "what does not only go forward is as Redis holds it");
}

#[test]
fn the_show_goes_to_hold() {
    let (ours, mut theirs) = two(60);
    theirs.at_ms(1000).send(Command::Step);
    let merge = merged(&ours, &theirs, &["step"], 20_000);
    assert_eq!(merge.incidents, [""; 0]);
    let run = &merge.document.runs[0];
    assert_eq!((run.hold, spans(&merge.document)), (Some(Hold { left_ms: Some(40_000) }), vec![(0, None)]));
    assert_eq!(run.windows.revision, merge.document.revision, "newer windows than on either branch");
    let near = merged(&ours, &theirs, &["step"], 60_000 - LEAD).document;
    assert_eq!((near.runs[0].hold, spans(&near)), (None, vec![(0, Some(60_000))]), "too late for a hold");
}

#[test]
fn a_close_that_one_branch_has_reached_is_announced_to_all() {
    let (ours, mut theirs) = two(60);
    theirs.at_ms(10_000).send(Command::Close);
    // Closed there at 11.5 s; Redis knew nothing of it until 30 s.
    let merge = merged(&ours, &theirs, &["close"], 30_000);
    assert_eq!(spans(&merge.document), [(0, Some(30_000 + LEAD))], "never in the past");
    assert_eq!((merge.incidents.len(), merge.document.runs[0].hold), (1, None));
    assert_eq!(spans(&merged(&ours, &theirs, &["close"], 59_000).document), [(0, Some(60_000))], "the later is sooner");
    // The other way round it is the same.
    assert_eq!(spans(&merged(&theirs, &ours, &[], 30_000).document), [(0, Some(30_000 + LEAD))]);
}

#[test]
fn a_close_that_is_still_far_is_as_redis_holds_it() {
    let (ours, mut theirs) = two(60);
    theirs.at_ms(10_000).send(Command::Extend { seconds: 60 });
    let merge = merged(&ours, &theirs, &["extend"], 20_000);
    assert_eq!(merge.incidents, [""; 0]);
    assert_eq!(merge.document.runs[0].hold, Some(Hold { left_ms: Some(40_000) }));
}

#[test]
fn two_closes_in_the_past_keep_what_was_counted() {
    let (mut ours, mut theirs) = two(60);
    ours.at_ms(10_000).send(Command::Close);
    theirs.at_ms(20_000).send(Command::Close);
    assert_eq!(spans(&merged(&ours, &theirs, &["close"], 90_000).document), [(0, Some(20_000 + LEAD))]);
}

#[test]
fn an_opening_that_redis_did_not_know_of_is_kept_and_ends_soon() {
    let (mut ours, mut theirs) = two(10);
    ours.at_ms(20_000);
    theirs.at_ms(20_000).send(Command::Extend { seconds: 60 });
    let future = merged(&ours, &theirs, &["extend"], 20_500);
    assert_eq!(spans(&future.document), [(0, Some(10_000))], "it has not begun");
    let begun = merged(&ours, &theirs, &["extend"], 30_000);
    assert_eq!(spans(&begun.document), [(0, Some(10_000)), (20_000 + LEAD, Some(30_000 + LEAD))]);
    assert_eq!(begun.incidents.len(), 1);
}

#[test]
fn a_run_that_redis_did_not_know_of_is_kept_if_it_was_opened() {
    let (ours, mut theirs) = two(10);
    // The desk counts its runs: this one gets a number of its own.
    theirs.at_ms(5000).send(Command::Step);
    theirs.at_ms(20_000).send(Command::Standby { cue: "2".into() });
    assert_eq!(merged(&ours, &theirs, &["standby"], 20_500).document.runs.len(), 1, "it took no ballot");
    theirs.send(Command::Take);
    let merge = merged(&ours, &theirs, &["standby", "take"], 25_000);
    assert_eq!((merge.document.runs.len(), merge.incidents.len()), (2, 1));
    let windows = &merge.document.runs[1].windows;
    assert_eq!(windows.spans[0].closes, Some(Micros::from_ms(25_000 + LEAD)));
    assert!(theirs.document.runs[1].windows.is_older_than(windows), "nodes and the ledger take it");
    assert_eq!(merge.document.program, ours.document.program);
}

#[test]
fn ends_go_forward_only() {
    let (mut ours, mut theirs) = two(10);
    ours.at_ms(20_000);
    seal(theirs.at_ms(20_000), 5);
    let sealed = merged(&ours, &theirs, &["seal"], 30_000).document;
    assert_eq!(sealed.runs[0].sealed().unwrap().totals, [5, 0]);
    assert_eq!(merged(&theirs, &ours, &[], 30_000).document.runs[0].sealed().unwrap().totals, [5, 0]);
    // A seal of Redis' own branch is not replaced by another one of the same rank.
    seal(&mut ours, 7);
    assert_eq!(merged(&ours, &theirs, &["seal"], 30_000).document.runs[0].sealed().unwrap().totals, [7, 0]);
    let run = theirs.document.runs[0].id();
    theirs.document = end::with_sign_off(&theirs.document, run, 1, "Adj", Micros::from_ms(31_000)).unwrap();
    theirs.at_ms(31_000).send(Command::Arm { what: Armable::Reveal, run: None });
    theirs.send(Command::Reveal { run: None });
    let revealed = merged(&ours, &theirs, &["seal", "verify", "arm", "reveal"], 40_000).document;
    assert_eq!(revealed.runs[0].phase(Micros::from_ms(40_000)), Phase::Revealed);
    assert_eq!(revealed.runs[0].sealed().unwrap().totals, [5, 0], "what was revealed is what was sealed there");
    assert_eq!(revealed.armed, []);
}

/// Corrects the seal of the run, by two people.
fn correct(desk: &mut Desk, revision: u32, totals: [u64; 2], hash: &str) {
    let run = desk.document.runs[0].id();
    let was = desk.document.runs[0].sealed().unwrap().clone();
    let correction = Correction {
        counted: 1,
        corrects: was.manifest_hash.clone(),
        at: desk.now,
        reason: "its lines were down".into(),
        by: ["S1".into(), "S2".into()],
        excluded: Vec::new(),
        declared: totals.map(|votes| votes * 1000).to_vec(),
        right: Vec::new(),
    };
    let (totals, manifest_hash) = (totals.to_vec(), hash.to_owned());
    let summary = SealSummary { totals, manifest_hash, correction: Some(correction), ..was };
    desk.document.correct(run, revision, summary);
}

fn reveal(desk: &mut Desk) {
    desk.at_ms(32_000).send(Command::Arm { what: Armable::Reveal, run: None });
    desk.send(Command::Reveal { run: None });
}

/// Merges in both directions, and gives what the run came to: its totals, its phase, and how many incidents.
fn both(ours: &Desk, theirs: &Desk) -> [(Vec<u64>, Phase, usize); 2] {
    [(ours, theirs), (theirs, ours)].map(|(one, other)| {
        let Merged { document, incidents } = merged(one, other, &["confirm"], 40_000);
        let run = &document.runs[0];
        (run.sealed().unwrap().totals.clone(), run.phase(Micros::from_ms(40_000)), incidents.len())
    })
}

#[test]
fn a_correction_outlives_a_reveal_of_what_it_corrected() {
    let sealed = || {
        let (mut ours, mut theirs) = two(10);
        seal(ours.at_ms(20_000), 5);
        theirs.document = ours.document.clone();
        theirs.at_ms(20_000);
        (ours, theirs)
    };
    let sign = |desk: &mut Desk| {
        let run = desk.document.runs[0].id();
        desk.document = end::with_sign_off(&desk.document, run, 1, "Adj", Micros::from_ms(31_000)).unwrap();
    };
    let verified = || {
        let (mut ours, mut theirs) = sealed();
        sign(&mut ours);
        theirs.document = ours.document.clone();
        (ours, theirs)
    };
    let (mut ours, mut theirs) = verified();
    correct(&mut ours, 2, [3, 0], "two");
    reveal(&mut theirs);
    assert_eq!(both(&ours, &theirs), [(vec![3, 0], Phase::Revealed, 0), (vec![3, 0], Phase::Revealed, 0)]);
    // It was corrected before the count was signed off, elsewhere: that was signed, and nothing was counted again.
    let (mut ours, mut theirs) = sealed();
    correct(&mut ours, 2, [3, 0], "two");
    sign(&mut theirs);
    assert_eq!(both(&ours, &theirs), [(vec![3, 0], Phase::Verified, 0), (vec![3, 0], Phase::Verified, 0)]);
    // One correction was made of the other one.
    let (mut ours, mut theirs) = verified();
    correct(&mut ours, 2, [3, 0], "two");
    theirs.document = ours.document.clone();
    correct(&mut theirs, 3, [2, 0], "three");
    assert_eq!(both(&ours, &theirs), [(vec![2, 0], Phase::Verified, 0), (vec![2, 0], Phase::Verified, 0)]);
    // Two different ones: somebody has to look.
    let (mut ours, mut theirs) = verified();
    correct(&mut ours, 2, [3, 0], "two");
    correct(&mut theirs, 3, [2, 0], "three");
    assert_eq!(both(&ours, &theirs), [(vec![2, 0], Phase::Verified, 1), (vec![2, 0], Phase::Verified, 1)]);
    // Another count was revealed: that stays published, and the correction is not lost without a word.
    let (mut ours, mut theirs) = two(10);
    for (desk, total) in [(&mut ours, 5), (&mut theirs, 7)] {
        seal(desk.at_ms(20_000), total);
        sign(desk);
    }
    theirs.document.runs[0].seal.as_mut().unwrap().summary.as_mut().unwrap().at = Micros::from_ms(99_001);
    correct(&mut ours, 2, [3, 0], "two");
    reveal(&mut theirs);
    assert_eq!(both(&ours, &theirs), [(vec![7, 0], Phase::Revealed, 1), (vec![7, 0], Phase::Revealed, 1)]);
}

#[test]
fn what_was_proposed_about_a_seal_that_a_merge_replaced_is_over() {
    let (mut ours, mut theirs) = two(10);
    seal(ours.at_ms(20_000), 5);
    theirs.document = ours.document.clone();
    ours.send(Command::Arm { what: Armable::Override, run: None });
    let reason = "the notary's count".into();
    ours.send(Command::Override { run: None, thousandths: Some(vec![4000, 0]), right: None, reason });
    assert_eq!(merged(&ours, &theirs, &[], 30_000).document.proposals.len(), 1);
    correct(theirs.at_ms(20_000), 2, [3, 0], "two");
    assert_eq!(merged(&ours, &theirs, &["confirm"], 30_000).document.proposals, []);
}

#[test]
fn a_void_is_for_ever() {
    let (ours, mut theirs) = two(10);
    theirs.at_ms(5000).send(Command::Arm { what: Armable::Void, run: None });
    theirs.send(Command::Void { run: None, reason: "a wrong question".into() });
    for merge in [merged(&ours, &theirs, &["void"], 6000), merged(&theirs, &ours, &[], 6000)] {
        assert_eq!(merge.document.runs[0].phase(Micros::from_ms(6000)), Phase::Void);
    }
}

#[test]
fn what_was_pulled_stays_pulled() {
    let (mut ours, mut theirs) = two(60);
    theirs.at_ms(1000).send(Command::Freeze);
    theirs.send(Command::Panic);
    let merge = merged(&ours, &theirs, &["freeze", "panic"], 2000).document;
    assert_eq!((merge.graphic.state, merge.graphic.frozen), (GraphicState::Panic, true));
    // It was pulled before the branches parted, and put on again here.
    let mut theirs = Desk::new();
    ours.at_ms(1000).send(Command::Clear);
    theirs.document = ours.document.clone();
    theirs.at_ms(2000).send(Command::Control { action: crate::wire::command::ControlAction::TakeOver, to: None });
    ours.at_ms(2000).send(Command::Step);
    assert_eq!(merged(&ours, &theirs, &["control"], 3000).document.graphic.state, GraphicState::OnAir);
}

#[test]
fn a_roster_forgets_nobody() {
    let (mut ours, mut theirs) = two(60);
    ours.document = ours.document.with_directory(NodeId(2), true, Micros(0)).unwrap();
    theirs.document = theirs.document.with_directory(NodeId(1), true, Micros(0)).unwrap();
    assert_eq!(merged(&ours, &theirs, &[], 1000).document.roster, [NodeId(1), NodeId(2)]);
}

#[test]
fn a_rehearsal_that_was_left_stays_left() {
    let (mut ours, mut theirs) = two(10);
    theirs.at_ms(20_000).send(Command::Step);
    ours.at_ms(20_000).send(Command::Arm { what: Armable::GoLive, run: None });
    ours.send(Command::GoLive);
    let merge = merged(&ours, &theirs, &["step"], 30_000).document;
    assert_eq!((merge.rehearsal, merge.runs.len()), (false, 0));
}

#[test]
fn what_was_said_last_of_a_prediction_stays() {
    let said = |at, right: u16| Some(Resolved { at: Micros(at), by: "Op".into(), right: vec![right] });
    let (mut ours, mut theirs) = two(60);
    for (one, other, stays) in [(None, said(1, 1), 1), (said(2, 2), said(1, 1), 2), (said(2, 2), said(3, 1), 1)] {
        ours.document.runs[0].resolved = one;
        theirs.document.runs[0].resolved = other;
        let resolved = merged(&ours, &theirs, &[], 100).document.runs[0].resolved.clone();
        assert_eq!(resolved.unwrap().right, [stays]);
    }
}
