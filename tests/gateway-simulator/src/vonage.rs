//! Vonage's SMS API: `sms/json`, whose status is 200 whatever happened, `account/get-balance`, and webhooks signed by `sig`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use stand_in::{Connection, cut};

use crate::config::{VonageAccount, WebhookStyle, Wire};
use crate::customer::Tamper;
use crate::parts::{as_gsm, parts};
use crate::post::{self, now_s};
use crate::signature;
use crate::state::{Answer, Fault, SentMessage, Shared};

const TEXT_MAX: usize = 3200;
const CLIENT_REF_MAX: usize = 100;

type Fields = BTreeMap<String, String>;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sms/json", post(send))
        .route("/account/get-balance", get(balance))
}

fn account(shared: &Shared) -> Option<&VonageAccount> {
    match &shared.config.wire {
        Wire::Vonage(account) => Some(account),
        Wire::Json(_) => None,
    }
}

fn knows(account: &VonageAccount, fields: &Fields) -> bool {
    fields.get("api_key") == Some(&account.api_key)
        && fields.get("api_secret") == Some(&account.api_secret)
}

async fn balance(State(shared): State<Arc<Shared>>, Query(fields): Query<Fields>) -> Response {
    match account(&shared) {
        Some(account) if knows(account, &fields) => {
            Json(json!({"value": account.balance, "autoReload": false})).into_response()
        }
        Some(_) | None => {
            let body = json!({"error-code": "401", "error-code-label": "authentication failed"});
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
    }
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Form(fields): Form<Fields>,
) -> Response {
    let fault = shared.state.lock().faults.take();
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::ServerError { status }) => {
            return StatusCode::from_u16(status)
                .unwrap_or(StatusCode::BAD_GATEWAY)
                .into_response();
        }
        Some(Fault::DropAfterAccept | Fault::Throttled | Fault::PartThrottled) | None => {}
    }
    let answer = match taken(&shared, &fields, fault) {
        Ok(answer) => answer,
        Err((status, why)) => {
            let to = fields.get("to").cloned().unwrap_or_default();
            shared
                .state
                .change(|state| state.ledger.refused.push((status, to)));
            answer(&[refused(status, why)])
        }
    };
    if fault == Some(Fault::DropAfterAccept) {
        return cut(&connection);
    }
    Json(answer).into_response()
}

fn answer(parts: &[Value]) -> Value {
    json!({"message-count": parts.len().to_string(), "messages": parts})
}

fn refused(status: u32, why: &str) -> Value {
    json!({"status": status.to_string(), "error-text": why})
}

