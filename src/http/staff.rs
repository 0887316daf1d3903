//! What staff uses beside the WebSocket: entering by a one-time link, commands, keys for screens, the as-run log.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    extract::{self, Body, OfShow, Params},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{ids::ShowId, limits},
    identity::token::{self, ScreenKey},
    studio::{
        asrun,
        links::{self, EnterError},
    },
    wire::{
        client::CommandMessage,
        codes::Code,
        server::{AsRunEntry, Done, Role},
    },
};

/// The code of a one-time link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    code: String,
}

/// Who somebody is from now on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Entered {
    /// The staff token: keep it for this session of the browser, never in an address.
    staff: String,
    name: String,
    role: Role,
    show: String,
}

/// Exchanges the code of a one-time link for a staff token.
#[utoipa::path(post, path = "/api/v1/staff/enter", request_body = Enter,
    responses((status = 200, description = "Entered", body = Entered), Problems))]
pub async fn enter(State(doors): State<Arc<Doors>>, Body(enter): Body<Enter>) -> Result<Json<Entered>, Failure> {
    let services = doors.services.clone();
    let now = services.clock.now();
    let entered = links::enter(&services, enter.code, now).await.map_err(|error| match error {
        EnterError::Store(error) => error.into(),
        EnterError::Redis(error) => {
            let detail = format!("Redis does not answer, so this link cannot be looked up now ({error}): try it again");
            Failure { retry_ms: Some(limits::RETRY_SHARED_MS), ..Failure::new(Code::Busy, detail) }
        }
    });
    match entered? {
        Some((staff, claims)) => {
            let (name, role, show) = (claims.name, claims.role, claims.show.to_string());
            Ok(Json(Entered { staff, name, role, show }))
        }
        None => Err(Failure::new(Code::BadToken, "this link is used up or too old: ask for a new one")),
    }
}

/// A key that reads one show's screens and feeds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Key {
    key: String,
}

/// The key for this show's screens and feeds, as it stands in their addresses.
#[utoipa::path(get, path = "/api/v1/shows/{show}/screen-key", params(("show" = ShowId, Path)), security(("staff" = [])),
    responses((status = 200, description = "The key", body = Key), Problems))]
pub async fn key(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<Key>, Failure> {
    extract::staff(&doors, &desk, &headers)?;
    let key = token::sign(&doors.services.secret, &ScreenKey { show: desk.show.clone() });
    Ok(Json(Key { key }))
}

/// A command, as on the WebSocket. What is refused is an answer with `ok: false`, not an HTTP error.
#[utoipa::path(post, path = "/api/v1/shows/{show}/commands", params(("show" = ShowId, Path)),
    request_body = CommandMessage, security(("staff" = [])),
    responses((status = 200, description = "Done or refused", body = Done), Problems))]
pub async fn command(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(message): Body<CommandMessage>,
) -> Result<Json<Done>, Failure> {
    let staff = extract::staff(&doors, &desk, &headers)?;
    desk.presence.staff_acted(&staff, doors.services.clock.now());
    Ok(Json(desk.command(&doors.services, message, staff).await))
}

/// How the log is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AsRunQuery {
    /// `csv`, or left out for JSON.
    #[param(pattern = "^csv$")]
    format: Option<String>,
}

/// The as-run log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AsRun {
    entries: Vec<AsRunEntry>,
}

/// The whole as-run log of a show.
#[utoipa::path(get, path = "/api/v1/shows/{show}/asrun", params(("show" = ShowId, Path), AsRunQuery), security(("staff" = [])),
    responses((status = 200, description = "The log", content((AsRun = "application/json"), (String = "text/csv"))), Problems))]
pub async fn as_run(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<AsRunQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    extract::staff(&doors, &desk, &headers)?;
    let (store, show) = (doors.services.store.clone(), desk.show.clone());
    let entries = doors.services.tasks.blocking(move || store.as_run(&show, usize::MAX)).await?;
    match query.format.as_deref() {
        None | Some("json") => Ok(Json(AsRun { entries }).into_response()),
        Some("csv") => {
            let name = format!("attachment; filename=\"asrun-{}.csv\"", desk.show);
            let headers =
                [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, asrun::csv(&entries)).into_response())
        }
        Some(_) => Err(Failure::new(Code::BadMessage, "format: csv, or leave it out")),
    }
}
