//! What the audience writes, for networks that let no WebSocket through, and what staff does with it, for programs.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::HeaderMap};
use serde::Serialize;

use super::{
    extract::{self, Body, OfShow},
    place::Visit,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{ids::ShowId, limits},
    moderation::say,
    sessions::poll,
    studio::moderation,
    wire::{
        codes::Code,
        moderation::{Items, Moderate, Said, Say, Upvote, Upvoted},
        server::Done,
    },
};

/// Sends a question or a text and waits until it is on disk. Send it again with the same id until there is an answer.
#[utoipa::path(post, path = "/api/v1/shows/{show}/items", params(("show" = ShowId, Path)), request_body = Say,
    security(("device" = [])),
    responses((status = 200, description = "What became of it", body = Said), Problems))]
pub async fn say(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Body(say): Body<Say>,
) -> Result<Json<Said>, Failure> {
    let received = doors.services.clock.now();
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    let said = poll::say(&doors.services, &desk, &doors.gate, (&viewer, visit.prefix), say, received).await;
    Ok(Json(said))
}

/// What a viewer sent in a show, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MySaid {
    said: Vec<Said>,
}

/// What became of what this viewer sent.
#[utoipa::path(get, path = "/api/v1/shows/{show}/items/mine", params(("show" = ShowId, Path)), security(("device" = [])),
    responses((status = 200, description = "All of it", body = MySaid), Problems))]
pub async fn my_items(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<MySaid>, Failure> {
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    let mine = desk.moderation.mine(viewer.voter).await.ok_or_else(busy)?;
    Ok(Json(MySaid { said: mine.items.iter().map(say::said).collect() }))
}

/// Upvotes an approved question. A device counts once, however often it is sent.
#[utoipa::path(post, path = "/api/v1/shows/{show}/upvotes", params(("show" = ShowId, Path)), request_body = Upvote,
    security(("device" = [])),
    responses((status = 200, description = "Whether it is taken", body = Upvoted), Problems))]
pub async fn upvote(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(upvote): Body<Upvote>,
) -> Result<Json<Upvoted>, Failure> {
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    Ok(Json(desk.moderation.upvote(viewer.voter, upvote.item).await))
}

/// The queue: for moderators all of it that waits or may be shown, and the newest of the rest; for other staff what was
/// approved.
#[utoipa::path(get, path = "/api/v1/shows/{show}/moderation", params(("show" = ShowId, Path)), security(("staff" = [])),
    responses((status = 200, description = "The queue", body = Items), Problems))]
pub async fn queue(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<Items>, Failure> {
    let staff = extract::staff(&doors, &desk, &headers)?;
    let parts = desk.moderation.whole(moderation::eyes(staff.role)).await.ok_or_else(busy)?;
    let whole = parts.into_iter().reduce(|mut whole, part| {
        whole.items.extend(part.items);
        whole
    });
    whole.map(Json).ok_or_else(busy)
}

/// What staff does, as on the WebSocket. What is refused is an answer with `ok: false`, not an HTTP error.
#[utoipa::path(post, path = "/api/v1/shows/{show}/moderation", params(("show" = ShowId, Path)), request_body = Moderate,
    security(("staff" = [])), responses((status = 200, description = "Done or refused", body = Done), Problems))]
pub async fn act(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(message): Body<Moderate>,
) -> Result<Json<Done>, Failure> {
    let staff = extract::staff(&doors, &desk, &headers)?;
    desk.presence.staff_acted(&staff, doors.services.clock.now());
    Ok(Json(desk.moderation.act(&desk, message, staff).await))
}

fn busy() -> Failure {
    Failure {
        retry_ms: Some(limits::RETRY_CROWD_MS),
        ..Failure::new(Code::Busy, "what the audience wrote cannot be read now: try again")
    }
}
