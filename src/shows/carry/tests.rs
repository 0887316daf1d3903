//! Votes that are carried over: what a cue may say, what its run begins with, and what becomes of it.

use super::*;
use crate::{
    shows::{
        document::FORMAT,
        file,
        transition::tests::{Desk, sealed},
    },
    wire::{
        codes::Code,
        command::{Armable, Command},
        entry::Entry,
    },
};

/// Three acts, of which the second and the third come into the final.
const SHOW: &str = "show = \"s\"\ntitle = \"S\"\n\
    [[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"Ada\", \"Grace\", \"Joan\"]\n\
    [[cue]]\nnumber = \"2\"\nquestion = \"?\"\noptions = [\"Joan\", \"Grace\"]\ncarry_from = \"1\"\n";

#[test]
fn what_does_not_fit_is_said_before_air() {
    let pools =
        |names: [&str; 2]| names.map(|name| format!("[[cue.rules.pool]]\nname = \"{name}\"\npercent = 50\n")).concat();
    let poll = |number: &str, more: &str| format!("[[cue]]\nnumber = \"{number}\"\nquestion = \"?\"\n{more}\n");
    let three = "options = [\"Ada\", \"Grace\", \"Joan\"]\n";
    let two = "options = [\"Joan\", \"Ada\"]\ncarry_from = \"1\"\n";
    let read = |first: &str, second: &str| {
        let entries = "[[entry]]\npool = \"jury\"\n[[entry]]\npool = \"fans\"\n";
        file::read(&format!("show = \"s\"\ntitle = \"S\"\n{entries}{}{}", poll("1", first), poll("2", second)))
    };
    let from = |more: &str| format!("options = [\"x\", \"y\"]\ncarry_from = \"1\"\n{more}");
    let places = "options_from = [\"1\", { cue = \"1\", place = 2 }]\ncarry_from = \"1\"\n";
    for (first, second, said) in [
        (three.to_owned(), two.replace("\"1\"", "\"3\""), "cue 2: carry_from: there is no cue 3 before this one"),
        (three.to_owned(), two.replace("\"1\"", "\"2\""), "carry_from: there is no cue 2 before this one"),
        (three.to_owned(), two.replace("Ada", "Eve"), "carry_from: \"Eve\" is no option of cue 1: write it as there"),
        (three.to_owned(), from("carry_options = [1]"), "carry_options: give 2 numbers"),
        (three.to_owned(), from("carry_options = [1, 4]"), "carry_options: cue 1 has options 1 to 3, and no 4"),
        (three.to_owned(), from("carry_options = [2, 2]"), "carry_options: 2 is there twice"),
        (three.to_owned(), from("carry_options = [0, 0]"), "carry_options: no option was in cue 1"),
        (three.to_owned(), "options = [\"x\", \"y\"]\ncarry_options = [1, 2]".to_owned(), "say carry_from, too"),
        (three.to_owned(), format!("{places}carry_options = [1, 2]"), "carry_options: the options come from results"),
        (three.to_owned(), "carry_from = \"1\"\n[cue.rating]\nfrom = 1\nto = 3".to_owned(), "only a poll or two sides"),
        ("[cue.rating]\nfrom = 1\nto = 3".to_owned(), two.to_owned(), "carry_from: cue 1 is no poll"),
        (
            format!("{three}[cue.rules]\npolarity = \"evict\""),
            two.to_owned(),
            "in cue 1 people vote for who goes, here for who stays",
        ),
        (
            format!("{three}{}", pools(["", "jury"])),
            two.to_owned(),
            "cue 1 has the pools \"\", \"jury\" and this one no pools",
        ),
        (
            format!("{three}{}", pools(["", "jury"])),
            format!("{two}{}", pools(["", "fans"])),
            "cue 1 has the pools \"\", \"jury\" and this one the pools \"\", \"fans\": give both the same",
        ),
    ] {
        let error = read(&first, &second).expect_err(&second).to_string();
        assert!(error.contains(said) && error.starts_with("line "), "{second}: {error}");
    }
    for second in [two, places, &from("carry_options = [3, 0]")] {
        let show = read(three, second).unwrap();
        assert!(show.rundown[1].carry.is_some());
        assert_eq!(file::read(&file::write(&show)), Ok(show), "what is written reads in as the same show");
    }
    let same = read(&format!("{three}{}", pools(["", "jury"])), &format!("{two}{}", pools(["jury", ""])));
    assert!(same.is_ok(), "{same:?}");
    let many = (2..=18).map(|n| poll(&n.to_string(), two)).collect::<String>();
    let error = file::read(&format!("show = \"s\"\ntitle = \"S\"\n{}{many}", poll("1", three))).unwrap_err();
    assert!(error.to_string().contains("at most 16 cues of a show carry votes over"), "{error}");
}

