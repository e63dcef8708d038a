//! The part of Twilio's REST API that a connector calls: send, list, read one, read the account.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use stand_in::{Connection, cut};

use crate::aftermath;
use crate::clock::{filter_span_ms, rfc2822};
use crate::faults::Fault;
use crate::ledger::SentMessage;
use crate::refusal::Refusal;
use crate::state::Shared;

const BODY_CHARACTERS_MAX: usize = 1600;
const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1000;
const MEDIA_MAX: usize = 10;

/// What `POST …/Messages.json` says.
struct Send {
    to: String,
    through_service: bool,
    body: String,
    media: Vec<String>,
    status_callback: Option<String>,
}

/// `POST /2010-04-01/Accounts/{sid}/Messages.json`.
pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    let fault = shared.state().faults.take();
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::TooManyRequests) => return Refusal::too_many().into_response(),
        Some(Fault::ServerError { status }) => return Refusal::server(status).into_response(),
        Some(
            Fault::AnswerLate { .. }
            | Fault::DropAfterAccept
            | Fault::ServerErrorAfterAccept { .. },
        )
        | None => {}
    }
    let accepted = match accept(&shared, &body) {
        Ok(accepted) => accepted,
        Err(refusal) => return refusal.into_response(),
    };
    match fault {
        Some(Fault::AnswerLate { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropAfterAccept) => return cut(&connection),
        Some(Fault::ServerErrorAfterAccept { status }) => {
            return Refusal::server(status).into_response();
        }
        Some(Fault::DropBeforeAccept | Fault::TooManyRequests | Fault::ServerError { .. })
        | None => {}
    }
    (StatusCode::CREATED, Json(accepted)).into_response()
}

/// `GET …/Messages.json?To=&From=&DateSent>=`: newest first, in pages.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    let filter = match Filter::parse(query.as_deref().unwrap_or_default()) {
        Ok(filter) => filter,
        Err(refusal) => return refusal.into_response(),
    };
    Json(page(&shared, &filter, query.as_deref().unwrap_or_default())).into_response()
}

/// `GET …/Messages/{sid}.json`.
pub(crate) async fn read_one(
    State(shared): State<Arc<Shared>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    let sid = file.strip_suffix(".json").unwrap_or(&file);
    let found = shared
        .state()
        .ledger
        .messages
        .iter()
        .rev()
        .find(|message| message.sid == sid)
        .cloned();
    match found {
        Some(message) => Json(resource(&shared, &message)).into_response(),
        None => Refusal::not_found(&format!("/Messages/{file}")).into_response(),
    }
}

/// `GET /2010-04-01/Accounts/{sid}.json`.
pub(crate) async fn account(
    State(shared): State<Arc<Shared>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(account) = file.strip_suffix(".json") else {
        return Refusal::not_found(&format!("/Accounts/{file}")).into_response();
    };
    if let Err(refusal) = authorise(&shared, account, &headers) {
        return refusal.into_response();
    }
    Json(json!({
        "sid": account, "friendly_name": "stand-in", "status": "active", "type": "Full",
        "date_created": rfc2822(0), "date_updated": rfc2822(0),
        "uri": format!("/2010-04-01/Accounts/{account}.json"),
    }))
    .into_response()
}

/// Checks Basic auth against the account named in the path.
pub(crate) fn authorise(
    shared: &Shared,
    account: &str,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let expected = format!("{}:{}", shared.config.account_sid, shared.config.auth_token);
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded.trim()).ok());
    let revoked = shared.state().is_token_revoked;
    match given {
        Some(_) if revoked => Err(Refusal::credentials()),
        Some(given) if given == expected.as_bytes() && account == shared.config.account_sid => {
            Ok(())
        }
        _ => Err(Refusal::credentials()),
    }
}

fn accept(shared: &Arc<Shared>, body: &[u8]) -> Result<Value, Refusal> {
    let send = parse_send(shared, body);
    let send = send
        .and_then(|send| check_recipient(shared, &send).map(|()| send))
        .inspect_err(|refusal| {
            let to = form_value(body, "To").unwrap_or_default();
            shared.state().ledger.refused.push((refusal.code, to));
            shared.note_change();
        })?;
    let through_service = send.through_service;
    let place = shared.accept(send.to, send.body, send.media, send.status_callback);
    let message = Arc::clone(&shared.state().ledger.messages[place]);
    let mut answer = resource(shared, &message);
    if through_service {
        answer["status"] = json!("accepted");
        answer["num_segments"] = json!("0");
    }
    drop(message);
    aftermath::begin(shared, place);
    Ok(answer)
}

fn form_value(body: &[u8], wanted: &str) -> Option<String> {
    url::form_urlencoded::parse(body)
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

fn parse_send(shared: &Shared, body: &[u8]) -> Result<Send, Refusal> {
    let (mut to, mut from, mut service, mut text, mut callback) = (None, None, None, None, None);
    let mut media = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        match &*name {
            "To" => to = Some(value.into_owned()),
            "From" => from = Some(value.into_owned()),
            "MessagingServiceSid" => service = Some(value.into_owned()),
            "Body" => text = Some(value.into_owned()),
            "MediaUrl" => media.push(value.into_owned()),
            "StatusCallback" => callback = Some(value.into_owned()).filter(|url| !url.is_empty()),
            _ => {}
        }
    }
    let to = to
        .filter(|to| !to.is_empty())
        .ok_or_else(|| Refusal::missing("To"))?;
    check_sender(shared, from.as_deref(), service.is_some())?;
    let text = text.unwrap_or_default();
    if text.is_empty() && media.is_empty() {
        return Err(Refusal::missing("Body"));
    }
    if text.chars().count() > BODY_CHARACTERS_MAX {
        return Err(Refusal::body_too_long());
    }
    if media.len() > MEDIA_MAX {
        return Err(Refusal::new(
            400,
            21623,
            "Number of media files exceeds allowed limit",
        ));
    }
    Ok(Send {
        to,
        through_service: from.is_none(),
        body: text,
        media,
        status_callback: callback,
    })
}

