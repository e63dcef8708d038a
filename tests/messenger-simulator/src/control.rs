//! `/_sim/…`: what another process needs of the library's knobs, beside those that all stand-ins have
//! (`stand_in::control`: ledger, webhook, fault, outage).
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `POST /_sim/customer` | `{"page","from","text"}`; instead of `text` a `tap` (a title) or a `file` (`{"name","content_type","base64"}`) | a customer does it; answers `{"mids","answers"}` |
//! | `POST /_sim/profile` | `{"psid","profile":{"first_name","last_name","locale","timezone"}}` | who a customer is |
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
use crate::objects::Profile;
use crate::state::Shared;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes()
        .route("/_sim/customer", post(customer))
        .route("/_sim/profile", post(profile))
}

impl Controlled for Shared {
    type Ledger = Ledger;
    type Fault = Fault;
    type Webhook = Url;

    fn ledger(&self, _: usize) -> Ledger {
        self.watched.lock().ledger.clone()
    }

    fn set_webhook(&self, webhook: Url) {
        self.watched.lock().webhook = Some(webhook.url);
    }

    fn change_faults(&self, change: impl FnOnce(&mut FaultPlan<Fault>)) {
        change(&mut self.watched.lock().faults);
    }

    fn outage(&self) -> &watch::Sender<Outage> {
        &self.outage
    }
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
