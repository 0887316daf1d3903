//! A desk among many nodes: what it decides is the truth once Redis agrees, and what others decided is taken over. A
//! revision is written down as proposed, swapped in Redis, confirmed on disk, and only then it acts.

use std::{sync::Arc, time::Duration};

use super::task::{DeskTask, Unstored};
use crate::{
    base::{clock::Stopwatch, ids::ShowId, limits},
    providers::store::{
        StoredShow,
        shared::{Known, Look, Offer, Replacement, SharedStore, Swap},
    },
    shows::{catch_up::catch_up, document::Document, merge::merge, transition::Refusal},
    studio::standing::Standing,
    wire::{codes::Code, command::Command, server::AsRunEntry},
};

/// Why a revision did not come into force.
#[derive(Debug)]
pub(super) enum Miss {
    /// Not this one, whatever happens.
    Refused(Refusal),
    /// Another one was faster; it is here now.
    Moved,
}

impl From<Refusal> for Miss {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Miss> for Refusal {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Refused(refusal) => refusal,
            Miss::Moved => {
                let detail = "something else came first, and nothing was done: look, then press again";
                Self { code: Code::Stale, detail: detail.to_owned() }
            }
        }
    }
}

fn busy(detail: impl Into<String>) -> Miss {
    Miss::Refused(Refusal { code: Code::Busy, detail: detail.into() })
}

fn retry_s() -> u32 {
    limits::RETRY_SHARED_MS / 1000
}

/// What came of one swap, beside a refusal.
enum Turn {
    Done,
    Moved,
    /// Nodes offer what they have; this one should.
    Again(Duration),
}

impl DeskTask {
    fn standing(&self) -> &Standing {
        self.desk.standing.as_ref().expect("only a desk among many nodes does this")
    }

    /// The document that a command is applied to: its successors belong to the history that Redis has now.
    pub(in crate::studio) fn based(&self) -> Document {
        let document = Document::clone(&self.desk.document());
        match &self.desk.standing {
            Some(standing) => Document { epoch: standing.known().epoch, ..document },
            None => document,
        }
    }

    /// Brings a revision into force on all nodes. While nodes offer what they have after Redis changed, it waits.
    pub(super) async fn commit_shared(
        &mut self,
        shared: &Arc<SharedStore>,
        next: Document,
        log: Vec<AsRunEntry>,
    ) -> Result<(), Miss> {
        let watch = Stopwatch::start();
        let before = self.desk.document();
        // Another revision was taken over since this one was decided.
        if next.revision != before.revision + 1 {
            return Err(Miss::Moved);
        }
        loop {
            if let Some((_, why)) = &self.unread {
                let detail = format!("this node cannot read the show as it is now: {why}; do it on another node");
                return Err(Miss::Refused(Refusal { code: Code::NotNow, detail }));
            }
            let known = self.standing().known();
            let (previous, made_by) = (known.hash.clone(), Some(self.services.node));
            let next = Document { epoch: known.epoch, previous, made_by, ..next.clone() };
            match self.swap(shared, &known, &before, &next, &log, None).await? {
                Turn::Done => {
                    let link = (next.revision, self.standing().known().hash);
                    let _ = self.store_confirmed(&next, vec![link], log.clone()).await;
                    self.act(next);
                    self.desk.hub.publish_log(log);
                    return Ok(());
                }
                Turn::Moved => {
                    self.refresh(shared).await;
                    let confirmed = self.standing().known();
                    if confirmed.hash != known.hash || watch.elapsed() > limits::COMMAND_WAIT {
                        return Err(Miss::Moved);
                    }
                    // Redis has less than this node, which offers it.
                    tokio::time::sleep(limits::LOOK_EVERY).await;
                }
                Turn::Again(_) if watch.elapsed() > limits::COMMAND_WAIT => {
                    return Err(busy(format!(
                        "Redis was changed, and the nodes are comparing what they have: press again in {} s",
                        retry_s()
                    )));
                }
                Turn::Again(wait) => {
                    self.refresh(shared).await;
                    tokio::time::sleep(wait.min(limits::LOOK_EVERY)).await;
                    if self.standing().known().hash != known.hash {
                        return Err(Miss::Moved);
                    }
                    // What was decided before the wait may be about windows that have passed.
                    if next.runs.iter().zip(&before.runs).any(|(next, before)| next.windows != before.windows) {
                        return Err(Miss::Moved);
                    }
                }
            }
        }
    }

