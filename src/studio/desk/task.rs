//! The task of one desk: does its commands one after another, and makes what is stored the truth.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::mpsc;

use super::{Desk, Request, pulls, shared::Miss};
use crate::{
    ballots::outcome,
    base::{
        clock::{Micros, Stopwatch},
        ids::{KeyId, NodeId, ProposalId, RunId, SessionId},
        limits,
    },
    live,
    providers::store::StoredShow,
    shows::{
        board::Board,
        catch_up::catch_up,
        document::{Document, Staff},
        edits,
        file::ShowFile,
        keep::Step,
        keys::KeyChange,
        run::Run,
        transition::{self, Context, Refusal},
    },
    studio::{asrun, correcting, seal, services::Services},
    wire::{
        client::CommandMessage,
        codes::Code,
        command::Command,
        server::{AsRunEntry, Done},
    },
};

/// The owner of a show's order of commands.
pub(in crate::studio) struct DeskTask {
    pub(in crate::studio) desk: Arc<Desk>,
    pub(in crate::studio) services: Arc<Services>,
    answered: VecDeque<(SessionId, Done)>,
    pressed: HashMap<SessionId, (Command, Micros)>,
    /// What acts already and could not be stored yet.
    pub(super) unstored: Option<Unstored>,
    /// Hash of the document in Redis that this release cannot read, and why not.
    pub(super) unread: Option<(String, String)>,
    /// What was pulled from the screens here while Redis did not agree, who did it, and when.
    pub(super) reassert: VecDeque<(Command, Staff, Micros)>,
}

/// Something that acts already while the disk did not take it.
#[derive(Debug)]
pub(super) struct Unstored {
    /// The revision that the store has.
    pub(super) stored: u64,
    pub(super) log: Vec<AsRunEntry>,
}

