//! Minisign signatures beside plugin files.

use minisign_verify::{PublicKey, Signature};

use crate::config::Trust;
use crate::refusal::{Refusal, Stage};

/// What a file's signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    ByTrustedKey,
    No,
}

/// Checks the signature of these bytes. A wrong one refuses the file; a missing one only if signatures are required.
pub(crate) fn check(
    trust: &Trust,
    bytes: &[u8],
    signature: Option<&str>,
) -> Result<Signed, Refusal> {
    let refuse = |reason: String| {
        let what_to_do = "sign the file with a key of plugins.trusted_keys: minisign -S -m FILE";
        Refusal::new(Stage::Signature, reason, what_to_do)
    };
    let Some(text) = signature else {
        if trust.require_signature {
            return Err(refuse(
                "no signature, and plugins.require_signature is set".to_owned(),
            ));
        }
        return Ok(Signed::No);
    };
    if trust.trusted_keys.is_empty() && !trust.require_signature {
        return Ok(Signed::No);
    }
    let signature = Signature::decode(text)
        .map_err(|error| refuse(format!("the signature cannot be read: {error}")))?;
    let good = trust.trusted_keys.iter().any(|key| {
        PublicKey::from_base64(key.trim())
            .is_ok_and(|key| key.verify(bytes, &signature, false).is_ok())
    });
    if good {
        Ok(Signed::ByTrustedKey)
    } else {
        Err(refuse("the signature is of no trusted key".to_owned()))
    }
}

/// Keys that are none, for `trunkline check`.
pub fn bad_keys(trust: &Trust) -> Vec<String> {
    let keys = trust.trusted_keys.iter();
    keys.filter(|key| PublicKey::from_base64(key.trim()).is_err())
        .cloned()
        .collect()
}