fn standby(cue: &str) -> Command {
    Command::Standby { cue: cue.into() }
}

/// Puts a cue on program, opens it, and closes it.
fn hold(desk: &mut Desk, cue: &str) {
    desk.send(standby(cue));
    desk.send(Command::Take);
    desk.send(Command::Open { seconds: Some(10) });
    let later = desk.now.as_ms() + 60_000;
    desk.at_ms(later);
}

/// The same, with a result.
fn result(desk: &mut Desk, cue: &str, votes: &[u64], hash: &str) -> RunId {
    hold(desk, cue);
    desk.verify_as(votes);
    let run = desk.document.program.as_ref().unwrap().run;
    seal_of(desk, run).manifest_hash = hash.into();
    run
}

fn seal_of(desk: &mut Desk, run: RunId) -> &mut SealSummary {
    desk.document.run_mut(run).unwrap().seal.as_mut().unwrap().summary.as_mut().unwrap()
}

fn on_standby(desk: &Desk) -> &Run {
    desk.document.run(desk.document.standby.as_ref().unwrap().run).unwrap()
}

fn void(desk: &mut Desk, run: RunId) {
    desk.send(Command::Arm { what: Armable::Void, run: Some(run) });
    desk.send(Command::Void { run: Some(run), reason: "the sound failed".into() });
}

#[test]
fn a_run_begins_with_the_votes_of_the_newest_verified_result() {
    let mut desk = Desk::of(SHOW);
    desk.refuses(standby("2"), Code::NotNow);
    hold(&mut desk, "1");
    desk.refuses(standby("2"), Code::NotNow);
    desk.verify_as(&[10, 20, 5]);
    let first = desk.document.program.as_ref().unwrap().run;
    seal_of(&mut desk, first).manifest_hash = "aa".into();
    desk.send(standby("2"));
    let run = on_standby(&desk).clone();
    let pinned = run.definition.carries.clone().unwrap();
    assert_eq!((pinned.run, pinned.revision, &*pinned.manifest, &*pinned.options), (first, 1, "aa", &[3, 2][..]));
    assert_eq!(run.carried.as_ref().unwrap().votes, [5, 20], "who is out takes the votes along");
    desk.document.tell_format();
    assert_eq!(desk.document.format, FORMAT, "an older release would count without");
    let (with, mut without) = (run.definition.clone(), run.definition.clone());
    without.carries = None;
    assert_ne!(with.rules_hash(), without.rules_hash());
    desk.refuses(standby("2"), Code::NotNow);

    // Another result of cue 1: what stands on standby begins with one that is not its result any more.
    seal_of(&mut desk, first).manifest_hash = "bb".into();
    assert_eq!(changed(&desk.document, on_standby(&desk)), Some(CarriedChange::Corrected));
    desk.refuses(Command::Take, Code::NotNow);
    desk.send(standby("2"));
    desk.send(Command::Take);
    // Nor is it opened.
    void(&mut desk, first);
    desk.refuses(Command::Open { seconds: None }, Code::NotNow);
    desk.refuses(standby("2"), Code::NotNow);
    let again = result(&mut desk, "1", &[1, 2, 3], "cc");
    assert_eq!(desk.document.run(again).unwrap().replaces.as_ref().unwrap().run, first);
    desk.send(standby("2"));
    assert_eq!(on_standby(&desk).carried.as_ref().unwrap().votes, [3, 2]);
}

#[test]
fn what_was_declared_is_not_carried_over_and_what_was_left_out_neither() {
    let mut desk = Desk::of(&format!("{SHOW}[[entry]]\nplatform = \"tv\"\n[[entry]]\nplatform = \"web\"\n"));
    let entry = |name: &str| Entry { platform: Some(name.to_owned()), ..Entry::default() };
    desk.document.entries = Entries::default().declaring(&[entry("tv"), entry("web")]).unwrap();
    let first = result(&mut desk, "1", &[6, 8, 2], "aa");
    let line = |entry, votes: [u64; 3]| ByEntry { entry, counted: 1, votes: votes.into(), late_votes: Vec::new() };
    let seal = seal_of(&mut desk, first);
    (seal.by_entry, seal.outstanding) = (vec![line(0, [1, 0, 0]), line(1, [5, 8, 1]), line(2, [0, 1, 1])], 3);
    let mut correction = Correction {
        counted: 1,
        corrects: String::new(),
        at: Micros(1),
        reason: "its lines were down".into(),
        by: ["Ada".into(), "Bob".into()],
        excluded: vec![entry("tv")],
        declared: Vec::new(),
        right: Vec::new(),
    };
    (seal.totals, seal.correction) = (vec![1, 1, 1], Some(correction.clone()));
    // Its numbers are those of the entries that are declared now.
    desk.document.entries = desk.document.entries.declaring(&[entry("app"), entry("web")]).unwrap();
    desk.send(standby("2"));
    let line = |entry, votes: [u64; 2]| CarriedLine { entry, votes: votes.into() };
    let carried = Carried { votes: vec![1, 1], by_entry: vec![line(2, [1, 1])], missing: 3 };
    assert_eq!(on_standby(&desk).carried.as_ref(), Some(&carried));

    correction.declared = vec![1000, 0, 0];
    seal_of(&mut desk, first).correction = Some(correction);
    desk.refuses(standby("2"), Code::NotNow);
}

