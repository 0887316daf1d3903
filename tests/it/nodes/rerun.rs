//! A rerun over two nodes: declared void at one, held again at the other, and both say so, also after Redis and a node were killed.

use serde_json::{Value, json};

use super::{
    carry::opened,
    stage::{Node, SHOW, Stage},
};
use crate::support::{SOON, http, until};

fn ask(node: &Node, token: &str, path: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json"), ("authorization", token)];
    let path = format!("/api/v1/shows/{SHOW}/{path}");
    http::request(node.app.address(), "POST", &path, &headers, body.to_string().as_bytes()).json()
}

/// Gives a ballot until it is answered so.
fn vote(node: &Node, token: &str, run: &Value, id: u8, is: &str) -> Value {
    let ballot = json!({ "run": run, "id": format!("{id:032x}"), "picks": [1] });
    until("the ballot is answered", SOON, || {
        let receipt = ask(node, token, "ballots", &ballot);
        (receipt["is"] == is).then_some(receipt)
    })
}

#[test]
fn what_is_held_again_names_what_it_replaces_on_both_nodes() {
    let mut stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    let first = opened(&mut a, &b, "1");
    let token = format!("Bearer {}", ask(&a, "", "join", &json!({}))["device"].as_str().unwrap());
    vote(&b, &token, &first, 1, "counted");
    a.does("arm", json!({ "what": "void" }));
    a.does("void", json!({ "reason": "the sound failed" }));
    let second = opened(&mut a, &b, "1");
    stage.redis.kill();
    b.app.kill();
    stage.redis.restart();
    b.app.start();
    for (node, id) in [(&a, 2), (&b, 3)] {
        until("the rerun is known", SOON, || (node.show()["run"]["replaces"] == first).then_some(()));
        let told = vote(node, &token, &first, id, "refused");
        assert_eq!((&told["reason"], &told["instead"]), (&json!("void"), &second), "{told}");
    }
    // What was counted before the void is not any more, and the vote is there again.
    let told = vote(&a, &token, &first, 1, "refused");
    assert_eq!(told["instead"], second, "{told}");
    vote(&a, &token, &second, 4, "counted");
}
