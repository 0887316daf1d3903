//! One-time links for staff, good on every node: kept in Redis, where many nodes can reach it, or else in the documents of
//! the node that made it, which is then the only one to take it. Never in both, so that it is used once.
//! And the entry links of a show, which say the same for ever and are kept nowhere.

use super::{desk::Desk, services::Services};
use crate::{
    base::{clock::Micros, ids::ShowId},
    identity::{
        link,
        token::{self, EntryLink, StaffClaims},
    },
    providers::{redis::RedisError, store::StoreError},
    wire::{entry::Entry, server::Role},
};

/// The entries that a show declares: number, entry, and the path of its link, with the code in the fragment, which browsers
/// do not send.
pub fn entries(services: &Services, desk: &Desk) -> Vec<(u8, Entry, String)> {
    let document = desk.document();
    let line = |(number, entry): (u8, &Entry)| {
        let code = token::sign(&services.secret, &EntryLink::new(desk.show.clone(), entry));
        (number, entry.clone(), format!("/s/{}#e={code}", desk.show))
    };
    document.entries.declared().map(line).collect()
}

/// Makes a link's code.
///
/// # Errors
/// Neither Redis nor the disk keeps it.
pub async fn create(services: &Services, show: &ShowId, role: Role, name: &str) -> Result<String, StoreError> {
    let now = services.clock.now();
    if let Some(shared) = &services.shared {
        match link::create_shared(shared, show, role, name, now).await {
            Ok(code) => return Ok(code),
            Err(error) => tracing::warn!(%error, "this link works on this node only"),
        }
    }
    let (store, show, name) = (services.store.clone(), show.clone(), name.to_owned());
    services.tasks.blocking(move || link::create(&*store, &show, role, &name, now)).await
}

/// Why it cannot be said whether a code is good.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// Uses a code up and gives the token and what it says. `None`: unknown, used or expired.
///
/// # Errors
/// The store cannot be read; or this node does not know the code, and Redis, which may, does not answer.
pub async fn enter(
    services: &std::sync::Arc<Services>,
    code: String,
    now: Micros,
) -> Result<Option<(String, StaffClaims)>, EnterError> {
    let shared = match &services.shared {
        Some(shared) => link::enter_shared(shared, &services.secret, &code, now).await,
        None => Ok(None),
    };
    if let Ok(Some(entered)) = shared {
        return Ok(Some(entered));
    }
    let here = services.clone();
    match services.tasks.blocking(move || link::enter(&*here.store, &here.secret, &code, now)).await? {
        Some(entered) => Ok(Some(entered)),
        None => Ok(shared?),
    }
}
