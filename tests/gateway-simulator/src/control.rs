//! The same by HTTP, for another process: `GET /_sim/ledger`, and with JSON `POST /_sim/customer` (`from`, `body`),
//! `/_sim/webhook` (`url`), `/_sim/fault` (`fault`, `times`; DELETE clears), `/_sim/outage` (`outage`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use stand_in::{Outage, Times};

use crate::customer::{self, CustomerMessage};
use crate::state::{Answer, Fault, Ledger, Shared};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
        .route("/_sim/outage", post(outage))
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.state.lock().ledger.clone())
}

async fn customer(
    State(shared): State<Arc<Shared>>,
    Json(message): Json<CustomerMessage>,
) -> Json<Vec<Answer>> {
    Json(customer::deliver(&shared, message).await)
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
struct OutageWire {
    outage: Outage,
}

async fn outage(State(shared): State<Arc<Shared>>, Json(wire): Json<OutageWire>) -> StatusCode {
    shared.outage.send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
