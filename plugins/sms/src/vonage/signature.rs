//! Is this request from Vonage? Two ways to sign, both with the signature secret.
//!
//! The parameter `sig` covers the other parameters: sorted by name, written `&name=value`, with `&` and `=` inside values
//! replaced by `_`; then HMAC of MD5, SHA-1, SHA-256 or SHA-512, or, the oldest way, the MD5 of it all with the secret
//! behind. Which one is seen by its length. The token in `Authorization` is HS256 and has the body's digest as
//! `payload_hash`.
//!
//! Vonage repeats a webhook for 24 hours until it is answered well, so a signature stays good for as long: an older one
//! is somebody's recording. A younger recording is dropped by its key.

use serde::Deserialize;
use trunkline_plugin::secrets::{self, Encoding, Hash, JwtAlgorithm, SecretError};
use trunkline_plugin::{InboundRequest, Rejection, clock};

use super::SIGNATURE_SECRET;
use crate::form::Form;
use crate::{hex, sha256};

/// How long Vonage repeats a webhook, and what its clock and ours may differ.
const AGE_MAX_S: u64 = 24 * 3_600 + 300;
const AHEAD_MAX_S: u64 = 300;

/// The parameter that holds the signature.
const SIG: &str = "sig";

/// Refuses what the signature secret did not sign.
pub(crate) fn verify(request: &InboundRequest, parameters: &Form) -> Result<(), Rejection> {
    let bearer = request
        .header("authorization")
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer {
        Some((_, token)) => token_is_good(request, token.trim()),
        None => sig_is_good(parameters),
    }
}

fn sig_is_good(parameters: &Form) -> Result<(), Rejection> {
    let sig = parameters.get(SIG).ok_or_else(|| {
        unauthentic(
            "there is neither a sig nor a token: switch signed webhooks on in Vonage's settings",
        )
    })?;
    let mac = hex::from_hex(&sig).ok_or_else(|| unauthentic("sig is not hexadecimal"))?;
    if !signed(&data(parameters), &mac)? {
        return Err(unauthentic("sig does not fit the signature secret"));
    }
    match parameters.get("timestamp") {
        Some(timestamp) => is_fresh(timestamp.parse().ok()),
        None => Ok(()),
    }
}

/// What is signed.
fn data(parameters: &Form) -> Vec<u8> {
    let mut pairs: Vec<_> = parameters
        .0
        .iter()
        .filter(|(name, _)| name != SIG.as_bytes())
        .collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let mut data = Vec::new();
    for (name, value) in pairs {
        data.push(b'&');
        data.extend_from_slice(name);
        data.push(b'=');
        data.extend(value.iter().map(|byte| match byte {
            b'&' | b'=' => b'_',
            other => *other,
        }));
    }
    data
}

fn signed(data: &[u8], mac: &[u8]) -> Result<bool, Rejection> {
    let hmac = |hash| secrets::verify(SIGNATURE_SECRET, Encoding::Text, hash, data, mac);
    let good = match mac.len() {
        16 => hmac(Hash::Md5).and_then(|good| {
            Ok(good || secrets::verify_digest(SIGNATURE_SECRET, Hash::Md5, data, mac)?)
        }),
        20 => hmac(Hash::Sha1),
        32 => hmac(Hash::Sha256),
        64 => hmac(Hash::Sha512),
        _ => Ok(false),
    };
    good.map_err(secret_error)
}

#[derive(Deserialize)]
struct Claims {
    iat: Option<u64>,
    payload_hash: Option<String>,
}

fn token_is_good(request: &InboundRequest, token: &str) -> Result<(), Rejection> {
    let claims = secrets::jwt_verify(SIGNATURE_SECRET, Encoding::Text, JwtAlgorithm::Hs256, token);
    let claims = claims
        .map_err(secret_error)?
        .ok_or_else(|| unauthentic("the token does not fit the signature secret"))?;
    let claims: Claims = serde_json::from_str(&claims)
        .map_err(|error| Rejection::Unauthentic(format!("the token's claims: {error}")))?;
    let digest = claims.payload_hash.unwrap_or_default();
    // Without the digest a token would vouch for any body.
    if !request.body.is_empty() && !digest.eq_ignore_ascii_case(&sha256::hex(&request.body)) {
        return Err(unauthentic(
            "payload_hash in the token is not the body's digest",
        ));
    }
    is_fresh(claims.iat)
}

fn is_fresh(at_s: Option<u64>) -> Result<(), Rejection> {
    let at_s = at_s.ok_or_else(|| unauthentic("the time of the signature is no number"))?;
    let now_s = clock::now() / 1_000;
    if at_s > now_s + AHEAD_MAX_S {
        return Err(unauthentic(
            "the signature is from the future: compare the clocks",
        ));
    }
    if at_s + AGE_MAX_S < now_s {
        return Err(unauthentic("the signature is more than a day old"));
    }
    Ok(())
}

fn unauthentic(why: &str) -> Rejection {
    Rejection::Unauthentic(why.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn secret_error(error: SecretError) -> Rejection {
    Rejection::Unauthentic(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_by_bytes_and_cannot_make_new_ones() {
        let form = Form::parse(b"text=a+%26b%3Dc&messageId=1&message-timestamp=2&sig=ff&empty=");
        let data = String::from_utf8(data(&form)).expect("text");
        assert_eq!(data, "&empty=&message-timestamp=2&messageId=1&text=a _b_c");
    }
}
