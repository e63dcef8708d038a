//! What Apple sends and answers, as structs, nothing else. Sources: Apple's MSP REST API and its sample code; where
//! samples differ, both are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What stands in a text where a file shall appear.
pub(crate) const FILE_MARK: char = '\u{fffc}';

/// The `bid` of Apple's own pickers.
pub(crate) const BUSINESS_EXTENSION: &str = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.apple.icloud.apps.messages.business.extension";

/// The body of an inbound `/message`. A field of an unexpected type counts as absent: a message must not be lost to it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Message {
    #[serde(deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) source_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) destination_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) body: Option<String>,
    /// `en_US`.
    #[serde(deserialize_with = "text")]
    pub(crate) locale: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) intent: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) group: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) reply_to_message_id: Option<String>,
    #[serde(deserialize_with = "blobs")]
    pub(crate) attachments: Vec<Blob>,
    pub(crate) interactive_data: Option<Value>,
    pub(crate) interactive_data_ref: Option<Value>,
    pub(crate) rich_link_data: Option<Value>,
}

/// Encrypted bytes in Apple's store: a file, or interactive data too large to send along.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Blob {
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<String>,
    /// Decimal digits; Apple writes a string, some a number.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<String>,
    /// `00` and 64 hex digits.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// Hex digits.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<String>,
    #[serde(
        rename = "signature-base64",
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) signature_base64: Option<String>,
    /// Of interactive data: whose.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) bid: Option<String>,
    /// Of interactive data: what was asked.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
}

impl Blob {
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.size.as_deref()?.trim().parse().ok()
    }

    /// The 32 bytes behind the leading `00`; exactly two digits are stripped, a key may begin with zeros of its own.
    pub(crate) fn aes_key(&self) -> Option<Vec<u8>> {
        let digits = self.key.as_deref()?.strip_prefix("00")?;
        (digits.len() == 64).then(|| from_hex(digits)).flatten()
    }

    /// As a header wants it. Any hex is also valid base64, so the field decides, never a trial.
    pub(crate) fn signature(&self) -> Option<String> {
        let given = self
            .signature_base64
            .clone()
            .filter(|text| !text.is_empty());
        given.or_else(|| from_hex(self.signature.as_deref()?).map(|bytes| STANDARD.encode(bytes)))
    }
}

/// `GET /preUpload`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UploadSlot {
    pub(crate) upload_url: String,
    pub(crate) mmcs_url: String,
    pub(crate) mmcs_owner: String,
}

/// `POST <upload-url>`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    pub(crate) single_file: SingleFile,
}

/// What was stored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SingleFile {
    /// Base64: the signature of the attachment.
    pub(crate) file_checksum: String,
}

/// `GET /preDownload`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DownloadPlace {
    pub(crate) download_url: String,
}

/// Text, or a number written out; anything else is absent.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(as_text(&Value::deserialize(deserializer)?))
}

/// The same for a value inside interactive data, where numbers may come as strings and the other way round.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One that cannot be read stays, empty: its place in the text must not go to the next.
fn blobs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Blob>, D::Error> {
    let Value::Array(list) = Value::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    let blob = |value| serde_json::from_value(value).unwrap_or_default();
    Ok(list.into_iter().map(blob).collect())
}

/// `None` if it is not hex, of either case.
fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(key: &str) -> Option<Vec<u8>> {
        let blob = Blob {
            key: Some(key.to_owned()),
            ..Blob::default()
        };
        blob.aes_key()
    }

    #[test]
    fn a_key_loses_exactly_its_two_leading_digits() {
        let field = "00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(keyed(field), Some((0..32).collect()));
        let upper = "0000FFA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBD";
        assert_eq!(
            keyed(upper).map(|key| key[..3].to_vec()),
            Some(vec![0x00, 0xff, 0xa0])
        );
        for wrong in [
            &field[2..],
            &field[..64],
            "",
            "00",
            &field.replace("1f", "1g"),
            &field.replacen("00", "01", 1),
        ] {
            assert_eq!(keyed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_signature_is_hex_made_base64_or_base64_as_it_is() {
        let hex = Blob {
            signature: Some("01A9993E364706816ABA3E25717850C26C9CD0D89D".to_owned()),
            ..Blob::default()
        };
        let expected = Some("AamZPjZHBoFquj4lcXhQwmyc0Nid".to_owned());
        assert_eq!(hex.signature(), expected);
        let lower = Blob {
            signature: hex.signature.as_deref().map(str::to_lowercase),
            ..Blob::default()
        };
        assert_eq!(lower.signature(), expected);
        let both = Blob {
            signature_base64: Some("QUJD".to_owned()),
            ..hex
        };
        assert_eq!(both.signature().as_deref(), Some("QUJD"));
        assert_eq!(Blob::default().signature(), None);
    }

    #[test]
    fn fields_of_another_type_are_absent_and_lose_nothing_else() {
        let text =
            r#"{"id":7,"type":"text","body":["x"],"attachments":[5,{"size":12}],"locale":null}"#;
        let message: Message = serde_json::from_str(text).expect("a message");
        assert_eq!(message.id.as_deref(), Some("7"));
        assert_eq!(message.body, None);
        assert_eq!(message.attachments.len(), 2);
        assert_eq!(message.attachments[1].bytes(), Some(12));
    }
}
