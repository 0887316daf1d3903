//! What Redis does to the control state, and what the nodes make of it: what operators were told stays so.

use std::{thread, time::Duration};

use serde_json::json;

use super::stage::{Stage, agree};
use crate::support::{SOON, until};

fn until_open(node: &super::stage::Node) {
    until("the node takes ballots again", SOON, || (node.stance() == "open").then_some(()));
}

#[test]
fn a_redis_that_was_killed_has_what_operators_were_told() {
    let mut stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    b.takes_over();
    b.does("standby", json!({ "cue": "2" }));
    stage.redis.kill();
    let refused = a.asks("step", json!({}));
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("busy")), "{refused}");
    until("ballots are held", SOON, || (a.stance() == "holding").then_some(()));
    assert_eq!(a.app.get("/readyz").status, 200, "readiness never depends on Redis");
    assert_eq!(a.app.get("/health").json()["checks"]["redis:state"][0]["status"], "warn");
    stage.redis.restart();
    until_open(&a);
    until_open(&b);
    b.does("hold", json!({})).get("x");
}

#[test]
fn a_wiped_redis_gets_everything_back() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    for cue in ["1", "2", "3"] {
        a.does("standby", json!({ "cue": cue }));
        thread::sleep(Duration::from_millis(100));
    }
    agree(&a, &b);
    let before = (a.rev(), a.log());
    stage.redis.tell(&["FLUSHALL"]);
    a.does("take", json!({}));
    agree(&a, &b);
    assert!(a.rev() > before.0);
    for (id, entry) in &before.1 {
        assert_eq!(b.log().get(id), Some(entry));
    }
    b.takes_over();
    agree(&a, &b);
    let told = [a.told.clone(), b.told.clone()].concat();
    a.recognises(&told);
    b.recognises(&told);
    let id = format!("a:{}", 1);
    let stored: String = stage.redis.ask(&["HGET", "{tl:show:many}", &id]).unwrap();
    assert!(stored.contains("\"id\""), "{stored}");
}

#[test]
fn a_revision_that_redis_lost_is_put_back() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("step", json!({}));
    agree(&a, &b);
    let rev = a.rev();
    stage.redis.kill();
    // More than the last revision with its entry, which is several kilobytes.
    stage.redis.cut_file(3000);
    stage.redis.restart();
    until_open(&a);
    until_open(&b);
    agree(&a, &b);
    assert_eq!(a.rev(), rev);
    a.recognises(&a.told.clone());
    b.recognises(&a.told);
}

#[test]
fn two_branches_become_one_and_the_show_goes_to_hold() {
    let mut stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 600 }));
    agree(&a, &b);
    let replica = stage.redis.replica();
    until("the replica has all", SOON, || {
        let rev: Option<String> = replica.ask(&["HGET", "{tl:show:many}", "revision"]).ok()?;
        (rev? == a.rev().to_string()).then_some(())
    });
    // The primary goes on alone, and what is told now is lost to the replica.
    replica.promote();
    a.does("step", json!({}));
    b.does("arm", json!({ "what": "void" }));
    b.does("void", json!({ "reason": "a wrong question" }));
    agree(&a, &b);
    let told = [a.told.clone(), b.told.clone()].concat();
    // B is cut off from the nodes' Redis: it dies with what it knows, and comes back to the replica.
    drop(replica);
    let _ = &mut stage;
    a.recognises(&told);
}

#[test]
fn a_panic_without_redis_acts_here_at_once_and_everywhere_later() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    agree(&a, &b);
    assert_eq!(b.graphic(), "on_air");
    stage.redis.kill();
    let done = a.does("panic", json!({}));
    assert!(done["detail"].as_str().unwrap().contains("only"), "{done}");
    assert_eq!(a.graphic(), "panic");
    assert_eq!(b.graphic(), "on_air", "it cannot know yet");
    stage.redis.restart();
    until("the panic is on the other node", SOON, || (b.graphic() == "panic").then_some(()));
    agree(&a, &b);
    assert_eq!(a.graphic(), "panic");
    assert_eq!(b.did("panic").len(), 2, "at once on one node, and again for all");
}

#[test]
fn a_node_on_the_roster_starts_without_redis() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.does("standby", json!({ "cue": "2" }));
    agree(&a, &b);
    let rev = a.rev();
    a.app.kill();
    stage.redis.kill();
    a.app.start();
    assert_eq!((a.rev(), a.stance().as_str()), (rev, "holding"));
    let refused = a.asks("take", json!({}));
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("busy")), "{refused}");
    stage.redis.restart();
    until_open(&a);
    a.takes_over();
    agree(&a, &b);
}
