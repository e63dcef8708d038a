//! What ECE posts to us: one address an application, 1 to 1000 messages a request.
//!
//! In: the body of a POST. Out: a [`Callback`]: events and signals in the order of the body, which is
//! the order within each conversation. Nothing is kept or sent here; that a second arrival of an id
//! is dropped is the inbox's business.
//!
//! **A message that cannot be read does not cost the others.** It is listed under
//! [`Callback::unreadable`] with its place in the body, and the caller keeps the body for the
//! operator. Only a body of which nothing at all can be read is a [`CallbackError`]. "Cannot be read"
//! means that it names no conversation; whatever else is missing is made up for: without a type it is
//! [`EceHappening::Unknown`](trunkline_core::event::EceHappening::Unknown), without an id it gets one
//! made of its content, so that a second arrival still has the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;
use trunkline_core::event::{EceEvent, Signal};
use trunkline_core::id::Timestamp;

use crate::compiled::Compiled;
use crate::config::{CallbackAuth, IntegrationConfig};

/// One message of a callback, read with much patience.
mod item;

/// What a message means.
mod meaning;

/// A callback in XML, as the tree that JSON would have given.
mod xml;

/// What a callback said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Callback {
    /// In the order of the body.
    pub items: Vec<CallbackItem>,
    /// Messages that name no conversation.
    pub unreadable: Vec<Unreadable>,
    /// Messages that tell us nothing: an echo of the customer's own words, an empty text.
    pub ignored: usize,
}

/// One thing that a callback said.
#[derive(Debug, Clone, PartialEq)]
pub enum CallbackItem {
    /// For the inbox, under the key (conversation, id).
    Event(EceEvent),
    /// For whoever listens now.
    Typing(Signal),
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its place in the body, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Nothing of a callback could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The body is said to be XML, or begins like it, and cannot be read as such.
    #[error(
        "the callback is XML that cannot be read: {0}. ECE can write JSON instead (Integration > External Apps > \
         Register Applications)"
    )]
    Xml(String),
    /// The body is no JSON.
    #[error("the callback is no JSON: {0}")]
    Json(String),
    /// The body is JSON, but no callback.
    #[error("the callback holds no member `message`")]
    NoMessages,
    /// The body holds messages, but none of them names a conversation.
    #[error("no message of the callback can be read; the first, at {}: {}", .0.index, .0.why)]
    Unreadable(Unreadable),
    /// There is no integration of this name.
    #[error("there is no integration called {0}")]
    NoIntegration(String),
}

/// Reads a callback. `arrived` stands in where a message has no time of its own.
pub(crate) fn parse(
    config: &IntegrationConfig,
    compiled: &Compiled,
    content_type: &str,
    body: &[u8],
    arrived: Timestamp,
) -> Result<Callback, CallbackError> {
    let messages = messages(content_type, body)?;
    let mut callback = Callback::default();
    for (index, message) in messages.iter().enumerate() {
        match item::read(config, message, arrived) {
            Ok(item) => {
                let items = meaning::of(config, compiled, &item);
                callback.ignored += usize::from(items.is_empty());
                callback.items.extend(items);
            }
            Err(why) => callback.unreadable.push(Unreadable { index, why }),
        }
    }
    match callback.unreadable.first() {
        Some(first) if callback.unreadable.len() == messages.len() => {
            Err(CallbackError::Unreadable(first.clone()))
        }
        _ => Ok(callback),
    }
}

/// The messages of a body as one tree, whatever it is written in. The body decides, not the content
/// type: senders are known to name the wrong one.
fn messages(content_type: &str, body: &[u8]) -> Result<Vec<Value>, CallbackError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii_start().starts_with(b"<") {
        return xml::messages(body.trim_ascii_start()).map_err(CallbackError::Xml);
    }
    let tree: Value = serde_json::from_slice(body).map_err(|error| {
        let xml = content_type.to_ascii_lowercase().contains("xml");
        if xml {
            CallbackError::Xml("it does not begin with `<`".to_owned())
        } else {
            CallbackError::Json(error.to_string())
        }
    })?;
    roots(tree).ok_or(CallbackError::NoMessages)
}

/// `{"message":[…]}`, `{"messages":{"message":[…]}}`, `{"messages":[…]}`, a bare list, a bare message.
fn roots(tree: Value) -> Option<Vec<Value>> {
    match tree {
        Value::Array(messages) => Some(messages),
        Value::Object(mut members) => {
            if let Some(inner) = members
                .remove("messages")
                .or_else(|| members.remove("message"))
            {
                return roots(inner);
            }
            members
                .keys()
                .any(|key| key.starts_with("conversation"))
                .then(|| vec![Value::Object(members)])
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Whether a callback carries what was agreed on. Takes the same time for all wrong values of a length.
pub(crate) fn authorised(expected: &CallbackAuth, headers: &HeaderMap) -> bool {
    let given = || {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
        // Real clients write two spaces here.
        value
            .split_once(' ')
            .map(|(scheme, value)| (scheme, value.trim()))
    };
    match expected {
        CallbackAuth::None => true,
        CallbackAuth::Basic { username, password } => {
            let Some((scheme, value)) = given() else {
                return false;
            };
            let Ok(pair) = STANDARD.decode(value) else {
                return false;
            };
            let split = pair
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(pair.len());
            let (name, word) = (&pair[..split], pair.get(split + 1..).unwrap_or_default());
            // Both are compared always: `&`, not `&&`.
            scheme.eq_ignore_ascii_case("basic") & username.is(name) & password.is(word)
        }
        CallbackAuth::Bearer { token } => given().is_some_and(|(scheme, value)| {
            scheme.eq_ignore_ascii_case("bearer") & token.is(value.as_bytes())
        }),
    }
}

#[cfg(test)]
mod tests;
