//! The network between one node and Redis breaks, and the other node goes on.

use std::{thread, time::Duration};

use super::{
    ledger::{Ledger, OUTAGE},
    stage::{A, B, Stage, refuses},
};
use crate::{books::show::counts, support::proxy::Faults};

/// Breaks the way of one node. `cut`: nothing gets through at all.
fn breaks(fault: &str, cut: bool, breaks: impl FnOnce(&mut Faults) + Send + 'static) {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(4);
    stage.fidgets_until(votes, |mut scene| {
        ledger.ways[A].faults(breaks);
        let b = scene.nodes[B].address();
        // The other one goes on, for its own voters.
        counts(b, votes + votes / 4);
        if cut {
            refuses(&mut scene.producers[A]);
        }
        thread::sleep(OUTAGE);
        ledger.ways[A].heal();
        scene.heals();
    });
    stage.close();
    let book = stage.conclude(fault, audience);
    if cut {
        assert!(book.with("held") > 0, "{:?}", book.receipts());
    }
}

#[test]
fn a_node_is_cut_off_from_redis() {
    breaks("a node is cut off from Redis", true, |faults| faults.down = true);
}

#[test]
fn a_node_hears_nothing_of_redis_any_more() {
    breaks("answers of Redis do not arrive", true, |faults| faults.to_client.timeout = Some(Duration::ZERO));
}

#[test]
fn redis_is_far_away_from_one_node() {
    breaks("300 ms between a node and Redis", false, |faults| {
        faults.to_server.latency = Some(Duration::from_millis(150));
        faults.to_client.latency = Some(Duration::from_millis(150));
    });
}

#[test]
fn the_connections_of_one_node_to_redis_are_reset() {
    breaks("connections to Redis are reset", false, |faults| faults.reset_peer = Some(Duration::from_millis(200)));
}
