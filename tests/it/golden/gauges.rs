//! The figures that the studio page shows: of one node, and of two.

use tallylight::{
    base::ids::{JournalId, NodeId},
    wire::{
        client::Output,
        gauge::*,
        seal::{Part, PartCount},
    },
};

use super::{AT, NODE, RUN};

pub fn gauge() -> Gauge {
    let run = RunGauge {
        run: RUN,
        counted: 3,
        superseded: 0,
        rate: 1,
        late: 2,
        late_would_change_order: true,
        outstanding: 0,
        margin: 1,
        decisive: false,
        by_part: vec![PartCount {
            of: Part::Pool,
            name: "jury".into(),
            counted: 1,
            votes: vec![0, 1],
            carried: vec![],
        }],
        hidden: false,
    };
    let screen = ScreenView {
        name: "results in OBS".into(),
        host: "obs".into(),
        graphic: "results".into(),
        visible: true,
        active: false,
        rev: 17,
        fps: 50,
        at: AT,
        output: Output::Program,
        run: Some(RUN),
        state: ScreenState::Behind,
    };
    let stale = vec!["results in OBS".to_owned()];
    let tally = ScreenTally { program: false, preview: true, graphic: GraphicTally::Coming, ok: 0, stale };
    let node = NodeGauge {
        node: NODE,
        journal: JournalId(7),
        stance: "open".into(),
        fsync_us: 850,
        disk_free_mb: 20_480,
        clock_ok: true,
    };
    Gauge { now: AT, viewers: 1200, run: Some(run), screens: vec![screen], tally, node, nodes: Vec::new(), redis: None }
}

/// The same where two nodes serve the show and Redis is away.
pub fn gauge_of_many() -> Gauge {
    let line = |node, held| NodeLine { node, stance: "holding".into(), viewers: 600, held, rev: 17, clock_ok: true };
    let (ok, detail) = (false, "Redis is not reached: connection refused".to_owned());
    let redis = RedisGauge { ok, round_trip_us: 240, down_since: Some(AT), detail, buckets_away: 0 };
    Gauge { nodes: vec![line(NODE, 3), line(NodeId(9), 0)], redis: Some(redis), ..gauge() }
}
