//! A viewer with a WebSocket: the state machine of `tallylight::viewer` behind a socket that breaks and reads slowly when
//! the scenario says so, and what is no ballot: taps and texts.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use fastrand::Rng;
use tallylight::{
    base::{
        clock::Micros,
        ids::{BallotId, RunId},
        limits,
    },
    viewer::{
        backoff::{Closing, Next},
        state::{State, Step},
    },
    wire::{
        client::{ClientMessage, React},
        moderation::{Said, SaidIs, Say},
        server::{Phase, RunView, ServerMessage},
    },
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    member::{Member, Network},
    plan::{self, Break},
    shared::Shared,
    socket::{Heard, Socket},
};
use crate::book::series::Kind;

/// A connection without a welcome is given up after this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A page tells its taps so often.
const TAP_MS: u64 = 500;
/// A slow reader reads for so long when it reads.
const SLOW_READ_MS: u64 = 50;

/// One viewer.
struct Viewer {
    number: usize,
    shared: Arc<Shared>,
    state: State<Member>,
    network: Arc<Network>,
    /// The scenario broke the connection, and the viewer is not back.
    away: bool,
    cuts: Vec<Break>,
    rng: Rng,
    /// What the next welcome ends: since when, and as what.
    due: (Kind, Micros),
    joined: bool,
    taps: Option<Taps>,
    texts: Vec<Text>,
    /// A slow reader reads nothing before this.
    reads_at: Micros,
}

/// The taps of a run of reactions.
struct Taps {
    react: React,
    /// This session has said what was said before.
    said: bool,
    at: Micros,
}

/// Something written.
struct Text {
    run: RunId,
    id: BallotId,
    due: Micros,
    /// When it is sent (again); absent: it is answered, or was never meant.
    at: Option<Micros>,
}

/// Lives as the plan says until `stop` is cancelled.
pub async fn attend(number: usize, shared: Arc<Shared>, stop: CancellationToken) {
    let network = Arc::new(Network::default());
    let member = Member::new(number, Arc::clone(&shared), Arc::clone(&network));
    let mut rng = shared.plan.chance(number);
    let nodes = shared.nodes.len();
    let state = State::new(member, None, number % nodes, nodes, rng.fork());
    let due = (Kind::Join, shared.plan.joins(number));
    let cuts = shared.plan.breaks(number);
    let (taps, texts, reads_at) = (None, Vec::new(), Micros(0));
    let (away, joined) = (false, false);
    let mut viewer = Viewer { number, shared, state, network, away, cuts, rng, due, joined, taps, texts, reads_at };
    while !stop.is_cancelled() {
        let (closing, away_ms) = match viewer.session(&stop).await {
            Ok(away_ms) => (Closing::Broken, Some(away_ms)),
            Err(closing) => (closing, None),
        };
        let Some(wait_ms) = viewer.closed(closing, away_ms) else { break };
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(Duration::from_millis(wait_ms)) => {}
        }
    }
    let (records, strays) = viewer.state.into_behaviour().into_notes();
    viewer.shared.finished(&records, strays);
}

impl Viewer {
    /// After the end of a connection: how long to wait. `None`: it does not come back.
    fn closed(&mut self, closing: Closing, away_ms: Option<u64>) -> Option<u64> {
        let now = self.shared.clock.now();
        match away_ms {
            Some(_) => {
                self.away = true;
                self.shared.word("connections that the scenario broke".to_owned());
            }
            None => self.shared.closed(closing),
        }
        let wait_ms = match self.state.closed(closing, now) {
            Next::After(ms) | Next::NewToken(ms) => ms + away_ms.unwrap_or(0),
            Next::Stop => return None,
        };
        if std::mem::take(&mut self.joined) {
            self.shared.live.connected.fetch_sub(1, Relaxed);
            self.due = (Kind::Rejoin, now.plus_ms(wait_ms));
            self.shared.notes().series.due(Kind::Rejoin, self.due.1);
        }
        if let Some(taps) = &mut self.taps {
            taps.said = false;
        }
        for text in self.texts.iter_mut().filter(|text| text.at.is_some()) {
            text.at = Some(text.due);
        }
        Some(wait_ms)
    }

