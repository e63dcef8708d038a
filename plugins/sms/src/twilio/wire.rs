//! What Twilio answers: JSON as structs, nothing else. Source: reference of the Twilio SDKs.

use serde::Deserialize;

/// `Messages.json` in answer to a send, and each of a list. Only `sid` is certain.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) body: Option<String>,
    /// `inbound`, `outbound-api`, `outbound-call`, `outbound-reply`.
    pub(crate) direction: Option<String>,
    /// RFC 2822.
    pub(crate) date_created: Option<String>,
}

/// `GET Messages.json`, newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct MessagePage {
    pub(crate) messages: Vec<Message>,
}

/// An answer of 4xx or 5xx.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: Option<u32>,
    pub(crate) message: Option<String>,
}

/// `GET IncomingPhoneNumbers.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct NumberPage {
    pub(crate) incoming_phone_numbers: Vec<Number>,
}

/// A number of the account.
#[derive(Debug, Deserialize)]
pub(crate) struct Number {
    pub(crate) phone_number: Option<String>,
    #[serde(default)]
    pub(crate) capabilities: Capabilities,
}

/// What a number can.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Capabilities {
    pub(crate) sms: Option<bool>,
}

/// `GET SMS/ShortCodes.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct ShortCodePage {
    pub(crate) short_codes: Vec<ShortCode>,
}

/// A short code of the account.
#[derive(Debug, Deserialize)]
pub(crate) struct ShortCode {
    pub(crate) short_code: Option<String>,
}

/// `GET Accounts/{sid}.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) friendly_name: Option<String>,
    /// `active`, `suspended`, `closed`.
    pub(crate) status: Option<String>,
    /// `Trial`, `Full`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}
