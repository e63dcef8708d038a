//! Tokens: HS256 under the base64-decoded secret, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A token over these claims. A secret that is no base64 signs with no key at all.
pub fn sign(secret: &str, claims: &Value) -> String {
    let header = json!({ "alg": "HS256" }).to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = mac(secret, &signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a good token; `None` if the signature or the algorithm is another.
pub fn verify(secret: &str, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let object = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    if object(header)?["alg"] != "HS256" {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(secret, signed).verify_slice(&signature).ok()?;
    object(claims)
}

fn mac(secret: &str, signed: &str) -> Hmac<Sha256> {
    let key = STANDARD.decode(secret).unwrap_or_default();
    // RFC 2104 hashes long keys and pads short ones.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    #[test]
    fn the_worked_tokens_are_good_and_one_flipped_bit_is_not() {
        let outbound = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJmMGIxYzJkMy0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwYWEiLCJpYXQiOjE3MDAwMDAwMDB9.NMkJbe3fDA-tV4FJaWrjcJAVXAtkU5jT1JwT69vlAco";
        let claims = verify(SECRET, outbound).expect("a good token");
        assert_eq!(claims["iss"], "f0b1c2d3-0000-4000-8000-0000000000aa");
        assert_eq!(claims["iat"], 1_700_000_000);
        assert_eq!(verify(SECRET, &outbound.replace("NMk", "NMl")), None);
        assert_eq!(verify(SECRET, &outbound.replace("eyJpc3", "eyJpc2")), None);
        let (signed, _) = outbound.rsplit_once('.').expect("two dots");
        let with_text_as_key = format!("{signed}.nT42YBobz2FpduFhbFYok7JxAIgjaHeS7PeQBFyz7sc");
        assert_eq!(verify(SECRET, &with_text_as_key), None);
    }

    #[test]
    fn what_is_signed_is_good() {
        let claims = json!({ "aud": "a", "iat": 1 });
        assert_eq!(verify(SECRET, &sign(SECRET, &claims)), Some(claims));
        let none = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(verify(SECRET, &none), None);
    }
}
