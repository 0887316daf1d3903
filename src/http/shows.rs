//! Shows: which there are, and one as its file.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    extract::{self, OfShow},
    pages,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{ids::ShowId, limits},
    shows::{
        file::{self, ShowFile},
        rundown::Cue,
    },
    studio::{desk::Desk, links},
    wire::{codes::Code, entry::Entry, server::Role},
};

/// The shows of this node.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Shows {
    shows: Vec<ShowLine>,
}

/// One show in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShowLine {
    id: String,
    title: String,
}

/// The shows of this node.
#[utoipa::path(get, path = "/api/v1/shows", responses((status = 200, description = "The shows", body = Shows)))]
pub async fn list(State(doors): State<Arc<Doors>>) -> Json<Shows> {
    let line = |desk: &Arc<Desk>| ShowLine { id: desk.show.to_string(), title: desk.document().title.clone() };
    Json(Shows { shows: doors.desks.all().iter().map(line).collect() })
}

/// The show as its file (TOML), for staff. Reading it in gives the same show.
#[utoipa::path(get, path = "/api/v1/shows/{show}/file", params(("show" = ShowId, Path)), security(("staff" = [])),
    responses((status = 200, description = "A show file", body = String, content_type = "application/toml"), Problems))]
pub async fn file(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let document = desk.document();
    may_read(&doors, &desk, &headers, &document.rundown)?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], file::write(&ShowFile::of(&document))))
}

/// One cue as a show file says it, to be edited and sent back by a command: TOML, or with `Accept: application/json` the same
/// keys and values for a form.
#[utoipa::path(get, path = "/api/v1/shows/{show}/cues/{cue}", params(("show" = ShowId, Path), ("cue" = String, Path)),
    security(("staff" = [])),
    responses((status = 200, description = "A cue",
        content((String = "application/toml"), (serde_json::Value = "application/json"))), Problems))]
pub async fn cue(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Path(path): Path<(ShowId, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let document = desk.document();
    let (_, cue) = document.cue(&path.1).ok_or_else(|| Failure::new(Code::NotFound, "there is no such cue"))?;
    may_read(&doors, &desk, &headers, std::slice::from_ref(cue))?;
    if headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json") {
        return Ok(Json(file::fields(cue)).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/toml")], file::write_cue(cue)).into_response())
}

/// Whether somebody may read all that a file says of these cues.
fn may_read(doors: &Doors, desk: &Desk, headers: &HeaderMap, cues: &[Cue]) -> Result<(), Failure> {
    let staff = extract::staff(doors, desk, headers)?;
    let is_secret = cues.iter().any(|cue| cue.interaction.kind.is_secret());
    if is_secret && !matches!(staff.role, Role::Producer | Role::Adjudicator) {
        return Err(Failure::new(Code::Forbidden, "the file has the answers of a quiz: ask a producer for it"));
    }
    Ok(())
}

/// The entries of a show, with their links.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EntryLinks {
    entries: Vec<EntryLine>,
}

/// One entry and its link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EntryLine {
    /// As ballots and manifests carry it.
    number: u8,
    #[serde(flatten)]
    entry: Entry,
    /// The whole link, short enough for a QR code. Who follows it votes as one who came in here.
    url: String,
}

/// Where the audience may come in, with the links that say so (producers).
#[utoipa::path(get, path = "/api/v1/shows/{show}/entries", params(("show" = ShowId, Path)), security(("staff" = [])),
    responses((status = 200, description = "The entries", body = EntryLinks), Problems))]
pub async fn entries(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<EntryLinks>, Failure> {
    if extract::staff(&doors, &desk, &headers)?.role != Role::Producer {
        return Err(Failure::new(Code::Forbidden, "entry links are for producers: ask one for them"));
    }
    let base = pages::base(&doors, &headers);
    let links = links::entries(&doors.services, &desk).into_iter();
    let line = |(number, entry, path)| EntryLine { number, entry, url: format!("{base}{path}") };
    Ok(Json(EntryLinks { entries: links.map(line).collect() }))
}

/// Replaces the rundown by a show file (producers). Runs are frozen: what is on air does not change. Mistakes are named
/// with line and column.
#[utoipa::path(put, path = "/api/v1/shows/{show}/file", params(("show" = String, Path)), security(("staff" = [])),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 204, description = "Replaced"), Problems))]
pub async fn replace(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    request: Request,
) -> Result<StatusCode, Failure> {
    let staff = extract::staff(&doors, &desk, &headers)?;
    let bytes = extract::whole_body(request, limits::SHOW_FILE_BYTES_MAX).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(Code::BadShow, "the file is not UTF-8"))?;
    let show = file::read(text).map_err(|error| Failure::new(Code::BadShow, error.to_string()))?;
    match desk.replace_rundown(show, false, staff).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) => Err(Failure::new(refusal.code, refusal.detail)),
    }
}
