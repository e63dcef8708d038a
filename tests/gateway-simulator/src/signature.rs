//! How webhooks are signed.

use hmac::{Hmac, Mac as _};
use md5::Digest as _;

use crate::config::SignatureMethod;

macro_rules! mac {
    ($hash:ty, $secret:expr, $data:expr) => {{
        // HMAC takes keys of any length.
        let mac = Hmac::<$hash>::new_from_slice($secret.as_bytes());
        mac.map(|mac| hex(&mac.chain_update($data).finalize().into_bytes()))
            .unwrap_or_default()
    }};
}
/// Vonage's `sig` over these parameters, in lower-case hex.
pub(crate) fn vonage(
    method: SignatureMethod,
    secret: &str,
    parameters: &[(String, String)],
) -> String {
    let mut sorted: Vec<_> = parameters.iter().collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let data: String = sorted
        .into_iter()
        .map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_")))
        .collect();
    match method {
        SignatureMethod::Md5Hash => hex(&md5::Md5::digest(format!("{data}{secret}"))),
        SignatureMethod::Md5 => mac!(md5::Md5, secret, data.as_bytes()),
        SignatureMethod::Sha1 => mac!(sha1::Sha1, secret, data.as_bytes()),
        SignatureMethod::Sha256 => sha256(secret, data.as_bytes()),
        SignatureMethod::Sha512 => mac!(sha2::Sha512, secret, data.as_bytes()),
    }
}

/// HMAC-SHA256 in lower-case hex.
pub(crate) fn sha256(secret: &str, data: &[u8]) -> String {
    mac!(sha2::Sha256, secret, data)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_reference_has_its_signatures() {
        let pairs = [
            ("api-key", "abcd1234"),
            ("keyword", "HELLO"),
            ("message-timestamp", "2026-11-23 10:00:00"),
            ("messageId", "0A0000000123ABCD1"),
            ("msisdn", "447700900001"),
            ("nonce", "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"),
            ("text", "Hello & goodbye = ok"),
            ("timestamp", "1795428000"),
            ("to", "447700900000"),
            ("type", "text"),
        ];
        let parameters = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (method, expected) in [
            (SignatureMethod::Md5Hash, "45bf7e65f195bd9ba140d4fd7a8e2326"),
            (SignatureMethod::Md5, "1627065ea1bdf95459158dfda8589945"),
            (
                SignatureMethod::Sha1,
                "83eb731c253ffa254e526ad4a1637ea8d729fe7c",
            ),
            (
                SignatureMethod::Sha256,
                "efba11398308dd2c004b5292839b1c48b3c8a7ae0afc4342bb11fdd3863f1a42",
            ),
        ] {
            assert_eq!(vonage(method, "ref-secret-0001", &parameters), expected);
        }
    }
}