#[test]
fn a_chain_carries_all_that_came_before_and_stays_on_the_desk() {
    let third = "[[cue]]\nnumber = \"3\"\nquestion = \"?\"\noptions = [\"Grace\", \"Eve\"]\ncarry_from = \"2\"\ncarry_options = [2, 0]\n";
    let mut desk =
        Desk::of(&format!("{SHOW}{third}[[cue]]\nnumber = \"X\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n"));
    let first = result(&mut desk, "1", &[10, 20, 5], "aa");
    let second = result(&mut desk, "2", &[1, 2], "bb");
    let third = result(&mut desk, "3", &[7, 9], "cc");
    assert_eq!(desk.document.run(third).unwrap().carried.as_ref().unwrap().votes, [22, 0]);
    for _ in 0..2 * limits::RUNS_ON_DESK_MAX {
        let run = result(&mut desk, "X", &[1, 0], "xx");
        desk.send(Command::Arm { what: Armable::Reveal, run: None });
        desk.send(Command::Reveal { run: Some(run) });
    }
    assert!([first, second, third].iter().all(|run| desk.document.run(*run).is_some()));
    assert!(desk.document.runs.len() <= limits::RUNS_ON_DESK_MAX);
    assert_eq!(carrying(&desk.document, first).map(Run::id).collect::<Vec<_>>(), [second]);
    // A correction of the first leaves what the second was sealed as: the third may begin with that.
    let seal = desk.document.run_mut(first).unwrap().seal.as_mut().unwrap();
    seal.summary.as_mut().unwrap().manifest_hash = "corrected".into();
    desk.send(standby("3"));
    desk.send(Command::Take);
    assert_eq!(changed(&desk.document, desk.document.on_program().unwrap()), Some(CarriedChange::Corrected));
    // What was at the beginning is seen at the end.
    void(&mut desk, first);
    assert_eq!(changed(&desk.document, desk.document.run(third).unwrap()), Some(CarriedChange::Void));
    desk.refuses(standby("3"), Code::NotNow);
}

#[test]
fn numbers_that_somebody_may_not_see_are_withheld_until_they_may() {
    let hidden = SHOW.replacen("options = ", "viewers_see = \"on_reveal\"\nscreens_see = \"never\"\noptions = ", 1);
    let mut desk = Desk::of(&hidden);
    let first = result(&mut desk, "1", &[10, 20, 5], "aa");
    desk.send(standby("2"));
    let withheld = |desk: &Desk| desk.document.runs.last().unwrap().withheld;
    assert_eq!(withheld(&desk), Withheld { viewers: true, screens: true, operators: false });
    desk.send(Command::Arm { what: Armable::Reveal, run: Some(first) });
    desk.send(Command::Reveal { run: Some(first) });
    desk.send(Command::Take);
    assert_eq!(withheld(&desk), Withheld { screens: true, ..Withheld::default() });
    let plain = Withheld::of(&Desk::open_for(60).document.runs[0]);
    assert!(plain.is_none(), "{plain:?}: what is seen after the close is seen by now");
    assert!(!serde_json::to_string(&sealed(Micros(1), &[1, 0])).unwrap().contains("withheld"));
}

#[test]
fn an_edited_cue_says_so_and_none_is_moved_before_what_it_carries_over() {
    let mut desk = Desk::of(SHOW);
    result(&mut desk, "1", &[10, 20, 5], "aa");
    desk.send(standby("2"));
    let placed = desk.document.standby.clone().unwrap();
    assert!(!desk.document.is_edited(&placed));
    desk.refuses(Command::CueMove { cue: "2".into(), before: Some("1".into()) }, Code::BadShow);
    Desk::of(SHOW).refuses(Command::CueRemove { cue: "1".into() }, Code::BadShow);
    desk.document.rundown[1].carry = None;
    assert!(desk.document.is_edited(&placed));
    desk.send(standby("2"));
    assert_eq!((&on_standby(&desk).definition.carries, &on_standby(&desk).carried), (&None, &None));
}
