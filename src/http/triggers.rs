//! Triggers: `/c/{show}/{verb}[/{target}]`, a command by an address, for control surfaces and other machines that hold a key.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, Method, header},
};
use serde::Deserialize;

use super::{
    extract::{self, Body, OfShow, Params},
    place::Visit,
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{
        hex,
        ids::{ShowId, random_bytes},
        limits,
    },
    shows::{
        document::Staff,
        keys::{Key, role_for},
    },
    studio::{
        desk::Desk,
        triggers::{self, Aim},
    },
    wire::{
        client::CommandMessage,
        codes::Code,
        command::Command,
        trigger::{Group, Triggered},
    },
};

/// How it is fired.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// A key of this show; better as `Authorization: Bearer …`, where that is possible.
    key: Option<String>,
    /// The revision that was seen; refused if the show has moved on since.
    expect: Option<u64>,
    /// The same id is done once.
    id: Option<String>,
    /// `1`: what is so already is fine, and not an error.
    soft: Option<String>,
    /// Of a marker: the platform that was looked at; left out: the output of the studio.
    platform: Option<String>,
}

/// How something is pressed.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Pressed {
    /// The revision that was seen; refused if the show has moved on since.
    expect: Option<u64>,
    /// The same id is done once.
    id: Option<String>,
    /// `1`: what is so already is fine, and not an error.
    soft: Option<String>,
}

/// What is seen at this moment.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkerRequest {
    /// What the programme was then: milliseconds since 1970 by the server's clock.
    #[schema(maximum = 9007199254740991i64)]
    programme_time: u64,
    /// The platform that was looked at; left out: the output of the studio, which is late for all of them.
    platform: Option<String>,
}

/// Fires a trigger.
#[utoipa::path(post, path = "/c/{show}/{verb}", params(("show" = ShowId, Path), ("verb" = String, Path), How),
    security(("key" = []), ("trigger" = [])),
    responses((status = 200, description = "Done", body = Triggered), Problems))]
pub async fn fire_post(
    state: State<Arc<Doors>>,
    show: OfShow,
    visit: Extension<Visit>,
    Path(path): Path<(String, String)>,
    how: Params<How>,
    headers: HeaderMap,
) -> Result<Json<Triggered>, Failure> {
    fire(state, show, visit, (&Method::POST, &path.1, None), how, headers).await
}

/// Fires a trigger with a target: a cue, seconds, or options.
#[utoipa::path(post, path = "/c/{show}/{verb}/{target}",
    params(("show" = ShowId, Path), ("verb" = String, Path), ("target" = String, Path), How),
    security(("key" = []), ("trigger" = [])),
    responses((status = 200, description = "Done", body = Triggered), Problems))]
pub async fn fire_post_at(
    state: State<Arc<Doors>>,
    show: OfShow,
    visit: Extension<Visit>,
    Path(path): Path<(String, String, String)>,
    how: Params<How>,
    headers: HeaderMap,
) -> Result<Json<Triggered>, Failure> {
    fire(state, show, visit, (&Method::POST, &path.1, Some(&path.2)), how, headers).await
}

/// Fires a trigger by its address alone, with a key that may do so. Never what has to be armed.
#[utoipa::path(get, path = "/c/{show}/{verb}", params(("show" = ShowId, Path), ("verb" = String, Path), How),
    security(("key" = []), ("trigger" = [])),
    responses((status = 200, description = "Done", body = Triggered), Problems))]
pub async fn fire_get(
    state: State<Arc<Doors>>,
    show: OfShow,
    visit: Extension<Visit>,
    method: Method,
    Path(path): Path<(String, String)>,
    how: Params<How>,
    headers: HeaderMap,
) -> Result<Json<Triggered>, Failure> {
    fire(state, show, visit, (&method, &path.1, None), how, headers).await
}

/// Fires a trigger with a target by its address alone, with a key that may do so.
#[utoipa::path(get, path = "/c/{show}/{verb}/{target}",
    params(("show" = ShowId, Path), ("verb" = String, Path), ("target" = String, Path), How),
    security(("key" = []), ("trigger" = [])),
    responses((status = 200, description = "Done", body = Triggered), Problems))]
pub async fn fire_get_at(
    state: State<Arc<Doors>>,
    show: OfShow,
    visit: Extension<Visit>,
    method: Method,
    Path(path): Path<(String, String, String)>,
    how: Params<How>,
    headers: HeaderMap,
) -> Result<Json<Triggered>, Failure> {
    fire(state, show, visit, (&method, &path.1, Some(&path.2)), how, headers).await
}

/// Says how late the show is seen, by what is seen at this moment. With the key of a trigger that may `window`, or as staff that
/// has control.
#[utoipa::path(post, path = "/api/v1/shows/{show}/marker", params(("show" = ShowId, Path), Pressed),
    request_body = MarkerRequest, security(("trigger" = []), ("staff" = [])),
    responses((status = 200, description = "Done", body = Triggered), Problems))]
pub async fn marker(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    Params(Pressed { expect, id, soft }): Params<Pressed>,
    headers: HeaderMap,
    Body(MarkerRequest { programme_time, platform }): Body<MarkerRequest>,
) -> Result<Json<Triggered>, Failure> {
    let by = match extract::staff(&doors, &desk, &headers) {
        Ok(staff) => staff,
        Err(_) => {
            let key = key(&doors, &desk, &visit, extract::bearer(&headers))?;
            may(&key, "marker", Group::Window)?;
            as_staff(&key, Group::Window)
        }
    };
    press(&doors, &desk, Command::Marker { programme_time, platform }, Pressed { expect, id, soft }, by).await
}

