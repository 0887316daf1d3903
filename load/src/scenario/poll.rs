//! A viewer without a WebSocket: the same state machine over requests, as a page does where nothing else gets through. Its
//! requests are due at their times, however long the ones before took.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use serde_json::{Value, json};
use tallylight::{
    base::clock::Micros,
    viewer::{
        backoff::Closing,
        state::{State, Step},
    },
    wire::{
        client::{ClientMessage, Vote},
        server::ServerMessage,
    },
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    http::{Ask, Http},
    member::{Member, Network},
    shared::Shared,
};
use crate::book::series::Kind;

/// One viewer.
struct Viewer {
    number: usize,
    shared: Arc<Shared>,
    state: State<Member>,
    http: Http,
    device: Option<String>,
    etag: Option<String>,
}

/// Lives as the plan says until `stop` is cancelled.
pub async fn attend(number: usize, shared: Arc<Shared>, stop: CancellationToken) {
    let network = Arc::new(Network::default());
    let member = Member::new(number, Arc::clone(&shared), Arc::clone(&network));
    let mut rng = shared.plan.chance(number);
    let state = State::new(member, None, 0, 1, rng.fork());
    let node = shared.nodes[number % shared.nodes.len()].clone();
    let http = Http::new(node, shared.source(number));
    let mut cuts = shared.plan.breaks(number);
    let mut viewer = Viewer { number, shared, state, http, device: None, etag: None };
    let mut poll_at = viewer.shared.plan.joins(number);
    let every_ms = (viewer.shared.plan.habits(number).poll_s * 1000.0) as u64;
    loop {
        let now = viewer.shared.clock.now();
        let wake_at = viewer.state.wake_at().map_or(poll_at, |at| at.min(poll_at));
        if wake_at > now {
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(Duration::from_micros(wake_at.0 - now.0)) => {}
            }
        }
        if stop.is_cancelled() {
            break;
        }
        let now = viewer.shared.clock.now();
        let asks = async {
            viewer.vote(now).await;
            if poll_at <= now {
                viewer.poll(poll_at).await;
                poll_at = poll_at.plus_ms(every_ms);
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = asks => {}
        }
        if let Some(away_ms) = cuts.first().filter(|cut| cut.at <= now).map(|cut| cut.away_ms) {
            cuts.remove(0);
            viewer.shared.word("connections that the scenario broke".to_owned());
            viewer.http.hang_up();
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(Duration::from_millis(away_ms)) => {}
            }
            network.back_at.store(viewer.shared.clock.now().0, Relaxed);
        }
    }
    if viewer.device.is_some() {
        viewer.shared.live.connected.fetch_sub(1, Relaxed);
    }
    viewer.state.closed(Closing::Left, viewer.shared.clock.now());
    let (records, strays) = viewer.state.into_behaviour().into_notes();
    viewer.shared.finished(&records, strays);
}

impl Viewer {
    /// Asks what is on; the first time it comes in before.
    async fn poll(&mut self, due: Micros) {
        if self.device.is_none() && !self.join().await {
            return;
        }
        self.shared.notes().series.due(Kind::Poll, due);
        let path = format!("/api/v1/shows/{}/live", self.shared.show);
        let ask = Ask { path: &path, bearer: self.device.as_deref(), etag: self.etag.as_deref(), body: None };
        let reply = match self.http.ask(ask).await {
            Ok(reply) if matches!(reply.status, 200 | 304) => reply,
            Ok(reply) => return self.shared.error(format!("poll answered with {}", reply.status)),
            Err(_) => return self.shared.error("poll without an answer".to_owned()),
        };
        let now = self.shared.clock.now();
        self.shared.done(Kind::Poll, due, now);
        if reply.etag.is_some() {
            self.etag.clone_from(&reply.etag);
        }
        if reply.status == 200
            && let Ok(message @ ServerMessage::Show(_)) = serde_json::from_value(reply.json()["show"].take())
        {
            self.state.hear(&message, now);
        }
    }

    async fn join(&mut self) -> bool {
        let path = format!("/api/v1/shows/{}/join", self.shared.show);
        let reply = match self.http.ask(Ask { path: &path, body: Some(&json!({})), ..Ask::default() }).await {
            Ok(reply) if reply.status == 200 => reply,
            Ok(reply) => {
                self.shared.error(format!("join answered with {}", reply.status));
                return false;
            }
            Err(_) => {
                self.shared.error("join without an answer".to_owned());
                return false;
            }
        };
        let now = self.shared.clock.now();
        let mut welcome = reply.json();
        self.device = welcome["device"].as_str().map(str::to_owned);
        welcome["t"] = Value::from("welcome");
        let Ok(welcome) = serde_json::from_value(welcome) else { return false };
        self.state.hear(&welcome, now);
        self.shared.done(Kind::Join, self.shared.plan.joins(self.number), now);
        self.shared.live.joined.fetch_add(1, Relaxed);
        self.shared.live.connected.fetch_add(1, Relaxed);
        true
    }

    /// Sends the ballots that are due. One without an answer stays on offer, with the same id.
    async fn vote(&mut self, now: Micros) {
        while let Some(Step::Send(ClientMessage::Vote(vote))) = self.state.due(now) {
            self.offer(&vote).await;
        }
    }

    async fn offer(&mut self, vote: &Vote) {
        let path = format!("/api/v1/shows/{}/ballots", self.shared.show);
        let body = serde_json::to_value(vote).expect("a vote is plain values");
        let ask = Ask { path: &path, bearer: self.device.as_deref(), body: Some(&body), etag: None };
        let Ok(reply) = self.http.ask(ask).await else {
            return self.shared.error("ballot without an answer".to_owned());
        };
        let mut receipt = reply.json();
        receipt["t"] = Value::from("receipt");
        match serde_json::from_value(receipt) {
            Ok(message @ ServerMessage::Receipt(_)) => self.state.hear(&message, self.shared.clock.now()),
            _ => self.shared.error(format!("ballot answered with {}", reply.status)),
        }
    }
}
