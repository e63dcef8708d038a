//! Answers in the form the client asked for: JSON when `Accept` says so, else XML.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::variants::Refusal;
use crate::wire::xml_escaped;

/// What `Accept` allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Json,
    Xml,
    /// No header, or `*/*`.
    Anything,
    /// Something we have not.
    Other,
}

impl Wants {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("*/*");
        let accept = accept.to_lowercase();
        let says = |word: &str| accept.contains(word);
        if says("json") {
            Self::Json
        } else if says("xml") {
            Self::Xml
        } else if says("*/*") || says("application/*") || says("text/*") {
            Self::Anything
        } else {
            Self::Other
        }
    }
}

/// An error in the form asked for. The XML form's root is INFERRED.
pub(crate) fn refusal(wants: Wants, member: &str, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if wants == Wants::Json {
        let mut body = Map::new();
        body.insert("code".to_owned(), Value::from(refusal.code.clone()));
        body.insert(member.to_owned(), Value::from(refusal.message.clone()));
        return (status, Json(body)).into_response();
    }
    let body = format!(
        "<error xmlns=\"http://bindings.egain.com/ws/model/v19/gen/common/error\"><code>{}</code><{member}>{}</{member}></error>",
        xml_escaped(&refusal.code),
        xml_escaped(&refusal.message),
    );
    (status, xml(body)).into_response()
}

/// An XML body with its content type.
pub(crate) fn xml(body: String) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/xml;charset=UTF-8")],
        body,
    )
}
