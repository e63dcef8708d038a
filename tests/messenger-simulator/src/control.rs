//! `/_sim/…`: what another process needs of the library's knobs.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger` | | the ledger |
//! | `POST /_sim/customer` | `{"page","from","text"}`; instead of `text` a `tap` (a title) or a `file` (`{"name","content_type","base64"}`) | a customer does it; answers `{"mids","answers"}` |
//! | `POST /_sim/webhook` | `{"url"}` | where events are posted |
//! | `POST /_sim/profile` | `{"psid","profile":{"first_name","last_name","locale","timezone"}}` | who a customer is |
//!
//! No authentication: the stand-in listens on the loopback address only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::customer::{self, CustomerFile, CustomerMessage, Said};
use crate::ledger::Ledger;
use crate::objects::Profile;
use crate::state::Shared;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customer", post(customer))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/profile", post(profile))
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<Ledger> {
    Json(shared.watched.lock().ledger.clone())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerWire {
    page: String,
    from: String,
    text: Option<String>,
    tap: Option<String>,
    file: Option<FileWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    name: String,
    content_type: String,
    base64: String,
}

async fn customer(State(shared): State<Arc<Shared>>, Json(wire): Json<CustomerWire>) -> Response {
    match said(&shared, &wire) {
        Ok(said) => {
            let message = CustomerMessage::said(wire.page, wire.from, said);
            Json(customer::deliver(&shared, vec![message]).await).into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

fn said(shared: &Shared, wire: &CustomerWire) -> Result<Said, String> {
    match (&wire.text, &wire.tap, &wire.file) {
        (Some(text), None, None) => Ok(Said::Text(text.clone())),
        (None, Some(title), None) => tapped(shared, &wire.page, &wire.from, title)
            .ok_or_else(|| format!("no choice `{title}` was offered")),
        (text, None, Some(file)) => {
            let bytes = STANDARD.decode(&file.base64);
            let bytes = bytes.map_err(|error| format!("the file is no base64: {error}"))?;
            let file = CustomerFile {
                name: file.name.clone(),
                content_type: file.content_type.clone(),
                bytes: bytes.into(),
                expired: false,
            };
            Ok(Said::Files(text.clone(), vec![file]))
        }
        _ => Err("say one of text, tap and file".to_owned()),
    }
}

/// The newest choice of this title that the customer sees, as they tap it.
pub(crate) fn tapped(shared: &Shared, page: &str, from: &str, title: &str) -> Option<Said> {
    let state = shared.watched.lock();
    let mut newest = state.ledger.messages.iter().rev();
    newest.find_map(|message| {
        let theirs = message.page == page && message.to == from;
        let choice = message.choices.iter().find(|(it, _)| it == title);
        let (title, payload) = choice.filter(|_| theirs)?.clone();
        Some(if message.as_buttons {
            Said::Postback(title, payload)
        } else {
            Said::QuickReply(title, payload)
        })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookWire {
    url: String,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    shared.watched.lock().webhook = Some(wire.url);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileWire {
    psid: String,
    profile: Profile,
}

async fn profile(State(shared): State<Arc<Shared>>, Json(wire): Json<ProfileWire>) -> StatusCode {
    shared
        .watched
        .lock()
        .profiles
        .insert(wire.psid, wire.profile);
    StatusCode::NO_CONTENT
}
