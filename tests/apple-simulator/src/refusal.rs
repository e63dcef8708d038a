//! The gateway's refusals: a status, and a reason as text.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why a call is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) why: String,
    pub(crate) retry_after_s: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(status: u16, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
            retry_after_s: None,
        }
    }

    /// Missing or malformed.
    pub(crate) fn bad(why: impl Into<String>) -> Self {
        Self::new(400, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let pause: Option<[(HeaderName, String); 1]> = self
            .retry_after_s
            .map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        match pause {
            Some(pause) => (status, pause, self.why).into_response(),
            None => (status, self.why).into_response(),
        }
    }
}
