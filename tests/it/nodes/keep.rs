//! What several nodes are not to keep any longer is destroyed on each of them and in Redis, also on one that was away.

use serde_json::json;

use super::{
    erase::{is_gone, keys},
    stage::{Node, SHOW, Stage},
};
use crate::{
    doors::{erase::holds, keep::ages},
    support::{SOON, until},
};

/// Makes everything that was done in the show older, on nodes that do not run, and lets Redis forget it.
fn all_age(stage: &Stage, nodes: [&Node; 2], days: i64) {
    stage.redis.tell(&["FLUSHALL"]);
    nodes.iter().for_each(|node| ages(node.app.data(), days));
}

#[test]
fn a_node_that_was_away_destroys_too_what_the_others_have_destroyed() {
    let stage = Stage::new();
    stage.edit_show(
        "[[cue]]\nnumber = \"1\"",
        "[keep]\nvoter_key_days = 14\nballots_days = 90\n[[cue]]\nnumber = \"1\"",
    );
    let (mut a, mut b) = stage.two();
    a.takes_over();
    a.does("arm", json!({ "what": "go_live" }));
    a.does("go_live", json!({}));
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 0 }));
    until("the run is open on both", SOON, || (b.show()["run"]["phase"] == "open").then_some(()));
    let run = a.show()["run"]["id"].as_str().unwrap().to_owned();
    let ids = [0xfeed_beef_feed_beef_feed_beef_feed_beef_u128, 0xbeef_feed_beef_feed_beef_feed_beef_feed_u128];
    for (node, id) in [&a, &b].into_iter().zip(ids) {
        node.votes(&run, id);
    }
    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("seal", json!({}));
    a.does("verify", json!({}));
    super::stage::agree(&a, &b);
    let salt = a.document()["salt"].as_str().unwrap().to_owned();
    let has = |node: &Node, bytes: &[u8]| holds(node.app.data(), bytes);

    a.app.stop();
    b.app.stop();
    all_age(&stage, [&a, &b], 15);
    a.app.start();
    until("the voter key is destroyed", SOON, || (!has(&a, salt.as_bytes())).then_some(()));
    assert!(has(&b, salt.as_bytes()), "it was away");
    b.app.start();
    until("also where a node was away", SOON, || (!has(&b, salt.as_bytes())).then_some(()));
    let held: String = stage.redis.ask(&["HGET", &format!("{{tl:show:{SHOW}}}"), "json"]).unwrap();
    assert!(!held.contains(&salt), "{held}");
    until("both hold the same", SOON, || (a.document() == b.document()).then_some(()));
    assert!(has(&a, &ids[0].to_le_bytes()) && has(&b, &ids[1].to_le_bytes()));

    a.app.stop();
    b.app.stop();
    all_age(&stage, [&a, &b], 75);
    for node in [&mut a, &mut b] {
        node.app.start();
    }
    for node in [&a, &b] {
        until("the show is erased", SOON, || is_gone(node));
        node.app.process().wait_for(SOON, |line| line.contains("the next start deletes its journals").then_some(()));
    }
    assert_eq!(keys(&stage), [format!("{{tl:show:{SHOW}}}")], "only that it was erased");
    for (node, id) in [&mut a, &mut b].into_iter().zip(ids) {
        node.app.stop();
        node.app.start();
        until("it stays away", SOON, || is_gone(node));
        assert!(!has(node, &id.to_le_bytes()));
    }
}
