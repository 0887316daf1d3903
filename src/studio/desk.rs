//! One show's desk: its newest document, its board, who is here, and the task that does its commands one after another.

mod pulls;
mod shared;
mod task;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use super::{
    moderation::{self, Moderation},
    others::Others,
    presence::Presence,
    seal,
    seal_shared::{self, Ways},
    services::Services,
    standing::Standing,
    tally,
    timed::Timed,
};
use crate::{
    ballots::score::Scores,
    base::{
        clock::Micros,
        clock::Stopwatch,
        ids::{NodeId, RunId, SessionId, ShowId, VoterId},
        limits,
    },
    identity::secret::VoterKey,
    live::{hub::Hub, results::Audience},
    providers::store::shared::{Known, Look},
    reactions::Reactions,
    shows::{
        board::Board,
        document::{Document, Staff},
        file::ShowFile,
        keys::KeyChange,
        run::SealSummary,
        transition::{self, Refusal},
    },
    wire::{
        client::CommandMessage,
        codes::Code,
        command::Command,
        gauge::{ScreenTally, ScreenView},
        server::Done,
    },
};

pub(super) use task::{DeskTask, log};

/// One show on this node.
#[derive(Debug)]
pub struct Desk {
    pub show: ShowId,
    voter_key: ArcSwap<VoterKey>,
    pub hub: Hub,
    pub presence: Presence,
    /// What its audience writes.
    pub moderation: Moderation,
    /// What viewers tap.
    pub reactions: Reactions,
    /// What its runs have reached, for encoders.
    pub timed: Timed,
    /// What the other nodes say of themselves.
    pub others: Others,
    /// Where the show stands with Redis; `None`: this node works alone.
    pub(super) standing: Option<Standing>,
    /// Something that audiences or staff see has changed.
    pub changed: Notify,
    document: ArcSwap<Document>,
    board: ArcSwap<Board>,
    /// Of the round that is played.
    scores: ArcSwap<Scores>,
    /// What was pulled from the screens and waits for its turn.
    pulled: Mutex<Vec<Command>>,
    commands: mpsc::Sender<Request>,
    /// The show was erased: nobody finds this desk any more.
    erased: AtomicBool,
    /// A recount reads every journal: one at a time.
    recounts: Semaphore,
}