    /// One swap: proposed on disk, then in Redis. Asked again for a moment if there is no answer; the same swap twice is one.
    async fn swap(
        &mut self,
        shared: &SharedStore,
        known: &Known,
        before: &Document,
        next: &Document,
        log: &[AsRunEntry],
        merged: Option<&str>,
    ) -> Result<Turn, Miss> {
        let elapsed = self.services.clock.elapsed_us();
        let Some(server_time) = self.standing().server_time(elapsed) else {
            return Err(unreachable("it was not reached since this node started"));
        };
        let (stored, hash) = (StoredShow { revision: next.revision, json: next.to_json() }, next.hash());
        self.propose(stored.clone()).await?;
        // A merge moves its windows ahead by itself.
        if merged.is_none() && catch_up(before, next, self.services.clock.now()).is_some() {
            return Err(busy("this node's disk was too slow for a change of the window: press again"));
        }
        let watch = Stopwatch::start();
        let replacement = Replacement {
            known,
            next: &stored,
            hash: &hash,
            until: server_time.plus_ms(limits::SWAP_WITHIN_MS),
            roster: &before.roster,
            log,
            merged,
        };
        loop {
            match shared.replace(&self.desk.show, replacement).await {
                Ok(Swap::Done) => {
                    self.standing().confirm(next.revision, hash);
                    return Ok(Turn::Done);
                }
                Ok(Swap::Moved) => return Ok(Turn::Moved),
                Ok(Swap::Epoch(_)) => return Ok(Turn::Again(Duration::ZERO)),
                Ok(Swap::Wait(wait)) => return Ok(Turn::Again(wait)),
                Ok(Swap::Late) => {
                    return Err(busy("it took too long to reach Redis, so nothing was done: press again"));
                }
                Err(error) if watch.elapsed().as_millis() >= u128::from(limits::SWAP_WITHIN_MS) / 2 => {
                    return Err(unreachable(&error.to_string()));
                }
                Err(_) => tokio::time::sleep(limits::LOOK_EVERY / 2).await,
            }
        }
    }

    async fn propose(&self, next: StoredShow) -> Result<(), Miss> {
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let proposed = self.services.tasks.blocking(move || store.propose(&show, &next)).await;
        proposed.map_err(|error| {
            tracing::error!(%error, show = %self.desk.show, "a revision could not be proposed");
            let detail = "the revision could not be written, so nothing was done: look at the node's disk".to_owned();
            Miss::Refused(Refusal { code: Code::Storage, detail })
        })
    }

