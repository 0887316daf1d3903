//! What viewers tap at the real server: counted once by whatever way it comes, capped, hidden where it is to be, and never
//! taken for a ballot.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    stage::{SHOW, Stage, until},
};

const SHOW_FILE: &str = "tests/it/doors/reactions.show.toml";

fn stage() -> Stage {
    Stage::of(SHOW_FILE, &[]).enter()
}

fn votes(results: &Value) -> Vec<u64> {
    results["options"].as_array().into_iter().flatten().map(|option| option["votes"].as_u64().unwrap()).collect()
}

/// Waits until viewers see these counts.
fn counts(stage: &Stage, wanted: &[u64]) {
    until("viewers see what was tapped", || (votes(&stage.live(None)["results"]) == wanted).then_some(()));
}

fn taps(raw: &mut Raw, run: &str, counts: Value) {
    raw.say(&json!({ "t": "react", "run": run, "counts": counts }));
}

#[test]
fn taps_are_counted_once_by_socket_and_by_request() {
    let mut stage = stage();
    let run = stage.open();
    let device = stage.device();
    let (mut raw, _) = Raw::join(stage.app.address(), json!({ "device": device }));
    taps(&mut raw, &run, json!([3, 0]));
    taps(&mut raw, &run, json!([5, 1]));
    taps(&mut raw, &run, json!([5, 1]));
    counts(&stage, &[2, 1]);
    // The same device comes again: what it said before is no news.
    let (mut again, _) = Raw::join(stage.app.address(), json!({ "device": device }));
    taps(&mut again, &run, json!([5, 1]));
    taps(&mut again, &run, json!([6, 1]));
    counts(&stage, &[3, 1]);
    let welcome = stage.join(None, &[]).json();
    let token = welcome["device"].as_str().unwrap();
    let post = |node: &Value, counts: Value| {
        let body = json!({ "node": node, "session": welcome["session"], "run": run, "counts": counts });
        stage.ask("POST", &format!("/api/v1/shows/{SHOW}/reactions"), Some(token), &[], &body).json()
    };
    assert_eq!(post(&welcome["node"], json!([0, 0])), json!({ "heard": true }));
    assert_eq!(post(&json!("00000000000000aa"), json!([0, 9])), json!({ "heard": false }));
    assert_eq!(post(&welcome["node"], json!([0, 4])), json!({ "heard": true }));
    counts(&stage, &[3, 5]);
    assert_eq!(post(&welcome["node"], json!([0]))["code"], "bad_message");
    assert_eq!(stage.metric("tallylight_reactions_total"), 8);
    let feed = |what: &str| stage.app.get(&format!("/f/{SHOW}/{what}?key={}", stage.key)).text().to_owned();
    assert!(feed("results.json").contains("\"label\":\"❤️\",\"votes\":5"), "{}", feed("results.json"));
    assert!(feed("results.csv").contains("\n1,\"👏\",3,37.5,"), "{}", feed("results.csv"));
    assert!(feed("results.xml").contains("<label>👏</label><votes>3</votes>"), "{}", feed("results.xml"));
    let highest = until("the status has the pace", || {
        let status: Value = serde_json::from_str(&feed("status.json")).unwrap();
        status["pace_highest"].as_u64().filter(|highest| *highest > 0)
    });
    assert!(highest <= 8, "{highest}");
}

#[test]
fn one_device_counts_no_faster_than_it_may() {
    let mut stage = stage();
    let run = stage.open();
    let mut raw = Raw::viewer(stage.app.address());
    taps(&mut raw, &run, json!([0, 0]));
    taps(&mut raw, &run, json!([4_000_000_000_u32, 0]));
    let first = until("something is counted", || Some(votes(&stage.live(None)["results"])).filter(|v| v[0] > 0));
    assert_eq!(first, [30, 0]);
}

#[test]
fn nothing_is_counted_before_the_opening_or_after_the_close() {
    let mut stage = stage();
    stage.does("standby", json!({"cue": "1"}));
    let run = stage.live(Some(&stage.key))["show"]["next"]["id"].as_str().unwrap_or_default().to_owned();
    let mut raw = Raw::viewer(stage.app.address());
    taps(&mut raw, &run, json!([9, 9]));
    let run = stage.open_standby();
    taps(&mut raw, &run, json!([0, 0]));
    taps(&mut raw, &run, json!([1, 0]));
    counts(&stage, &[1, 0]);
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    taps(&mut raw, &run, json!([5, 5]));
    // Answered in order, so what came before is dealt with.
    raw.say(&json!({ "t": "react", "run": run, "counts": [1] }));
    assert_eq!(raw.wait_for("problem")["code"], "bad_message");
    assert_eq!(stage.metric("tallylight_reactions_total"), 1);
    let path = format!("/api/v1/shows/{SHOW}/asrun?format=csv");
    until("the log says what was tapped", || {
        let log = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).text().to_owned();
        log.lines()
            .any(|line| line.contains("locked") && line.contains(" 1, ") && line.contains(" 0; at most 1 a second"))
            .then_some(())
    });
}

#[test]
fn a_run_of_reactions_takes_no_ballot_and_has_no_end_to_be_led_to() {
    let mut stage = stage();
    let run = stage.open();
    let ballot = json!({ "run": run, "id": format!("{:032x}", 1), "picks": [1] });
    let path = format!("/api/v1/shows/{SHOW}/ballots");
    let device = stage.device();
    let receipt = stage.ask("POST", &path, Some(&device), &[], &ballot).json();
    assert_eq!((&receipt["is"], &receipt["reason"]), (&json!("refused"), &json!("invalid")));
    let mine = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/mine"), Some(&device), &[], &Value::Null).json();
    assert_eq!(mine["ballots"], json!([]));
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    for verb in ["seal", "verify", "reveal"] {
        let done = stage.asks(verb, json!({}));
        assert_eq!(done["ok"], false, "{verb}: {done}");
    }
    // It goes on with the next cue.
    stage.does("standby", json!({"cue": "2"}));
    stage.does("take", json!({}));
}

#[test]
fn hidden_counts_reach_nobody_who_may_not_see_them() {
    let mut stage = stage();
    stage.does("standby", json!({"cue": "2"}));
    let run = stage.open_standby();
    let mut raw = Raw::viewer(stage.app.address());
    taps(&mut raw, &run, json!([0]));
    taps(&mut raw, &run, json!([7]));
    until("they are counted", || (stage.metric("tallylight_reactions_total") == 7).then_some(()));
    let (mut producer, _) = Raw::join(stage.app.address(), json!({ "staff": stage.staff }));
    until("the producer sees them", || (votes(&producer.wait_for("results")) == [7]).then_some(()));
    for live in [stage.live(None), stage.live(Some(&stage.key))] {
        let results = &live["results"];
        assert_eq!((votes(results), &results["version"], &results["pace"]), (vec![0], &json!(0), &Value::Null));
    }
    let status = stage.app.get(&format!("/f/{SHOW}/status.json?key={}", stage.key)).json();
    assert_eq!((&status["total"], &status["pace"], &status["pace_highest"]), (&json!(0), &json!(0), &json!(0)));
}
