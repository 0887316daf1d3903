//! One-time links for staff, good on every node: kept in Redis, where many nodes can reach it, or else in the documents of
//! the node that made it, which is then the only one to take it. Never in both, so that it is used once.

use super::services::Services;
use crate::{
    base::{clock::Micros, ids::ShowId},
    identity::{link, token::StaffClaims},
    providers::store::StoreError,
    wire::server::Role,
};

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

/// Uses a code up and gives the token and what it says. `None`: unknown, used or expired.
///
/// # Errors
/// The store cannot be read.
pub async fn enter(
    services: &std::sync::Arc<Services>,
    code: String,
    now: Micros,
) -> Result<Option<(String, StaffClaims)>, StoreError> {
    if let Some(shared) = &services.shared {
        match link::enter_shared(shared, &services.secret, &code, now).await {
            Ok(Some(entered)) => return Ok(Some(entered)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a link was looked up on this node only"),
        }
    }
    let here = services.clone();
    services.tasks.blocking(move || link::enter(&*here.store, &here.secret, &code, now)).await
}
