//! `/_sim/…`: the same knobs as the library's, for another process.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger, `messages` and `received` without their first N |
//! | `POST /_sim/customer` | `{"from","body","media":[{"content_type","base64"}],"sid","duplicates","retries","tamper","extra":[["name","value"]]}` | a customer writes; answers `{"sid","answers"}` |
//! | `POST /_sim/webhook` | `{"url","public_url"}` | where customers' messages go |
//! | `POST /_sim/fault` | `{"fault":{"kind":"answer_late","ms":100},"times":"once"}` (`{"next":3}`, `"always"`) | adds a fault |
//! | `DELETE /_sim/fault` | | clears them |
//! | `POST /_sim/opt-out` | `{"number","opted_out":true}` | sets the opt-out list |
//! | `POST /_sim/refuse` | `{"number","code":21614,"status":400}` | refuses sends to a number; without `code` takes them again |
//! | `POST /_sim/undeliverable` | `{"number","code":30003}` | sends to it fail after acceptance; without `code` they arrive again |
//! | `POST /_sim/status-callbacks` | the fields of `StatusCallbacks` | how fate is reported |
//! | `POST /_sim/outage` | `{"outage":"none"}` (`unavailable`, `closes`) | takes the stand-in down and back; `refuses` closes the port, this API's too, so it needs a connection kept open, or the library |
//!
//! No authentication: the stand-in listens on the loopback address only.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stand_in::{Outage, Times};

use crate::config::StatusCallbacks;
use crate::customer::{self, CustomerMessage, Picture, Tamper};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::{Shared, Webhook};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
        .route("/_sim/opt-out", post(opt_out))
        .route("/_sim/refuse", post(refuse))
        .route("/_sim/undeliverable", post(undeliverable))
        .route("/_sim/status-callbacks", post(status_callbacks))
        .route("/_sim/outage", post(outage))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: usize,
}

async fn ledger(
    State(shared): State<Arc<Shared>>,
    Query(After { after }): Query<After>,
) -> Json<Ledger> {
    let ledger = shared.state().ledger.clone();
    Json(Ledger {
        messages: ledger.messages.into_iter().skip(after).collect(),
        received: ledger.received.into_iter().skip(after).collect(),
        refused: ledger.refused,
    })
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
struct WebhookWire {
    url: String,
    public_url: Option<String>,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    let public = wire.public_url.unwrap_or_else(|| wire.url.clone());
    shared.state().webhook = Some(Webhook {
        called: wire.url,
        public,
    });
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWire {
    fault: Fault,
    times: Times,
}

async fn add_fault(State(shared): State<Arc<Shared>>, Json(wire): Json<FaultWire>) -> StatusCode {
    shared.state().faults.add(wire.fault, wire.times);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.state().faults.clear();
    StatusCode::NO_CONTENT
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageWire {
    outage: Outage,
}

async fn outage(State(shared): State<Arc<Shared>>, Json(wire): Json<OutageWire>) -> StatusCode {
    shared.outage.send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
