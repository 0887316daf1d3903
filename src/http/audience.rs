//! What viewers use: the WebSocket, and the same by plain requests for networks that do not let it through.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{
        Path, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    extract::{self, Body, OfShow, Params},
    origin::{NOT_LISTED, Origin},
    place::Visit,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::ids::{BallotId, NodeId, RunId, SessionId, ShowId},
    identity::ticket::{self, Holder},
    live::{hub::Vantage, results::Audience},
    sessions::{
        greeting::{From, Greeter},
        poll, sse, taps, websocket,
    },
    shows::document::Staff,
    wire::{
        client::{React, Vote},
        codes::Code,
        moderation::Asked,
        results::Results,
        scores::Leaderboard,
        server::{Receipt, ShowView, Welcome},
    },
};

/// What the client's own clock said when it asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimeQuery {
    /// Milliseconds of the client's clock, given back as they are: an answer to another question says another one.
    t0: Option<i64>,
}

/// The server's time, milliseconds since 1970.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Time {
    /// As the client said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    t0: Option<i64>,
    /// When the question was there.
    t1: u64,
    /// When the answer left.
    t2: u64,
    /// As `t2`.
    now: u64,
}

/// The server's time, to set a client's clock by: it is ahead of the client's by half of (t1 − t0) + (t2 − t3), t3 being the
/// client's time when the answer was there.
#[utoipa::path(get, path = "/api/v1/time", params(TimeQuery),
    responses((status = 200, description = "The time", body = Time), Problems))]
pub async fn time(
    State(doors): State<Arc<Doors>>,
    Extension(visit): Extension<Visit>,
    Params(TimeQuery { t0 }): Params<TimeQuery>,
) -> Json<Time> {
    let (t1, t2) = (visit.at.as_ms(), doors.services.clock.now().as_ms());
    Json(Time { t0, t1, t2, now: t2 })
}

/// The newest of both messages; null: there is none yet.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a description: what is sent was encoded by the hub")]
pub struct Live {
    #[schema(required)]
    show: Option<ShowView>,
    #[schema(required)]
    results: Option<Results>,
    /// Viewers alone, and only where there is a list.
    asked: Option<Asked>,
    /// Left out: there was none yet.
    leaderboard: Option<Leaderboard>,
}

/// The key of a screen.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScreenKeyQuery {
    /// As in the address that the studio page copies; left out: as viewers see it.
    key: Option<String>,
    /// For viewers: the platform that the welcome names; left out: as in the studio. It moves what is seen, and no ballot.
    platform: Option<String>,
    /// The same of the segment, whose window may be one of its own.
    segment: Option<String>,
}

impl ScreenKeyQuery {
    /// Platform and segment, as they are said.
    fn said(&self) -> [String; 2] {
        [&self.platform, &self.segment].map(|name| name.clone().unwrap_or_default())
    }
}

/// What is on and the numbers as viewers may see them, or with a key as screens may, for clients that poll. Send the ETag
/// back as `If-None-Match`. Where viewers see numbers after their own vote, the device token of one who has voted shows
/// them; it is needed for nothing else.
#[utoipa::path(get, path = "/api/v1/shows/{show}/live", params(("show" = ShowId, Path), ScreenKeyQuery),
    security((), ("device" = [])),
    responses((status = 200, description = "Both snapshots", body = Live), (status = 304, description = "As the ETag says"), Problems))]
pub async fn live(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<ScreenKeyQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let audience = extract::audience(&doors, &desk, query.key.as_deref())?;
    let newest = desk.hub.follow(audience).borrow().clone();
    let [platform, segment] = query.said();
    let place = Vantage::Said { platform: &platform, segment: &segment };
    let mut voted = false;
    if let (Audience::Viewers, Some(own)) = (audience, &newest.voted)
        && headers.contains_key(header::AUTHORIZATION)
    {
        let viewer = extract::viewer(&doors, &desk, &headers)?;
        extract::permit(&doors, &viewer)?;
        voted = doors.services.intake.has_counted_anywhere(own.run, viewer.voter).await;
    }
    let ((show_number, show), (results_number, results)) =
        (newest.show_for(place), newest.results_for(place, |_| voted));
    let leaderboard = newest.leaderboard_for(place);
    let eyes = if audience == Audience::Screens { "s" } else { "v" };
    let numbers = [show_number, results_number, newest.asked_number, leaderboard.map_or(0, |(number, _)| number)];
    let numbers = numbers.map(|number| number.to_string()).join(".");
    let etag = format!("\"{}.{eyes}.{numbers}\"", doors.services.journal);
    let known = extract::knows(&headers, &etag);
    let headers = [(header::ETAG, etag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let or_null = |text: &str| if text.is_empty() { "null".to_owned() } else { text.to_owned() };
    let mut body = format!("{{\"show\":{},\"results\":{}", or_null(show), or_null(results));
    for (name, json) in [("asked", Some(&newest.asked)), ("leaderboard", leaderboard.map(|(_, json)| json))] {
        if let Some(json) = json.filter(|json| !json.is_empty()) {
            body += &format!(",\"{name}\":{}", json.as_str());
        }
    }
    body.push('}');
    Ok((headers, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A join without a WebSocket.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The device token of an earlier welcome; left out: a new viewer.
    #[serde(default)]
    device: Option<String>,
    /// The code of the entry link by which the viewer came, from behind `#e=`.
    #[serde(default)]
    entry: Option<String>,
}

/// Joins as a viewer. Keep `device`: it is the voter.
#[utoipa::path(post, path = "/api/v1/shows/{show}/join", params(("show" = ShowId, Path)), request_body = JoinRequest,
    responses((status = 200, description = "A welcome", body = Welcome), Problems))]
pub async fn join(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    Body(request): Body<JoinRequest>,
) -> Result<Json<Welcome>, Failure> {
    let services = &doors.services;
    let now = services.clock.now();
    let from = From { prefix: visit.prefix, screens_only: false };
    let greeter = Greeter { services, desk: &desk, gate: &doors.gate, from };
    let mut viewer = greeter.viewer(request.device.as_deref(), request.entry.as_deref(), now)?;
    Ok(Json(viewer.welcome(services, &desk).await))
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
    // Too fast is told in the ballot's own words, as on the WebSocket.
    if let Err(retry_ms) = doors.gate.post(viewer.voter, received) {
        return Ok(Json(poll::busy(&vote, retry_ms)));
    }
    Ok(Json(poll::vote(&doors.services, &desk, &viewer, vote, received).await))
}

/// What a viewer has tapped, all told, by plain request.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Taps {
    /// From the welcome of the join.
    node: NodeId,
    /// From the welcome of the join.
    session: SessionId,
    run: RunId,
    /// One for each option, in their order.
    #[schema(schema_with = crate::wire::client::counts)]
    counts: Vec<u32>,
}

/// Whether it was heard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Heard {
    /// No: another node got it than the one that was joined. Send it again, or join again.
    heard: bool,
}

