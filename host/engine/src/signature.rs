//! Minisign signatures beside plugin files.

use minisign_verify::{PublicKey, Signature};
use trunkline_flow::ports::PluginVersion;

use crate::config::Trust;
use crate::refusal::{Refusal, Stage};

/// What a file's signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    ByTrustedKey,
    No,
}

/// Checks the signature of these bytes. A wrong one refuses the file; a missing one only if signatures are required, and
/// never a file that came with this release: the program vouches for it.
pub(crate) fn check(
    trust: &Trust,
    version: &PluginVersion,
    bytes: &[u8],
    signature: Option<&str>,
) -> Result<Signed, Refusal> {
    let refuse = |reason: String| {
        let what_to_do = "sign the file with a key of plugins.trusted_keys: minisign -S -m FILE";
        Refusal::new(Stage::Signature, reason, what_to_do)
    };
    let Some(text) = signature else {
        if trust.require_signature && !trust.shipped.contains(version) {
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

#[cfg(test)]
mod tests {
    use super::*;

    // The example of minisign's own documentation: the bytes `test`, signed.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1633700835\tfile:test\tprehashed
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==";
    const OTHER_KEY: &str = "RWQSOI4Fxo4nCYMZsd+CkxdSXrxjVg3ARqwzRyJGQCFX1KMGDRJTHQrB";

    fn version() -> PluginVersion {
        PluginVersion("9f86".to_owned())
    }

    fn trust(keys: &[&str], require_signature: bool) -> Trust {
        Trust {
            trusted_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            require_signature,
            ..Trust::default()
        }
    }

    #[test]
    fn a_signature_of_a_trusted_key_over_these_bytes_is_good() {
        let trust = trust(&[OTHER_KEY, KEY], true);
        assert_eq!(
            check(&trust, &version(), b"test", Some(SIGNATURE)),
            Ok(Signed::ByTrustedKey)
        );
    }

    #[test]
    fn a_signature_over_other_bytes_or_of_another_key_refuses_the_file() {
        for (keys, bytes) in [(KEY, b"tost"), (OTHER_KEY, b"test")] {
            let refused = check(&trust(&[keys], false), &version(), bytes, Some(SIGNATURE));
            assert_eq!(
                refused.map_err(|refusal| refusal.stage),
                Err(Stage::Signature)
            );
        }
    }

    #[test]
    fn a_missing_signature_refuses_only_where_one_is_required() {
        let unsigned = |trust: &Trust| check(trust, &version(), b"test", None);
        assert_eq!(unsigned(&trust(&[KEY], false)), Ok(Signed::No));
        assert!(unsigned(&trust(&[KEY], true)).is_err());
        // What came with this release needs none.
        let mut shipped = trust(&[KEY], true);
        shipped.shipped.insert(version());
        assert_eq!(unsigned(&shipped), Ok(Signed::No));
    }
}