impl DeskTask {
    pub(super) fn new(desk: Arc<Desk>, services: Arc<Services>) -> Self {
        let reassert = pulls::noted(&services, &desk.show);
        for (command, ..) in &reassert {
            desk.pull(command);
        }
        Self {
            desk,
            services,
            answered: VecDeque::new(),
            pressed: HashMap::new(),
            unstored: None,
            unread: None,
            reassert,
        }
    }

    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let stop = self.services.tasks.stop().clone();
        // They go on however many requests come: what was pulled must reach the other nodes in the middle of a busy show.
        let (mut store_again, mut assert_again) = (every(limits::STORE_RETRY), every(limits::CLOCK_EVERY));
        loop {
            let request = tokio::select! {
                request = requests.recv() => request,
                _ = store_again.tick(), if self.unstored.is_some() => {
                    let document = self.desk.document();
                    let _ = self.store(&document, Vec::new()).await;
                    continue;
                }
                _ = assert_again.tick(), if !self.reassert.is_empty() => {
                    self.reassert().await;
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
                    let waited = pulled.as_ref().is_some_and(|command| self.waits(command));
                    let done = self.handle(message, &by, recounted).await;
                    // What Redis has not agreed to yet stays pulled here: once, however often it was pressed.
                    if let Some(command) = pulled.filter(|command| waited || !self.waits(command)) {
                        self.desk.pulled(&command);
                    }
                    let _ = reply.send(done);
                }
                Some(Request::Rundown { file, at_start, by, reply }) => {
                    let _ = reply.send(self.replace_rundown(&file, at_start, &by).await);
                }
                Some(Request::Keys { change, by, reply }) => {
                    let _ = reply.send(self.change_keys(&change, &by).await);
                }
                Some(Request::Found { look, known, reply }) => {
                    let _ = reply.send(self.found(*look, known).await);
                }
                Some(Request::Sealed { sealed, reply }) => {
                    let _ = reply.send(seal::write(&mut self, sealed).await);
                }
                Some(Request::VoterKey { reply }) => {
                    let _ = reply.send(self.destroy_voter_key().await);
                }
                Some(Request::Directory { on, reply }) => {
                    let _ = reply.send(self.set_directory(on).await);
                }
                None => return,
            }
        }
    }

    /// Whether something was pulled here and not told to the others yet.
    pub(super) fn waits(&self, command: &Command) -> bool {
        self.reassert.iter().any(|(waiting, ..)| waiting == command)
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
            Ok((detail, proposal)) => Done { id, ok: true, rev, code: None, detail, proposal },
            Err(Refusal { code, detail }) => Done { id, ok: false, rev, code: Some(code), detail, proposal: None },
        };
        self.services.metrics.command(verb, done.code);
        self.answered.push_back((by.session, done.clone()));
        if self.answered.len() > limits::COMMANDS_REMEMBERED {
            self.answered.pop_front();
        }
        done
    }

    /// Does a command. What comes back is for the person who pressed, and mostly nothing.
    async fn judge(
        &mut self,
        expect: Option<u64>,
        command: Command,
        by: &Staff,
        recounted: Option<seal::Recounted>,
    ) -> Result<(String, Option<ProposalId>), Refusal> {
        // Pulling something from the screens works whatever happened meanwhile, and however often it is pressed.
        let urgent = command.is_urgent();
        let (watch, mut proposal) = (Stopwatch::start(), None);
        let told = loop {
            let now = self.services.clock.now();
            let document = self.based();
            if !urgent {
                self.check(expect, &command, by, &document, now)?;
            }
            let context = Context {
                now,
                by: by.clone(),
                owner_present: self.owner_present(&document, now),
                fresh_run: RunId::random(),
                ranks: outcome::ranks,
            };
            match (&command, &recounted) {
                (_, Some(recounted)) => seal::sign_off(self, &document, recounted, &context).await?,
                (Command::Seal { run }, None) if self.services.shared.is_none() => {
                    seal::seal(self, &document, *run, &context).await?;
                }
                _ => {
                    let next = transition::apply(&document, &command, &context)?;
                    let next =
                        correcting::complete(&self.desk, &self.services, &document, next, &command, &context).await?;
                    let note = self.note(&command, &document, &next);
                    let entry = asrun::of_decision((&document, &next), &command, &by.name, now, note);
                    proposal = next.new_proposal(&document);
                    match self.try_commit(next, vec![entry.clone()], urgent).await {
                        Ok(()) if proposal.is_some() => {
                            let minutes = limits::PROPOSAL_MS / 60_000;
                            break format!("another person can confirm it within {minutes} minutes");
                        }
                        Ok(()) => {}
                        // Somebody was faster, and the page that was pressed on did not say what it had seen.
                        Err(Miss::Moved) if watch.elapsed() < limits::COMMAND_WAIT => continue,
                        Err(miss) if urgent => break self.pull_here(command.clone(), by, entry, &miss).await,
                        Err(miss) => return Err(miss.into()),
                    }
                }
            }
            break edits::told(&command, &self.desk.document());
        };
        // From when it was done: a second press may have waited for a slow disk behind the first.
        let done = self.services.clock.now();
        self.pressed.retain(|_, (_, at)| done.since_ms(*at) < limits::DEBOUNCE_MS);
        self.pressed.insert(by.session, (command, done));
        Ok((told, proposal))
    }

    fn check(
        &self,
        expect: Option<u64>,
        command: &Command,
        by: &Staff,
        document: &Document,
        now: Micros,
    ) -> Result<(), Refusal> {
        if expect.is_some_and(|expect| !document.is_seen_at(expect)) {
            return Err(Miss::Moved.into());
        }
        let is_here = |node: &NodeId| self.desk.others.nodes().iter().any(|(one, _)| one == node);
        if let Command::WriteOff { node, .. } = command
            && (*node == self.services.node || is_here(node))
        {
            let detail = format!("node {node} is there: stop it in good order, and it leaves the roster by itself");
            return Err(Refusal { code: Code::NotNow, detail });
        }
        let last = self.pressed.get(&by.session);
        if last.is_some_and(|(last, at)| command.repeats(last) && now.since_ms(*at) < limits::DEBOUNCE_MS) {
            let detail = "pressed twice within a second: it was done once";
            return Err(Refusal { code: Code::TooSoon, detail: detail.to_owned() });
        }
        Ok(())
    }

    async fn replace_rundown(&mut self, file: &ShowFile, at_start: bool, by: &Staff) -> Result<(), Refusal> {
        let mut next = transition::replace_rundown(&self.based(), file, by.role)?;
        if at_start {
            next.changed_from = None;
        }
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

    async fn change_keys(&mut self, change: &KeyChange, by: &Staff) -> Result<(), Refusal> {
        let now = self.services.clock.now();
        let next = self.based().with_keys(change, &by.name, by.role, now)?;
        let named = |id: &KeyId| next.keys.iter().find(|key| key.id == *id);
        let note = match change {
            KeyChange::Make { id, .. } => named(id).map(|key| {
                let may: Vec<_> = key.may.iter().map(|group| group.word()).collect();
                format!("{} made: {}{}", key.name, may.join(", "), if key.get { ", also by GET" } else { "" })
            }),
            KeyChange::Revoke(id) => named(id).map(|key| format!("{} revoked", key.name)),
        };
        let entry = AsRunEntry {
            id: format!("{}.{}", next.epoch, next.revision),
            at: now.as_ms(),
            rehearsal: next.rehearsal,
            by: by.name.clone(),
            what: "key".to_owned(),
            cue: None,
            run: None,
            note: note.unwrap_or_default(),
        };
        self.commit(next, vec![entry]).await
    }

    async fn destroy_voter_key(&mut self) -> Result<(), Refusal> {
        let (document, now) = (self.based(), self.services.clock.now());
        // Another node was first.
        if !document.is_due(Step::VoterKey, now) {
            return Ok(());
        }
        let next = document.without_voter_key(now);
        let entry = AsRunEntry {
            id: "voter_key_destroyed".to_owned(),
            at: now.as_ms(),
            rehearsal: false,
            by: "clock".to_owned(),
            what: "voter_key_destroyed".to_owned(),
            cue: None,
            run: None,
            note: "as the show file says: whose a ballot is can never be found out again".to_owned(),
        };
        self.commit(next, vec![entry]).await
    }

    fn owner_present(&self, document: &Document, now: Micros) -> bool {
        let owner = document.control.owner.as_ref();
        owner.is_some_and(|owner| self.desk.is_present(owner.session, now))
    }

    /// Leaving rehearsal is logged with what is put away and what the live show starts with.
    fn note(&self, command: &Command, before: &Document, next: &Document) -> String {
        if let Command::Resolve { run, .. } = command {
            return came_true(next, *run, self.services.clock.now());
        }
        if *command != Command::GoLive {
            return edits::note(command, before, next);
        }
        let ballots = |document: &Document| -> u64 {
            let runs = document.runs.iter().filter_map(|run| self.services.intake.run(run.id()));
            runs.map(|run| run.totals().counted).sum()
        };
        let (left, kept) = (ballots(before) - ballots(next), ballots(next));
        let runs = before.runs.len() - next.runs.len();
        format!("put away of the rehearsal: runs {runs}, ballots {left}; the live show has {kept} ballots")
    }

    /// Stores a revision with its as-run entries, all or nothing; only then it acts. A slow disk may have kept a window
    /// change back until it was too late for it: then its successor, with the change moved ahead, acts in its place at
    /// once, so that no ballot is judged by windows that are not going to stay.
    pub(in crate::studio) async fn commit(&mut self, next: Document, log: Vec<AsRunEntry>) -> Result<(), Refusal> {
        Ok(self.try_commit(next, log, false).await?)
    }

    /// As [`Self::commit`]; what is urgent acts first, where this node works alone.
    async fn try_commit(&mut self, next: Document, log: Vec<AsRunEntry>, urgent: bool) -> Result<(), Miss> {
        if let Some(shared) = self.services.shared.clone() {
            return self.commit_shared(&shared, next, log).await;
        }
        if urgent {
            self.act_at_once(next, log).await;
            return Ok(());
        }
        self.commit_alone(next, log).await.map_err(Miss::Refused)
    }

    async fn commit_alone(&mut self, next: Document, log: Vec<AsRunEntry>) -> Result<(), Refusal> {
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
        self.act_at_once(again, vec![entry]).await;
        Ok(())
    }

    /// A revision acts first and the disk is asked afterwards: it is asked again until it takes it.
    async fn act_at_once(&mut self, next: Document, log: Vec<AsRunEntry>) {
        let stored = next.revision - 1;
        self.act(next.clone());
        self.desk.hub.publish_log(log.clone());
        if self.store(&next, log.clone()).await.is_err() {
            self.unstored.get_or_insert(Unstored { stored, log: Vec::new() }).log.extend(log);
        }
    }

    async fn store(&mut self, next: &Document, log: Vec<AsRunEntry>) -> Result<(), Refusal> {
        if self.desk.standing.is_some() {
            return self.store_confirmed(next, Vec::new(), log).await;
        }
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
    pub(super) fn act(&self, next: Document) {
        let board = Board::of(&next);
        // Runs first: a board must not name a run that the intake does not know.
        for run in board.of_ballots() {
            self.services.intake.follow(run, board.roster());
        }
        self.desk.reactions.follow(next.on_program());
        let before = self.desk.document();
        if before.salt != next.salt {
            let key = self.services.secret.voter_key(next.id.as_str(), &next.salt);
            self.desk.voter_key.store(Arc::new(key));
        }
        let gone: Vec<RunId> = before.runs.iter().map(Run::id).filter(|run| next.run(*run).is_none()).collect();
        self.desk.board.store(Arc::new(board));
        self.desk.document.store(Arc::new(next));
        for run in gone {
            self.services.intake.forget(run);
        }
        self.desk.changed.notify_one();
    }
}

/// What came true, and how many were right. Everybody of the staff reads it, so it has no number that some may not see.
fn came_true(next: &Document, run: Option<RunId>, now: Micros) -> String {
    let run = transition::meant(next, run).ok().and_then(|run| next.run(run));
    let Some((run, resolved)) = run.and_then(|run| Some((run, run.resolved.as_ref()?))) else { return String::new() };
    let votes = run.sealed().map(|seal| &*seal.totals).unwrap_or_default();
    let options = (1..).zip(&run.definition.interaction.options).zip(votes);
    let right: Vec<_> = options.filter(|((n, _), _)| resolved.right.contains(n)).collect();
    let labels = right.iter().map(|((_, label), _)| label.as_str()).collect::<Vec<_>>().join(", ");
    if live::results::is_hidden(run, live::results::Audience::Operators, now) {
        return labels;
    }
    let (right, all) = (right.iter().map(|(_, votes)| **votes).sum::<u64>(), votes.iter().sum::<u64>());
    format!("{labels}: {right} of {all} were right")
}

fn every(period: std::time::Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}

/// Writes entries of the as-run log that belong to no revision, and tells staff. `false`: they could not be written.
pub(in crate::studio) async fn log(desk: &Desk, services: &Services, entries: Vec<AsRunEntry>) -> bool {
    let (store, show, written) = (services.store.clone(), desk.show.clone(), entries.clone());
    if let Some(standing) = &desk.standing {
        standing.send(&entries);
        // Another node may have written the same.
        let merged = services.tasks.blocking(move || store.merge_log(&show, &written)).await;
        return merged.map(|fresh| desk.hub.publish_log(fresh)).is_ok();
    }
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
