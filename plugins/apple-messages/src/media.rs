//! Where a customer's encrypted bytes are. Apple's store is asked for a short-lived URL first; the bytes are then
//! decrypted by the host as they stream.

use trunkline_plugin::SendError;
use trunkline_plugin::channel::Download;
use trunkline_plugin::http::{self, AesCtr, Request};

use crate::settings::Settings;
use crate::wire::{Blob, DownloadPlace};
use crate::{refusal, token};

/// The counter begins at zero: safe only because no key is used twice.
pub(crate) const COUNTER: [u8; 16] = [0; 16];

/// The plugin's word for a file; `None` if something that fetching needs is missing or not written as Apple does.
pub(crate) fn reference(blob: &Blob) -> Option<String> {
    let whole = blob.aes_key().is_some()
        && blob.signature().is_some()
        && blob.url.is_some()
        && blob.owner.is_some();
    // Plain data always serialises.
    whole.then(|| serde_json::to_string(blob).ok()).flatten()
}

/// The request that fetches it.
pub(crate) fn open(settings: &Settings, reference: &str) -> Result<Download, SendError> {
    let blob: Blob = serde_json::from_str(reference)
        .map_err(|_| SendError::Refused("this is no reference to a file of Apple's".to_owned()))?;
    let cipher = cipher(&blob)?;
    Ok(Download {
        request: Request::get(locate(settings, &blob)?),
        decrypt: Some(cipher),
    })
}

/// How it was encrypted.
pub(crate) fn cipher(blob: &Blob) -> Result<AesCtr, SendError> {
    let key = blob.aes_key().ok_or_else(|| {
        SendError::Refused("the file's key is not 00 and 64 hex digits".to_owned())
    })?;
    Ok(AesCtr {
        key,
        iv: COUNTER.to_vec(),
    })
}

/// Asks for the URL, which lives for seconds: not before the bytes are wanted.
pub(crate) fn locate(settings: &Settings, blob: &Blob) -> Result<String, SendError> {
    let missing = |what: &str| SendError::Refused(format!("the file has no {what}"));
    let url = blob.url.as_deref().ok_or_else(|| missing("address"))?;
    let owner = blob.owner.as_deref().ok_or_else(|| missing("owner"))?;
    let signature = blob.signature().ok_or_else(|| missing("signature"))?;
    let request = token::signed(settings, Request::get(settings.url("preDownload")))?
        .header("mmcs-url", header_value(url)?)
        .header("mmcs-signature", header_value(&signature)?)
        .header("mmcs-owner", header_value(owner)?);
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_file(&answer));
    }
    let place: DownloadPlace = answer.json().map_err(|error| SendError::Again {
        after_ms: refusal::PAUSE_MS,
        why: format!("preDownload's answer: {error}"),
    })?;
    Ok(place.download_url)
}

/// As it is: a second URL-encoding is the usual mistake. What no header can hold is none of Apple's.
fn header_value(text: &str) -> Result<&str, SendError> {
    let plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    plain.then_some(text).ok_or_else(|| {
        SendError::Refused("the file's address is not written as Apple does".to_owned())
    })
}
