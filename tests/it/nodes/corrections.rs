//! A correction over two nodes: proposed at one, confirmed at the other, recounted by both, there after Redis and a node were killed.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

pub(super) fn ask(node: &Node, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let token = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/api/v1/shows/{SHOW}/{path}");
    http::request(node.app.address(), method, &path, &headers, body.as_bytes()).json()
}

/// A command of another member of staff; the same one until it is done, for another node may have been faster.
pub(super) fn does(node: &Node, token: &str, verb: &str, mut arguments: Value) {
    arguments["do"] = verb.into();
    let mut sent = 0;
    until("the command is done", SOON, || {
        sent += 1;
        arguments["id"] = format!("{verb}-{sent}").into();
        let done = ask(node, token, "POST", "commands", &arguments);
        (done["ok"] == true).then_some(())
    });
}

/// Votes by an entry link of the show, or by none.
pub(super) fn vote(node: &Node, entry: Option<&str>, run: &Value, pick: u16) {
    let joined = ask(node, "", "POST", "join", &entry.map_or(json!({}), |entry| json!({ "entry": entry })));
    let device = joined["device"].as_str().unwrap();
    let ballot = json!({ "run": run, "id": format!("{pick:032x}"), "picks": [pick] });
    until("the ballot is counted", SOON, || {
        (ask(node, device, "POST", "ballots", &ballot)["is"] == "counted").then_some(())
    });
}

pub(super) fn results(node: &Node) -> Value {
    http::get(node.app.address(), &format!("/api/v1/shows/{SHOW}/live")).json()["results"].clone()
}

#[test]
fn a_correction_is_confirmed_and_recounted_on_the_other_node() {
    let mut stage = Stage::new();
    stage.edit_show("title = \"Many\"\n", "title = \"Many\"\n[[entry]]\nplatform = \"tv\"\n");
    let (mut a, mut b) = stage.two();
    let code = |line: &str| {
        Some(line.trim().strip_prefix("entry")?.split_once("#e=")?.1.split_whitespace().next()?.to_owned())
    };
    let tv = a.app.process().wait_for(SOON, code);
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    let run = until("the run is open on both", SOON, || {
        let run = |node: &Node| (node.show()["run"]["phase"] == "open").then(|| node.show()["run"]["id"].clone());
        run(&a).and(run(&b))
    });
    vote(&a, None, &run, 1);
    for node in [&a, &b] {
        vote(node, Some(&tv), &run, 2);
    }
    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("seal", json!({}));
    a.does("arm", json!({ "what": "exclude" }));
    let reason = "its lines were down";
    let done = a.does("exclude", json!({ "entries": [{ "platform": "tv" }], "reason": reason }));
    let adjudicator = b.enter(2).expect("a link is good once");
    does(&b, &adjudicator, "arm", json!({ "what": "confirm" }));
    does(&b, &adjudicator, "confirm", json!({ "proposal": done["proposal"] }));
    // Three witnesses of the corrected seal: the manifest, Redis, and the journals of both.
    does(&b, &adjudicator, "verify", json!({}));
    let seen = |node: &Node| {
        until("the corrected result is seen", SOON, || {
            let results = results(node);
            (results["excluded"] == true && results["total"] == 1).then_some(())
        });
    };
    for node in [&a, &b] {
        seen(node);
        let sheet = until("the manifest is here", SOON, || {
            let sheet =
                ask(node, &adjudicator, "GET", &format!("runs/{}/certificate", run.as_str().unwrap()), &Value::Null);
            (sheet["revision"] == 2).then_some(sheet)
        });
        assert_eq!(
            (&sheet["correction"]["by"][1], &sheet["correction"]["reason"]),
            (&json!("Adjudicator"), &json!(reason))
        );
    }
    stage.redis.kill();
    b.app.kill();
    stage.redis.restart();
    b.app.start();
    seen(&b);
}
