//! When what is open, closed, locked and revealed, in the studio, on each platform and for segments with windows of their own: for encoders, and for whoever has to know
//! before viewers do. Times alone, and no number of any result.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

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
        limits,
    },
    shows::{
        run::Run,
        windows::{Span, Track},
    },
    wire::{codes::Code, server::Phase, timed::TimedEvent},
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
    /// Those with windows of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<SegmentTimes>,
}

/// The times of one run on one platform.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlatformTimes {
    platform: String,
    #[serde(flatten)]
    times: Times,
}

/// The times of one run for a segment with a window of its own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SegmentTimes {
    segment: String,
    /// Left out: as the studio has it.
    #[serde(skip_serializing_if = "String::is_empty")]
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

/// Which event is waited for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NextQuery {
    /// As in the address that the studio page copies.
    key: Option<String>,
    /// The `seq` of the last event that you have; left out: the next that comes. One that another node gave, or a node before its
    /// start, brings what was said shortly before it once more.
    #[param(maximum = 9007199254740991u64)]
    after: Option<u64>,
    /// Seconds to wait; left out: 25.
    #[param(maximum = 25)]
    wait: Option<u64>,
}

/// The next that a run reaches, as soon as it does: for whatever puts it into the stream. Ask again at once, with its `seq`.
#[utoipa::path(get, path = "/api/v1/shows/{show}/timed-metadata/next", params(("show" = ShowId, Path), NextQuery),
    security(("key" = [])),
    responses((status = 200, description = "An event", body = TimedEvent),
        (status = 204, description = "None yet: ask again"), Problems))]
pub async fn next_timed(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(NextQuery { key, after, wait }): Params<NextQuery>,
) -> Result<Response, Failure> {
    extract::screen_key(&doors, &desk, key.as_deref())?;
    let wait = wait.unwrap_or(limits::TIMED_WAIT_S_MAX);
    if wait > limits::TIMED_WAIT_S_MAX {
        return Err(Failure::new(Code::BadMessage, format!("wait: {} seconds at most", limits::TIMED_WAIT_S_MAX)));
    }
    tokio::select! {
        event = desk.timed.next(after) => Ok(Json(event).into_response()),
        () = tokio::time::sleep(Duration::from_secs(wait)) => Ok(StatusCode::NO_CONTENT.into_response()),
        () = doors.services.tasks.stop().cancelled() => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn run_times(run: &Run, now: Micros) -> RunTimes {
    let on = |track: &Track| PlatformTimes { platform: track.platform.clone(), times: times(run, Some(track)) };
    let of = |track: &Track| SegmentTimes {
        segment: track.segment.clone(),
        platform: track.platform.clone(),
        times: times(run, Some(track)),
    };
    let (segments, platforms): (Vec<_>, Vec<_>) = run.windows.tracks.iter().partition(|track| track.window.is_some());
    RunTimes {
        run: run.id(),
        cue: run.definition.cue.clone(),
        rehearsal: run.definition.rehearsal,
        phase: run.phase(now),
        hold: run.hold.is_some(),
        locks_at: run.windows.locks_at().map(Micros::as_ms),
        studio: times(run, None),
        platforms: platforms.into_iter().map(on).collect(),
        segments: segments.into_iter().map(of).collect(),
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