fn taken(
    shared: &Arc<Shared>,
    fields: &Fields,
    fault: Option<Fault>,
) -> Result<Value, (u32, &'static str)> {
    let field = |name: &str| {
        fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let account = account(shared).ok_or((11, "Account not enabled for HTTP"))?;
    field("api_key").ok_or((2, "Missing api_key"))?;
    field("api_secret").ok_or((2, "Missing api_secret"))?;
    if !knows(account, fields) {
        return Err((4, "Bad Credentials"));
    }
    let from = field("from").ok_or((2, "Missing from param"))?;
    let to = field("to").ok_or((2, "Missing to param"))?;
    let text = field("text").ok_or((2, "Missing text param"))?;
    let reference = field("client-ref");
    let callback = field("callback");
    if !to.bytes().all(|byte| byte.is_ascii_digit())
        || reference.is_some_and(|reference| reference.len() > CLIENT_REF_MAX)
    {
        return Err((3, "Invalid value for param"));
    }
    if from != shared.config.number.trim_start_matches('+') {
        return Err((15, "Invalid sender address"));
    }
    if text.chars().count() > TEXT_MAX {
        return Err((12, "Message Too Long"));
    }
    if callback.is_some_and(|callback| !callback.starts_with("http")) {
        return Err((23, "Invalid callback url"));
    }
    if fault == Some(Fault::Throttled) {
        return Err((1, "Throughput Rate Exceeded"));
    }
    let number = format!("+{to}");
    if let Some(status) = shared.state.lock().refused_numbers.get(&number) {
        return Err((*status, "refused as the test said"));
    }
    let unicode = field("type") == Some("unicode");
    let body = if unicode {
        text.to_owned()
    } else {
        as_gsm(text)
    };
    let count = if fault == Some(Fault::PartThrottled) {
        1
    } else {
        usize::MAX
    };
    let all = parts(&body, unicode);
    let ids: Vec<_> = shared.state.change(|state| {
        let ids: Vec<_> = all
            .iter()
            .take(count)
            .map(|_| format!("0A{:014}", state.next()))
            .collect();
        let message = SentMessage {
            ids: ids.clone(),
            to: number,
            from: from.to_owned(),
            body: all.iter().take(count).map(String::as_str).collect(),
            reference: reference.map(str::to_owned),
            receipts: Vec::new(),
        };
        state.ledger.messages.push(Arc::new(message));
        ids
    });
    if let (Some(callback), true) = (callback, shared.config.receipts) {
        let place = shared.state.lock().ledger.messages.len() - 1;
        tokio::spawn(report(Arc::clone(shared), place, callback.to_owned()));
    }
    let one = |part: usize| match ids.get(part) {
        Some(id) => {
            let mut part = json!({"to": to, "message-id": id, "status": "0", "remaining-balance": "9.96670000",
                "message-price": "0.03330000", "network": "23410"});
            if let Some(reference) = reference {
                part["client-ref"] = reference.into();
            }
            part
        }
        None => refused(
            1,
            "Throughput Rate Exceeded - please wait [ 250 ] and retry",
        ),
    };
    Ok(answer(&(0..all.len()).map(one).collect::<Vec<_>>()))
}

/// A receipt for each part.
async fn report(shared: Arc<Shared>, place: usize, url: String) {
    let (message, failed) = {
        let state = shared.state.lock();
        let message = Arc::clone(&state.ledger.messages[place]);
        let opted_out = state.opted_out.contains(&message.to).then_some(9);
        let failed = opted_out.or(state.undeliverable.get(&message.to).copied());
        (message, failed)
    };
    let status = if failed.is_some() {
        "failed"
    } else {
        "delivered"
    };
    for id in &message.ids {
        let mut parameters = vec![
            ("msisdn", message.to.trim_start_matches('+').to_owned()),
            ("to", message.from.clone()),
            ("network-code", "23410".to_owned()),
            ("messageId", id.clone()),
            ("price", "0.03330000".to_owned()),
            ("status", status.to_owned()),
            ("scts", "2611231000".to_owned()),
            ("err-code", failed.unwrap_or(0).to_string()),
        ];
        parameters.extend(
            message
                .reference
                .clone()
                .map(|reference| ("client-ref", reference)),
        );
        let answers = call(&shared, &url, &parameters, Tamper::Nothing).await;
        shared.state.change(|state| {
            let message = Arc::make_mut(&mut state.ledger.messages[place]);
            message.receipts.extend(
                answers
                    .into_iter()
                    .map(|answer| (status.to_owned(), answer)),
            );
        });
    }
}

/// A customer's message: one call a part.
pub(crate) async fn deliver(
    shared: &Shared,
    url: &str,
    ids: &[String],
    from: &str,
    body: &str,
    tamper: Tamper,
) -> Vec<Answer> {
    let unicode = as_gsm(body) != body;
    let parts = parts(body, unicode);
    let keyword = body
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_uppercase();
    let mut answers = Vec::new();
    for (index, (part, id)) in parts.iter().zip(ids).enumerate() {
        let mut parameters = vec![
            ("msisdn", from.trim_start_matches('+').to_owned()),
            (
                "to",
                shared.config.number.trim_start_matches('+').to_owned(),
            ),
            ("messageId", id.clone()),
            ("text", part.clone()),
            ("type", if unicode { "unicode" } else { "text" }.to_owned()),
            ("keyword", keyword.clone()),
        ];
        if parts.len() > 1 {
            parameters.extend([
                ("concat", "true".to_owned()),
                (
                    "concat-ref",
                    (ids[0].bytes().map(usize::from).sum::<usize>() % 256).to_string(),
                ),
                ("concat-total", parts.len().to_string()),
                ("concat-part", (index + 1).to_string()),
            ]);
        }
        answers.extend(call(shared, url, &parameters, tamper).await);
    }
    answers
}

/// How many calls a text takes.
pub(crate) fn part_count(body: &str) -> usize {
    parts(body, as_gsm(body) != body).len()
}

async fn call(
    shared: &Shared,
    url: &str,
    parameters: &[(&str, String)],
    tamper: Tamper,
) -> Vec<Answer> {
    let Some(account) = account(shared) else {
        return Vec::new();
    };
    let nonce = shared.state.lock().next();
    let more = [
        ("api-key", account.api_key.clone()),
        ("message-timestamp", timestamp(now_s())),
        ("timestamp", now_s().to_string()),
        ("nonce", format!("nonce-{nonce}")),
    ];
    let pairs = parameters.iter().chain(&more);
    let mut pairs: Vec<_> = pairs
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let secret = if tamper == Tamper::BadSignature {
        "another"
    } else {
        &account.signature_secret
    };
    let sig = signature::vonage(account.method, secret, &pairs);
    if tamper != Tamper::NoSignature {
        pairs.push(("sig".to_owned(), sig));
    }
    post::post(shared, |client| match account.webhooks {
        WebhookStyle::Form => client.post(url).form(&pairs),
        WebhookStyle::Get => client.get(url).query(&pairs),
        WebhookStyle::Json => client
            .post(url)
            .json(&pairs.iter().cloned().collect::<Fields>()),
    })
    .await
}

/// `YYYY-MM-DD HH:MM:SS` in UTC.
fn timestamp(at_s: u64) -> String {
    // Howard Hinnant's civil_from_days, with the year beginning in March.
    let days = i64::try_from(at_s / 86_400).unwrap_or(0) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let second = at_s % 86_400;
    format!(
        "{year:04}-{month:02}-{date:02} {:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}
