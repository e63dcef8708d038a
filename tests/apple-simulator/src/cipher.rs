//! Files as Apple's store keeps them: AES-256 in counter mode from zero, the key written as `00` and 64 hex digits.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use sha2::{Digest as _, Sha256};

/// The key behind its field; `None` if it is not written so.
pub fn key(field: &str) -> Option<[u8; 32]> {
    let digits = field.strip_prefix("00").filter(|rest| rest.len() == 64)?;
    from_hex(digits)?.try_into().ok()
}

/// A key as a message names it.
pub fn key_field(key: &[u8; 32]) -> String {
    format!("00{}", hex(key))
}

/// Encrypts or decrypts: in counter mode that is the same.
pub fn apply(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    Ctr128BE::<Aes256>::new(key.into(), &[0; 16].into()).apply_keystream(&mut bytes);
    bytes
}

/// Lower-case hex of the SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| {
        let value = |digit: &u8| char::from(*digit).to_digit(16);
        u8::try_from(value(pair.first()?)? * 16 + value(pair.get(1)?)?).ok()
    };
    digits.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_vectors_hold() {
        let field = "00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let key = key(field).expect("a key");
        assert_eq!(hex(&apply(&key, b"A")), "b3");
        assert_eq!(
            hex(&apply(
                &key,
                b"Invoice #4711 attached - please check by Friday."
            )),
            "bbfe76d9432afaf08ac7ad5bec0e16f4843c15c62fddbfc88686f75429b1531d6dd4d0bdde0ce1c428eedb5c7c4de8b7"
        );
        assert_eq!(key_field(&key), field);
        assert_eq!(super::key(&field[2..]), None);
    }
}
