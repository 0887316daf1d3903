//! The pages: plain files, part of the binary. Every page forbids what it does not need.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use qrcode::{QrCode, render::svg};

use super::{
    extract::{self, OfShow},
    reply::Failure,
    router::Doors,
};
use crate::{base::hex, wire::codes::Code};

#[derive(rust_embed::RustEmbed)]
#[folder = "web/"]
struct Web;

/// Pages that people use: nothing from anywhere else, and never inside somebody else's page.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self' ws: wss:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The overlay may be framed by graphics systems, and takes the theme that a show's designer gives it.
const OVERLAY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src *; font-src 'self'; base-uri 'none'; form-action 'none'";

/// The way to every page.
pub async fn index(headers: HeaderMap) -> Result<Response, Failure> {
    page("index.html", PAGE_POLICY, &headers)
}

/// The audience page.
pub async fn audience(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("audience/index.html", PAGE_POLICY, &headers)
}

/// The studio page.
pub async fn studio(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("studio/index.html", PAGE_POLICY, &headers)
}

/// An overlay.
pub async fn overlay(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("overlay/index.html", OVERLAY_POLICY, &headers)
}

/// The one page that is not for looking at: it is saved and opened from disk, where no header of ours reaches.
const LOADER: &str = "overlay/loader.html";

/// A file of the pages.
pub async fn file(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let mut response = page(&path, PAGE_POLICY, &headers)?;
    if path == LOADER {
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"loader.html\""));
    }
    Ok(response)
}

fn page(path: &str, policy: &'static str, request: &HeaderMap) -> Result<Response, Failure> {
    let Some(file) = Web::get(path) else {
        return Err(Failure::new(Code::NotFound, "there is no such file"));
    };
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..8]));
    let mut response = if extract::knows(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(path))], file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}

/// A problem in words, for a person whose browser asked for a page.
pub fn problem(failure: &Failure) -> Response {
    let what_to_do = match failure.code {
        Code::NoShow | Code::NotFound => "Look whether the address is written right.",
        _ => &failure.detail,
    };
    let file = Web::get("problem.html").expect("it is part of the binary").data;
    let page = String::from_utf8_lossy(&file).replace("{title}", failure.code.title());
    let page = page.replace("{what to do}", &escaped(what_to_do));
    let status = StatusCode::from_u16(failure.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CONTENT_TYPE, content_type(".html")), (header::CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (status, headers, page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// The beginning of this service's addresses, as people outside know it.
pub fn base(doors: &Doors, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    if doors.public_url.is_empty() { format!("http://{host}") } else { doors.public_url.clone() }
}

/// The QR code of the audience page's address.
pub async fn qr(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let address = format!("{}/s/{}", base(&doors, &headers), desk.show);
    let code = QrCode::new(address.as_bytes())
        .map_err(|_| Failure::new(Code::Internal, "the address is too long for a QR code"))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache")], svg).into_response())
}
