//! Server-sent events, for networks that let no WebSocket through: the same snapshots; ballots come by POST.

use std::{convert::Infallible, sync::Arc};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};

use crate::{
    base::{limits, tasks::Counted},
    live::{hub::Snapshot, results::Audience},
    studio::{desk::Desk, services::Services},
    wire::server::Role,
};

/// Counts a viewer out when the stream is dropped, however it ends.
struct Present {
    services: Arc<Services>,
    desk: Arc<Desk>,
    _counted: Counted,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.desk.presence.viewer_left();
        self.services.metrics.sessions(Role::Viewer, -1);
    }
}

/// The stream of a show's snapshots for viewers, until the client or the process goes.
pub fn events(services: Arc<Services>, desk: Arc<Desk>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    desk.presence.viewer_came();
    services.metrics.sessions(Role::Viewer, 1);
    let mut snapshots = desk.hub.follow(Audience::Viewers);
    snapshots.mark_changed();
    let stop = services.tasks.stop().clone();
    let present = Present { _counted: services.tasks.count(), services, desk };
    let start = (snapshots, (0, 0), present);
    let batches = stream::unfold(start, move |(mut snapshots, sent, present)| {
        let stop = stop.clone();
        async move {
            tokio::select! {
                changed = snapshots.changed() => changed.ok()?,
                () = stop.cancelled() => return None,
            }
            let newest = snapshots.borrow_and_update().clone();
            let events = fresh(&newest, sent);
            Some((events, (snapshots, (newest.show_number, newest.results_number), present)))
        }
    });
    let events = futures_util::StreamExt::flat_map(batches, |events| stream::iter(events.into_iter().map(Ok)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(limits::PING_INTERVAL))
}

fn fresh(newest: &Snapshot, sent: (u64, u64)) -> Vec<Event> {
    let show = (newest.show_number != sent.0).then(|| Event::default().data(newest.show.as_str()));
    let results = newest.results_number != sent.1 && !newest.results.is_empty();
    let results = results.then(|| Event::default().data(newest.results.as_str()));
    show.into_iter().chain(results).collect()
}
