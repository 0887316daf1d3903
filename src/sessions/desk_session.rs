//! The session of a member of staff or of a screen. They get more than viewers and are few, so their loop may be richer.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, watch};

use super::{
    greeting::{self, Screen},
    socket::{Gone, Incoming, Socket},
    viewer_session::{Sent, until},
};
use crate::{
    base::{ids::SessionId, limits},
    live::{
        hub::{Sides, Vantage},
        results::Audience,
    },
    moderation::view::Eyes,
    shows::document::Staff,
    studio::{desk::Desk, moderation, services::Services},
    wire::{
        client::{ClientMessage, Shown},
        codes::Code,
        moderation::Items,
        server::{Done, Problem, Role, ServerMessage},
    },
};

enum Who {
    Staff(Staff),
    Screen(Screen),
}

struct DeskSession {
    services: Arc<Services>,
    desk: Arc<Desk>,
    who: Who,
    socket: Socket,
    answers: mpsc::Sender<Done>,
}

/// Runs the session of a member of staff to its end.
pub async fn run_staff(services: Arc<Services>, desk: Arc<Desk>, staff: Staff, mut socket: Socket) {
    if !desk.presence.staff_came(&staff) {
        let detail = "too many staff sessions and screens are open on this node: close one".to_owned();
        let retry_ms = Some(limits::RETRY_CROWD_MS);
        let _gone = socket.problem(Problem { code: Code::Busy, detail, retry_ms }).await;
        return;
    }
    socket.of_staff();
    let (session, role) = (staff.session, staff.role);
    socket.of_staff();
    services.metrics.sessions(role, 1);
    desk.changed.notify_one();
    run(services.clone(), desk.clone(), Who::Staff(staff), socket, session, role).await;
    services.metrics.sessions(role, -1);
    desk.presence.staff_left(session, services.clock.now());
    desk.changed.notify_one();
}

/// Runs the session of a screen to its end.
pub async fn run_screen(services: Arc<Services>, desk: Arc<Desk>, screen: Screen, mut socket: Socket) {
    let session = screen.session;
    if !desk.presence.screen(session, &screen.name, &Shown::default(), services.clock.now()) {
        let detail = "too many staff sessions and screens are open on this node: close one".to_owned();
        let retry_ms = Some(limits::RETRY_CROWD_MS);
        let _gone = socket.problem(Problem { code: Code::Busy, detail, retry_ms }).await;
        return;
    }
    services.metrics.sessions(Role::Screen, 1);
    run(services.clone(), desk.clone(), Who::Screen(screen), socket, session, Role::Screen).await;
    services.metrics.sessions(Role::Screen, -1);
    desk.presence.screen_left(session);
}

async fn run(services: Arc<Services>, desk: Arc<Desk>, who: Who, socket: Socket, session: SessionId, role: Role) {
    let (answers, answered) = mpsc::channel(limits::SESSION_INBOX_MAX);
    let mut session_loop = DeskSession { services, desk, who, socket, answers };
    // However the loop ends, the caller counts the session out.
    let _gone = session_loop.work(session, role, answered).await;
    session_loop.socket.finish(&session_loop.services.metrics).await;
}

