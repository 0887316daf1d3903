//! The session of a viewer. One loop; its inputs are a new snapshot, its inbox (receipts, and whether a newer session needs
//! the seat), the time for a ping, the end of the process, and the client's messages.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    gate::Gate,
    greeting::Viewer,
    poll,
    seats::Seat,
    socket::{Gone, Incoming, Socket, bad_message},
    taps,
};
use crate::{
    ballots::inbox::Inbox,
    base::{
        clock::Micros,
        ids::RunId,
        limits,
        permits::{MESSAGES, Permits},
        prefix::ClientPrefix,
    },
    live::{
        hub::{Snapshot, Vantage},
        results::Audience,
    },
    studio::{desk::Desk, services::Services},
    wire::{
        client::{Ask, ClientMessage, Vote},
        codes::Code,
        moderation::{Say, Upvote},
        server::{Answer, Problem, Receipt, Role, ServerMessage},
    },
};

/// A viewer's session.
pub struct ViewerSession {
    services: Arc<Services>,
    desk: Arc<Desk>,
    gate: Arc<Gate>,
    prefix: ClientPrefix,
    viewer: Viewer,
    _seat: Seat,
    socket: Socket,
    inbox: Arc<Inbox>,
    permits: Permits,
    sent: Sent,
    /// The run on program, once it is known that a ballot of this voter is counted in it.
    voted: Option<RunId>,
}

/// What a message is answered with at once; most ballots are answered later, through the inbox.
enum Reply {
    Receipts(Vec<Receipt>),
    Ask(Ask),
    Say(Say),
    Upvote(Upvote),
    Problem(Problem),
}

/// Numbers of the snapshots that were sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    show: u64,
    results: u64,
    asked: u64,
    scores: u64,
}

