//! An erasure that is interrupted after any of its steps, and data directories that several shows share.

use std::{fs, path::Path};

use super::*;
use crate::{
    providers::{
        journal::{Frame, Journal as _},
        store::{Link, StoredShow},
    },
    shows::{run::Run, transition::tests::Desk},
    wire::server::Role,
};

const SALT: &str = "5a175a175a175a175a175a175a175a17";

/// A show of this id with one run, told from others by its number.
fn document(show: &str, run: u64) -> Document {
    let mut document = Document { id: show.parse().unwrap(), salt: SALT.into(), ..Desk::open_for(60).document };
    let Run { definition, .. } = &mut document.runs[0];
    (definition.run, definition.show) = (RunId(run), document.id.clone());
    document
}

fn open(data: &Path) -> Place {
    let store = SqliteStore::open(&data.join("documents.db")).unwrap();
    let journals = Directory::open(&data.join("journals")).unwrap();
    Place { path: "DATA".into(), node: NodeId(1), store, journals }
}

/// A journal that holds a ballot of each of these shows.
fn journal(data: &Path, shows: &[&Document]) {
    let mut journal = Directory::open(&data.join("journals")).unwrap().create(Micros(1)).unwrap();
    for show in shows {
        let (run, json) = (show.runs[0].id(), serde_json::to_vec(&show.runs[0].definition).unwrap());
        let frames = [(record::DEFINITION, 0, &json[..]), (record::BALLOT, 1, b"a ballot")];
        for (kind, seq, payload) in frames {
            journal.append(Frame { kind, run, bucket: 0, seq, payload }).unwrap();
        }
    }
    journal.commit().unwrap();
}

/// A directory with two shows: `one` and `two` stand apart in a journal each, and together in a third.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (document("one", 1), document("two", 2));
    let place = open(directory.path());
    for show in [&one, &two] {
        let stored = StoredShow { revision: show.revision, json: show.to_json() };
        assert!(place.store.replace(&show.id, 0, &stored, &[]).unwrap());
        place.store.put_manifest(&show.id, show.runs[0].id(), 1, "{}").unwrap();
        let (role, name) = (Role::Operator, "Kim".to_owned());
        let link = Link { show: show.id.clone(), role, name, expires: Micros(9) };
        place.store.put_link(show.id.as_str(), &link).unwrap();
    }
    drop(place);
    for shows in [&[&one][..], &[&one, &two], &[&two]] {
        journal(directory.path(), shows);
    }
    directory
}

/// Erases `one`, with a Redis that says yes, up to this many steps; gives the steps that were said.
fn erase_until(data: &Path, most: usize) -> Vec<String> {
    let places = [open(data)];
    let plan = plan(&places, &"one".parse().unwrap(), "Kim", Micros(5)).unwrap();
    assert_eq!(plan.erased.runs, [(RunId(1), document("one", 1).runs[0].definition.buckets)]);
    let mut steps = Vec::new();
    let redis = |_: &Erased| Ok(Vec::new());
    let done = erase(&places, &plan, Some(&redis), &mut |step| {
        steps.push(step);
        anyhow::ensure!(steps.len() < most, "killed");
        Ok(())
    });
    assert!(done.map_or(true, |left| left.is_empty()));
    steps
}

/// Everything that matters of a directory: what the documents file says, and which journals there are.
fn state(data: &Path) -> String {
    let place = open(data);
    let store = &place.store;
    let mut all = format!("{:?}", store.shows().unwrap());
    for show in ["one", "two"] {
        let id = show.parse().unwrap();
        all += &format!("\n{:?}", erased::of(store, &id).unwrap());
        all += &format!("{:?} {:?}", store.manifests(&id).unwrap(), store.as_run(&id, 9).unwrap());
    }
    all += &format!("\n{:?}", store.use_link("one", Micros(1)).unwrap());
    let replay = place.journals.replay(&mut |_, frame| all += &format!("\n{} {}", frame.run, frame.kind)).unwrap();
    all + &format!("\n{:?}", replay.incidents)
}

#[test]
fn an_erasure_that_was_interrupted_anywhere_ends_the_same() {
    let whole = directory();
    let steps = erase_until(whole.path(), usize::MAX);
    let expected = state(whole.path());
    assert!(expected.starts_with("[two]"), "{expected}");
    assert!(expected.contains("by: \"Kim\"") && expected.ends_with("\n[]"), "{expected}");
    assert_eq!(steps.len(), 6, "{steps:#?}");
    for most in 1..=steps.len() {
        let broken = directory();
        assert_eq!(erase_until(broken.path(), most).len(), most);
        erase_until(broken.path(), usize::MAX);
        assert_eq!(state(broken.path()), expected, "interrupted after step {most}");
    }
    erase_until(whole.path(), usize::MAX);
    assert_eq!(state(whole.path()), expected, "once more");
}

#[test]
fn a_journal_stays_as_long_as_a_show_in_it_is_not_erased() {
    let directory = directory();
    let names = || fs::read_dir(directory.path().join("journals")).unwrap().count() - 1;
    assert_eq!(names(), 3);
    erase_until(directory.path(), usize::MAX);
    assert_eq!(names(), 2, "that of the erased show alone is gone");
    let places = [open(directory.path())];
    let plan = plan(&places, &"two".parse().unwrap(), "Kim", Micros(6)).unwrap();
    assert!(!plan.shared);
    assert_eq!(erase(&places, &plan, None, &mut |_| Ok(())).unwrap(), Vec::<String>::new());
    assert_eq!(names(), 0);
}

#[test]
fn what_is_left_to_do_is_said() {
    let directory = directory();
    let places = [open(directory.path())];
    let show = "one".parse().unwrap();
    let mut of_many = document("one", 1);
    of_many.roster = vec![NodeId(1), NodeId(2)];
    let stored = StoredShow { revision: 99, json: of_many.to_json() };
    places[0].store.confirm(&show, &stored, &[], &[]).unwrap();
    for _ in 0..2 {
        let plan = plan(&places, &show, "Kim", Micros(5)).unwrap();
        let left = erase(&places, &plan, None, &mut |_| Ok(())).unwrap().join("; ");
        assert!(left.contains("--redis"), "{left}");
        assert!(!erased::of(&places[0].store, &show).unwrap().unwrap().done);
    }
    let nobody = "nobody".parse().unwrap();
    assert!(plan(&places, &nobody, "Kim", Micros(5)).is_err());
}

#[test]
fn what_a_clock_erased_that_was_ahead_of_this_one_keeps_its_journals() {
    let directory = directory();
    let place = open(directory.path());
    let show = "one".parse().unwrap();
    let mut plan = plan(std::slice::from_ref(&place), &show, "clock", Micros(5)).unwrap();
    plan.erased.by_clock = true;
    erased::put(&place.store, &show, &plan.erased).unwrap();
    let done = |place: &Place| erased::of(&place.store, &show).unwrap().unwrap().done;
    for (now, is_done) in [(4, false), (5, true)] {
        by_clock(&place, Micros(now)).unwrap();
        assert_eq!(done(&place), is_done);
    }
}
