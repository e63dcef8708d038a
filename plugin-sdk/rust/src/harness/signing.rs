//! What a host does with secrets, for fixtures: HMAC of four hashes, and HS256. Tokens of key pairs (RS256, ES256) are
//! for tests in the sandbox.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};

use crate::bytes::from_hex;
use crate::secrets::{Encoding, Hash, JwtAlgorithm, SecretError};

pub(super) fn key(value: &str, encoding: Encoding) -> Result<Vec<u8>, SecretError> {
    match encoding {
        Encoding::Text => Ok(value.as_bytes().to_vec()),
        Encoding::Hex => from_hex(value)
            .ok_or_else(|| SecretError::Malformed("the secret is not hexadecimal".to_owned())),
        Encoding::Base64 => STANDARD
            .decode(value)
            .map_err(|_| SecretError::Malformed("the secret is not base64".to_owned())),
    }
}

macro_rules! mac {
    ($hash:ty, $key:expr, $data:expr) => {{
        // RFC 2104 hashes long keys and pads short ones.
        let mut mac = Hmac::<$hash>::new_from_slice($key).expect("HMAC takes keys of any length");
        mac.update($data);
        mac.finalize().into_bytes().to_vec()
    }};
}

pub(super) fn hmac(key: &[u8], hash: Hash, data: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Md5 => mac!(md5::Md5, key, data),
        Hash::Sha1 => mac!(sha1::Sha1, key, data),
        Hash::Sha256 => mac!(sha2::Sha256, key, data),
        Hash::Sha512 => mac!(sha2::Sha512, key, data),
    }
}

/// The hash of the data with the secret behind it.
pub(super) fn digest(secret: &str, hash: Hash, data: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    fn of<D: Digest>(data: &[u8], secret: &str) -> Vec<u8> {
        let digest = D::new().chain_update(data).chain_update(secret);
        digest.finalize().to_vec()
    }
    match hash {
        Hash::Md5 => of::<md5::Md5>(data, secret),
        Hash::Sha1 => of::<sha1::Sha1>(data, secret),
        Hash::Sha256 => of::<sha2::Sha256>(data, secret),
        Hash::Sha512 => of::<sha2::Sha512>(data, secret),
    }
}

/// The claims, if the signature is good.
pub(super) fn jwt_claims(
    key: &[u8],
    algorithm: JwtAlgorithm,
    token: &str,
) -> Result<Option<String>, SecretError> {
    hs256(algorithm)?;
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return Ok(None);
    };
    let good = URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|mac| mac == hmac(key, Hash::Sha256, signed.as_bytes()));
    let claims = signed
        .split_once('.')
        .and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
    Ok(claims
        .filter(|_| good)
        .and_then(|claims| String::from_utf8(claims).ok()))
}

/// A token over these claims.
pub(super) fn jwt(
    key: &[u8],
    algorithm: JwtAlgorithm,
    claims: &str,
) -> Result<String, SecretError> {
    hs256(algorithm)?;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac(key, Hash::Sha256, signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

fn hs256(algorithm: JwtAlgorithm) -> Result<(), SecretError> {
    match algorithm {
        JwtAlgorithm::Hs256 => Ok(()),
        JwtAlgorithm::Rs256 | JwtAlgorithm::Es256 => Err(SecretError::Malformed(
            "fixtures sign with HS256 alone".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::to_hex;

    #[test]
    fn macs_are_those_of_the_rfcs() {
        // RFC 2202 and RFC 4231, test case 2.
        let mac = |hash| to_hex(&hmac(b"Jefe", hash, b"what do ya want for nothing?"));
        assert_eq!(mac(Hash::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(mac(Hash::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            mac(Hash::Sha256),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(
            mac(Hash::Sha512)
                .starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554")
        );
    }

    #[test]
    fn digests_are_of_the_data_with_the_secret_behind() {
        // RFC 1321, test suite: "message digest".
        let digest = to_hex(&digest("digest", Hash::Md5, b"message "));
        assert_eq!(digest, "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn a_token_gives_its_claims_to_its_own_key_alone() {
        let token = jwt(b"key", JwtAlgorithm::Hs256, r#"{"a":1}"#).expect("a token");
        assert_eq!(
            jwt_claims(b"key", JwtAlgorithm::Hs256, &token),
            Ok(Some(r#"{"a":1}"#.to_owned()))
        );
        assert_eq!(jwt_claims(b"other", JwtAlgorithm::Hs256, &token), Ok(None));
        assert_eq!(
            jwt_claims(b"key", JwtAlgorithm::Hs256, "no token"),
            Ok(None)
        );
        assert!(jwt(b"key", JwtAlgorithm::Rs256, "{}").is_err());
    }
}
