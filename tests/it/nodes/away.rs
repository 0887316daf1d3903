//! What a node was told to do while it did not reach Redis, and what becomes of it later.

use std::time::Duration;

use serde_json::json;

use super::stage::{Node, Stage, agree};
use crate::support::{SOON, proxy::FaultProxy, until};

#[test]
fn what_others_put_on_the_screens_since_is_not_pulled_again() {
    let stage = Stage::new();
    let way = FaultProxy::start(([127, 0, 0, 1], stage.redis.port()).into());
    let (mut a, mut b) = (stage.node_over(1, &format!("redis://{}", way.address())), stage.node(2));
    until("both nodes have entered", SOON, || (b.did("entered").len() >= 2).then_some(()));
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    agree(&a, &b);
    way.faults(|faults| faults.down = true);
    a.does("panic", json!({}));
    a.graphic_is("panic");
    b.graphic_is("on_air");
    b.takes_over();
    b.does("standby", json!({ "cue": "2" }));
    b.does("take", json!({}));
    way.heal();
    let notes = || a.did("panic").into_iter().filter_map(|entry| Some(entry["note"].as_str()?.to_owned()));
    until("the log says why", SOON, || notes().find(|note| note.starts_with("not done again")));
    // What the others put there.
    a.graphic_is("on_air");
    agree(&a, &b);
    b.graphic_is("on_air");
}

#[test]
fn the_last_press_of_a_pull_counts() {
    let stage = Stage::new();
    let way = FaultProxy::start(([127, 0, 0, 1], stage.redis.port()).into());
    let (mut a, mut b) = (stage.node_over(1, &format!("redis://{}", way.address())), stage.node(2));
    until("both nodes have entered", SOON, || (b.did("entered").len() >= 2).then_some(()));
    way.faults(|faults| faults.down = true);
    a.does("panic", json!({}));
    b.takes_over();
    b.does("standby", json!({ "cue": "1" }));
    b.does("take", json!({}));
    b.graphic_is("on_air");
    a.does("panic", json!({}));
    way.heal();
    b.graphic_is("panic");
    agree(&a, &b);
}

#[test]
fn a_connection_that_says_nothing_any_more_is_made_anew() {
    let stage = Stage::new();
    let way = FaultProxy::start(([127, 0, 0, 1], stage.redis.port()).into());
    let mut a = stage.node_over(1, &format!("redis://{}", way.address()));
    until("it takes ballots", SOON, || (a.stance() == "open").then_some(()));
    a.takes_over();
    way.swallow();
    until("it has noticed", SOON, || (a.stance() == "holding").then_some(()));
    until("it takes ballots again", SOON, || (a.stance() == "open").then_some(()));
    a.does("standby", json!({ "cue": "1" }));
}

#[test]
fn what_two_nodes_pulled_is_pulled_on_both() {
    let mut stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    agree(&a, &b);
    stage.redis.kill();
    a.does("panic", json!({}));
    b.does("freeze", json!({}));
    stage.redis.restart();
    let graphic = |node: &Node| node.document()["graphic"].clone();
    until("both pulls are everywhere", SOON, || {
        let pulled = |node: &Node| graphic(node)["state"] == "panic" && graphic(node)["frozen"] == true;
        (pulled(&a) && pulled(&b)).then_some(())
    });
    // What came after them for all nodes is not undone by them.
    a.does("unfreeze", json!({}));
    a.does("step", json!({}));
    agree(&a, &b);
    b.graphic_is("on_air");
    assert_eq!(graphic(&b)["frozen"], false);
}

#[test]
fn a_show_file_that_changed_while_redis_was_away_is_taken_when_it_is_back() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    let options = |rundown: &serde_json::Value| rundown.to_string().contains("Hedy");
    stage.redis.kill();
    a.app.kill();
    stage.edit_show("Grace", "Hedy");
    a.app.start();
    assert!(!options(&a.document()["rundown"]), "Redis has to agree first");
    stage.redis.restart();
    until("the rundown is the file's", Duration::from_secs(10), || options(&b.document()["rundown"]).then_some(()));
    agree(&a, &b);
}
