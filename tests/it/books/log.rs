//! The as-run log against what operators were told: each command that was done stands there once, and nothing else does
//! but what was sent and never answered for certain.

use serde_json::Value;

use super::operator::{Operator, State};

/// The revision that an entry belongs to; what the clock did, and what was done on one node only, belongs to none.
fn revision(entry: &Value) -> Option<u64> {
    let (epoch, revision) = entry["id"].as_str().expect("an entry has an id").split_once('.')?;
    let _: u32 = epoch.parse().ok()?;
    revision.parse().ok()
}

/// What was found out on the way, nobody was told as done.
fn is_by_staff(entry: &Value) -> bool {
    let found = entry["note"].as_str().is_some_and(|note| note.starts_with("incident: "));
    entry["by"] != "clock" && entry["by"] != "node" && !found
}

/// Compares. Gives back how many entries there are.
pub fn agrees(operators: &[&Operator], entries: &[Value]) -> usize {
    let mut open: Vec<&Value> = entries.iter().filter(|entry| is_by_staff(entry)).collect();
    // A disk that was too slow for a window change makes the clock follow it with a revision of its own.
    let followed = |rev: u64| entries.iter().any(|entry| entry["by"] == "clock" && revision(entry) == Some(rev));
    let mut take = |operator: &Operator, what: &str, is: &dyn Fn(&Value) -> bool| {
        let found = open.iter().position(|entry| entry["by"] == operator.name && entry["what"] == what && is(entry));
        found.map(|found| open.swap_remove(found)).is_some()
    };
    // What is certain first: what nobody knows may be any of the rest.
    for operator in operators {
        for (verb, told) in &operator.told {
            let rev = if followed(*told) { told - 1 } else { *told };
            // A seal makes two revisions at least, and tells the last.
            let what = if *verb == "seal" { "sealed" } else { verb };
            let there = take(operator, what, &|entry| revision(entry) == Some(rev));
            assert!(there, "{verb} was told as revision {rev}, and the log is {entries:#?}");
        }
        for verb in &operator.here {
            let there = take(operator, verb, &|entry| revision(entry).is_none());
            assert!(there, "{verb} was told as done on one node, and the log is {entries:#?}");
        }
    }
    for operator in operators {
        for verb in &operator.here {
            // And again for all nodes, unless they had it by then.
            take(operator, verb, &|entry| entry["note"].as_str().is_some_and(|note| note.starts_with("again, ")));
        }
        // A seal that was refused, or made again, has begun all the same.
        while operator.sealed && take(operator, "seal", &|_| true) {}
        for (verb, _) in &operator.lost {
            take(operator, verb, &|_| true);
        }
    }
    assert!(open.is_empty(), "stands in the log, and was not told as done: {open:#?}");
    entries.len()
}

/// The newest revision of the log, and what all commands of the log make of a show.
pub fn outcome(entries: &[Value]) -> (u64, State) {
    let mut revisions: Vec<_> =
        entries.iter().filter_map(|entry| Some((revision(entry)?, entry["what"].as_str()?))).collect();
    revisions.sort_unstable();
    let twice = revisions.windows(2).find(|two| two[0].0 == two[1].0);
    assert!(twice.is_none(), "one revision was made twice: {twice:?}");
    let state = revisions.iter().fold(State::default(), |state, (_, what)| state.after(what));
    (revisions.last().map_or(0, |(revision, _)| *revision), state)
}
