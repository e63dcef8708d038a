//! One message of a callback, read with much patience.
//!
//! ECE's members are known from few examples, so each is looked for in all its plausible places.
//! Every member of [`Item`] says which those are.

use serde_json::Value;
use sha2::{Digest, Sha256};
use trunkline_core::id::{EceSession, Timestamp};

use crate::config::IntegrationConfig;

/// Times below this are seconds: as milliseconds they would lie in 1973.
const SECONDS_MAX: f64 = 1e11;

/// A message of a callback.
#[derive(Debug, PartialEq)]
pub(super) struct Item<'a> {
    /// `conversation.id`, `conversationId` or `conversation`.
    pub(super) session: EceSession,
    /// `id`; else made of the content.
    pub(super) id: String,
    /// `type.value` or `type`; empty if there is none.
    pub(super) word: String,
    /// `timeStamp` or `timestamp`: milliseconds, seconds or ISO 8601, as number or text, also under `date`.
    pub(super) at: Timestamp,
    /// `sender.type`, lower case.
    pub(super) sender: String,
    /// Of `sender.user`, by the configured member names.
    pub(super) sender_name: Option<String>,
    /// `content`, or its `text`, `value` or `body`.
    pub(super) text: String,
    /// `content.html`.
    pub(super) html: Option<String>,
    /// `attachments.attachment[]`, `attachments[]`, `attachment`, also under `content`.
    pub(super) files: Vec<&'a Value>,
    /// All of it.
    pub(super) whole: &'a Value,
}

/// Reads a message.
///
/// # Errors
/// It names no conversation.
pub(super) fn read<'a>(
    config: &IntegrationConfig,
    message: &'a Value,
    arrived: Timestamp,
) -> Result<Item<'a>, String> {
    if !message.is_object() {
        return Err("is no object".to_owned());
    }
    let session = first(
        message,
        &["/conversation/id", "/conversationId", "/conversation"],
    );
    let session = session
        .and_then(text_of)
        .filter(|id| !id.is_empty())
        .ok_or("names no conversation")?;
    let content = message.get("content");
    let sender = first(message, &["/sender/type/value", "/sender/type"]).and_then(text_of);
    Ok(Item {
        session: EceSession(session),
        id: message
            .get("id")
            .and_then(text_of)
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| made_id(message)),
        word: first(message, &["/type/value", "/type"])
            .and_then(text_of)
            .unwrap_or_default(),
        at: first(message, &["/timeStamp", "/timestamp"])
            .and_then(time)
            .unwrap_or(arrived),
        sender: sender.unwrap_or_default().to_lowercase(),
        sender_name: message
            .pointer("/sender/user")
            .and_then(|user| name(&config.unknowns.sender_names, user)),
        text: content.and_then(content_text).unwrap_or_default(),
        html: content
            .and_then(|content| content.get("html"))
            .and_then(text_of),
        files: files(message),
        whole: message,
    })
}

/// The first of these places that holds something.
pub(super) fn first<'a>(value: &'a Value, places: &[&str]) -> Option<&'a Value> {
    places
        .iter()
        .find_map(|place| value.pointer(place).filter(|found| !found.is_null()))
}

/// Text, or a number as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The name to show of a `user`, by the member names given, best first; `a+b` joins two with a space.
pub(super) fn name(names: &[String], user: &Value) -> Option<String> {
    if let Some(name) = user.as_str() {
        return (!name.trim().is_empty()).then(|| name.to_owned());
    }
    names.iter().find_map(|candidate| {
        let parts = candidate
            .split('+')
            .map(|member| user.get(member.trim()).and_then(text_of));
        let joined = parts.flatten().collect::<Vec<_>>().join(" ");
        (!joined.trim().is_empty()).then_some(joined)
    })
}

fn content_text(content: &Value) -> Option<String> {
    text_of(content).or_else(|| first(content, &["/text", "/value", "/body"]).and_then(text_of))
}

fn files(message: &Value) -> Vec<&Value> {
    let places = [
        "/attachments/attachment",
        "/attachments",
        "/attachment",
        "/content/attachments",
        "/content/attachment",
    ];
    match first(message, &places) {
        Some(Value::Array(files)) => files.iter().collect(),
        Some(file @ Value::Object(_)) => vec![file],
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Vec::new()
        }
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => number.as_f64().and_then(from_epoch),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => from_epoch(number),
            Err(_) => text
                .trim()
                .parse::<jiff::Timestamp>()
                .ok()
                .map(|at| Timestamp(at.as_millisecond())),
        },
        Value::Object(_) => first(value, &["/date", "/value"]).and_then(time),
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

fn from_epoch(number: f64) -> Option<Timestamp> {
    let ms = if number.abs() < SECONDS_MAX {
        number * 1000.0
    } else {
        number
    };
    // Beyond 2^53 it is no time of this world.
    #[expect(clippy::cast_possible_truncation, reason = "checked in this line")]
    (ms.abs() < 9.0e15 && ms > 0.0).then_some(Timestamp(ms as i64))
}

/// The same for the same content.
fn made_id(message: &Value) -> String {
    let hash = Sha256::digest(message.to_string());
    let short = hash
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("content-{short}")
}
