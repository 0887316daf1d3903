//! Writes what the clock did into the as-run log: openings, closes and locks that nobody had to execute.

use std::{collections::HashSet, sync::Arc};

use super::{asrun, desk, desk::Desk, services::Services};
use crate::base::limits;

/// Runs until the process stops. What the disk does not take is offered to it again.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>) {
    let stop = services.tasks.stop().clone();
    let mut written = HashSet::new();
    loop {
        let wait = if write(&desk, &services, &mut written).await { limits::TICK } else { limits::STORE_RETRY };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Writes what is due and not `written`. `false`: the disk did not take it.
async fn write(desk: &Desk, services: &Services, written: &mut HashSet<String>) -> bool {
    let (document, now) = (desk.document(), services.clock.now());
    let due: Vec<_> = document.runs.iter().flat_map(|run| asrun::of_clock(run, now)).collect();
    let fresh: Vec<_> = due.iter().filter(|entry| !written.contains(&entry.id)).cloned().collect();
    if !fresh.is_empty() && !desk::log(desk, services, fresh).await {
        return false;
    }
    // Only what may be due again is remembered: runs that have left the desk are not.
    *written = due.into_iter().map(|entry| entry.id).collect();
    true
}
