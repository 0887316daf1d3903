//! The session of a viewer. One loop; its inputs are the client's messages, receipts that have arrived, a new snapshot,
//! the time for a ping, a newer session that needs the seat, and the end of the process.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    greeting::{self, Viewer},
    poll,
    seats::Seat,
    socket::{Gone, Incoming, Socket, bad_message},
};
use crate::{
    ballots::{
        ballot::{Ballot, Picks},
        inbox::Inbox,
    },
    base::{
        clock::Micros,
        limits,
        permits::{MESSAGES, Permits},
    },
    live::{hub::Snapshot, results::Audience},
    studio::{desk::Desk, services::Services},
    wire::{
        client::{Ask, ClientMessage, Vote},
        codes::Code,
        server::{Problem, Receipt, Role, ServerMessage, Welcome},
    },
};

/// A viewer's session.
pub struct ViewerSession {
    services: Arc<Services>,
    desk: Arc<Desk>,
    viewer: Viewer,
    socket: Socket,
    inbox: Arc<Inbox>,
    permits: Permits,
    sent: Sent,
}

/// Numbers of the snapshots that were sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    show: u64,
    results: u64,
}

impl Sent {
    /// Feeds what of a snapshot was not sent.
    pub(super) async fn feed(&mut self, socket: &mut Socket, snapshot: &Snapshot) -> Result<(), Gone> {
        if self.show != snapshot.show_number {
            self.show = snapshot.show_number;
            socket.feed(snapshot.show.clone()).await?;
        }
        if self.results != snapshot.results_number {
            self.results = snapshot.results_number;
            if !snapshot.results.is_empty() {
                socket.feed(snapshot.results.clone()).await?;
            }
        }
        Ok(())
    }
}

/// Until a moment of the show's clock.
pub(super) async fn until(now: Micros, moment: Micros) {
    tokio::time::sleep(Duration::from_micros(moment.0.saturating_sub(now.0))).await;
}

/// Waits for a newer snapshot and gives the receiver back; `None`: there will be none.
async fn next(mut snapshots: watch::Receiver<Arc<Snapshot>>) -> Option<watch::Receiver<Arc<Snapshot>>> {
    snapshots.changed().await.ok()?;
    Some(snapshots)
}

/// Runs a viewer's session to its end.
pub async fn run(services: Arc<Services>, desk: Arc<Desk>, viewer: Viewer, seat: Seat, socket: Socket) {
    let now = services.clock.now();
    let snapshots = desk.hub.follow(Audience::Viewers);
    let (inbox, permits) = (Arc::default(), Permits::new(MESSAGES, now));
    desk.presence.viewer_came();
    services.metrics.sessions(Role::Viewer, 1);
    let mut session = ViewerSession { services, desk, viewer, socket, inbox, permits, sent: Sent::default() };
    // However the loop ends, the session is counted out.
    let _gone = session.work(&seat, snapshots).await;
    session.desk.presence.viewer_left();
    session.services.metrics.sessions(Role::Viewer, -1);
    session.socket.finish(&session.services.metrics).await;
}

impl ViewerSession {
    async fn work(&mut self, seat: &Seat, mut snapshots: watch::Receiver<Arc<Snapshot>>) -> Result<(), Gone> {
        self.welcome().await?;
        let newest = snapshots.borrow_and_update().clone();
        self.sent.feed(&mut self.socket, &newest).await?;
        drop(newest);
        self.socket.flush().await?;
        // What is waited for is kept over the turns of the loop: to register with the timer, the hub, the inbox, the seat
        // and the stop anew at every turn costs more than a ballot.
        let (stop, inbox, newest) = (self.services.tasks.stop().clone(), self.inbox.clone(), snapshots.clone());
        let mut stopped = pin!(stop.cancelled());
        let mut arrived = pin!(inbox.arrived());
        let mut changed = pin!(next(snapshots));
        let mut displaced = pin!(seat.displaced());
        let mut silence = pin!(until(self.services.clock.now(), self.socket.next_ping()));
        loop {
            tokio::select! {
                incoming = self.socket.next() => {
                    self.take(incoming?).await?;
                    // What came in one read is answered in one write.
                    while let Some(more) = self.socket.try_next() {
                        self.take(more?).await?;
                    }
                    self.socket.flush().await?;
                }
                () = arrived.as_mut() => {
                    arrived.set(inbox.arrived());
                    for receipt in inbox.take() {
                        self.answer(receipt).await?;
                    }
                    self.socket.flush().await?;
                }
                snapshots = changed.as_mut() => {
                    changed.set(next(snapshots.ok_or(Gone)?));
                    let newest = newest.borrow().clone();
                    self.sent.feed(&mut self.socket, &newest).await?;
                    self.socket.flush().await?;
                }
                () = silence.as_mut() => {
                    let now = self.services.clock.now();
                    self.socket.keep_alive(now).await?;
                    silence.set(until(now, self.socket.next_ping()));
                }
                () = displaced.as_mut() => {
                    let detail = "this device has newer sessions than it may have: close some pages".to_owned();
                    return self.problem(Problem { code: Code::Replaced, detail, retry_ms: None }).await;
                }
                () = stopped.as_mut() => return self.steer_away().await,
            }
        }
    }

