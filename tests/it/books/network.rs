//! The network between the audience and the node breaks, in every way that the fault proxy knows.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{audience::Crowd, stage::Stage};
use crate::support::proxy::{FaultProxy, Faults};

const CROWD: Crowd = Crowd { voters: 2000, votes: 3, per_second: 900 };
/// How long each fault lasts.
const EACH: Duration = Duration::from_millis(700);

type Break = fn(&mut Faults);

/// What breaks, one after another, while ballots are cast.
const BREAKS: [(&str, Break); 6] = [
    ("latency", |faults| {
        faults.to_server.latency = Some(Duration::from_millis(150));
        faults.to_client.latency = Some(Duration::from_millis(250));
    }),
    ("a thin line", |faults| {
        faults.to_server.bandwidth = Some(400);
        faults.to_client.bandwidth = Some(2000);
    }),
    ("answers that do not arrive", |faults| faults.to_client.timeout = Some(Duration::ZERO)),
    ("ballots that do not arrive, until the connection is given up", |faults| {
        faults.to_server.timeout = Some(Duration::from_millis(500));
    }),
    ("resets", |faults| faults.reset_peer = Some(Duration::from_millis(200))),
    ("nothing at all", |faults| faults.down = true),
];

#[test]
fn the_network_breaks_in_every_way() {
    let mut stage = Stage::set(CROWD, |app| app);
    let proxy = FaultProxy::start(stage.app.address());
    let audience = stage.open("1", proxy.address());
    for (n, (_, breaks)) in (1..).zip(BREAKS) {
        // What got through while the last fault lasted counts, so this may be there at once.
        stage.counts((CROWD.counted() * n / 8).min(CROWD.counted()));
        let began = Instant::now();
        proxy.faults(breaks);
        thread::sleep(EACH.saturating_sub(began.elapsed()));
        proxy.heal();
        stage.healed();
    }
    stage.counts_all();
    stage.close();
    let book = stage.conclude("network", audience);
    let broken = book.closings("broken") + book.closings("unreachable");
    assert!(broken >= u64::from(CROWD.connections()), "{broken} connections broke: {}", book.summary);
}
