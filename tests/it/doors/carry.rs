//! Votes of a round that count on in the next one: as viewers, screens, staff, feeds, the certificate and the offline check have
//! them, over a crash, and when the round is declared void after all.

use serde_json::{Value, json};

use super::{
    entries::{codes, posted, text},
    operators::joined,
    stage::{SHOW, Stage, until},
    two_people::asrun,
};

/// Votes as a new viewer who came by an entry link, or by none.
fn vote(stage: &Stage, run: &str, entry: Option<&str>, pick: u16) {
    let joined = posted(stage, &entry.map_or(json!({}), |code| json!({ "entry": code })));
    assert_eq!(stage.vote(run, text(&joined["device"]), pick)["is"], "counted");
}

fn votes(results: &Value) -> Vec<Value> {
    results["options"].as_array().unwrap().iter().map(|option| option["votes"].clone()).collect()
}

/// The newest run as a producer's desk has it, once it is so: a desk follows a command within a moment.
fn on_desk(stage: &Stage, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut desk = joined(stage, &stage.staff);
    loop {
        let run = desk.wait_for("desk")["runs"].as_array().and_then(|runs| runs.last()).cloned().unwrap_or_default();
        if is_so(&run) {
            return run;
        }
    }
}

fn feed(stage: &Stage, name: &str) -> String {
    stage.app.get(&format!("/f/{SHOW}/{name}?key={}", stage.key)).text().to_owned()
}

/// The first round: Ada 1, Grace 1, Joan 2, one of them by television. Gives its run.
fn first_round(stage: &mut Stage) -> String {
    let tv = codes(stage)[0].clone();
    let run = stage.open();
    for (entry, pick) in [(None, 1), (None, 2), (None, 3), (Some(&*tv), 3)] {
        vote(stage, &run, entry, pick);
    }
    stage.ends();
    run
}

