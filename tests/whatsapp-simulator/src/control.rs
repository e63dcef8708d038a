//! `/_sim/…`: what another process needs of the library's knobs, beside those that all stand-ins have
//! (`stand_in::control`: ledger, webhook, fault, outage).
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `POST /_sim/customer` | `{"from","body","files":[{"content_type","base64","name"}],"choose":{"id","title"},"id","duplicates","tamper"}` | a customer writes, sends files or taps a button; answers `{"ids","answers"}` |
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

use crate::customer::{self, CustomerFile, CustomerMessage, Receipt, Said, Tamper};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::Shared;

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
    choose: Option<ChoiceWire>,
    id: Option<String>,
    #[serde(default)]
    duplicates: u32,
    #[serde(default)]
    tamper: Tamper,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    content_type: String,
    base64: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceWire {
    id: String,
    title: String,
}

async fn customer(State(shared): State<Arc<Shared>>, Json(wire): Json<CustomerWire>) -> Response {
    let mut said = Vec::new();
    if let Some(choice) = wire.choose {
        said.push(Said::Button(choice.id, choice.title));
    } else if wire.files.is_empty() {
        said.push(Said::Text(wire.body.clone()));
    }
    for file in wire.files {
        let Ok(bytes) = STANDARD.decode(&file.base64) else {
            return (StatusCode::BAD_REQUEST, "a file's base64 is none").into_response();
        };
        let caption = said.is_empty().then(|| wire.body.clone());
        let mut kept = CustomerFile::new(file.content_type, bytes);
        kept.name = file.name;
        said.push(Said::File(kept, caption));
    }
    let mut receipt = Receipt {
        ids: Vec::new(),
        answers: Vec::new(),
    };
    for said in said {
        let message = CustomerMessage {
            id: wire.id.clone(),
            duplicates: wire.duplicates,
            tamper: wire.tamper,
            ..CustomerMessage::new(&wire.from, said)
        };
        let one = customer::deliver(&shared, &[message]).await;
        receipt.ids.extend(one.ids);
        receipt.answers.extend(one.answers);
    }
    Json(receipt).into_response()
}
