//! A cluster of Redis servers under two nodes: slots of the run move, and a primary dies, while ballots are cast.

use std::{net::SocketAddr, time::Instant};

use tallylight::shows::run::Definition;

use super::stage::{B, Stage};
use crate::{
    books::show::{SHOW, metric},
    support::{
        SOON,
        redis::{RedisCluster, RedisServer},
        until,
    },
};

/// Buckets of which the slot moves.
const MOVED: u16 = 4;
/// Moves a key's slot, and stops half-way until a server has sent nodes to the other one, or told them to come
/// again, and so many ballots were counted on one of them meanwhile.
fn moves(cluster: &RedisCluster, key: &str, node: SocketAddr, ballots: u64) {
    let (from, slot) = cluster.owner(key);
    let to = cluster.primary_after(from);
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

/// Two nodes on the cluster, and an audience that still votes when a server has come back and the last slot has moved.
fn set(cluster: &RedisCluster) -> Stage {
    let urls = cluster.urls().join(",");
    let mut stage = Stage::set(&[urls.clone(), urls]);
    stage.crowd.per_second /= 4;
    stage
}

#[test]
fn slots_of_the_run_move_under_load() {
    let cluster = RedisCluster::start(3);
    let mut stage = set(&cluster);
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

/// What a server has of a run and its show: how many ballots it counts in its buckets, and the show's revision.
fn remains(server: &RedisServer, run: &Definition, buckets: &[u16]) -> (u64, u64) {
    let counted = buckets.iter().map(|bucket| {
        let meta = format!("{{tl:{}:{bucket}}}:meta", run.run);
        let totals: Vec<u8> = server.ask_replica(&["HGET", &meta, "totals"]).unwrap();
        // Seven bytes of the version, then as many of what is counted.
        totals[7..14].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    });
    (counted.sum(), server.ask_replica(&["HGET", &format!("{{tl:show:{SHOW}}}"), "revision"]).unwrap())
}

#[test]
fn a_primary_dies_its_replica_misses_the_newest_writes_and_slots_move_on() {
    let mut cluster = RedisCluster::start_with_replicas(3);
    let mut stage = set(&cluster);
    let audience = stage.open();
    let votes = stage.part(6);
    let show = format!("{{tl:show:{SHOW}}}");
    stage.fidgets_until(votes, |mut scene| {
        let (run, node) = (scene.definition(), scene.nodes[B].address());
        let meta = |bucket: u16| format!("{{tl:{}:{bucket}}}:meta", run.run);
        // The one that has the show itself, and the clock of all nodes.
        let dies = cluster.owner(&show).0;
        let buckets: Vec<_> = (0..run.buckets).filter(|bucket| cluster.owner(&meta(*bucket)).0 == dies).collect();
        assert!(!buckets.is_empty(), "the primary that dies has no bucket of the run: this test proves nothing");
        let (mut told, mut had, mut died) = (0, (0, 0), Instant::now());
        let has = cluster.fail_over(
            dies,
            |cluster| {
                told = scene.tells(votes * 2);
                had = remains(&cluster.servers[dies], &run, &buckets);
                died = Instant::now();
            },
            |replica| remains(replica, &run, &buckets),
        );
        println!(
            "{} buckets fail over in {} ms, of (counted, revision) {had:?} {has:?} are left",
            buckets.len(),
            died.elapsed().as_millis()
        );
        assert!(has.0 < had.0 && has.1 < told, "nothing was lost: this test proved nothing");
        scene.heals();
        scene.tells(votes * 3);
        // The old one comes back as a replica, and gives up what the others never had of it.
        cluster.servers[dies].restart();
        until("it is a replica", SOON, || (cluster.servers[dies].info("role") == "slave").then_some(()));
        cluster.servers[dies].is_linked();
        assert_ne!(cluster.owner(&show).0, dies);
        moves(&cluster, &meta(buckets[0]), node, votes / 40);
        moves(&cluster, &show, node, votes / 40);
        scene.heals();
    });
    stage.close();
    let book = stage.conclude("failover in a cluster, then two slots move", audience);
    assert!(book.with("held") > 0, "{:?}", book.receipts());
}
