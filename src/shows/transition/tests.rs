//! What commands make of a document, by role, by control and by the clock.

use super::*;
use crate::{
    base::ids::SessionId,
    shows::{
        end, file,
        kind::{Kind, Prediction},
        run::SealSummary,
        windows::ClockPhase,
    },
    wire::{command::ControlAction, entry::Entry},
};

const SHOW: &str = r#"
show = "s"
title = "S"
[[cue]]
number = "1"
question = "?"
options = ["a", "b"]
window_s = 60
[[cue]]
number = "2"
question = "?"
options = ["a", "b"]
opens_on_take = true
"#;

/// A desk without anything around it.
pub struct Desk {
    pub document: Document,
    pub now: Micros,
    by: Staff,
    owner_present: bool,
    runs: u64,
}

impl Desk {
    pub fn new() -> Self {
        Self::of(SHOW)
    }

    /// At the start of a show, by its file.
    pub fn of(file: &str) -> Self {
        let show = file::read(file).unwrap();
        Self {
            document: Document::new(show.id, show.title, show.rundown, "00".into()),
            now: Micros(0),
            by: staff(1, Role::Producer),
            owner_present: true,
            runs: 0,
        }
    }

    /// Cue 1 is on program and opened at 0.
    pub fn open_for(seconds: u32) -> Self {
        let mut desk = Self::new();
        desk.send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Open { seconds: Some(seconds) });
        desk
    }

    pub fn at_ms(&mut self, ms: u64) -> &mut Self {
        self.now = Micros::from_ms(ms);
        self
    }

    pub fn by(&mut self, session: u64, role: Role) -> &mut Self {
        self.by = staff(session, role);
        self
    }

    pub fn named(&mut self, session: u64, name: &str, role: Role) -> &mut Self {
        self.by = Staff { name: name.to_owned(), ..staff(session, role) };
        self
    }

    pub fn try_send(&mut self, command: Command) -> Result<(), Code> {
        self.runs += 1;
        let (now, by, owner_present) = (self.now, self.by.clone(), self.owner_present);
        let context = Context { now, by, owner_present, fresh_run: RunId(self.runs), ranks: by_votes };
        self.document = apply(&self.document, &command, &context).map_err(|refusal| refusal.code)?;
        Ok(())
    }

    pub fn send(&mut self, command: Command) {
        self.try_send(command.clone()).unwrap_or_else(|code| panic!("{command:?}: {code:?}"));
    }

    pub fn refuses(&mut self, command: Command, code: Code) {
        let before = self.document.clone();
        assert_eq!(self.try_send(command.clone()), Err(code), "{command:?}");
        assert_eq!(self.document, before);
    }

    fn phase(&self) -> Phase {
        self.document.on_program().unwrap().phase(self.now)
    }

    /// Locks, seals and verifies what is on program.
    pub fn verify(&mut self) {
        self.at_ms(1_000_000).verify_as(&[1, 0]);
    }

    /// Seals what is on program, with these votes, and signs it off.
    pub fn verify_as(&mut self, totals: &[u64]) {
        self.send(Command::Seal { run: None });
        let run = self.document.program.as_ref().unwrap().run;
        let summary = sealed(self.now, totals);
        self.document = end::with_seal(&self.document, run, 1, summary).unwrap();
        self.document = end::with_sign_off(&self.document, run, 1, "Eve", self.now).unwrap();
    }
}

/// The seal of a run with two options, of which nothing else is known.
pub fn sealed(at: Micros, totals: &[u64]) -> SealSummary {
    SealSummary {
        at,
        totals: totals.to_vec(),
        late: 0,
        late_totals: vec![0, 0],
        by_entry: Vec::new(),
        outstanding: 0,
        manifest_hash: String::new(),
        correction: None,
    }
}

/// Places by votes alone.
pub fn by_votes(_: &Run, sealed: &SealSummary) -> Vec<u16> {
    let ahead = |own: &u64| sealed.totals.iter().filter(|other| *other > own).count();
    sealed.totals.iter().map(|own| u16::try_from(1 + ahead(own)).unwrap()).collect()
}

fn staff(session: u64, role: Role) -> Staff {
    Staff { session: SessionId(session), name: format!("S{session}"), role }
}

