//! A recorded call for somebody outside: a bot's vendor, a channel's author. Every text that people may have written keeps its length
//! and form and loses its words: letters become x, digits 9. Names of members, methods, statuses, addresses of hosts and the plugin's own
//! settings stay, so one sees what was asked in which order and what came; a replay of it may take another way.

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::record::RecordedCall;

/// Numbers up to this one stay: lengths, indexes, statuses. Longer ones may be somebody's.
const NUMBER_KEPT: u64 = 99_999;

/// Members of the engine's own records that, where they are a plain text or number, hold the contract's words or the plugin's, never a
/// person's. `body`, `auth`, `event` and the like are plain texts only where they say "none" or "close".
const KEPT: [&str; 20] = [
    "method",
    "repeat",
    "secret",
    "what",
    "level",
    "kind",
    "content_type",
    "author",
    "delivery",
    "conversation",
    "channel",
    "channel_plugin",
    "bot",
    "at",
    "auth",
    "body",
    "event",
    "happening",
    "pushing",
    "Err",
];

impl RecordedCall {
    /// The same call without people's words; it says so in `redacted`.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        self.redacted = true;
        self.head.outcome = outcome_redacted(&self.head.outcome);
        redact(&mut self.words);
        self
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) => *text = text_redacted(text),
        Value::Number(number) => {
            if number.as_u64().is_none_or(|number| number > NUMBER_KEPT) {
                *value = Value::from(NUMBER_KEPT);
            }
        }
        Value::Array(items) => match items.as_mut_slice() {
            // A header, an attribute: its name stays.
            [Value::String(_), value @ Value::String(_)] => redact(value),
            items => items.iter_mut().for_each(redact),
        },
        Value::Object(members) => {
            let is_field = members.contains_key("name") && members.contains_key("value");
            for (name, member) in members.iter_mut() {
                let is_name = is_field && name == "name";
                let is_kept = is_name || KEPT.contains(&name.as_str());
                if name == "url"
                    && let Value::String(url) = member
                {
                    *url = url_redacted(url);
                } else if !(is_kept && is_plain(member)) {
                    redact(member);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn is_plain(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

/// A result as Rust writes it: what stands in quotes is text of somebody, the rest names of the contract. A trap's reason is the host's.
fn outcome_redacted(outcome: &str) -> String {
    let mut quoted = false;
    let mut escaped = false;
    let one = |char: char| {
        let is_quote = char == '"' && !escaped;
        escaped = quoted && char == '\\' && !escaped;
        quoted ^= is_quote;
        if quoted && !is_quote {
            blank(char)
        } else {
            char
        }
    };
    outcome.chars().map(one).collect()
}

/// A body keeps its members: JSON and forms are redacted value by value.
fn text_redacted(text: &str) -> String {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(mut body) = serde_json::from_str::<Value>(text)
    {
        redact_body(&mut body);
        return body.to_string();
    }
    if is_form(text) {
        return form_redacted(text);
    }
    shaped(text)
}

/// In a body of somebody else every text may be a person's, whatever its member is called.
fn redact_body(value: &mut Value) {
    match value {
        Value::String(text) => *text = shaped(text),
        Value::Number(_) => redact(value),
        Value::Array(items) => items.iter_mut().for_each(redact_body),
        Value::Object(members) => members.values_mut().for_each(redact_body),
        Value::Null | Value::Bool(_) => {}
    }
}

fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(char::is_whitespace)
}

fn form_redacted(text: &str) -> String {
    let pairs = form_urlencoded::parse(text.as_bytes());
    let pairs = pairs.map(|(name, value)| (name.into_owned(), shaped(&value)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The host stays; path and query may name a person.
fn url_redacted(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return shaped(text);
    };
    let path = shaped(url.path());
    url.set_path(&path);
    let query = url.query().map(form_redacted);
    url.set_query(query.as_deref());
    url.to_string()
}

/// Letters become x, digits 9; everything else stays.
fn shaped(text: &str) -> String {
    text.chars().map(blank).collect()
}

fn blank(char: char) -> char {
    if char.is_numeric() {
        '9'
    } else if char.is_alphabetic() {
        'x'
    } else if char.is_ascii() {
        char
    } else {
        // Pictures, marks of no alphabet: nobody needs which.
        '?'
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_keeps_its_names_and_loses_what_stands_in_quotes() {
        assert_eq!(
            outcome_redacted(r#"Err(Refused("to \"Anna\": no"))"#),
            r#"Err(Refused("xx \"xxxx\": xx"))"#
        );
        assert_eq!(
            outcome_redacted("wasm `unreachable` instruction executed"),
            "wasm `unreachable` instruction executed"
        );
    }

    #[test]
    fn words_lose_their_letters_and_bodies_keep_their_members() {
        let mut value = json!({
            "method": "POST",
            "url": "https://api.example.com/to/anna?name=Anna+B",
            "body": {"text": r#"{"text":"Grüße, 17 ☕","id":4111111111111111,"n":3}"#},
            "rest": "From=%2B15550199&Body=hello",
        });
        redact(&mut value);
        assert_eq!(
            value,
            json!({
                "method": "POST",
                "url": "https://api.example.com/xx/xxxx?name=xxxx+x",
                "body": {"text": r#"{"id":99999,"n":3,"text":"xxxxx, 99 ?"}"#},
                "rest": "From=%2B99999999&Body=xxxxx",
            })
        );
    }
}
