//! `measure` against the audience tests' small node, which speaks docs/WIRE.md from another thread.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use serde_json::json;
use tallylight::base::tasks::{Tasks, thread};

use super::*;
use crate::audience::tests::{Honesty, listen};

/// Runs a node while `work` measures it.
fn with_node(work: impl FnOnce(NodeAddress) -> Map<String, Value>) -> Map<String, Value> {
    let (tell, told) = mpsc::sync_channel(1);
    let tasks = Tasks::default();
    let served = tasks.clone();
    let node = thread("node", move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tell.send(listen(&served, &Arc::default(), Honesty::Steady).await).unwrap();
            served.stop().cancelled().await;
        });
    });
    let report = work(told.recv_timeout(Duration::from_secs(10)).unwrap());
    tasks.stop().cancel();
    node.unwrap().join().unwrap();
    report
}

fn args(work: Kind, url: NodeAddress) -> Args {
    Args {
        work,
        url,
        show: "s".to_owned(),
        floor: false,
        entries: Vec::new(),
        connections: 20,
        in_flight: 1,
        ballots_per_connection: 3,
        pace: 200.0,
        burst: 2,
        votes_per_second: 200.0,
        warm_up: 0.0,
        seconds: 10.0,
        rounds: 1,
        rate: 0.0,
        ballots: 0,
        opening: 256,
        pid: std::process::id(),
        beside: Vec::new(),
    }
}

#[test]
fn every_ballot_is_answered_once_and_the_budget_is_told_apart() {
    let report = with_node(|url| measure(&args(Kind::Votes, url)).unwrap());
    assert_eq!(report["replies"], json!({"counted": 20, "refused(budget)": 40}), "{report:#?}");
    assert_eq!(
        (&report["operations"], &report["latency"]["n"], &report["closed"]),
        (&json!(60), &json!(60), &json!(0))
    );
    // It ends with the last receipt, and the third ballot had to wait for the pace: a burst of 2, then 200 a second.
    assert!((0.004..5.0).contains(&report["seconds"].as_f64().unwrap()), "{report:#?}");
}

#[test]
fn idle_connections_are_joined_and_the_trickle_is_answered() {
    let idle = with_node(|url| measure(&Args { seconds: 0.05, ..args(Kind::Idle, url) }).unwrap());
    assert_eq!((&idle["operations"], &idle["closed"]), (&json!(0), &json!(0)));
    let fanout = with_node(|url| measure(&Args { seconds: 0.3, ..args(Kind::Fanout, url) }).unwrap());
    assert!(fanout["receipts"].as_u64() > Some(5), "{fanout:#?}");
    assert_eq!(fanout["operations"], 0);
}
