//! What Redis does to the control state, and what the nodes make of it: what operators were told stays so.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::stage::{Stage, agree};
use crate::{
    books::show::metric,
    support::{SOON, redis::RedisCluster, until},
};

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
    let health = a.app.get("/health").json();
    let said = [
        &health["status"],
        &health["checks"]["redis:state"][0]["status"],
        &health["checks"]["journal:state"][0]["status"],
    ];
    assert_eq!(said, ["warn"; 3], "{health}");
    stage.redis.restart();
    until_open(&a);
    until_open(&b);
    b.does("standby", json!({ "cue": "3" }));
    agree(&a, &b);
    let told = [a.told.clone(), b.told.clone()].concat();
    a.recognises(&told);
    b.recognises(&told);
}

#[test]
fn a_wiped_redis_gets_everything_back() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    for cue in ["1", "2", "3"] {
        a.does("standby", json!({ "cue": cue }));
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
    agree(&a, &b);
    let before = stage.redis.file_bytes();
    a.does("take", json!({}));
    a.does("step", json!({}));
    agree(&a, &b);
    let rev = a.rev();
    stage.redis.kill();
    stage.redis.cut_file_to(before);
    stage.redis.restart();
    let held: u64 = stage.redis.ask(&["HGET", "{tl:show:many}", "revision"]).unwrap();
    println!("Redis came back with revision {held} of {rev}");
    until("one of the nodes has put it back", SOON, || {
        let says = |line: &String| line.contains("was put back");
        [&a, &b].iter().any(|node| node.app.process().lines().iter().any(says)).then_some(())
    });
    until("Redis has it again", SOON, || {
        let held: u64 = stage.redis.ask(&["HGET", "{tl:show:many}", "revision"]).ok()?;
        (held == rev).then_some(())
    });
    agree(&a, &b);
    assert_eq!(a.rev(), rev);
    a.recognises(&a.told.clone());
    b.recognises(&a.told);
}

#[test]
fn two_branches_become_one_and_the_show_goes_to_hold() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 600 }));
    agree(&a, &b);
    // A goes on alone, is told so, and is cut off; Redis forgets it all; B comes back first and goes on, too.
    b.app.kill();
    let parted = a.rev();
    a.does("step", json!({}));
    a.does("freeze", json!({}));
    a.app.kill();
    stage.redis.tell(&["FLUSHALL"]);
    b.app.start();
    until_open(&b);
    b.takes_over();
    assert_eq!(b.document()["graphic"]["step"], 0, "B knows nothing of A's step");
    assert!(b.rev() > parted);
    a.app.start();
    let joined = until("the branches are joined", SOON, || b.did("joined").pop());
    let note = joined["note"].as_str().unwrap();
    assert!(note.starts_with("incident: ") && note.contains("step (") && note.contains("freeze ("), "{note}");
    agree(&a, &b);
    let document = b.document();
    assert_eq!((&document["graphic"]["step"], &document["graphic"]["frozen"]), (&json!(0), &json!(true)));
    assert!(document["runs"][0]["hold"]["left_ms"].as_u64().unwrap() > 500_000, "{document}");
    let told = [a.told.clone(), b.told.clone()].concat();
    a.recognises(&told);
    b.recognises(&told);
    until_open(&a);
    a.takes_over();
    a.does("release", json!({}));
    agree(&a, &b);
}

#[test]
fn a_panic_without_redis_acts_here_at_once_and_everywhere_later() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    agree(&a, &b);
    b.graphic_is("on_air");
    stage.redis.kill();
    let done = a.does("panic", json!({}));
    assert!(done["detail"].as_str().unwrap().contains("only"), "{done}");
    a.graphic_is("panic");
    assert_eq!(b.graphic(), "on_air", "it cannot know yet");
    a.app.kill();
    a.app.start();
    // The start without Redis shows it, too.
    a.graphic_is("panic");
    stage.redis.restart();
    b.graphic_is("panic");
    agree(&a, &b);
    a.graphic_is("panic");
    assert_eq!(b.did("panic").len(), 2, "at once on one node, and again for all");
}

