//! A quiz over two nodes: both have the same scores, whichever node took an answer, and have them again after a crash.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

fn ask(node: &Node, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json"), ("authorization", token)];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/api/v1/shows/{SHOW}/{path}");
    http::request(node.app.address(), method, &path, &headers, body.as_bytes()).json()
}

/// The leaderboard of a node, once somebody is on it.
fn leaderboard(node: &Node) -> Value {
    until("the leaderboard is made", SOON, || {
        let found = ask(node, "", "GET", "leaderboard", &Value::Null);
        (found["players"] != 0).then_some(found)
    })
}

#[test]
fn both_nodes_have_the_same_leaderboard_also_after_redis_and_a_node_were_killed() {
    let mut stage = Stage::new();
    stage.edit_show("grace_ms = 200\n", "grace_ms = 200\n[cue.quiz]\nright = [1]\npoints_min = 0\nleast_ms = 60000\n");
    let (mut a, mut b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    let run = until("the run is open on both", SOON, || {
        let run = |node: &Node| (node.show()["run"]["phase"] == "open").then(|| node.show()["run"]["id"].clone());
        run(&a).and(run(&b))
    });
    let voters: Vec<_> = (0..12)
        .map(|_| format!("Bearer {}", ask(&a, "", "POST", "join", &json!({}))["device"].as_str().unwrap()))
        .collect();
    for (n, token) in voters.iter().enumerate() {
        let (first, second) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
        // Each tries the other answer at the other node as well: the first that is decided counts.
        for (node, id, pick, is) in [(first, 1, 1 + n % 3 / 2, "counted"), (second, 2, 2, "refused")] {
            let ballot = json!({ "run": run, "id": format!("{id:032x}"), "picks": [pick] });
            until("the ballot is decided", SOON, || {
                (ask(node, token, "POST", "ballots", &ballot)["is"] == is).then_some(())
            });
        }
    }
    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("seal", json!({}));
    a.does("verify", json!({}));
    assert_eq!(ask(&b, &voters[0], "GET", "score", &Value::Null)["code"], "not_found");
    a.does("arm", json!({ "what": "reveal" }));
    a.does("reveal", json!({}));
    let board = leaderboard(&a);
    assert_eq!(leaderboard(&b), board);
    let right = board["top"].as_array().unwrap().iter().filter(|line| line["right"] == 1);
    assert_eq!((board["players"].as_u64(), right.count()), (Some(12), 8), "{board}");
    for token in &voters {
        let [one, other] = [&a, &b].map(|node| ask(node, token, "GET", "score", &Value::Null));
        assert!(one["line"]["rank"].is_u64() && one == other, "{one} {other}");
    }

    stage.redis.kill();
    b.app.kill();
    stage.redis.restart();
    b.app.start();
    assert_eq!(leaderboard(&b), board);
}
