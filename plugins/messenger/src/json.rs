//! JSON as it comes: what is not as documented is `None`, never the end of a batch.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Below this a time is in seconds: it would be 1973 in milliseconds. Some referral events come so.
const SECONDS_BELOW: u64 = 100_000_000_000;

/// The body as JSON. Half a surrogate pair, as a text cut in the middle of an emoji leaves it, becomes U+FFFD.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&mended(&String::from_utf8_lossy(body))))
        .ok()
}

/// For `#[serde(deserialize_with = …)]`: `None` for a value of another shape.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// For lists: elements of another shape are left out, and what is no list is empty.
pub(crate) fn lenient_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    let read = values.into_iter().map(serde_json::from_value);
    Ok(read.filter_map(Result::ok).collect())
}

/// For texts: ids and numbers come as strings or numbers; empty is none.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        // Never through a float: Messenger's ids are larger than its 53 bits.
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    })
}

/// For times: milliseconds, or seconds, as a number or a string.
pub(crate) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let at = text(deserializer)?.and_then(|text| text.parse::<u64>().ok());
    Ok(at
        .filter(|at| (1..1 << 53).contains(at))
        .map(|at| if at < SECONDS_BELOW { at * 1_000 } else { at }))
}

/// Replaces `\ud83d` without its other half by `\ufffd`.
fn mended(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        let escape = &rest[at..];
        let taken = match surrogate(escape) {
            Some(Half::High) if surrogate(&escape[6..]) == Some(Half::Low) => 12,
            Some(Half::High | Half::Low) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            // A backslash and what it escapes, so that `\\ud83d` stays text.
            None => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..taken]);
        rest = &escape[taken..];
    }
    mended.push_str(rest);
    mended
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// Which half of a pair the escape at the beginning is.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_emoji_does_not_cost_the_message() {
        let texts = [
            (r#""a \ud83d""#, "a \u{fffd}"),
            (r#""\ude42 b""#, "\u{fffd} b"),
            (r#""\ud83d\ud83d\ude42""#, "\u{fffd}🙂"),
            (r#""\\ud83d \ud83d\n""#, "\\ud83d \u{fffd}\n"),
            (r#""\ud83d\ude42""#, "🙂"),
        ];
        for (body, expected) in texts {
            assert_eq!(parse(body.as_bytes()), Some(expected.into()), "{body}");
        }
        assert_eq!(parse(b"\"caf\xe9\""), Some("caf\u{fffd}".into()));
        assert_eq!(parse(b"{"), None);
    }

    #[test]
    fn an_id_keeps_all_its_digits() {
        let read = |json: &str| text(&mut serde_json::Deserializer::from_str(json)).expect("json");
        assert_eq!(
            read("9007199254740993").as_deref(),
            Some("9007199254740993")
        );
        assert_eq!(read("\"42\"").as_deref(), Some("42"));
        assert_eq!(read("1.5"), None);
        assert_eq!(read("\"\""), None);
    }

    #[test]
    fn a_time_in_seconds_is_one_in_milliseconds() {
        let read =
            |json: &str| millis(&mut serde_json::Deserializer::from_str(json)).expect("json");
        assert_eq!(read("1795428000123"), Some(1_795_428_000_123));
        assert_eq!(read("1795428000"), Some(1_795_428_000_000));
        assert_eq!(read("\"1795428000123\""), Some(1_795_428_000_123));
        assert_eq!(read("-1"), None);
        assert_eq!(read("99999999999999999999"), None);
    }
}