#[derive(Debug)]
enum Request {
    Command {
        message: CommandMessage,
        by: Staff,
        /// A verification brings its recount along, so that the desk goes on meanwhile.
        recounted: Option<seal::Recounted>,
        /// What it pulled from the screens already.
        pulled: Option<Command>,
        reply: oneshot::Sender<Done>,
    },
    Rundown {
        file: ShowFile,
        at_start: bool,
        by: Staff,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Keys {
        change: KeyChange,
        by: Staff,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// A look at Redis found something that this node has not got. Answers whether it has it now.
    Found {
        look: Box<Look>,
        /// What was known when it was made.
        known: Known,
        reply: oneshot::Sender<bool>,
    },
    /// The seal of a run whose buckets are closed.
    Sealed {
        sealed: Sealed,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// The time of the voter key is over.
    VoterKey {
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// This node's data directory enters or leaves the roster.
    Directory {
        on: bool,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

/// A seal that is made and signed, and has to be written into the show.
#[derive(Debug)]
pub(super) struct Sealed {
    pub run: RunId,
    pub revision: u32,
    pub summary: SealSummary,
    pub by: Staff,
    /// For the as-run log.
    pub note: String,
}

impl Desk {
    /// A desk for a document that is stored, with its task running.
    pub fn start(services: &Arc<Services>, document: Document) -> Arc<Self> {
        let (commands, requests) = mpsc::channel(limits::COMMANDS_WAITING_MAX);
        let (moderation, writings) = Moderation::new();
        let board = Board::of(&document);
        for run in board.of_ballots() {
            services.intake.follow(run, board.roster());
        }
        let standing = services.shared.is_some().then(|| {
            // A history that cannot be read proves nothing; the document itself is still what it is.
            Standing::new(&document, &services.store.history(&document.id).unwrap_or_default())
        });
        let desk = Arc::new(Self {
            standing,
            others: Others::default(),
            timed: Timed::default(),
            show: document.id.clone(),
            voter_key: ArcSwap::from_pointee(services.secret.voter_key(document.id.as_str(), &document.salt)),
            hub: Hub::default(),
            presence: Presence::default(),
            moderation,
            reactions: Reactions::default(),
            changed: Notify::new(),
            document: ArcSwap::from_pointee(document),
            board: ArcSwap::from_pointee(board),
            scores: ArcSwap::default(),
            commands,
            erased: AtomicBool::new(false),
            recounts: Semaphore::new(1),
            pulled: Mutex::default(),
        });
        desk.reactions.follow(desk.document().on_program());
        services.tasks.spawn(DeskTask::new(desk.clone(), services.clone()).run(requests));
        if let Some(shared) = &services.shared {
            services.tasks.spawn(super::follow::run(desk.clone(), services.clone(), shared.clone()));
            services.tasks.spawn(super::reacting::run(desk.clone(), services.clone(), shared.clone()));
            services.tasks.spawn(super::witnesses::run(desk.clone(), services.clone(), shared.clone()));
        }
        services.tasks.spawn(moderation::run(desk.clone(), services.clone(), writings));
        services.tasks.spawn(super::timed::run(desk.clone(), services.clone()));
        services.tasks.spawn(super::runner::run(desk.clone(), services.clone()));
        services.tasks.spawn(super::clock_log::run(desk.clone(), services.clone()));
        desk
    }

    /// The show was erased elsewhere: its runs take nothing any more, and tell the ledger nothing.
    pub(super) fn set_erased(&self, services: &Services) {
        self.erased.store(true, Ordering::Release);
        self.board().runs().iter().for_each(|run| services.intake.forget(run.definition.run));
    }

    /// Whether the show was erased.
    pub fn is_erased(&self) -> bool {
        self.erased.load(Ordering::Acquire)
    }

    /// The pseudonym of a device.
    pub fn voter(&self, device: &[u8; 16]) -> VoterId {
        self.voter_key.load().voter(device)
    }

    /// The newest document.
    pub fn document(&self) -> Arc<Document> {
        self.document.load_full()
    }

    /// Screens on this node, each with whether it keeps up with what this node told.
    pub(super) fn screens_here(&self, now: Micros) -> Vec<ScreenView> {
        let (newest, _) = self.hub.newest(Audience::Screens);
        self.presence.screens(newest.map(|show| (show.rev, Micros::from_ms(show.now))), now)
    }

    /// Screens of all nodes, and what is seen of the graphic as they say.
    pub fn screens(&self, node: NodeId, now: Micros) -> (Vec<ScreenView>, ScreenTally) {
        let document = self.seen();
        let screens = self.others.with_screens(node, self.screens_here(now), &document);
        let tally = tally::tally(&document, &screens);
        (screens, tally)
    }

    /// The document as screens are to show it: with what was pulled and waits for its turn.
    pub(super) fn seen(&self) -> Arc<Document> {
        let document = self.document();
        let pulled = self.pulled.lock().unwrap_or_else(PoisonError::into_inner);
        if pulled.is_empty() {
            return document;
        }
        let mut seen = Document::clone(&document);
        for command in pulled.iter() {
            transition::pull(&mut seen.graphic, command);
        }
        Arc::new(seen)
    }

    /// Pulls something from the screens before its command has its turn, which may be behind a slow disk.
    fn pull(&self, command: &Command) {
        self.pulled.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
        self.changed.notify_one();
    }

    /// The command that pulled had its turn: the document says it now, or it was refused.
    fn pulled(&self, command: &Command) {
        let mut pulled = self.pulled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = pulled.iter().position(|one| one == command) {
            pulled.remove(index);
        }
        self.changed.notify_one();
    }

    /// The scores of the round that is played.
    pub fn scores(&self) -> Arc<Scores> {
        self.scores.load_full()
    }

    pub(super) fn set_scores(&self, scores: Scores) {
        self.scores.store(Arc::new(scores));
        self.changed.notify_one();
    }

    /// The newest board.
    pub fn board(&self) -> Arc<Board> {
        self.board.load_full()
    }

    /// Does a command, once it is its turn.
    pub async fn command(&self, services: &Arc<Services>, message: CommandMessage, by: Staff) -> Done {
        let id = message.id.clone();
        let refused = |Refusal { code, detail }| Done {
            id: id.clone(),
            ok: false,
            rev: self.document.load().revision,
            code: Some(code),
            detail,
            proposal: None,
        };
        let busy = |detail: &str| refused(Refusal { code: Code::Busy, detail: detail.to_owned() });
        if !message.command.is_urgent() {
            self.catch_up(services, message.expect).await;
        }
        if let (Command::Seal { .. }, Some(ways)) = (&message.command, Ways::of(services)) {
            let Ok(_only) = self.recounts.try_acquire() else {
                return busy("a seal or a recount of this show is being made: press again when it is done");
            };
            return Box::pin(seal_shared::seal(self, ways, message, by)).await;
        }
        let recounted = match message.command {
            Command::Verify { run } => {
                let Ok(_only) = self.recounts.try_acquire() else {
                    return busy("a recount of this show is running: press again when it is done");
                };
                let allowed = transition::check_role(&message.command, by.role);
                match async { allowed.and(seal::recount(self, services, run).await) }.await {
                    Ok(recounted) => Some(recounted),
                    Err(refusal) => return refused(refusal),
                }
            }
            _ => None,
        };
        let shared = services.shared.as_ref().filter(|_| shared::is_kept(&message.command));
        let mut done = self.send(message, by, recounted).await;
        if let Some(shared) = shared.filter(|_| done.ok && done.detail.is_empty()) {
            done.detail = shared::replicated(shared, &self.show).await;
        }
        done
    }

    /// Hands a command to the desk's task.
    pub(super) async fn send(&self, message: CommandMessage, by: Staff, recounted: Option<seal::Recounted>) -> Done {
        let id = message.id.clone();
        let busy = |detail: &str| Done {
            id: id.clone(),
            ok: false,
            rev: self.document.load().revision,
            code: Some(Code::Busy),
            detail: detail.to_owned(),
            proposal: None,
        };
        let (reply, answer) = oneshot::channel();
        let urgent = message.command.is_urgent() && transition::check_role(&message.command, by.role).is_ok();
        let pulled = urgent.then(|| message.command.clone());
        if let Some(command) = &pulled {
            self.pull(command);
        }
        let request = Request::Command { message, by, recounted, pulled: pulled.clone(), reply };
        if self.commands.try_send(request).is_err() {
            if let Some(command) = &pulled {
                self.pulled(command);
            }
            return busy("too many commands are waiting: press again in a second");
        }
        answer.await.unwrap_or_else(|_| busy("the node is going away: your page will connect to another one"))
    }

    /// Replaces the rundown, once it is its turn. `at_start`: by the file that the node was started with.
    ///
    /// # Errors
    /// The role may not, the file is of another show, or it could not be stored.
    pub async fn replace_rundown(&self, file: ShowFile, at_start: bool, by: Staff) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy: try again in a second".to_owned() };
        self.commands.try_send(Request::Rundown { file, at_start, by, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Makes or revokes a key, once it is its turn.
    ///
    /// # Errors
    /// The role may not, it does not make sense, or it could not be stored.
    pub async fn change_keys(&self, change: KeyChange, by: Staff) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy: try again in a second".to_owned() };
        self.commands.try_send(Request::Keys { change, by, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Writes a seal that is made and signed.
    ///
    /// # Errors
    /// It was overtaken by another one, or could not be stored.
    pub(super) async fn sealed(&self, sealed: Sealed) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy: seal again in a second".to_owned() };
        self.commands.try_send(Request::Sealed { sealed, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Destroys the voter key, if it is time.
    ///
    /// # Errors
    /// It cannot be stored now.
    pub(super) async fn destroy_voter_key(&self) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy".to_owned() };
        self.commands.try_send(Request::VoterKey { reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Puts this node's data directory on the roster, or takes it off.
    ///
    /// # Errors
    /// Redis does not agree now.
    pub async fn set_directory(&self, on: bool) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy: try again in a second".to_owned() };
        self.commands.try_send(Request::Directory { on, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Takes over what other nodes did until now: one person's commands may reach different nodes. Without Redis the command
    /// finds that out by itself, unless the page has seen more than this node has.
    async fn catch_up(&self, services: &Services, expect: Option<u64>) {
        let (Some(shared), Some(standing)) = (&services.shared, &self.standing) else { return };
        let is_behind = || expect.is_some_and(|expect| expect > self.document().revision);
        let watch = Stopwatch::start();
        while is_behind() || shared.health().down.is_none() {
            // The log is for the one that follows.
            let known = Known { logged: u64::from(u32::MAX), ..standing.known() };
            if let Ok(look) = shared.look(&self.show, &known, &self.document().roster, None, &[]).await
                && look.json.is_some()
            {
                self.found(look, known).await;
            }
            if !is_behind() || watch.elapsed() > limits::COMMAND_WAIT {
                return;
            }
            tokio::time::sleep(limits::LOOK_EVERY).await;
        }
    }

    /// Hands over what a look found. `true`: the board is the newest now.
    pub(super) async fn found(&self, look: Look, known: Known) -> bool {
        let (reply, answer) = oneshot::channel();
        let request = Request::Found { look: Box::new(look), known, reply };
        self.commands.send(request).await.is_ok() && answer.await.unwrap_or(false)
    }

    /// Whether the board was compared with Redis a moment ago. A node that works alone is always right.
    pub fn is_fresh(&self, now_us: u64) -> bool {
        self.standing.as_ref().is_none_or(|standing| standing.is_fresh(now_us))
    }

    /// Whether a member of staff is here, or on another node.
    fn is_present(&self, session: SessionId, now: Micros) -> bool {
        self.presence.is_present(session, now) || self.others.is_present(session, now)
    }
}

#[cfg(test)]
mod tests;
