//! The leaderboard in full, and a viewer's own place in it.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};

use serde::Deserialize;

use super::{
    extract::{self, OfShow, Params},
    feeds::FeedKey,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    ballots::score::Scores,
    base::{csv, ids::ShowId, limits},
    live::{hub::Vantage, results::Audience},
    studio::desk::Desk,
    wire::{
        codes::Code,
        scores::{Leaderboard, Line, Score},
    },
};

/// Where the viewer is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Seen {
    /// The platform that the welcome names; left out: as in the studio.
    platform: Option<String>,
}

/// The first hundred of the round that is played; nobody, before an answer is known, and on a platform until its picture shows it.
#[utoipa::path(get, path = "/api/v1/shows/{show}/leaderboard", params(("show" = ShowId, Path), Seen),
    responses((status = 200, description = "The leaderboard", body = Leaderboard), Problems))]
pub async fn leaderboard(OfShow(desk): OfShow, Params(seen): Params<Seen>) -> Json<Leaderboard> {
    let newest = desk.hub.follow(Audience::Viewers).borrow().clone();
    let place = Vantage::Said { platform: seen.platform.as_deref().unwrap_or_default(), segment: "" };
    Json(newest.scores_for(place).unwrap_or(&Scores::default()).leaderboard(limits::LEADERS_MAX))
}

/// Where this viewer stands, for clients without a WebSocket, which get it by themselves.
#[utoipa::path(get, path = "/api/v1/shows/{show}/score", params(("show" = ShowId, Path)), security(("device" = [])),
    responses((status = 200, description = "The voter's place", body = Score), Problems))]
pub async fn score(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<Score>, Failure> {
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    let newest = desk.hub.follow(Audience::Viewers).borrow().clone();
    let place = viewer.entry.as_deref().map_or(Vantage::Studio, Vantage::Entry);
    let score = newest.scores_for(place).and_then(|scores| scores.of(viewer.voter));
    score.map(Json).ok_or_else(|| Failure::new(Code::NotFound, "no answer of this show is known yet"))
}

/// As screens see it: frozen ones keep theirs.
fn of_screens(desk: &Desk) -> Leaderboard {
    desk.hub.follow(Audience::Screens).borrow().scores.leaderboard(limits::LEADERS_MAX)
}

/// The leaderboard as rows: an array with one object per voter.
#[utoipa::path(get, path = "/f/{show}/leaderboard.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A row per voter, the first hundred", body = Vec<Line>), Problems))]
pub async fn leaderboard_json(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Vec<Line>>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    Ok(Json(of_screens(&desk).top))
}

/// The leaderboard as CSV with a header line.
#[utoipa::path(get, path = "/f/{show}/leaderboard.csv", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A line per voter, the first hundred", body = String, content_type = "text/csv"), Problems))]
pub async fn leaderboard_csv(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<impl IntoResponse, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let mut text = String::from("rank,name,points,right,ms\r\n");
    for Line { rank, name, points, right, ms } in of_screens(&desk).top {
        text += &csv::line([&rank, &name, &points, &right, &ms]);
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
}
