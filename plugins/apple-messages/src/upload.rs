//! A file of ours into Apple's store: a slot, then the bytes, which the host encrypts as they stream.

use trunkline_plugin::channel::File;
use trunkline_plugin::http::{self, AesCtr, Body, Request};
use trunkline_plugin::{SendError, random};

use crate::compose::Stored;
use crate::media::COUNTER;
use crate::settings::Settings;
use crate::wire::{UploadSlot, Uploaded};
use crate::{refusal, token};

/// Uploads it under a key of its own.
pub(crate) fn upload(settings: &Settings, file: &File) -> Result<Stored, SendError> {
    let slot = slot(settings, file.size)?;
    let key = random::bytes(32);
    let key_field = format!("00{}", to_hex(&key));
    let stored = put(&slot, file, key)?;
    Ok(Stored {
        name: plain_name(&file.name),
        mime_type: file.content_type.clone(),
        size: file.size.to_string(),
        signature: stored.single_file.file_checksum,
        url: slot.mmcs_url,
        owner: slot.mmcs_owner,
        key: key_field,
    })
}

/// Asks where so many bytes may go; also the question of `check`, because it changes nothing.
pub(crate) fn slot_request(settings: &Settings, bytes: u64) -> Result<Request, SendError> {
    let request = Request::get(settings.url("preUpload")).header("mmcs-size", bytes.to_string());
    token::signed(settings, request)
}

fn slot(settings: &Settings, bytes: u64) -> Result<UploadSlot, SendError> {
    let answer = http::fetch(&slot_request(settings, bytes)?)?;
    if !answer.is_success() {
        return Err(refusal::of_slot(&answer));
    }
    answer.json().map_err(|error| SendError::Again {
        after_ms: refusal::PAUSE_MS,
        why: format!("preUpload's answer: {error}"),
    })
}

/// The slot's URL is signed by Apple: our token stays away from it.
fn put(slot: &UploadSlot, file: &File, key: Vec<u8>) -> Result<Uploaded, SendError> {
    let request = Request::post(&slot.upload_url)
        .header("content-type", "application/octet-stream")
        .body(Body::File {
            handle: file.handle.clone(),
            encrypt: Some(AesCtr {
                key,
                iv: COUNTER.to_vec(),
            }),
        })
        // Nobody sees what no message names: a second upload is a second slot.
        .safe();
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_upload(&answer));
    }
    answer.json().map_err(|error| SendError::Again {
        after_ms: refusal::PAUSE_MS,
        why: format!("the upload's answer: {error}"),
    })
}

/// Apple's devices stumble over some characters in names.
fn plain_name(name: &str) -> String {
    let plain = |character: char| {
        let fits = character.is_alphanumeric() || matches!(character, '.' | '-' | '_');
        if fits { character } else { '_' }
    };
    name.chars().map(plain).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_letters_of_every_script_and_loses_what_urls_mind() {
        assert_eq!(
            plain_name("Übersicht + Größe (1).pdf"),
            "Übersicht___Größe__1_.pdf"
        );
        assert_eq!(plain_name("請求書.pdf"), "請求書.pdf");
        assert_eq!(plain_name("../a/b%20c"), ".._a_b_20c");
    }
}
