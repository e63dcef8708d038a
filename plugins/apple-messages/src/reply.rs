//! The line that a reply shows in the customer's own bubble: what to tell when its data cannot be read.
//!
//! As a rule it is `replyMessage.title`. Some replies arrive as the dump of a keyed archive instead: an array `$objects` with a string
//! that is a query, whose `replyMessage` is base64 of JSON.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::wire::as_text;

/// Title and subtitle of the reply; `None` if there is no title.
pub(crate) fn title(data: &Value) -> Option<String> {
    let inner = data.get("data");
    let reply = inner
        .and_then(|inner| inner.get("replyMessage"))
        .or_else(|| data.get("replyMessage"));
    reply
        .and_then(title_of)
        .or_else(|| archived(data).as_ref().and_then(title_of))
}

fn title_of(reply: &Value) -> Option<String> {
    let line = |name: &str| {
        let text = reply.get(name).and_then(as_text)?;
        (!text.trim().is_empty()).then_some(text)
    };
    line("title").or_else(|| line("alternateTitle"))
}

fn archived(data: &Value) -> Option<Value> {
    let objects = data.get("$objects")?.as_array()?;
    let query = objects
        .iter()
        .filter_map(Value::as_str)
        .find_map(|text| text.strip_prefix('?'))?;
    let encoded = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("replyMessage="))?;
    let encoded = percent_decode_str(encoded).decode_utf8().ok()?;
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let decoded = engines
        .iter()
        .find_map(|engine| engine.decode(encoded.as_bytes()).ok())?;
    serde_json::from_slice(&decoded).ok()
}
