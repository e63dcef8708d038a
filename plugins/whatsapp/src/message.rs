//! One message of a customer: what it says, whom it is from.

use serde::Deserialize as _;
use serde_json::Value;
use trunkline_plugin::channel::{Event, Happening};
use trunkline_plugin::{Attachment, Content, Location, clock};

use crate::content::{
    Button, Edit, Interactive, Media, Place, Reaction, Revoke, System, Text, Unsupported, body,
};
use crate::customer::{self, Person};
use crate::inbound::{Arrived, Source};
use crate::wire::{Message, News, Problem, millis};
use crate::{described, notice};

/// A name for the agent's placeholder, not a place to hide a novel.
const KIND_CHARACTERS_MAX: usize = 60;

/// WhatsApp's limit for what customers send is 100 MB; beyond that only an error comes.
const NOT_DOWNLOADED: u32 = 131_052;

/// An element of `messages`. `place` is its position in the call.
pub(crate) fn arrived(source: Source<'_>, news: &News, raw: &Value, place: usize) -> Arrived {
    let message = Message::deserialize(raw).unwrap_or_default();
    let Some(person) = customer::of(&message, &news.contacts) else {
        return notice::nobody(source, place);
    };
    let at = millis(message.timestamp.as_deref()).unwrap_or_else(clock::now);
    let key = message
        .id
        .clone()
        .unwrap_or_else(|| key_without_id(&message, &person, place));
    let kind = message.kind.as_deref().unwrap_or_default();
    if kind == "system" {
        let system: System = body(raw, kind).unwrap_or_default();
        return customer::changed(source, &system, &person, key, at);
    }
    let happening = happening(kind, raw, &message.errors);
    Arrived {
        event: Event {
            customer: person.addresses,
            name: person.name,
            attributes: person.attributes,
            reply_to: message.context.id,
            ..Event::new(key, at, source.account, happening)
        },
        // Only the chat was opened: nothing was said that could be answered freely.
        opens: kind != "request_welcome",
    }
}

/// Every message has an id; one that has none is not lost for it.
fn key_without_id(message: &Message, person: &Person, place: usize) -> String {
    let timestamp = message.timestamp.as_deref().unwrap_or_default();
    let from = person.addresses.first();
    let from = from.map_or("", |address| address.value.as_str());
    format!("{from}/{timestamp}/{place}")
}

fn happening(kind: &str, raw: &Value, errors: &[Problem]) -> Happening {
    let special = match kind {
        "reaction" => body(raw, kind).map(reaction),
        "edit" => body(raw, kind).map(edit),
        "revoke" => body(raw, kind).map(|it: Revoke| Happening::Withdrawn(it.original_message_id)),
        _ => None,
    };
    special.unwrap_or_else(|| Happening::Said(content(kind, raw, errors)))
}

fn reaction(it: Reaction) -> Happening {
    Happening::Reacted {
        key: it.message_id,
        emoji: it.emoji.unwrap_or_default(),
    }
}

fn edit(it: Edit) -> Happening {
    let inner = Message::deserialize(&it.message).unwrap_or_default();
    let kind = inner.kind.as_deref().unwrap_or_default();
    Happening::Edited {
        key: it.original_message_id,
        content: content(kind, &it.message, &inner.errors),
    }
}

/// What a message of this type says; a placeholder where the type or its shape is not known.
fn content(kind: &str, raw: &Value, errors: &[Problem]) -> Content {
    let known = match kind {
        "text" => body(raw, kind).and_then(text),
        "image" | "video" | "audio" | "document" | "sticker" => body(raw, kind).map(attachment),
        "location" => body(raw, kind).map(location),
        "contacts" => described::contacts(raw),
        "interactive" => body(raw, kind).and_then(interactive),
        "button" => body(raw, kind).map(button),
        "order" => body(raw, kind).map(described::order),
        "request_welcome" => Some(Content::Described {
            kind: kind.to_owned(),
            text: "The customer opened the chat.".to_owned(),
        }),
        _ => None,
    };
    known.unwrap_or_else(|| unknown(kind, raw, errors))
}

fn text(it: Text) -> Option<Content> {
    (!it.body.is_empty()).then_some(Content::Text(it.body))
}

fn attachment(it: Media) -> Content {
    let content_type = it.mime_type.as_deref().map(without_parameters);
    Content::Attachment(Attachment {
        reference: it.id,
        name: it.filename.as_deref().and_then(safe_name),
        content_type,
        size: None,
        caption: it.caption,
    })
}

/// `audio/ogg; codecs=opus` is `audio/ogg`.
fn without_parameters(mime_type: &str) -> String {
    let end = mime_type.find(';').unwrap_or(mime_type.len());
    mime_type[..end].trim().to_ascii_lowercase()
}

/// The customer chose the name: what stands behind the last separator, without control characters.
fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !c.is_control()).collect();
    let visible = visible.trim();
    let named = !visible.is_empty() && visible.chars().any(|c| c != '.');
    named.then(|| visible.to_owned())
}

fn location(it: Place) -> Content {
    Content::Location(Location {
        latitude: it.latitude,
        longitude: it.longitude,
        name: it.name,
        street: it.address,
    })
}

fn interactive(it: Interactive) -> Option<Content> {
    if let Some(reply) = it.button_reply.or(it.list_reply) {
        return Some(Content::Chosen {
            id: reply.id,
            title: reply.title,
        });
    }
    if let Some(reply) = it.nfm_reply {
        return Some(described::flow(&reply));
    }
    let permission = it.call_permission_reply?;
    Some(Content::Described {
        kind: it.kind.unwrap_or_default(),
        text: format!("Asked for permission to call: {}", permission.response),
    })
}

fn button(it: Button) -> Content {
    Content::Chosen {
        id: it.payload.unwrap_or_else(|| it.text.clone()),
        title: it.text,
    }
}

fn unknown(kind: &str, raw: &Value, errors: &[Problem]) -> Content {
    if errors
        .iter()
        .any(|error| error.code == Some(NOT_DOWNLOADED))
    {
        return Content::Unknown("a file that WhatsApp could not pass on".to_owned());
    }
    let inner: Unsupported = body(raw, "unsupported").unwrap_or_default();
    let name = match (kind, inner.kind) {
        ("", _) => "message without a type".to_owned(),
        ("unsupported" | "unknown", Some(inner)) => inner,
        (kind, _) => kind.to_owned(),
    };
    Content::Unknown(name.chars().take(KIND_CHARACTERS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_holds_no_path_and_no_control_character() {
        assert_eq!(safe_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(safe_name("C:\\a\\b c.pdf").as_deref(), Some("b c.pdf"));
        assert_eq!(safe_name("x\u{0}\n.txt").as_deref(), Some("x.txt"));
        for nothing in ["", "..", "a/", " "] {
            assert_eq!(safe_name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_media_type_loses_its_parameters() {
        assert_eq!(without_parameters("audio/ogg; codecs=opus"), "audio/ogg");
        assert_eq!(without_parameters("IMAGE/JPEG"), "image/jpeg");
    }
}
