//! Is this Meta? The verification handshake (GET) and `X-Hub-Signature-256` (POST): HMAC-SHA256 with the app's secret
//! over the bytes as they came.
//!
//! Meta escapes JSON (`\u00e9`, `\/`) and signs what it escaped, so the body is never parsed and printed before. There
//! is no timestamp: an old call played again is dropped by its keys.

use trunkline_plugin::secrets::{self, Encoding, Hash};
use trunkline_plugin::{Answer, InboundRequest, Rejection};

use crate::settings::{APP_SECRET, VERIFY_TOKEN};

const PREFIX: &str = "sha256=";
const HEX_DIGITS: usize = 64;

/// Refuses what the app's secret did not sign.
pub(crate) fn verify(request: &InboundRequest) -> Result<(), Rejection> {
    let header = request
        .header("x-hub-signature-256")
        .ok_or_else(|| unauthentic("there is no X-Hub-Signature-256"))?;
    let mac = mac(header).ok_or_else(|| {
        unauthentic("X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits")
    })?;
    let signed = secrets::verify(
        APP_SECRET,
        Encoding::Text,
        Hash::Sha256,
        &request.body,
        &mac,
    )
    .map_err(|error| unauthentic(&error.to_string()))?;
    if signed {
        return Ok(());
    }
    Err(unauthentic(
        "the signature does not fit app_secret: compare it with the secret of the app whose webhook this is",
    ))
}

fn mac(header: &str) -> Option<Vec<u8>> {
    let digits = header.strip_prefix(PREFIX)?;
    if digits.len() != HEX_DIGITS || !digits.is_ascii() {
        return None;
    }
    (0..HEX_DIGITS)
        .step_by(2)
        .map(|at| hex_byte(&digits[at..at + 2]))
        .collect()
}

fn hex_byte(digits: &str) -> Option<u8> {
    // from_str_radix alone would take a plus sign.
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// Answers the handshake: Meta wants its challenge back, as it is.
pub(crate) fn handshake(request: &InboundRequest) -> Result<Answer, Rejection> {
    let parameter = |wanted: &str| {
        form_urlencoded::parse(request.query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if parameter("hub.mode") != "subscribe" {
        return Err(unauthentic("hub.mode is not `subscribe`"));
    }
    let token = parameter("hub.verify_token");
    let matches =
        secrets::matches(VERIFY_TOKEN, &token).map_err(|error| unauthentic(&error.to_string()))?;
    // A secret that was left empty must not open the door to an empty token.
    if token.is_empty() || !matches {
        return Err(unauthentic(
            "hub.verify_token does not fit verify_token: write the same into the app's webhook configuration",
        ));
    }
    Ok(Answer::ok("text/plain", parameter("hub.challenge")))
}

fn unauthentic(why: &str) -> Rejection {
    Rejection::Unauthentic(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_prefix_and_64_hexadecimal_digits() {
        let digits = "0f".repeat(32);
        assert_eq!(mac(&format!("sha256={digits}")), Some(vec![15; 32]));
        assert_eq!(
            mac(&format!("sha256={}", digits.to_uppercase())),
            Some(vec![15; 32])
        );
        let odd = [
            digits.clone(),
            format!("sha1={digits}"),
            format!("sha256={}", &digits[..62]),
            format!("sha256={digits}0f"),
            format!("sha256=+f{}", &digits[2..]),
            format!("sha256={}é", &digits[..62]),
            String::new(),
        ];
        for header in odd {
            assert_eq!(mac(&header), None, "{header}");
        }
    }
}