#[test]
fn a_run_is_made_at_standby_and_frozen() {
    let mut desk = Desk::new();
    desk.send(Command::Standby { cue: "1".into() });
    let first = desk.document.standby.clone().unwrap();
    desk.refuses(Command::Standby { cue: "1".into() }, Code::NotNow);
    desk.document.rundown[0].interaction.question = "another?".into();
    assert_eq!(desk.document.run(first.run).unwrap().definition.interaction.question, "?");
    desk.refuses(Command::Standby { cue: "9".into() }, Code::NotFound);
    desk.send(Command::Next);
    assert_eq!(desk.document.standby.as_ref().unwrap().cue, "2");
    assert!(desk.document.run(first.run).is_none(), "a run that was only on standby leaves");
    desk.refuses(Command::Next, Code::NotNow);
    desk.send(Command::Back);
    assert_eq!(desk.document.standby.as_ref().unwrap().cue, "1");
}

#[test]
fn another_rundown_keeps_the_numbers_of_entries() {
    let mut desk = Desk::new();
    let named = |name: &str| Entry { platform: Some(name.to_owned()), ..Entry::default() };
    let replace = |desk: &mut Desk, names: &[&str]| {
        let Document { id, title, languages, sites, policy, keep, rundown, .. } = desk.document.clone();
        let entries = names.iter().map(|name| named(name)).collect();
        let platforms = Vec::new();
        let file = ShowFile { id, title, languages, sites, policy, keep, rundown, entries, platforms };
        desk.document = replace_rundown(&desk.document, &file, Role::Producer).unwrap();
    };
    replace(&mut desk, &["tv", "web"]);
    desk.send(Command::Standby { cue: "1".into() });
    desk.send(Command::Take);
    let frozen = desk.document.runs[0].definition.clone();
    replace(&mut desk, &["app", "web"]);
    assert_eq!(desk.document.runs[0].definition, frozen);
    assert_eq!((frozen.entries.number_of(&named("tv")), frozen.entries.number_of(&named("app"))), (1, 0));
    let entries = &desk.document.entries;
    assert_eq!(["tv", "web", "app"].map(|name| entries.number_of(&named(name))), [0, 2, 3]);
    // A show that declares none says nothing of entries, so that its hashes are what they were.
    let json = serde_json::to_string(&Desk::open_for(60).document).unwrap();
    assert!(!json.contains("entries"), "{json}");
}

#[test]
fn a_run_freezes_how_far_platforms_are_behind_and_is_over_when_all_are() {
    let mut desk = Desk::new();
    let plain = desk.document.clone();
    let behind = |delay_ms| {
        let Document { id, title, languages, sites, policy, keep, rundown, .. } = plain.clone();
        let entries = ["tv", "web"].map(|name| Entry { platform: Some(name.to_owned()), ..Entry::default() }).to_vec();
        let platforms = vec![Platform { name: "tv".into(), label: "TV".into(), delay_ms, jitter_ms: 500 }];
        ShowFile { id, title, languages, sites, policy, keep, rundown, entries, platforms }
    };
    desk.document = replace_rundown(&desk.document, &behind(20_000), Role::Producer).unwrap();
    assert_eq!((plain.format, desk.document.format), (1, 3), "an older release judges by other windows");
    desk.send(Command::Standby { cue: "1".into() });
    desk.document = replace_rundown(&desk.document, &behind(9000), Role::Producer).unwrap();
    desk.send(Command::Standby { cue: "1".into() });
    let Definition { ref platforms, ref entries, .. } = desk.document.runs[0].definition;
    assert_eq!((platforms[0].delay_ms, entries.number_of(&behind(0).entries[0])), (9000, 1));
    let rules_hash = desk.document.runs[0].definition.rules_hash();
    desk.send(Command::Take);
    desk.document = replace_rundown(&desk.document, &behind(1), Role::Producer).unwrap();
    desk.send(Command::Open { seconds: Some(10) });
    let run = &desk.document.runs[0];
    assert_eq!(
        (run.definition.rules_hash(), run.windows.track(2)),
        (rules_hash, None),
        "what is declared later counts later"
    );
    let lock = Micros::from_ms(10_000 + 9000 + 500 + run.windows.grace_ms);
    assert_eq!(run.windows.locks_at(), Some(lock));
    desk.send(Command::Standby { cue: "2".into() });
    for ms in [10_000, 18_000, lock.as_ms() - 1] {
        assert_eq!(desk.at_ms(ms).phase(), Phase::Closing);
        desk.refuses(Command::Take, Code::NotNow);
        desk.refuses(Command::Seal { run: None }, Code::NotNow);
    }
    assert_eq!(desk.at_ms(lock.as_ms()).phase(), Phase::Locked);
    desk.send(Command::Take);
}

