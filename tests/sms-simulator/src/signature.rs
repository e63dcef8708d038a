//! Twilio's webhook signature: base64(HMAC-SHA1(token, URL + sorted parameters)).
//!
//! Works on bytes, because a customer's message need not be UTF-8 on the wire and the signature
//! covers whatever was sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::Digest as _;

/// Signs a form POST, or a GET with no `parameters`. They are *decoded* pairs in any order; of one
/// name, equal values count once and different ones are sorted. `url` is signed as given.
pub fn sign<N: AsRef<[u8]>, V: AsRef<[u8]>>(
    token: &str,
    url: &str,
    parameters: &[(N, V)],
) -> String {
    let mut sorted: Vec<(&[u8], &[u8])> = parameters
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut mac = keyed(token);
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name);
        mac.update(value);
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// `url` with `bodySHA256` appended, and its signature: how bodies that are no form are signed.
pub fn sign_body(token: &str, url: &str, body: &[u8]) -> (String, String) {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}bodySHA256={}", sha256_hex(body));
    let signature = sign::<&str, &str>(token, &url, &[]);
    (url, signature)
}

/// Lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn keyed(token: &str) -> Hmac<Sha1> {
    match Hmac::<Sha1>::new_from_slice(token.as_bytes()) {
        Ok(mac) => mac,
        // RFC 2104 hashes long keys and pads short ones.
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const PATH: &str = "cc.example.org/hooks/sms/twilio/acme?tenant=7";

    fn inbound() -> Vec<(String, String)> {
        let body = "ToCountry=US&ToState=CA&SmsMessageSid=SM00000000000000000000000000000001&NumMedia=0&ToCity=&FromZip=&SmsSid=SM00000000000000000000000000000001&FromState=CA&SmsStatus=received&FromCity=&Body=HELP+caf%C3%A9+%E2%98%95+%26+more%3D1&FromCountry=US&To=%2B15005550006&ToZip=&NumSegments=1&MessageSid=SM00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000001&From=%2B15005550010&ApiVersion=2010-04-01";
        url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect()
    }

    #[test]
    fn the_published_example_signs_as_published() {
        let parameters = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
            ("To", "+18005551212"),
        ];
        let signed = sign(
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            &parameters,
        );
        assert_eq!(signed, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
    }

    #[test]
    fn an_inbound_form_signs_as_computed_by_the_reference() {
        assert_eq!(
            sign(TOKEN, &format!("https://{PATH}"), &inbound()),
            "8xAHQ3/vVSCPO3dtX7qo4pYXwX4="
        );
        let with_port = format!("https://{}", PATH.replacen("org/", "org:443/", 1));
        assert_eq!(
            sign(TOKEN, &with_port, &inbound()),
            "6I01m5TCzT63ghtjYD7ql6UIA7k="
        );
        assert_eq!(
            sign(TOKEN, &format!("http://{PATH}"), &inbound()),
            "cY2sFYFqfaKjW3ePw6eQXctBrG4="
        );
        assert_eq!(
            sign::<&str, &str>(TOKEN, &format!("https://{PATH}"), &[]),
            "uFKu3oTdUW6cGgCXu3mYOy/eyPM="
        );
    }

    #[test]
    fn a_json_body_signs_over_its_hash() {
        let body = "{\"event\":\"message.delivered\",\"id\":\"évé\"}";
        let (url, signature) = sign_body(
            TOKEN,
            "https://cc.example.org/hooks/sms/twilio/json",
            body.as_bytes(),
        );
        assert!(url.ends_with(
            "?bodySHA256=77f7527798bb5fdca647b6996304b3cdedc5514d863492572a2774e906100b57"
        ));
        assert_eq!(signature, "YE4GPqMSqDHFjT4S1cSVcO41DPM=");
    }

    #[test]
    fn equal_values_of_one_name_count_once_and_order_is_free() {
        let one = [("b", "2"), ("a", "1"), ("b", "2"), ("b", "1")];
        let other = [("b", "1"), ("b", "2"), ("a", "1")];
        assert_eq!(
            sign("k", "https://x/", &one),
            sign("k", "https://x/", &other)
        );
    }
}
