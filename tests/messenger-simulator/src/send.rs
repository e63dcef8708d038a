//! `POST /{page}/messages`: Meta's checks, in its words, and what is accepted.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use stand_in::{Connection, cut};

use crate::aftermath;
use crate::api::{AskedQuery, authorise_for};
use crate::config::Page;
use crate::faults::Fault;
use crate::ledger::{SentFile, SentMessage};
use crate::refusal::Refusal;
use crate::state::{Shared, Thread, now_ms};
use crate::upload::{self, Body, Uploaded};

const TEXT_MAX: usize = 2_000;
const METADATA_MAX: usize = 1_000;
const QUICK_REPLIES_MAX: usize = 13;
const BUTTONS_MAX: usize = 3;
const BUTTONS_TEXT_MAX: usize = 640;
const TITLE_MAX: usize = 20;
const PAYLOAD_MAX: usize = 1_000;
const PICTURE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

const WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;
const HUMAN_AGENT_MS: u64 = 7 * WINDOW_MS;

pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    request: Request,
) -> Response {
    let page = match authorise_for(&shared, request.headers(), &asked, &object) {
        Ok(page) => page,
        Err(refusal) => return refusal.into_response(),
    };
    let body = match upload::read(request).await {
        Ok(body) => body,
        Err(refusal) => return refused(&shared, "", refusal),
    };
    let to = name_of(&body.members["recipient"]);
    if let Some(action) = body.members["sender_action"].as_str() {
        let shown = show(&shared, page, &to, action, &body.members);
        return shown.unwrap_or_else(|refusal| refused(&shared, &to, refusal));
    }
    let fault = shared.watched.lock().faults.take();
    match &fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::Refused { problem }) => return refused(&shared, &to, Refusal(problem.clone())),
        Some(
            Fault::AnswerLate { .. } | Fault::DropAfterAccept | Fault::RefusedAfterAccept { .. },
        )
        | None => {}
    }
    let message = match check(&shared, page, &to, body) {
        Ok(message) => message,
        Err(refusal) => return refused(&shared, &to, refusal),
    };
    let answer = json!({ "recipient_id": to, "message_id": message.mid });
    let place = shared.accept(message);
    aftermath::begin(&shared, place);
    match fault {
        Some(Fault::AnswerLate { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropAfterAccept) => return cut(&connection),
        Some(Fault::RefusedAfterAccept { problem }) => return Refusal(problem).into_response(),
        Some(Fault::DropBeforeAccept | Fault::Refused { .. }) | None => {}
    }
    Json(answer).into_response()
}

/// The customer, by id or by the name they have until they write.
fn name_of(recipient: &Value) -> String {
    let name = recipient["id"].as_str().or(recipient["user_ref"].as_str());
    name.unwrap_or_default().to_owned()
}

fn refused(shared: &Shared, to: &str, refusal: Refusal) -> Response {
    let line = (
        refusal.0.code,
        refusal.0.subcode.unwrap_or(0),
        to.to_owned(),
    );
    shared
        .watched
        .change(|state| state.ledger.refused.push(line));
    refusal.into_response()
}

fn show(
    shared: &Shared,
    page: &Page,
    to: &str,
    action: &str,
    members: &Value,
) -> Result<Response, Refusal> {
    if !matches!(action, "typing_on" | "typing_off" | "mark_seen") || !members["message"].is_null()
    {
        return Err(Refusal::parameter("Invalid sender_action"));
    }
    check_recipient(shared, page, to, members)?;
    let sign = (page.id.clone(), to.to_owned(), action.to_owned());
    shared.watched.change(|state| state.ledger.signs.push(sign));
    Ok(Json(json!({ "recipient_id": to })).into_response())
}

fn check(shared: &Shared, page: &Page, to: &str, body: Body) -> Result<SentMessage, Refusal> {
    let Body { members, file } = body;
    check_recipient(shared, page, to, &members)?;
    let message = &members["message"];
    let metadata = message["metadata"].as_str().map(str::to_owned);
    if metadata
        .as_ref()
        .is_some_and(|it| it.chars().count() > METADATA_MAX)
    {
        return Err(Refusal::parameter("Metadata is limited to 1000 characters"));
    }
    let (text, choices, as_buttons) = words(message)?;
    let file = file.map(|file| as_kind(message, file)).transpose()?;
    if text.is_none() && file.is_none() {
        return Err(Refusal::parameter("Empty text, and no attachment"));
    }
    Ok(SentMessage {
        mid: shared.id("m_"),
        page: page.id.clone(),
        to: to.to_owned(),
        text,
        choices,
        as_buttons,
        file,
        tag: members["tag"].as_str().map(str::to_owned),
        metadata,
        at_ms: now_ms(),
        reports: Vec::new(),
    })
}

