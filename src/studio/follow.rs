//! Follows what other nodes do to one show: a look at Redis ten times a second, both ways. What is newer there is taken
//! over by the desk, entries of the as-run log go into both, and nodes tell who is connected to them.

use std::sync::Arc;

use super::{
    desk::Desk,
    others,
    services::Services,
    standing::{Outgoing, Standing},
};
use crate::{
    base::{ids::RunId, limits},
    providers::store::{
        erased::{self, Erased},
        shared::{self, Look, SharedStore},
    },
    wire::server::AsRunEntry,
};

/// What a node says of itself is told again this often, though nothing changed.
const STATUS_EVERY_US: u64 = limits::STATUS_TTL_MS * 1000 / 3;

/// Runs until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>, shared: Arc<SharedStore>) {
    let stop = services.tasks.stop().clone();
    let mut follow = Follow {
        desk,
        services,
        shared,
        logged: 0,
        epoch: 0,
        backlog: Vec::new(),
        told: None,
        entering: false,
        manifests_due: true,
    };
    loop {
        tokio::select! {
            () = follow.look() => {}
            () = stop.cancelled() => return,
        }
        if follow.desk.is_erased() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(limits::LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

struct Follow {
    desk: Arc<Desk>,
    services: Arc<Services>,
    shared: Arc<SharedStore>,
    /// Entries of the shared log that are here, in this epoch.
    logged: u64,
    epoch: u32,
    /// Entries that are on their way to Redis, newest first.
    backlog: Vec<AsRunEntry>,
    /// What was told last, and when.
    told: Option<(String, u64)>,
    entering: bool,
    /// Manifests may be here and not in Redis, or there and not here.
    manifests_due: bool,
}

impl Follow {
    fn standing(&self) -> &Standing {
        self.desk.standing.as_ref().expect("a desk is followed among many nodes only")
    }

    async fn look(&mut self) {
        self.fill_backlog().await;
        let began = self.services.clock.elapsed_us();
        let mut known = self.standing().known();
        known.logged = if known.epoch == self.epoch { self.logged } else { 0 };
        let roster = self.desk.document().roster.clone();
        let status = self.status(began);
        let batch: Vec<_> = self.backlog.iter().rev().take(limits::LOG_BATCH).cloned().collect();
        let found = self.shared.look(&self.desk.show, &known, &roster, status.as_deref(), &batch).await;
        let mut look = match found {
            Ok(look) => look,
            Err(error) => {
                if let Some(erased) = shared::erased_by(&error) {
                    self.erased(erased).await;
                }
                // What was told may not have arrived.
                self.told = None;
                return;
            }
        };
        self.backlog.truncate(self.backlog.len() - batch.len());
        if let Some(status) = status {
            self.told = Some((status, began));
        }
        self.standing().set_server_time(look.now, began);
        if self.desk.others.update(self.services.node, std::mem::take(&mut look.nodes), self.services.clock.now()) {
            self.desk.changed.notify_one();
        }
        self.take_log(&mut look).await;
        let changed = look.epoch != known.epoch || look.json.is_some();
        let news = look.epoch != known.epoch || !look.offered || look.json.is_some() || look.revision == 0;
        if !news || self.desk.found(look, known).await {
            self.standing().set_fresh(began);
            self.manifests_due |= changed;
            if self.manifests_due {
                self.manifests_due = !self.share_manifests().await;
            }
            self.enter().await;
        }
    }

    /// The show was erased while this directory was away: it is taken off this node, and not opened by its next start.
    async fn erased(&self, erased: Erased) {
        if erased.by_clock {
            return super::keeping::take_off(&self.desk, &self.services, erased).await;
        }
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let keep = move || erased::put(&*store, &show, &Erased { done: false, ..erased });
        if self.services.tasks.blocking(keep).await.is_err() {
            return;
        }
        self.desk.set_erased(&self.services);
        self.services.metrics.incident();
        let show = &self.desk.show;
        tracing::error!(%show, "this show was erased: this node stops serving it, and still has its data. Stop the node and erase the show here, too");
    }

    /// What this node says of itself, if it is another thing than before, or was said too long ago.
    fn status(&self, now_us: u64) -> Option<String> {
        let own = others::own(&self.desk, &self.services);
        let text = serde_json::to_string(&own).expect("a status is plain data");
        let current = |(told, at): &(String, u64)| *told == text && now_us < at + STATUS_EVERY_US;
        (!self.told.as_ref().is_some_and(current)).then_some(text)
    }

    async fn fill_backlog(&mut self) {
        if !self.backlog.is_empty() {
            return;
        }
        match self.standing().outgoing() {
            Outgoing::Entries(entries) => self.backlog = entries,
            Outgoing::All => {
                let (store, show) = (self.services.store.clone(), self.desk.show.clone());
                match self.services.tasks.blocking(move || store.as_run(&show, usize::MAX)).await {
                    Ok(entries) => self.backlog = entries,
                    Err(_) => self.standing().send_all(),
                }
            }
        }
        self.backlog.reverse();
    }

    /// Writes what others did into the log here; staff that is connected here sees what is new.
    async fn take_log(&mut self, look: &mut Look) {
        let entries = std::mem::take(&mut look.entries);
        if !entries.is_empty() {
            let (store, show) = (self.services.store.clone(), self.desk.show.clone());
            match self.services.tasks.blocking(move || store.merge_log(&show, &entries)).await {
                Ok(fresh) if fresh.is_empty() => {}
                Ok(fresh) => self.desk.hub.publish_log(fresh),
                Err(error) => {
                    tracing::error!(%error, show = %self.desk.show, "the as-run log of the other nodes could not be written");
                    return;
                }
            }
        }
        (self.epoch, self.logged) = (look.epoch, look.logged);
    }

    /// Manifests are on every disk and in Redis: any node can verify and export what another one sealed. `false`: try again.
    async fn share_manifests(&self) -> bool {
        let document = self.desk.document();
        if document.runs.iter().all(|run| run.sealed().is_none()) {
            return true;
        }
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let Ok(here) = self.services.tasks.blocking(move || store.manifests(&show)).await else { return false };
        let Ok(there) = self.shared.manifests(&self.desk.show).await else { return false };
        let missing = |list: &[(RunId, u32, String)], run: RunId, revision: u32| {
            !list.iter().any(|(other, number, _)| (*other, *number) == (run, revision))
        };
        for (run, revision, json) in here.iter().filter(|(run, revision, _)| missing(&there, *run, *revision)) {
            if self.shared.put_manifest(&self.desk.show, *run, *revision, json).await.is_err() {
                return false;
            }
        }
        let fetched: Vec<_> = there.into_iter().filter(|(run, revision, _)| missing(&here, *run, *revision)).collect();
        let (store, show) = (self.services.store.clone(), self.desk.show.clone());
        let keep = move || fetched.iter().try_for_each(|(run, rev, json)| store.put_manifest(&show, *run, *rev, json));
        let kept = self.services.tasks.blocking(keep).await.is_ok();
        // One that is sealed and nowhere yet is on its way.
        let sealed =
            document.runs.iter().filter_map(|run| Some((run.id(), run.seal.as_ref()?.revision, run.sealed()?)));
        kept && sealed.into_iter().all(|(run, revision, _)| !missing(&here, run, revision))
    }

    /// A node that serves the show is on its roster.
    async fn enter(&mut self) {
        let draining = self.services.stance.is_draining();
        if draining || self.desk.document().roster.binary_search(&self.services.node).is_ok() {
            return;
        }
        if let Err(refusal) = self.desk.set_directory(true).await
            && !std::mem::replace(&mut self.entering, true)
        {
            tracing::warn!(show = %self.desk.show, %refusal, "this node is not on the roster yet: it takes no ballots of this show");
        }
    }
}