#[test]
fn a_take_waits_for_what_is_open_and_may_open() {
    let mut desk = Desk::open_for(60);
    desk.send(Command::Next);
    desk.at_ms(1000).refuses(Command::Take, Code::NotNow);
    desk.at_ms(64_000).send(Command::Take);
    assert_eq!(desk.phase(), Phase::Open, "cue 2 opens on take");
    desk.refuses(Command::Take, Code::NotNow);
    desk.refuses(Command::Open { seconds: None }, Code::NotNow);
}

#[test]
fn a_run_that_opens_again_in_a_moment_is_not_left_alone() {
    let mut desk = Desk::open_for(60);
    desk.send(Command::Next);
    desk.at_ms(70_000).send(Command::Arm { what: Armable::GoLive, run: None });
    desk.send(Command::Extend { seconds: 10 });
    assert_eq!(desk.at_ms(70_100).phase(), Phase::Locked);
    desk.refuses(Command::Take, Code::NotNow);
    desk.refuses(Command::GoLive, Code::NotNow);
    desk.refuses(Command::Arm { what: Armable::GoLive, run: None }, Code::NotNow);
}

#[test]
fn a_close_is_announced_and_reached_by_the_clock_alone() {
    let mut desk = Desk::open_for(60);
    desk.at_ms(10_000).send(Command::Close);
    let phases = [(11_499, Phase::Open), (11_500, Phase::Closing), (14_499, Phase::Closing), (14_500, Phase::Locked)];
    for (ms, phase) in phases {
        assert_eq!(desk.at_ms(ms).phase(), phase, "{ms}");
    }
    desk.refuses(Command::Close, Code::NotNow);
}

#[test]
fn an_extension_moves_the_close_and_too_late_it_reopens() {
    let mut desk = Desk::open_for(60);
    desk.at_ms(58_000).send(Command::Extend { seconds: 10 });
    assert_eq!(desk.at_ms(69_999).phase(), Phase::Open);
    desk.at_ms(69_000).send(Command::Extend { seconds: 10 });
    let spans = &desk.document.runs[0].windows.spans;
    assert_eq!((spans.len(), spans[1].opens.as_ms()), (2, 70_500));
    desk.at_ms(80_400);
    assert_eq!(desk.phase(), Phase::Open);
    desk.at_ms(200_000).send(Command::Seal { run: None });
    desk.refuses(Command::Extend { seconds: 10 }, Code::NotNow);
}

#[test]
fn a_hold_suspends_the_close_and_nothing_else() {
    let mut desk = Desk::open_for(60);
    desk.at_ms(20_000).send(Command::Hold);
    assert_eq!(desk.at_ms(500_000).phase(), Phase::Open, "ballots still enter");
    desk.refuses(Command::Extend { seconds: 5 }, Code::NotNow);
    desk.send(Command::Release);
    assert_eq!(desk.document.runs[0].windows.phase(Micros::from_ms(539_999)), ClockPhase::Open);
    assert_eq!(desk.document.runs[0].windows.phase(Micros::from_ms(540_000)), ClockPhase::Closing);
    desk.at_ms(539_000).refuses(Command::Hold, Code::NotNow);
}

#[test]
fn roles_are_kept_apart() {
    let mut desk = Desk::open_for(60);
    desk.by(9, Role::Observer).refuses(Command::Close, Code::Forbidden);
    desk.by(9, Role::Adjudicator).refuses(Command::Close, Code::Forbidden);
    desk.by(9, Role::Operator).refuses(Command::Void { run: None, reason: "x".into() }, Code::Forbidden);
    desk.by(9, Role::Operator).refuses(Command::Seal { run: None }, Code::Forbidden);
    desk.by(9, Role::Viewer).refuses(Command::Panic, Code::Forbidden);
}

