//! What a viewer says to have tapped, by whatever way it came. There is no receipt: it may be lost.

use super::{greeting::Viewer, socket::bad_message};
use crate::{
    base::{clock::Micros, ids::SessionId},
    shows::windows::Timeliness,
    studio::{desk::Desk, services::Services},
    wire::{client::React, server::Problem},
};

/// Counts what is more than the session has said before.
///
/// # Errors
/// It does not fit the run.
pub fn react(
    services: &Services,
    desk: &Desk,
    (viewer, session): (&Viewer, SessionId),
    react: &React,
    received: Micros,
) -> Result<(), Problem> {
    // Of any other run there is nothing to count: it is over, or not on yet.
    let Some(tally) = desk.reactions.of(react.run) else { return Ok(()) };
    if react.counts.len() != tally.options() {
        return Err(bad_message(format!("counts: this run has {} options, give a count for each", tally.options())));
    }
    let board = desk.board();
    let run = board.run(react.run).filter(|run| !run.void);
    let is_open = run.is_some_and(|run| run.windows.judge(received, viewer.number(run)) == Timeliness::Within);
    let added = tally.hear((viewer.voter, session), &react.counts, received, is_open);
    if added > 0 {
        services.metrics.reactions(added);
    }
    Ok(())
}
