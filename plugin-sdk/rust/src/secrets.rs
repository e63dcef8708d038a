//! Secrets are used, never read: a plugin knows their names alone.

use serde::{Deserialize, Serialize};

use crate::outside;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hash {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
    /// 64 bytes.
    Sha512,
}

/// How the key is written in the secret's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Its bytes are the key.
    Text,
    /// Hex digits.
    Hex,
    /// Base64, standard alphabet.
    Base64,
}

/// A signature of a JSON web token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JwtAlgorithm {
    /// HMAC-SHA256.
    Hs256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// ECDSA P-256 with SHA-256.
    Es256,
}

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum SecretError {
    /// The manifest does not name it, or the operator gave no value.
    #[error(
        "there is no secret `{0}`: name it in plugin.toml and give it a value in the configuration"
    )]
    Missing(String),
    /// The value is not what its encoding or algorithm needs.
    #[error("a secret cannot be used so: {0}")]
    Malformed(String),
}

/// Whether `mac` is the HMAC of `data`, compared in constant time, under either value of a secret being rotated.
///
/// # Errors
/// The secret is missing or not written so.
pub fn verify(
    secret: &str,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
    mac: &[u8],
) -> Result<bool, SecretError> {
    outside::verify(secret, encoding, hash, data, mac)
}

/// Whether `digest` is the hash of `data` with the secret's text behind it, compared and rotated as in [`verify`]. Only
/// for providers whose oldest signatures are so; an HMAC is better.
///
/// # Errors
/// The secret is missing.
pub fn verify_digest(
    secret: &str,
    hash: Hash,
    data: &[u8],
    digest: &[u8],
) -> Result<bool, SecretError> {
    outside::verify_digest(secret, hash, data, digest)
}

/// HMAC of `data` under the secret's first value.
///
/// # Errors
/// The secret is missing or not written so.
pub fn sign(
    secret: &str,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
) -> Result<Vec<u8>, SecretError> {
    outside::sign(secret, encoding, hash, data)
}

/// Whether the secret is this text, in constant time.
///
/// # Errors
/// The secret is missing.
pub fn matches(secret: &str, text: &str) -> Result<bool, SecretError> {
    outside::matches(secret, text)
}

/// The claims (a JSON object) of a token whose signature is good, else `None`. Times are for the plugin to check.
///
/// # Errors
/// The secret is missing or no key of this algorithm.
pub fn jwt_verify(
    secret: &str,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    token: &str,
) -> Result<Option<String>, SecretError> {
    outside::jwt_verify(secret, encoding, algorithm, token)
}

/// A token over these claims (a JSON object).
///
/// # Errors
/// The secret is missing or no key of this algorithm, or the claims are no JSON object.
pub fn jwt_sign(
    secret: &str,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    claims: &str,
) -> Result<String, SecretError> {
    outside::jwt_sign(secret, encoding, algorithm, claims)
}
