//! Every command, as staff sends it.

use tallylight::wire::{
    command::{Armable, Command, ControlAction},
    entry::Entry,
    proposal::ProposalView,
};

use super::{AT, NODE, PROPOSAL, RUN, SESSION};

/// With what tells one from another of the same kind.
pub fn commands() -> Vec<(&'static str, Command)> {
    let (cue, reason) = ("3A".to_owned(), "the lines were down in the north".to_owned());
    let toml = "[[cue]]\nnumber = \"3A\"\nquestion = \"Who wins?\"\noptions = [\"Ada\", \"Grace\"]\n".to_owned();
    let tv = Entry { platform: Some("tv".into()), ..Entry::default() };
    let control = |action, to| Command::Control { action, to };
    vec![
        ("", Command::Standby { cue }),
        ("", Command::Take),
        ("", Command::Next),
        ("", Command::Back),
        ("", Command::Step),
        ("", Command::Open { seconds: None }),
        ("-by-hand", Command::Open { seconds: Some(0) }),
        ("", Command::Close),
        ("", Command::Extend { seconds: 10 }),
        ("", Command::Marker { programme_time: 1_790_000_000_000, platform: None }),
        ("-platform", Command::Marker { programme_time: 1_790_000_000_000, platform: Some("tv".to_owned()) }),
        ("", Command::Hold),
        ("", Command::Release),
        ("", Command::Freeze),
        ("", Command::Unfreeze),
        ("", Command::Clear),
        ("", Command::Panic),
        ("", Command::Seal { run: None }),
        ("-run", Command::Seal { run: Some(RUN) }),
        ("", Command::Verify { run: None }),
        ("-reveal", Command::Arm { what: Armable::Reveal, run: Some(RUN) }),
        ("-void", Command::Arm { what: Armable::Void, run: None }),
        ("-go-live", Command::Arm { what: Armable::GoLive, run: None }),
        ("-write-off", Command::Arm { what: Armable::WriteOff, run: None }),
        ("-resolve", Command::Arm { what: Armable::Resolve, run: Some(RUN) }),
        ("", Command::Reveal { run: None }),
        ("", Command::Resolve { run: None, right: vec![1] }),
        ("", Command::Void { run: Some(RUN), reason: reason.clone() }),
        ("", Command::WriteOff { node: NODE, reason: "its disk is gone".into() }),
        ("-exclude", Command::Arm { what: Armable::Exclude, run: Some(RUN) }),
        ("-override", Command::Arm { what: Armable::Override, run: Some(RUN) }),
        ("", Command::Exclude { run: Some(RUN), entries: vec![tv], reason: reason.clone() }),
        ("", Command::Override { run: None, thousandths: Some(vec![12_000, 9_500]), right: None, reason }),
        ("-confirm", Command::Arm { what: Armable::Confirm, run: Some(RUN) }),
        ("", Command::Confirm { proposal: PROPOSAL }),
        ("", Command::Decline { proposal: PROPOSAL }),
        ("", Command::CueAdd { toml: toml.clone(), before: Some("4".into()) }),
        ("", Command::CueEdit { cue: "3A".into(), toml }),
        ("", Command::CueMove { cue: "3A".into(), before: None }),
        ("", Command::CueRemove { cue: "3A".into() }),
        ("", Command::GoLive),
        ("", Command::Rehearse),
        ("-request", control(ControlAction::Request, None)),
        ("-grant", control(ControlAction::Grant, Some(SESSION))),
        ("-take-over", control(ControlAction::TakeOver, None)),
        ("-release", control(ControlAction::Release, None)),
    ]
}

/// What a desk says of a proposal.
pub fn proposal() -> ProposalView {
    ProposalView {
        id: PROPOSAL,
        what: "void".into(),
        run: RUN,
        reason: "the lines were down".into(),
        exclude: None,
        declare: Vec::new(),
        right: Vec::new(),
        by: "Paul".into(),
        session: SESSION,
        at: AT,
        until: AT + 300_000,
    }
}
