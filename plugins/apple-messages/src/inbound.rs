//! Webhook to events: `POST …/message`, one message a call.

use trunkline_plugin::channel::{Event, Happening, Reception};
use trunkline_plugin::{
    Address, Answer, Attachment, Content, InboundRequest, PeerChange, Rejection, clock,
};

use crate::choices::Device;
use crate::settings::Settings;
use crate::wire::{Blob, FILE_MARK, Message};
use crate::{interactive, media, token, unpack};

/// The kind of the customers' address: opaque, case-sensitive, of one business alone.
pub(crate) const MBID: &str = "mbid";

/// What the path below the registered URL is: Apple appends it.
const PATH: &str = "/message";

/// Whose message it is. Headers and body say the same; relays lose headers, so either will do.
struct Envelope {
    id: String,
    customer: String,
    account: String,
}

/// One webhook call.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
) -> Result<Reception, Rejection> {
    if request.path.trim_end_matches('/') != PATH {
        return Err(Rejection::NotFound);
    }
    if request.method != "POST" {
        return Err(Rejection::MethodNotAllowed);
    }
    token::verify(settings, request)?;
    let message = parse(request)?;
    let envelope = envelope(request, &message)?;
    let taken = Reception::new(Answer::status(200), Vec::new());
    if is_echo(settings, &envelope) {
        return Ok(taken);
    }
    Ok(Reception {
        events: events(&envelope, &message),
        peer_changes: news_of_device(request, &message),
        ..taken
    })
}

fn parse(request: &InboundRequest) -> Result<Message, Rejection> {
    let says_packed = request
        .header("content-encoding")
        .is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("gzip"));
    let unpacked;
    let json = if says_packed || unpack::is_packed(&request.body) {
        unpacked = unpack::unpack(&request.body)
            .map_err(|error| Rejection::Malformed(error.to_string()))?;
        &unpacked
    } else {
        &request.body
    };
    let no_message = |why: &str| Rejection::Malformed(format!("the body is no message: {why}"));
    // A list would be read as the fields in their order.
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(no_message("no JSON object"));
    }
    serde_json::from_slice(json).map_err(|error| no_message(&error.to_string()))
}

fn envelope(request: &InboundRequest, message: &Message) -> Result<Envelope, Rejection> {
    let either = |header: &str, field: &Option<String>| {
        let header_value = request.header(header).map(str::to_owned);
        header_value
            .or_else(|| field.clone())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                Rejection::Malformed(format!(
                    "{header} is missing: this is no message of Apple's"
                ))
            })
    };
    Ok(Envelope {
        id: either("id", &message.id)?,
        customer: either("source-id", &message.source_id)?,
        account: either("destination-id", &message.destination_id)?,
    })
}

/// A message of our own that comes back.
fn is_echo(settings: &Settings, envelope: &Envelope) -> bool {
    envelope.customer == settings.business_id || envelope.customer == envelope.account
}

fn events(envelope: &Envelope, message: &Message) -> Vec<Event> {
    let said = |content| vec![Happening::Said(content)];
    let happenings = match message.kind.as_deref() {
        Some("text") => text(message),
        Some("interactive") => return vec![interactive_event(envelope, message)],
        Some("richLink") => said(rich_link(message)),
        Some("typing_start") => vec![Happening::Typing(true)],
        Some("typing_end") => vec![Happening::Typing(false)],
        // The customer deleted the thread: not one word more, not even a confirmation.
        Some("close") => vec![Happening::OptedOut(true), Happening::Left],
        Some(other) => said(Content::Unknown(other.to_owned())),
        None => said(Content::Unknown("message without a type".to_owned())),
    };
    happenings
        .into_iter()
        .enumerate()
        .map(|(index, happening)| Event {
            key: key(&envelope.id, index),
            ..event(envelope, message, happening)
        })
        .collect()
}

/// The message's own id for its first event.
fn key(id: &str, index: usize) -> String {
    if index == 0 {
        return id.to_owned();
    }
    format!("{id}/{index}")
}

fn event(envelope: &Envelope, message: &Message, happening: Happening) -> Event {
    Event {
        customer: vec![Address::new(MBID, &envelope.customer)],
        // Of the device, not of the text.
        locale: message
            .locale
            .as_deref()
            .map(|locale| locale.replace('_', "-")),
        attributes: attributes(message),
        reply_to: message.reply_to_message_id.clone(),
        ..Event::new(&envelope.id, clock::now(), &envelope.account, happening)
    }
}

/// From the link the conversation began with; Apple sends them while that context lasts.
fn attributes(message: &Message) -> Vec<(String, String)> {
    let fields = [("intent", &message.intent), ("group", &message.group)];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect()
}

/// Words and files in the order the customer sees them: each mark in the text is where the next file stands.
fn text(message: &Message) -> Vec<Happening> {
    let mut contents = Vec::new();
    let mut rest = message.body.as_deref().unwrap_or_default();
    let mut without_mark = Vec::new();
    for blob in &message.attachments {
        match rest.split_once(FILE_MARK) {
            Some((before, after)) => {
                contents.extend(words(before));
                contents.push(file(blob));
                rest = after;
            }
            None => without_mark.push(file(blob)),
        }
    }
    contents.extend(words(rest));
    contents.extend(without_mark);
    if contents.is_empty() {
        contents.push(Content::Unknown("empty message".to_owned()));
    }
    contents.into_iter().map(Happening::Said).collect()
}

fn words(text: &str) -> Option<Content> {
    (!text.trim().is_empty()).then(|| Content::Text(text.to_owned()))
}

fn file(blob: &Blob) -> Content {
    let Some(reference) = media::reference(blob) else {
        return Content::Unknown("file that cannot be fetched".to_owned());
    };
    Content::Attachment(Attachment {
        reference,
        name: blob.name.clone(),
        content_type: blob.mime_type.clone(),
        size: blob.bytes(),
        caption: None,
    })
}

fn rich_link(message: &Message) -> Content {
    let field = |name: &str| {
        let value = message.rich_link_data.as_ref()?.get(name)?.as_str()?;
        (!value.is_empty()).then_some(value)
    };
    let body = message.body.as_deref().filter(|body| !body.is_empty());
    let lines: Vec<&str> = field("title")
        .into_iter()
        .chain(field("url").or(body))
        .collect();
    if lines.is_empty() {
        return Content::Unknown("rich link".to_owned());
    }
    Content::Text(lines.join("\n"))
}

/// Large interactive data comes by reference: `resolve` fetches it before anybody sees the event.
fn interactive_event(envelope: &Envelope, message: &Message) -> Event {
    let reference = message
        .interactive_data_ref
        .as_ref()
        .filter(|value| value.is_object());
    let Some(reference) = reference else {
        let data = message.interactive_data.as_ref();
        let content = data
            .and_then(interactive::content)
            .unwrap_or_else(|| Content::Unknown("interactive reply".to_owned()));
        return event(envelope, message, Happening::Said(content));
    };
    let placeholder = Content::Unknown("interactive reply that could not be fetched".to_owned());
    Event {
        resolve: Some(reference.to_string().into_bytes()),
        ..event(envelope, message, Happening::Said(placeholder))
    }
}

/// What the device can show, as the latest message says. Typing tells it too, but is not stored.
fn news_of_device(request: &InboundRequest, message: &Message) -> Vec<PeerChange> {
    let said_something = matches!(message.kind.as_deref(), Some("text" | "interactive"));
    let list = request.header("capability-list").filter(|_| said_something);
    list.map(|list| Device::of_header(list).as_change(clock::now()))
        .into_iter()
        .collect()
}
