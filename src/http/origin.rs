//! Which pages may connect, and which may read an answer (CORS). Origins are compared whole, never in part.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{reply::Failure, router::Doors};
use crate::{studio::desk::Desk, wire::codes::Code};

/// What to do about a page that is turned away.
pub const NOT_LISTED: &str =
    "pages of this origin may not do that here: list it in the show's origins, or open the page from this server";

/// Where a page says it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// No browser, or one that has no reason to say it.
    Absent,
    /// This service's own page.
    Own,
    /// A page of another site that the configuration or the show names.
    Listed,
    /// A local file or a sandboxed frame: anybody's page.
    Null,
    /// A page of another site.
    Foreign,
}

impl Origin {
    /// The origin of a request, which may be about a show.
    pub fn of(doors: &Doors, desk: Option<&Desk>, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(header::HOST).unwrap_or_default();
        let document = desk.map(Desk::document);
        let of_show = document.iter().flat_map(|document| &document.sites.origins);
        let listed = doors.gate.config().origins.iter().chain(of_show);
        judge(text(header::ORIGIN), host, &doors.public_url, listed)
    }

    /// Whether its pages may join, vote and command.
    pub fn may_act(self) -> bool {
        matches!(self, Self::Absent | Self::Own | Self::Listed)
    }
}

fn judge<'a>(
    origin: Option<&str>,
    host: &str,
    public_url: &str,
    mut listed: impl Iterator<Item = &'a String>,
) -> Origin {
    let Some(origin) = origin else { return Origin::Absent };
    let at = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")).map(|(_, at)| at);
    match origin {
        "null" => Origin::Null,
        _ if (origin == public_url && !origin.is_empty()) || (at == Some(host) && !host.is_empty()) => Origin::Own,
        _ if listed.any(|one| one == origin) => Origin::Listed,
        _ => Origin::Foreign,
    }
}

/// Who may read the answers of an address from a page of another site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Any page: public, or by a key in the address. Nothing here knows cookies.
    All,
    /// Pages of listed origins: what an embedded page needs to vote.
    Listed,
    /// Own pages only.
    Own,
}

fn readers(path: &str) -> Readers {
    let parts: Vec<_> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["web" | "sdk" | "f" | "sse", _, ..] | ["api", "v1", "time"] | ["api", "v1", "shows", _, "live"] => {
            Readers::All
        }
        [
            "api",
            "v1",
            "shows",
            _,
            "join" | "tickets" | "ballots" | "receipts" | "mine" | "leaderboard" | "score" | "reactions" | "items"
            | "upvotes",
            ..,
        ] => Readers::Listed,
        _ => Readers::Own,
    }
}

/// The desk of the show that an address is about.
fn desk_of(doors: &Doors, path: &str) -> Option<Arc<Desk>> {
    let mut parts = path.split('/').skip(1);
    let show = match parts.next()? {
        "api" => parts.nth(2)?,
        "ws" | "sse" => parts.next()?,
        _ => return None,
    };
    doors.desks.get(&show.parse().ok()?)
}

/// Answers preflights, turns away pages that may not act, and says who may read the answer.
pub async fn guard(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    let desk = desk_of(&doors, request.uri().path());
    let origin = Origin::of(&doors, desk.as_deref(), request.headers());
    let readers = readers(request.uri().path());
    if matches!(origin, Origin::Absent | Origin::Own) {
        let mut response = next.run(request).await;
        // Said to own pages, too: a browser's cache gives what it has from them to pages of other sites.
        if readers == Readers::All {
            may_read(response.headers_mut(), HeaderValue::from_static("*"));
        }
        return response;
    }
    let reads = readers == Readers::All || (readers == Readers::Listed && origin == Origin::Listed);
    let allow = match readers {
        Readers::All => Some(HeaderValue::from_static("*")),
        // Also for those who may not: their pages read why not, and that is all they get.
        Readers::Listed => request.headers().get(header::ORIGIN).cloned(),
        Readers::Own => None,
    };
    let preflight = *request.method() == Method::OPTIONS;
    let acts = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if preflight && allow.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else if (acts || readers == Readers::Listed) && !(origin.may_act() && reads) {
        Failure::new(Code::BadOrigin, NOT_LISTED).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    // A cache must not give one origin's answer to another.
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let Some(allow) = allow else { return response };
    may_read(headers, allow);
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        let sent = HeaderValue::from_static("authorization, content-type, if-none-match");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, sent);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

/// Whose pages may read the answer, and what of its head.
fn may_read(headers: &mut HeaderMap, allow: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allow);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag, retry-after"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let listed = ["https://www.example.org".to_owned()];
        let of = |origin| judge(origin, "10.0.0.7:8080", "https://vote.example.org", listed.iter());
        assert_eq!(of(None), Origin::Absent);
        assert_eq!(of(Some("null")), Origin::Null);
        for own in ["https://vote.example.org", "http://10.0.0.7:8080", "https://10.0.0.7:8080"] {
            assert_eq!(of(Some(own)), Origin::Own, "{own}");
        }
        assert_eq!(of(Some("https://www.example.org")), Origin::Listed);
        for foreign in [
            "https://www.example.org.evil.example",
            "https://evil-www.example.org",
            "http://www.example.org",
            "https://www.example.org:444",
            "https://vote.example.org/",
            "http://10.0.0.7",
            "file://10.0.0.7:8080",
            "http://10.0.0.7:8080@evil.example",
            "",
        ] {
            assert_eq!(of(Some(foreign)), Origin::Foreign, "{foreign}");
        }
        assert_eq!(judge(Some("https://"), "", "", [].iter()), Origin::Foreign);
        assert_eq!(judge(Some(""), "", "", [].iter()), Origin::Foreign);
    }

    #[test]
    fn every_address_has_its_readers() {
        for all in [
            "/web/sdk/tallylight.js",
            "/sdk/v1/tallylight.js",
            "/f/a/status.json",
            "/sse/a",
            "/api/v1/time",
            "/api/v1/shows/a/live",
        ] {
            assert_eq!(readers(all), Readers::All, "{all}");
        }
        for listed in [
            "/api/v1/shows/a/join",
            "/api/v1/shows/a/tickets",
            "/api/v1/shows/a/receipts/b/c",
            "/api/v1/shows/a/mine",
            "/api/v1/shows/a/items/mine",
            "/api/v1/shows/a/upvotes",
            "/api/v1/shows/a/leaderboard",
        ] {
            assert_eq!(readers(listed), Readers::Listed, "{listed}");
        }
        for own in
            ["/", "/web", "/api/v1/shows/a/commands", "/api/v1/staff/enter", "/api/v1/shows", "/metrics", "/ws/a"]
        {
            assert_eq!(readers(own), Readers::Own, "{own}");
        }
    }
}
