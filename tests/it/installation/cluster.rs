//! A cluster of Redis servers under two nodes: slots of the run move while ballots are cast.

use std::net::SocketAddr;

use super::stage::{B, Stage};
use crate::{
    books::show::metric,
    support::{SOON, redis::RedisCluster, until},
};

/// Buckets of which the slot moves.
const MOVED: u16 = 4;
/// Moves a key's slot, and stops half-way until a server has sent nodes to the other one, or told them to come
/// again, and so many ballots were counted on one of them meanwhile.
fn moves(cluster: &RedisCluster, key: &str, node: SocketAddr, ballots: u64) {
    let (from, slot) = cluster.owner(key);
    let to = (from + 1) % cluster.servers.len();
    // Not the public result: it stands still while a bucket is put together again.
    let told = || metric(node, "receipts_total{answer=\"counted\",reason=\"none\"}");
    let mut half = false;
    cluster.migrate_stepwise(slot, from, to, || {
        let (left, moved) = (cluster.keys(from, slot), cluster.keys(to, slot));
        if half || moved < left {
            return;
        }
        half = true;
        let (sent_before, counted) = (cluster.sent_away(), told());
        until("nodes are sent away, and ballots go on", SOON, || {
            (cluster.sent_away() > sent_before && told() >= counted + ballots).then_some(())
        });
        let now = (cluster.keys(from, slot), cluster.keys(to, slot));
        println!("{key}: {left} keys here, {moved} there, sent away {} times", cluster.sent_away() - sent_before);
        assert_eq!(now, (left, moved), "a slot that is half moved has the keys that it had");
    });
    assert!(half, "the slot was never half moved: this test proved nothing");
}

#[test]
fn slots_of_the_run_move_under_load() {
    let cluster = RedisCluster::start(3);
    let urls = cluster.urls().join(",");
    let mut stage = Stage::set(&[urls.clone(), urls]);
    let audience = stage.open();
    let votes = stage.part(10);
    stage.fidgets_until(votes, |mut scene| {
        let (run, node) = (scene.definition().run, scene.nodes[B].address());
        for bucket in 0..MOVED {
            moves(&cluster, &format!("{{tl:{run}:{bucket}}}:meta"), node, votes / 40);
        }
        // The show's own.
        moves(&cluster, "{tl:show:faults}", node, votes / 40);
        scene.heals();
    });
    stage.close();
    stage.conclude("five slots move", audience);
}
