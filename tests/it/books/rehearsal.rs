//! `tallylight-load run` against the real node: a scenario with an exact account, one in which somebody else votes, and one of
//! which a worker dies.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::audience::program;
use crate::support::{SOON, app::TestApp, http, process::Process, until};

const SHOW: &str = "load/scenarios/show.toml";

/// Everybody votes in cue 1, and some change their vote in cue 2.
const SCENARIO: &str = r#"
title = "A small rehearsal"
show = "rehearsal"
viewers = 240
seconds = 14
[[crowd]]
name = "phones"
share = 0.75
join_s = [0, 2]
votes = 1
think_s = [0.2, 3]
changes = 0.5
change_s = [0.2, 1]
sends_again = 0.3
breaks = 0.2
taps_per_s = 1
[[crowd]]
name = "polling"
share = 0.25
way = "poll"
poll_s = 0.5
join_s = [0, 2]
votes = 1
think_s = [0.2, 3]
[[step]]
at_s = 2
do = "take"
cue = "1"
[[step]]
at_s = 2.5
do = "open"
seconds = 0
[[step]]
at_s = 4
do = "cut"
share = 0.5
away_s = [0, 0.5]
[expect]
joined = 1.0
open = 0
"#;

/// A rehearsal: its node, its files, and its process.
struct Rehearsal {
    app: TestApp,
    files: TempDir,
    process: Process,
}

impl Rehearsal {
    fn start(scenario: &str, more: &[&str]) -> Self {
        let app = TestApp::with_show(SHOW).start();
        let files = TempDir::with_prefix("tallylight-rehearsal-").unwrap();
        let path = files.path().join("scenario.toml");
        fs::write(&path, scenario).unwrap();
        let link = |line: &str| line.trim().strip_prefix("producer").map(|link| link.trim().to_owned());
        let link = app.process().wait_for(SOON, link);
        let mut command = Command::new(program());
        command.arg("run").arg(&path).args(["--url", &app.url(""), "--staff", &link]);
        command.arg("--out").arg(files.path().join("report")).args(["--settle", "30"]);
        command.arg("--folder").arg(files.path().join("folder")).args(more);
        let process = Process::start(&mut command);
        Self { app, files, process }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Waits for the end: the exit code, what was printed, and the report.
    fn end(self) -> (Option<i32>, Vec<String>, Value, String) {
        let (status, said) = self.process.wait(Duration::from_secs(120));
        let read = |name: &str| fs::read_to_string(self.files.path().join(name));
        let json = read("report.json").unwrap_or_else(|error| panic!("{error}: {said:#?}"));
        (status.code(), said, serde_json::from_str(&json).unwrap(), read("report.html").unwrap())
    }
}

#[test]
fn a_rehearsal_has_exact_books_and_a_page_that_stands_alone() {
    let cue_2 =
        "[[step]]\nat_s = 11\ndo = \"take\"\ncue = \"2\"\n[[step]]\nat_s = 11.2\ndo = \"open\"\nseconds = 3\n[expect]";
    let close = "[[step]]\nat_s = 5.8\ndo = \"close\"\n";
    let scenario = SCENARIO.replace("[expect]", &format!("{close}{cue_2}")).replace("seconds = 14", "seconds = 16");
    let (code, said, report, page) = Rehearsal::start(&scenario, &["--workers", "2"]).end();
    assert_eq!((code, &report["words"]), (Some(0), &json!("The books are right.")), "{said:#?}");
    let (runs, accounts) = (report["book"]["runs"].as_object().unwrap(), &report["server"]["accounts"]);
    assert_eq!(runs.len(), 2);
    for (id, run) in runs {
        let account = &accounts[id];
        assert_eq!((&account["source"], &account["votes"]), (&json!("manifest"), &run["votes"]), "{run:#}");
        assert_eq!((&account["counted"], &run["open"]), (&run["counted"], &json!({})), "{run:#}");
        // Cue 1 is final: one ballot of each. In cue 2 about half of the phones change their vote.
        let counted = run["counted"].as_u64().unwrap();
        let changed = run["superseded"].as_u64().unwrap();
        assert!(counted > 200 && (changed > 20) == (run["cue"] == "2"), "{run:#}");
    }
    assert_eq!(report["latencies"]["join"]["n"], 240);
    assert!(report["latencies"]["rejoin"]["n"].as_u64() > Some(50), "half of them were cut off");
    assert!(report["server"]["samples"].as_array().unwrap().len() > 10);
    // One file: what a page can load from elsewhere is not in it.
    for outside in ["src=", "href=", "url(", "@import", "<script", "http-equiv"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("<svg") && page.contains("The books are right."));
}

#[test]
fn a_ballot_that_is_in_no_book_is_found() {
    let rehearsal = Rehearsal::start(SCENARIO, &["--workers", "1"]);
    let app = &rehearsal.app;
    let live = || app.get("/api/v1/shows/rehearsal/live").json();
    let run = until("the window is open", SOON, || {
        let run = live()["show"]["run"].take();
        (run["phase"] == "open").then_some(run["id"].clone())
    });
    // Somebody who is not of the audience votes for the last option.
    let welcome = http::post(app.address(), "/api/v1/shows/rehearsal/join", &json!({})).json();
    let token = format!("Bearer {}", welcome["device"].as_str().unwrap());
    let vote = json!({"run": run, "id": "00000000000000000000000000000001", "picks": [4]}).to_string();
    let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
    let path = "/api/v1/shows/rehearsal/ballots";
    let receipt = http::request(app.address(), "POST", path, &headers, vote.as_bytes()).json();
    assert_eq!(receipt["is"], "counted");
    let (code, said, report, page) = rehearsal.end();
    assert_eq!(code, Some(1), "{said:#?}");
    let wrong = report["verdict"]["wrong"].as_array().unwrap();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert_eq!(wrong[0], "Cue 1: the server has counted 1 ballot that no receipt explains.");
    assert!(wrong[1].as_str().unwrap().starts_with("Cue 1: option 4 has "), "{wrong:?}");
    assert!(page.contains("The books are wrong."));
}

#[test]
fn the_part_of_a_worker_that_died_is_declared_missing() {
    let rehearsal = Rehearsal::start(SCENARIO, &["--workers", "3"]);
    let pid =
        until("a worker is ready", SOON, || fs::read_to_string(rehearsal.file("folder/ready/part-001.json")).ok());
    until("it has begun", SOON, || rehearsal.file("folder/progress/part-001.json").exists().then_some(()));
    assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    let (code, said, report, _) = rehearsal.end();
    assert_eq!(
        (code, &report["missing_parts"], &report["missing_viewers"]),
        (Some(3), &json!([1]), &json!(80)),
        "{said:#?}"
    );
    let unchecked = report["verdict"]["unchecked"][0].as_str().unwrap();
    assert!(unchecked.starts_with("The parts of 80 viewers are missing"), "{unchecked}");
    // The others' books are there all the same.
    assert!(report["latencies"]["join"]["n"].as_u64() >= Some(160));
}