impl DeskSession {
    async fn work(&mut self, session: SessionId, role: Role, mut answered: mpsc::Receiver<Done>) -> Result<(), Gone> {
        let audience = if role == Role::Screen { Audience::Screens } else { Audience::of_staff(role) };
        let mut snapshots = self.desk.hub.follow(audience);
        let (mut desk, mut gauge, mut log) = self.desk.hub.follow_desk();
        let (mut items, eyes) = (self.desk.moderation.follow(), moderation::eyes(role));
        let staff = matches!(self.who, Who::Staff(_));
        let welcome = greeting::welcome(&self.services, role, session, self.services.clock.now());
        self.socket.feed_message(ServerMessage::Welcome(welcome)).await?;
        let mut sent = Sent::default();
        let newest = snapshots.borrow_and_update().clone();
        sent.feed(&mut self.socket, &newest, Vantage::Studio, |_| false).await?;
        if staff {
            self.feed_newest(&mut desk, audience).await?;
            self.feed_log().await?;
        }
        self.socket.flush().await?;
        // The queue comes when its task can say it: nobody's desk waits for that.
        let (parts, mut whole) = mpsc::channel(1);
        let mut awaits_whole = staff;
        if staff {
            self.ask_for_items(eyes, &parts);
        }
        let stop = self.services.tasks.stop().clone();
        loop {
            let silence = until(self.services.clock.now(), self.socket.next_ping());
            tokio::select! {
                incoming = self.socket.next() => self.take(incoming?).await?,
                Some(done) = answered.recv() => self.socket.feed_message(ServerMessage::Done(done)).await?,
                changed = snapshots.changed() => {
                    changed.map_err(|_| Gone)?;
                    let newest = snapshots.borrow_and_update().clone();
                    sent.feed(&mut self.socket, &newest, Vantage::Studio, |_| false).await?;
                }
                changed = desk.changed(), if staff => {
                    changed.map_err(|_| Gone)?;
                    self.feed_newest(&mut desk, audience).await?;
                }
                changed = gauge.changed(), if staff => {
                    changed.map_err(|_| Gone)?;
                    self.feed_newest(&mut gauge, audience).await?;
                }
                entries = log.recv(), if staff => match entries {
                    Ok(entries) => self.socket.feed(entries).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.feed_log().await?,
                    Err(broadcast::error::RecvError::Closed) => return Err(Gone),
                },
                Some(all) = whole.recv(), if awaits_whole => {
                    awaits_whole = false;
                    for part in all {
                        self.socket.feed_message(ServerMessage::Items(Box::new(part))).await?;
                    }
                }
                // What changes meanwhile waits until the whole is there: told again in its order, it ends as it is now.
                change = items.recv(), if staff && !awaits_whole => match change.map(|change| change.of(eyes)) {
                    Ok(change) if change.is_empty() => continue,
                    Ok(change) => self.socket.feed(change).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        items = items.resubscribe();
                        awaits_whole = true;
                        self.ask_for_items(eyes, &parts);
                        continue;
                    }
                    Err(broadcast::error::RecvError::Closed) => return Err(Gone),
                },
                () = silence => self.socket.keep_alive(self.services.clock.now()).await?,
                () = stop.cancelled() => return self.socket.steer_away(0).await,
            }
            self.socket.flush().await?;
        }
    }

    async fn feed_newest(&mut self, line: &mut watch::Receiver<Sides>, audience: Audience) -> Result<(), Gone> {
        let newest = line.borrow_and_update().of(audience);
        if newest.is_empty() { Ok(()) } else { self.socket.feed(newest).await }
    }

    /// The tail of the as-run log, for a page that begins or has missed something.
    async fn feed_log(&mut self) -> Result<(), Gone> {
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let entries = self.services.tasks.blocking(move || store.as_run(&show, limits::AS_RUN_TAIL)).await;
        match entries {
            Ok(entries) => self.socket.feed_message(ServerMessage::Log { entries }).await,
            Err(error) => {
                tracing::error!(%error, "the as-run log could not be read");
                Ok(())
            }
        }
    }

    /// Asks for the whole queue, again and again until it is said or the session is gone.
    fn ask_for_items(&self, eyes: Eyes, parts: &mpsc::Sender<Vec<Items>>) {
        let (desk, parts) = (self.desk.clone(), parts.clone());
        self.services.tasks.spawn(async move {
            while !parts.is_closed() {
                if let Some(all) = desk.moderation.whole(eyes).await {
                    // Nobody is there to read it: the session is gone.
                    let _ = parts.send(all).await;
                    return;
                }
                tokio::time::sleep(limits::STORE_RETRY).await;
            }
        });
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), Gone> {
        let now = self.services.clock.now();
        self.socket.heard(now);
        match (incoming, &self.who) {
            (Incoming::Alive, _) => Ok(()),
            (Incoming::Message(ClientMessage::Command(message)), Who::Staff(staff)) => {
                let (services, desk, staff) = (self.services.clone(), self.desk.clone(), staff.clone());
                let answers = self.answers.clone();
                self.services.tasks.spawn(async move {
                    let done = desk.command(&services, message, staff).await;
                    // The session may have ended meanwhile; the same id gets the same answer later.
                    let _ = answers.send(done).await;
                });
                Ok(())
            }
            (Incoming::Message(ClientMessage::Moderate(message)), Who::Staff(staff)) => {
                let (desk, staff, answers) = (self.desk.clone(), staff.clone(), self.answers.clone());
                self.services.tasks.spawn(async move {
                    let done = desk.moderation.act(&desk, message, staff).await;
                    let _ = answers.send(done).await;
                });
                Ok(())
            }
            (Incoming::Message(ClientMessage::Shown(shown)), Who::Screen(screen)) => {
                let shown = cut(shown);
                self.desk.presence.screen(screen.session, &screen.name, &shown, now);
                Ok(())
            }
            (Incoming::Message(_), _) => {
                let detail = "staff sends commands and screens send shown; nothing else".to_owned();
                self.problem(Problem { code: Code::Forbidden, detail, retry_ms: None }).await
            }
            (Incoming::Unreadable(problem), _) => self.problem(problem).await,
        }
    }

    async fn problem(&mut self, problem: Problem) -> Result<(), Gone> {
        self.services.metrics.problem(problem.code);
        self.socket.problem(problem).await
    }
}

/// Words that a screen says of itself are shown to staff: short ones.
fn cut(shown: Shown) -> Shown {
    let short = |text: String| text.chars().filter(|c| !c.is_control()).take(20).collect();
    Shown { host: short(shown.host), graphic: short(shown.graphic), ..shown }
}
