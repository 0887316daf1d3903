//! The pages: plain files, part of the binary. Every page forbids what it does not need.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{Path, RawQuery, State},
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
/// How the policy of pages ends.
const FRAMED_BY_NONE: &str = "frame-ancestors 'none'";
/// The overlay may be framed by graphics systems, and takes the theme that a show's designer gives it.
const OVERLAY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src *; font-src 'self'; base-uri 'none'; form-action 'none'";

/// The way to every page.
pub async fn index(headers: HeaderMap) -> Result<Response, Failure> {
    page("index.html", PAGE_POLICY, &headers)
}

/// The audience page, also inside pages of the sites that the show names.
pub async fn audience(OfShow(desk): OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    let frames = desk.document().sites.frames.join(" ");
    let policy = match &*frames {
        "" => PAGE_POLICY.into(),
        frames => PAGE_POLICY.replace(FRAMED_BY_NONE, &format!("frame-ancestors {frames}")).into(),
    };
    let (path, build) = ("audience/index.html", build());
    let file = Web::get(path).expect("it is part of the binary").data;
    // A crowd loads it all at once, and again: one page is asked for, and the rest is kept.
    let html = String::from_utf8_lossy(&file).replace("\"/web/", &format!("\"/web/~{build}/"));
    Ok(answer(path, html.into_bytes().into(), &build, policy, &headers))
}

/// How a page of another site gets the show into it.
pub async fn embed(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("embed/index.html", PAGE_POLICY, &headers)
}

/// The studio page, which has overlays in it.
pub async fn studio(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    let policy = PAGE_POLICY.replace(FRAMED_BY_NONE, &format!("frame-src 'self'; {FRAMED_BY_NONE}"));
    page("studio/index.html", policy, &headers)
}

/// The controller for one thumb.
pub async fn thumb(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("thumb/index.html", PAGE_POLICY, &headers)
}

/// The certificate of a result, to be printed.
pub async fn certificate(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("certificate/index.html", PAGE_POLICY, &headers)
}

/// The moderators' page.
pub async fn moderation(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("moderation/index.html", PAGE_POLICY, &headers)
}

/// An overlay.
pub async fn overlay(_: OfShow, headers: HeaderMap) -> Result<Response, Failure> {
    page("overlay/index.html", OVERLAY_POLICY, &headers)
}

/// The one page that is not for looking at: it is saved and opened from disk, where no header of ours reaches.
const LOADER: &str = "overlay/loader.html";

/// A file of the pages. Below `~` and the name of this build it is kept for ever by who gets it: another build has another
/// address.
pub async fn file(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let (named, path) = path.strip_prefix('~').and_then(|path| path.split_once('/')).unwrap_or(("", &path));
    let mut response = page(path, PAGE_POLICY, &headers)?;
    if !named.is_empty() && named == build() {
        let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, for_ever);
    }
    if path == LOADER {
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"loader.html\""));
    }
    Ok(response)
}

/// What other sites load (`/sdk/v1/…`): addresses that stay. Each module leads to the same one of this build, so that a site
/// asks for one small file and has the rest, and never mixes two builds.
pub async fn sdk(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let file = format!("sdk/v1/{path}");
    if !path.ends_with(".js") || Web::get(&file).is_none() {
        return page(&file, PAGE_POLICY, &headers);
    }
    let build = build();
    let module = format!("export * from '../../web/~{build}/{file}';\n");
    Ok(answer(&file, module.into_bytes().into(), &build, PAGE_POLICY.into(), &headers))
}

