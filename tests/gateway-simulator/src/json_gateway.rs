//! The gateway with JSON: `POST /v1/messages` with a bearer token, webhooks with an HMAC of the body in `X-Signature`.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use stand_in::{Connection, cut};

use crate::config::Wire;
use crate::customer::Tamper;
use crate::post::{self, now_s};
use crate::signature;
use crate::state::{Answer, Fault, SentMessage, Shared};

const TEXT_MAX: usize = 1600;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/messages", post(send))
}

fn secrets(shared: &Shared) -> (&str, &str) {
    match &shared.config.wire {
        Wire::Json(account) => (&account.token, &account.inbound_secret),
        Wire::Vonage(_) => ("", ""),
    }
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let fault = shared.state.lock().faults.take();
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::ServerError { status }) => {
            return refuse(&shared, &body, status, "out of order");
        }
        Some(Fault::Throttled) => {
            let mut answer = refuse(&shared, &body, 429, "too many requests");
            answer.headers_mut().insert(header::RETRY_AFTER, 1.into());
            return answer;
        }
        Some(Fault::DropAfterAccept | Fault::PartThrottled) | None => {}
    }
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("Bearer {}", secrets(&shared).0)) {
        return refuse(&shared, &body, 401, "unknown token");
    }
    let id = match taken(&shared, &body) {
        Ok(id) => id,
        Err((status, why)) => return refuse(&shared, &body, status, why),
    };
    if fault == Some(Fault::DropAfterAccept) {
        return cut(&connection);
    }
    (
        StatusCode::ACCEPTED,
        Json(json!({"messages": [{"id": id}]})),
    )
        .into_response()
}

fn refuse(shared: &Shared, body: &Value, status: u16, why: &str) -> Response {
    let to = body["to"].as_str().unwrap_or_default().to_owned();
    shared
        .state
        .change(|state| state.ledger.refused.push((status.into(), to)));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, Json(json!({"error": why}))).into_response()
}

fn taken(shared: &Arc<Shared>, body: &Value) -> Result<String, (u16, &'static str)> {
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let to = text("/to")
        .filter(|to| to.starts_with('+'))
        .ok_or((400, "to: a number with +"))?;
    let said = text("/message/text").ok_or((400, "message.text: missing"))?;
    if text("/from") != Some(&shared.config.number) {
        return Err((403, "from: not your number"));
    }
    if said.chars().count() > TEXT_MAX {
        return Err((422, "message.text: too long"));
    }
    if shared.state.lock().refused_numbers.contains_key(to) {
        return Err((422, "to: refused as the test said"));
    }
    let (place, id) = shared.state.change(|state| {
        let id = format!("g-{}", state.next());
        let message = SentMessage {
            ids: vec![id.clone()],
            to: to.to_owned(),
            from: shared.config.number.clone(),
            body: said.to_owned(),
            reference: text("/reference").map(str::to_owned),
            receipts: Vec::new(),
        };
        state.ledger.messages.push(Arc::new(message));
        (state.ledger.messages.len() - 1, id)
    });
    if let (Some(url), true) = (text("/callback"), shared.config.receipts) {
        tokio::spawn(report(Arc::clone(shared), place, url.to_owned()));
    }
    Ok(id)
}

async fn report(shared: Arc<Shared>, place: usize, url: String) {
    let (message, failed) = {
        let state = shared.state.lock();
        let message = Arc::clone(&state.ledger.messages[place]);
        let failed = state.undeliverable.get(&message.to).copied();
        (message, failed)
    };
    let status = if failed.is_some() {
        "failed"
    } else {
        "delivered"
    };
    let body = json!({"id": message.ids[0], "reference": message.reference, "state": status,
        "reason": failed.map(|code| format!("code {code}"))});
    let answers = call(&shared, &url, &body, Tamper::Nothing).await;
    shared.state.change(|state| {
        let message = Arc::make_mut(&mut state.ledger.messages[place]);
        message.receipts.extend(
            answers
                .into_iter()
                .map(|answer| (status.to_owned(), answer)),
        );
    });
}

/// A customer's message.
pub(crate) async fn deliver(
    shared: &Shared,
    url: &str,
    id: &str,
    from: &str,
    body: &str,
    tamper: Tamper,
) -> Vec<Answer> {
    let body = json!({"id": id, "sender": from.trim_start_matches('+'),
        "recipient": shared.config.number.trim_start_matches('+'), "message": {"text": body}, "received": now_s()});
    call(shared, url, &body, tamper).await
}

async fn call(shared: &Shared, url: &str, body: &Value, tamper: Tamper) -> Vec<Answer> {
    let secret = if tamper == Tamper::BadSignature {
        "another"
    } else {
        secrets(shared).1
    };
    let body = body.to_string();
    let signature = signature::sha256(secret, body.as_bytes());
    post::post(shared, |client| {
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.clone());
        match tamper {
            Tamper::NoSignature => request,
            Tamper::Nothing | Tamper::BadSignature => request.header("X-Signature", &signature),
        }
    })
    .await
}
