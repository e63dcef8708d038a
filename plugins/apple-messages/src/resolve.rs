//! Interactive data that was too large to come along: fetched, decrypted and decoded, and the event is what it says.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use trunkline_plugin::channel::{Event, Happening};
use trunkline_plugin::http::{self, AesCtr, Body, Payload, Request, Response};
use trunkline_plugin::{PeerChange, SendError};

use crate::settings::Settings;
use crate::wire::{BUSINESS_EXTENSION, Blob};
use crate::{interactive, media, refusal, token, unpack};

/// A URL may be gone within seconds; each attempt asks for a new one.
const ATTEMPTS: usize = 3;

/// The event with what the customer answered in the place of the placeholder.
pub(crate) fn resolve(
    settings: &Settings,
    event: &Event,
) -> Result<(Vec<Event>, Vec<PeerChange>), SendError> {
    let bytes = event.resolve.as_deref().unwrap_or_default();
    let reference: Blob = serde_json::from_slice(bytes)
        .map_err(|error| SendError::Refused(format!("this is no reference: {error}")))?;
    let clear = fetch(settings, &reference)?;
    let answer = decode(settings, &reference, clear)?;
    let data = serde_json::from_slice(&answer)
        .map_err(|error| SendError::Refused(format!("decodePayload's answer: {error}")))?;
    let happening = match interactive::content(&data) {
        Some(content) => Happening::Said(content),
        None => event.happening.clone(),
    };
    let resolved = Event {
        happening,
        resolve: None,
        ..event.clone()
    };
    Ok((vec![resolved], Vec::new()))
}

/// The clear bytes.
fn fetch(settings: &Settings, reference: &Blob) -> Result<Vec<u8>, SendError> {
    let cipher = media::cipher(reference)?;
    let mut failure = None;
    for _ in 0..ATTEMPTS {
        match fetch_once(settings, reference) {
            Ok(bytes) => return decrypted(&cipher, bytes),
            Err(error @ SendError::Again { .. }) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(failure.unwrap_or_else(|| SendError::Refused("it was never fetched".to_owned())))
}

fn fetch_once(settings: &Settings, reference: &Blob) -> Result<Vec<u8>, SendError> {
    let answer = http::fetch(&Request::get(media::locate(settings, reference)?))?;
    let again = |why: String| SendError::Again {
        after_ms: refusal::PAUSE_MS,
        why,
    };
    if !answer.is_success() {
        return Err(again(format!(
            "Apple's store answered with status {}",
            answer.status
        )));
    }
    let bytes = bytes_of(answer);
    match reference.bytes() {
        Some(size) if size != bytes.len() as u64 => Err(again(format!(
            "{} bytes came instead of {size}",
            bytes.len()
        ))),
        Some(_) | None => Ok(bytes),
    }
}

fn bytes_of(answer: Response) -> Vec<u8> {
    match answer.body {
        Payload::Text(text) => text.into_bytes(),
        Payload::Bytes(bytes) => bytes,
    }
}

fn decrypted(cipher: &AesCtr, mut bytes: Vec<u8>) -> Result<Vec<u8>, SendError> {
    let mut stream = Ctr128BE::<Aes256>::new_from_slices(&cipher.key, &cipher.iv)
        .map_err(|_| SendError::Refused("the reference's key has another length".to_owned()))?;
    stream.apply_keystream(&mut bytes);
    Ok(bytes)
}

/// Apple turns the bytes into JSON. They go unchanged; some are taken only unpacked.
fn decode(settings: &Settings, reference: &Blob, clear: Vec<u8>) -> Result<Vec<u8>, SendError> {
    let unpacked = unpack::is_packed(&clear).then(|| unpack::unpack(&clear).ok());
    let mut answer = post(settings, reference, clear)?;
    if let (400, Some(Some(unpacked))) = (answer.status, unpacked) {
        answer = post(settings, reference, unpacked)?;
    }
    if !answer.is_success() {
        return Err(refusal::of_file(&answer));
    }
    let bytes = bytes_of(answer);
    if unpack::is_packed(&bytes) {
        return unpack::unpack(&bytes).map_err(|error| SendError::Refused(error.to_string()));
    }
    Ok(bytes)
}

fn post(settings: &Settings, reference: &Blob, bytes: Vec<u8>) -> Result<Response, SendError> {
    let bid = reference.bid.as_deref().unwrap_or(BUSINESS_EXTENSION);
    let request = token::signed(settings, Request::post(settings.url("decodePayload")))?
        .header("bid", bid)
        .header("accept", "*/*")
        .body(Body::Bytes(bytes))
        // It translates, and keeps nothing.
        .safe();
    Ok(http::fetch(&request)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn encrypted(key: &str, clear: &[u8]) -> String {
        let blob = Blob {
            key: Some(key.to_owned()),
            ..Blob::default()
        };
        let cipher = media::cipher(&blob).expect("a key");
        hex(&decrypted(&cipher, clear.to_vec()).expect("it fits"))
    }

    const KEY: &str = "00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn the_worked_vectors_of_the_cipher_hold() {
        assert_eq!(encrypted(KEY, b""), "");
        assert_eq!(encrypted(KEY, b"A"), "b3");
        assert_eq!(
            encrypted(KEY, &[0; 32]),
            "f29000b62a499fd0a9f39a6add2e7780f05d76ae4ab99fe5a6f69b3148c2363d"
        );
        assert_eq!(
            encrypted(KEY, b"Invoice #4711 attached - please check by Friday."),
            "bbfe76d9432afaf08ac7ad5bec0e16f4843c15c62fddbfc88686f75429b1531d6dd4d0bdde0ce1c428eedb5c7c4de8b7"
        );
        let upper = "0000FFA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBD";
        assert_eq!(
            encrypted(upper, b"leading zero key"),
            "0a1cd822bae67dd6c276c814d31a389a"
        );
    }

    #[test]
    fn one_flipped_bit_of_the_key_gives_other_bytes_or_none() {
        let other = KEY.replace("1e1f", "1e1e");
        assert_ne!(encrypted(KEY, &[0; 32]), encrypted(&other, &[0; 32]));
        let wrong_prefix = Blob {
            key: Some(format!("01{}", &KEY[2..])),
            ..Blob::default()
        };
        assert!(media::cipher(&wrong_prefix).is_err());
    }
}
