//! What Vonage sends and answers. Sources: reference of the Vonage SDKs and webhooks.

use serde::Deserialize;
use serde_json::Value;

/// The answer to `sms/json`; status 200 whatever happened.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    /// One a part that goes over the air.
    #[serde(default)]
    pub(crate) messages: Vec<SentPart>,
}

/// What became of one part.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SentPart {
    /// `"0"` is taken; a number in digits.
    pub(crate) status: Number,
    pub(crate) message_id: Option<String>,
    pub(crate) error_text: Option<String>,
}

/// A number that is written as text as a rule.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Text(String),
    Number(u32),
}

impl Number {
    /// `None` if it is none.
    pub(crate) fn get(&self) -> Option<u32> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}

/// `account/get-balance`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    /// In euros.
    pub(crate) value: f64,
    #[serde(default)]
    pub(crate) auto_reload: bool,
}

/// A webhook of the Messages API: a message or, with `status`, what became of one of ours.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) message_uuid: String,
    #[serde(default)]
    pub(crate) to: Option<String>,
    #[serde(default)]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) timestamp: Option<String>,
    #[serde(default)]
    pub(crate) message_type: Option<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) client_ref: Option<String>,
    #[serde(default)]
    pub(crate) error: Option<Problem>,
}

/// `problem+json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    /// A code in digits, or words.
    #[serde(default)]
    pub(crate) title: Option<Value>,
    #[serde(default)]
    pub(crate) detail: Option<String>,
}
