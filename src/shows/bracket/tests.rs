//! Who comes on from one cue to the next.

use super::*;
use crate::{
    base::limits,
    shows::{
        file::{read, write},
        transition::tests::{Desk, by_votes},
    },
    wire::{
        codes::Code,
        command::{Armable, Command},
    },
};

const CUP: &str = r#"
show = "cup"
title = "The Cup"
languages = ["en", "nl"]

[[cue]]
number = "1"
segment = "Semi-finals"
question = "Who goes on?"
options = ["The choir", "The band"]

[cue.text.nl]
question = "Wie gaat door?"
segment = "Halve finales"
options = ["Het koor", "De fanfare"]

[[cue]]
number = "2"
segment = "Semi-finals"
question = "Who goes on?"
options = ["The duo", "The quartet"]

[[cue]]
number = "3"
segment = "Third place"
question = "Who is third?"
options_from = [{ cue = "1", place = 2 }, { cue = "2", place = 2 }]

[[cue]]
number = "F"
segment = "Final"
kind = "head_to_head"
question = "Who wins?"
options_from = ["1", "2"]

[cue.text.nl]
question = "Wie wint?"
"#;

/// Plays a cue to its reveal, with these votes.
fn plays(desk: &mut Desk, cue: &str, votes: &[u64], ms: u64) {
    desk.at_ms(ms).send(Command::Standby { cue: cue.into() });
    plays_on(desk, votes, ms);
}

/// The same for what is on standby.
fn plays_on(desk: &mut Desk, votes: &[u64], ms: u64) {
    desk.at_ms(ms).send(Command::Take);
    desk.send(Command::Open { seconds: Some(10) });
    desk.at_ms(ms + 60_000).verify_as(votes);
    desk.send(Command::Arm { what: Armable::Reveal, run: None });
    desk.at_ms(ms + 60_000).send(Command::Reveal { run: None });
}

fn on_standby(desk: &Desk) -> &Interaction {
    let placed = desk.document.standby.as_ref().unwrap();
    &desk.document.run(placed.run).unwrap().definition.interaction
}

#[test]
fn winners_meet_once_both_are_known() {
    let mut desk = Desk::of(CUP);
    plays(&mut desk, "1", &[3, 5], 0);
    desk.refuses(Command::Standby { cue: "F".into() }, Code::NotNow);
    plays(&mut desk, "2", &[9, 2], 100_000);
    desk.send(Command::Standby { cue: "F".into() });
    assert_eq!(on_standby(&desk).options, ["The band", "The duo"]);
    assert_eq!(on_standby(&desk).texts["nl"].options, ["De fanfare", "The duo"], "what is not translated is as it is");
    desk.send(Command::Standby { cue: "3".into() });
    assert_eq!(on_standby(&desk).options, ["The choir", "The quartet"]);
    let dutch = &on_standby(&desk).texts["nl"];
    assert_eq!(
        (&*dutch.question, &*dutch.options[0]),
        ("Who is third?", "Het koor"),
        "names have languages of their own"
    );
    assert!(!desk.document.is_edited(desk.document.standby.as_ref().unwrap()));
    let bracket = view(&desk.document, by_votes).unwrap();
    assert_eq!(bracket.matches.iter().map(|one| one.round).collect::<Vec<_>>(), [1, 1, 2, 2]);
    let sides =
        |index: usize| bracket.matches[index].sides.iter().map(|side| side.label.as_deref()).collect::<Vec<_>>();
    assert_eq!(bracket.matches.iter().map(|one| one.winner).collect::<Vec<_>>(), [Some(2), Some(1), None, None]);
    assert_eq!(
        (sides(0), sides(3)),
        (vec![Some("The choir"), Some("The band")], vec![Some("The band"), Some("The duo")])
    );
    let semi = &bracket.matches[0];
    assert_eq!((&*semi.names["nl"], &*semi.segments["nl"]), ("Wie gaat door?", "Halve finales"));
    assert_eq!(
        (&*semi.sides[1].labels["nl"], &*bracket.matches[3].sides[0].labels["nl"]),
        ("De fanfare", "De fanfare")
    );
    assert!(bracket.matches[1].names.is_empty());
}

