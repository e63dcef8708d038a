//! The gateway's calls: who asks, and `/message`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use stand_in::connection::Connection;
use stand_in::cut;

use crate::checks;
use crate::config::Repeats;
use crate::faults::{Call, Fault};
use crate::ledger::SentMessage;
use crate::refusal::Refusal;
use crate::state::{Shared, now_ms};
use crate::token;

/// A header's text; empty if it is none.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The token of the MSP, and a business of its own as speaker.
pub(crate) fn authorise(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get("authorization") else {
        return Err(Refusal::new(401, "Authorization header missing"));
    };
    let forbidden = |why: &str| Refusal::new(403, why);
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("Bearer "));
    let claims = token
        .filter(|_| !shared.state().token_revoked)
        .and_then(|token| token::verify(&shared.config.api_secret, token))
        .ok_or_else(|| forbidden("Authorization failed: the token is not good"))?;
    if claims["iss"] != shared.config.msp_id.as_str() {
        return Err(forbidden("Authorization failed: iss is no MSP of ours"));
    }
    let issued = claims["iat"].as_u64().unwrap_or(0);
    if issued.abs_diff(now_ms() / 1_000) > shared.config.token_age_max_s {
        return Err(forbidden("Authorization failed: iat"));
    }
    if !shared.has_business(header(headers, "source-id")) {
        return Err(forbidden(
            "Authorization failed: source-id is no business of this MSP",
        ));
    }
    Ok(())
}

/// A fault that refuses the call before anything of it is taken.
pub(crate) fn refused_by(fault: Option<&Fault>, connection: &Connection) -> Option<Response> {
    match fault? {
        Fault::Status {
            status,
            retry_after_s,
            ..
        } => {
            let refusal = Refusal {
                retry_after_s: *retry_after_s,
                ..Refusal::new(*status, "the stand-in was told to refuse this")
            };
            Some(refusal.into_response())
        }
        Fault::DropBeforeAccept { .. } => Some(cut(connection)),
        Fault::AnswerLate { .. } | Fault::DropAfterAccept | Fault::StatusAfterAccept { .. } => None,
    }
}

/// `POST /v1/message`.
pub(crate) async fn message(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = shared.fault(Call::Message);
    if let Some(refused) = refused_by(fault.as_ref(), &connection) {
        return refused;
    }
    if let Err(refusal) = accept(&shared, &headers, &body) {
        shared.note_refusal(&refusal, header(&headers, "destination-id"));
        return refusal.into_response();
    }
    match fault {
        Some(Fault::AnswerLate { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropAfterAccept) => return cut(&connection),
        Some(Fault::StatusAfterAccept { status }) => {
            return Refusal::new(status, "taken all the same").into_response();
        }
        Some(Fault::Status { .. } | Fault::DropBeforeAccept { .. }) | None => {}
    }
    StatusCode::OK.into_response()
}

fn accept(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    authorise(shared, headers)?;
    match checks::message(shared, headers, body)? {
        checks::Taken::Typing(on) => {
            let to = header(headers, "destination-id").to_owned();
            shared
                .watched
                .change(|state| state.ledger.typing.push((to, on)));
        }
        checks::Taken::Message(message) => record(shared, *message),
    }
    Ok(())
}

fn record(shared: &Shared, message: SentMessage) {
    let drops = shared.config.repeats == Repeats::Dropped;
    shared.watched.change(|state| {
        let first = state.taken.insert((message.to.clone(), message.id.clone()));
        if first || !drops {
            state.ledger.messages.push(Arc::new(message));
        } else {
            state.ledger.repeated.push(message.id);
        }
    });
}
