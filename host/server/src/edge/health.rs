//! `/healthz`: the process runs. `/readyz`: it can take messages.
//!
//! ECE down is *degraded* and still ready: messages wait in order. A store that cannot be used is not.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use trunkline_flow::ports::{Clock, Store};

use crate::host::Host;

/// How ready the host is.
#[derive(Debug, Serialize)]
struct Readiness {
    /// `ready`, `degraded` or `down`.
    state: &'static str,
    /// What does not work.
    problems: Vec<String>,
}

/// The process runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when messages can be taken, with what does not work all the same; else 503.
pub(super) async fn ready(State(host): State<Arc<Host>>) -> Response {
    let store = host.store();
    let readable = store.next_due(host.clock().now()).await.map(drop);
    let usable = match readable {
        Ok(()) => store.can_write().await,
        Err(error) => Err(error),
    };
    if let Err(error) = usable {
        let down = Readiness {
            state: "down",
            problems: vec![format!("store: {error}")],
        };
        return (StatusCode::SERVICE_UNAVAILABLE, Json(down)).into_response();
    }
    let problems = host.problems().await;
    let state = if problems.is_empty() {
        "ready"
    } else {
        "degraded"
    };
    Json(Readiness { state, problems }).into_response()
}
