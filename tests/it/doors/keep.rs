//! A show is kept as long as its file says: then whose a ballot is can never be found out again, and later nothing is left
//! but what was signed and what was done.

use std::path::Path;

use serde_json::json;

use super::{
    erase::holds,
    stage::{SHOW, Stage, until},
};
use crate::{books::papers, support::SOON};

/// Makes everything that was done in the show older, while nobody uses it.
pub fn ages(data: &Path, days: i64) {
    let documents = rusqlite::Connection::open(data.join("documents.db")).unwrap();
    let aged = documents.execute(
        "UPDATE shows SET json = json_set(json, ?1, json_extract(json, ?1) - ?2)",
        ("$.runs[0].seal.verified.at", days * 86_400_000_000),
    );
    assert_eq!(aged.unwrap(), 1);
}

fn says(stage: &Stage) -> String {
    let checked = stage.app.program().args(["check", "--data"]).arg(stage.app.data()).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    said.lines().find(|line| line.contains("show doors: ")).unwrap_or_default().to_owned()
}

#[test]
fn a_show_is_kept_as_long_as_its_file_says() {
    let mut stage = Stage::of("tests/it/doors/keep.show.toml", &[]).enter();
    let key = papers::key(&stage.app);
    assert!(says(&stage).contains("voter key: waits, for the show is in rehearsal"), "{}", says(&stage));
    stage.does("arm", json!({"what": "go_live"}));
    stage.does("go_live", json!({}));
    let run = stage.open();
    let device = stage.device();
    let id = 0xfeed_beef_feed_beef_feed_beef_feed_beef_u128;
    let ballot = json!({"run": run, "id": format!("{id:032x}"), "picks": [1]});
    let receipt = stage.ask("POST", "/api/v1/shows/doors/ballots", Some(&device), &[], &ballot).json();
    assert_eq!(receipt["is"], "counted");
    let mine = |stage: &Stage| {
        let reply = stage.ask("GET", "/api/v1/shows/doors/mine", Some(&device), &[], &json!({}));
        reply.json()["ballots"].as_array().unwrap().len()
    };
    assert_eq!(mine(&stage), 1);
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    let salt = stage.app.document()["salt"].as_str().unwrap().to_owned();
    let data = stage.app.data().to_owned();
    assert!(says(&stage).contains("waits, for cue 1 is locked: seal and verify it, or void it"), "{}", says(&stage));
    stage.does("seal", json!({}));
    stage.does("verify", json!({}));
    assert!(
        says(&stage).contains("voter key: in 14 days; everything but manifests and log: in 90 days"),
        "{}",
        says(&stage)
    );

    stage.app.stop();
    ages(&data, 15);
    assert!(holds(&data, salt.as_bytes()));
    stage.app.start();
    until("the voter key is destroyed", || (!holds(&data, salt.as_bytes())).then_some(()));
    assert!(says(&stage).contains("voter key: destroyed "), "{}", says(&stage));
    let health = stage.app.get("/health").json();
    let said = health["checks"]["show:keep"][0].clone();
    assert!(said["output"].as_str().unwrap().contains("everything but manifests and log: in 75 days"), "{health}");
    let log = stage.ask("GET", "/api/v1/shows/doors/asrun", Some(&stage.staff), &[], &json!({})).json();
    let logged = log["entries"].as_array().unwrap().iter().find(|entry| entry["what"] == "voter_key_destroyed");
    assert_eq!(logged.unwrap()["by"], "clock");
    // The ballot stands where it stood, and nobody's token leads to it. Nobody votes here any more; what was signed is.
    assert!(holds(&data, &id.to_le_bytes()));
    assert_eq!(mine(&stage), 0);
    let refused = stage.asks("standby", json!({"cue": "1"}));
    assert!(refused["code"] == "not_now" && refused["detail"].as_str().unwrap().contains("voter key"), "{refused}");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("export.jsonl");
    let mut export = stage.app.program();
    export.args(["export", SHOW, "--data"]).arg(&data).arg("--out").arg(&file);
    assert!(export.output().unwrap().status.success());
    papers::assert_verified(&papers::verify(&stage.app, &file, &key));

    stage.app.stop();
    ages(&data, 75);
    stage.app.start();
    until("the show is erased", || {
        (stage.app.get("/api/v1/shows/doors/live").json()["code"] == "no_show").then_some(())
    });
    stage.app.process().wait_for(SOON, |line| line.contains("the next start deletes its journals").then_some(()));
    stage.app.stop();
    stage.app.start();
    stage.app.process().wait_for(SOON, |line| line.contains("a show of this id was erased").then_some(()));
    assert!(!holds(&data, &id.to_le_bytes()));
    let stored = rusqlite::Connection::open(data.join("documents.db")).unwrap();
    let count = |what: &str| stored.query_row(what, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM manifests"), count("SELECT count(*) FROM shows")), (1, 0));
    let by: String =
        stored.query_row("SELECT json ->> 'by' FROM as_run WHERE id = 'erased'", [], |row| row.get(0)).unwrap();
    assert_eq!(by, "clock");
    let done: bool = stored
        .query_row("SELECT text ->> 'done' FROM notes WHERE name = 'erased.doors'", [], |row| row.get(0))
        .unwrap();
    assert!(done);
}
