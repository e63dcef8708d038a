//! Requests to the Graph API, and what comes back.

use serde_json::Value;
use trunkline_plugin::SendError;
use trunkline_plugin::http::{self, Body, FetchError, Part, Request, Response, Value as Written};

use crate::refusal::{self, Refusal};
use crate::settings::{ACCESS_TOKEN, Settings};
use crate::wire::{Id, Taken};

/// Why a request has not done what it should.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// Meta says no.
    Refused(Refusal),
    /// No usable answer.
    Failed(SendError),
}

impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ApiError> for SendError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Refused(refusal) => refusal.error,
            ApiError::Failed(error) => error,
        }
    }
}

impl ApiError {
    /// Meta's code, if it gave one.
    pub(crate) fn code(&self) -> Option<u32> {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Failed(_) => None,
        }
    }

    /// It is certain that no attempt will succeed.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(refusal) if matches!(refusal.error, SendError::Refused(_)))
    }
}

/// Sends a message and gives its wamid. That Meta took it says nothing about its delivery: a status will.
pub(crate) fn post_message(
    settings: &Settings,
    message: &Value,
    attempt: u32,
) -> Result<String, ApiError> {
    let request = authorised(Request::post(settings.number_url("messages")))
        .json(message)
        .once();
    let answer = successful(http::fetch(&request)?, attempt)?;
    let taken: Result<Taken, _> = answer.json();
    let id = taken
        .ok()
        .and_then(|taken| taken.messages.into_iter().next());
    id.map(|message| message.id).ok_or_else(|| {
        ApiError::Failed(SendError::Unknown(
            "Meta took the message and named no id of it".to_owned(),
        ))
    })
}

/// A read mark or typing sign: repeating it changes nothing.
pub(crate) fn post_signal(settings: &Settings, signal: &Value) -> Result<(), ApiError> {
    let request = authorised(Request::post(settings.number_url("messages")))
        .json(signal)
        .safe();
    successful(http::fetch(&request)?, 1).map(|_| ())
}

/// Uploads a file and gives its media id, which lives 30 days. Repeating it costs an unused copy at Meta, no message.
pub(crate) fn upload(
    settings: &Settings,
    handle: &str,
    name: &str,
    content_type: &str,
    attempt: u32,
) -> Result<String, ApiError> {
    let field = |name: &str, value: Written| Part {
        name: name.to_owned(),
        value,
        file_name: None,
        content_type: None,
    };
    let file = Part {
        file_name: Some(name.to_owned()),
        content_type: Some(content_type.to_owned()),
        ..field("file", Written::File(handle.to_owned()))
    };
    let parts = vec![
        field("messaging_product", "whatsapp".into()),
        field("type", content_type.into()),
        file,
    ];
    let request = authorised(Request::post(settings.number_url("media")))
        .body(Body::Multipart(parts))
        .safe();
    let answer = successful(http::fetch(&request)?, attempt)?;
    let media: Id = answer.json().map_err(|error| {
        ApiError::Failed(SendError::Refused(format!(
            "Meta took the file and named no id of it: {error}"
        )))
    })?;
    Ok(media.id)
}

/// Reads a node.
pub(crate) fn get(request: Request) -> Result<Response, ApiError> {
    successful(http::fetch(&authorised(request))?, 1)
}

fn authorised(request: Request) -> Request {
    request.bearer(ACCESS_TOKEN)
}

fn successful(answer: Response, attempt: u32) -> Result<Response, ApiError> {
    if answer.is_success() {
        return Ok(answer);
    }
    Err(ApiError::Refused(refusal::of_answer(&answer, attempt)))
}
