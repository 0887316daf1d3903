//! What screens of one node have painted is known on the other.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until, websocket::Client};

#[test]
fn a_screen_of_one_node_confirms_what_is_on_air_on_every_node() {
    let stage = Stage::new();
    let (mut a, b) = stage.two();
    let token = format!("Bearer {}", a.enter(1).unwrap());
    let path = format!("/api/v1/shows/{SHOW}/screen-key");
    let key =
        http::request(a.app.address(), "GET", &path, &[("authorization", token.as_str())], b"").json()["key"].clone();
    let status = |node: &Node| node.app.get(&format!("/f/{SHOW}/status.json?key={}", key.as_str().unwrap())).json();
    let (mut wall, _) = Client::joined(&b.app, SHOW, &json!({ "t": "join", "key": key, "name": "wall" }));
    let mut paints = |show: &Value| {
        let run = show["run"]["id"].as_str().unwrap();
        let shown = json!({ "t": "shown", "host": "test", "graphic": "results", "visible": true, "active": true,
            "rev": show["rev"], "fps": 50, "output": "program", "run": run });
        wall.send(shown.to_string());
    };
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    until("it is on on both", SOON, || (a.graphic() == "on_air" && b.graphic() == "on_air").then_some(()));
    let says = |pgm: bool, gfx: &str, ok: u64| {
        until(&format!("both nodes say {gfx}"), SOON, || {
            let said = |node: &Node| {
                let status = status(node);
                (status["tally_pgm"] == pgm && status["gfx_state"] == gfx && status["overlays_ok"] == ok).then_some(())
            };
            said(&a).and(said(&b))
        });
    };
    assert_eq!((&status(&a)["gfx_state"], &status(&b)["gfx_state"]), (&json!("coming"), &json!("coming")));
    paints(&b.show());
    says(true, "on_air", 1);
}
