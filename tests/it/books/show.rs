//! The show that is run in the tests of book-keeping: its file, and what a node says of it.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use serde_json::Value;

use crate::support::{http, until};

/// The id of the show.
pub const SHOW: &str = "faults";
/// How long an audience may take, on two slow cores that run other tests as well.
pub const CROWD: Duration = Duration::from_secs(120);

/// The file of a show of which every cue gives each voter so many votes.
pub fn file(votes: u32) -> String {
    let mut text = format!("show = \"{SHOW}\"\ntitle = \"Faults\"\n");
    for cue in ["1", "2"] {
        let _ = write!(
            text,
            "[[cue]]\nnumber = \"{cue}\"\nquestion = \"Who?\"\noptions = [\"Ada\", \"Grace\", \"Mary\", \"Radia\"]\n\
             votes = {votes}\ngrace_ms = 500\nviewers_see = \"always\"\n"
        );
    }
    text
}

/// What is on for viewers; null while the node does not answer.
pub fn live(node: SocketAddr) -> Value {
    let path = format!("/api/v1/shows/{SHOW}/live");
    http::try_request(node, "GET", &path, &[], b"").map_or(Value::Null, |reply| reply.json())
}

/// Waits until the public result counts so many votes.
pub fn counts(node: SocketAddr, votes: u64) {
    let what = format!("{votes} votes are counted");
    until(&what, CROWD, || (live(node)["results"]["total"].as_u64()? >= votes).then_some(()));
}

/// A metric's value, without the name's beginning; 0 if it is not there.
pub fn metric(node: SocketAddr, name: &str) -> u64 {
    try_metric(node, name).expect("the node is there")
}

/// As [`metric`], of a node that may be gone.
pub fn try_metric(node: SocketAddr, name: &str) -> Option<u64> {
    let reply = http::try_request(node, "GET", "/metrics", &[], b"").ok()?;
    let text = reply.text();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("tallylight_{name} ")));
    Some(value.map_or(0, |value| value.parse().expect("this metric is a whole number")))
}
