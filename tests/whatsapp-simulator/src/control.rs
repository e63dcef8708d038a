//! `/_sim/…`: what another process needs to play a customer.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger, `messages` and `received` without their first N |
//! | `POST /_sim/customer` | `{"from","body","files":[{"content_type","base64","name"}],"choose":{"id","title"},"id","duplicates","tamper"}` | a customer writes, sends files or taps a button; answers `{"ids","answers"}` |
//! | `POST /_sim/webhook` | `{"url"}` | where webhooks go |
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

use crate::customer::{self, CustomerFile, CustomerMessage, Receipt, Said, Tamper};
use crate::ledger::Ledger;
use crate::state::Shared;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookWire {
    url: String,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    shared.state().webhook = Some(wire.url);
    StatusCode::NO_CONTENT
}
