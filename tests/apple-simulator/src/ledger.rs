//! What happened, in order: the truth that tests compare the connector's work with.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

pub use stand_in::WebhookAnswer;

/// Everything the stand-in took and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Messages the connector sent, in the order in which they were accepted. Typing is apart.
    pub messages: Vec<Arc<SentMessage>>,
    /// Messages customers sent, in the order in which they began. Typing is among them.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Calls that were refused.
    pub refused: Vec<Refused>,
    /// Typing signs: the customer's id, and whether typing began.
    pub typing: Vec<(String, bool)>,
    /// Ids of messages that came again and were dropped.
    pub repeated: Vec<String>,
    /// Names of customers' files that the connector fetched, one a fetch.
    pub fetched: Vec<String>,
}

impl Ledger {
    /// The texts sent to one customer, in acceptance order; of choices, what stands above them.
    pub fn bodies_to(&self, to: &str) -> Vec<&str> {
        self.messages
            .iter()
            .filter(|message| message.to == to)
            .map(|message| message.body.as_str())
            .collect()
    }
}

/// One message from the connector to a customer.
#[derive(Debug, Clone, Serialize)]
pub struct SentMessage {
    /// The connector's id of it.
    pub id: String,
    /// Which business spoke.
    pub from: String,
    /// The customer's id.
    pub to: String,
    /// `text`, `interactive`, `richLink`.
    pub kind: String,
    /// The text, character for character, marks for files included; of choices, what stands above them.
    pub body: String,
    /// Decrypted.
    pub files: Vec<SentFile>,
    /// `interactiveData` as sent.
    pub interactive: Option<Value>,
    /// A bot or a configured text, as the connector says.
    pub auto_reply: bool,
    /// Accepted at, milliseconds since 1970.
    pub at_ms: u64,
}

/// A file that the connector sent, with its clear bytes' digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentFile {
    /// As the message names it.
    pub name: String,
    /// As the message names it.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex, of the clear bytes.
    pub sha256: String,
    /// The key as the message names it: no two files may share one.
    pub key: String,
}

/// One message from a customer to the connector.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// The key by which the connector knows a repeat.
    pub id: String,
    /// The customer's id.
    pub from: String,
    /// `text`, `interactive`, `typing_start`, `typing_end`, `close`, or what the test said.
    pub kind: String,
    /// What the customer wrote.
    pub body: String,
    /// One for each post of the webhook, repeats included.
    pub answers: Vec<WebhookAnswer>,
}

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// Why.
    pub why: String,
    /// The customer it was for; empty where it was for none.
    pub to: String,
}
