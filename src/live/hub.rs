//! The hub of one show: the newest snapshot for each audience, encoded once. A session that is slow finds only the newest
//! one; nothing is queued for anybody.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{broadcast, watch};

use super::results::{AUDIENCES, Audience};
use crate::{
    base::limits,
    wire::{
        gauge::Gauge,
        results::Results,
        server::{AsRunEntry, DeskView, ServerMessage, ShowView},
    },
};

/// One audience's newest snapshot, ready to be sent. The numbers count its changes, so that a session sends only what it
/// has not sent.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub show_number: u64,
    pub show: Utf8Bytes,
    pub results_number: u64,
    /// Empty: nothing is on.
    pub results: Utf8Bytes,
}

/// The hub of one show.
#[derive(Debug)]
pub struct Hub {
    audiences: [Line; 3],
    desk: watch::Sender<Utf8Bytes>,
    gauge: watch::Sender<Utf8Bytes>,
    log: broadcast::Sender<Utf8Bytes>,
}

#[derive(Debug)]
struct Line {
    newest: watch::Sender<Arc<Snapshot>>,
    last: Mutex<(Option<ShowView>, Option<Results>)>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            audiences: AUDIENCES.map(|_| Line { newest: watch::Sender::default(), last: Mutex::default() }),
            desk: watch::Sender::default(),
            gauge: watch::Sender::default(),
            log: broadcast::Sender::new(limits::STAFF_LOG_WAITING_MAX),
        }
    }
}

impl Hub {
    fn line(&self, audience: Audience) -> &Line {
        match audience {
            Audience::Viewers => &self.audiences[0],
            Audience::Screens => &self.audiences[1],
            Audience::Staff => &self.audiences[2],
        }
    }

    /// Follows an audience's snapshots.
    pub fn follow(&self, audience: Audience) -> watch::Receiver<Arc<Snapshot>> {
        self.line(audience).newest.subscribe()
    }

    /// Follows the desk, the gauges and the log.
    pub fn follow_desk(
        &self,
    ) -> (watch::Receiver<Utf8Bytes>, watch::Receiver<Utf8Bytes>, broadcast::Receiver<Utf8Bytes>) {
        (self.desk.subscribe(), self.gauge.subscribe(), self.log.subscribe())
    }

    /// What an audience sees from now on. Only what differs from the last snapshot is encoded and sent; a new time or
    /// revision alone is no difference.
    pub fn publish(&self, audience: Audience, show: ShowView, results: Option<Results>) {
        let line = self.line(audience);
        let mut last = line.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same_show =
            last.0.as_ref().is_some_and(|last| *last == ShowView { now: last.now, rev: last.rev, ..show.clone() });
        let same_results = match (&last.1, &results) {
            (Some(last), Some(results)) => *last == Results { as_of: last.as_of, ..results.clone() },
            (None, None) => true,
            _ => false,
        };
        if same_show && same_results {
            return;
        }
        let mut next = Snapshot::clone(&line.newest.borrow());
        if !same_show {
            next.show_number += 1;
            next.show = encode(&ServerMessage::Show(Box::new(show.clone())));
            last.0 = Some(show);
        }
        if !same_results {
            next.results_number += 1;
            next.results = results.as_ref().map(|r| encode(&ServerMessage::Results(r.clone()))).unwrap_or_default();
            last.1 = results;
        }
        line.newest.send_replace(Arc::new(next));
    }

    /// The last results of an audience, as they were published.
    pub fn last_results(&self, audience: Audience) -> Option<Results> {
        self.line(audience).last.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The newest snapshot of an audience as values.
    pub fn newest(&self, audience: Audience) -> (Option<ShowView>, Option<Results>) {
        self.line(audience).last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The whole desk, for staff.
    pub fn publish_desk(&self, desk: DeskView) {
        self.desk.send_replace(encode(&ServerMessage::Desk(Box::new(desk))));
    }

    /// The moving figures, for staff.
    pub fn publish_gauge(&self, gauge: Gauge) {
        if self.gauge.receiver_count() > 0 {
            self.gauge.send_replace(encode(&ServerMessage::Gauge(Box::new(gauge))));
        }
    }

    /// New entries of the as-run log, for staff.
    pub fn publish_log(&self, entries: Vec<AsRunEntry>) {
        // Nobody listening is not a fault.
        let _ = self.log.send(encode(&ServerMessage::Log { entries }));
    }
}

/// A message as it is sent.
pub fn encode(message: &ServerMessage) -> Utf8Bytes {
    serde_json::to_string(message).expect("messages are plain data").into()
}