#[test]
fn who_shares_a_place_does_not_come_on_and_a_new_run_decides() {
    let mut desk = Desk::of(CUP);
    plays(&mut desk, "1", &[4, 4], 0);
    plays(&mut desk, "2", &[9, 2], 100_000);
    desk.refuses(Command::Standby { cue: "F".into() }, Code::NotNow);
    assert_eq!(view(&desk.document, by_votes).unwrap().matches[3].sides[0].label, None);
    // While it is played again there is no result of it.
    desk.at_ms(200_000).send(Command::Standby { cue: "1".into() });
    desk.send(Command::Take);
    desk.send(Command::Open { seconds: Some(10) });
    desk.refuses(Command::Standby { cue: "F".into() }, Code::NotNow);
    desk.at_ms(260_000).verify_as(&[4, 5]);
    desk.refuses(Command::Standby { cue: "F".into() }, Code::NotNow);
    desk.send(Command::Arm { what: Armable::Reveal, run: None });
    desk.at_ms(260_000).send(Command::Reveal { run: None });
    desk.send(Command::Standby { cue: "F".into() });
    assert_eq!(on_standby(&desk).options, ["The band", "The duo"]);
}

#[test]
fn a_result_that_is_awaited_stays_on_the_desk() {
    let mut desk = Desk::of(CUP);
    plays(&mut desk, "1", &[3, 5], 0);
    let awaited = desk.document.runs[0].id();
    let old = desk.document.runs[0].clone();
    // Enough other runs that are over to push everything out that may go.
    for n in 0..2 * limits::RUNS_ON_DESK_MAX as u64 {
        let mut other = old.clone();
        (other.definition.run.0, other.definition.cue) = (1000 + n, "2".into());
        desk.document.runs.push(other);
    }
    desk.at_ms(500_000).send(Command::Standby { cue: "2".into() });
    assert!(desk.document.runs.len() <= limits::RUNS_ON_DESK_MAX + 1);
    assert!(desk.document.run(awaited).is_some());
}

#[test]
fn who_came_on_is_asked_about_as_it_stands_at_the_take_and_stays_named_after_it() {
    let mut desk = Desk::of(CUP);
    plays(&mut desk, "1", &[3, 5], 0);
    plays(&mut desk, "2", &[9, 2], 100_000);
    // To look at a semi-final takes nothing away.
    desk.send(Command::Standby { cue: "1".into() });
    assert_eq!(view(&desk.document, by_votes).unwrap().matches[0].winner, Some(2));
    desk.send(Command::Standby { cue: "F".into() });
    desk.refuses(Command::Standby { cue: "F".into() }, Code::NotNow);
    // Another result comes between standby and take.
    let semi = desk.document.runs.iter_mut().find(|run| run.definition.cue == "1").unwrap();
    semi.seal.as_mut().unwrap().summary.as_mut().unwrap().totals = vec![6, 5];
    desk.refuses(Command::Take, Code::NotNow);
    desk.send(Command::Standby { cue: "F".into() });
    assert_eq!(on_standby(&desk).options, ["The choir", "The duo"]);
    plays_on(&mut desk, &[1, 4], 200_000);
    // The semi-finals have left the desk, and one was corrected: the final is what was asked.
    desk.document.runs.retain(|run| run.definition.cue == "F");
    let bracket = view(&desk.document, by_votes).unwrap();
    assert_eq!(bracket.matches.iter().map(|one| one.winner).collect::<Vec<_>>(), [Some(1), Some(1), None, Some(2)]);
}

#[test]
fn a_bracket_has_a_size() {
    let cue = |n: usize, more: &str| format!("[[cue]]\nnumber = \"{n}\"\nquestion = \"?\"\n{more}\n");
    let many = |options: usize| {
        let first = cue(0, "options = [\"a\", \"b\"]");
        let from = "options_from = [\"0\", { cue = \"0\", place = 2 }]";
        let rest: String = (1..=options / 2).map(|n| cue(n, from)).collect();
        read(&format!("show = \"s\"\ntitle = \"S\"\n{first}{rest}"))
    };
    assert!(many(limits::BRACKET_OPTIONS_MAX).is_ok());
    assert!(many(limits::BRACKET_OPTIONS_MAX + 2).unwrap_err().to_string().contains("more than 128 options"));
}