    /// Writes a confirmed revision to the disk. What the disk does not take is offered to it again.
    pub(super) async fn store_confirmed(
        &mut self,
        next: &Document,
        links: Vec<(u64, String)>,
        log: Vec<AsRunEntry>,
    ) -> Result<(), Refusal> {
        let stored = StoredShow { revision: next.revision, json: next.to_json() };
        let known = self.standing().known();
        let links = if links.is_empty() { vec![(known.revision, known.hash)] } else { links };
        let before = self.unstored.iter().flat_map(|unstored| unstored.log.clone());
        let entries: Vec<_> = before.chain(log).collect();
        let (store, show, written) = (self.services.store.clone(), self.desk.show.clone(), entries.clone());
        match self.services.tasks.blocking(move || store.confirm(&show, &stored, &links, &written)).await {
            Ok(_) => {
                self.unstored = None;
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, show = %self.desk.show, "a revision that Redis holds could not be stored here");
                self.unstored = Some(Unstored { stored: next.revision, log: entries });
                let detail = "the revision could not be written here: look at the node's disk".to_owned();
                Err(Refusal { code: Code::Storage, detail })
            }
        }
    }

    /// Looks at Redis between two tries of a command.
    async fn refresh(&mut self, shared: &SharedStore) {
        let (known, roster) = (self.standing().known(), self.desk.document().roster.clone());
        let elapsed = self.services.clock.elapsed_us();
        if let Ok(look) = shared.look(&self.desk.show, &known, &roster, None, &[]).await {
            self.standing().set_server_time(look.now, elapsed);
            self.found(look, known).await;
        }
    }

    /// Takes over what a look found. `true`: the board is what Redis holds.
    pub(super) async fn found(&mut self, look: Look, known: Known) -> bool {
        let Some(shared) = self.services.shared.clone() else { return true };
        // Something was confirmed since the look was made: the next one sees it.
        if self.standing().known().hash != known.hash {
            return false;
        }
        if self.standing().set_epoch(look.epoch) {
            tracing::warn!(show = %self.desk.show, epoch = look.epoch, "Redis has another history: this node offers what it has");
            self.standing().send_all();
        }
        let diverged = look.revision == 0 || (look.json.is_some() && look.ancestor != known.hash);
        if look.offered && !diverged {
            return self.adopt(look).await;
        }
        match self.offer(&shared).await {
            Some(Offer::Back) => {
                tracing::warn!(show = %self.desk.show, revision = known.revision, "Redis had lost this revision: it was put back");
                self.unread = None;
                true
            }
            Some(Offer::Kept) if diverged => self.adopt_other(&shared, &known, look, known.revision).await,
            Some(Offer::Kept) => self.adopt(look).await,
            // Others may have more of the branch that Redis holds: they are heard first.
            Some(Offer::Fork { .. }) if !look.waits.is_zero() => false,
            Some(Offer::Fork { ancestor }) => self.join(&shared, &known, look, ancestor).await,
            None => false,
        }
    }

    async fn offer(&self, shared: &SharedStore) -> Option<Offer> {
        let (known, document) = (self.standing().known(), self.desk.document());
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let read = self.services.tasks.blocking(move || {
            Ok::<_, crate::providers::store::StoreError>((store.history(&show)?, store.show(&show)?))
        });
        let (history, stored) = read.await.ok()?;
        // As it is stored, byte by byte: its hash names these bytes.
        let json =
            stored.filter(|stored| stored.revision == known.revision).map_or_else(|| document.to_json(), |s| s.json);
        let offered = shared.offer(&self.desk.show, &known, &json, &history, &document.roster).await;
        let (epoch, offer) = offered.ok()?;
        self.standing().set_epoch(epoch);
        Some(offer)
    }

    /// Takes over the document of a look, if it brought one.
    async fn adopt(&mut self, look: Look) -> bool {
        let Some(json) = look.json else {
            self.unread = None;
            return true;
        };
        let next = match Document::read(&json) {
            Ok(next) => next,
            Err(error) => {
                // The next look finds the same.
                if self.unread.as_ref().is_none_or(|(hash, _)| *hash != look.hash) {
                    self.services.metrics.incident();
                    tracing::error!(show = %self.desk.show, %error, "the document in Redis cannot be read: ballots are held");
                    self.unread = Some((look.hash, error.to_string()));
                }
                return false;
            }
        };
        if !next.is_same_show(&self.desk.document()) {
            self.services.metrics.incident();
            tracing::error!(
                show = %self.desk.show,
                "Redis holds another show with the same id, of another installation: ballots are held. Use another \
                 Redis, or give this show another id"
            );
            return false;
        }
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let stored = StoredShow { revision: look.revision, json };
        let links = if look.links.is_empty() { vec![(look.revision, look.hash.clone())] } else { look.links };
        let confirmed = self.services.tasks.blocking(move || store.confirm(&show, &stored, &links, &[])).await;
        if let Err(error) = confirmed {
            tracing::error!(%error, show = %self.desk.show, "a revision of another node could not be stored");
            return false;
        }
        self.standing().confirm(look.revision, look.hash);
        (self.unstored, self.unread) = (None, None);
        self.act(next);
        true
    }

    /// Takes over a document that does not descend from what is here, with its history after `ancestor`.
    async fn adopt_other(&mut self, shared: &SharedStore, known: &Known, look: Look, ancestor: u64) -> bool {
        let from =
            Known { revision: ancestor.min(look.revision.saturating_sub(1)), hash: "-".to_owned(), ..known.clone() };
        let whole = shared.look(&self.desk.show, &from, &self.desk.document().roster, None, &[]).await;
        match whole {
            Ok(whole) if whole.revision > 0 => self.adopt(whole).await,
            _ => false,
        }
    }

    /// Joins the branch of this node with the one that Redis holds.
    async fn join(&mut self, shared: &Arc<SharedStore>, known: &Known, look: Look, ancestor: u64) -> bool {
        let held = look.json.as_deref().and_then(|json| Document::read(json).ok());
        let Some(held) = held.filter(|held| held.is_same_show(&self.desk.document())) else {
            return self.adopt(look).await;
        };
        let (mine, now) = (self.desk.document(), self.services.clock.now());
        let lost = self.commands_after(&mine, ancestor).await;
        let verbs: Vec<&str> = lost.iter().map(|entry| entry.what.as_str()).collect();
        let mut merged = merge(&held, &mine, &verbs, now);
        merged.document.epoch = look.epoch;
        merged.document.previous.clone_from(&look.hash);
        let entry = joined(&merged.document, &known.hash, &lost, &merged.incidents, now.as_ms());
        tracing::error!(show = %self.desk.show, note = entry.note, "two branches of a show were joined");
        self.services.metrics.incident();
        let theirs = Known { epoch: look.epoch, revision: look.revision, hash: look.hash.clone(), logged: 0 };
        let log = vec![entry];
        let swapped = self.swap(shared, &theirs, &held, &merged.document, &log, Some(&known.hash)).await;
        if !matches!(swapped, Ok(Turn::Done)) {
            return false;
        }
        // The history of the branch that is left is not the history of what is here now.
        self.standing().confirm(look.revision, look.hash.clone());
        self.adopt_other(shared, known, look, ancestor).await
    }

    /// What was commanded here after a revision, as the log has it.
    async fn commands_after(&self, mine: &Document, ancestor: u64) -> Vec<AsRunEntry> {
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let entries = self.services.tasks.blocking(move || store.as_run(&show, limits::LOG_WAITING_MAX)).await;
        let after = |entry: &AsRunEntry| {
            let of_revision = entry
                .id
                .split_once('.')
                .and_then(|(epoch, rev)| Some((epoch.parse::<u32>().ok()?, rev.parse::<u64>().ok()?)));
            of_revision.is_some_and(|(epoch, rev)| epoch == mine.epoch && rev > ancestor && rev <= mine.revision)
        };
        entries.unwrap_or_default().into_iter().filter(after).collect()
    }

    /// Puts this node's directory on the roster, or takes it off.
    pub(super) async fn set_directory(&mut self, on: bool) -> Result<(), Refusal> {
        let Some(shared) = self.services.shared.clone() else { return Ok(()) };
        for _ in 0..5 {
            let now = self.services.clock.now();
            let Some(next) = self.based().with_directory(self.services.node, on, now) else { return Ok(()) };
            let node = self.services.node;
            let was_lost = next.written_off.iter().any(|off| off.node == node && off.returned_at == Some(now));
            let note = if was_lost { format!("{node}: it had been written off") } else { node.to_string() };
            let entry = AsRunEntry {
                id: format!("{}.{}", next.epoch, next.revision),
                at: now.as_ms(),
                rehearsal: next.rehearsal,
                by: "node".to_owned(),
                what: if on { "entered" } else { "left" }.to_owned(),
                cue: None,
                run: None,
                note,
            };
            match self.commit_shared(&shared, next, vec![entry]).await {
                Err(Miss::Moved) => {}
                done => return Ok(done?),
            }
        }
        Err(Miss::Moved.into())
    }
}

