//! What viewers use: the WebSocket, and the same by plain requests for networks that do not let it through.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State, ws::WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    extract::{self, Body, OfShow},
    listen::Place,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::ids::{BallotId, RunId, ShowId},
    live::results::Audience,
    sessions::{greeting, poll, sse, websocket},
    wire::{
        client::Vote,
        codes::Code,
        results::Results,
        server::{Receipt, Role, ShowView, Welcome},
    },
};

/// The server's time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Time {
    /// Milliseconds since 1970.
    now: u64,
}

/// The server's time, to set a client's countdown by.
#[utoipa::path(get, path = "/api/v1/time", responses((status = 200, description = "The time", body = Time)))]
pub async fn time(State(doors): State<Arc<Doors>>) -> Json<Time> {
    Json(Time { now: doors.services.clock.now().as_ms() })
}

/// The newest of both messages; null: there is none yet.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a description: what is sent was encoded by the hub")]
pub struct Live {
    #[schema(required)]
    show: Option<ShowView>,
    #[schema(required)]
    results: Option<Results>,
}

/// What is on and the numbers as viewers may see them, for clients that poll. Send the ETag back as `If-None-Match`.
#[utoipa::path(get, path = "/api/v1/shows/{show}/live", params(("show" = ShowId, Path)),
    responses((status = 200, description = "Both snapshots", body = Live), (status = 304, description = "As the ETag says"), Problems))]
pub async fn live(State(doors): State<Arc<Doors>>, OfShow(desk): OfShow, headers: HeaderMap) -> Response {
    let newest = desk.hub.follow(Audience::Viewers).borrow().clone();
    let etag = format!("\"{}.{}.{}\"", doors.services.journal, newest.show_number, newest.results_number);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == etag.as_bytes());
    let headers = [(header::ETAG, etag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let or_null = |text: &str| if text.is_empty() { "null".to_owned() } else { text.to_owned() };
    let body = format!("{{\"show\":{},\"results\":{}}}", or_null(&newest.show), or_null(&newest.results));
    (headers, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A join without a WebSocket.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The device token of an earlier welcome; left out: a new viewer.
    #[serde(default)]
    device: Option<String>,
}

/// Joins as a viewer. Keep `device`: it is the voter.
#[utoipa::path(post, path = "/api/v1/shows/{show}/join", params(("show" = ShowId, Path)), request_body = JoinRequest,
    responses((status = 200, description = "A welcome", body = Welcome), Problems))]
pub async fn join(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Body(request): Body<JoinRequest>,
) -> Result<Json<Welcome>, Failure> {
    let services = &doors.services;
    let now = services.clock.now();
    let viewer = greeting::viewer(services, &desk, request.device.as_deref(), now)?;
    let welcome = greeting::welcome(services, Role::Viewer, viewer.session, now);
    let mine = greeting::mine(services, &desk, viewer.voter);
    Ok(Json(Welcome { device: viewer.fresh_token, mine, ..welcome }))
}

/// Casts a ballot and waits for its receipt. Send it again with the same id until there is one that settles it.
#[utoipa::path(post, path = "/api/v1/shows/{show}/ballots", params(("show" = ShowId, Path)), request_body = Vote,
    security(("device" = [])),
    responses((status = 200, description = "A receipt", body = Receipt), Problems))]
pub async fn ballot(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(vote): Body<Vote>,
) -> Result<Json<Receipt>, Failure> {
    let received = doors.services.clock.now();
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    Ok(Json(poll::vote(&doors.services, &desk, viewer.voter, vote, received).await))
}

/// The receipt of an own ballot again.
#[utoipa::path(get, path = "/api/v1/shows/{show}/receipts/{run}/{id}",
    params(("show" = ShowId, Path), ("run" = RunId, Path), ("id" = BallotId, Path)), security(("device" = [])),
    responses((status = 200, description = "A receipt", body = Receipt), Problems))]
pub async fn receipt(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Path(path): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Receipt>, Failure> {
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    let (_, run, id) = path;
    let bad = |error: crate::base::ids::BadId| Failure::new(Code::BadMessage, error.to_string());
    let (run, id): (RunId, BallotId) = (run.parse().map_err(bad)?, id.parse().map_err(bad)?);
    Ok(Json(doors.services.intake.ask(run, viewer.voter, id)))
}

/// The WebSocket. Pages of other origins are turned away; programs that name no origin are let in.
pub async fn websocket(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    request: WebSocketUpgrade,
) -> Result<Response, Failure> {
    if !own_origin(&doors, &headers) {
        return Err(Failure::new(Code::Forbidden, "pages of another origin may not connect"));
    }
    Ok(websocket::upgrade(doors.services.clone(), desk, request, place))
}

fn own_origin(doors: &Doors, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin == doors.public_url
        || origin.split_once("://").is_some_and(|(scheme, at)| matches!(scheme, "http" | "https") && at == host)
}

/// Snapshots as server-sent events.
pub async fn events(State(doors): State<Arc<Doors>>, OfShow(desk): OfShow) -> impl IntoResponse {
    sse::events(doors.services.clone(), desk)
}
