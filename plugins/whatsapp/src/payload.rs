//! Bodies of `POST …/messages`.

use serde_json::{Value, json};
use trunkline_plugin::SendError;
use trunkline_plugin::channel::Outbound;

use crate::customer::{BSUID, GROUP, WA_ID};
use crate::files::Kind;

/// Meta's limit for what it gives back with every status.
const CALLBACK_DATA_MAX: usize = 512;

/// To whom, and how that is said.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Recipient<'a> {
    Number(&'a str),
    Bsuid(&'a str),
    Group(&'a str),
}

/// The customer's strongest address.
pub(crate) fn recipient(message: &Outbound) -> Result<Recipient<'_>, SendError> {
    let known = message.customer.iter().find_map(|address| {
        let value = address.value.as_str();
        match address.kind.as_str() {
            BSUID => Some(Recipient::Bsuid(value)),
            WA_ID => Some(Recipient::Number(value)),
            GROUP => Some(Recipient::Group(value)),
            _ => None,
        }
    });
    known.ok_or_else(|| {
        SendError::Refused("the customer has no WhatsApp address on this channel".to_owned())
    })
}

/// A message of this type with this content.
pub(crate) fn message(to: Recipient<'_>, delivery: &str, kind: &str, content: Value) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "type": kind});
    let (recipient_type, key, value) = match to {
        Recipient::Number(number) => ("individual", "to", number),
        Recipient::Bsuid(bsuid) => ("individual", "recipient", bsuid),
        Recipient::Group(id) => ("group", "to", id),
    };
    body["recipient_type"] = recipient_type.into();
    body[key] = value.into();
    body[kind] = content;
    if delivery.chars().count() <= CALLBACK_DATA_MAX {
        body["biz_opaque_callback_data"] = delivery.into();
    }
    body
}

pub(crate) fn text(body: &str) -> Value {
    let link = body.contains("https://") || body.contains("http://");
    json!({"body": body, "preview_url": link})
}

/// An uploaded file.
pub(crate) fn media(kind: Kind, id: &str, name: &str, caption: Option<&str>) -> Value {
    let mut media = json!({"id": id});
    if kind == Kind::Document {
        media["filename"] = name.into();
    }
    if let Some(caption) = caption {
        media["caption"] = caption.into();
    }
    media
}

/// An approved template with values for the placeholders of its body.
pub(crate) fn template<'a>(
    name: &str,
    language: &str,
    values: impl IntoIterator<Item = &'a str>,
) -> Value {
    let parameters: Vec<_> = values
        .into_iter()
        .map(|value| json!({"type": "text", "text": value}))
        .collect();
    let mut template = json!({"name": name, "language": {"code": language}});
    if !parameters.is_empty() {
        template["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    template
}

/// Marks this message and all before it as read; with `typing` also shows the typing sign, for 25 seconds or until the
/// next message.
pub(crate) fn read_mark(message_id: &str, typing: bool) -> Value {
    let mut mark = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
    });
    if typing {
        mark["typing_indicator"] = json!({"type": "text"});
    }
    mark
}
