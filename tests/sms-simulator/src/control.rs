//! `/_sim/…`: what another process needs of the library's knobs, beside those that all stand-ins have
//! (`stand_in::control`: ledger, webhook, fault, outage).
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `POST /_sim/customer` | `{"from","body","media":[{"content_type","base64"}],"sid","duplicates","retries","tamper","extra":[["name","value"]]}` | a customer writes; answers `{"sid","answers"}` |
//! | `POST /_sim/webhook` | `{"url","public_url"}` | where customers' messages go |
//! | `POST /_sim/opt-out` | `{"number","opted_out":true}` | sets the opt-out list |
//! | `POST /_sim/refuse` | `{"number","code":21614,"status":400}` | refuses sends to a number; without `code` takes them again |
//! | `POST /_sim/undeliverable` | `{"number","code":30003}` | sends to it fail after acceptance; without `code` they arrive again |
//! | `POST /_sim/status-callbacks` | the fields of `StatusCallbacks` | how fate is reported |
//!
//! No authentication: the stand-in listens on the loopback address only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stand_in::control::{self, Controlled};
use stand_in::{FaultPlan, Outage};
use tokio::sync::watch;

use crate::config::StatusCallbacks;
use crate::customer::{self, CustomerMessage, Picture, Tamper};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::{Shared, Webhook};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes()
        .route("/_sim/customer", post(customer))
        .route("/_sim/opt-out", post(opt_out))
        .route("/_sim/refuse", post(refuse))
        .route("/_sim/undeliverable", post(undeliverable))
        .route("/_sim/status-callbacks", post(status_callbacks))
}

impl Controlled for Shared {
    type Ledger = Ledger;
    type Fault = Fault;
    type Webhook = WebhookWire;

    fn ledger(&self, after: usize) -> Ledger {
        let ledger = self.state().ledger.clone();
        Ledger {
            messages: ledger.messages.into_iter().skip(after).collect(),
            received: ledger.received.into_iter().skip(after).collect(),
            refused: ledger.refused,
        }
    }

    fn set_webhook(&self, webhook: WebhookWire) {
        let public = webhook.public_url.unwrap_or_else(|| webhook.url.clone());
        self.state().webhook = Some(Webhook {
            called: webhook.url,
            public,
        });
    }

    fn change_faults(&self, change: impl FnOnce(&mut FaultPlan<Fault>)) {
        change(&mut self.state().faults);
    }

    fn outage(&self) -> &watch::Sender<Outage> {
        &self.outage
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerWire {
    from: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    media: Vec<PictureWire>,
    sid: Option<String>,
    #[serde(default)]
    duplicates: u32,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    tamper: Tamper,
    #[serde(default)]
    extra: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PictureWire {
    content_type: String,
    base64: String,
}

async fn customer(State(shared): State<Arc<Shared>>, Json(wire): Json<CustomerWire>) -> Response {
    let mut media = Vec::new();
    for picture in wire.media {
        match STANDARD.decode(&picture.base64) {
            Ok(bytes) => media.push(Picture {
                content_type: picture.content_type,
                bytes: bytes.into(),
            }),
            Err(error) => {
                return (
                    StatusCode::BAD_REQUEST,
                    format!("media is no base64: {error}"),
                )
                    .into_response();
            }
        }
    }
    let message = CustomerMessage {
        from: wire.from,
        body: wire.body,
        media,
        sid: wire.sid,
        duplicates: wire.duplicates,
        retries: wire.retries,
        tamper: wire.tamper,
        extra: wire.extra,
    };
    Json(customer::deliver(&shared, message).await).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookWire {
    url: String,
    public_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptOutWire {
    number: String,
    opted_out: bool,
}

async fn opt_out(State(shared): State<Arc<Shared>>, Json(wire): Json<OptOutWire>) -> StatusCode {
    let mut state = shared.state();
    match wire.opted_out {
        true => state.opted_out.insert(wire.number),
        false => state.opted_out.remove(&wire.number),
    };
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeWire {
    number: String,
    code: Option<u32>,
    status: Option<u16>,
}

async fn refuse(State(shared): State<Arc<Shared>>, Json(wire): Json<CodeWire>) -> StatusCode {
    let mut state = shared.state();
    match wire.code {
        Some(code) => state
            .refused_numbers
            .insert(wire.number, (code, wire.status.unwrap_or(400))),
        None => state.refused_numbers.remove(&wire.number),
    };
    StatusCode::NO_CONTENT
}

async fn undeliverable(
    State(shared): State<Arc<Shared>>,
    Json(wire): Json<CodeWire>,
) -> StatusCode {
    let mut state = shared.state();
    match wire.code {
        Some(code) => state.undeliverable.insert(wire.number, code),
        None => state.undeliverable.remove(&wire.number),
    };
    StatusCode::NO_CONTENT
}

async fn status_callbacks(
    State(shared): State<Arc<Shared>>,
    Json(how): Json<StatusCallbacks>,
) -> StatusCode {
    shared.state().status_callbacks = how;
    StatusCode::NO_CONTENT
}
