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
    base::limits,
    providers::store::shared::{Look, SharedStore},
    wire::server::AsRunEntry,
};

/// What a node says of itself is told again this often, though nothing changed.
const STATUS_EVERY_US: u64 = limits::STATUS_TTL_MS * 1000 / 3;

/// Runs until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>, shared: Arc<SharedStore>) {
    let stop = services.tasks.stop().clone();
    let mut follow =
        Follow { desk, services, shared, logged: 0, epoch: 0, backlog: Vec::new(), told: None, entering: false };
    loop {
        tokio::select! {
            () = follow.look() => {}
            () = stop.cancelled() => return,
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
        let Ok(mut look) = found else {
            // What was told may not have arrived.
            self.told = None;
            return;
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
        let news = look.epoch != known.epoch || !look.offered || look.json.is_some() || look.revision == 0;
        if !news || self.desk.found(look, known).await {
            self.standing().set_fresh(began);
            self.enter().await;
        }
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
        let upto = look.from + entries.len() as u64;
        if look.length < upto {
            return;
        }
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
        (self.epoch, self.logged) = (look.epoch, upto);
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
