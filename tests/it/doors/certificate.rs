//! The certificate of a result: of a verified run alone, and with the very figures and hashes that its manifest has.

use serde_json::{Value, json};

use super::stage::{SHOW, Stage, until};

#[test]
fn a_certificate_says_what_the_signed_manifest_says_and_is_of_a_verified_run_alone() {
    let mut stage = Stage::start(&[]);
    let run = stage.open();
    let path = format!("/api/v1/shows/{SHOW}/runs/{run}/certificate");
    let asks = |stage: &Stage, bearer: &str| stage.ask("GET", &path, Some(bearer), &[], &Value::Null);
    for voter in 1..=3 {
        let body = json!({ "run": run, "id": format!("{voter:032x}"), "picks": [if voter < 3 { 1 } else { 2 }] });
        let ballots = format!("/api/v1/shows/{SHOW}/ballots");
        assert_eq!(stage.ask("POST", &ballots, Some(&stage.device()), &[], &body).json()["is"], "counted");
    }
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    assert_eq!(asks(&stage, &stage.staff.clone()).json()["code"], "not_now", "sealed is not verified");
    stage.does("verify", json!({}));
    let told = asks(&stage, &stage.staff.clone());
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    let votes: Vec<_> = told["options"].as_array().unwrap().iter().map(|option| option["votes"].clone()).collect();
    assert_eq!((votes, &told["counted"]), (vec![json!(2), json!(1)], &json!(3)));
    assert_eq!((&told["options"][0]["share"], &told["verified_by"]), (&json!(66.7), &json!("Producer")));
    // What stands on the sheet stands in the export.
    let export = std::fs::read_to_string(stage.export()).unwrap();
    let line: Value = export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["manifest"].is_object())
        .unwrap();
    for (sheet, file) in [
        ("signature", &line["signature"]),
        ("public_key", &line["public_key"]),
        ("rules_hash", &line["manifest"]["rules_hash"]),
    ] {
        assert_eq!(&told[sheet], file, "{sheet}");
    }
    assert_eq!(asks(&stage, &stage.device()).json()["code"], "bad_token");
    let nobody = format!("/api/v1/shows/{SHOW}/runs/{}/certificate", "0".repeat(16));
    assert_eq!(stage.ask("GET", &nobody, Some(&stage.staff), &[], &Value::Null).status, 404);
}
