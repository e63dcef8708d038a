//! Meta's error bodies.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::faults::Problem;

/// Why a request is refused.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(pub(crate) Problem);

impl Refusal {
    pub(crate) fn new(code: u32, subcode: Option<u32>, message: impl Into<String>) -> Self {
        Self(Problem {
            message: format!("(#{code}) {}", message.into()),
            ..Problem::new(code, subcode)
        })
    }

    pub(crate) fn token() -> Self {
        Self::new(
            190,
            Some(463),
            "Error validating access token: it is not one of the stand-in's",
        )
    }

    /// Also what Meta says about objects the token may not see.
    pub(crate) fn no_object(id: &str) -> Self {
        Self::new(
            100,
            Some(33),
            format!(
                "Unsupported request. Object with ID '{id}' does not exist or cannot be loaded"
            ),
        )
    }

    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(100, None, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Problem {
            status,
            code,
            subcode,
            message,
            retry_after_s,
        } = self.0;
        let mut error = json!({
            "message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AStandInTrace",
        });
        if let Some(subcode) = subcode {
            error["error_subcode"] = subcode.into();
        }
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, headers, Json(json!({ "error": error }))).into_response()
    }
}
