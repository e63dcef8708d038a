//! Nothing but HTTP: an axum handler that reads the form and calls ECE's stand-in with reqwest, then
//! answers. No signature, no store, no plugin. Runs as a process of its own, as the host does.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;

use crate::Failed;
use crate::sessions::Sessions;

struct Bare {
    sessions: Sessions,
    client: reqwest::Client,
}

/// Serves until it is killed.
pub(crate) async fn serve(port: u16, sessions: &Path) -> Result<(), Failed> {
    let bare = Arc::new(Bare {
        sessions: serde_json::from_slice(&std::fs::read(sessions)?)?,
        client: trunkline_harness::world::client(),
    });
    let router = Router::new()
        .route("/readyz", get(|| async { "ready" }))
        .route("/channels/acme-sms", post(pass_on))
        .with_state(bare);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn pass_on(State(bare): State<Arc<Bare>>, body: String) -> StatusCode {
    let (mut from, mut text) = (String::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "From" => from = value.into_owned(),
            "Body" => text = value.into_owned(),
            _ => {}
        }
    }
    let message = json!({
        "conversation": {"id": bare.sessions.conversations.get(&from)},
        "type": {"value": "text/plain"},
        "content": text,
    });
    let answer = bare
        .client
        .post(&bare.sessions.send_url)
        .bearer_auth(&bare.sessions.token)
        .json(&message)
        .send()
        .await;
    let Ok(answer) = answer.and_then(reqwest::Response::error_for_status) else {
        return StatusCode::BAD_GATEWAY;
    };
    // Read to its end, so that the connection is used again.
    match answer.bytes().await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::BAD_GATEWAY,
    }
}
