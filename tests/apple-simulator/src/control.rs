//! `/_sim/…`: what another process needs of the library's knobs, beside those that all stand-ins have
//! (`stand_in::control`: ledger, webhook, fault, outage).
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `POST /_sim/customer` | `{"from","body","files":[{"name","content_type","base64"}],"picks","typing":true,"closes":true,"id","duplicates","retries","tamper","locale","intent","group","capabilities"}` | a customer does something: `picks` a choice's id, types, closes, else writes; answers `{"id","answers"}` |
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
use stand_in::control::{self, Controlled, Url};
use stand_in::{FaultPlan, Outage};
use tokio::sync::watch;

use crate::customer::{self, CustomerFile, CustomerMessage, Said};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::Shared;
use crate::webhook::Tamper;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes().route("/_sim/customer", post(customer))
}

impl Controlled for Shared {
    type Ledger = Ledger;
    type Fault = Fault;
    type Webhook = Url;

    fn ledger(&self, after: usize) -> Ledger {
        let ledger = self.state().ledger.clone();
        Ledger {
            messages: ledger.messages.into_iter().skip(after).collect(),
            received: ledger.received.into_iter().skip(after).collect(),
            ..ledger
        }
    }

    fn set_webhook(&self, webhook: Url) {
        self.state().webhook = Some(webhook.url);
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
