//! `/_sim/…`: what another process needs of the library's knobs.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger, `messages` and `received` without their first N |
//! | `POST /_sim/customer` | `{"from","body","files":[{"name","content_type","base64"}],"picks","typing":true,"closes":true,"id","duplicates","retries","tamper","locale","intent","group","capabilities"}` | a customer does something: `picks` a choice's id, types, closes, else writes; answers `{"id","answers"}` |
//! | `POST /_sim/webhook` | `{"url"}` | the registered base URL |
//! | `POST /_sim/fault` | `{"fault":{"kind":"status","call":"message","status":429},"times":"once"}` (`{"next":3}`, `"always"`) | adds a fault |
//! | `DELETE /_sim/fault` | | clears them |
//! | `POST /_sim/outage` | `{"outage":"none"}` (`unavailable`, `closes`, `refuses`) | takes the stand-in down and back |
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

use crate::customer::{self, CustomerFile, CustomerMessage, Said};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::Shared;
use crate::webhook::Tamper;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
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
        ..ledger
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerWire {
    from: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    files: Vec<FileWire>,
    picks: Option<String>,
    typing: Option<bool>,
    #[serde(default)]
    closes: bool,
    id: Option<String>,
    #[serde(default)]
    duplicates: u32,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    tamper: Tamper,
    locale: Option<String>,
    intent: Option<String>,
    group: Option<String>,
    capabilities: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    name: String,
    content_type: String,
    base64: String,
}

async fn customer(State(shared): State<Arc<Shared>>, Json(wire): Json<CustomerWire>) -> Response {
    let files: Result<Vec<_>, _> = wire.files.into_iter().map(file).collect();
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            let why = format!("a file is no base64: {error}");
            return (StatusCode::BAD_REQUEST, why).into_response();
        }
    };
    let said = match (wire.picks, wire.typing, wire.closes) {
        (Some(choice), _, _) => Said::Picks(choice),
        (None, Some(on), _) => Said::Typing(on),
        (None, None, true) => Said::Closes,
        (None, None, false) if files.is_empty() => Said::Text(wire.body),
        (None, None, false) => Said::Files(wire.body, files),
    };
    let message = CustomerMessage {
        id: wire.id,
        locale: wire.locale,
        intent: wire.intent,
        group: wire.group,
        capabilities: wire.capabilities,
        duplicates: wire.duplicates,
        retries: wire.retries,
        tamper: wire.tamper,
        ..CustomerMessage::new(wire.from, said)
    };
    Json(customer::deliver(&shared, message).await).into_response()
}

fn file(wire: FileWire) -> Result<CustomerFile, base64::DecodeError> {
    Ok(CustomerFile {
        name: wire.name,
        content_type: wire.content_type,
        bytes: STANDARD.decode(wire.base64)?.into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookWire {
    url: String,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    shared.state().webhook = Some(wire.url);
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
struct OutageWire {
    outage: Outage,
}

async fn outage(State(shared): State<Arc<Shared>>, Json(wire): Json<OutageWire>) -> StatusCode {
    shared.outage.send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
