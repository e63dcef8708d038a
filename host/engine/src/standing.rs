//! How far a version is trusted with the hosts that its manifest names, by what the configuration says now: whether it comes from a
//! file or from the store. What was granted once and is no more counts for nothing.

use trunkline_flow::ports::{PluginArchive, PluginVersion, StoreError};

use crate::config::Trust;
use crate::grant::{Standing, fixed_hosts};
use crate::manifest::Manifest;
use crate::scan::SIGNATURE_SUFFIX;
use crate::signature::Signed;

/// What came with this release or is signed by a trusted key is trusted; once there is a key, nothing else is. Where nobody
/// can sign, the first version of a plugin is, and a later one as far as that first one: measured by the one before it, a grant would
/// outlast its line in the configuration. Blocks.
///
/// # Errors
/// The archive cannot be read.
pub(crate) fn standing(
    trust: &Trust,
    archive: &dyn PluginArchive,
    manifest: &Manifest,
    version: &PluginVersion,
    signed: Signed,
) -> Result<Standing, StoreError> {
    if signed == Signed::ByTrustedKey || trust.shipped.contains(version) {
        return Ok(Standing::Trusted);
    }
    if !trust.trusted_keys.is_empty() {
        return Ok(Standing::Stranger);
    }
    let first = archive.first(manifest.name.as_str())?;
    let Some(first) = first.filter(|first| first != version) else {
        return Ok(Standing::Trusted);
    };
    let first = archive.fetch(&first)?;
    let first = first.and_then(|file| Manifest::of_component(&file.bytes).ok());
    let hosts = first.and_then(|manifest| fixed_hosts(&manifest).ok());
    Ok(Standing::Like(hosts.unwrap_or_default()))
}

/// Keeps a file's signature beside its bytes, as it lies beside it in the folder. Blocks.
///
/// # Errors
/// The archive cannot be written.
pub(crate) fn keep_signature(
    archive: &dyn PluginArchive,
    version: &PluginVersion,
    signature: &str,
) -> Result<(), StoreError> {
    archive.keep(&signature_of(version), "", "", signature.as_bytes())
}

/// The signature kept with a version. Blocks.
///
/// # Errors
/// The archive cannot be read.
pub(crate) fn kept_signature(
    archive: &dyn PluginArchive,
    version: &PluginVersion,
) -> Result<Option<String>, StoreError> {
    let file = archive.fetch(&signature_of(version))?;
    Ok(file.and_then(|file| String::from_utf8(file.bytes).ok()))
}

fn signature_of(version: &PluginVersion) -> PluginVersion {
    PluginVersion(format!("{}{SIGNATURE_SUFFIX}", version.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trunkline_core::id::Timestamp;
    use trunkline_flow::ports::PluginFile;

    use super::*;

    /// Nothing was ever live.
    struct Empty;

    impl PluginArchive for Empty {
        fn keep(&self, _: &PluginVersion, _: &str, _: &str, _: &[u8]) -> Result<(), StoreError> {
            Ok(())
        }

        fn fetch(&self, _: &PluginVersion) -> Result<Option<PluginFile>, StoreError> {
            Ok(None)
        }

        fn made_live(&self, _: &PluginVersion, _: Timestamp) -> Result<(), StoreError> {
            Ok(())
        }

        fn history(&self, _: &str) -> Result<Vec<PluginVersion>, StoreError> {
            Ok(Vec::new())
        }

        fn first(&self, _: &str) -> Result<Option<PluginVersion>, StoreError> {
            Ok(None)
        }

        fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError> {
            Ok(Vec::new())
        }
    }

    fn judged(trust: &Trust, signed: Signed) -> Standing {
        let text = "name = 'sms'\nversion = '1'\nkind = 'channel'\ncontract = '0.1-dev'";
        let manifest = Manifest::parse(text).unwrap();
        let version = PluginVersion("ab".to_owned());
        standing(trust, &Empty, &manifest, &version, signed).unwrap()
    }

    #[test]
    fn once_there_is_a_key_only_what_it_signed_or_what_was_shipped_is_trusted() {
        let mut trust = Trust {
            trusted_keys: vec!["RW".to_owned()],
            require_signature: true,
            shipped: BTreeSet::new(),
        };
        assert_eq!(judged(&trust, Signed::ByTrustedKey), Standing::Trusted);
        assert_eq!(judged(&trust, Signed::No), Standing::Stranger);
        trust.shipped.insert(PluginVersion("ab".to_owned()));
        assert_eq!(judged(&trust, Signed::No), Standing::Trusted);
    }

    #[test]
    fn without_keys_the_first_version_is_trusted() {
        assert_eq!(judged(&Trust::default(), Signed::No), Standing::Trusted);
    }
}