/// Whether the answer to a command waits for a replica: what it did must not be lost.
pub(super) fn is_kept(command: &Command) -> bool {
    matches!(command, Command::Reveal { .. } | Command::Void { .. } | Command::Confirm { .. } | Command::Close)
}

/// Waits for a replica, if there is one; what came of it is for who pressed. The command itself acts already.
pub(super) async fn replicated(shared: &SharedStore, show: &ShowId) -> String {
    match shared.replicated(show).await {
        Ok(None) => String::new(),
        Ok(Some(true)) => "a replica of Redis has it".to_owned(),
        Ok(Some(false)) | Err(_) => {
            "no replica of Redis has confirmed it yet; the nodes put it back if Redis loses it".to_owned()
        }
    }
}

fn unreachable(why: &str) -> Miss {
    let s = retry_s();
    busy(format!(
        "Redis does not answer ({why}); if it was done all the same, the page shows it, else press again in {s} s. \
         Clear, panic and freeze work meanwhile"
    ))
}

/// The entry that names what was joined.
fn joined(next: &Document, branch: &str, lost: &[AsRunEntry], incidents: &[String], at: u64) -> AsRunEntry {
    let commands: Vec<_> = lost.iter().map(|entry| format!("{} ({}, {})", entry.what, entry.by, entry.id)).collect();
    let mut note = "incident: two branches of this show were joined, and the show is on hold".to_owned();
    if !commands.is_empty() {
        note += &format!("; look whether these still hold: {}", commands.join(", "));
    }
    for incident in incidents {
        note += &format!("; {incident}");
    }
    AsRunEntry {
        id: format!("joined.{}", branch.get(..16).unwrap_or(branch)),
        at,
        rehearsal: next.rehearsal,
        by: "node".to_owned(),
        what: "joined".to_owned(),
        cue: None,
        run: None,
        note,
    }
}
