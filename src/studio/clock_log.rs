//! Writes what the clock did into the as-run log: openings, closes and locks that nobody had to execute.

use std::{collections::HashSet, sync::Arc};

use super::{asrun, desk, desk::Desk, services::Services};
use crate::{
    base::{clock::Micros, limits},
    reactions::tally::Seen,
    shows::run::Run,
    wire::server::AsRunEntry,
};

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

/// What the clock has done to a run until now. Where it was tapped, its end says what was tapped, as this node knows it once
/// the others had the time to tell.
fn of_clock(desk: &Desk, run: &Run, now: Micros) -> Vec<AsRunEntry> {
    let mut entries: Vec<_> = asrun::of_clock(run, now).collect();
    let Some(tally) = desk.reactions.of(run.id()) else { return entries };
    entries.retain(|entry| entry.what != "locked" || Micros::from_ms(entry.at).plus_ms(limits::STATUS_AGE_MS) <= now);
    if run.is_open_to_operators() {
        let Seen { counts, pace } = tally.seen(now);
        let each =
            run.definition.interaction.options.iter().zip(counts).map(|(label, count)| format!("{label} {count}"));
        let note = format!("{}; at most {} a second", each.collect::<Vec<_>>().join(", "), pace.highest);
        entries.iter_mut().filter(|entry| entry.what == "locked").for_each(|entry| entry.note.clone_from(&note));
    }
    entries
}

/// Writes what is due and not `written`. `false`: the disk did not take it.
async fn write(desk: &Desk, services: &Services, written: &mut HashSet<String>) -> bool {
    let (document, now) = (desk.document(), services.clock.now());
    let due: Vec<_> = document.runs.iter().flat_map(|run| of_clock(desk, run, now)).collect();
    let fresh: Vec<_> = due.iter().filter(|entry| !written.contains(&entry.id)).cloned().collect();
    if !fresh.is_empty() && !desk::log(desk, services, fresh).await {
        return false;
    }
    // Only what may be due again is remembered: runs that have left the desk are not.
    *written = due.into_iter().map(|entry| entry.id).collect();
    true
}
