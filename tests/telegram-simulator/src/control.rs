//! The same by HTTP, for another process: `GET /_sim/ledger`, and with JSON `POST /_sim/customer` (`chat`, and `text`,
//! `photo` in base64 or `pressed`), `/_sim/webhook` (`url`), `/_sim/fault` (`fault`, `times`; DELETE clears),
//! `/_sim/blocked` (`chat`, `blocked`), `/_sim/outage` (`outage`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stand_in::{Outage, Times};

use crate::customer::{self, CustomerMessage, Tamper};
use crate::state::{Fault, Ledger, Shared};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
        .route("/_sim/blocked", post(blocked))
        .route("/_sim/outage", post(outage))
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state.lock().ledger.clone())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerWire {
    chat: i64,
    #[serde(default)]
    text: String,
    photo: Option<String>,
    pressed: Option<String>,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    duplicates: u32,
    #[serde(default)]
    tamper: Tamper,
}

async fn customer(State(shared): State<Arc<Shared>>, Json(wire): Json<CustomerWire>) -> Response {
    let photo = match wire.photo.map(|photo| STANDARD.decode(photo)).transpose() {
        Ok(photo) => photo.map(Into::into),
        Err(error) => {
            return (
                StatusCode::BAD_REQUEST,
                format!("photo is no base64: {error}"),
            )
                .into_response();
        }
    };
    let message = CustomerMessage {
        chat: wire.chat,
        text: wire.text,
        photo,
        pressed: wire.pressed,
        retries: wire.retries,
        duplicates: wire.duplicates,
        tamper: wire.tamper,
    };
    Json(customer::deliver(&shared, message).await).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookWire {
    url: String,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    shared.state.change(|state| state.webhook = Some(wire.url));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWire {
    fault: Fault,
    times: Times,
}

async fn add_fault(State(shared): State<Arc<Shared>>, Json(wire): Json<FaultWire>) -> StatusCode {
    shared.state.lock().faults.add(wire.fault, wire.times);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.state.lock().faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockedWire {
    chat: i64,
    blocked: bool,
}

async fn blocked(State(shared): State<Arc<Shared>>, Json(wire): Json<BlockedWire>) -> StatusCode {
    shared.state.change(|state| match wire.blocked {
        true => state.blocked.insert(wire.chat),
        false => state.blocked.remove(&wire.chat),
    });
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageWire {
    outage: Outage,
}

async fn outage(State(shared): State<Arc<Shared>>, Json(wire): Json<OutageWire>) -> StatusCode {
    shared.outage.send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