/// Tells how often this viewer has tapped each option of a run of reactions. The first that a join's session says adds
/// nothing; then each adds what is more than before, as fast as a device may. It may be lost.
#[utoipa::path(post, path = "/api/v1/shows/{show}/reactions", params(("show" = ShowId, Path)), request_body = Taps,
    security(("device" = [])),
    responses((status = 200, description = "Heard or not", body = Heard), Problems))]
pub async fn reactions(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
    Body(said): Body<Taps>,
) -> Result<Json<Heard>, Failure> {
    let received = doors.services.clock.now();
    let viewer = extract::viewer(&doors, &desk, &headers)?;
    extract::permit(&doors, &viewer)?;
    let Taps { node, session, run, counts } = said;
    // Two nodes that hear the same session would count the same taps twice.
    let heard = node == doors.services.node;
    if heard {
        taps::react(&doors.services, &desk, (&viewer, session), &React { run, counts }, received)?;
    }
    Ok(Json(Heard { heard }))
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
    extract::permit(&doors, &viewer)?;
    let (_, run, id) = path;
    let bad = |error: crate::base::ids::BadId| Failure::new(Code::BadMessage, error.to_string());
    let (run, id): (RunId, BallotId) = (run.parse().map_err(bad)?, id.parse().map_err(bad)?);
    Ok(Json(doors.services.intake.ask_everywhere(run, viewer.voter, id).await))
}

/// Who a ticket is for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketGiven {
    /// For `{"t":"join","ticket":"…"}`, once.
    ticket: String,
    /// Milliseconds since 1970.
    expires: u64,
}

/// Gives a ticket for one join of a WebSocket within 30 s, to the bearer of a device token or of a staff token for this
/// show. Hand it to what opens the socket, and keep the token.
#[utoipa::path(post, path = "/api/v1/shows/{show}/tickets", params(("show" = ShowId, Path)),
    security(("device" = []), ("staff" = [])),
    responses((status = 200, description = "A ticket", body = TicketGiven), Problems))]
pub async fn ticket(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Json<TicketGiven>, Failure> {
    let services = &doors.services;
    let now = services.clock.now();
    let who = if let Ok(Staff { session, name, role }) = extract::staff(&doors, &desk, &headers) {
        Holder::Staff { session, name, role }
    } else {
        let viewer = extract::viewer(&doors, &desk, &headers)?;
        extract::permit(&doors, &viewer)?;
        Holder::Device(extract::device(&doors, &headers)?)
    };
    let (ticket, expires) = ticket::create(&services.secret, desk.show.clone(), who, now);
    Ok(Json(TicketGiven { ticket, expires: expires.as_ms() }))
}

/// The WebSocket. Pages of other origins are turned away; programs that name no origin are let in, and a page without one
/// (a local file) as a screen.
pub async fn websocket(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    request: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let request = request.map_err(|_| {
        Failure::new(Code::BadMessage, "this is a WebSocket: connect with the subprotocol tallylight.v1, by GET")
    })?;
    let origin = Origin::of(&doors, Some(&desk), &headers);
    if origin == Origin::Foreign {
        return Err(Failure::new(Code::BadOrigin, NOT_LISTED));
    }
    let gate = doors.gate.clone();
    let (stay, stranger) = (visit.stay(&gate)?, gate.stranger()?);
    let from = From { prefix: visit.prefix, screens_only: origin == Origin::Null };
    let door = websocket::Door { services: doors.services.clone(), desk, gate, from, stranger };
    Ok(websocket::upgrade(door, request, stay))
}

/// Snapshots as server-sent events: as viewers see them, or with a key as screens do. A stream without end, so it is
/// described in docs/WIRE.md and not among the requests of the API.
pub async fn events(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    Params(query): Params<ScreenKeyQuery>,
) -> Result<Response, Failure> {
    let audience = extract::audience(&doors, &desk, query.key.as_deref())?;
    if audience == Audience::Viewers {
        doors.gate.room_for_viewer()?;
    }
    let stay = visit.stay(&doors.gate)?;
    Ok(sse::events(doors.services.clone(), desk, (audience, query.said()), stay).into_response())
}
