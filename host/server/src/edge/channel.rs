//! `/channels/{channel}` and below: a provider's call, any method.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use trunkline_core::id::ChannelName;

use super::convert;
use crate::host::Host;

/// The path's names.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) channel: String,
}

/// Hands the call to flow. A body over the limit was answered 413 before.
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
    let channel = ChannelName(named.channel);
    let answer = host.flow().webhook(&channel, request).await;
    tracing::debug!(%channel, %method, status = answer.status, "webhook");
    convert::response(answer)
}
