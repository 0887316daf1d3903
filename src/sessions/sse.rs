//! Server-sent events, for networks that let no WebSocket through: the same snapshots; ballots come by POST.

use std::{convert::Infallible, sync::Arc};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _, stream};

use crate::{
    base::{limits, tasks::Counted},
    live::{
        hub::{Snapshot, Vantage, encode},
        results::Audience,
    },
    studio::{desk::Desk, services::Services},
    wire::server::{Role, ServerMessage},
};

/// Counts a client out when the stream is dropped, however it ends.
struct Present<Stay> {
    services: Arc<Services>,
    desk: Arc<Desk>,
    role: Role,
    _counted: Counted,
    _stay: Stay,
}

impl<Stay> Drop for Present<Stay> {
    fn drop(&mut self) {
        if self.role == Role::Viewer {
            self.desk.presence.viewer_left();
        }
        self.services.metrics.sessions(self.role, -1);
    }
}

/// The stream of a show's snapshots for viewers or for a screen, until the client or the process goes; it holds `stay` as
/// long. `said`: platform and segment, as the viewer says, whose ballots are judged by their entry link. A screen on this way cannot report what it shows, so it is not among the screens of the desk.
pub fn events<Stay: Send + 'static>(
    services: Arc<Services>,
    desk: Arc<Desk>,
    (audience, said): (Audience, [String; 2]),
    stay: Stay,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let role = if audience == Audience::Screens { Role::Screen } else { Role::Viewer };
    if role == Role::Viewer {
        desk.presence.viewer_came();
    }
    services.metrics.sessions(role, 1);
    let mut snapshots = desk.hub.follow(audience);
    snapshots.mark_changed();
    let stop = services.tasks.stop().clone();
    let present = Present { _counted: services.tasks.count(), services, desk, role, _stay: stay };
    let start = Some((snapshots, (0, 0, 0, 0), present));
    let batches = stream::unfold(start, move |state| {
        let (stop, [platform, segment]) = (stop.clone(), said.clone());
        async move {
            let place = Vantage::Said { platform: &platform, segment: &segment };
            let (mut snapshots, sent, present) = state?;
            tokio::select! {
                changed = snapshots.changed() => changed.ok()?,
                () = stop.cancelled() => return Some((vec![reconnect()], None)),
            }
            let newest = snapshots.borrow_and_update().clone();
            let events = fresh(&newest, place, sent);
            let (show, results) = (newest.show_for(place).0, newest.results_for(place, |_| false).0);
            let scores = newest.leaderboard_for(place).map_or(sent.3, |(number, _)| number);
            let numbers = (show, results, newest.asked_number, scores);
            Some((events, Some((snapshots, numbers, present))))
        }
    });
    let events = batches.flat_map(|events| stream::iter(events.into_iter().map(Ok)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(limits::PING_INTERVAL))
}

fn fresh(newest: &Snapshot, place: Vantage<'_>, sent: (u64, u64, u64, u64)) -> Vec<Event> {
    let (number, show) = newest.show_for(place);
    let show = (number != sent.0).then(|| Event::default().data(show.as_str()));
    let (number, results) = newest.results_for(place, |_| false);
    let results = (number != sent.1 && !results.is_empty()).then(|| Event::default().data(results.as_str()));
    let asked = newest.asked_number != sent.2 && !newest.asked.is_empty();
    let asked = asked.then(|| Event::default().data(newest.asked.as_str()));
    let leaderboard = newest.leaderboard_for(place).filter(|(number, _)| *number != sent.3);
    let leaderboard = leaderboard.map(|(_, leaderboard)| Event::default().data(leaderboard.as_str()));
    show.into_iter().chain(results).chain(asked).chain(leaderboard).collect()
}

/// The node goes away: each client is told a moment of its own to come back.
fn reconnect() -> Event {
    let after_ms = fastrand::u32(0..limits::RECONNECT_SPREAD_MS);
    Event::default().event("reconnect").data(encode(&ServerMessage::Reconnect { after_ms }).as_str())
}