    async fn welcome(&mut self) -> Result<(), Gone> {
        let now = self.services.clock.now();
        let welcome = Welcome {
            device: self.viewer.fresh_token.take(),
            mine: greeting::mine(&self.services, &self.desk, self.viewer.voter),
            ..greeting::welcome(&self.services, Role::Viewer, self.viewer.session, now)
        };
        self.socket.feed_message(&ServerMessage::Welcome(welcome)).await
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), Gone> {
        let received = self.services.clock.now();
        self.socket.heard(received);
        let message = match incoming {
            // A ping is answered by the socket. Who sends nothing else, and very often, is no viewer.
            Incoming::Alive => match self.permits.take(MESSAGES, received) {
                Ok(()) => return Ok(()),
                Err(_) => Err(bad_message("too many pings".to_owned())),
            },
            Incoming::Message(message) => Ok(message),
            Incoming::Unreadable(problem) => Err(problem),
        };
        if let Err(retry_ms) = self.permits.take(MESSAGES, received) {
            let detail = format!("at most {} messages a second: slow down", limits::MESSAGES_PER_SECOND);
            // A ballot is told in its own words; for the rest the session goes on without an answer.
            return match message {
                Ok(ClientMessage::Vote(vote)) => self.answer(poll::busy(&vote, retry_ms)).await,
                _ => self.problem(Problem { code: Code::TooMany, detail, retry_ms: Some(retry_ms) }).await,
            };
        }
        match message {
            Ok(ClientMessage::Vote(vote)) => self.vote(vote, received).await,
            Ok(ClientMessage::Ask(ask)) => self.ask(ask).await,
            Ok(ClientMessage::Join(_)) => self.problem(bad_message("this session has joined already".into())).await,
            Ok(ClientMessage::Shown(_) | ClientMessage::Command(_)) => {
                let detail = "viewers vote and ask; nothing else".to_owned();
                self.problem(Problem { code: Code::Forbidden, detail, retry_ms: None }).await
            }
            Err(problem) => self.problem(problem).await,
        }
    }

    async fn vote(&mut self, vote: Vote, received: Micros) -> Result<(), Gone> {
        let Vote { run, id, picks } = vote;
        let ballot = Ballot { voter: self.viewer.voter, id, picks: Picks::new(picks), received };
        let board = self.desk.board();
        match self.services.intake.cast(run, board.run(run), ballot, &self.inbox) {
            Some(receipt) => self.answer(receipt).await,
            None => Ok(()),
        }
    }

    async fn ask(&mut self, ask: Ask) -> Result<(), Gone> {
        for id in ask.ids.into_iter().take(limits::BALLOTS_ON_THE_WAY_MAX as usize) {
            let receipt = self.services.intake.ask(ask.run, self.viewer.voter, id);
            self.answer(receipt).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, receipt: Receipt) -> Result<(), Gone> {
        self.services.metrics.receipt(&receipt);
        if let (Some(at), false) = (receipt.at, receipt.repeated) {
            let waited = self.services.clock.now().as_ms().saturating_sub(at);
            self.services.metrics.receipt_time(Duration::from_millis(waited));
        }
        self.socket.feed_message(&ServerMessage::Receipt(receipt)).await
    }

    async fn problem(&mut self, problem: Problem) -> Result<(), Gone> {
        self.services.metrics.problem(problem.code);
        self.socket.problem(problem).await
    }

    /// The node goes away: this client is told to come back at a moment of its own, so that not all come at once.
    async fn steer_away(&mut self) -> Result<(), Gone> {
        for receipt in self.inbox.take() {
            self.answer(receipt).await?;
        }
        let after_ms = fastrand::u32(0..limits::RECONNECT_SPREAD_MS);
        self.socket.feed_message(&ServerMessage::Reconnect { after_ms }).await?;
        self.socket.close(Code::Draining.close(), Code::Draining.word()).await;
        Err(Gone)
    }
}
