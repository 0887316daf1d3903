//! When what is open, closed, locked and revealed, in the studio and on each platform: for encoders, and for whoever has to know
//! before viewers do. Times alone, and no number of any result.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;

use super::{
    extract::{self, OfShow, Params},
    feeds::FeedKey,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{
        clock::Micros,
        ids::{RunId, ShowId},
    },
    shows::{
        run::Run,
        windows::{Span, Track},
    },
    wire::server::Phase,
};

/// The times of a show, milliseconds since 1970.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Timeline {
    show: ShowId,
    rev: u64,
    now: u64,
    platforms: Vec<PlatformLine>,
    /// Those on the desk that were opened, oldest first.
    runs: Vec<RunTimes>,
}

/// A platform, as runs that are made now have it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlatformLine {
    platform: String,
    label: String,
    delay_ms: u64,
    jitter_ms: u64,
}

/// The times of one run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RunTimes {
    run: RunId,
    cue: String,
    rehearsal: bool,
    phase: Phase,
    /// Its close is suspended.
    hold: bool,
    /// When it is locked for everybody; null: nobody knows yet.
    locks_at: Option<u64>,
    /// As the studio has it.
    studio: Times,
    platforms: Vec<PlatformTimes>,
}

/// The times of one run on one platform.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlatformTimes {
    platform: String,
    #[serde(flatten)]
    times: Times,
}

/// What somebody sees of a run, and when.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Times {
    windows: Vec<Opening>,
    /// When ballots are taken no more; null: nobody knows yet.
    locks_at: Option<u64>,
    revealed_at: Option<u64>,
}

/// One opening.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Opening {
    opens_at: u64,
    /// Null: by hand, or the run is on hold.
    closes_at: Option<u64>,
}

/// When each run opens, closes, locks and is revealed, in the studio and on each platform.
#[utoipa::path(get, path = "/api/v1/shows/{show}/timeline.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "The times", body = Timeline), Problems))]
pub async fn timeline(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Timeline>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let (document, now) = (desk.document(), doors.services.clock.now());
    let platforms = document.platforms.iter().zip(document.delays()).map(|(one, now)| PlatformLine {
        platform: now.platform,
        label: one.label().to_owned(),
        delay_ms: now.delay_ms,
        jitter_ms: now.jitter_ms,
    });
    let opened = document.runs.iter().filter(|run| !run.windows.spans.is_empty());
    Ok(Json(Timeline {
        show: document.id.clone(),
        rev: document.revision,
        now: now.as_ms(),
        platforms: platforms.collect(),
        runs: opened.map(|run| run_times(run, now)).collect(),
    }))
}

fn run_times(run: &Run, now: Micros) -> RunTimes {
    let on = |track: &Track| PlatformTimes { platform: track.platform.clone(), times: times(run, Some(track)) };
    RunTimes {
        run: run.id(),
        cue: run.definition.cue.clone(),
        rehearsal: run.definition.rehearsal,
        phase: run.phase(now),
        hold: run.hold.is_some(),
        locks_at: run.windows.locks_at().map(Micros::as_ms),
        studio: times(run, None),
        platforms: run.windows.tracks.iter().map(on).collect(),
    }
}

fn times(run: &Run, track: Option<&Track>) -> Times {
    let opening = |span: Span| Opening { opens_at: span.opens.as_ms(), closes_at: span.closes.map(Micros::as_ms) };
    let revealed = run.revealed_at.map(|at| at.plus_ms(track.map_or(0, Track::delay_ms)));
    Times {
        windows: run.windows.spans_on(track).map(opening).collect(),
        locks_at: run.windows.on(track).locks_at().map(Micros::as_ms),
        revealed_at: revealed.map(Micros::as_ms),
    }
}
