//! Redis dies, loses its newest writes, or loses everything, while ballots are cast on both nodes.

use std::{thread, time::Duration};

use super::{
    ledger::Ledger,
    stage::{A, B, Stage, pulled_everywhere, pulls, refuses},
};
use crate::{ballots::show::counts, support::redis::RedisServer};

/// Kills Redis; both nodes hold ballots, refuse commands and still pull what is urgent; then `revive` brings it back.
fn dies(fault: &str, revive: impl FnOnce(&mut RedisServer)) {
    let mut ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(3);
    stage.fidgets_until(votes, |(nodes, producers)| {
        ledger.dies(|| {
            refuses(&mut producers[A]);
            refuses(&mut producers[B]);
            pulls(nodes, producers, B);
        });
        revive(&mut ledger.redis);
        pulled_everywhere(nodes);
    });
    stage.close();
    let book = stage.conclude(fault, audience);
    assert!(book.with("held") > 0, "{:?}", book.receipts());
}

#[test]
fn redis_is_killed_and_comes_back() {
    dies("kill -9 of Redis", RedisServer::restart);
}

#[test]
fn redis_comes_back_without_its_newest_writes() {
    dies("the tail of Redis's file is cut", |redis| {
        // Some tens of batches with their verdicts, and some revisions of the show.
        redis.cut_file(50_000);
        redis.restart();
    });
}

#[test]
fn a_replica_takes_over_that_misses_the_newest_writes() {
    let mut ledger = Ledger::start();
    let replica = ledger.redis.replica();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(4);
    stage.fidgets_until(votes, |(nodes, producers)| {
        ledger.fail_over(replica, || {
            // What is told now the replica never hears of.
            counts(nodes[B].address(), votes * 2);
            producers[A].does("control", serde_json::json!({ "action": "take_over" }));
        });
        thread::sleep(Duration::from_secs(1));
    });
    stage.close();
    stage.conclude("failover to a replica that misses a quarter", audience);
}

#[test]
fn redis_is_wiped() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    for part in [4, 2] {
        let votes = stage.part(part);
        stage.fidgets_until(votes, |_| {
            ledger.redis.tell(&["FLUSHALL"]);
            thread::sleep(Duration::from_secs(1));
        });
    }
    stage.close();
    stage.conclude("FLUSHALL, twice", audience);
}
