//! What is kept of a voter on several nodes is told whole, by whichever node is asked, or not at all.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

fn ask(node: &Node, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json"), ("authorization", token)];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/api/v1/shows/{SHOW}/{path}");
    http::request(node.app.address(), method, &path, &headers, body.as_bytes()).json()
}

#[test]
fn ballots_of_all_nodes_are_told_by_any_and_none_while_the_others_cannot_be_asked() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    let run = until("the run is open on both", SOON, || {
        let run = |node: &Node| (node.show()["run"]["phase"] == "open").then(|| node.show()["run"]["id"].clone());
        run(&a).and(run(&b))
    });
    let welcome = ask(&a, "", "POST", "join", &json!({}));
    let token = format!("Bearer {}", welcome["device"].as_str().unwrap());
    for (node, id, is) in [(&a, 1, "counted"), (&b, 2, "refused")] {
        let ballot = json!({ "run": run, "id": format!("{id:032x}"), "picks": [id] });
        until("the ballot is decided", SOON, || {
            (ask(node, &token, "POST", "ballots", &ballot)["is"] == is).then_some(())
        });
    }
    for node in [&a, &b] {
        until("both ballots are told", SOON, || {
            let told = ask(node, &token, "GET", "mine", &Value::Null);
            let said =
                told["ballots"].as_array()?.iter().map(|one| (one["is"].clone(), one["picks"][0]["label"].clone()));
            let said: Vec<_> = said.collect();
            (said == [(json!("counted"), json!("Ada")), (json!("refused"), json!("Grace"))]).then_some(())
        });
    }
    stage.redis.kill();
    until("the other's share cannot be read", SOON, || {
        (ask(&b, &token, "GET", "mine", &Value::Null)["code"] == "busy").then_some(())
    });
}
