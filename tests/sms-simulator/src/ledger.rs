//! What happened, in order: the truth that tests compare the connector's work with.

use std::sync::Arc;

use serde::Serialize;

pub use stand_in::WebhookAnswer;

/// Everything the stand-in took and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Messages the connector sent, in the order in which they were accepted.
    pub messages: Vec<Arc<SentMessage>>,
    /// Messages customers sent, in the order in which they began.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Refused sends: Twilio's error code and the number they were for.
    pub refused: Vec<(u32, String)>,
}

impl Ledger {
    /// The bodies sent to one number, in acceptance order.
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
    /// `SM…`, or `MM…` with pictures.
    pub sid: String,
    /// The customer's number.
    pub to: String,
    /// The account's number.
    pub from: String,
    /// The text, character for character.
    pub body: String,
    /// The pictures, fetched shortly after acceptance.
    pub media: Vec<SentMedia>,
    /// Where the connector wants to hear of its fate.
    pub status_callback: Option<String>,
    /// Accepted at, milliseconds since 1970.
    pub at_ms: u64,
    /// `queued`, then `sent`, `delivered`, `undelivered` or `failed`.
    pub status: String,
    /// Why it was not delivered.
    pub error_code: Option<u32>,
    /// Each status callback posted: the status it told and what came back.
    pub callbacks: Vec<(String, WebhookAnswer)>,
}

/// A picture that the connector sent by URL.
#[derive(Debug, Clone, Serialize)]
pub struct SentMedia {
    /// As the connector wrote it.
    pub url: String,
    /// Filled once Twilio fetched it.
    pub fetched: Option<Result<FetchedMedia, String>>,
}

/// What was found behind a picture's URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FetchedMedia {
    /// Lower-case hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// As the server named it, empty when it did not.
    pub content_type: String,
}

/// One message from a customer to the connector.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// The key by which the connector knows a repeat.
    pub sid: String,
    /// The customer's number.
    pub from: String,
    /// What the customer wrote.
    pub body: String,
    /// Sent at, milliseconds since 1970.
    pub at_ms: u64,
    /// One for each post of the webhook, repeats included.
    pub answers: Vec<WebhookAnswer>,
}