impl Sent {
    /// Feeds what of a snapshot was not sent to somebody in that place. `voted`: whether this is a viewer who has voted in a run. `true`: the leaderboard
    /// is another one than before.
    pub(super) async fn feed(
        &mut self,
        socket: &mut Socket,
        snapshot: &Snapshot,
        place: Vantage<'_>,
        voted: impl FnOnce(RunId) -> bool,
    ) -> Result<bool, Gone> {
        let (number, show) = snapshot.show_for(place);
        if self.show != number {
            self.show = number;
            socket.feed(show.clone()).await?;
        }
        if self.asked != snapshot.asked_number {
            self.asked = snapshot.asked_number;
            if !snapshot.asked.is_empty() {
                socket.feed(snapshot.asked.clone()).await?;
            }
        }
        let (number, results) = snapshot.results_for(place, voted);
        if self.results != number {
            self.results = number;
            if !results.is_empty() {
                socket.feed(results.clone()).await?;
            }
        }
        match snapshot.leaderboard_for(place) {
            Some((number, leaderboard)) if self.scores != number => {
                self.scores = number;
                socket.feed(leaderboard.clone()).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
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

impl Drop for ViewerSession {
    fn drop(&mut self) {
        self.desk.presence.viewer_left();
        self.services.metrics.sessions(Role::Viewer, -1);
    }
}

impl ViewerSession {
    /// The session of a viewer who has joined.
    pub fn new(
        services: Arc<Services>,
        desk: Arc<Desk>,
        gate: Arc<Gate>,
        (viewer, prefix): (Viewer, ClientPrefix),
        socket: Socket,
    ) -> Self {
        let (inbox, permits) = (Arc::<Inbox>::default(), Permits::new(MESSAGES, services.clock.now()));
        let seat = gate.seats.sit(viewer.voter, inbox.clone());
        desk.presence.viewer_came();
        services.metrics.sessions(Role::Viewer, 1);
        Self {
            services,
            desk,
            gate,
            prefix,
            viewer,
            _seat: seat,
            socket,
            inbox,
            permits,
            sent: Sent::default(),
            voted: None,
        }
    }

    /// Runs it to its end. This future is the memory of an idle viewer: what is rare in it is boxed, and the session stays
    /// where it is.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps its argument twice")]
    pub fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            // However the loop ends, dropping the session counts it out.
            let _gone = self.work().await;
            Box::pin(self.socket.finish(&self.services.metrics)).await;
        }
    }

    async fn work(&mut self) -> Result<(), Gone> {
        let mut snapshots = self.desk.hub.follow(Audience::Viewers);
        Box::pin(self.welcome()).await?;
        let newest = snapshots.borrow_and_update().clone();
        self.feed(&newest).await?;
        drop(newest);
        self.socket.flush().await?;
        // What is waited for is kept over the turns of the loop: to register with the timer, the hub and the stop anew at
        // every turn costs more than a ballot. And what comes to most sessions comes first: at each wake-up the others are
        // asked once, and who floods the socket, which is last, holds nothing up.
        let (stop, inbox, newest) = (self.services.tasks.stop().clone(), self.inbox.clone(), snapshots.clone());
        let mut stopped = pin!(stop.cancelled());
        let mut changed = pin!(next(snapshots));
        let mut silence = pin!(until(self.services.clock.now(), self.socket.next_ping()));
        loop {
            tokio::select! {
                biased;
                snapshots = changed.as_mut() => {
                    changed.set(next(snapshots.ok_or(Gone)?));
                    let newest = newest.borrow().clone();
                    self.feed(&newest).await?;
                    self.socket.flush().await?;
                }
                () = inbox.arrived() => {
                    let before = self.voted;
                    self.answer(inbox.take()).await?;
                    self.feed_since(before, &newest).await?;
                    self.socket.flush().await?;
                    if inbox.is_displaced() {
                        let detail = "this device has newer sessions than it may have: close some pages".to_owned();
                        return Box::pin(self.problem(Problem { code: Code::Replaced, detail, retry_ms: None })).await;
                    }
                }
                () = stopped.as_mut() => return Box::pin(self.steer_away()).await,
                () = silence.as_mut() => {
                    let now = self.services.clock.now();
                    Box::pin(self.socket.keep_alive(now)).await?;
                    silence.set(until(now, self.socket.next_ping()));
                }
                incoming = self.socket.next() => {
                    // What came in one read is answered in one write.
                    let (mut incoming, before) = (Some(incoming?), self.voted);
                    while let Some(one) = incoming {
                        // Each at its own time: what came before may have waited for a check or a disk.
                        let received = self.services.clock.now();
                        self.socket.heard(received);
                        match self.take(one, received) {
                            Reply::Receipts(receipts) => self.answer(receipts).await?,
                            Reply::Ask(ask) => Box::pin(self.ask(ask)).await?,
                            Reply::Say(say) => Box::pin(self.say(say)).await?,
                            Reply::Upvote(upvote) => Box::pin(self.upvote(upvote)).await?,
                            Reply::Problem(problem) => Box::pin(self.problem(problem)).await?,
                        }
                        incoming = self.socket.try_next().transpose()?;
                    }
                    self.feed_since(before, &newest).await?;
                    self.socket.flush().await?;
                }
            }
        }
    }

    async fn feed(&mut self, snapshot: &Snapshot) -> Result<(), Gone> {
        // Another session of this voter may have voted; a receipt tells it sooner, and also what other nodes took.
        let (known, intake, voter) = (&mut self.voted, &self.services.intake, self.viewer.voter);
        let voted = |run| {
            if *known != Some(run) && intake.has_counted(run, voter) {
                *known = Some(run);
            }
            *known == Some(run)
        };
        let place = self.viewer.entry.as_deref().map_or(Vantage::Studio, Vantage::Entry);
        if self.sent.feed(&mut self.socket, snapshot, place, voted).await? {
            Box::pin(self.score(snapshot)).await?;
        }
        Ok(())
    }

    /// Where this voter stands in the leaderboard that was just fed.
    async fn score(&mut self, snapshot: &Snapshot) -> Result<(), Gone> {
        match snapshot.scores.of(self.viewer.voter) {
            Some(score) => self.socket.feed_message(ServerMessage::Score(score)).await,
            None => Ok(()),
        }
    }

    /// What a viewer sees who has just voted.
    async fn feed_since(&mut self, before: Option<RunId>, newest: &watch::Receiver<Arc<Snapshot>>) -> Result<(), Gone> {
        if self.voted == before {
            return Ok(());
        }
        let newest = newest.borrow().clone();
        Box::pin(self.feed(&newest)).await
    }

    /// Takes note of a receipt that says that this voter has voted in the run on program.
    fn learn(&mut self, receipt: &Receipt) {
        let is_on = || self.desk.document().on_program().is_some_and(|run| run.id() == receipt.run);
        if receipt.is == Answer::Counted && self.voted != Some(receipt.run) && is_on() {
            self.voted = Some(receipt.run);
        }
    }

    async fn welcome(&mut self) -> Result<(), Gone> {
        let welcome = self.viewer.welcome(&self.services, &self.desk).await;
        welcome.mine.iter().for_each(|receipt| self.learn(receipt));
        self.socket.feed_message(ServerMessage::Welcome(welcome)).await
    }

    /// Does what a message asks, and says what to send back at once.
    fn take(&mut self, incoming: Incoming, received: Micros) -> Reply {
        let message = match incoming {
            // A ping is answered by the socket. Who sends nothing else, and very often, is no viewer.
            Incoming::Alive => match self.permits.take(MESSAGES, received) {
                Ok(()) => return Reply::Receipts(Vec::new()),
                Err(_) => Err(bad_message("too many pings".to_owned())),
            },
            Incoming::Message(message) => Ok(message),
            Incoming::Unreadable(problem) => Err(problem),
        };
        if let Err(retry_ms) = self.permits.take(MESSAGES, received) {
            // A ballot is told in its own words.
            if let Ok(ClientMessage::Vote(vote)) = message {
                return Reply::Receipts(vec![poll::busy(&vote, retry_ms)]);
            }
            let detail = format!("at most {} messages a second: slow down", limits::MESSAGES_PER_SECOND);
            return Reply::Problem(Problem { code: Code::TooMany, detail, retry_ms: Some(retry_ms) });
        }
        match message {
            Ok(ClientMessage::Vote(vote)) => Reply::Receipts(self.vote(vote, received).into_iter().collect()),
            Ok(ClientMessage::React(react)) => {
                let who = (&self.viewer, self.viewer.session);
                match taps::react(&self.services, &self.desk, who, &react, received) {
                    Ok(()) => Reply::Receipts(Vec::new()),
                    Err(problem) => Reply::Problem(problem),
                }
            }
            Ok(ClientMessage::Ask(ask)) => Reply::Ask(ask),
            Ok(ClientMessage::Say(say)) => Reply::Say(say),
            Ok(ClientMessage::Upvote(upvote)) => Reply::Upvote(upvote),
            Ok(ClientMessage::Join(_)) => Reply::Problem(bad_message("this session has joined already".into())),
            Ok(ClientMessage::Shown(_) | ClientMessage::Command(_) | ClientMessage::Moderate(_)) => {
                let detail = "viewers vote, tap, ask, say and upvote; nothing else".to_owned();
                Reply::Problem(Problem { code: Code::Forbidden, detail, retry_ms: None })
            }
            Err(problem) => Reply::Problem(problem),
        }
    }

    fn vote(&self, vote: Vote, received: Micros) -> Option<Receipt> {
        let (run, board) = (vote.run, self.desk.board());
        let on_board = board.run(run);
        let ballot = self.viewer.ballot(on_board, vote, received);
        self.services.intake.cast(run, on_board, ballot, &self.inbox)
    }

    async fn ask(&mut self, ask: Ask) -> Result<(), Gone> {
        let mut receipts = Vec::new();
        for id in ask.ids.into_iter().take(limits::BALLOTS_ON_THE_WAY_MAX as usize) {
            receipts.push(self.services.intake.ask_everywhere(ask.run, self.viewer.voter, id).await);
        }
        self.answer(receipts).await
    }

    /// Nothing else of this session goes on until it is on disk: who writes waits for the answer anyway.
    async fn say(&mut self, say: Say) -> Result<(), Gone> {
        let received = self.services.clock.now();
        let said = poll::say(&self.services, &self.desk, &self.gate, (&self.viewer, self.prefix), say, received).await;
        self.socket.feed_message(ServerMessage::Said(said)).await
    }

    async fn upvote(&mut self, upvote: Upvote) -> Result<(), Gone> {
        let upvoted = self.desk.moderation.upvote(self.viewer.voter, upvote.item).await;
        self.socket.feed_message(ServerMessage::Upvoted(upvoted)).await
    }

    async fn answer(&mut self, receipts: Vec<Receipt>) -> Result<(), Gone> {
        let now = self.services.clock.now();
        for receipt in receipts {
            self.services.metrics.receipt(&receipt);
            self.learn(&receipt);
            if let (Some(at), false) = (receipt.at, receipt.repeated) {
                let waited = now.as_ms().saturating_sub(at);
                self.services.metrics.receipt_time(Duration::from_millis(waited));
            }
            self.socket.feed_message(ServerMessage::Receipt(receipt)).await?;
        }
        Ok(())
    }

    async fn problem(&mut self, problem: Problem) -> Result<(), Gone> {
        self.services.metrics.problem(problem.code);
        self.socket.problem(problem).await
    }

    /// The node goes away: this client is told to come back at a moment of its own, so that not all come at once.
    async fn steer_away(&mut self) -> Result<(), Gone> {
        // What was cast is settled within one or two groups; the committer ends after the last session.
        let settled = async {
            while self.inbox.is_waiting() {
                self.inbox.arrived().await;
            }
        };
        let _ = tokio::time::timeout(limits::SETTLE_TIMEOUT, settled).await;
        self.answer(self.inbox.take()).await?;
        self.socket.steer_away(fastrand::u32(0..limits::RECONNECT_SPREAD_MS)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<F>(_: impl FnOnce(ViewerSession) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_viewer_is_small() {
        // Every viewer has one of these; what is rare and large belongs into a box.
        assert!(bytes(ViewerSession::run) <= 2048, "{} bytes", bytes(ViewerSession::run));
    }
}
