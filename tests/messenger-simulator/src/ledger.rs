//! What happened, in order: the truth that tests compare the connector's work with.

use std::sync::Arc;

use serde::Serialize;

/// Everything the stand-in took and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Messages the connector sent, in the order in which they were accepted.
    pub messages: Vec<Arc<SentMessage>>,
    /// Signs the connector sent: Page, customer, and `typing_on`, `typing_off` or `mark_seen`.
    pub signs: Vec<(String, String, String)>,
    /// Messages customers sent, in the order in which they began.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Refused sends: code, subcode (0 for none), and the customer they were for.
    pub refused: Vec<(u32, u32, String)>,
    /// How often each customer's profile was asked for.
    pub profiles_asked: Vec<String>,
}

impl Ledger {
    /// What one customer of a Page reads, in acceptance order: texts, and files by their name in brackets.
    pub fn texts_to(&self, page: &str, to: &str) -> Vec<String> {
        self.to(page, to).map(SentMessage::line).collect()
    }

    /// Messages to one customer of a Page, in acceptance order.
    pub fn to<'a>(&'a self, page: &'a str, to: &'a str) -> impl Iterator<Item = &'a SentMessage> {
        let messages = self.messages.iter().map(AsRef::as_ref);
        messages.filter(move |message: &&SentMessage| message.page == page && message.to == to)
    }
}

/// One message from the connector to a customer.
#[derive(Debug, Clone, Serialize)]
pub struct SentMessage {
    /// `m_…`.
    pub mid: String,
    /// Which Page sent it.
    pub page: String,
    /// The customer: a PSID, or the `user_ref` of who has not written yet.
    pub to: String,
    /// The text, character for character; of buttons what stands above them.
    pub text: Option<String>,
    /// Buttons or quick replies: title and payload.
    pub choices: Vec<(String, String)>,
    /// Buttons and quick replies come back in different ways.
    pub as_buttons: bool,
    /// The file that came along.
    pub file: Option<SentFile>,
    /// `HUMAN_AGENT` on a late message.
    pub tag: Option<String>,
    /// What the echo brings back.
    pub metadata: Option<String>,
    /// Accepted at, milliseconds since 1970.
    pub at_ms: u64,
    /// Each webhook posted about it: `echo`, `delivery` or `read`, and what came back.
    pub reports: Vec<(String, WebhookAnswer)>,
}

impl SentMessage {
    /// What the customer reads.
    pub fn line(&self) -> String {
        match (&self.text, &self.file) {
            (Some(text), _) => text.clone(),
            (None, Some(file)) => format!("[{}]", file.name),
            (None, None) => String::new(),
        }
    }
}

/// A file that the connector uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentFile {
    /// `image`, `audio`, `video` or `file`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its media type, as the part of the form says.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// One message from a customer to the connector.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// The key by which the connector knows a repeat.
    pub mid: String,
    /// To which Page.
    pub page: String,
    /// The customer's PSID.
    pub from: String,
    /// One for each post of the webhook, repeats included; none while the Page is not subscribed.
    pub answers: Vec<WebhookAnswer>,
}

/// What came back from a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAnswer {
    /// An HTTP status.
    Status(u16),
    /// No answer: the reason.
    Failed(String),
    /// The Page is not subscribed to such events: nothing was posted.
    NotSubscribed,
}
