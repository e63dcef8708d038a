//! What Meta sends: JSON as structs, nothing else. Sources: Meta's webhook reference for WhatsApp (2026) and its
//! published OpenAPI description.
//!
//! Meta adds fields without notice, and leaves out what was always there: every field may be absent, and a field of
//! another shape counts as absent. So one odd element never costs the others.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A webhook call. `entry` elements stay raw, to be read one by one.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) object: String,
    #[serde(default)]
    pub(crate) entry: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    /// The WhatsApp Business Account.
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) changes: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    #[serde(deserialize_with = "text")]
    pub(crate) field: Option<String>,
    pub(crate) value: Value,
}

/// The `value` of a change: one list as a rule, several are possible.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct News {
    #[serde(deserialize_with = "lenient")]
    pub(crate) metadata: Metadata,
    #[serde(deserialize_with = "each")]
    pub(crate) contacts: Vec<Contact>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) messages: Vec<Value>,
    #[serde(deserialize_with = "each")]
    pub(crate) statuses: Vec<Status>,
    #[serde(deserialize_with = "each")]
    pub(crate) errors: Vec<Problem>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message_echoes: Vec<Value>,
    #[serde(deserialize_with = "each")]
    pub(crate) user_preferences: Vec<Preference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata {
    #[serde(deserialize_with = "text")]
    pub(crate) phone_number_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    #[serde(deserialize_with = "lenient")]
    pub(crate) profile: Profile,
    #[serde(deserialize_with = "text")]
    pub(crate) wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) username: Option<String>,
}

/// What all messages have; their content stands under the name of their type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    /// The number, or since 2026 in some feeds the BSUID.
    #[serde(deserialize_with = "text")]
    pub(crate) from: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) from_user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) group_id: Option<String>,
    /// Seconds, as text.
    #[serde(deserialize_with = "text")]
    pub(crate) timestamp: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) context: Context,
    #[serde(deserialize_with = "lenient")]
    pub(crate) referral: Referral,
    #[serde(deserialize_with = "each")]
    pub(crate) errors: Vec<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) referred_product: ReferredProduct,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReferredProduct {
    #[serde(deserialize_with = "text")]
    pub(crate) catalog_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) product_retailer_id: Option<String>,
}

/// The advertisement or post that brought the customer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Referral {
    #[serde(deserialize_with = "text")]
    pub(crate) source_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) source_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) source_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) headline: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) ctwa_clid: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) timestamp: Option<String>,
    /// In groups every participant has a status of their own.
    #[serde(alias = "recipient_participant_user_id", deserialize_with = "text")]
    pub(crate) recipient_participant_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) biz_opaque_callback_data: Option<String>,
    #[serde(deserialize_with = "each")]
    pub(crate) errors: Vec<Problem>,
}

/// A customer's wish about a category of messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Preference {
    #[serde(deserialize_with = "text")]
    pub(crate) wa_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) category: Option<String>,
    /// `stop`, `resume`, `signup`.
    #[serde(deserialize_with = "text")]
    pub(crate) value: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) timestamp: Option<String>,
}

/// An error, in an answer or in a webhook.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// 0 is a code.
    pub(crate) code: Option<u32>,
    #[serde(deserialize_with = "text")]
    pub(crate) title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) message: Option<String>,
    pub(crate) is_transient: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(crate) fbtrace_id: Option<String>,
}

/// An answer of 4xx or 5xx.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    #[serde(deserialize_with = "lenient")]
    pub(crate) error: Problem,
}

/// `POST …/messages`.
#[derive(Debug, Deserialize)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<Id>,
}

/// `POST …/media`, and an element of [`Taken`].
#[derive(Debug, Deserialize)]
pub(crate) struct Id {
    pub(crate) id: String,
}

/// `GET /{media_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct MediaPlace {
    pub(crate) url: String,
    /// Text in the description, a number in some answers.
    #[serde(default, deserialize_with = "text")]
    pub(crate) file_size: Option<String>,
}

/// `GET /{phone_number_id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Number {
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) display_phone_number: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    #[serde(deserialize_with = "text")]
    pub(crate) quality_rating: Option<String>,
    /// `VERIFIED`, `NOT_VERIFIED`, `EXPIRED`.
    #[serde(deserialize_with = "text")]
    pub(crate) code_verification_status: Option<String>,
    /// `CONNECTED`, `FLAGGED`, `RESTRICTED`, `DISCONNECTED`…
    #[serde(deserialize_with = "text")]
    pub(crate) status: Option<String>,
}

/// Milliseconds since 1970; `None` if it is no plausible number of seconds.
pub(crate) fn millis(timestamp: Option<&str>) -> Option<u64> {
    const SECONDS_MAX: u64 = (1 << 53) / 1_000 - 1;
    let seconds: u64 = timestamp?.trim().parse().ok()?;
    (seconds <= SECONDS_MAX).then_some(seconds * 1_000)
}

/// A text or number, `None` for anything else and for the empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    })
}

/// Nothing where the shape is another.
pub(crate) fn lenient<'de, T: DeserializeOwned + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// The elements that have the shape.
pub(crate) fn each<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let elements: Vec<Value> = lenient(deserializer)?;
    Ok(elements
        .into_iter()
        .filter_map(|element| T::deserialize(element).ok())
        .collect())
}
