//! `/ece/{integration}/callback`: what ECE posts. Authorised before its body is read, stored, then
//! answered, then processed.
//!
//! What cannot be read becomes a dead letter and is answered 200: ECE would only send it again, and
//! switch the callback off in the end.

use std::sync::Arc;

use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use trunkline_core::id::IntegrationName;
use trunkline_ece::{Callback, CallbackError, CallbackItem};
use trunkline_flow::ports::{Accept, Clock, DeadKind, Scope, Store, StoreError, Undelivered};

use super::busy;
use crate::host::Host;

/// Takes one callback.
pub(super) async fn callback(
    State(host): State<Arc<Host>>,
    Path(integration): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let integration = IntegrationName(integration);
    if !host.config().integrations.contains_key(&integration) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if !host.ece().authorize_callback(&integration, &headers) {
        tracing::warn!(%integration, "a callback without the configured authorisation was refused");
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"trunkline\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let body = match Bytes::from_request(request, &host).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    take(&host, &integration, content_type.unwrap_or_default(), &body).await
}

async fn take(
    host: &Host,
    integration: &IntegrationName,
    content_type: &str,
    body: &Bytes,
) -> Response {
    let now = host.clock().now();
    let read = host
        .ece()
        .parse_callback(integration, content_type, body, now);
    let stored = match read {
        Ok(callback) => store(host, integration, callback, body).await,
        Err(CallbackError::NoIntegration(_)) => return StatusCode::NOT_FOUND.into_response(),
        Err(
            error @ (CallbackError::Json(_)
            | CallbackError::Xml(_)
            | CallbackError::NoMessages
            | CallbackError::Unreadable(_)),
        ) => keep_unreadable(host, integration, vec![error.to_string()], body).await,
    };
    match stored {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::warn!(%integration, %error, "a callback could not be stored; ECE is asked to repeat it");
            busy()
        }
    }
}

async fn store(
    host: &Host,
    integration: &IntegrationName,
    callback: Callback,
    body: &Bytes,
) -> Result<(), StoreError> {
    let unreadable = callback.unreadable.into_iter();
    let reasons: Vec<String> = unreadable
        .map(|message| format!("message {}: {}", message.index, message.why))
        .collect();
    if !reasons.is_empty() {
        keep_unreadable(host, integration, reasons, body).await?;
    }
    let (mut events, mut signals) = (Vec::new(), Vec::new());
    for item in callback.items {
        match item {
            CallbackItem::Event(event) => events.push(event),
            CallbackItem::Typing(signal) => signals.push(signal),
        }
    }
    let (count, typing) = (events.len(), signals.len());
    host.flow().ece_events(integration, events, signals).await?;
    tracing::debug!(%integration, events = count, typing, "callback");
    Ok(())
}

async fn keep_unreadable(
    host: &Host,
    integration: &IntegrationName,
    reasons: Vec<String>,
    body: &Bytes,
) -> Result<(), StoreError> {
    tracing::error!(%integration, unreadable = reasons.len(), "what ECE posted cannot be read; see the dead letters");
    let dead = Undelivered {
        kind: DeadKind::Unreadable,
        scope: Some(Scope::Integration(integration.clone())),
        conversation: None,
        key: None,
        reason: reasons.join("; "),
        content: String::from_utf8_lossy(body).into_owned(),
        replay: None,
    };
    let accept = Accept {
        dead: vec![dead],
        at: host.clock().now(),
        ..Accept::default()
    };
    host.store().accept(accept).await.map(|_| ())
}
