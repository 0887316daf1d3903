//! A show is erased: nothing of a voter is left to find, nothing brings the show back, and what was exported before can
//! still be counted again.

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::json;

use super::stage::{SHOW, Stage, until};
use crate::books::papers;

fn erase(stage: &Stage, more: &[&str]) -> (bool, String) {
    let mut command = stage.app.program();
    command.args(["erase", SHOW, "--data"]).arg(stage.app.data()).args(["--by", "Kim"]).args(more);
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().unwrap();
    (status.success(), String::from_utf8(stderr).unwrap())
}

/// Whether a file of the data directory has these bytes.
pub fn holds(data: &Path, bytes: &[u8]) -> bool {
    let folders = [data.to_owned(), data.join("journals")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let found = |file: &Path| fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes);
    files.into_iter().filter(|file| file.is_file()).any(|file| found(&file))
}

#[test]
fn an_erased_show_stays_away_and_its_export_is_verified() {
    let mut stage = Stage::start(&[]);
    let key = papers::key(&stage.app);
    let run = stage.open();
    let device = stage.device();
    let id = 0xfeed_beef_feed_beef_feed_beef_feed_beef_u128;
    let ballot = json!({"run": run, "id": format!("{id:032x}"), "picks": [1]});
    let receipt = stage.ask("POST", "/api/v1/shows/doors/ballots", Some(&device), &[], &ballot).json();
    assert_eq!(receipt["is"], "counted");
    stage.does("close", json!({}));
    until("the run is locked", || (stage.live(None)["show"]["run"]["phase"] == "locked").then_some(()));
    stage.does("seal", json!({}));
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("export.jsonl");
    let mut export = stage.app.program();
    export.args(["export", SHOW, "--data"]).arg(stage.app.data()).arg("--out").arg(&file);
    assert!(export.output().unwrap().status.success());
    let salt = stage.app.document()["salt"].as_str().unwrap().to_owned();
    let data = stage.app.data().to_owned();

    let (done, said) = erase(&stage, &["--yes", SHOW]);
    assert!(!done && said.contains("is used by another process"), "{said}");
    stage.app.stop();
    for (more, words) in [(&[][..], "--yes doors"), (&["--yes", "door"], "nothing was done")] {
        let (done, said) = erase(&stage, more);
        assert!(!done && said.contains(words), "{said}");
    }
    assert!(holds(&data, salt.as_bytes()) && holds(&data, &id.to_le_bytes()), "nothing was done yet");

    let (done, said) = erase(&stage, &["--yes", SHOW]);
    assert!(done && said.contains("1 signed manifests and the as-run log stay"), "{said}");
    assert!(!holds(&data, salt.as_bytes()) && !holds(&data, &id.to_le_bytes()), "{said}");
    // An export of nothing leaves the one that there is.
    assert!(!export.output().unwrap().status.success());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    papers::assert_verified(&papers::verify(&stage.app, &file, &key));
    let stored = rusqlite::Connection::open(data.join("documents.db")).unwrap();
    let count = |what: &str| stored.query_row(what, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM manifests"), 1);
    assert_eq!(count("SELECT count(*) FROM links"), 0);
    let by: String =
        stored.query_row("SELECT json ->> 'by' FROM as_run WHERE id = 'erased'", [], |row| row.get(0)).unwrap();
    assert_eq!(by, "Kim");
    drop(stored);

    // The start that it always had, with the very show file.
    stage.app.start();
    assert_eq!(stage.app.get("/api/v1/shows/doors/live").json()["code"], "no_show");
    stage
        .app
        .process()
        .wait_for(crate::support::SOON, |line| line.contains("a show of this id was erased").then_some(()));
    stage.app.stop();
    let (done, said) = erase(&stage, &["--yes", SHOW]);
    assert!(done && said.contains("the erasure that Kim began"), "{said}");
}
