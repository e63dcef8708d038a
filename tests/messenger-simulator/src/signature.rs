//! How Meta writes and signs what it posts.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `X-Hub-Signature-256` of a body under this secret.
pub fn sign(secret: &str, body: &[u8]) -> String {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("an HMAC refused its key")
    };
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// JSON as Meta prints it: ASCII alone, everything else as lower-case `\uXXXX`, and slashes escaped.
pub fn as_meta_prints(value: &Value) -> String {
    let plain = value.to_string();
    let mut printed = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            // Outside of strings JSON has no slash and nothing but ASCII.
            '/' => printed.push_str("\\/"),
            ascii if ascii.is_ascii() => printed.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(printed, "\\u{unit:04x}");
                }
            }
        }
    }
    printed
}

/// Lower case.
pub(crate) fn sha256_hex(hasher: Sha256) -> String {
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "9f2b6c1e0a7d4f58b3c6e1d2a4f7098c";

    #[test]
    fn the_vectors_of_the_reference_hold() {
        let body = br#"{"object":"page","entry":[{"id":"900100200300","time":1795428000123,"messaging":[{"sender":{"id":"7100000000000042"},"recipient":{"id":"900100200300"},"timestamp":1795427999876,"message":{"mid":"m_QmVhdC1vbmUtYWxwaGE","text":"Caf\u00e9 ouvert \u00e0 8h? \ud83d\ude42 https:\/\/ex.test\/a"}}]}]}"#;
        let expected = "sha256=ac688969f6f01a03eafc8f0cb1ee0419910bcea47d17362793870ca72754608a";
        assert_eq!(sign(SECRET, body), expected);
        assert_eq!(
            sign(SECRET, b""),
            "sha256=c499e2ded94c991deba7beb46f2855209e536b1c655efdb34732b82785980d08"
        );
    }

    #[test]
    fn text_is_escaped_as_meta_does() {
        let value = Value::from("Café 🙂 https://ex.test/a \"\\");
        let printed = r#""Caf\u00e9 \ud83d\ude42 https:\/\/ex.test\/a \"\\""#;
        assert_eq!(as_meta_prints(&value), printed);
        assert_eq!(serde_json::from_str::<Value>(printed).ok(), Some(value));
    }
}
