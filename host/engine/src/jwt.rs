//! JSON web tokens under a secret: made with its first value, checked against both.
//!
//! A private key is PEM (PKCS#8) or its bytes in the secret's encoding; a public key is PEM or DER.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::secrets::{Secret, SecretError, SecretValues};
use crate::signing::{Encoding, Hash, hmac, key, same};

/// Which token signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwtAlgorithm {
    Hs256,
    Rs256,
    Es256,
}

/// Claims of a token whose signature is good under either value.
pub(crate) fn verify(
    secret: &SecretValues,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    token: &str,
) -> Result<Option<String>, SecretError> {
    let Some(token) = Token::parse(token) else {
        return Ok(None);
    };
    if token.algorithm != algorithm.name() {
        return Ok(None);
    }
    let mut good = false;
    for value in secret.all() {
        good |= token_is_good(value, encoding, algorithm, &token)?;
    }
    Ok(good.then_some(token.claims))
}

/// A token over these claims under the first value.
pub(crate) fn sign(
    secret: &SecretValues,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    claims: &str,
) -> Result<String, SecretError> {
    let is_object = serde_json::from_str::<Value>(claims).is_ok_and(|value| value.is_object());
    if !is_object {
        return Err(SecretError::Malformed(
            "the claims are not a JSON object".to_owned(),
        ));
    }
    let header = json!({ "alg": algorithm.name(), "typ": "JWT" }).to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = token_signature(&secret.current, encoding, algorithm, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

struct Token<'a> {
    signed: &'a [u8],
    algorithm: String,
    claims: String,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        Some(Self {
            signed: signed.as_bytes(),
            algorithm: header.get("alg")?.as_str()?.to_owned(),
            claims,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

impl JwtAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

fn token_is_good(
    value: &Secret,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    token: &Token<'_>,
) -> Result<bool, SecretError> {
    match algorithm {
        JwtAlgorithm::Hs256 => {
            let expected = hmac(&key(value, encoding)?, Hash::Sha256, token.signed);
            Ok(same(&expected, &token.signature))
        }
        JwtAlgorithm::Rs256 => {
            let key = public_key(value, encoding)?;
            let key = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key);
            Ok(key.verify(token.signed, &token.signature).is_ok())
        }
        JwtAlgorithm::Es256 => {
            let key = public_key(value, encoding)?;
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
            Ok(key.verify(token.signed, &token.signature).is_ok())
        }
    }
}

fn token_signature(
    value: &Secret,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    signed: &[u8],
) -> Result<Vec<u8>, SecretError> {
    let malformed = |what: &str| SecretError::Malformed(format!("the private key {what}"));
    let random = SystemRandom::new();
    match algorithm {
        JwtAlgorithm::Hs256 => Ok(hmac(&key(value, encoding)?, Hash::Sha256, signed)),
        JwtAlgorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(&der(value, encoding)?)
                .map_err(|error| malformed(&format!("is no RSA key in PKCS#8: {error}")))?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(
                &signature::RSA_PKCS1_SHA256,
                &random,
                signed,
                &mut signature,
            )
            .map_err(|_| malformed("did not sign"))?;
            Ok(signature)
        }
        JwtAlgorithm::Es256 => {
            let der = der(value, encoding)?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random)
                .map_err(|error| malformed(&format!("is no P-256 key in PKCS#8: {error}")))?;
            let signature = pair
                .sign(&random, signed)
                .map_err(|_| malformed("did not sign"))?;
            Ok(signature.as_ref().to_vec())
        }
    }
}

/// A private key: PEM, or its bytes in the encoding.
fn der(secret: &Secret, encoding: Encoding) -> Result<Vec<u8>, SecretError> {
    match pem_bytes(secret.expose()) {
        Some(bytes) => Ok(bytes),
        None => key(secret, encoding),
    }
}

/// What `ring` wants of a public key: the inner bit string of a `SubjectPublicKeyInfo`.
fn public_key(secret: &Secret, encoding: Encoding) -> Result<Vec<u8>, SecretError> {
    let der = der(secret, encoding)?;
    Ok(spki_bit_string(&der).map(<[u8]>::to_vec).unwrap_or(der))
}

fn pem_bytes(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix("-----BEGIN ")?;
    let (_, body) = body.split_once("-----")?;
    let (body, _) = body.split_once("-----END")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

/// `SEQUENCE { SEQUENCE { … }, BIT STRING }`: the bit string without its count of unused bits.
fn spki_bit_string(der: &[u8]) -> Option<&[u8]> {
    let (outer, _) = tlv(der, 0x30)?;
    let (_, rest) = tlv(outer, 0x30)?;
    let (bits, _) = tlv(rest, 0x03)?;
    bits.strip_prefix(&[0])
}

fn tlv(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (bytes, rest) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        let length = bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::from_hex;

    #[test]
    fn a_token_is_good_only_with_its_key_algorithm_and_claims() {
        let key = SecretValues::one("secret");
        let text = Encoding::Text;
        let token = sign(&key, text, JwtAlgorithm::Hs256, r#"{"sub":"a"}"#).unwrap();
        let verified = verify(&key, text, JwtAlgorithm::Hs256, &token);
        assert_eq!(verified, Ok(Some(r#"{"sub":"a"}"#.to_owned())));
        let other = SecretValues::one("other");
        assert_eq!(verify(&other, text, JwtAlgorithm::Hs256, &token), Ok(None));
        let (head, _) = token.split_once('.').unwrap();
        let forged = format!("{head}.{}.AAAA", URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(verify(&key, text, JwtAlgorithm::Hs256, &forged), Ok(None));
        let none = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(verify(&key, text, JwtAlgorithm::Hs256, &none), Ok(None));
        assert!(sign(&key, text, JwtAlgorithm::Hs256, "[]").is_err());
    }

    #[test]
    fn es256_signs_with_a_private_key_and_verifies_with_its_public_one() {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let pem = |label: &str, der: &[u8]| {
            let body = STANDARD.encode(der);
            SecretValues::one(format!(
                "-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
            ))
        };
        // The SubjectPublicKeyInfo of a P-256 key: a fixed head and the point.
        let mut spki = from_hex("3059301306072a8648ce3d020106082a8648ce3d030107034200").unwrap();
        spki.extend(signature::KeyPair::public_key(&pair).as_ref());
        let private = pem("PRIVATE KEY", pkcs8.as_ref());
        let public = pem("PUBLIC KEY", &spki);
        let es256 = JwtAlgorithm::Es256;
        let token = sign(&private, Encoding::Text, es256, r#"{"a":1}"#).unwrap();
        let verified = verify(&public, Encoding::Text, es256, &token);
        assert_eq!(verified, Ok(Some(r#"{"a":1}"#.to_owned())));
        let cut = &token[..token.len() - 4];
        assert_eq!(verify(&public, Encoding::Text, es256, cut), Ok(None));
    }

    #[test]
    fn rs256_signs_with_a_private_key_and_verifies_with_its_public_one() {
        // Made for this test; nothing else knows them.
        let private = SecretValues::one(include_str!("../tests/keys/rsa-private.pem"));
        let public = SecretValues::one(include_str!("../tests/keys/rsa-public.pem"));
        let rs256 = JwtAlgorithm::Rs256;
        let token = sign(&private, Encoding::Text, rs256, r#"{"a":1}"#).unwrap();
        let verified = verify(&public, Encoding::Text, rs256, &token);
        assert_eq!(verified, Ok(Some(r#"{"a":1}"#.to_owned())));
        let other = token.replacen('.', ".e", 1);
        assert_eq!(verify(&public, Encoding::Text, rs256, &other), Ok(None));
        assert!(sign(&public, Encoding::Text, rs256, "{}").is_err());
    }
}
