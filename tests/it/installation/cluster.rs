//! A cluster of Redis servers under two nodes: slots of the run move while ballots are cast.

use std::{thread, time::Duration};

use super::stage::Stage;
use crate::support::redis::RedisCluster;

/// Buckets of which the slot moves.
const MOVED: u16 = 4;

#[test]
fn slots_of_the_run_move_under_load() {
    let cluster = RedisCluster::start(3);
    let urls = cluster.urls().join(",");
    let mut stage = Stage::set(&[urls.clone(), urls]);
    let audience = stage.open();
    let votes = stage.part(4);
    let run = stage.live(0)["show"]["run"]["id"].as_str().expect("a run is on").to_owned();
    stage.fidgets_until(votes, |_| {
        for bucket in 0..MOVED {
            let (from, slot) = cluster.owner(&format!("{{tl:{run}:{bucket}}}:meta"));
            cluster.migrate(slot, from, (from + 1) % 3, Duration::from_millis(20));
        }
        // The show's own.
        let (from, slot) = cluster.owner("{tl:show:faults}");
        cluster.migrate(slot, from, (from + 1) % 3, Duration::from_millis(20));
        thread::sleep(Duration::from_millis(500));
    });
    stage.close();
    stage.conclude("five slots move", audience);
}