/// Names what all files together are.
fn build() -> String {
    let mut all = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for path in Web::iter() {
        all.update(path.as_bytes());
        all.update(&Web::get(&path).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    hex::encode(&all.finish().as_ref()[..8])
}

fn page(path: &str, policy: impl Into<Cow<'static, str>>, request: &HeaderMap) -> Result<Response, Failure> {
    let Some(file) = Web::get(path) else {
        return Err(Failure::new(Code::NotFound, "there is no such file"));
    };
    let tag = hex::encode(&file.metadata.sha256_hash()[..8]);
    Ok(answer(path, file.data, &tag, policy.into(), request))
}

/// A file, or that it is known by its tag.
fn answer(path: &str, data: Cow<'static, [u8]>, tag: &str, policy: Cow<'static, str>, request: &HeaderMap) -> Response {
    let etag = format!("\"{tag}\"");
    let mut response = if extract::knows(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(path))], data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let policy = HeaderValue::from_str(&policy).expect("our own words, and origins");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A problem in words, for a person whose browser asked for a page.
pub fn problem(failure: &Failure) -> Response {
    let what_to_do = match failure.code {
        Code::NoShow | Code::NotFound => "Look whether the address is written right.",
        _ => &failure.detail,
    };
    let status = StatusCode::from_u16(failure.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    in_words(status, failure.code.title(), &[what_to_do])
}

/// What the `type` of a problem leads to: a line of the table of codes, in words.
pub async fn code(Path(word): Path<String>) -> Result<Response, Failure> {
    let code = Code::ALL.iter().find(|code| code.word() == word);
    let code = code.ok_or_else(|| Failure::new(Code::NotFound, "there is no such code"))?;
    let again = if code.retry() {
        "The same request may succeed later: wait as long as the answer says."
    } else {
        "The same request again gets the same answer."
    };
    let close = match code.close() {
        0 => "a WebSocket goes on after it".to_owned(),
        close => format!("a WebSocket ends with {close}"),
    };
    let about = format!("{word}: HTTP {}; {close}.", code.status());
    Ok(in_words(StatusCode::OK, code.title(), &[code.advice(), again, &about]))
}

/// The page of a problem.
fn in_words(status: StatusCode, title: &str, lines: &[&str]) -> Response {
    let file = Web::get("problem.html").expect("it is part of the binary").data;
    let lines: Vec<_> = lines.iter().map(|line| format!("<p>{}</p>", escaped(line))).collect();
    let page = String::from_utf8_lossy(&file).replace("{title}", title).replace("{lines}", &lines.join("\n"));
    let headers = [(header::CONTENT_TYPE, content_type(".html")), (header::CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (status, headers, page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("ts") => "text/plain; charset=utf-8",
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

/// How wide a QR code is at least, in pixels of its own; a screen draws it as large as it likes.
const CODE_PX: usize = 240;
/// Modules of white around it, which scanners need.
const QUIET: usize = 4;

/// The QR code of the audience page's address; with `?address` the address stands below it, for those who type.
pub async fn qr(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let address = format!("{}/s/{}", base(&doors, &headers), desk.show);
    let code = QrCode::new(address.as_bytes())
        .map_err(|_| Failure::new(Code::Internal, "the address is too long for a QR code"))?;
    let modules = code.width() + 2 * QUIET;
    let module = CODE_PX.div_ceil(modules);
    let pixels = u32::try_from(module).unwrap_or(1);
    let mut svg = code.render::<svg::Color<'_>>().module_dimensions(pixels, pixels).build();
    if query.as_deref() == Some("address") {
        svg = with_address(&svg, modules * module, &address);
    }
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache")], svg).into_response())
}

/// A code of `side` pixels with the address below it, as large as the width allows.
fn with_address(code: &str, side: usize, address: &str) -> String {
    let typed = address.split_once("://").map_or(address, |(_, typed)| typed);
    // In hundredths of a pixel; a letter of the widest usual fonts takes two thirds of its height.
    let size = (side * 100 * 3 / 2 / typed.chars().count().max(1)).min(side * 10);
    let code = code.split_once("?>").map_or(code, |(_, code)| code);
    let (height, middle, line) = (side + side / 8, side / 2, side + side / 12);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{height}\" viewBox=\"0 0 {side} {height}\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{height}H0z\"/>{code}\
         <text x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\" font-family=\"sans-serif\" font-weight=\"600\" \
         font-size=\"{}.{:02}\">{}</text></svg>",
        size / 100,
        size % 100,
        escaped(typed)
    )
}
