//! One show's desk: its newest document, its board, who is here, and the task that does its commands one after another.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use super::{asrun, presence::Presence, seal, services::Services};
use crate::{
    base::{
        clock::Micros,
        ids::{RunId, SessionId, ShowId},
        limits,
    },
    identity::secret::VoterKey,
    live::hub::Hub,
    providers::store::StoredShow,
    shows::{
        board::Board,
        catch_up::catch_up,
        document::{Document, Staff},
        file::ShowFile,
        run::Run,
        transition::{self, Context, Refusal},
    },
    wire::{
        client::CommandMessage,
        codes::Code,
        command::Command,
        server::{AsRunEntry, Done},
    },
};

/// Commands that wait for a desk; people do not press faster than this is worked off.
const COMMANDS_WAITING_MAX: usize = 64;

/// One show on this node.
#[derive(Debug)]
pub struct Desk {
    pub show: ShowId,
    pub voter_key: VoterKey,
    pub hub: Hub,
    pub presence: Presence,
    /// Something that audiences or staff see has changed.
    pub changed: Notify,
    document: ArcSwap<Document>,
    board: ArcSwap<Board>,
    /// What was pulled from the screens and waits for its turn.
    pulled: Mutex<Vec<Command>>,
    commands: mpsc::Sender<Request>,
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
        by: Staff,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

impl Desk {
    /// A desk for a document that is stored, with its task running.
    pub fn start(services: &Arc<Services>, document: Document) -> Arc<Self> {
        let (commands, requests) = mpsc::channel(COMMANDS_WAITING_MAX);
        let board = Board::of(&document);
        for run in board.runs() {
            services.intake.follow(run, board.roster());
        }
        let desk = Arc::new(Self {
            show: document.id.clone(),
            voter_key: services.secret.voter_key(document.id.as_str(), &document.salt),
            hub: Hub::default(),
            presence: Presence::default(),
            changed: Notify::new(),
            document: ArcSwap::from_pointee(document),
            board: ArcSwap::from_pointee(board),
            commands,
            recounts: Semaphore::new(1),
            pulled: Mutex::default(),
        });
        let task = DeskTask {
            desk: desk.clone(),
            services: services.clone(),
            answered: VecDeque::new(),
            pressed: HashMap::new(),
            unstored: None,
        };
        services.tasks.spawn(task.run(requests));
        services.tasks.spawn(super::runner::run(desk.clone(), services.clone()));
        services.tasks.spawn(super::clock_log::run(desk.clone(), services.clone()));
        desk
    }

    /// The newest document.
    pub fn document(&self) -> Arc<Document> {
        self.document.load_full()
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
        };
        let busy = |detail: &str| refused(Refusal { code: Code::Busy, detail: detail.to_owned() });
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

    /// Replaces the rundown, once it is its turn.
    ///
    /// # Errors
    /// The role may not, the file is of another show, or it could not be stored.
    pub async fn replace_rundown(&self, file: ShowFile, by: Staff) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal { code: Code::Busy, detail: "the desk is busy: try again in a second".to_owned() };
        self.commands.try_send(Request::Rundown { file, by, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }
}

/// The owner of a show's order of commands.
pub(super) struct DeskTask {
    pub(super) desk: Arc<Desk>,
    pub(super) services: Arc<Services>,
    answered: VecDeque<(SessionId, Done)>,
    pressed: HashMap<SessionId, (Command, Micros)>,
    /// What acts already and could not be stored yet.
    unstored: Option<Unstored>,
}

/// Something that acts already while the disk did not take it.
#[derive(Debug)]
struct Unstored {
    /// The revision that the store has.
    stored: u64,
    log: Vec<AsRunEntry>,
}

impl DeskTask {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let stop = self.services.tasks.stop().clone();
        loop {
            let again = async {
                match self.unstored {
                    Some(_) => tokio::time::sleep(limits::STORE_RETRY).await,
                    None => std::future::pending().await,
                }
            };
            let request = tokio::select! {
                request = requests.recv() => request,
                () = again => {
                    let document = self.desk.document();
                    let _ = self.store(&document, Vec::new()).await;
                    continue;
                }
                () = stop.cancelled() => {
                    // The last chance to keep what acts already.
                    if self.unstored.is_some() {
                        let document = self.desk.document();
                        let _ = self.store(&document, Vec::new()).await;
                    }
                    return;
                }
            };
            // Who asked may be gone when the answer comes; what was done stays done.
            match request {
                Some(Request::Command { message, by, recounted, pulled, reply }) => {
                    let done = self.handle(message, &by, recounted).await;
                    if let Some(command) = pulled {
                        self.desk.pulled(&command);
                    }
                    let _ = reply.send(done);
                }
                Some(Request::Rundown { file, by, reply }) => {
                    let _ = reply.send(self.replace_rundown(&file, &by).await);
                }
                None => return,
            }
        }
    }

