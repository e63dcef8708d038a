//! Is this request from Meta? `X-Hub-Signature-256` is `sha256=` and the hex HMAC-SHA256 of the body's bytes under the app
//! secret. A GET asks whether the callback URL is ours; it carries the verify token instead.
//!
//! The bytes are hashed as they came: Meta escapes what is not ASCII before it signs, and a body that was parsed and
//! printed again has another digest. There is no timestamp: an old request played again is dropped by its keys.

use trunkline_plugin::secrets::{self, Encoding, Hash};
use trunkline_plugin::{Answer, InboundRequest, Rejection};

use crate::settings::{APP_SECRET, VERIFY_TOKEN};

const HEADER: &str = "x-hub-signature-256";
const MAC_BYTES: usize = 32;

/// Refuses what the app secret did not sign.
pub(crate) fn verify(request: &InboundRequest) -> Result<(), Rejection> {
    let header = request
        .header(HEADER)
        .ok_or_else(|| unauthentic("there is no X-Hub-Signature-256"))?;
    let mac = mac(header)
        .ok_or_else(|| unauthentic("X-Hub-Signature-256 is not `sha256=` and 64 hex digits"))?;
    let matches = secrets::verify(
        APP_SECRET,
        Encoding::Text,
        Hash::Sha256,
        &request.body,
        &mac,
    )
    .map_err(|error| Rejection::Unauthentic(error.to_string()))?;
    if matches {
        return Ok(());
    }
    Err(unauthentic(
        "the signature does not fit the app secret: compare it with the app's, in its basic settings",
    ))
}

/// Answers the question that Meta asks when the callback URL is saved: its challenge, as it came.
pub(crate) fn verification(query: &str) -> Result<Answer, Rejection> {
    let value = |name: &str| parameter(query, name);
    if value("hub.mode").as_deref() != Some("subscribe") {
        return Err(unauthentic("hub.mode is not `subscribe`"));
    }
    // An empty word matches an empty setting, which would let anybody in.
    let token = value("hub.verify_token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| unauthentic("there is no hub.verify_token"))?;
    let matches = secrets::matches(VERIFY_TOKEN, &token)
        .map_err(|error| Rejection::Unauthentic(error.to_string()))?;
    if !matches {
        return Err(unauthentic(
            "hub.verify_token is another one than verify_token in the configuration",
        ));
    }
    let challenge = value("hub.challenge")
        .ok_or_else(|| Rejection::Malformed("hub.challenge is missing".to_owned()))?;
    Ok(Answer::ok("text/plain", challenge))
}

fn unauthentic(why: &str) -> Rejection {
    Rejection::Unauthentic(why.to_owned())
}

fn mac(header: &str) -> Option<[u8; MAC_BYTES]> {
    let digits = header.trim().strip_prefix("sha256=")?.as_bytes();
    if digits.len() != 2 * MAC_BYTES {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_byte(pair)?;
    }
    Some(mac)
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low] = pair else { return None };
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// The first value of this name, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (decode(key), value))
        .find(|(key, _)| key == name)
        .map(|(_, value)| decode(value))
}

fn decode(encoded: &str) -> String {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| after.get(..2).and_then(hex_byte))
            .flatten();
        decoded.push(match (escaped, byte) {
            (Some(value), _) => value,
            (None, b'+') => b' ',
            (None, byte) => byte,
        });
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_64_hex_digits_behind_its_name() {
        let digits = "aB".repeat(32);
        assert_eq!(mac(&format!("sha256={digits}")), Some([0xab; 32]));
        for header in [
            digits.clone(),
            format!("sha1={digits}"),
            format!("sha256={}", &digits[1..]),
            format!("sha256={digits}0"),
            format!("sha256={}é", &digits[2..]),
            format!("sha256={}zz", &digits[2..]),
            String::new(),
        ] {
            assert_eq!(mac(&header), None, "{header}");
        }
    }

    #[test]
    fn parameters_keep_their_dots_and_lose_their_escapes() {
        let query = "hub.mode=subscribe&hub%2Echallenge=115%38&x&hub.verify_token=a+b%zz";
        assert_eq!(parameter(query, "hub.challenge").as_deref(), Some("1158"));
        assert_eq!(
            parameter(query, "hub.verify_token").as_deref(),
            Some("a b%zz")
        );
        assert_eq!(parameter(query, "x"), None);
    }
}
