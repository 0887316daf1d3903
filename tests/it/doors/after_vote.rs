//! Numbers for those who have voted: nobody else gets one before the close, on no way.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    screens::Events,
    stage::{SHOW, Stage, until},
};

const SHOW_FILE: &str = "tests/it/doors/after_vote.show.toml";

fn vote(run: &str) -> Value {
    json!({"run": run, "id": "0123456789abcdef0123456789abcdef", "picks": [1]})
}

fn posts(stage: &Stage, device: &str, run: &str) {
    let path = format!("/api/v1/shows/{SHOW}/ballots");
    assert_eq!(stage.ask("POST", &path, Some(device), &[], &vote(run)).json()["is"], "counted");
}

/// What a poll shows to the bearer of a device token.
fn polled(stage: &Stage, device: &str) -> Value {
    stage.ask("GET", &format!("/api/v1/shows/{SHOW}/live"), Some(device), &[], &json!(null)).json()["results"].clone()
}

fn joined(stage: &Stage, device: &str) -> Raw {
    let (raw, welcome) = Raw::join(stage.app.address(), json!({"device": device}));
    assert_eq!(welcome["t"], "welcome", "{welcome}");
    raw
}

/// Reads until results of this total come.
fn sees(viewer: &mut Raw, total: u64) {
    while viewer.wait_for("results")["total"] != total {}
}

/// Reads what comes until the run is over; everything before that must tell nothing.
fn sees_only_the_end(mut next: impl FnMut() -> Value, total: u64) {
    loop {
        let message = next();
        if message["t"] != "results" {
            continue;
        }
        if message["state"] == "provisional" {
            assert_eq!(message["total"], total);
            return;
        }
        tells_nothing(&message);
    }
}

fn tells_nothing(results: &Value) {
    assert_eq!((&results["state"], &results["total"], &results["version"]), (&json!("hidden"), &json!(0), &json!(0)));
    let options = results["options"].as_array().unwrap();
    assert!(options.iter().all(|option| option["votes"] == 0 && option["share"] == 0.0), "{results}");
}

#[test]
fn numbers_are_for_those_who_have_voted_until_the_close() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let [early, voter, silent] = [(); 3].map(|()| stage.device());
    let mut open_before = joined(&stage, &voter);
    let run = stage.open();
    let (mut first, mut second, mut other) = (joined(&stage, &voter), joined(&stage, &voter), joined(&stage, &silent));
    let mut events = Events::open(&stage, "");
    posts(&stage, &early, &run);
    until("who has voted sees it", || (polled(&stage, &early)["total"] == 1).then_some(()));
    tells_nothing(&polled(&stage, &voter));
    tells_nothing(&stage.live(None)["results"]);

    let mut ballot = vote(&run);
    ballot["t"] = "vote".into();
    first.say(&ballot);
    loop {
        let message = first.hear().unwrap();
        match message["t"].as_str() {
            Some("receipt") => break,
            Some("results") => tells_nothing(&message),
            _ => {}
        }
    }
    sees(&mut first, 2);
    // Other sessions of this voter see it too, and a new one does at once.
    sees(&mut second, 2);
    sees(&mut open_before, 2);
    assert_eq!(joined(&stage, &voter).wait_for("results")["total"], 2);
    assert_eq!(polled(&stage, &voter)["total"], 2);
    tells_nothing(&joined(&stage, &silent).wait_for("results"));
    tells_nothing(&polled(&stage, &silent));
    assert_eq!(stage.live(Some(&stage.key))["results"]["total"], 0);

    // One ETag for each of the two.
    let path = format!("/api/v1/shows/{SHOW}/live");
    let etag = stage.app.get(&path).header("etag").unwrap().to_owned();
    let again = |device| stage.ask("GET", &path, device, &[("if-none-match", &etag)], &json!(null)).status;
    assert_eq!((again(None), again(Some(silent.as_str())), again(Some(voter.as_str()))), (304, 304, 200));
    assert_eq!(again(Some("x")), 401);

    stage.does("close", json!({}));
    sees_only_the_end(|| other.hear().unwrap(), 2);
    sees_only_the_end(|| events.next().1, 2);
}

#[test]
fn the_next_run_is_hidden_from_those_who_voted_in_the_last() {
    let mut stage = Stage::of(SHOW_FILE, &[]).enter();
    let device = stage.device();
    let run = stage.open();
    posts(&stage, &device, &run);
    let mut viewer = joined(&stage, &device);
    sees(&mut viewer, 1);
    stage.does("close", json!({}));
    until("it is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("standby", json!({"cue": "1"}));
    stage.does("take", json!({}));
    let next = until("the next is on", || {
        let id = stage.live(None)["show"]["run"]["id"].as_str().unwrap().to_owned();
        (id != run).then_some(id)
    });
    posts(&stage, &stage.device(), &next);
    let results = loop {
        let results = viewer.wait_for("results");
        if results["run"] == *next {
            break results;
        }
    };
    tells_nothing(&results);
    tells_nothing(&polled(&stage, &device));
}