fn check_sender(shared: &Shared, from: Option<&str>, service: bool) -> Result<(), Refusal> {
    match from {
        Some(from) if from == shared.config.number => Ok(()),
        Some(from)
            if shared
                .config
                .numbers_without_sms
                .iter()
                .any(|number| number == from) =>
        {
            Err(Refusal::without_sms(from))
        }
        Some(from) => Err(Refusal::not_ours(from)),
        None if service => Ok(()),
        None => Err(Refusal::missing("From")),
    }
}

fn check_recipient(shared: &Shared, send: &Send) -> Result<(), Refusal> {
    if !is_e164(&send.to) {
        return Err(Refusal::bad_to(&send.to));
    }
    let state = shared.state();
    if state.opted_out.contains(&send.to) {
        return Err(Refusal::opted_out());
    }
    match state.refused_numbers.get(&send.to) {
        Some((code, status)) => Err(Refusal::new(*status, *code, "The message was refused")),
        None => Ok(()),
    }
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// A message as Twilio shows it: numbers are strings, dates RFC 2822.
fn resource(shared: &Shared, message: &SentMessage) -> Value {
    let account = &shared.config.account_sid;
    let at = rfc2822(message.at_ms);
    json!({
        "sid": message.sid, "account_sid": account, "api_version": "2010-04-01",
        "status": message.status, "to": message.to, "from": message.from, "body": message.body,
        "num_segments": segments(&message.body).to_string(), "num_media": message.media.len().to_string(),
        "direction": "outbound-api", "messaging_service_sid": null, "price": null, "price_unit": "USD",
        "error_code": message.error_code, "error_message": null,
        "date_created": at, "date_updated": at,
        "date_sent": if message.status == "queued" { Value::Null } else { json!(at) },
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{}.json", message.sid),
    })
}

/// Near enough for a field nobody decides by: UCS-2 segments when a character is beyond Latin-1.
fn segments(body: &str) -> usize {
    let length = body.chars().count();
    let (single, part) = if body.chars().any(|c| u32::from(c) > 0xff) {
        (70, 67)
    } else {
        (160, 153)
    };
    if length <= single {
        1
    } else {
        length.div_ceil(part)
    }
}

#[derive(Default)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    since_ms: Option<u64>,
    before_ms: Option<u64>,
    page: usize,
    page_size: usize,
}

impl Filter {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut filter = Self {
            page_size: PAGE_SIZE,
            ..Self::default()
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let span = || {
                filter_span_ms(&value)
                    .ok_or_else(|| Refusal::new(400, 20001, format!("{name} is no date: {value}")))
            };
            match &*name {
                "To" => filter.to = Some(value.into_owned()),
                "From" => filter.from = Some(value.into_owned()),
                "DateSent>" => filter.since_ms = Some(span()?.0),
                "DateSent<" => filter.before_ms = Some(span().map(|(at, length)| at + length)?),
                "DateSent" => {
                    let (at, length) = span()?;
                    (filter.since_ms, filter.before_ms) = (Some(at), Some(at + length));
                }
                "PageSize" => {
                    filter.page_size = value.parse().unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
                }
                "Page" => filter.page = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn takes(&self, message: &SentMessage) -> bool {
        self.to.as_ref().is_none_or(|to| *to == message.to)
            && self.from.as_ref().is_none_or(|from| *from == message.from)
            && self.since_ms.is_none_or(|since| message.at_ms >= since)
            && self.before_ms.is_none_or(|before| message.at_ms < before)
    }
}

fn page(shared: &Shared, filter: &Filter, query: &str) -> Value {
    let start = filter.page * filter.page_size;
    let found: Vec<_> = {
        let state = shared.state();
        let matching = state
            .ledger
            .messages
            .iter()
            .rev()
            .filter(|message| filter.takes(message));
        matching
            .skip(start)
            .take(filter.page_size + 1)
            .cloned()
            .collect()
    };
    let more = found.len() > filter.page_size;
    let messages: Vec<_> = found
        .iter()
        .take(filter.page_size)
        .map(|message| resource(shared, message))
        .collect();
    let uri = |page: usize| page_uri(shared, query, page);
    json!({
        "end": (start + messages.len()).saturating_sub(1), "start": start,
        "page": filter.page, "page_size": filter.page_size,
        "first_page_uri": uri(0), "uri": uri(filter.page),
        "next_page_uri": more.then(|| uri(filter.page + 1)),
        "previous_page_uri": filter.page.checked_sub(1).map(uri),
        "messages": messages,
    })
}

fn page_uri(shared: &Shared, query: &str, page: usize) -> String {
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(
        url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "Page"),
    );
    let query = written.append_pair("Page", &page.to_string()).finish();
    format!(
        "/2010-04-01/Accounts/{}/Messages.json?{query}",
        shared.config.account_sid
    )
}
