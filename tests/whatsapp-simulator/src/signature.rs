//! How Meta writes and signs a webhook.

use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// JSON as Meta writes it: everything beyond ASCII as `\uXXXX` in lower case, `/` as `\/`. This is what is signed.
pub fn meta_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut written = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            // Outside of strings JSON has no slash.
            '/' => written.push_str("\\/"),
            character if character.is_ascii() => written.push(character),
            character => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    written.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    written
}

/// The value of `X-Hub-Signature-256`.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "9f2b6c1e0a7d4f58b3c6e1d2a4f7098c";

    /// The worked vectors of the channel reference.
    #[test]
    fn bodies_are_signed_as_meta_signs_them() {
        let vectors: [(&[u8], &str); 3] = [
            (
                br#"{"object":"page","entry":[{"id":"900100200300","time":1795428000123,"messaging":[{"sender":{"id":"7100000000000042"},"recipient":{"id":"900100200300"},"timestamp":1795427999876,"message":{"mid":"m_QmVhdC1vbmUtYWxwaGE","text":"Caf\u00e9 ouvert \u00e0 8h? \ud83d\ude42 https:\/\/ex.test\/a"}}]}]}"#,
                "sha256=ac688969f6f01a03eafc8f0cb1ee0419910bcea47d17362793870ca72754608a",
            ),
            (
                br#"{"object":"whatsapp_business_account","entry":[]}"#,
                "sha256=75b95dbd0e27cf6a0aa0adf757c5743c525842d1946b92be398a68b4710e5780",
            ),
            (
                b"",
                "sha256=c499e2ded94c991deba7beb46f2855209e536b1c655efdb34732b82785980d08",
            ),
        ];
        for (body, signature) in vectors {
            assert_eq!(sign(SECRET, body), signature);
        }
    }

    #[test]
    fn json_is_escaped_as_meta_escapes_it() {
        let value = serde_json::json!({"text": "Café 🙂 https://ex.test/a \"q\""});
        let written = meta_json(&value);
        assert_eq!(
            written,
            r#"{"text":"Caf\u00e9 \ud83d\ude42 https:\/\/ex.test\/a \"q\""}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&written).ok(), Some(value));
    }
}
