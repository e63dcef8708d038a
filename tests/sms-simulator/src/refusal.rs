//! Twilio's errors: `{"code":21610,"message":"…","more_info":"…","status":400}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn credentials() -> Self {
        Self::new(401, 20003, "Authenticate")
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(
            404,
            20404,
            format!("The requested resource {path} was not found"),
        )
    }

    pub(crate) fn too_many() -> Self {
        Self::new(429, 20429, "Too Many Requests")
    }

    pub(crate) fn server(status: u16) -> Self {
        Self::new(status, 20500, "An internal server error has occurred")
    }

    pub(crate) fn body_too_long() -> Self {
        Self::new(
            400,
            21617,
            "The concatenated message body exceeds the 1600 character limit.",
        )
    }

    pub(crate) fn opted_out() -> Self {
        Self::new(400, 21610, "Attempt to send to unsubscribed recipient")
    }

    pub(crate) fn bad_to(to: &str) -> Self {
        Self::new(400, 21211, format!("Invalid 'To' Phone Number: {to}"))
    }

    pub(crate) fn not_ours(from: &str) -> Self {
        let text =
            "is not a valid, SMS-capable inbound phone number or short code for your account.";
        Self::new(
            400,
            21606,
            format!("The 'From' phone number provided ({from}) {text}"),
        )
    }

    pub(crate) fn without_sms(from: &str) -> Self {
        Self::new(
            400,
            21601,
            format!("The phone number {from} is not a valid SMS-capable inbound phone number"),
        )
    }

    pub(crate) fn missing(name: &str) -> Self {
        let (code, text) = match name {
            "To" => (21604, "A 'To' phone number is required."),
            "From" => (21603, "A 'From' phone number is required."),
            _ => (21602, "Message body is required."),
        };
        Self::new(400, code, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        });
        (status, Json(body)).into_response()
    }
}
