//! `/bots/{bot}` and below: a call of a bot's server, any method.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use trunkline_core::id::BotName;

use super::convert;
use crate::host::Host;

/// The path's names.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    bot: String,
}

/// Hands the call to flow.
pub(super) async fn call(
    State(host): State<Arc<Host>>,
    Path(named): Path<Named>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let public_url = &host.config().server.public_url;
    let request = convert::request(public_url, &method, &uri, &headers, &body);
    let bot = BotName(named.bot);
    let answer = host.flow().bot_callback(&bot, request).await;
    tracing::debug!(%bot, %method, status = answer.status, "bot callback");
    convert::response(answer)
}
