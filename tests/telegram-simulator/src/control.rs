//! By HTTP, for another process: beside what all stand-ins have (`stand_in::control`: ledger, webhook, fault, outage), with
//! JSON `POST /_sim/customer` (`chat`, and `text`, `photo` in base64 or `pressed`) and `/_sim/blocked` (`chat`, `blocked`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stand_in::control::{self, Controlled, Url};
use stand_in::{FaultPlan, Outage};
use tokio::sync::watch;

use crate::customer::{self, CustomerMessage, Tamper};
use crate::state::{Fault, Ledger, Shared};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes()
        .route("/_sim/customer", post(customer))
        .route("/_sim/blocked", post(blocked))
}

impl Controlled for Shared {
    type Ledger = Ledger;
    type Fault = Fault;
    type Webhook = Url;

    fn ledger(&self, _: usize) -> Ledger {
        self.state.lock().ledger.clone()
    }

    fn set_webhook(&self, webhook: Url) {
        self.state.change(|state| state.webhook = Some(webhook.url));
    }

    fn change_faults(&self, change: impl FnOnce(&mut FaultPlan<Fault>)) {
        change(&mut self.state.lock().faults);
    }

    fn outage(&self) -> &watch::Sender<Outage> {
        &self.outage
    }
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
