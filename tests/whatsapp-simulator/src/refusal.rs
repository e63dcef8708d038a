//! Meta's errors: `{"error":{"message","type","code","error_data":{"details"},"fbtrace_id"}}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) details: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, details: impl Into<String>) -> Self {
        Self {
            status,
            code,
            details: details.into(),
        }
    }

    pub(crate) fn token() -> Self {
        let details = "Invalid OAuth access token - Cannot parse access token";
        Self::new(401, 190, details)
    }

    /// A path or id that is nobody's. Meta says so with 400.
    pub(crate) fn no_object(id: &str) -> Self {
        let details = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
        );
        Self::new(400, 100, details)
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(400, 100, format!("The parameter {name} is required."))
    }

    pub(crate) fn value(details: impl Into<String>) -> Self {
        Self::new(400, 131_009, details)
    }

    pub(crate) fn window() -> Self {
        Self::new(400, 131_047, title(131_047))
    }

    pub(crate) fn of(code: u32, status: u16) -> Self {
        Self::new(status, code, title(code))
    }
}

/// Meta's short text of a code, as in `statuses[].errors[].title`.
pub(crate) fn title(code: u32) -> &'static str {
    match code {
        4 => "Application request limit reached",
        80_007 => "Rate limit issues",
        100 => "Invalid parameter",
        130_429 => "Rate limit hit",
        131_000 => "Something went wrong",
        131_026 => "Message undeliverable",
        131_047 => "Re-engagement message",
        131_048 => "Spam rate limit hit",
        131_049 => "Meta chose not to deliver",
        131_053 => "Media upload error",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        _ => "Trouble",
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({"error": {
            "message": format!("(#{}) {}", self.code, self.details),
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "AStandInTrace",
        }});
        (status, Json(body)).into_response()
    }
}
