//! A show of several nodes is erased: neither Redis nor a directory that was away brings it back.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use super::{
    stage::{Node, SHOW, Stage},
    writers,
};
use crate::support::{SOON, http, until};

fn erase(stage: &Stage, node: &Node, redis: bool) -> (Option<i32>, String) {
    let mut command = node.app.program();
    command
        .args(["erase", SHOW, "--yes", SHOW, "--secret-file"])
        .arg(stage.secret())
        .arg("--data")
        .arg(node.app.data());
    if redis {
        command.arg("--redis").arg(stage.redis.url());
    }
    let done = command.stdin(Stdio::null()).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// The keys of Redis that say something of a show.
pub fn keys(stage: &Stage) -> Vec<String> {
    let mut keys: Vec<String> = stage.redis.ask(&["KEYS", "*"]).unwrap();
    // Links end by themselves, within twelve hours.
    keys.retain(|key| key != "{tl:clock}" && !key.starts_with("{tl:link:"));
    keys
}

pub fn is_gone(node: &Node) -> Option<()> {
    let reply = http::get(node.app.address(), &format!("/api/v1/shows/{SHOW}/live"));
    (reply.json()["code"] == "no_show").then_some(())
}

#[test]
fn what_was_erased_does_not_come_back_from_a_directory_that_was_away() {
    let stage = Stage::new();
    writers::asks(&stage, "Where?\"\noptions = [\"here\", \"there\"]");
    let (mut a, mut b) = stage.two();
    let asked = writers::opens(&mut a, "3", &[&b]);
    let asks = writers::viewer(&b);
    assert_eq!(writers::say(&b, &asks, &asked, 1, "Is it forgotten?")["is"], "waiting");
    writers::does(&b, "claim", json!({ "items": [writers::items(&b)[0]["id"]] }));
    a.does("close", json!({}));
    until("nothing more is written", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    let run = a.show()["run"]["id"].as_str().unwrap().to_owned();
    until("the run is open on both", SOON, || (b.show()["run"]["phase"] == "open").then_some(()));
    for (node, id) in [(&a, 1), (&b, 2)] {
        node.votes(&run, id);
    }
    // The rehearsal's run leaves the desk, and stays in Redis.
    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("arm", json!({ "what": "go_live" }));
    a.does("go_live", json!({}));
    assert_eq!(a.document()["runs"], json!([]));
    assert!(keys(&stage).iter().any(|key| key.contains(&run)));

    let show = keys(&stage).into_iter().find(|key| key.ends_with('}')).unwrap();
    let fields: Vec<String> = stage.redis.ask(&["HKEYS", &show]).unwrap();
    for written in ["items", "claims", "e:1"] {
        assert!(fields.iter().any(|field| field == written), "{written}: {fields:?}");
    }
    a.app.stop();
    let (code, said) = erase(&stage, &a, true);
    assert!(code == Some(1) && said.contains("serves the show"), "{said}");
    // What was refused is not done by a start either.
    a.app.start();
    until("both serve it", SOON, || (is_gone(&a).is_none() && is_gone(&b).is_none()).then_some(()));
    a.app.stop();
    b.app.stop();
    let away = tempfile::tempdir().unwrap();
    copy(&b.app.data().join("."), away.path());
    let (code, said) = erase(&stage, &a, false);
    assert!(code == Some(2) && said.contains("the same command with --redis"), "{said}");
    let (code, said) = erase(&stage, &a, true);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(keys(&stage), [format!("{{tl:show:{SHOW}}}")], "only that it was erased");
    assert_eq!(stage.redis.ask::<Vec<String>>(&["HKEYS", &keys(&stage)[0]]).unwrap(), ["erased"]);

    // Its directory has the show, and learns at its start that it was erased; so does its next start, without Redis' word.
    b.app.start();
    until("it does not serve the show", SOON, || is_gone(&b));
    b.app.stop();

    // A copy of the directory as it was, and a Redis that forgot: the show is back, until a node comes that knows better.
    stage.redis.tell(&["FLUSHALL"]);
    copy(&away.path().join("."), b.app.data());
    b.app.start();
    until("the copy serves it", SOON, || is_gone(&b).is_none().then_some(()));
    a.app.start();
    until("it does not come back", SOON, || is_gone(&b).and(is_gone(&a)));
    b.app.process().wait_for(SOON, |line| line.contains("this show was erased").then_some(()));
    a.app.stop();
    b.app.stop();
    let (code, said) = erase(&stage, &b, true);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(keys(&stage), [format!("{{tl:show:{SHOW}}}")]);
}
