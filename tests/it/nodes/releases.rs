//! A node of a newer release says more of a show than this one can read: it leaves the show alone, keeps what it has, and
//! goes on when it can.

use serde_json::{Value, json};
use tallylight::shows::document::FORMAT;

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

const KEY: &str = "{tl:show:many}";

/// Offers a ballot of a new voter, and gives the way to offer it again.
fn votes(node: &Node) -> impl Fn() -> Value + use<> {
    let address = node.app.address();
    let run = node.show()["run"]["id"].clone();
    let welcome = http::post(address, &format!("/api/v1/shows/{SHOW}/join"), &json!({})).json();
    let token = format!("Bearer {}", welcome["device"].as_str().unwrap());
    let ballot = json!({ "run": run, "id": format!("{:032x}", fastrand::u128(..)), "picks": [1] }).to_string();
    move || {
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        http::request(address, "POST", &format!("/api/v1/shows/{SHOW}/ballots"), &headers, ballot.as_bytes()).json()
    }
}

/// Puts a revision into Redis, as its node would, after the one that is there.
fn swaps(stage: &Stage, change: impl FnOnce(&mut Value)) -> String {
    let held: String = stage.redis.ask(&["HGET", KEY, "json"]).unwrap();
    let before: String = stage.redis.ask(&["HGET", KEY, "hash"]).unwrap();
    let mut next: Value = serde_json::from_str(&held).unwrap();
    let revision = next["revision"].as_u64().unwrap() + 1;
    (next["revision"], next["previous"]) = (revision.into(), before.into());
    change(&mut next);
    let (json, hash, revision) = (next.to_string(), format!("{revision:064x}"), revision.to_string());
    let link = format!("r:{revision}");
    stage.redis.tell(&["HSET", KEY, "json", &json, "revision", &revision, "hash", &hash, &link, &hash]);
    json
}

#[test]
fn a_show_of_a_newer_release_is_left_alone_and_nothing_is_lost() {
    let stage = Stage::new();
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    until("a ballot is counted", SOON, || (votes(&b)()["is"] == "counted").then_some(()));

    let newer = swaps(&stage, |document| {
        document["format"] = (FORMAT + 1).into();
        document["acts"] = json!(["what this release would drop"]);
    });
    for node in [&a, &b] {
        until("the node holds ballots", SOON, || (node.stance() == "holding").then_some(()));
    }
    let vote = votes(&b);
    assert_eq!(vote()["is"], "held");
    let refused = a.asks("hold", json!({}));
    let detail = refused["detail"].as_str().unwrap();
    assert!(refused["code"] == "not_now" && detail.contains(&format!("format {}", FORMAT + 1)), "{refused}");
    assert_eq!(stage.redis.ask::<String>(&["HGET", KEY, "json"]).unwrap(), newer, "nobody wrote over it");

    // Somebody takes back what only the newer release has.
    swaps(&stage, |document| {
        let document = document.as_object_mut().unwrap();
        document.remove("format");
        document.remove("acts");
    });
    until("the ballot is counted", SOON, || (vote()["is"] == "counted").then_some(()));
    until("the node does commands", SOON, || (a.asks("hold", json!({}))["ok"] == true).then_some(()));
}

#[test]
fn a_directory_with_a_show_of_a_newer_release_is_not_started() {
    let stage = Stage::new();
    let mut node = stage.node(1);
    node.app.stop();
    let documents = rusqlite::Connection::open(node.app.data().join("documents.db")).unwrap();
    let changed = documents.execute("UPDATE shows SET json = json_set(json, '$.format', 9)", []).unwrap();
    assert_eq!(changed, 1);
    drop(documents);
    let started = node.app.serve().output().unwrap();
    let said = String::from_utf8_lossy(&started.stderr);
    assert!(!started.status.success() && said.contains("format 9"), "{started:?}");
}