#[test]
fn one_session_has_control_and_pulling_from_screens_is_everybodys() {
    let mut desk = Desk::open_for(60);
    desk.by(2, Role::Operator).refuses(Command::Hold, Code::NoControl);
    desk.send(Command::Panic);
    desk.send(Command::Control { action: ControlAction::Request, to: None });
    assert_eq!(desk.document.control.requests.len(), 1);
    desk.refuses(Command::Control { action: ControlAction::Grant, to: Some(SessionId(2)) }, Code::NoControl);
    desk.by(1, Role::Producer).send(Command::Control { action: ControlAction::Grant, to: Some(SessionId(2)) });
    assert!(desk.document.control.requests.is_empty());
    desk.refuses(Command::Hold, Code::NoControl);
    desk.by(2, Role::Operator).send(Command::Hold);
    desk.by(3, Role::Operator).send(Command::Control { action: ControlAction::TakeOver, to: None });
    desk.owner_present = false;
    desk.by(1, Role::Producer).send(Command::Release);
    assert_eq!(desk.document.control.owner.as_ref().unwrap().session, SessionId(1), "who is gone loses control");
}

#[test]
fn what_cannot_be_taken_back_is_armed_first() {
    let mut desk = Desk::open_for(60);
    desk.verify();
    desk.refuses(Command::Reveal { run: None }, Code::NotArmed);
    desk.send(Command::Arm { what: Armable::Reveal, run: None });
    desk.at_ms(1_005_000).refuses(Command::Reveal { run: None }, Code::NotArmed);
    desk.send(Command::Arm { what: Armable::Reveal, run: None });
    desk.send(Command::Reveal { run: None });
    assert_eq!(desk.phase(), Phase::Revealed);
    desk.refuses(Command::Void { run: None, reason: " ".into() }, Code::BadMessage);
    desk.send(Command::Arm { what: Armable::Void, run: None });
    desk.send(Command::Void { run: None, reason: "wrong phone number on screen".into() });
    assert_eq!(desk.phase(), Phase::Void);
    desk.refuses(Command::Extend { seconds: 5 }, Code::NotNow);
    desk.send(Command::Standby { cue: "1".into() });
    assert_ne!(desk.document.standby.as_ref().unwrap().run, desk.document.program.as_ref().unwrap().run);
}

#[test]
fn only_a_locked_run_is_sealed_and_only_a_verified_one_revealed() {
    let mut desk = Desk::open_for(60);
    desk.at_ms(61_000).refuses(Command::Seal { run: None }, Code::NotNow);
    desk.refuses(Command::Arm { what: Armable::Reveal, run: None }, Code::NotNow);
    desk.at_ms(63_000).send(Command::Seal { run: None });
    let run = desk.document.program.as_ref().unwrap().run;
    assert!(end::with_sign_off(&desk.document, run, 2, "Eve", desk.now).is_none());
    desk.send(Command::Seal { run: None });
    assert_eq!(desk.document.runs[0].seal.as_ref().unwrap().revision, 2, "an unfinished seal is made again");
}

#[test]
fn rehearsal_leaves_nothing_behind() {
    let mut desk = Desk::open_for(60);
    desk.at_ms(1000).refuses(Command::Arm { what: Armable::GoLive, run: None }, Code::NotNow);
    desk.refuses(Command::GoLive, Code::NotNow);
    desk.at_ms(70_000).send(Command::Arm { what: Armable::GoLive, run: None });
    desk.send(Command::GoLive);
    assert!(desk.document.runs.is_empty() && !desk.document.rehearsal);
    desk.send(Command::Standby { cue: "2".into() });
    desk.send(Command::Take);
    assert!(!desk.document.runs[0].definition.rehearsal);
    desk.refuses(Command::Rehearse, Code::NotNow);
    desk.send(Command::Close);
    desk.at_ms(100_000).send(Command::Standby { cue: "1".into() });
    desk.send(Command::Rehearse);
    assert_eq!(desk.document.runs.len(), 1, "live runs stay through a rehearsal, but for those that were never opened");
}

#[test]
fn every_revision_names_the_one_before() {
    let mut desk = Desk::new();
    let before = desk.document.clone();
    desk.send(Command::Standby { cue: "1".into() });
    assert_eq!((desk.document.revision, &desk.document.previous), (before.revision + 1, &before.hash()));
}

