//! The server's time, which all processes of a rehearsal keep, on whichever machine they are.

use anyhow::{Context as _, Result};
use tallylight::base::clock::{Clock, Micros};

use super::http::{Ask, Http};

/// Looks at the server's clock: the one with the shortest way counts.
const LOOKS: usize = 8;
/// A smaller difference is that of two looks at one clock: the answer is in whole milliseconds.
const SAME_CLOCK_US: i64 = 2000;

/// A clock that shows the server's time.
pub async fn of_server(http: &mut Http) -> Result<Clock> {
    let clock = Clock::start();
    let mut best: Option<(i64, i64)> = None;
    for _ in 0..LOOKS {
        let asked = clock.now();
        let path = format!("/api/v1/time?t0={}", asked.as_ms());
        let reply = http.ask(Ask { path: &path, ..Ask::default() }).await.context("the node does not answer")?.json();
        let answered = clock.now();
        let [t1, t2] = ["t1", "t2"].map(|name| reply[name].as_i64());
        let (t1, t2) = t1.zip(t2).context("the node does not tell its time")?;
        let [t0, t3] = [asked, answered].map(|at| i64::try_from(at.0).unwrap_or(i64::MAX));
        // The server's milliseconds are cut off: half a one is missing on the average.
        let offset = ((t1 * 1000 - t0) + (t2 * 1000 - t3)) / 2 + 500;
        let way = (t3 - t0) - (t2 - t1) * 1000;
        if best.is_none_or(|(shortest, _)| way < shortest) {
            best = Some((way, offset));
        }
    }
    if let Some((_, offset)) = best.filter(|(_, offset)| offset.abs() > SAME_CLOCK_US) {
        clock.set_before_anything_is_shown(offset, Micros(0));
    }
    Ok(clock)
}