    /// One connection. `Ok`: the scenario broke it, and there is no network for so long.
    async fn session(&mut self, stop: &CancellationToken) -> Result<u64, Closing> {
        let shared = Arc::clone(&self.shared);
        let (node, source) = (&shared.nodes[self.state.node()], shared.source(self.number));
        let slow = shared.plan.habits(self.number).reads_every_s > 0.0;
        let opening =
            timeout(CONNECT_TIMEOUT, Socket::open(node, &shared.show, shared.origin.as_deref(), source, slow));
        let mut socket = tokio::select! {
            () = stop.cancelled() => return Err(Closing::Left),
            opened = opening => opened.unwrap_or(Err(Closing::Unreachable))?,
        };
        let ended = self.talk(&mut socket, stop).await;
        if let Err(Closing::Left | Closing::Told { .. }) = ended {
            let _ = timeout(Duration::from_secs(1), socket.leave()).await;
        }
        ended
    }

    /// The loop of a session. It wakes for: the end of everything, a message, the next thing that is due, a cut, silence.
    async fn talk(&mut self, socket: &mut Socket, stop: &CancellationToken) -> Result<u64, Closing> {
        send(socket, &self.state.join()).await?;
        let welcome_by = self.shared.clock.now().plus_ms(ms(CONNECT_TIMEOUT));
        let mut heard_at = self.shared.clock.now();
        self.reads_at = Micros(0);
        // Who reads slowly gets old results by design.
        let slow = self.shared.plan.habits(self.number).reads_every_s > 0.0;
        let mut first_results = true;
        loop {
            let now = self.shared.clock.now();
            self.act(socket, now).await?;
            if let Some(away_ms) = self.broken(now) {
                return Ok(away_ms);
            }
            let silent_at = if self.joined { heard_at.plus_ms(ms(limits::IDLE_TIMEOUT)) } else { welcome_by };
            let due_at = self.wake_at();
            let reads = self.reads_at <= now;
            let wake_at = if reads { due_at.min(silent_at) } else { due_at.min(self.reads_at) };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Closing::Left),
                heard = socket.next(), if reads => {
                    heard_at = self.shared.clock.now();
                    match heard {
                        Heard::Message(message) => self.hear(&message, heard_at),
                        // The first of a session are as old as the last change.
                        Heard::Results(counted) => {
                            let told = !std::mem::take(&mut first_results) && !slow;
                            if let Some(counted) = counted.filter(|_| told) {
                                self.shared.done(Kind::Results, counted, heard_at);
                            }
                        }
                        Heard::Alive => {}
                        Heard::Closed(closing) => return Err(closing),
                    }
                    self.pace_reading(heard_at);
                }
                () = sleep(Duration::from_micros(wake_at.0.saturating_sub(now.0))) => {
                    let now = self.shared.clock.now();
                    if due_at > now && reads && now >= silent_at {
                        return Err(Closing::Broken);
                    }
                }
            }
            let now = self.shared.clock.now();
            if due_at <= now {
                self.shared.done(Kind::Tool, due_at, now);
            }
        }
    }

    /// When there is something to do, if no message comes before.
    fn wake_at(&self) -> Micros {
        let cut = self.cuts.first().map(|cut| cut.at);
        let taps = self.taps.as_ref().map(|taps| taps.at);
        let text = self.texts.iter().filter_map(|text| text.at).min();
        let own = [taps, text].into_iter().flatten().filter(|_| self.joined).min();
        [self.state.wake_at(), cut, own].into_iter().flatten().min().unwrap_or(Micros(u64::MAX))
    }

    /// Whether the connection should break now, and for how long.
    fn broken(&mut self, now: Micros) -> Option<u64> {
        if self.network.breaks.swap(false, Relaxed) {
            let away_s = self.shared.plan.habits(self.number).away_s;
            return Some(plan::away_ms(away_s, &mut self.rng));
        }
        let cut = self.cuts.first().filter(|cut| cut.at <= now)?.away_ms;
        self.cuts.remove(0);
        Some(cut)
    }

    /// Sends what is due.
    async fn act(&mut self, socket: &mut Socket, now: Micros) -> Result<(), Closing> {
        while let Some(step) = self.state.due(now) {
            match step {
                Step::Send(message) => send(socket, &message).await?,
                Step::Close(closing) => return Err(closing),
            }
        }
        if !self.joined {
            return Ok(());
        }
        for text in self.texts.iter_mut().filter(|text| text.at.is_some_and(|at| at <= now)) {
            // Longer than any answer should take, as with ballots.
            text.at = Some(now.plus_ms(5000));
            let said = format!("What did number {} sing in the year {}?", text.id.0 % 9973, 1950 + text.id.0 % 75);
            send(socket, &ClientMessage::Say(Say { run: text.run, id: text.id, text: said })).await?;
        }
        let Some(taps) = self.taps.as_mut().filter(|taps| taps.at <= now) else { return Ok(()) };
        if !std::mem::replace(&mut taps.said, true) {
            send(socket, &ClientMessage::React(taps.react.clone())).await?;
        }
        let meant = self.shared.plan.habits(self.number).taps_per_s * TAP_MS as f64 / 1000.0;
        let more = (meant + self.rng.f64()) as u32;
        let option = self.rng.usize(0..taps.react.counts.len());
        taps.react.counts[option] = taps.react.counts[option].saturating_add(more);
        taps.at = taps.at.plus_ms(TAP_MS);
        if more > 0 {
            send(socket, &ClientMessage::React(taps.react.clone())).await?;
            self.shared.tapped(taps.react.run, u64::from(more));
        }
        Ok(())
    }

    fn hear(&mut self, message: &ServerMessage, now: Micros) {
        match message {
            ServerMessage::Welcome(_) => {
                self.shared.done(self.due.0, self.due.1, now);
                self.shared.live.connected.fetch_add(1, Relaxed);
                if self.due.0 == Kind::Join {
                    self.shared.live.joined.fetch_add(1, Relaxed);
                }
                self.joined = true;
                if std::mem::take(&mut self.away) {
                    self.network.back_at.store(now.0, Relaxed);
                }
            }
            ServerMessage::Show(show) => self.see(show.run.as_ref(), now),
            ServerMessage::Said(said) => self.hear_said(said, now),
            _ => {}
        }
        self.state.hear(message, now);
    }

    /// What is on: taps and texts are begun and ended.
    fn see(&mut self, run: Option<&RunView>, now: Micros) {
        let open = run.filter(|run| run.phase == Phase::Open);
        let taps = open.filter(|run| run.votes == 0 && run.writing.is_none() && !run.options.is_empty());
        match taps.filter(|_| self.shared.plan.habits(self.number).taps_per_s > 0.0) {
            None => self.taps = None,
            Some(run) if self.taps.as_ref().is_some_and(|taps| taps.react.run == run.id) => {}
            Some(run) => {
                // To the books the run is one like the others, without ballots.
                self.shared.opening(run);
                let react = React { run: run.id, counts: vec![0; run.options.len()] };
                self.taps = Some(Taps { react, said: false, at: now.plus_ms(self.rng.u64(0..TAP_MS)) });
            }
        }
        let Some(run) = open.filter(|run| run.writing.is_some()) else { return };
        if self.texts.iter().any(|text| text.run == run.id) {
            return;
        }
        if let Some(opening) = self.shared.opening(run) {
            let at = self.shared.plan.asks(self.number, &opening);
            let (due, id) = (at.unwrap_or(now), BallotId(self.rng.u128(..)));
            self.texts.push(Text { run: run.id, id, due, at });
        }
    }

    fn hear_said(&mut self, said: &Said, now: Micros) {
        let mine = self.texts.iter_mut().find(|text| (text.run, text.id) == (said.run, said.id) && text.at.is_some());
        let Some(text) = mine else { return };
        text.at = match (said.retry_ms, said.is) {
            (Some(retry_ms), _) => Some(now.plus_ms(u64::from(retry_ms))),
            (None, SaidIs::Unknown) => Some(now.plus_ms(1000)),
            (None, _) => None,
        };
        let reason = said.reason.map(|reason| format!("({})", serde_json::to_string(&reason).unwrap_or_default()));
        let word = format!("text {:?}{}", said.is, reason.unwrap_or_default()).to_lowercase().replace('"', "");
        self.shared.word(word);
        if text.at.is_none() {
            self.shared.done(Kind::Said, text.due, now);
        }
    }

    /// Who reads slowly stops for a while.
    fn pace_reading(&mut self, now: Micros) {
        let every_ms = (self.shared.plan.habits(self.number).reads_every_s * 1000.0) as u64;
        if every_ms > 0 && self.joined && now.since_ms(self.reads_at) > SLOW_READ_MS {
            self.reads_at = now.plus_ms(every_ms);
        }
    }
}

/// A write that makes no progress means that the connection is gone.
async fn send(socket: &mut Socket, message: &ClientMessage) -> Result<(), Closing> {
    timeout(limits::WRITE_TIMEOUT, socket.send(message)).await.unwrap_or(Err(Closing::Broken))
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