#[test]
fn a_node_on_the_roster_starts_without_redis() {
    let mut stage = Stage::new();
    let (mut a, b) = stage.two();
    a.does("standby", json!({ "cue": "2" }));
    agree(&a, &b);
    let rev = a.rev();
    let ahead = |node: &super::stage::Node| {
        let stored = rusqlite::Connection::open(node.app.data().join("documents.db")).ok()?;
        stored.query_row("SELECT text FROM notes", [], |row| row.get::<_, String>(0)).ok()
    };
    let noted = until("the clock's offset is noted", SOON, || ahead(&a));
    assert!(noted.parse::<i64>().unwrap().abs() < 50_000, "{noted}");
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

#[test]
fn a_redis_that_is_silent_does_nothing_late() {
    let stage = Stage::new();
    let (mut a, b) = stage.two();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    agree(&a, &b);
    let rev = a.rev();
    stage.redis.freeze();
    let refused = a.asks("step", json!({}));
    let answered = Instant::now();
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("busy")), "{refused}");
    until("ballots are held", SOON, || (a.stance() == "holding" && b.stance() == "holding").then_some(()));
    // The last moment of what was asked is a second after it, and it was asked before the answer.
    thread::sleep(Duration::from_millis(1200).saturating_sub(answered.elapsed()));
    stage.redis.thaw();
    until_open(&a);
    until_open(&b);
    agree(&a, &b);
    // What was asked for came to Redis after its last moment.
    assert_eq!(a.rev(), rev, "{:#?}", a.document());
}

#[test]
fn commands_go_on_while_the_slot_of_the_show_moves() {
    let stage = Stage::new();
    let cluster = RedisCluster::start(2);
    let urls = cluster.urls().join(",");
    let (mut a, b) = (stage.node_over(1, &urls), stage.node_over(2, &urls));
    a.takes_over();
    for key in ["{tl:show:many}", "{tl:clock}"] {
        let (from, slot) = cluster.owner(key);
        let mut moved = false;
        cluster.migrate_stepwise(slot, from, 1 - from, || {
            // Buckets of a run may happen to be in the same slot, and be moved first.
            moved = cluster.has(1 - from, slot, key);
            let sent_away = cluster.sent_away();
            for cue in ["1", "2", "3"] {
                a.does("standby", json!({ "cue": cue }));
            }
            let seen = || !moved || cluster.sent_away() > sent_away;
            until("nodes are sent to the other server", SOON, || seen().then_some(()));
        });
        assert!(moved, "{key} was not there to be moved");
    }
    agree(&a, &b);
    b.recognises(&a.told);
}

#[test]
fn a_part_of_a_cluster_is_away_and_the_node_says_so_until_it_is_back() {
    let stage = Stage::new();
    let mut cluster = RedisCluster::start(3);
    let mut a = stage.node_over(1, &cluster.urls().join(","));
    a.does("standby", json!({ "cue": "1" }));
    let needed = ["{tl:show:many}", "{tl:clock}"].map(|key| cluster.owner(key).0);
    let gone = (0..3).find(|server| !needed.contains(server)).expect("one of three has neither");
    cluster.servers[gone].kill();
    let health = || a.app.get("/health").json();
    until("the node says that ballots wait", SOON, || {
        let health = health();
        let output = health["checks"]["redis:state"][0]["output"].as_str().unwrap_or_default();
        (health["status"] == "warn" && output.contains("buckets of ballots wait")).then_some(())
    });
    let tries = || metric(a.app.address(), "ledger_unreached_total");
    let before = tries();
    until("it has tried again and again", SOON, || (tries() > before + 100).then_some(()));
    let said = |what: &str| a.app.process().lines().iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        (said("the ledger is not reached"), said("the ledger is reached again")),
        (1, 0),
        "once for all buckets"
    );
    cluster.servers[gone].restart();
    until("all is well again", SOON, || (health()["status"] == "pass").then_some(()));
    assert!(said("the ledger is reached again") > 0);
}
