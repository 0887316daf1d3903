//! Numbers that operators may not see: not one reaches them before its time, by no message and no file.

use serde_json::{Value, json};

use super::{
    raw::Raw,
    stage::{SHOW, Stage, until},
};
use crate::support::{SOON, http};

/// More than any other number that the desk tells of a short show.
const BALLOTS: u64 = 7;

/// A token of the role whose link was printed.
pub(super) fn token(stage: &Stage, role: &'static str) -> String {
    let code =
        stage.app.process().wait_for(SOON, |line| Some(line.trim().strip_prefix(role)?.split_once('#')?.1.to_owned()));
    let entered = http::post(stage.app.address(), "/api/v1/staff/enter", &json!({ "code": code }));
    entered.json()["staff"].as_str().unwrap().to_owned()
}

pub(super) fn joined(stage: &Stage, staff: &str) -> Raw {
    let (raw, welcome) = Raw::join(stage.app.address(), json!({ "staff": staff }));
    assert_eq!(welcome["t"], "welcome", "{welcome}");
    raw
}

fn votes(stage: &Stage, run: &str) {
    for voter in 0..BALLOTS {
        let pick = if voter < 5 { 1 } else { 2 };
        let body = json!({ "run": run, "id": format!("{voter:032x}"), "picks": [pick] });
        let path = format!("/api/v1/shows/{SHOW}/ballots");
        assert_eq!(stage.ask("POST", &path, Some(&stage.device()), &[], &body).json()["is"], "counted");
    }
}

/// Every figure of the votes in a message to staff that is not 0; notes are looked through for any digit of a count.
pub(super) fn figures(message: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut see = |what: &str, value: &Value| {
        if !value.is_null() && *value != json!(0) && *value != json!(0.0) && *value != json!(false) {
            found.push(format!("{what}: {value}"));
        }
    };
    match message["t"].as_str().unwrap() {
        "results" => {
            see("version", &message["version"]);
            see("total", &message["total"]);
            see("outcome", &message["outcome"]);
            for option in message["options"].as_array().unwrap() {
                see("votes", &option["votes"]);
                see("share", &option["share"]);
            }
        }
        "gauge" => {
            for name in ["counted", "rate", "late", "late_would_change_order", "margin", "decisive", "by_part"] {
                see(name, &message["run"][name]);
            }
        }
        "desk" => {
            let seals = message["runs"].as_array().unwrap().iter().map(|run| &run["seal"]);
            for seal in seals {
                let names = [
                    "total",
                    "margin",
                    "by_entry",
                    "by_part",
                    "outcome",
                    "late",
                    "late_would_change_order",
                    "decisive",
                ];
                names.iter().for_each(|name| see(name, &seal[*name]));
            }
        }
        "log" => message["entries"].as_array().unwrap().iter().for_each(|entry| {
            let note = entry["note"].as_str().unwrap_or_default();
            if note.contains(&BALLOTS.to_string()) || note.contains("ballots") {
                see("note", &entry["note"]);
            }
        }),
        _ => {}
    }
    found
}

/// Reads until the desk shows the run in a phase.
fn reads_to(session: &mut Raw, phase: &str, mut each: impl FnMut(&Value)) -> Value {
    loop {
        let message = session.hear().unwrap();
        each(&message);
        if message["t"] == "desk" && message["runs"][0]["phase"] == phase {
            return message["runs"][0]["seal"].clone();
        }
    }
}

#[test]
fn operators_see_no_number_before_its_time() {
    let mut stage = Stage::of("tests/it/doors/operators.show.toml", &[]).enter();
    let operators_token = token(&stage, "operator");
    let mut operator = joined(&stage, &operators_token);
    let mut producer = joined(&stage, &stage.staff);
    let run = stage.open();
    votes(&stage, &run);
    until("the producer's gauge has them", || (producer.wait_for("gauge")["run"]["counted"] == BALLOTS).then_some(()));
    let gauge = until("the operator's gauge says so", || {
        let gauge = operator.wait_for("gauge")["run"].clone();
        (gauge["hidden"] == true).then_some(gauge)
    });
    assert_eq!((&gauge["counted"], &gauge["outstanding"]), (&json!(0), &json!(0)));

    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    let mut heard = 0;
    let tells_nothing = |message: &Value| {
        heard += 1;
        assert_eq!(figures(message), Vec::<String>::new(), "{message}");
    };
    let seal = reads_to(&mut operator, "verified", tells_nothing);
    assert_eq!((&seal["hidden"], &seal["revision"], &seal["recount_agrees"]), (&json!(true), &json!(1), &json!(true)));
    assert!(heard > 3, "only {heard} messages");
    // A new session gets the whole log and the newest of all.
    let mut again = joined(&stage, &operators_token);
    let told = ["results", "desk", "log"].map(|tag| again.wait_for(tag));
    told.iter().for_each(|message| assert_eq!(figures(message), Vec::<String>::new(), "{message}"));
    let asrun = |query: &str| {
        let path = format!("/api/v1/shows/{SHOW}/asrun{query}");
        stage.ask("GET", &path, Some(&operators_token), &[], &json!(null)).text().to_owned()
    };
    assert!(asrun("").contains("revision 1") && asrun("?format=csv").contains("revision 1"));
    for text in [asrun(""), asrun("?format=csv")] {
        assert!(!text.contains("ballots counted") && !text.contains("recount of"), "{text}");
    }
    let mut seen = Vec::new();
    let seal = reads_to(&mut producer, "verified", |message| seen.extend(figures(message)));
    assert_eq!((&seal["total"], &seal["margin"], &seal["hidden"]), (&json!(7), &json!(3), &json!(null)));
    assert!(seen.contains(&format!("total: {BALLOTS}")), "a producer sees them all along: {seen:?}");

    stage.does("arm", json!({"what": "reveal"}));
    stage.does("reveal", json!({}));
    let seal = reads_to(&mut operator, "revealed", |_| {});
    assert_eq!((&seal["total"], &seal["by_entry"][0]["counted"]), (&json!(7), &json!(BALLOTS)));
}