#[test]
fn a_long_show_keeps_a_bounded_desk() {
    let mut desk = Desk::new();
    for number in 0..limits::RUNS_ON_DESK_MAX * 2 {
        let cue = if number % 2 == 0 { "1" } else { "2" };
        desk.send(Command::Standby { cue: cue.into() });
        desk.send(Command::Take);
        desk.send(Command::Arm { what: Armable::Void, run: None });
        desk.send(Command::Void { run: None, reason: "test".into() });
    }
    assert!(desk.document.runs.len() <= limits::RUNS_ON_DESK_MAX);
}

/// A prediction on program, revealed with these votes.
fn predicted(votes: [u64; 2]) -> Desk {
    let mut desk = Desk::new();
    let prediction = Prediction { points: 10, round: String::new() };
    desk.document.rundown[1].interaction.kind = Kind::Prediction(prediction);
    desk.send(Command::Standby { cue: "2".into() });
    desk.send(Command::Take);
    desk.send(Command::Close);
    desk.at_ms(60_000).refuses(Command::Arm { what: Armable::Resolve, run: None }, Code::NotNow);
    desk.send(Command::Seal { run: None });
    let run = desk.document.runs[0].id();
    let summary = sealed(Micros(0), &votes);
    desk.document = end::with_seal(&desk.document, run, 1, summary).unwrap();
    desk.document = end::with_sign_off(&desk.document, run, 1, "Eve", desk.now).unwrap();
    desk.send(Command::Arm { what: Armable::Reveal, run: None });
    desk.send(Command::Reveal { run: None });
    desk
}

#[test]
fn a_revealed_prediction_is_resolved_by_who_may_and_again_by_who_was_wrong() {
    let mut desk = predicted([1, 2]);
    let run = desk.document.runs[0].id();
    let played = |desk: &Desk| round::played(&desk.document).map(|(_, runs)| runs.len());
    assert_eq!((desk.document.runs[0].answered(), played(&desk)), (None, None));
    desk.refuses(Command::Resolve { run: None, right: vec![1] }, Code::NotArmed);
    desk.by(2, Role::Operator).refuses(Command::Arm { what: Armable::Resolve, run: None }, Code::Forbidden);
    desk.by(3, Role::Adjudicator).send(Command::Arm { what: Armable::Resolve, run: None });
    for wrong in [vec![], vec![0], vec![3], vec![1, 9]] {
        desk.refuses(Command::Resolve { run: Some(run), right: wrong }, Code::BadMessage);
    }
    desk.send(Command::Resolve { run: None, right: vec![1] });
    assert_eq!((desk.document.runs[0].answered().unwrap().1, played(&desk)), (&[1][..], Some(1)));
    desk.at_ms(70_000).send(Command::Arm { what: Armable::Resolve, run: None });
    desk.send(Command::Resolve { run: None, right: vec![2, 2] });
    assert_eq!(desk.document.runs[0].answered(), Some((Micros::from_ms(70_000), &[2][..])));
    desk.by(1, Role::Producer).send(Command::Arm { what: Armable::Void, run: None });
    desk.send(Command::Void { run: None, reason: "cancelled".into() });
    assert_eq!((desk.document.runs[0].answered(), played(&desk)), (None, None));
    desk.refuses(Command::Arm { what: Armable::Resolve, run: None }, Code::NotNow);
    Desk::open_for(60).refuses(Command::Arm { what: Armable::Resolve, run: None }, Code::NotNow);
}

#[test]
fn a_long_show_keeps_the_runs_of_the_round_that_is_played() {
    let mut desk = predicted([1, 2]);
    let run = desk.document.runs[0].id();
    desk.send(Command::Arm { what: Armable::Resolve, run: None });
    desk.send(Command::Resolve { run: None, right: vec![1] });
    for _ in 0..limits::RUNS_ON_DESK_MAX {
        desk.send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        desk.send(Command::Arm { what: Armable::Void, run: None });
        desk.send(Command::Void { run: None, reason: "test".into() });
    }
    assert!(desk.document.run(run).is_some() && desk.document.runs.len() <= limits::RUNS_ON_DESK_MAX);
}