    async fn handle(&mut self, message: CommandMessage, by: &Staff, recounted: Option<seal::Recounted>) -> Done {
        let CommandMessage { id, expect, command } = message;
        let before = self.answered.iter().find(|(session, done)| *session == by.session && done.id == id);
        if let Some((_, done)) = before {
            return done.clone();
        }
        let verb = command.verb();
        let outcome = self.judge(expect, command, by, recounted).await;
        let rev = self.desk.document().revision;
        let done = match outcome {
            Ok(()) => Done { id, ok: true, rev, code: None, detail: String::new() },
            Err(Refusal { code, detail }) => Done { id, ok: false, rev, code: Some(code), detail },
        };
        self.services.metrics.command(verb, done.code);
        self.answered.push_back((by.session, done.clone()));
        if self.answered.len() > limits::COMMANDS_REMEMBERED {
            self.answered.pop_front();
        }
        done
    }

    async fn judge(
        &mut self,
        expect: Option<u64>,
        command: Command,
        by: &Staff,
        recounted: Option<seal::Recounted>,
    ) -> Result<(), Refusal> {
        let now = self.services.clock.now();
        let document = self.desk.document();
        // Pulling something from the screens works whatever happened meanwhile, and however often it is pressed.
        let urgent = command.is_urgent();
        if !urgent {
            if expect.is_some_and(|expect| expect != document.revision) {
                let detail = "the show has moved on since your page showed it: look, and press again";
                return Err(Refusal { code: Code::Stale, detail: detail.to_owned() });
            }
            let last = self.pressed.get(&by.session);
            if last.is_some_and(|(last, at)| command.repeats(last) && now.since_ms(*at) < limits::DEBOUNCE_MS) {
                let detail = "pressed twice within a second: it was done once";
                return Err(Refusal { code: Code::TooSoon, detail: detail.to_owned() });
            }
        }
        let context = Context {
            now,
            by: by.clone(),
            owner_present: self.owner_present(&document, now),
            fresh_run: RunId::random(),
        };
        match (&command, recounted) {
            (_, Some(recounted)) => seal::sign_off(self, &document, &recounted, &context).await?,
            (Command::Seal { run }, None) => seal::seal(self, &document, *run, &context).await?,
            _ => {
                let next = transition::apply(&document, &command, &context)?;
                let entry = asrun::of_command(&next, &command, &by.name, now, self.note(&command, &document, &next));
                if urgent {
                    self.act_at_once(next, entry).await;
                } else {
                    self.commit(next, vec![entry]).await?;
                }
            }
        }
        // From when it was done: a second press may have waited for a slow disk behind the first.
        let done = self.services.clock.now();
        self.pressed.retain(|_, (_, at)| done.since_ms(*at) < limits::DEBOUNCE_MS);
        self.pressed.insert(by.session, (command, done));
        Ok(())
    }

    async fn replace_rundown(&mut self, file: &ShowFile, by: &Staff) -> Result<(), Refusal> {
        let next = transition::replace_rundown(&self.desk.document(), file, by.role)?;
        let entry = AsRunEntry {
            id: format!("{}.{}", next.epoch, next.revision),
            at: self.services.clock.now().as_ms(),
            rehearsal: next.rehearsal,
            by: by.name.clone(),
            what: "rundown".to_owned(),
            cue: None,
            run: None,
            note: format!("replaced: {} cues", next.rundown.len()),
        };
        self.commit(next, vec![entry]).await
    }

    fn owner_present(&self, document: &Document, now: Micros) -> bool {
        let owner = document.control.owner.as_ref();
        owner.is_some_and(|owner| self.desk.presence.is_present(owner.session, now))
    }

