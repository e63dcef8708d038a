//! The customers' side: messages that reach the connector as signed webhooks.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::clock::now_ms;
use crate::ledger::{ReceivedMessage, WebhookAnswer};
use crate::media;
use crate::signature::sign;
use crate::state::{Shared, bsuid_of};
use crate::webhook::{SignedBody, envelope, value};

/// What a customer sends, and what goes wrong on its way. Begin with [`CustomerMessage::text`] or
/// [`CustomerMessage::new`].
#[derive(Debug, Clone)]
pub struct CustomerMessage {
    /// The customer's number: digits.
    pub from: String,
    /// What.
    pub said: Said,
    /// The id to use; a fresh one when absent. Naming an old one repeats that message.
    pub id: Option<String>,
    /// The id of the message it answers.
    pub reply_to: Option<String>,
    /// To which of the account's numbers, by id; the main one when absent.
    pub account: Option<String>,
    /// How often the webhook is posted again, with the same id, after it was taken.
    pub duplicates: u32,
    /// What is broken about the webhook.
    pub tamper: Tamper,
    /// Added to the message's object.
    pub extra: Map<String, Value>,
}

/// What a customer does.
#[derive(Debug, Clone)]
pub enum Said {
    /// Writes.
    Text(String),
    /// Sends a file; as picture, video, voice message, sticker or document by its type.
    File(CustomerFile, Option<String>),
    /// Sends a place: latitude, longitude, name.
    Location(f64, f64, String),
    /// Taps a button: id, title.
    Button(String, String),
    /// Picks a row of a list: id, title.
    Row(String, String),
    /// Taps a template's button: payload, text.
    TemplateButton(String, String),
    /// Reacts to a message: its id, the emoji.
    Reaction(String, String),
    /// Anything else: type and content.
    Other(String, Value),
}

impl CustomerMessage {
    /// The customer does this.
    pub fn new(from: impl Into<String>, said: Said) -> Self {
        Self {
            from: from.into(),
            said,
            id: None,
            reply_to: None,
            account: None,
            duplicates: 0,
            tamper: Tamper::Nothing,
            extra: Map::new(),
        }
    }

    /// The customer writes this.
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new(from, Said::Text(body.into()))
    }
}

/// A customer's file: bytes in hand, or a beginning followed by filler up to a size, which is made while it is sent.
#[derive(Debug, Clone)]
pub struct CustomerFile {
    /// For instance `image/jpeg`.
    pub content_type: String,
    /// Of documents.
    pub name: Option<String>,
    head: Bytes,
    size: u64,
}

/// What a large file is made of.
static FILLER: [u8; 64 * 1024] = [b'.'; 64 * 1024];

impl CustomerFile {
    /// These bytes.
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let head = bytes.into();
        Self {
            content_type: content_type.into(),
            name: None,
            size: head.len() as u64,
            head,
        }
    }

    /// A file of this size that begins so and goes on with dots; never whole in memory.
    pub fn of_size(content_type: impl Into<String>, head: impl Into<Bytes>, size: u64) -> Self {
        let file = Self::new(content_type, head);
        Self {
            size: size.max(file.size),
            ..file
        }
    }

    /// With this name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes.
    pub fn sha256(&self) -> [u8; 32] {
        let hash = self
            .clone()
            .into_pieces()
            .fold(Sha256::new(), |hash, piece| hash.chain_update(&piece));
        hash.finalize().into()
    }

    pub(crate) fn into_pieces(self) -> impl Iterator<Item = Bytes> + Send {
        let mut left = self.size.saturating_sub(self.head.len() as u64);
        let filler = std::iter::from_fn(move || {
            let length = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(FILLER.len());
            left -= length as u64;
            (length > 0).then(|| Bytes::from_static(&FILLER).slice(..length))
        });
        std::iter::once(self.head).chain(filler)
    }

    fn kind(&self) -> &'static str {
        match self.content_type.split('/').next() {
            _ if self.content_type == "image/webp" => "sticker",
            Some("image") => "image",
            Some("audio") => "audio",
            Some("video") => "video",
            _ => "document",
        }
    }
}

/// What is broken about a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// A well-formed signature of another secret.
    BadSignature,
    /// No signature header.
    NoSignature,
    /// The body is cut in the middle; signed as cut, so it is authentic.
    Truncated,
}

/// What came of a customer's messages.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The ids of the messages.
    pub ids: Vec<String>,
    /// One answer for each post, in order; never empty.
    pub answers: Vec<WebhookAnswer>,
}

impl Receipt {
    /// The last answer's HTTP status; 0 when there was none.
    pub fn status(&self) -> u16 {
        self.answers.last().map_or(0, WebhookAnswer::status)
    }
}

