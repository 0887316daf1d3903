//! Shows: which there are, and one as its file.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde::Serialize;

use super::{
    extract::{self, OfShow},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::ids::ShowId,
    shows::file::{self, ShowFile},
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
    let line = |desk: &Arc<crate::studio::desk::Desk>| ShowLine {
        id: desk.show.to_string(),
        title: desk.document().title.clone(),
    };
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
    extract::staff(&doors, &desk, &headers)?;
    let document = desk.document();
    let show = ShowFile { id: document.id.clone(), title: document.title.clone(), rundown: document.rundown.clone() };
    Ok(([(header::CONTENT_TYPE, "application/toml")], file::write(&show)))
}
