//! What stands under a message's type: JSON as structs, nothing else. Source: Meta's reference of the `messages` webhook.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{each, lenient, text};

#[derive(Debug, Deserialize)]
pub(crate) struct Text {
    pub(crate) body: String,
}

/// Picture, video, audio, document, sticker.
#[derive(Debug, Deserialize)]
pub(crate) struct Media {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) mime_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) filename: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) caption: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Interactive {
    #[serde(deserialize_with = "lenient")]
    pub(crate) button_reply: Option<Reply>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) list_reply: Option<Reply>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) nfm_reply: Option<FlowReply>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) call_permission_reply: Option<CallPermission>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
}

/// The answer of a WhatsApp Flow.
#[derive(Debug, Deserialize)]
pub(crate) struct FlowReply {
    #[serde(default, deserialize_with = "text")]
    pub(crate) body: Option<String>,
    /// JSON inside a string; not always an object.
    #[serde(default, deserialize_with = "text")]
    pub(crate) response_json: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CallPermission {
    pub(crate) response: String,
}

/// A tap on a template's quick reply button.
#[derive(Debug, Deserialize)]
pub(crate) struct Button {
    pub(crate) text: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) payload: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reaction {
    #[serde(deserialize_with = "text")]
    pub(crate) message_id: Option<String>,
    /// Empty or absent when taken back.
    #[serde(deserialize_with = "text")]
    pub(crate) emoji: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edit {
    pub(crate) original_message_id: String,
    #[serde(default)]
    pub(crate) message: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Revoke {
    pub(crate) original_message_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Unsupported {
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
}

/// A change of the customer's identity.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct System {
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    /// The new number. Older payloads: `new_wa_id`.
    #[serde(alias = "new_wa_id", deserialize_with = "text")]
    pub(crate) wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) previous_user_id: Option<String>,
}

/// A contact card: vCard as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Card {
    #[serde(deserialize_with = "lenient")]
    pub(crate) name: CardName,
    #[serde(deserialize_with = "each")]
    pub(crate) phones: Vec<Phone>,
    #[serde(deserialize_with = "each")]
    pub(crate) emails: Vec<Email>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) org: Organisation,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CardName {
    #[serde(deserialize_with = "text")]
    pub(crate) formatted_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) first_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) last_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Phone {
    #[serde(deserialize_with = "text")]
    pub(crate) phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) wa_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Email {
    #[serde(deserialize_with = "text")]
    pub(crate) email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Organisation {
    #[serde(deserialize_with = "text")]
    pub(crate) company: Option<String>,
}

/// What a customer ordered from the catalogue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Order {
    #[serde(deserialize_with = "text")]
    pub(crate) text: Option<String>,
    #[serde(deserialize_with = "each")]
    pub(crate) product_items: Vec<ProductItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProductItem {
    #[serde(deserialize_with = "text")]
    pub(crate) product_retailer_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) quantity: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) item_price: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) currency: Option<String>,
}

/// What stands under the message's type, if it has the shape that the type has.
pub(crate) fn body<T: DeserializeOwned>(message: &Value, kind: &str) -> Option<T> {
    T::deserialize(message.get(kind)?).ok()
}
