//! One call as it was: what it was called with, what the outside answered, how it ended. With the plugin's file that is enough to run
//! it again (`replay`). A secret's value is in none of it: uses of secrets are kept with what came of them.
//!
//! A record has two halves: the frame, which holds nobody's words, and the words, which may, so the store masks every text of them.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{CallHead, PluginVersion};

use crate::guest::LogLevel;
use crate::request::Entry;
use crate::secrets::SecretError;

/// Bytes as text where they are text, so that people can read and the store can mask them; else base64.
pub(crate) mod bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Written {
        Text(String),
        Base64(String),
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Written::Text(text.to_owned()),
            Err(_) => Written::Base64(STANDARD.encode(bytes)),
        }
        .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(text.into_bytes()),
            Written::Base64(text) => STANDARD.decode(text).map_err(serde::de::Error::custom),
        }
    }
}

/// The member that stands for a list of bytes in [`readable`].
const BYTES: &str = "$bytes";

/// Lists of small numbers, as `serde` writes bytes, become text: see [`bytes`]. Exactly undone by [`unreadable`].
fn readable(value: Value) -> Value {
    match value {
        Value::Array(items) => match bytes_of(&items) {
            Some(list) => match bytes::serialize(&list, serde_json::value::Serializer) {
                Ok(written) => json!({ BYTES: written }),
                Err(_) => Value::Array(items),
            },
            None => Value::Array(items.into_iter().map(readable).collect()),
        },
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, readable(value)))
            .collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn bytes_of(items: &[Value]) -> Option<Vec<u8>> {
    if items.is_empty() {
        return None;
    }
    let one = |item: &Value| item.as_u64().and_then(|number| u8::try_from(number).ok());
    items.iter().map(one).collect()
}

fn unreadable(value: Value) -> Value {
    match value {
        Value::Object(mut members) if members.len() == 1 && members.contains_key(BYTES) => {
            let written = members.remove(BYTES).unwrap_or_default();
            match bytes::deserialize(&written) {
                Ok(list) => Value::from(list),
                Err(_) => json!({ BYTES: written }),
            }
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, unreadable(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(unreadable).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// What a call was called with, as it is kept.
pub(crate) fn arguments(call: &impl Serialize) -> Value {
    // Plain data with text for names: it always has a JSON form.
    serde_json::to_value(call).map_or(Value::Null, readable)
}

/// The reverse of [`arguments`].
///
/// # Errors
/// What does not fit.
pub(crate) fn call_of<C: DeserializeOwned>(arguments: Value) -> Result<C, String> {
    serde_json::from_value(unreadable(arguments)).map_err(|error| error.to_string())
}

/// A use of a secret, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SecretUse {
    /// `verify`, `sign` …
    pub(crate) what: String,
    /// The secret's name.
    pub(crate) secret: String,
    pub(crate) came: Result<Value, SecretError>,
}

/// A line of the plugin's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) level: LogLevel,
    pub(crate) text: String,
}

impl LogLine {
    /// Level and text.
    pub(crate) fn into_pair(self) -> (String, String) {
        (self.level.to_string(), self.text)
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It gave a result; also one that says "not taken".
    Result,
    /// It trapped, or broke a limit.
    Trap,
    /// The host could not go on with it.
    Host,
    /// A replay alone: it asks for something that the recorded call did not ask for.
    Asks,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Result => "it gave a result",
            Self::Trap => "it failed",
            Self::Host => "the host could not go on",
            Self::Asks => "it asks for what the recorded call did not",
        })
    }
}

/// What holds nobody's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub(crate) ending: Ending,
    /// A `once` request has left.
    pub(crate) once_left: bool,
    pub(crate) started: Timestamp,
    /// 32 bytes in hex.
    pub(crate) seed: String,
    pub(crate) name: String,
    pub(crate) public_url: String,
    /// A JSON object.
    pub(crate) settings: Value,
}

/// What may hold people's words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) arguments: Value,
    pub(crate) journal: Vec<Entry>,
    pub(crate) secrets: Vec<SecretUse>,
    pub(crate) log: Vec<LogLine>,
}

/// A call as the store, the admin API and files have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedCall {
    /// Whose plugin was called, when, which version, and how it ended.
    #[serde(flatten)]
    pub head: CallHead,
    /// Masking changed something.
    #[serde(default)]
    pub masked: bool,
    /// Every word of people was made unreadable, for a file that leaves the house.
    #[serde(default)]
    pub redacted: bool,
    /// The engine's; see its source.
    pub frame: Value,
    /// The engine's; see its source.
    pub words: Value,
}

impl RecordedCall {
    /// How it ended.
    pub fn ending(&self) -> Option<Ending> {
        serde_json::from_value(self.frame.get("ending")?.clone()).ok()
    }

    /// What it asked the outside, one line each: method, URL without its query, and what came.
    pub fn asked(&self) -> Vec<String> {
        let journal = self.words.get("journal").cloned().unwrap_or_default();
        let entries: Vec<Entry> = serde_json::from_value(journal).unwrap_or_default();
        entries.iter().map(Entry::summary).collect()
    }

    /// The plugin's log lines: level and text.
    pub fn log(&self) -> Vec<(String, String)> {
        let log = self.words.get("log").cloned().unwrap_or_default();
        let lines: Vec<LogLine> = serde_json::from_value(log).unwrap_or_default();
        lines.into_iter().map(LogLine::into_pair).collect()
    }

    /// Which file was called.
    pub fn version(&self) -> &PluginVersion {
        &self.head.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_anywhere_become_text_and_come_back_as_they_were() {
        for value in [
            json!({"body": [72, 105], "rest": null, "list": [[255, 0], "a", 300]}),
            json!([1, 2, 256]),
            json!([]),
            json!({"$bytes": 1}),
        ] {
            assert_eq!(unreadable(readable(value.clone())), value);
        }
        let text = readable(json!({"body": [72, 105]}));
        assert_eq!(text, json!({"body": {"$bytes": {"text": "Hi"}}}));
    }
}
