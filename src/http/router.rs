//! Every route on one page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    audience, certificate, feeds, keys, mine, origin, pages, reply::Failure, scores, service, shows, staff, timeline,
    triggers, writing,
};
use crate::{
    base::ids::ShowId,
    sessions::gate::Gate,
    studio::{desks::Desks, services::Services},
    wire::codes::Code,
};

/// What every handler can reach.
#[derive(Debug)]
pub struct Doors {
    pub services: Arc<Services>,
    pub desks: Arc<Desks>,
    pub gate: Arc<Gate>,
    /// The address that viewers type, without a slash at the end; empty: as the request says.
    pub public_url: String,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Tallylight",
    description = "The HTTP side of a live show's interaction. docs/WIRE.md explains the WebSocket side.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
), components(schemas(ShowId)), modifiers(&Tokens))]
struct Api;

/// What handlers ask for: bearer tokens, and keys in addresses that programs read.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let kinds = [
            ("device", "A viewer's token, from a join."),
            ("staff", "A token of staff, from a one-time link."),
            ("trigger", "A key that fires triggers, made by a producer."),
        ];
        for (name, what) in kinds {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build();
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
        let key = ApiKeyValue::with_description("key", "As in the address that the studio page copies.");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Query(key)));
    }
}

fn api() -> (Router<Arc<Doors>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(audience::time))
        .routes(routes!(audience::live))
        .routes(routes!(audience::join))
        .routes(routes!(audience::ticket))
        .routes(routes!(audience::ballot))
        .routes(routes!(audience::reactions))
        .routes(routes!(audience::receipt))
        .routes(routes!(mine::mine))
        .routes(routes!(writing::say))
        .routes(routes!(writing::my_items))
        .routes(routes!(writing::upvote))
        .routes(routes!(writing::queue, writing::act))
        .routes(routes!(shows::list))
        .routes(routes!(shows::file, shows::replace))
        .routes(routes!(shows::cue))
        .routes(routes!(shows::entries))
        .routes(routes!(staff::enter))
        .routes(routes!(staff::key))
        .routes(routes!(staff::command))
        .routes(routes!(staff::as_run))
        .routes(routes!(certificate::certificate))
        .routes(routes!(keys::keys, keys::make_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(triggers::fire_get, triggers::fire_post))
        .routes(routes!(triggers::fire_get_at, triggers::fire_post_at))
        .routes(routes!(triggers::marker))
        .routes(routes!(feeds::status))
        .routes(routes!(feeds::results_json))
        .routes(routes!(feeds::results_csv))
        .routes(routes!(feeds::results_xml))
        .routes(routes!(feeds::entries_json))
        .routes(routes!(feeds::entries_csv))
        .routes(routes!(feeds::parts_json))
        .routes(routes!(feeds::parts_csv))
        .routes(routes!(timeline::timeline))
        .routes(routes!(scores::leaderboard))
        .routes(routes!(scores::score))
        .routes(routes!(scores::leaderboard_json))
        .routes(routes!(scores::leaderboard_csv))
        .routes(routes!(service::livez))
        .routes(routes!(service::readyz))
        .routes(routes!(service::health))
        .routes(routes!(service::metrics))
        .routes(routes!(service::limits))
        .split_for_parts()
}

/// The whole service.
pub fn router(doors: Arc<Doors>) -> Router {
    let (api, description) = api();
    let description: Arc<str> = description.to_json().expect("the description is plain data").into();
    let openapi = move || {
        let json = description.to_string();
        async move { ([(header::CONTENT_TYPE, "application/json")], json) }
    };
    Router::new()
        .merge(api)
        .route("/api/v1/openapi.json", get(openapi))
        .route("/sse/{show}", get(audience::events))
        .route("/ws/{show}", get(audience::websocket))
        .route("/", get(pages::index))
        .route("/s/{show}", get(pages::audience))
        .route("/s/{show}/qr.svg", get(pages::qr))
        .route("/embed/{show}", get(pages::embed))
        .route("/sdk/v1/{*path}", get(pages::sdk))
        .route("/studio/{show}", get(pages::studio))
        .route("/studio/{show}/certificate/{run}", get(pages::certificate))
        .route("/thumb/{show}", get(pages::thumb))
        .route("/moderate/{show}", get(pages::moderation))
        .route("/o/{show}/{graphic}", get(pages::overlay))
        .route("/problems/{code}", get(pages::code))
        .route("/web/{*path}", get(pages::file))
        .fallback(no_such_address)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(doors.clone(), origin::guard))
        .layer(middleware::from_fn_with_state(doors.clone(), finish))
        .with_state(doors)
}

/// An address with a slash at its end is the same without: people type it so.
async fn no_such_address(uri: Uri) -> Result<Redirect, Failure> {
    let path = uri.path();
    match path.strip_suffix('/') {
        Some(without) if !without.starts_with("//") && !without.is_empty() => Ok(Redirect::permanent(without)),
        _ => Err(Failure::new(Code::NotFound, format!("there is nothing at {path}: / shows the way to every page"))),
    }
}

async fn no_such_method() -> Failure {
    Failure::new(Code::BadMethod, "the API is described at /api/v1/openapi.json")
}

/// Whether a person looks, and no program.
fn asks_for_a_page(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepts.is_some_and(|accept| accept.contains("text/html")) && !request.uri().path().starts_with("/api/")
}

/// What every answer carries; failures are counted.
async fn finish(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    let person = asks_for_a_page(&request);
    let mut response = next.run(request).await.into_response();
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        doors.services.metrics.problem(failure.code);
        if person {
            response = pages::problem(&failure);
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
