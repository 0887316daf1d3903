//! Cues that are added, edited and removed while the show is on, and what a start makes of the show file after that.

use std::fs;

use serde_json::{Value, json};

use super::stage::{SHOW, Stage, until};
use crate::support::http;

const FILE: &str = r#"
show = "doors"
title = "Doors"

[[cue]]
number = "1"
question = "Which way in?"
options = ["The door", "The window"]
grace_ms = 0
opens_on_take = true
"#;

fn toml(number: &str, question: &str, more: &str) -> String {
    format!("[[cue]]\nnumber = \"{number}\"\nquestion = \"{question}\"\noptions = [\"Yes\", \"No\"]\n{more}")
}

fn text(stage: &Stage, path: &str) -> String {
    let reply = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/{path}"), Some(&stage.staff), &[], &json!(null));
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.text().to_owned()
}

/// The numbers of the cues, as the document has them.
fn cues(stage: &Stage) -> String {
    let document = stage.app.document();
    document["rundown"].as_array().unwrap().iter().map(|cue| cue["number"].as_str().unwrap()).collect()
}

/// A server whose show file can be written anew.
fn stage() -> (Stage, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("show.toml");
    fs::write(&file, FILE).unwrap();
    (Stage::of(file.to_str().unwrap(), &[]).enter(), folder)
}

/// Stops and starts it, and enters again.
fn again(stage: &mut Stage) {
    assert!(stage.app.stop().success());
    stage.app.start();
    let code = stage.app.process().wait_for(crate::support::SOON, |line| {
        Some(line.trim().strip_prefix("producer")?.split_once('#')?.1.to_owned())
    });
    let entered = http::post(stage.app.address(), "/api/v1/staff/enter", &json!({ "code": code }));
    stage.staff = entered.json()["staff"].as_str().unwrap().to_owned();
}

#[test]
fn a_cue_is_added_and_edited_while_another_one_is_voted_on() {
    let (mut stage, _folder) = stage();
    let run = stage.open();
    stage.does("cue_add", json!({ "toml": toml("2", "Again?", ""), "before": "1" }));
    stage.does("cue_add", json!({ "toml": toml("A", "Anything else?", "adlib = true\n") }));
    assert_eq!(cues(&stage), "21A");
    let edited = stage.asks("cue_edit", json!({ "cue": "1", "toml": toml("1", "Which way out?", "") }));
    assert_eq!(edited["detail"], "cue 1 is on program as it was before: its next run has the change", "{edited}");
    // The run that is on is what it was, and takes ballots as before.
    let live = stage.live(None);
    assert_eq!((&live["show"]["run"]["id"], &live["show"]["run"]["question"]), (&json!(run), &json!("Which way in?")));
    assert_eq!(stage.vote(&run, &stage.device(), 2)["is"], "counted");

    // What is wrong is said where, and with what to do; and nothing is done twice.
    let wrong = stage.asks("cue_add", json!({ "toml": toml("3", "Why?", "votes = 0\n") }));
    assert_eq!(wrong["code"], "bad_show", "{wrong}");
    assert!(wrong["detail"].as_str().unwrap().contains("votes: give 1 to 100"), "{wrong}");
    let stale = stage.asks("cue_remove", json!({ "cue": "2", "expect": 1 }));
    assert_eq!(stale["code"], "stale", "{stale}");

    // The log says what was before, and what is since.
    let log: Value = serde_json::from_str(&text(&stage, "asrun")).unwrap();
    let notes: Vec<_> = log["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "cue_edit").collect();
    assert_eq!(notes.len(), 1, "{log}");
    let note = notes[0]["note"].as_str().unwrap();
    assert!(note.starts_with("cue 1: ") && note.contains(" → ") && notes[0].get("run").is_none(), "{note}");

    // One cue, and the whole, as a file again.
    assert!(text(&stage, "cues/1").contains("Which way out?"));
    let path = format!("/api/v1/shows/{SHOW}/cues/1");
    let form = stage.ask("GET", &path, Some(&stage.staff), &[("accept", "application/json")], &json!(null)).json();
    assert_eq!((&form["question"], &form["votes"]), (&json!("Which way out?"), &json!(1)));
    let file = text(&stage, "file");
    for part in ["Which way out?", "Again?", "adlib = true"] {
        assert!(file.contains(part), "{file}");
    }
    let missing = stage.ask("GET", &format!("/api/v1/shows/{SHOW}/cues/9"), Some(&stage.staff), &[], &json!(null));
    assert_eq!(missing.status, 404);
}

#[test]
fn what_was_changed_at_the_desk_stays_until_the_file_itself_changes() {
    let (mut stage, folder) = stage();
    stage.does("cue_add", json!({ "toml": toml("2", "Again?", "") }));
    again(&mut stage);
    assert_eq!(cues(&stage), "12", "in rehearsal, with the same file");
    // The same in other words is the same file.
    fs::write(folder.path().join("show.toml"), format!("# A note.\n{FILE}")).unwrap();
    again(&mut stage);
    assert_eq!(cues(&stage), "12");
    let saved = text(&stage, "file");

    fs::write(folder.path().join("show.toml"), FILE.replace("Which way in?", "Which way out?")).unwrap();
    again(&mut stage);
    until("the file is taken", || (cues(&stage) == "1").then_some(()));
    assert!(text(&stage, "file").contains("Which way out?"));

    // A file that was put over the API stays, too; and what was saved can be put back.
    let path = format!("/api/v1/shows/{SHOW}/file");
    let bearer = format!("Bearer {}", stage.staff);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/toml")];
    let put = http::request(stage.app.address(), "PUT", &path, &headers, saved.as_bytes());
    assert_eq!(put.status, 204, "{}", put.text());
    again(&mut stage);
    assert_eq!(cues(&stage), "12");
}