#[test]
fn the_votes_of_a_round_count_on_in_the_final_and_everybody_can_tell() {
    let mut stage = Stage::of("tests/it/doors/carry.show.toml", &[]).enter();
    let told = stage.asks("standby", json!({ "cue": "2" }));
    assert!(
        told["detail"].as_str().unwrap().starts_with("cue 2 carries over from cue 1, which has no result"),
        "{told}"
    );
    let first = first_round(&mut stage);
    stage.does("standby", json!({ "cue": "2" }));
    let seal = &format!("seal 1 of run {first} (cue 1)");
    let note = asrun(&stage).iter().rfind(|entry| entry["what"] == "standby").unwrap()["note"].clone();
    assert_eq!(note, format!("carries over {seal}"));
    let carried = json!({ "cue": "1", "run": first, "revision": 1, "votes": [2, 1] });
    on_desk(&stage, |run| run["carried"] == carried);

    // From the start, and after a crash.
    let run = stage.open_standby();
    let seen = |stage: &Stage, wanted: [u64; 2]| {
        until(&format!("viewers see {wanted:?}"), || {
            let results = stage.live(None)["results"].clone();
            (votes(&results) == wanted).then_some(results)
        })
    };
    let results = seen(&stage, [2, 1]);
    assert_eq!((&results["carried"], &results["total"], &results["state"]), (&json!(true), &json!(3), &json!("live")));
    let tv = codes(&stage)[0].clone();
    vote(&stage, &run, Some(&tv), 2);
    seen(&stage, [2, 2]);
    stage.app.kill();
    stage.app.start();
    vote(&stage, &run, None, 2);
    seen(&stage, [2, 3]);
    stage.ends();
    assert_eq!(seen(&stage, [2, 3])["total"], 5);

    until("screens have the sum", || {
        feed(&stage, "results.csv").contains("2,\"Ada\",3,60.0,\"final\",,,\"carried\"\r\n").then_some(())
    });
    let parts = feed(&stage, "parts.csv");
    for line in ["\"platform\",\"tv\",1,\"Joan\",1,\"final\",1\r\n", "\"platform\",\"tv\",2,\"Ada\",1,\"final\",0\r\n"]
    {
        assert!(parts.contains(line), "{parts}");
    }
    let entries: Value = serde_json::from_str(&feed(&stage, "entries.json")).unwrap();
    let of =
        |row: &Value| (row["platform"].clone(), row["option"].clone(), row["votes"].clone(), row["carried"].clone());
    let rows: Vec<_> = entries.as_array().unwrap().iter().map(of).collect();
    assert!(rows.contains(&(json!(""), json!(2), json!(2), json!(1))), "{entries}");
    let desk = on_desk(&stage, |run| run["phase"] == "revealed");
    assert_eq!(
        (&desk["seal"]["total"], &desk["seal"]["margin"], &desk["seal"]["decisive"]),
        (&json!(5), &json!(1), &json!(true))
    );
    let path = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let sheet = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    assert_eq!((votes(&sheet), &sheet["counted"]), (vec![json!(2), json!(3)], &json!(2)));
    assert_eq!((&sheet["carried"]["votes"], &sheet["carried"]["run"]), (&json!([2, 1]), &json!(first)));
    assert_eq!(sheet["carried"]["changed"], Value::Null);

    let file = stage.export();
    let told = stage.verified(&file);
    for said in [
        "2 ballots: Joan 2 (40.0 %), Ada 3 (60.0 %)",
        &format!("carried over from {seal}: Joan 2 and 0 of its own, Ada 1 and 2 of its own"),
        "consistent, signer unknown",
    ] {
        assert!(told.contains(said), "{said} is not in:\n{told}");
    }
    let exported = std::fs::read_to_string(&file).unwrap();
    let line = exported.lines().rfind(|line| line.contains("\"sum\":[2,3]")).unwrap();
    let manifest = serde_json::from_str::<Value>(line).unwrap()["manifest"].clone();
    let by_entry = json!([{ "entry": 0, "votes": [1, 1] }, { "entry": 1, "votes": [1, 0] }]);
    assert_eq!(manifest["carried"], json!({ "votes": [2, 1], "by_entry": by_entry }));
    assert_eq!((&manifest["totals"], &manifest["shares"]), (&json!([0, 2]), &json!([400, 600])));
    assert_eq!(manifest["definition"]["carries"]["manifest"], sheet["carried"]["manifest_hash"]);
    for (said, forged) in
        [("\"carried\":{\"votes\":[2,1]", "\"carried\":{\"votes\":[9,1]"), ("\"sum\":[2,3]", "\"sum\":[9,3]")]
    {
        assert!(exported.contains(said), "{said}");
        std::fs::write(&file, exported.replace(said, forged)).unwrap();
        assert!(stage.verified(&file).contains("NOT verified"), "{forged}");
    }

    // The first round is void after all: what was sealed with it stays as it was sealed, and says so.
    stage.does("arm", json!({ "what": "void", "run": first }));
    stage.does("void", json!({ "run": first, "reason": "a line was counted twice" }));
    let note = asrun(&stage).iter().rfind(|entry| entry["what"] == "void").unwrap()["note"].clone();
    assert_eq!(note, format!("a line was counted twice; its votes are carried over into run {run} (cue 2)"));
    let desk = on_desk(&stage, |run| run["carried"]["changed"] == "void");
    assert_eq!(desk["seal"]["decisive"], false);
    let sheet = stage.ask("GET", &path, Some(&stage.staff), &[], &Value::Null).json();
    assert_eq!((&sheet["carried"]["votes"], &sheet["carried"]["changed"]), (&json!([2, 1]), &json!("void")));
    let told = stage.verified(&stage.export());
    let said = format!("ATTENTION: run {first} of cue 1, whose votes are carried over, was declared void since");
    assert!(told.contains(&said) && told.contains("consistent, signer unknown"), "{told}");
    // Nothing begins with it any more.
    assert_eq!(stage.asks("standby", json!({ "cue": "2" }))["code"], "not_now");
}
