//! The demo's audience: real viewers over real connections, with a taste of their own.

use std::sync::Arc;

use fastrand::Rng;

use crate::{
    app::App,
    base::{clock::Clock, ids::ShowId},
    viewer::{
        behaviour::Once,
        viewer::{Setup, Viewer},
    },
    wire::server::RunView,
};

/// One in this many only watches.
const WATCHER_ONE_IN: u32 = 8;
/// Nobody thinks longer than this, in milliseconds.
const THINK_MS_MAX: u64 = 14_000;

/// Starts the viewers; they end with the process.
///
/// # Errors
/// The node's own address cannot be read.
pub fn start(app: &App, show: &ShowId, viewers: usize) -> anyhow::Result<()> {
    let node = format!("http://{}", app.address).parse()?;
    let (nodes, show, clock) = (Arc::from([node]), Arc::from(show.as_str()), Arc::new(Clock::start()));
    let tasks = &app.doors.services.tasks;
    for number in 0..viewers {
        let setup = Setup {
            nodes: Arc::clone(&nodes),
            node: 0,
            show: Arc::clone(&show),
            origin: None,
            source: None,
            device: None,
            skip_results: true,
            seed: number as u64,
        };
        let viewer = Viewer::new(setup, clock.clone(), Once::new(choose));
        let stop = tasks.stop().clone();
        tasks.spawn(async move {
            viewer.run(&stop).await;
        });
    }
    Ok(())
}

/// Most answer early, a few at the last moment, some never. Earlier options are a little more popular, so that there is
/// something to see.
fn choose(run: &RunView, rng: &mut Rng) -> Option<(u64, Vec<u16>)> {
    if run.options.is_empty() || rng.u32(..WATCHER_ONE_IN) == 0 {
        return None;
    }
    let think_ms = rng.u64(400..THINK_MS_MAX).min(rng.u64(400..THINK_MS_MAX));
    let options = run.options.len();
    let pick = |rng: &mut Rng| run.options[rng.usize(..options).min(rng.usize(..options))].n;
    let favourite = usize::try_from(run.id.0 % options as u64).unwrap_or(0);
    let most = usize::from(run.per_option.unwrap_or(run.votes));
    let mut picks = Vec::new();
    while picks.len() < usize::from(run.votes) {
        let n = if rng.bool() { run.options[favourite].n } else { pick(rng) };
        if picks.iter().filter(|other| **other == n).count() < most {
            picks.push(n);
        }
    }
    Some((think_ms, picks))
}
