//! Answers that say what is wrong: problem+json (RFC 9457), always with a code of the one table.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::wire::{codes::Code, server};

/// A problem as it is sent.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// Names the code: `/problems/no_show`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in one line.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here and what to do.
    pub detail: String,
    /// The code, as on the WebSocket.
    pub code: Code,
    /// Try again after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
}

/// What an operation may answer instead of what it is for.
#[derive(utoipa::IntoResponses)]
pub enum Problems {
    /// The request cannot be done as it is
    #[response(status = "4XX", content_type = "application/problem+json")]
    Refused(ProblemDetails),
    /// Not now, or a fault of this node
    #[response(status = "5XX", content_type = "application/problem+json")]
    NotNow(ProblemDetails),
}

/// Why a request was not done.
#[derive(Debug, Clone)]
pub struct Failure {
    pub code: Code,
    pub detail: String,
    pub retry_ms: Option<u32>,
}

impl Failure {
    /// A failure that trying again does not help.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_ms: None }
    }
}

impl From<server::Problem> for Failure {
    fn from(problem: server::Problem) -> Self {
        Self { code: problem.code, detail: problem.detail, retry_ms: problem.retry_ms }
    }
}

impl From<crate::providers::store::StoreError> for Failure {
    fn from(error: crate::providers::store::StoreError) -> Self {
        tracing::error!(%error, "the documents file");
        Self::new(Code::Storage, "the node cannot read or write its documents: look at its log")
    }
}

impl Failure {
    fn details(&self) -> ProblemDetails {
        ProblemDetails {
            kind: format!("/problems/{}", self.code.word()),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.detail.clone(),
            code: self.code,
            retry_after_ms: self.retry_ms,
        }
    }

    /// The whole answer as bytes, for a connection that gets no place and so no server.
    pub fn bare(&self) -> Vec<u8> {
        let body = serde_json::to_string(&self.details()).expect("a problem is plain data");
        let retry = self.retry_ms.map(|ms| format!("retry-after: {}\r\n", whole_seconds(ms))).unwrap_or_default();
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let head = "content-type: application/problem+json\r\ncache-control: no-store\r\nconnection: close\r\n";
        format!("HTTP/1.1 {status}\r\n{head}{retry}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

/// Never 0: that would mean at once.
fn whole_seconds(ms: u32) -> u32 {
    ms.div_ceil(1000).max(1)
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { code, retry_ms, .. } = self;
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.details())).into_response();
        // The router counts failures by this, and says them in words to people.
        response.extensions_mut().insert(self);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(ms) = retry_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(ms)));
        }
        response
    }
}