/// Posts messages in one webhook, repeats and retries included. Repeats and tampering are those of the first.
pub(crate) async fn deliver(shared: &Arc<Shared>, messages: &[CustomerMessage]) -> Receipt {
    let mut changes: Vec<(String, Value)> = Vec::new();
    let (mut ids, mut places) = (Vec::new(), Vec::new());
    for message in messages {
        let id = message.id.clone().unwrap_or_else(|| shared.wamid());
        places.push(record(shared, &id, message));
        changes.push(("messages".to_owned(), change(shared, &id, message)));
        ids.push(id);
    }
    let (tamper, duplicates) = messages
        .first()
        .map_or((Tamper::Nothing, 0), |it| (it.tamper, it.duplicates));
    let body = tampered(shared, &envelope(&shared.config, changes), tamper);
    let mut answers = Vec::new();
    for _ in 0..=duplicates {
        answers.extend(body.deliver(shared).await);
    }
    shared.watched.change(|state| {
        for place in places {
            if let Some(received) = state.ledger.received.get_mut(place) {
                Arc::make_mut(received).answers.extend(answers.clone());
            }
        }
    });
    Receipt { ids, answers }
}

fn tampered(shared: &Shared, envelope: &Value, tamper: Tamper) -> SignedBody {
    let signed = SignedBody::new(&shared.config, envelope);
    match tamper {
        Tamper::Nothing => signed,
        Tamper::BadSignature => SignedBody {
            signature: Some(sign("another secret", &signed.body)),
            ..signed
        },
        Tamper::NoSignature => SignedBody {
            signature: None,
            ..signed
        },
        Tamper::Truncated => {
            let body = signed.body.slice(..signed.body.len() / 2);
            SignedBody {
                signature: Some(sign(&shared.config.app_secret, &body)),
                body,
            }
        }
    }
}

/// The customer wrote: the window is open from now on.
fn record(shared: &Shared, id: &str, message: &CustomerMessage) -> usize {
    let received = ReceivedMessage {
        id: id.to_owned(),
        from: message.from.clone(),
        body: shown(&message.said),
        answers: Vec::new(),
    };
    shared.watched.change(|state| {
        state.last_wrote.insert(message.from.clone(), now_ms());
        state.ledger.received.push(Arc::new(received));
        state.ledger.received.len() - 1
    })
}

fn shown(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::File(_, caption) => caption.clone().unwrap_or_default(),
        Said::Location(_, _, name) => name.clone(),
        Said::Button(_, title) | Said::Row(_, title) | Said::TemplateButton(_, title) => {
            title.clone()
        }
        Said::Reaction(_, emoji) => emoji.clone(),
        Said::Other(kind, _) => kind.clone(),
    }
}

fn change(shared: &Shared, id: &str, message: &CustomerMessage) -> Value {
    let account = message.account.as_deref();
    let account = account.unwrap_or(&shared.config.phone_number_id);
    let hidden = shared.state().hidden.contains(&message.from);
    let bsuid = bsuid_of(&message.from);
    let mut contact = json!({"profile": {"name": "Customer"}, "user_id": bsuid});
    let (kind, content) = content(shared, &message.said);
    let mut element = json!({
        "from_user_id": bsuid,
        "id": id,
        "timestamp": (now_ms() / 1_000).to_string(),
        "type": kind,
    });
    element[kind.as_str()] = content;
    if hidden {
        contact["profile"]["username"] = format!("customer.{bsuid}").into();
    } else {
        contact["wa_id"] = message.from.as_str().into();
        element["from"] = message.from.as_str().into();
    }
    if let Some(reply_to) = &message.reply_to {
        element["context"] = json!({"id": reply_to});
    }
    for (name, value) in &message.extra {
        element[name] = value.clone();
    }
    let mut value = value(&shared.config, account);
    value["contacts"] = json!([contact]);
    value["messages"] = json!([element]);
    value
}

fn content(shared: &Shared, said: &Said) -> (String, Value) {
    match said {
        Said::Text(text) => ("text".to_owned(), json!({"body": text})),
        Said::File(file, caption) => {
            let content = file_content(shared, file, caption.as_deref());
            (file.kind().to_owned(), content)
        }
        Said::Location(latitude, longitude, name) => (
            "location".to_owned(),
            json!({"latitude": latitude, "longitude": longitude, "name": name}),
        ),
        Said::Button(id, title) => (
            "interactive".to_owned(),
            json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}),
        ),
        Said::Row(id, title) => (
            "interactive".to_owned(),
            json!({"type": "list_reply", "list_reply": {"id": id, "title": title}}),
        ),
        Said::TemplateButton(payload, text) => (
            "button".to_owned(),
            json!({"payload": payload, "text": text}),
        ),
        Said::Reaction(message_id, emoji) => (
            "reaction".to_owned(),
            json!({"message_id": message_id, "emoji": emoji}),
        ),
        Said::Other(kind, content) => (kind.clone(), content.clone()),
    }
}

fn file_content(shared: &Shared, file: &CustomerFile, caption: Option<&str>) -> Value {
    use base64::Engine as _;
    let mut content = json!({
        "id": media::keep(shared, file),
        "mime_type": file.content_type,
        "sha256": base64::engine::general_purpose::STANDARD.encode(file.sha256()),
    });
    if file.content_type == "audio/ogg" {
        content["mime_type"] = "audio/ogg; codecs=opus".into();
        content["voice"] = true.into();
    }
    if let Some(caption) = caption.filter(|caption| !caption.is_empty()) {
        content["caption"] = caption.into();
    }
    if let Some(name) = &file.name {
        content["filename"] = name.as_str().into();
    }
    content
}
