//! What happened, in order: the truth that tests compare the connector's work with.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

pub use stand_in::WebhookAnswer;

/// Everything the stand-in took and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Messages the connector sent, in the order in which they were accepted.
    pub messages: Vec<Arc<SentMessage>>,
    /// Messages customers sent, in the order in which they began.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Read marks and typing signs, in order.
    pub signals: Vec<Signal>,
    /// Refused calls: Meta's code and the customer's number, empty where there is none.
    pub refused: Vec<(u32, String)>,
    /// How often each file of a customer was fetched, by media id, in the order of the first time.
    pub fetched: Vec<(String, u32)>,
}

impl Ledger {
    /// What a customer reads, in the order of acceptance.
    pub fn bodies_to(&self, number: &str) -> Vec<&str> {
        self.messages_to(number)
            .map(|message| message.body.as_str())
            .collect()
    }

    /// The messages to one customer, in the order of acceptance.
    pub fn messages_to(&self, number: &str) -> impl Iterator<Item = &SentMessage> {
        self.messages
            .iter()
            .map(AsRef::as_ref)
            .filter(move |message| message.to == number)
    }
}

/// One message from the connector to a customer.
#[derive(Debug, Clone, Serialize)]
pub struct SentMessage {
    /// `wamid.…`
    pub id: String,
    /// The id of the number it was sent from.
    pub from: String,
    /// The customer's number, however the connector addressed them.
    pub to: String,
    /// The connector addressed the BSUID.
    pub by_bsuid: bool,
    /// `text`, `image`, `interactive`, `template`…
    pub kind: String,
    /// What the customer reads: text, caption, the body of an interactive message, the values of a template, joined by
    /// spaces.
    pub body: String,
    /// The titles of buttons or rows.
    pub choices: Vec<String>,
    /// The file, if it is one.
    pub file: Option<SentFile>,
    /// `biz_opaque_callback_data`.
    pub callback_data: Option<String>,
    /// As it came.
    pub raw: Value,
    /// Accepted at, milliseconds since 1970.
    pub at_ms: u64,
    /// Each status reported, and what came back.
    pub statuses: Vec<(String, WebhookAnswer)>,
}

/// A file the connector uploaded, or offered by link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentFile {
    /// As the connector named it.
    pub name: String,
    /// As the connector named it, or as the link's server did.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// A read mark or typing sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// The customer's message that it marks.
    pub message_id: String,
    /// With a typing sign.
    pub typing: bool,
}

/// One message from a customer to the connector.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// The key by which the connector knows a repeat.
    pub id: String,
    /// The customer's number, also if they hide it.
    pub from: String,
    /// What the customer wrote, or the kind of message.
    pub body: String,
    /// One for each post of the webhook, repeats included.
    pub answers: Vec<WebhookAnswer>,
}
