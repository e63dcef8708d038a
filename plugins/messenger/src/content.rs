//! What a message says: its text or chosen quick reply, then each attachment. Never empty: what nobody knows becomes a
//! placeholder (H10).

use trunkline_plugin::{Attachment, Content, Location};

use crate::media;
use crate::wire::{self, Element, Message, Payload};

/// The thumbs-up in its three sizes.
const THUMBS_UP: [&str; 3] = ["369239263222822", "369239343222814", "369239383222810"];

/// In the order the customer sees.
pub(crate) fn of(message: &Message) -> Vec<Content> {
    if message.is_unsupported {
        return vec![Content::Unknown(
            "message that Messenger does not pass on".to_owned(),
        )];
    }
    let mut contents: Vec<_> = words(message).into_iter().collect();
    for (index, attachment) in message.attachments.iter().enumerate() {
        contents.extend(attached(message, attachment, index));
    }
    if contents.is_empty() {
        contents.push(match message.sticker_id.as_deref() {
            Some(id) => sticker_without_file(id),
            None => Content::Unknown("empty message".to_owned()),
        });
    }
    contents
}

fn words(message: &Message) -> Option<Content> {
    let payload = message
        .quick_reply
        .as_ref()
        .and_then(|reply| reply.payload.clone());
    match (payload, message.text.clone()) {
        (Some(id), title) => Some(Content::Chosen {
            title: title.unwrap_or_else(|| id.clone()),
            id,
        }),
        (None, text) => text.map(Content::Text),
    }
}

/// `None` where the text says it already.
fn attached(message: &Message, attachment: &wire::Attachment, index: usize) -> Option<Content> {
    let payload = Payload::of(attachment);
    let kind = attachment.kind.as_deref().unwrap_or("attachment");
    Some(match kind {
        "image" | "sticker" if sticker_id(message, &payload, kind).is_some() => {
            sticker(message, &payload, kind, index)
        }
        "image" | "video" | "audio" | "file" => match &payload.url {
            Some(url) => file(message, url, index, None),
            None => Content::Unknown(kind.to_owned()),
        },
        "location" => location(attachment, &payload),
        "fallback" => return link(message, attachment, &payload),
        "template" | "appointment_booking" => described(kind, &cards(&payload)),
        "reel" | "ig_reel" | "post" | "ig_post" | "share" => {
            described(kind, &titled_url(attachment, &payload))
        }
        _ => Content::Unknown(kind.to_owned()),
    })
}

impl Payload {
    fn of(attachment: &wire::Attachment) -> Self {
        serde_json::from_value(attachment.payload.clone()).unwrap_or_default()
    }
}

fn file(message: &Message, url: &str, index: usize, name: Option<&str>) -> Content {
    Content::Attachment(Attachment {
        reference: media::reference(url, message.mid.as_deref(), index),
        name: name.map(str::to_owned).or_else(|| media::file_name(url)),
        ..Attachment::default()
    })
}

/// Stickers came as images until 2026; their id then is in the payload or beside the attachments.
fn sticker_id(message: &Message, payload: &Payload, kind: &str) -> Option<String> {
    let id = payload
        .sticker_id
        .clone()
        .or_else(|| message.sticker_id.clone());
    id.or_else(|| (kind == "sticker").then(String::new))
}

fn sticker(message: &Message, payload: &Payload, kind: &str, index: usize) -> Content {
    let id = sticker_id(message, payload, kind).unwrap_or_default();
    match &payload.url {
        Some(url) if !THUMBS_UP.contains(&id.as_str()) => {
            file(message, url, index, Some("sticker"))
        }
        Some(_) | None => sticker_without_file(&id),
    }
}

fn sticker_without_file(id: &str) -> Content {
    if THUMBS_UP.contains(&id) {
        return Content::Text("👍".to_owned());
    }
    described("sticker", id)
}

fn location(attachment: &wire::Attachment, payload: &Payload) -> Content {
    let Some(place) = &payload.coordinates else {
        return Content::Unknown("location".to_owned());
    };
    Content::Location(Location {
        latitude: place.lat,
        longitude: place.long,
        name: attachment.title.clone().or_else(|| payload.title.clone()),
        street: None,
    })
}

/// A shared link. Its text as a rule has the URL already, and nothing more would be said by repeating it.
fn link(message: &Message, attachment: &wire::Attachment, payload: &Payload) -> Option<Content> {
    let words = titled_url(attachment, payload);
    if words.is_empty() {
        return Some(Content::Unknown("shared content".to_owned()));
    }
    let text = message.text.as_deref().unwrap_or_default();
    let new = words.lines().any(|line| !text.contains(line));
    new.then(|| described("link", &words))
}

fn titled_url(attachment: &wire::Attachment, payload: &Payload) -> String {
    let either = |one: &Option<String>, other: &Option<String>| one.clone().or(other.clone());
    let lines = [
        either(&attachment.title, &payload.title),
        either(&attachment.url, &payload.url),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The cards of a template or of products, one a line.
fn cards(payload: &Payload) -> String {
    let products = payload.product.iter().flat_map(|product| &product.elements);
    let head = [payload.title.clone(), payload.text.clone()];
    let cards = payload.elements.iter().chain(products).filter_map(card);
    head.into_iter()
        .flatten()
        .chain(cards)
        .collect::<Vec<_>>()
        .join("\n")
}

fn card(element: &Element) -> Option<String> {
    let number = element
        .retailer_id
        .as_ref()
        .map(|id| format!("product {id}"));
    let words = [element.title.clone(), element.subtitle.clone(), number];
    let words: Vec<_> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" - "))
}

/// A known kind of which nothing can be read is a placeholder all the same.
fn described(kind: &str, text: &str) -> Content {
    if text.is_empty() {
        return Content::Unknown(kind.to_owned());
    }
    Content::Described {
        kind: kind.to_owned(),
        text: text.to_owned(),
    }
}
