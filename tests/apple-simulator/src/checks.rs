//! What `/message` must look like, line by line of the reference. What the gateway is not known to check is not checked.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cipher;
use crate::gateway::header;
use crate::ledger::{SentFile, SentMessage};
use crate::refusal::Refusal;
use crate::state::{Shared, now_ms};

/// Stands in a text where a file shall appear.
const FILE_MARK: char = '\u{fffc}';

/// Buttons of a quick reply: one is refused although documented.
const BUTTONS: std::ops::RangeInclusive<usize> = 2..=5;

/// A message that is in order.
pub(crate) enum Taken {
    Typing(bool),
    Message(Box<SentMessage>),
}

/// Checks one message.
pub(crate) fn message(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Taken, Refusal> {
    if body.len() > shared.config.body_bytes_max {
        return Err(Refusal::new(413, "Payload too large"));
    }
    let message: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))?;
    envelope(headers, &message)?;
    let to = text(&message, "destinationId")?;
    reachable(shared, to)?;
    let (interactive, files) = match text(&message, "type")? {
        "typing_start" => return Ok(Taken::Typing(true)),
        "typing_end" => return Ok(Taken::Typing(false)),
        "text" => (None, files(shared, &message)?),
        "interactive" => (Some(interactive(shared, to, &message)?), Vec::new()),
        "richLink" => {
            rich_link(&message)?;
            (None, Vec::new())
        }
        "close" => return Err(Refusal::bad("type close is the customer's alone")),
        other => return Err(Refusal::bad(format!("type {other} is not supported"))),
    };
    Ok(Taken::Message(Box::new(SentMessage {
        id: text(&message, "id")?.to_owned(),
        from: text(&message, "sourceId")?.to_owned(),
        to: to.to_owned(),
        kind: text(&message, "type")?.to_owned(),
        body: shown(&message, interactive.as_ref()),
        files,
        interactive,
        auto_reply: header(headers, "auto-reply") == "true",
        at_ms: now_ms(),
    })))
}

fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    let value = object.get(field).and_then(Value::as_str);
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::bad(format!("{field} is missing")))
}

/// Headers and body say the same.
fn envelope(headers: &HeaderMap, message: &Value) -> Result<(), Refusal> {
    if message["v"] != 1 {
        return Err(Refusal::bad("v must be 1"));
    }
    for (name, field) in [
        ("id", "id"),
        ("source-id", "sourceId"),
        ("destination-id", "destinationId"),
    ] {
        let given = header(headers, name);
        if given.is_empty() || given != text(message, field)? {
            return Err(Refusal::bad(format!("header {name} and {field} differ")));
        }
    }
    Ok(())
}

/// Only customers begin; who closed or blocked is gone (the status is INFERRED).
fn reachable(shared: &Shared, customer: &str) -> Result<(), Refusal> {
    let state = shared.state();
    let person = state.customers.get(customer);
    if person.is_none_or(|person| person.closed || person.blocked) {
        return Err(Refusal::new(404, "destination-id not recognised"));
    }
    Ok(())
}

fn files(shared: &Shared, message: &Value) -> Result<Vec<SentFile>, Refusal> {
    let body = text(message, "body")?;
    let attachments = match message.get("attachments") {
        None => return Ok(Vec::new()),
        Some(list) => list
            .as_array()
            .ok_or_else(|| Refusal::bad("attachments is no list"))?,
    };
    let marks = body
        .chars()
        .filter(|character| *character == FILE_MARK)
        .count();
    if marks != attachments.len() {
        return Err(Refusal::bad(format!(
            "{marks} object replacement characters for {} attachments",
            attachments.len()
        )));
    }
    attachments
        .iter()
        .map(|file| one_file(shared, file))
        .collect()
}