#[test]
fn a_bracket_in_all_languages_has_a_size_too() {
    // Duels of which each leads to the next, in two languages, by names of so many letters.
    let duels = |name: usize| {
        let (a, b) = ("é".repeat(name), "è".repeat(name));
        let first = format!(
            "[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n\
             [cue.text.nl]\nquestion = \"?\"\noptions = [\"{a}\", \"{b}\"]\n"
        );
        let next = |n: usize| {
            let from = format!("options_from = [\"{n}\", {{ cue = \"{n}\", place = 2 }}]");
            format!("[[cue]]\nnumber = \"{}\"\nquestion = \"?\"\n{from}\n", n + 1)
        };
        let rest: String = (1..=limits::BRACKET_OPTIONS_MAX / 2).map(next).collect();
        let text = format!("show = \"s\"\ntitle = \"S\"\nlanguages = [\"en\", \"nl\"]\n{first}{rest}");
        read(&text).map(|file| texts_bytes(&file.rundown))
    };
    // Two bytes a letter, and what stands around.
    assert_eq!(duels(240).unwrap(), (limits::BRACKET_OPTIONS_MAX + 2) * (480 + 10) + 21);
    let refused = duels(260).unwrap_err().to_string();
    assert!(refused.contains("shorten its texts"), "{refused}");
}

#[test]
fn an_edit_leaves_no_cue_without_those_that_lead_to_it() {
    let mut desk = Desk::of(CUP);
    desk.refuses(Command::CueMove { cue: "1".into(), before: None }, Code::BadShow);
    desk.refuses(Command::CueRemove { cue: "2".into() }, Code::BadShow);
    desk.send(Command::CueMove { cue: "F".into(), before: Some("3".into()) });
    plays(&mut desk, "1", &[3, 5], 0);
    plays(&mut desk, "2", &[9, 2], 100_000);
    desk.send(Command::Standby { cue: "F".into() });
    let placed = desk.document.standby.clone().unwrap();
    assert!(!desk.document.is_edited(&placed), "who comes on is no edit");
    let toml = "[[cue]]\nnumber = \"F\"\nquestion = \"And?\"\noptions_from = [\"1\", \"2\"]\n";
    desk.send(Command::CueEdit { cue: "F".into(), toml: toml.into() });
    assert!(desk.document.is_edited(&placed));
}

#[test]
fn what_leads_nowhere_is_named() {
    let file = |line: &str| CUP.replace("options_from = [\"1\", \"2\"]", line);
    let error = |line: &str| read(&file(line)).unwrap_err().to_string();
    for (line, wrong) in [
        ("options_from = [\"1\", \"9\"]", "there is no cue 9 before this one"),
        ("options_from = [\"F\", \"2\"]", "there is no cue F before this one"),
        ("options_from = [\"1\", \"1\"]", "winner of 1 is there twice"),
        ("options_from = [\"1\", { cue = \"2\", place = 3 }]", "cue 2 has places 1 to 2"),
        ("options_from = [\"1\"]", "2 to 64 options"),
        ("options_from = [\"1\", \"2\"]\noptions = [\"a\", \"b\"]", "leave options"),
        ("options_from = [\"1\", \"2\"]\n[cue.quiz]\nright = [1]", "leave options and other kinds out"),
    ] {
        let error = error(line);
        assert!(error.contains(wrong), "{line}: {error}");
    }
    let evicts = CUP.replacen("\n[cue.text.nl]", "\n[cue.rules]\npolarity = \"evict\"\n\n[cue.text.nl]", 1);
    assert!(read(&evicts).unwrap_err().to_string().contains("goes and does not come on"));
    let show = read(CUP).unwrap();
    assert_eq!(read(&write(&show)).unwrap(), show);
}
