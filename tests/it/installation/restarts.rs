//! A node goes away in the middle of a window and comes back, with Redis there and without it.

use std::thread;

use serde_json::json;

use super::{
    ledger::{Ledger, OUTAGE},
    remains::Remains,
    stage::{A, B, Stage, pulled_everywhere, pulls, refuses},
};
use crate::{
    books::show::{counts, live},
    support::{SOON, until},
};

#[test]
fn a_node_is_killed_and_comes_back() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    for part in [4, 2] {
        let votes = stage.part(part);
        stage.fidgets_until(votes, |mut scene| {
            scene.nodes[A].kill();
            // The other one goes on.
            counts(scene.nodes[B].address(), votes + votes / 4);
            scene.nodes[A].start();
            scene.is_ready(A);
            scene.heals();
        });
    }
    stage.close();
    stage.conclude("kill -9 of a node, twice", audience);
}

#[test]
fn a_node_stands_still_and_goes_on() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(4);
    stage.fidgets_until(votes, |mut scene| {
        scene.nodes[A].process().signal(libc::SIGSTOP);
        // The other one goes on.
        counts(scene.nodes[B].address(), votes + votes / 4);
        thread::sleep(OUTAGE);
        scene.nodes[A].process().signal(libc::SIGCONT);
        scene.is_ready(A);
        scene.heals();
    });
    stage.close();
    stage.conclude("a node that stood still", audience);
}

#[test]
fn a_node_and_redis_are_killed_and_the_node_starts_without_redis() {
    let mut ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(3);
    let (told, remains) = stage.fidgets_until(votes, |mut scene| {
        let (told, run) = (scene.tells(votes), scene.definition());
        let away = || {
            let (nodes, producers) = (&mut *scene.nodes, &mut *scene.producers);
            nodes[A].kill();
            refuses(&mut producers[B]);
            nodes[A].start();
            let a = nodes[A].address();
            until("the node shows the show that it last had", SOON, || {
                (live(a)["show"]["run"]["phase"] == "open").then_some(())
            });
            pulls(nodes, producers, A);
            let refused = producers[A].asks("hold", json!({})).expect("there is an answer");
            assert_eq!(refused["ok"], false, "{refused}");
            let health = nodes[A].get("/health").json();
            assert_eq!(health["checks"]["journal:state"][0]["observedValue"], "holding", "{health}");
        };
        let remains = ledger.dies(away, None, |redis| Remains::of(redis, &run));
        scene.is_ready(A);
        scene.heals();
        pulled_everywhere(scene.nodes);
        (told, remains)
    });
    stage.close();
    let book = stage.conclude("kill -9 of a node and of Redis", audience);
    assert!(book.with("held") > 0, "{:?}", book.receipts());
    remains.are_all(&book, told);
}
