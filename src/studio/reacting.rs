//! What viewers tap, among several nodes: each process tells its own sum of the run on program, and learns the others'.
//! The newest word counts, so one that is lost is made good by the next; that of a process that died stays.

use std::sync::Arc;

use super::{desk::Desk, services::Services};
use crate::{
    base::limits,
    providers::store::shared::SharedStore,
    reactions::tally::{Tally, Told},
};

/// Runs until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>, shared: Arc<SharedStore>) {
    let stop = services.tasks.stop().clone();
    let (mut told, mut is_stopped) = (None, false);
    while !desk.is_erased() {
        if let Some(tally) = desk.reactions.current() {
            tell(&desk, &services, &shared, &tally, &mut told).await;
        }
        if is_stopped {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(limits::REACTIONS_EVERY) => {}
            // Once more, so that the others have all of it.
            () = stop.cancelled() => is_stopped = true,
        }
    }
}

/// Tells what is news, and learns what the others told.
async fn tell(
    desk: &Desk,
    services: &Services,
    shared: &SharedStore,
    tally: &Tally,
    told: &mut Option<(crate::base::ids::RunId, Told)>,
) {
    let now = services.clock.now();
    let own = tally.told(now);
    let json = serde_json::to_string(&own).expect("a sum is plain data");
    let is_news = told.as_ref() != Some(&(tally.run, own.clone()));
    let Ok(all) = shared.tell_reactions(&desk.show, tally.run, services.journal, is_news.then_some(&json)).await else {
        // Redis may come back with nothing.
        *told = None;
        return;
    };
    *told = Some((tally.run, own));
    let mut is_kept = false;
    for (process, json) in all {
        if process == services.journal {
            is_kept = true;
        } else if let Ok(other) = serde_json::from_str(&json) {
            tally.learn(process, other, services.clock.now());
        }
    }
    if !is_kept {
        *told = None;
    }
}
