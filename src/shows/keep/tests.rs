//! When something is due, and that it never is while something is left to do.

use super::*;
use crate::{
    shows::{document::FORMAT, merge::merge, transition::tests::Desk},
    wire::{
        codes::Code,
        command::{Armable, Command},
    },
};

const DAY: u64 = DAY_MS;

fn live() -> Desk {
    let mut desk = Desk::new();
    desk.document.keep = Keep { voter_key_days: Some(14), ballots_days: Some(90) };
    desk.document.salt = "0123456789abcdef0123456789abcdef".to_owned();
    desk.send(Command::Arm { what: Armable::GoLive, run: None });
    desk.send(Command::GoLive);
    desk.send(Command::Standby { cue: "1".into() });
    desk.send(Command::Take);
    desk.send(Command::Open { seconds: Some(10) });
    desk
}

fn due(desk: &Desk, ms: u64) -> [bool; 2] {
    [Step::VoterKey, Step::Ballots].map(|step| desk.document.is_due(step, Micros::from_ms(ms)))
}

#[test]
fn nothing_is_due_before_all_is_signed_off_or_void() {
    let mut desk = live();
    for (phase, ms) in [("open", 5000), ("locked", 100 * DAY)] {
        assert_eq!(due(&desk, ms), [false; 2], "{phase}");
        let said = desk.document.keeps(Micros::from_ms(ms));
        assert!(said.contains(&format!("waits, for cue 1 is {phase}: seal and verify it, or void it")), "{said}");
    }
    // Verified at 1,000 s.
    desk.verify();
    let over = 1_000_000;
    assert_eq!(due(&desk, over + 14 * DAY - 1), [false; 2]);
    assert_eq!(due(&desk, over + 14 * DAY), [true, false]);
    assert_eq!(due(&desk, over + 90 * DAY), [true, true]);
    let said = desk.document.keeps(Micros::from_ms(over + DAY));
    assert_eq!(said, "voter key: in 13 days; everything but manifests and log: in 89 days");
    // Published later: that is when the last was done.
    desk.at_ms(over + 5 * DAY).send(Command::Arm { what: Armable::Reveal, run: None });
    desk.send(Command::Reveal { run: None });
    assert_eq!(due(&desk, over + 19 * DAY - 1), [false; 2]);
    assert_eq!(due(&desk, over + 19 * DAY), [true, false]);
    // A seal that is made anew is not signed off.
    let run = &mut desk.document.runs[0];
    run.seal.as_mut().unwrap().verified = None;
    assert_eq!(due(&desk, over + 100 * DAY), [false; 2]);
    desk.send(Command::Arm { what: Armable::Void, run: None });
    desk.send(Command::Void { run: None, reason: "wrong".into() });
    assert_eq!(due(&desk, over + 19 * DAY), [true, false]);
    // In rehearsal nothing is, nor where the file says nothing.
    desk.document.rehearsal = true;
    assert_eq!(due(&desk, over + 100 * DAY), [false; 2]);
    desk.document.rehearsal = false;
    desk.document.keep = Keep::default();
    assert_eq!(due(&desk, over + 100 * DAY), [false; 2]);
    assert_eq!(desk.document.keeps(Micros(1)), "nothing is destroyed by itself");
}

#[test]
fn without_its_voter_key_a_show_is_itself_and_makes_no_more_runs() {
    let mut desk = live();
    desk.verify();
    let before = desk.document.clone();
    let now = Micros::from_ms(1_000_000 + 14 * DAY);
    desk.document = before.without_voter_key(now);
    assert_eq!(desk.document.previous, before.hash());
    assert_eq!((desk.document.salt.len(), desk.document.voter_key_gone), (32, Some(now)));
    assert!(!desk.document.to_json().contains(&before.salt));
    assert!(!desk.document.is_due(Step::VoterKey, now), "once");
    assert!(desk.document.is_same_show(&before) && before.is_same_show(&desk.document));
    let other = Document { salt: "f".repeat(32), ..before.clone() };
    assert!(!other.is_same_show(&before) && !desk.document.is_same_show(&other));
    for command in [Command::Standby { cue: "2".into() }, Command::Next, Command::Take, Command::Extend { seconds: 5 }]
    {
        desk.refuses(command, Code::NotNow);
    }
    // A branch that had not heard of it does not bring the key back, whichever of the two Redis holds.
    for (held, mine) in [(&desk.document, &before), (&before, &desk.document)] {
        let merged = merge(held, mine, &[], now).document;
        assert_eq!((&merged.salt, merged.voter_key_gone), (&desk.document.salt, Some(now)));
    }
}

#[test]
fn an_older_release_leaves_a_show_alone_that_is_kept_for_a_time() {
    let mut document = Desk::new().document;
    document.tell_format();
    assert_eq!(document.format, 1);
    document.keep.ballots_days = Some(1);
    document.tell_format();
    assert_eq!(document.format, FORMAT);
}
