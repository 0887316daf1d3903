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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { code, detail, retry_ms } = self;
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let details = ProblemDetails {
            kind: format!("/problems/{}", code.word()),
            title: code.title().to_owned(),
            status: status.as_u16(),
            detail,
            code,
            retry_after_ms: retry_ms,
        };
        let mut response = (status, Json(details)).into_response();
        // The router counts failures by this.
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(ms) = retry_ms {
            // Whole seconds, never 0: that would mean at once.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000).max(1)));
        }
        response
    }
}
