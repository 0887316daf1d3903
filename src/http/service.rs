//! The service about itself: alive, ready, healthy, its figures and its limits. None of it depends on anything outside
//! this process.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

use super::{
    reply::{Failure, ProblemDetails},
    router::Doors,
};
use crate::{
    base::{limits, stance::Stance},
    shows::{
        document::Document,
        keep::{Step, When},
    },
    wire::codes::Code,
};

/// The process answers.
#[utoipa::path(get, path = "/livez", responses((status = 200, description = "Alive", body = String)))]
pub async fn livez() -> &'static str {
    "alive\n"
}

/// Whether this node should get new clients. Only faults of its own count: draining, disk, journal.
#[utoipa::path(get, path = "/readyz",
    responses((status = 200, description = "Ready", body = String), (status = 503, description = "Not ready", body = ProblemDetails, content_type = "application/problem+json")))]
pub async fn readyz(State(doors): State<Arc<Doors>>) -> Result<&'static str, Failure> {
    match doors.services.stance.get() {
        Stance::Open | Stance::Holding => Ok("ready\n"),
        stance => {
            let code = if stance == Stance::Draining { Code::Draining } else { Code::Storage };
            Err(Failure { retry_ms: stance.busy_ms(), ..Failure::new(code, format!("this node is {}", stance.word())) })
        }
    }
}

/// Health in the format of draft-inadarei-api-health-check.
#[utoipa::path(get, path = "/health",
    responses((status = 200, description = "Pass or warn", body = serde_json::Value, content_type = "application/health+json"),
              (status = 503, description = "Fail", body = serde_json::Value, content_type = "application/health+json")))]
pub async fn health(State(doors): State<Arc<Doors>>) -> Response {
    let services = &doors.services;
    let stance = services.stance.get();
    let clock_ok = services.clock_ok.load(Ordering::Relaxed);
    let taken = match stance {
        Stance::Open => "pass",
        Stance::Holding | Stance::Draining => "warn",
        Stance::DiskFull | Stance::JournalFailed => "fail",
    };
    let warned = |good: bool| if good { "pass" } else { "warn" };
    let redis = services.shared.as_ref().map(|shared| shared.health());
    let away = services.buckets_away.load(Ordering::Relaxed);
    let redis_ok = away == 0 && redis.as_ref().is_none_or(|health| health.seen && health.down.is_none());
    // Redis is named, and never a reason to fail: with it away this node takes ballots and holds them.
    let status = if taken == "pass" { warned(clock_ok && redis_ok) } else { taken };
    let mut body = json!({
        "status": status,
        "releaseId": env!("CARGO_PKG_VERSION"),
        "serviceId": services.node,
        "checks": {
            "journal:state": [{"status": taken, "observedValue": stance.word()}],
            "journal:fsync": [{"status": "pass", "observedValue": services.queue.fsync_us.load(Ordering::Relaxed), "observedUnit": "us"}],
            "disk:free": [{"status": if stance == Stance::DiskFull { "fail" } else { "pass" }, "observedUnit": "bytes",
                           "observedValue": services.queue.free_bytes.load(Ordering::Relaxed)}],
            "clock:step": [{"status": warned(clock_ok)}],
        },
    });
    if let Some(health) = redis {
        let parts = format!("{away} buckets of ballots wait for a part of Redis that does not answer");
        let output = health.down.map(|(_, why)| why).or((away > 0).then_some(parts)).unwrap_or_default();
        body["checks"]["redis:state"] = json!([{"status": warned(redis_ok), "observedValue": health.round_trip.as_micros(),
                                                "observedUnit": "us", "output": output}]);
    }
    let keeps = keeps(&doors);
    if !keeps.is_empty() {
        body["checks"]["show:keep"] = keeps.into();
    }
    let code = if status == "fail" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, [(header::CONTENT_TYPE, "application/health+json")], body.to_string()).into_response()
}

/// What will be destroyed of each show and when; a warning where somebody has left something undone for a day.
fn keeps(doors: &Doors) -> Vec<serde_json::Value> {
    const PATIENCE_MS: u64 = 86_400_000;
    let now = doors.services.clock.now();
    let shows = doors.desks.all().into_iter().map(|desk| desk.document());
    let shows = shows.filter(|document| !document.keep.is_empty());
    let one = |document: Arc<Document>| {
        let waits =
            |(_, when): &(Step, When)| matches!(when, When::Waits(_, since) if now.since_ms(*since) > PATIENCE_MS);
        let status = if document.to_destroy(now).iter().any(waits) { "warn" } else { "pass" };
        json!({"status": status, "componentId": document.id, "output": document.keeps(now)})
    };
    shows.map(one).collect()
}

/// Metrics in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "All metrics", body = String, content_type = "application/openmetrics-text")))]
pub async fn metrics(State(doors): State<Arc<Doors>>) -> impl IntoResponse {
    let services = &doors.services;
    let fsync = Duration::from_micros(services.queue.fsync_us.load(Ordering::Relaxed));
    let free = services.queue.free_bytes.load(Ordering::Relaxed);
    let text = services.metrics.render(services.stance.get(), fsync, free);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// What a client should know before it runs into it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Limits {
    audience_message_bytes: usize,
    staff_message_bytes: usize,
    messages_per_second: u32,
    /// Taps of one device that count in a run of reactions, in the long run and at once.
    taps_per_second: u32,
    taps_burst: u32,
    messages_burst: u32,
    ballots_on_the_way: u32,
    connections: usize,
    connections_per_prefix: u32,
    sessions_per_device: usize,
    ticket_ms: u64,
    join_within_ms: u64,
    results_every_ms: u64,
    window_lead_ms: u64,
    options: usize,
    votes_per_voter: u16,
}

/// The limits of this release.
#[utoipa::path(get, path = "/limits", responses((status = 200, description = "The limits", body = Limits)))]
pub async fn limits(State(doors): State<Arc<Doors>>) -> Json<Limits> {
    let told = doors.gate.config();
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Json(Limits {
        audience_message_bytes: limits::AUDIENCE_MESSAGE_BYTES_MAX,
        staff_message_bytes: limits::STAFF_MESSAGE_BYTES_MAX,
        messages_per_second: limits::MESSAGES_PER_SECOND,
        messages_burst: limits::MESSAGES_BURST,
        taps_per_second: limits::TAPS_PER_SECOND,
        taps_burst: limits::TAPS_BURST,
        ballots_on_the_way: limits::BALLOTS_ON_THE_WAY_MAX,
        connections: told.connections,
        connections_per_prefix: told.connections_per_prefix,
        sessions_per_device: limits::SESSIONS_PER_DEVICE_MAX,
        ticket_ms: ms(limits::TICKET_TTL),
        join_within_ms: ms(limits::JOIN_TIMEOUT),
        results_every_ms: ms(limits::TICK),
        window_lead_ms: limits::WINDOW_LEAD_MS,
        options: limits::OPTIONS_MAX,
        votes_per_voter: limits::VOTES_PER_VOTER_MAX,
    })
}