fn one_file(shared: &Shared, file: &Value) -> Result<SentFile, Refusal> {
    let size: u64 = text(file, "size")?
        .parse()
        .map_err(|_| Refusal::bad("size is no number in a string"))?;
    let signature = STANDARD
        .decode(text(file, "signature-base64")?)
        .map_err(|_| Refusal::bad("signature-base64 is no base64"))?;
    let key_field = text(file, "key")?;
    let key =
        cipher::key(key_field).ok_or_else(|| Refusal::bad("key is not 00 and 64 hex digits"))?;
    let blob = shared.state().blobs.get(text(file, "url")?).cloned();
    let blob = blob
        .filter(|blob| blob.owner == file["owner"] && blob.signature == signature)
        .ok_or_else(|| Refusal::bad("url, owner and signature name no uploaded file"))?;
    if blob.bytes.len() as u64 != size {
        return Err(Refusal::bad(format!(
            "size is {size}, the file has {}",
            blob.bytes.len()
        )));
    }
    Ok(SentFile {
        name: text(file, "name")?.to_owned(),
        content_type: text(file, "mimeType")?.to_owned(),
        size,
        sha256: cipher::sha256_hex(&cipher::apply(&key, &blob.bytes)),
        key: key_field.to_owned(),
    })
}

/// Of what the device cannot show nothing is taken.
fn interactive(shared: &Shared, to: &str, message: &Value) -> Result<Value, Refusal> {
    let whole = message
        .get("interactiveData")
        .filter(|whole| whole.is_object())
        .ok_or_else(|| Refusal::bad("interactiveData is missing"))?;
    text(whole, "bid")?;
    let data = &whole["data"];
    text(data, "version").or_else(|_| text(data, "mspVersion"))?;
    text(data, "requestIdentifier")?;
    if let Some(reply) = data.get("quick-reply") {
        can_show(shared, to, "QUICK")?;
        text(reply, "summaryText")?;
        let items = items(reply)?;
        if !BUTTONS.contains(&items.len()) {
            return Err(Refusal::bad("a quick reply has two to five items"));
        }
    } else if let Some(picker) = data.get("listPicker") {
        can_show(shared, to, "LIST")?;
        for name in ["receivedMessage", "replyMessage"] {
            text(&whole[name], "title")
                .map_err(|_| Refusal::bad(format!("{name} has no title")))?;
        }
        let sections = picker["sections"].as_array();
        let sections = sections.filter(|sections| !sections.is_empty());
        for section in sections.ok_or_else(|| Refusal::bad("listPicker has no sections"))? {
            items(section)?;
        }
    } else {
        return Err(Refusal::bad("data holds nothing this stand-in knows"));
    }
    Ok(whole.clone())
}

fn items(of: &Value) -> Result<&Vec<Value>, Refusal> {
    let items = of["items"].as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| Refusal::bad("there are no items"))?;
    for item in items {
        text(item, "identifier")?;
        text(item, "title")?;
    }
    Ok(items)
}

fn can_show(shared: &Shared, to: &str, capability: &str) -> Result<(), Refusal> {
    let state = shared.state();
    let list = state
        .customers
        .get(to)
        .map(|person| person.capabilities.as_str());
    let shows = list
        .unwrap_or_default()
        .split(',')
        .any(|name| name.trim().eq_ignore_ascii_case(capability));
    match shows {
        true => Ok(()),
        false => Err(Refusal::bad(format!(
            "the device does not show {capability}"
        ))),
    }
}

fn rich_link(message: &Value) -> Result<(), Refusal> {
    let link = message.get("richLinkData").unwrap_or(&Value::Null);
    text(link, "url")?;
    text(link, "title")?;
    Ok(())
}

/// What the customer reads above everything else.
fn shown(message: &Value, interactive: Option<&Value>) -> String {
    let above = interactive.and_then(|whole| {
        let summary = whole["data"]["quick-reply"]["summaryText"].as_str();
        summary.or_else(|| whole["receivedMessage"]["title"].as_str())
    });
    above
        .or_else(|| message["body"].as_str())
        .unwrap_or_default()
        .to_owned()
}
