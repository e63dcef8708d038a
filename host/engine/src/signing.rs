//! What a plugin may do with a secret short of reading it: HMAC and comparison; tokens are in `jwt`.
//!
//! Comparisons take constant time. Under rotation everything is checked against both values and
//! made with the first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};

use crate::secrets::{Secret, SecretError, SecretValues};

/// Which HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// How the key is written in the secret's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Text,
    Hex,
    Base64,
}

/// Whether `mac` is the HMAC of `data` under either value.
pub(crate) fn verify(
    secret: &SecretValues,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
    mac: &[u8],
) -> Result<bool, SecretError> {
    let mut good = false;
    for value in secret.all() {
        good |= same(&hmac(&key(value, encoding)?, hash, data), mac);
    }
    Ok(good)
}

/// Whether `digest` is the hash of `data` with either value behind it.
pub(crate) fn verify_digest(secret: &SecretValues, hash: Hash, data: &[u8], digest: &[u8]) -> bool {
    secret.all().fold(false, |good, value| {
        let with_secret = [data, value.expose().as_bytes()].concat();
        good | same(&plain(hash, &with_secret), digest)
    })
}

fn plain(hash: Hash, data: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    match hash {
        Hash::Md5 => md5::Md5::digest(data).to_vec(),
        Hash::Sha1 => sha1::Sha1::digest(data).to_vec(),
        Hash::Sha256 => sha2::Sha256::digest(data).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(data).to_vec(),
    }
}

/// HMAC of `data` under the first value.
pub(crate) fn sign(
    secret: &SecretValues,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
) -> Result<Vec<u8>, SecretError> {
    Ok(hmac(&key(&secret.current, encoding)?, hash, data))
}

/// Whether the secret is this text.
pub(crate) fn matches(secret: &SecretValues, text: &str) -> bool {
    secret.all().fold(false, |good, value| {
        good | same(value.expose().as_bytes(), text.as_bytes())
    })
}

pub(crate) fn hmac(key: &[u8], hash: Hash, data: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Md5 => mac::<Hmac<md5::Md5>>(key, data),
        Hash::Sha1 => mac::<Hmac<sha1::Sha1>>(key, data),
        Hash::Sha256 => mac::<Hmac<sha2::Sha256>>(key, data),
        Hash::Sha512 => mac::<Hmac<sha2::Sha512>>(key, data),
    }
}

fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so this never fails; an empty result would match nothing.
    let Ok(mac) = <M as Mac>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.chain_update(data).finalize().into_bytes().to_vec()
}

pub(crate) fn key(secret: &Secret, encoding: Encoding) -> Result<Vec<u8>, SecretError> {
    let text = secret.expose();
    match encoding {
        Encoding::Text => Ok(text.as_bytes().to_vec()),
        Encoding::Hex => from_hex(text.trim())
            .ok_or_else(|| SecretError::Malformed("the secret is not hexadecimal".to_owned())),
        Encoding::Base64 => STANDARD
            .decode(text.trim())
            .map_err(|_| SecretError::Malformed("the secret is not base64".to_owned())),
    }
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}

/// Compares in constant time; only the length shows.
#[expect(
    deprecated,
    reason = "ring names no successor for comparing public-length bytes"
)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    ring::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotated() -> SecretValues {
        SecretValues {
            current: Secret::new("new"),
            previous: Some(Secret::new("old")),
        }
    }

    #[test]
    fn hmacs_are_those_of_the_rfcs() {
        // RFC 2202 and RFC 4231, test case 2.
        let key = SecretValues::one("Jefe");
        let data = b"what do ya want for nothing?";
        for (hash, expected) in [
            (Hash::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                Hash::Sha256,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            let mac = sign(&key, Encoding::Text, hash, data).unwrap();
            assert_eq!(mac, from_hex(expected).unwrap(), "{hash:?}");
        }
        let mac = sign(&key, Encoding::Text, Hash::Sha512, data).unwrap();
        assert!(verify(&key, Encoding::Text, Hash::Sha512, data, &mac).unwrap());
        assert!(!verify(&key, Encoding::Text, Hash::Sha512, b"else", &mac).unwrap());
    }

    #[test]
    fn while_rotated_both_values_verify_and_the_new_one_signs() {
        let old = hmac(b"old", Hash::Sha256, b"data");
        let new = hmac(b"new", Hash::Sha256, b"data");
        let good = |mac: &[u8]| verify(&rotated(), Encoding::Text, Hash::Sha256, b"data", mac);
        assert_eq!(
            (good(&old), good(&new), good(b"")),
            (Ok(true), Ok(true), Ok(false))
        );
        assert_eq!(
            sign(&rotated(), Encoding::Text, Hash::Sha256, b"data"),
            Ok(new)
        );
        assert!(matches(&rotated(), "old") && matches(&rotated(), "new"));
        assert!(!matches(&rotated(), "ol"));
    }

    #[test]
    fn digests_are_of_the_data_with_either_value_behind() {
        // RFC 1321, test suite: "message digest".
        let digest = from_hex("f96b697d7cb7938d525a2f31aaf161d0").unwrap();
        let secret = SecretValues {
            current: Secret::new("another"),
            previous: Some(Secret::new("digest")),
        };
        assert!(verify_digest(&secret, Hash::Md5, b"message ", &digest));
        assert!(!verify_digest(&secret, Hash::Md5, b"message", &digest));
        assert!(!verify_digest(&secret, Hash::Sha1, b"message ", &digest));
    }

    #[test]
    fn keys_may_be_written_in_hex_or_base64() {
        let hex = SecretValues::one("4a656665");
        let base64 = SecretValues::one("SmVmZQ==");
        let text = sign(&SecretValues::one("Jefe"), Encoding::Text, Hash::Sha1, b"x");
        assert_eq!(sign(&hex, Encoding::Hex, Hash::Sha1, b"x"), text);
        assert_eq!(sign(&base64, Encoding::Base64, Hash::Sha1, b"x"), text);
        assert!(sign(&base64, Encoding::Hex, Hash::Sha1, b"x").is_err());
    }
}