    /// Leaving rehearsal is logged with what is put away and what the live show starts with.
    fn note(&self, command: &Command, before: &Document, next: &Document) -> String {
        if *command != Command::GoLive {
            return String::new();
        }
        let ballots = |document: &Document| -> u64 {
            let runs = document.runs.iter().filter_map(|run| self.services.intake.run(run.id()));
            runs.map(|run| run.totals().counted).sum()
        };
        let (left, kept) = (ballots(before) - ballots(next), ballots(next));
        let runs = before.runs.len() - next.runs.len();
        format!("{runs} rehearsal runs with {left} ballots put away; the live show has {kept} ballots")
    }

    /// Stores a revision with its as-run entries, all or nothing; only then it acts. A slow disk may have kept a window
    /// change back until it was too late for it: then its successor, with the change moved ahead, acts in its place at
    /// once, so that no ballot is judged by windows that are not going to stay.
    pub(super) async fn commit(&mut self, next: Document, log: Vec<AsRunEntry>) -> Result<(), Refusal> {
        let before = self.desk.document();
        self.store(&next, log.clone()).await?;
        let now = self.services.clock.now();
        let again = catch_up(&before, &next, now);
        if again.is_none() {
            self.act(next);
        }
        self.desk.hub.publish_log(log);
        let Some(again) = again else { return Ok(()) };
        self.services.metrics.incident();
        let note = "incident: the disk was too slow for a window change, which was moved ahead".to_owned();
        tracing::error!(show = %self.desk.show, note);
        let entry = AsRunEntry { by: "clock".to_owned(), ..asrun::of_command(&again, &Command::Close, "", now, note) };
        self.act_at_once(again, entry).await;
        Ok(())
    }

    /// A revision acts first and the disk is asked afterwards: it is asked again until it takes it.
    async fn act_at_once(&mut self, next: Document, entry: AsRunEntry) {
        let stored = next.revision - 1;
        self.act(next.clone());
        self.desk.hub.publish_log(vec![entry.clone()]);
        if self.store(&next, vec![entry.clone()]).await.is_err() {
            self.unstored.get_or_insert(Unstored { stored, log: Vec::new() }).log.push(entry);
        }
    }

    async fn store(&mut self, next: &Document, log: Vec<AsRunEntry>) -> Result<(), Refusal> {
        let stored = StoredShow { revision: next.revision, json: next.to_json() };
        let expected = self.unstored.as_ref().map_or(next.revision - 1, |unstored| unstored.stored);
        let before = self.unstored.iter().flat_map(|unstored| unstored.log.clone());
        let entries: Vec<_> = before.chain(log).collect();
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        match self.services.tasks.blocking(move || store.replace(&show, expected, &stored, &entries)).await {
            Ok(true) => {
                self.unstored = None;
                Ok(())
            }
            Ok(false) => {
                let detail = "another process has changed this show: restart this node, which shows an old revision";
                Err(Refusal { code: Code::Stale, detail: detail.to_owned() })
            }
            Err(error) => {
                tracing::error!(%error, show = %self.desk.show, "a revision could not be stored");
                let detail =
                    "the revision could not be written, so nothing was done: look at the node's disk".to_owned();
                Err(Refusal { code: Code::Storage, detail })
            }
        }
    }

    /// Makes a stored revision the one that everybody reads.
    fn act(&self, next: Document) {
        let board = Board::of(&next);
        // Runs first: a board must not name a run that the intake does not know.
        for run in board.runs() {
            self.services.intake.follow(run, board.roster());
        }
        let before = self.desk.document();
        let gone: Vec<RunId> = before.runs.iter().map(Run::id).filter(|run| next.run(*run).is_none()).collect();
        self.desk.board.store(Arc::new(board));
        self.desk.document.store(Arc::new(next));
        for run in gone {
            self.services.intake.forget(run);
        }
        self.desk.changed.notify_one();
    }
}

/// Writes entries of the as-run log that belong to no revision, and tells staff. `false`: they could not be written.
pub(super) async fn log(desk: &Desk, services: &Services, entries: Vec<AsRunEntry>) -> bool {
    let (store, show, written) = (services.store.clone(), desk.show.clone(), entries.clone());
    match services.tasks.blocking(move || store.log(&show, &written)).await {
        Ok(()) => {
            desk.hub.publish_log(entries);
            true
        }
        Err(error) => {
            tracing::error!(%error, show = %desk.show, "the as-run log could not be written");
            false
        }
    }
}

#[cfg(test)]
mod tests;
