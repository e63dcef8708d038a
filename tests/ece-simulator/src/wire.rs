//! The JSON and XML of family M: requests as clients write them, callbacks as ECE writes them.
//!
//! Reading is lenient where clients are known to differ: ids may be numbers or strings, `type` an
//! object or a plain word, unknown members are ignored.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::clock::now_ms;

/// `POST …/messaging/sendmessage`.
#[derive(Debug, Deserialize)]
pub(crate) struct SendMessage {
    pub(crate) conversation: ConversationId,
    #[serde(rename = "type", deserialize_with = "valued")]
    pub(crate) kind: String,
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) attachments: Option<Attachments>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ConversationId {
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attachments {
    #[serde(default)]
    pub(crate) attachment: Vec<Attachment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    #[serde(default)]
    pub(crate) file_name: String,
    #[serde(default)]
    pub(crate) content_type: String,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) size: String,
    #[serde(default, alias = "url", alias = "href")]
    pub(crate) content_url: String,
}

/// The body of an end call; the reference infers `{"id"}`.
#[derive(Debug, Deserialize)]
pub(crate) struct EndConversation {
    #[serde(default, deserialize_with = "maybe_text_or_number")]
    pub(crate) id: Option<String>,
    pub(crate) conversation: Option<ConversationId>,
}

/// `POST …/messaging/conversation/start`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartConversation {
    pub(crate) entry_point_configuration: EntryPointConfiguration,
    #[serde(default)]
    pub(crate) activity: Activity,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryPointConfiguration {
    pub(crate) entry_point: ConversationId,
    pub(crate) last_modified: Option<LastModified>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LastModified {
    pub(crate) date: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activity {
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) custom_attributes: CustomAttributes,
    #[serde(default)]
    pub(crate) customer: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomAttributes {
    #[serde(default)]
    pub(crate) custom_attribute: Vec<CustomAttribute>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomAttribute {
    pub(crate) attrib_name: String,
    #[serde(default)]
    pub(crate) attrib_values: AttribValues,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttribValues {
    #[serde(default)]
    pub(crate) attrib_value: Vec<Valued>,
}

/// An enumeration, or any value, as ECE wraps it: `{"value": "…"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Valued {
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) value: String,
}

impl CustomAttributes {
    pub(crate) fn pairs(self) -> Vec<(String, Vec<String>)> {
        let values = |attribute: AttribValues| {
            attribute
                .attrib_value
                .into_iter()
                .map(|v| v.value)
                .collect()
        };
        self.custom_attribute
            .into_iter()
            .map(|one| (one.attrib_name, values(one.attrib_values)))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

impl TextOrNumber {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    TextOrNumber::deserialize(from).map(TextOrNumber::text)
}

fn maybe_text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<TextOrNumber>::deserialize(from)?.map(TextOrNumber::text))
}

fn valued<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Object(Valued),
        Word(String),
    }
    Ok(match Either::deserialize(from)? {
        Either::Object(valued) => valued.value,
        Either::Word(word) => word,
    })
}

/// Whether a member with "typing" in its name asks for typing events, wherever it stands.
pub(crate) fn asks_for_typing(body: &Value) -> bool {
    let means_yes = |value: &Value| match value.get("value").unwrap_or(value) {
        Value::Bool(yes) => *yes,
        Value::String(text) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "enabled"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    };
    match body {
        Value::Object(members) => members.iter().any(|(name, value)| {
            (name.to_lowercase().contains("typing") && means_yes(value)) || asks_for_typing(value)
        }),
        Value::Array(items) => items.iter().any(asks_for_typing),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// One message of a callback.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackMessage {
    conversation: Conversation,
    #[serde(rename = "type")]
    pub(crate) kind: Valued,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transfer_type: Option<String>,
    sender: Sender,
    time_stamp: u64,
    pub(crate) id: String,
}

#[derive(Debug, Clone, Serialize)]
struct Conversation {
    id: String,
}

/// Who caused an event.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sender {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Value>,
}

impl Sender {
    pub(crate) fn system() -> Self {
        Self {
            kind: "system",
            user: None,
        }
    }

    pub(crate) fn user(user: Option<Value>) -> Self {
        Self { kind: "user", user }
    }
}

impl CallbackMessage {
    /// Happening now; the id is given later.
    pub(crate) fn new(
        conversation: &str,
        kind: String,
        content: Option<String>,
        sender: Sender,
    ) -> Self {
        Self {
            conversation: Conversation {
                id: conversation.to_owned(),
            },
            kind: Valued { value: kind },
            content,
            attachments: None,
            transfer_type: None,
            sender,
            time_stamp: now_ms(),
            id: String::new(),
        }
    }

    pub(crate) fn attach(&mut self, file: &Value) {
        self.attachments = Some(json!({"attachment": [file]}));
    }

    /// INFERRED: no real XML callback is public.
    fn write_xml(&self, into: &mut String) {
        let _ = write!(
            into,
            "<message><id>{}</id><conversation id=\"{}\"/><type><value>{}</value></type>",
            self.id,
            xml_escaped(&self.conversation.id),
            xml_escaped(&self.kind.value),
        );
        let _ = write!(into, "<sender><type>{}</type>", self.sender.kind);
        if let Some(user) = &self.sender.user {
            write_xml_members("user", user, into);
        }
        into.push_str("</sender>");
        if let Some(content) = &self.content {
            let _ = write!(into, "<content>{}</content>", xml_escaped(content));
        }
        if let Some(attachments) = &self.attachments {
            write_xml_members("attachments", attachments, into);
        }
        if let Some(kind) = &self.transfer_type {
            let _ = write!(into, "<transferType>{kind}</transferType>");
        }
        let _ = write!(into, "<timeStamp>{}</timeStamp></message>", self.time_stamp);
    }
}

/// A batch as one JSON document (SEEN: the root member is `message`, an array).
pub(crate) fn callback_json(messages: &[CallbackMessage]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Root<'a> {
        message: &'a [CallbackMessage],
    }
    // Only maps with keys that are no strings, and failing writers, can fail.
    serde_json::to_vec(&Root { message: messages }).unwrap_or_default()
}

/// A batch as one XML document.
pub(crate) fn callback_xml(messages: &[CallbackMessage]) -> Vec<u8> {
    let namespace = "http://bindings.egain.com/ws/model/v19/gen/clientapplications/messaging";
    let mut document =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><messages xmlns=\"{namespace}\">");
    for message in messages {
        message.write_xml(&mut document);
    }
    document.push_str("</messages>");
    document.into_bytes()
}

fn write_xml_members(name: &str, value: &Value, into: &mut String) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| write_xml_members(name, item, into)),
        Value::Object(members) => {
            let _ = write!(into, "<{name}>");
            members
                .iter()
                .for_each(|(name, value)| write_xml_members(name, value, into));
            let _ = write!(into, "</{name}>");
        }
        Value::String(text) => {
            let _ = write!(into, "<{name}>{}</{name}>", xml_escaped(text));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(into, "<{name}>{value}</{name}>");
        }
    }
}

/// Text as XML 1.0 can hold it: what it cannot hold at all becomes U+FFFD.
pub(crate) fn xml_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}
