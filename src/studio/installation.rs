//! This node among the others: it follows the installation's clock, opens the desks of shows that others made, and holds
//! ballots while it does not know enough to judge them.

use std::sync::{Arc, atomic::Ordering};

use super::{desks::Desks, services::Services};
use crate::{
    base::{
        clock::{Clock, Micros},
        ids::ShowId,
        limits,
        sync::Sync,
    },
    erasure,
    providers::store::{
        Store, StoredShow, erased,
        shared::{Known, SharedStore},
    },
    shows::document::Document,
};

/// The note that keeps how far the installation's clock was ahead of the system's, for a start without Redis.
const OFFSET_NOTE: &str = "clock.ahead_of_system_us";
/// The note is written again when the clocks have moved by more.
const OFFSET_MOVED_US: u64 = 5000;
/// Samples that a start waits for.
const SAMPLES_AT_START: usize = 3;

/// Sets the clock before anybody has seen it: from Redis, or else as far from the system clock as it was the last time.
/// Never before `shown`.
pub async fn set_clock(clock: &Clock, shared: &SharedStore, store: &dyn Store, shown: Micros) -> Sync {
    let mut sync = Sync::default();
    let noted = store.note(OFFSET_NOTE).ok().flatten().and_then(|text| text.parse::<i64>().ok());
    if let Some(ahead) = noted {
        clock.set_before_anything_is_shown(ahead - clock.ahead_of_system_us(), shown);
    }
    for _ in 0..SAMPLES_AT_START {
        if sample(clock, shared, &mut sync, &[]).await.is_none() {
            return sync;
        }
    }
    if let Some(estimate) = sync.estimate(clock.elapsed_us()) {
        let before = clock.now();
        clock.set_before_anything_is_shown(estimate.offset_us, shown);
        let moved = i64::try_from(clock.now().0).unwrap_or(i64::MAX) - i64::try_from(before.0).unwrap_or(i64::MAX);
        sync.moved(moved);
    }
    sync
}

async fn sample(clock: &Clock, shared: &SharedStore, sync: &mut Sync, shows: &[ShowId]) -> Option<Vec<ShowId>> {
    let sent = clock.elapsed_us();
    let (time, shows) = shared.clock(shows).await.ok()?;
    sync.sample(sent, clock.elapsed_us(), clock.now(), time);
    Some(shows)
}

/// Follows the clock and the list of shows, until the process stops.
pub async fn follow(services: Arc<Services>, shared: Arc<SharedStore>, desks: Arc<Desks>, mut sync: Sync) {
    let stop = services.tasks.stop().clone();
    let (mut noted, mut first) = (i64::MAX, sync.estimate(services.clock.elapsed_us()).is_none());
    loop {
        let own: Vec<_> = desks.all().iter().map(|desk| desk.show.clone()).collect();
        if let Some(shows) = sample(&services.clock, &shared, &mut sync, &own).await {
            if let Some(estimate) = sync.estimate(services.clock.elapsed_us()) {
                sync.moved(services.clock.steer(estimate.offset_us, std::mem::take(&mut first)));
            }
            for show in shows.iter().filter(|show| !own.contains(show)) {
                if !keep_erased(&services, &shared, show).await {
                    open(&services, &shared, &desks, show).await;
                }
            }
            let ahead = services.clock.ahead_of_system_us();
            if ahead.abs_diff(noted) > OFFSET_MOVED_US {
                let store = services.store.clone();
                let kept = services.tasks.blocking(move || store.put_note(OFFSET_NOTE, &ahead.to_string())).await;
                noted = if kept.is_ok() { ahead } else { noted };
            }
        }
        let sure = sync.sure(services.clock.elapsed_us());
        if services.clock_ok.swap(sure, Ordering::Relaxed) && !sure {
            services.metrics.incident();
            let estimate = sync.estimate(services.clock.elapsed_us());
            tracing::error!(
                ?estimate,
                "the clock is unsure: ballots are held. Look at the clocks of this machine and of Redis"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(limits::CLOCK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Holds ballots while a board is not fresh or the clock is unsure. Waits for nothing but the time.
pub async fn watch(services: Arc<Services>, desks: Arc<Desks>) {
    let stop = services.tasks.stop().clone();
    let mut held = false;
    loop {
        let now = services.clock.elapsed_us();
        let stale = desks.all().iter().any(|desk| !desk.is_fresh(now));
        let holding = stale || !services.clock_ok.load(Ordering::Relaxed);
        services.stance.set_holding(holding);
        if std::mem::replace(&mut held, holding) != holding {
            tracing::warn!(holding, stale, "whether ballots are held has changed");
        }
        tokio::select! {
            () = tokio::time::sleep(limits::LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Keeps a show from coming back that this node knows as erased: what another one brought to Redis again is taken out.
/// `false`: it was not erased as far as this node knows.
async fn keep_erased(services: &Arc<Services>, shared: &SharedStore, show: &ShowId) -> bool {
    let (store, id) = (services.store.clone(), show.clone());
    let known = services.tasks.blocking(move || erased::of(&*store, &id)).await;
    let (Ok(Some(erased)), Some(redis)) = (known, &services.redis) else { return false };
    match erasure::in_redis(shared, redis, show, &erased, true).await {
        Ok(_) => tracing::warn!(%show, "a show that was erased was in Redis again, and is taken out"),
        Err(error) => tracing::warn!(%show, %error, "a show that was erased is in Redis again"),
    }
    true
}

/// Opens the desk of a show that is in Redis and not here. `false`: it is not there, or cannot be taken now.
pub(super) async fn open(services: &Arc<Services>, shared: &SharedStore, desks: &Desks, show: &ShowId) -> bool {
    let Ok(look) = shared.look(show, &Known::default(), &[], None, &[]).await else { return false };
    let Some(json) = look.json else { return false };
    let document = match Document::read(&json) {
        Ok(document) => document,
        Err(error) => {
            tracing::error!(%show, %error, "this node does not serve a show of Redis: its document cannot be read");
            return false;
        }
    };
    let (store, id) = (services.store.clone(), show.clone());
    let stored = StoredShow { revision: look.revision, json };
    let confirmed = services.tasks.blocking(move || store.confirm(&id, &stored, &look.links, &[])).await;
    if let Err(error) = confirmed {
        tracing::error!(%error, %show, "a show of another node could not be stored");
        return false;
    }
    tracing::info!(%show, "the show came from another node");
    desks.open(services, document);
    true
}
