//! The part of the Graph API that a connector calls: messages, media, the number.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use stand_in::{Connection, cut};

use crate::clock::now_ms;
use crate::faults::Fault;
use crate::ledger::Signal;
use crate::refusal::Refusal;
use crate::state::{Shared, bsuid_of};
use crate::{checks, fate, media};

/// `POST /{version}/{phone_number_id}/messages`.
pub(crate) async fn messages(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((version, number_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let allowed =
        authorise(&shared, &headers).and_then(|()| of_ours(&shared, &version, &number_id));
    if let Err(refusal) = allowed {
        return refused(&shared, refusal, "");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return refused(&shared, Refusal::missing("messaging_product"), "");
    };
    if body["status"] == "read" {
        return signal(&shared, &body);
    }
    let fault = shared
        .state()
        .faults
        .take_if(|fault| !fault.is_for_uploads());
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::Error { code, status }) => {
            let to = checks::recipient_named(&body);
            return refused(&shared, Refusal::of(code, status), &to);
        }
        Some(
            Fault::AnswerLate { .. }
            | Fault::DropAfterAccept
            | Fault::ServerErrorAfterAccept { .. }
            | Fault::UploadError { .. },
        )
        | None => {}
    }
    let answer = match accept(&shared, &number_id, &body) {
        Ok(answer) => answer,
        Err(refusal) => return refused(&shared, refusal, &checks::recipient_named(&body)),
    };
    match fault {
        Some(Fault::AnswerLate { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropAfterAccept) => return cut(&connection),
        Some(Fault::ServerErrorAfterAccept { status }) => {
            let status = StatusCode::from_u16(status);
            return status
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
                .into_response();
        }
        Some(Fault::DropBeforeAccept | Fault::Error { .. } | Fault::UploadError { .. }) | None => {}
    }
    Json(answer).into_response()
}

fn refused(shared: &Shared, refusal: Refusal, to: &str) -> Response {
    let code = refusal.code;
    shared
        .watched
        .change(|state| state.ledger.refused.push((code, to.to_owned())));
    refusal.into_response()
}

fn accept(shared: &Arc<Shared>, number_id: &str, body: &Value) -> Result<Value, Refusal> {
    let message = checks::accepted(shared, number_id, body, now_ms())?;
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{
            "input": body.get("to").or(body.get("recipient")),
            "wa_id": message.to,
            "user_id": bsuid_of(&message.to),
        }],
        "messages": [{"id": message.id, "message_status": "accepted"}],
    });
    let place = shared.accept(message);
    fate::begin(shared, place);
    Ok(answer)
}

/// A read mark, with or without a typing sign. It must name a message of a customer.
fn signal(shared: &Shared, body: &Value) -> Response {
    let id = body["message_id"].as_str().unwrap_or_default().to_owned();
    let typing = body["typing_indicator"]["type"] == "text";
    let known = shared
        .state()
        .ledger
        .received
        .iter()
        .any(|message| message.id == id);
    if !known {
        return refused(shared, Refusal::of(131_009, 400), "");
    }
    let signal = Signal {
        message_id: id,
        typing,
    };
    shared
        .watched
        .change(|state| state.ledger.signals.push(signal));
    Json(json!({"success": true})).into_response()
}

/// `GET /{version}/{node}`: our number, or a file.
pub(crate) async fn node(
    State(shared): State<Arc<Shared>>,
    Path((version, node)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &headers) {
        return refused(&shared, refusal, "");
    }
    if of_ours(&shared, &version, &node).is_ok() {
        return number(&shared, &node);
    }
    match media::place(&shared, &node) {
        Some(place) => Json(place).into_response(),
        None => refused(&shared, Refusal::no_object(&node), ""),
    }
}

fn number(shared: &Shared, id: &str) -> Response {
    let quality = shared.state().quality.clone();
    Json(json!({
        "id": id,
        "display_phone_number": shared.config.display_phone_number,
        "verified_name": "stand-in",
        "quality_rating": quality.unwrap_or_else(|| "GREEN".to_owned()),
        "code_verification_status": "VERIFIED",
        "status": "CONNECTED",
    }))
    .into_response()
}

/// Checks the bearer token.
pub(crate) fn authorise(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if given == Some(&shared.config.access_token) && !shared.state().token_revoked {
        return Ok(());
    }
    Err(Refusal::token())
}

/// Whether the version is one and the id that of one of our numbers.
pub(crate) fn of_ours(shared: &Shared, version: &str, id: &str) -> Result<(), Refusal> {
    let config = &shared.config;
    let ours = id == config.phone_number_id || config.other_number_ids.iter().any(|it| it == id);
    let numbers = version.strip_prefix('v').and_then(|it| it.split_once('.'));
    let is_version = numbers
        .is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok());
    if ours && is_version {
        return Ok(());
    }
    Err(Refusal::no_object(id))
}