/// Is there such a customer, may we write to them, and in this way?
fn check_recipient(shared: &Shared, page: &Page, to: &str, members: &Value) -> Result<(), Refusal> {
    let thread: Thread = (page.id.clone(), to.to_owned());
    let state = shared.watched.lock();
    if let Some(problem) = state.refused.get(&thread) {
        return Err(Refusal(problem.clone()));
    }
    if state.blocked.contains(&thread) {
        return Err(Refusal::new(
            551,
            None,
            "This person isn't available right now.",
        ));
    }
    if state.elsewhere.contains(&thread) {
        let why = "Message failed to send because another app is controlling this thread now.";
        return Err(Refusal::new(10, Some(2_018_300), why));
    }
    let Some(last) = state.last_actions.get(&thread).copied() else {
        return Err(Refusal::new(100, Some(2_018_001), "No matching user found"));
    };
    drop(state);
    check_window(shared, now_ms().saturating_sub(last), members)
}

fn check_window(shared: &Shared, age_ms: u64, members: &Value) -> Result<(), Refusal> {
    let is_sign = members["sender_action"].is_string();
    let shut = || {
        let why = "This message is sent outside of allowed window.";
        Err(Refusal::new(10, Some(2_018_278), why))
    };
    match (members["messaging_type"].as_str(), members["tag"].as_str()) {
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) if !shared.config.human_agent_approved => {
            Err(Refusal::new(
                10,
                None,
                "Application does not have permission for this action",
            ))
        }
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) if age_ms <= HUMAN_AGENT_MS => Ok(()),
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => shut(),
        (Some("MESSAGE_TAG"), _) => {
            let why = "The message tag is not allowed, or was retired";
            Err(Refusal::new(100, Some(1_893_061), why))
        }
        (Some("RESPONSE" | "UPDATE"), None) if age_ms <= WINDOW_MS => Ok(()),
        (None, None) if is_sign && age_ms <= WINDOW_MS => Ok(()),
        (Some("RESPONSE" | "UPDATE"), None) => shut(),
        (None, None) if is_sign => shut(),
        (_, _) => Err(Refusal::parameter(
            "Param messaging_type is wrong, or does not fit tag",
        )),
    }
}

type Words = (Option<String>, Vec<(String, String)>, bool);

/// Text and choices, within Meta's limits.
fn words(message: &Value) -> Result<Words, Refusal> {
    let template = &message["attachment"]["payload"];
    if message["attachment"]["type"] == "template" {
        if template["template_type"] != "button" {
            return Err(Refusal::parameter(
                "The stand-in knows button templates alone",
            ));
        }
        let text = text(&template["text"], BUTTONS_TEXT_MAX)?;
        let buttons = choices(&template["buttons"], "postback", "type")?;
        if text.is_none() || buttons.is_empty() || buttons.len() > BUTTONS_MAX {
            return Err(Refusal::parameter(
                "A button template has a text and 1 to 3 buttons",
            ));
        }
        return Ok((text, buttons, true));
    }
    let text = text(&message["text"], TEXT_MAX)?;
    let replies = &message["quick_replies"];
    let replies = if replies.is_null() {
        Vec::new()
    } else {
        choices(replies, "text", "content_type")?
    };
    if replies.len() > QUICK_REPLIES_MAX {
        return Err(Refusal::parameter(
            "Param message[quick_replies] has more than 13 elements",
        ));
    }
    Ok((text, replies, false))
}

fn text(value: &Value, max: usize) -> Result<Option<String>, Refusal> {
    let Some(text) = value.as_str() else {
        return Ok(None);
    };
    if text.trim().is_empty() || text.chars().count() > max {
        return Err(Refusal::parameter(format!(
            "Length of param message[text] must be 1 to {max}"
        )));
    }
    Ok(Some(text.to_owned()))
}

fn choices(list: &Value, kind: &str, kind_member: &str) -> Result<Vec<(String, String)>, Refusal> {
    let list = list
        .as_array()
        .ok_or_else(|| Refusal::parameter("Choices are a list"))?;
    let choice = |choice: &Value| {
        let title = choice["title"].as_str().unwrap_or_default();
        let payload = choice["payload"].as_str().unwrap_or_default();
        let fits = (1..=TITLE_MAX).contains(&title.chars().count())
            && (1..=PAYLOAD_MAX).contains(&payload.chars().count())
            && choice[kind_member] == kind;
        fits.then(|| (title.to_owned(), payload.to_owned()))
            .ok_or_else(|| {
                Refusal::parameter(format!("A choice is too long or no {kind}: {title}"))
            })
    };
    list.iter().map(choice).collect()
}

/// The file as the kind it was sent as, which its type must fit.
fn as_kind(message: &Value, file: Uploaded) -> Result<SentFile, Refusal> {
    let kind = message["attachment"]["type"].as_str().unwrap_or_default();
    let media_type = file.content_type.split(';').next().unwrap_or_default();
    let fits = match kind {
        "image" => PICTURES.contains(&media_type) && file.size <= PICTURE_BYTES_MAX,
        "audio" | "video" => media_type.split('/').next() == Some(kind),
        "file" => true,
        _ => {
            return Err(Refusal::parameter(
                "Param message[attachment][type] is unknown",
            ));
        }
    };
    if !fits {
        let why = "Upload attachment failure: its type does not fit";
        return Err(Refusal::new(100, Some(2_018_047), why));
    }
    Ok(SentFile {
        kind: kind.to_owned(),
        name: file.name,
        content_type: file.content_type,
        size: file.size,
        sha256: file.sha256,
    })
}
