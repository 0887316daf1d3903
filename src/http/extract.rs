//! What handlers take from a request, each with an error in words.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{reply::Failure, router::Doors};
use crate::{
    base::{ids::ShowId, limits},
    identity::token::{self, Device, StaffClaims},
    live::results::Audience,
    sessions::greeting::{self, Viewer},
    shows::document::Staff,
    studio::desk::Desk,
    wire::{self, codes::Code},
};

/// The desk of the show in the address.
pub struct OfShow(pub Arc<Desk>);

impl FromRequestParts<Arc<Doors>> for OfShow {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, doors: &Arc<Doors>) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, doors).await;
        let params = params.map_err(|error| Failure::new(Code::BadMessage, error.to_string()))?;
        let show = params.iter().find(|(name, _)| *name == "show").map(|(_, value)| value.to_owned());
        let show = show.and_then(|show| show.parse::<ShowId>().ok());
        let desk = show.and_then(|show| doors.desks.get(&show));
        desk.map(Self)
            .ok_or_else(|| Failure::new(Code::NoShow, "this node has no such show: look at / for those it has"))
    }
}

/// What stands after the `?` of an address.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Doors>> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Doors>) -> Result<Self, Failure> {
        let params = Query::try_from_uri(&parts.uri);
        params.map(|Query(params)| Self(params)).map_err(|error| Failure::new(Code::BadMessage, error.body_text()))
    }
}

/// A JSON body of at most a staff message.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Doors>> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Arc<Doors>) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if kind != Some("application/json") {
            return Err(Failure::new(Code::BadMedia, "send the body as application/json"));
        }
        let bytes = whole_body(request, limits::STAFF_MESSAGE_BYTES_MAX).await?;
        wire::read(&bytes).map(Self).map_err(|error| Failure::new(Code::BadMessage, error.to_string()))
    }
}

/// The whole body, if it is not larger than `most`.
pub async fn whole_body(request: Request, most: usize) -> Result<bytes::Bytes, Failure> {
    let read = axum::body::to_bytes(request.into_body(), most);
    let read = tokio::time::timeout(limits::BODY_READ_TIMEOUT, read).await;
    let read = read.map_err(|_| Failure::new(Code::TooSlow, "the body did not arrive in time"))?;
    read.map_err(|_| Failure::new(Code::TooLarge, format!("the body may have at most {most} bytes")))
}

/// Whether the client has what an ETag names: any of its list, and as a proxy that packs an answer writes it (`W/`).
pub fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let seen = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    seen.flat_map(|list| list.split(',').map(str::trim)).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

/// What a request bears as `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn device_token(headers: &HeaderMap) -> Result<&str, Failure> {
    let missing = "send the device token of a join as Authorization: Bearer …";
    bearer(headers).ok_or_else(|| Failure::new(Code::BadToken, missing))
}

/// The viewer whose device token the request bears.
pub fn viewer(doors: &Doors, desk: &Desk, headers: &HeaderMap) -> Result<Viewer, Failure> {
    let now = doors.services.clock.now();
    Ok(greeting::known_viewer(&doors.services, desk, device_token(headers)?, now)?)
}

/// The device whose token the request bears.
pub fn device(doors: &Doors, headers: &HeaderMap) -> Result<Device, Failure> {
    let now = doors.services.clock.now();
    Ok(greeting::known_device(&doors.services, device_token(headers)?, now)?)
}

/// One permit of a viewer for a request that is no ballot.
pub fn permit(doors: &Doors, viewer: &Viewer) -> Result<(), Failure> {
    let permit = doors.gate.post(viewer.voter, doors.services.clock.now());
    let detail = || format!("at most {} requests a second: slow down", limits::MESSAGES_PER_SECOND);
    permit.map_err(|retry_ms| Failure { retry_ms: Some(retry_ms), ..Failure::new(Code::TooMany, detail()) })
}

/// The member of staff whose token the request bears.
pub fn staff(doors: &Doors, desk: &Desk, headers: &HeaderMap) -> Result<Staff, Failure> {
    let now = doors.services.clock.now();
    let claims = bearer(headers).and_then(|token| token::verify::<StaffClaims>(&doors.services.secret, token, now));
    match claims.filter(|claims| claims.show == desk.show) {
        Some(StaffClaims { session, name, role, .. }) => Ok(Staff { session, name, role }),
        None => Err(Failure::new(Code::BadToken, "send a staff token for this show as Authorization: Bearer …")),
    }
}

/// Whether a key of an address reads this show's screens and feeds.
pub fn screen_key(doors: &Doors, desk: &Desk, key: Option<&str>) -> Result<(), Failure> {
    let now = doors.services.clock.now();
    if key.is_some_and(|key| greeting::reads_screens(&doors.services, desk, key, now)) {
        return Ok(());
    }
    Err(Failure::new(Code::BadToken, "add ?key=… as in the address that the studio page copies"))
}

/// What the client of an address may see: with a good key what screens see, without one what viewers see.
pub fn audience(doors: &Doors, desk: &Desk, key: Option<&str>) -> Result<Audience, Failure> {
    match key {
        None => Ok(Audience::Viewers),
        key => screen_key(doors, desk, key).map(|()| Audience::Screens),
    }
}
