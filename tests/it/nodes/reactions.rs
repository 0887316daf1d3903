//! What viewers tap on several nodes: every node shows the sum of all, one that was killed keeps what it had counted, and
//! who moves on is counted once.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

/// One page of a viewer.
struct Page {
    socket: tungstenite::WebSocket<tungstenite::stream::MaybeTlsStream<std::net::TcpStream>>,
    device: String,
}

impl Page {
    fn join(address: SocketAddr, device: Option<&str>) -> Self {
        let uri = format!("ws://{address}/ws/{SHOW}").parse().unwrap();
        let request = tungstenite::ClientRequestBuilder::new(uri).with_sub_protocol("tallylight.v1");
        let (mut socket, _) = tungstenite::connect(request).unwrap();
        socket.send(Message::text(json!({ "t": "join", "device": device }).to_string())).unwrap();
        let welcome: Value = serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap();
        let device = welcome["device"].as_str().or(device).expect("a device token").to_owned();
        Self { socket, device }
    }

    fn says(&mut self, run: &Value, counts: Value) {
        self.socket.send(Message::text(json!({ "t": "react", "run": run, "counts": counts }).to_string())).unwrap();
    }
}

fn counts(node: &Node) -> Vec<u64> {
    let live = http::get(node.app.address(), &format!("/api/v1/shows/{SHOW}/live")).json();
    live["results"]["options"].as_array().into_iter().flatten().map(|one| one["votes"].as_u64().unwrap()).collect()
}

/// Waits until all nodes show these counts.
fn show(nodes: &[&Node], wanted: [u64; 2]) {
    for node in nodes {
        until("the node shows what all have counted", SOON, || (counts(node) == wanted).then_some(()));
    }
}

#[test]
fn every_node_shows_the_sum_and_a_killed_one_keeps_its_own() {
    let stage = Stage::new();
    stage.edit_show(
        "question = \"Who?\"\noptions = [\"Ada\", \"Grace\"]",
        "question = \"Who?\"\nkind = \"reactions\"\nviewers_see = \"always\"\nreactions = { emoji = [\"👏\", \"❤️\"] }",
    );
    let (mut a, mut b) = stage.two();
    b.takes_over();
    b.does("standby", json!({ "cue": "1" }));
    b.does("take", json!({}));
    b.does("open", json!({ "seconds": 0 }));
    let run = until("the run is open on both", SOON, || {
        let run = |node: &Node| (node.show()["run"]["phase"] == "open").then(|| node.show()["run"]["id"].clone());
        run(&a).and(run(&b))
    });
    let mut one = Page::join(a.app.address(), None);
    one.says(&run, json!([0, 0]));
    one.says(&run, json!([4, 0]));
    let mut other = Page::join(b.app.address(), None);
    other.says(&run, json!([0, 0]));
    other.says(&run, json!([0, 3]));
    show(&[&a, &b], [4, 3]);
    // To the other node and back, each time with what it had said first.
    let device = one.device.clone();
    let mut moved = Page::join(b.app.address(), Some(&device));
    moved.says(&run, json!([4, 0]));
    moved.says(&run, json!([6, 0]));
    show(&[&a, &b], [6, 3]);
    let mut back = Page::join(a.app.address(), Some(&device));
    back.says(&run, json!([6, 0]));
    back.says(&run, json!([7, 0]));
    show(&[&a, &b], [7, 3]);

    a.app.kill();
    other.says(&run, json!([0, 5]));
    show(&[&b], [7, 5]);
    // A process that starts now has all of it from the others.
    a.app.start();
    let late = stage.node(3);
    show(&[&b, &late, &a], [7, 5]);
    let mut again = Page::join(a.app.address(), Some(&device));
    again.says(&run, json!([7, 0]));
    again.says(&run, json!([8, 0]));
    show(&[&a, &b, &late], [8, 5]);
    // Whatever Redis forgets, no node does.
    stage.redis.tell(&["FLUSHALL"]);
    again.says(&run, json!([9, 0]));
    show(&[&a, &b, &late], [9, 5]);
}
