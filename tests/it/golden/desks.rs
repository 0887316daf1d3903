//! The studio's desk: with one of everything, and empty.

use tallylight::{
    base::ids::{NodeId, RunId},
    wire::{
        command::Armable,
        entry::Entry,
        seal::{CarriedChange, CarriedView, CorrectionView, EntryCount, Part, PartCount, SealView},
        server::*,
    },
};

use super::{
    AT, NODE, RUN, SESSION, commands,
    kinds::{outcome, rated},
    options, run,
};

pub fn desk() -> DeskView {
    let entry = Entry { platform: Some("tv".into()), ..Entry::default() };
    let seal = SealView {
        revision: 1,
        total: 3,
        margin: 1,
        outstanding: 0,
        by_entry: vec![EntryCount { entry, counted: 3, votes: vec![2, 1], carried: vec![1, 0], excluded: true }],
        by_part: vec![PartCount {
            of: Part::Platform,
            name: "tv".into(),
            counted: 3,
            votes: vec![2, 1],
            carried: vec![1, 0],
        }],
        outcome: Some(outcome()),
        rated: Some(rated()),
        correction: Some(CorrectionView {
            at: AT,
            by: ["Paul".into(), "Notary".into()],
            reason: "the lines were down".into(),
            excluded: vec![Entry { platform: Some("tv".into()), ..Entry::default() }],
            declared: vec![2000, 1500],
            right: vec![2],
            counted: vec![2, 1],
        }),
        late: 2,
        late_would_change_order: true,
        decisive: true,
        rules_hash: "9f86d081884c7d65".into(),
        recount_agrees: Some(true),
        verified_by: Some("Notary".into()),
        hidden: false,
    };
    let on_desk = |run, seal, void_reason| DeskRun {
        run,
        rehearsal: false,
        extend_reopens: true,
        seal,
        void_reason,
        carried: Some(CarriedView {
            cue: "2".into(),
            run: RunId(2),
            revision: 1,
            votes: vec![1, 0],
            changed: Some(CarriedChange::Corrected),
        }),
        right: Vec::new(),
        platforms: vec![PlatformView {
            platform: "tv".into(),
            label: "Television".into(),
            delay_ms: 7000,
            phase: Phase::Open,
            opens_at: Some(AT + 7000),
            closes_at: Some(AT + 67_000),
            locks_at: Some(AT + 70_000),
            segment: String::new(),
            from_s: None,
            to_s: None,
        }],
    };
    let staff = |name: &str, role| StaffView { session: SESSION, name: name.into(), role };
    let cue = CueView {
        number: "3A".into(),
        segment: "Finale".into(),
        title: "The verdict".into(),
        question: "Who wins?".into(),
        options: options(),
        votes: 1,
        window_s: Some(60),
        opens_on_take: true,
        adlib: false,
        carry_from: Some("2".into()),
    };
    DeskView {
        id: "finale".into(),
        title: "The Final".into(),
        epoch: 1,
        rev: 17,
        now: AT,
        rehearsal: false,
        cues: vec![
            CueView { number: "4".into(), window_s: None, opens_on_take: false, adlib: true, ..cue.clone() },
            cue,
        ],
        standby: Some(OnDesk { cue: "4".into(), run: RunId(4), edited: true }),
        program: Some(OnDesk { cue: "3A".into(), run: RUN, edited: false }),
        next_cue: Some("4".into()),
        back_cue: None,
        graphic: GraphicView { state: GraphicState::OnAir, step: 2, frozen: true },
        runs: vec![
            on_desk(RunView { id: RunId(1), ..run(Phase::Void) }, None, Some("a test".into())),
            on_desk(RunView { id: RunId(2), ..run(Phase::Sealed) }, Some(seal.clone().without_numbers()), None),
            on_desk(run(Phase::Verified), Some(seal), None),
        ],
        owner: Some(staff("Olga", Role::Operator)),
        requests: vec![staff("Paul", Role::Producer)],
        staff: vec![staff("Olga", Role::Operator), staff("Notary", Role::Adjudicator), staff("Guest", Role::Observer)],
        armed: vec![ArmedView { what: Armable::Reveal, run: Some(RUN), until: AT + 5000, by: "Olga".into() }],
        proposals: vec![commands::proposal()],
        roster: vec![NODE],
        written_off: vec![
            WrittenOffView { returned_at: None, ..written_off(2) },
            WrittenOffView { returned_at: Some(AT + 60_000), ..written_off(3) },
        ],
        platforms: vec![DelayView {
            platform: "tv".into(),
            label: "Television".into(),
            delay_ms: 7000,
            declared_ms: 6000,
        }],
    }
}

fn written_off(node: u64) -> WrittenOffView {
    let (by, reason) = ("Notary".into(), "its disk is gone".into());
    WrittenOffView { node: NodeId(node), at: AT, by, reason, returned_at: None }
}

pub fn empty_desk() -> DeskView {
    let graphic = GraphicView { state: GraphicState::Cleared, step: 0, frozen: false };
    let (cues, runs, requests, staff, armed) = Default::default();
    let (roster, written_off, platforms) = Default::default();
    let (standby, program, next_cue, back_cue, owner) = (None, None, None, None, None);
    DeskView {
        cues,
        standby,
        program,
        next_cue,
        back_cue,
        graphic,
        runs,
        owner,
        requests,
        staff,
        armed,
        roster,
        written_off,
        platforms,
        ..desk()
    }
}