async fn fire(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Extension(visit): Extension<Visit>,
    (method, verb, target): (&Method, &str, Option<&str>),
    Params(how): Params<How>,
    headers: HeaderMap,
) -> Result<Json<Triggered>, Failure> {
    let key = key(&doors, &desk, &visit, how.key.as_deref().or(extract::bearer(&headers)))?;
    let aim = Aim { platform: how.platform, now: doors.services.clock.now() };
    let (command, group) = triggers::read(verb, target, aim).map_err(|detail| Failure::new(Code::NotFound, detail))?;
    may(&key, verb, group)?;
    if how.key.is_some() && !group.by_get() {
        let detail =
            format!("a key for {verb} goes into `Authorization: Bearer …`, not into the address, which others log");
        return Err(Failure::new(Code::Forbidden, detail));
    }
    if *method != Method::POST {
        may_get(method, &headers)?;
        if !(key.get && group.by_get()) {
            return Err(Failure::new(Code::Forbidden, "this needs POST: only a key that was made for it fires by GET"));
        }
    }
    let pressed = Pressed { expect: how.expect, id: how.id, soft: how.soft };
    press(&doors, &desk, command, pressed, as_staff(&key, group)).await
}

/// Whether a key may do something.
fn may(key: &Key, verb: &str, group: Group) -> Result<(), Failure> {
    if key.may.contains(&group) {
        return Ok(());
    }
    let detail = format!("this key may not {verb}: it needs the group {}", group.word());
    Err(Failure::new(Code::Forbidden, detail))
}

fn as_staff(key: &Key, group: Group) -> Staff {
    Staff { session: key.session(), name: key.signature(), role: role_for(group) }
}

async fn press(
    doors: &Doors,
    desk: &Desk,
    command: Command,
    how: Pressed,
    by: Staff,
) -> Result<Json<Triggered>, Failure> {
    let services = &doors.services;
    let soft = matches!(how.soft.as_deref(), Some("1" | "true"));
    let is_so = || triggers::is_so(&desk.document(), &command, services.clock.now());
    if soft && is_so() {
        return Ok(Json(triggered(desk, doors, &command, true)));
    }
    let id = how.id.unwrap_or_else(|| hex::encode(&random_bytes::<12>()));
    let message = CommandMessage { id, expect: how.expect, command: command.clone() };
    let done = desk.command(services, message, by).await;
    match done.code {
        None => Ok(Json(triggered(desk, doors, &command, false))),
        Some(Code::NotNow | Code::TooSoon) if soft && is_so() => Ok(Json(triggered(desk, doors, &command, true))),
        Some(code) => {
            let retry_ms = match code {
                Code::TooSoon => u32::try_from(limits::DEBOUNCE_MS).ok(),
                Code::Busy => Some(limits::RETRY_SHARED_MS),
                _ => None,
            };
            Err(Failure { retry_ms, ..Failure::new(code, done.detail) })
        }
    }
}

/// The key of a request.
fn key(doors: &Doors, desk: &Desk, visit: &Visit, secret: Option<&str>) -> Result<Key, Failure> {
    let now = doors.services.clock.now();
    let too_many = |retry_ms| Failure { retry_ms: Some(retry_ms), ..Failure::new(Code::TooMany, "slow down") };
    let Some(key) = secret.and_then(|secret| desk.document().key(secret).cloned()) else {
        doors.gate.wrong_key(visit.prefix, now).map_err(too_many)?;
        let detail = "send a key of this show as Authorization: Bearer … or ?key=…: a producer makes one";
        return Err(Failure::new(Code::BadToken, detail));
    };
    doors.gate.trigger(key.id, now).map_err(too_many)?;
    Ok(key)
}

/// Programs that look at what a link leads to, when somebody writes it into a chat.
const LOOKERS: [&str; 10] = [
    "slackbot",
    "discordbot",
    "telegrambot",
    "whatsapp",
    "facebookexternalhit",
    "twitterbot",
    "linkedinbot",
    "skypeuripreview",
    "googlebot",
    "bingbot",
];

/// A GET that only looks does nothing: a prefetch, a preview, a HEAD.
fn may_get(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    let says = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let purposes = ["sec-purpose", "purpose", "x-moz", "x-purpose"].map(header::HeaderName::from_static);
    let looks = |text: &str| ["prefetch", "preview", "prerender"].iter().any(|word| text.contains(word));
    let agent = says(header::USER_AGENT).to_lowercase();
    if *method != Method::GET
        || purposes.into_iter().any(|name| looks(&says(name).to_lowercase()))
        || LOOKERS.iter().any(|looker| agent.contains(looker))
    {
        return Err(Failure::new(Code::Forbidden, "this address does something: it is not for looking at"));
    }
    Ok(())
}

fn triggered(desk: &Desk, doors: &Doors, command: &Command, already: bool) -> Triggered {
    let (document, now) = (desk.document(), doors.services.clock.now());
    let cue = |placed: &Option<crate::shows::document::Placed>| placed.as_ref().map(|one| one.cue.clone());
    let verb = command.verb();
    Triggered {
        ok: true,
        verb: verb.to_owned(),
        already,
        rev: document.revision,
        rehearsal: document.rehearsal,
        cue: cue(&document.program).unwrap_or_default(),
        phase: document.on_program().map(|run| run.phase(now)),
        next_cue: cue(&document.standby).unwrap_or_default(),
        graphic: document.graphic.state,
        step: document.graphic.step,
        frozen: document.graphic.frozen,
        text: format!("{}: {}", verb.replace('_', " "), if already { "it was so already" } else { "done" }),
    }
}
