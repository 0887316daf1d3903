//! What was pulled from the screens of this node while Redis did not agree: it is done again for all nodes when Redis is
//! back, unless somebody put something on the screens since. Another pull is nothing to give way to.

use std::collections::VecDeque;

use super::{shared::Miss, task::DeskTask};
use crate::{
    ballots::outcome,
    base::{
        clock::Micros,
        ids::{RunId, ShowId},
    },
    shows::{
        document::Staff,
        transition::{self, Context},
    },
    studio::{asrun, services::Services},
    wire::{command::Command, server::AsRunEntry},
};

impl DeskTask {
    /// Something urgent that Redis did not agree to: it is done on this node and its screens, and told to the others when
    /// Redis is back.
    pub(super) async fn pull_here(&mut self, command: Command, by: &Staff, entry: AsRunEntry, miss: &Miss) -> String {
        let why = match miss {
            Miss::Refused(refusal) => refusal.detail.clone(),
            Miss::Moved => "others were faster".to_owned(),
        };
        tracing::warn!(show = %self.desk.show, why, "something was pulled from the screens of this node only");
        let note = "on this node and its screens; the others follow when Redis is back".to_owned();
        let at = Micros::from_ms(entry.at);
        let entry = AsRunEntry { id: format!("{}.{}.{}", self.services.node, command.verb(), entry.at), note, ..entry };
        super::log(&self.desk, &self.services, vec![entry]).await;
        // The last press counts: somebody may have put something on the screens since the one before.
        self.reassert.retain(|(waiting, ..)| *waiting != command);
        self.reassert.push_back((command, by.clone(), at));
        self.note_reassert().await;
        "on this node and its screens only: the other nodes follow when Redis is back".to_owned()
    }

    /// Tries again what was pulled here, unless somebody put something on the screens since.
    pub(super) async fn reassert(&mut self) {
        let Some((command, by, at)) = self.reassert.front().cloned() else { return };
        let Some(shared) = self.services.shared.clone() else { return };
        // Nothing is proposed on disk five times a second while Redis is away.
        if shared.health().down.is_some() {
            return;
        }
        let (now, document) = (self.services.clock.now(), self.based());
        let graphic = document.graphic;
        let since = if command == Command::Freeze { graphic.shown.max(graphic.thawed) } else { graphic.shown };
        if since > at {
            let note = "not done again for all nodes: the screens were changed since".to_owned();
            let entry = asrun::of_command(&document, &command, &by.name, now, note);
            let id = format!("{}.{}.{}.over", self.services.node, command.verb(), at.as_ms());
            super::log(&self.desk, &self.services, vec![AsRunEntry { id, ..entry }]).await;
            return self.reasserted(&command).await;
        }
        let fresh_run = RunId::random();
        let context = Context { now, by: by.clone(), owner_present: true, fresh_run, ranks: outcome::ranks };
        let Ok(next) = transition::apply(&document, &command, &context) else {
            return self.reasserted(&command).await;
        };
        let note = "again, for all nodes: Redis is back".to_owned();
        let entry = asrun::of_command(&next, &command, &by.name, now, note);
        if self.commit_shared(&shared, next, vec![entry]).await.is_ok() {
            self.reasserted(&command).await;
        }
    }

    async fn reasserted(&mut self, command: &Command) {
        self.reassert.pop_front();
        self.desk.pulled(command);
        self.note_reassert().await;
    }

    /// A start without Redis shows what was pulled before, too. A disk that does not take it changes nothing now.
    async fn note_reassert(&self) {
        let text = serde_json::to_string(&self.reassert).expect("commands are plain data");
        let (store, name) = (self.services.store.clone(), note_name(&self.desk.show));
        if let Err(error) = self.services.tasks.blocking(move || store.put_note(&name, &text)).await {
            tracing::error!(%error, "what was pulled from the screens is forgotten if this process ends");
        }
    }
}

/// Where a node keeps what was pulled on its screens and not told to the others yet.
fn note_name(show: &ShowId) -> String {
    format!("pulled.{show}")
}

/// What was pulled when the last process ended, and not told to the others yet.
pub(super) fn noted(services: &Services, show: &ShowId) -> VecDeque<(Command, Staff, Micros)> {
    let text = services.shared.as_ref().and_then(|_| services.store.note(&note_name(show)).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
