//! Keys that fire triggers: made, listed and revoked by producers. What opens is told once and kept as a hash only.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::Serialize;

use super::{
    extract::{self, Body, OfShow},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{
        hex,
        ids::{KeyId, ShowId, random_bytes},
    },
    shows::{
        document::Staff,
        keys::{Key, KeyChange, hash},
    },
    studio::desk::Desk,
    wire::{
        codes::Code,
        server::Role,
        trigger::{KeyRequest, KeyView},
    },
};

/// The keys of a show.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Keys {
    keys: Vec<KeyView>,
}

/// A key that was made just now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeKey {
    /// What opens: keep it, nobody can tell it again.
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

fn producer(doors: &Doors, desk: &Desk, headers: &HeaderMap) -> Result<Staff, Failure> {
    let staff = extract::staff(doors, desk, headers)?;
    if staff.role != Role::Producer {
        return Err(Failure::new(Code::Forbidden, "keys are for producers: ask one for it"));
    }
    Ok(staff)
}

/// The keys of a show, those that were revoked too (producers). What opens them is not kept.
#[utoipa::path(get, path = "/api/v1/shows/{show}/keys", params(("show" = ShowId, Path)), security(("staff" = [])),
    responses((status = 200, description = "The keys", body = Keys), Problems))]
pub async fn keys(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<Keys>, Failure> {
    producer(&doors, &desk, &headers)?;
    Ok(Json(Keys { keys: desk.document().keys.iter().map(Key::view).collect() }))
}

/// Makes a key that fires triggers of this show (producers).
#[utoipa::path(post, path = "/api/v1/shows/{show}/keys", params(("show" = ShowId, Path)), request_body = KeyRequest,
    security(("staff" = [])), responses((status = 201, description = "The key", body = MadeKey), Problems))]
pub async fn make_key(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(request): Body<KeyRequest>,
) -> Result<(StatusCode, Json<MadeKey>), Failure> {
    let staff = producer(&doors, &desk, &headers)?;
    let (id, secret) = (KeyId::random(), format!("tlkey_{}", hex::encode(&random_bytes::<16>())));
    let change = KeyChange::Make { id, hash: hash(&secret), request };
    desk.change_keys(change, staff).await.map_err(|refusal| Failure::new(refusal.code, refusal.detail))?;
    let document = desk.document();
    let made = document.keys.iter().find(|key| key.id == id).map(Key::view);
    let view = made.ok_or_else(|| Failure::new(Code::Internal, "the key is gone already: make another"))?;
    Ok((StatusCode::CREATED, Json(MadeKey { key: secret, view })))
}

/// Revokes a key, on every node at once (producers).
#[utoipa::path(delete, path = "/api/v1/shows/{show}/keys/{id}", params(("show" = ShowId, Path), ("id" = KeyId, Path)),
    security(("staff" = [])), responses((status = 204, description = "It opens nothing any more"), Problems))]
pub async fn revoke_key(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let staff = producer(&doors, &desk, &headers)?;
    let id =
        path.1.parse().map_err(|error: crate::base::ids::BadId| Failure::new(Code::BadMessage, error.to_string()))?;
    let revoked = desk.change_keys(KeyChange::Revoke(id), staff).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|refusal| Failure::new(refusal.code, refusal.detail))
}
