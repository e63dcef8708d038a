//! The HTTP edge: one listener for providers, bots' servers, ECE and operators.
//!
//! In: requests. Out: what flow, the store and the admin API say. Nothing is decided here about a
//! message: a webhook goes to flow as it came, with the public URL it was sent to. That URL is made of
//! the configured `public_url`, never of the `Host` header, which anybody can write.
//!
//! Every body is bounded and every request has a deadline.

/// A provider's call.
mod channel;

/// A client's WebSocket.
mod socket;

/// A call of a bot's server.
mod bot;

/// ECE's callbacks.
mod ece;

/// Files.
mod media;

/// The admin API.
mod admin;

/// Liveness, readiness.
mod health;

/// Counts for Prometheus.
mod metrics;

/// From HTTP to flow's words and back.
mod convert;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};

use crate::host::Host;

/// The largest webhook call. Meta sends up to 3 MB in one.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest callback of ECE: up to 1 000 messages come in one.
pub const CALLBACK_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a caller who was not served is asked to wait, in seconds.
const RETRY_AFTER_S: &str = "5";

/// All routes of a host.
pub fn router(host: Arc<Host>) -> Router {
    let webhooks = Router::new()
        .route("/channels/{channel}", any(channel::call))
        .route("/channels/{channel}/socket", any(socket::call))
        .route("/channels/{channel}/{*rest}", any(channel::call))
        .route("/bots/{bot}", any(bot::call))
        .route("/bots/{bot}/{*rest}", any(bot::call))
        .layer(DefaultBodyLimit::max(WEBHOOK_BODY_BYTES_MAX));
    let callbacks = Router::new()
        .route("/ece/{integration}/callback", post(ece::callback))
        .layer(DefaultBodyLimit::max(CALLBACK_BODY_BYTES_MAX));
    let bounded = Router::new()
        .merge(webhooks)
        .merge(callbacks)
        .route("/media/{token}", get(media::file))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1", admin::router(&host))
        .layer(from_fn_with_state(Arc::clone(&host), in_time));
    // An upload takes as long as a transfer may, which flow knows.
    let uploads = put(media::upload).options(media::preflight);
    bounded.route("/media/{token}", uploads).with_state(host)
}

/// Answers 503 when a request takes longer than the configuration allows.
async fn in_time(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let timeout = host.config().server.request_timeout;
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!(?timeout, "a request took too long and was answered 503");
            busy()
        }
    }
}

/// "Try again later."
fn busy() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    let wait = HeaderValue::from_static(RETRY_AFTER_S);
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}
