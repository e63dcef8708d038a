//! Which plugin files came with this program: `trunkline.shipped`, a list beside it as `sha256sum` prints it, which
//! `cargo xtask plugins` writes.
//!
//! The list vouches for bytes, so it must not lie where plugins are dropped. Beside the program it is as safe as the program:
//! who can change the one can replace the other. Plugins may be built before the host or after it.

use std::collections::BTreeSet;
use std::path::Path;

use trunkline_flow::ports::PluginVersion;

/// The list's file name.
const FILE: &str = "trunkline.shipped";

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// The files that came with this program; none without a list.
pub(crate) fn beside_this_program() -> BTreeSet<PluginVersion> {
    let program = std::env::current_exe().and_then(std::fs::canonicalize);
    let folder = program.as_deref().ok().and_then(Path::parent);
    folder.map(listed_in).unwrap_or_default()
}

fn listed_in(folder: &Path) -> BTreeSet<PluginVersion> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => hashes(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the list of shipped plugins cannot be read: none counts as shipped");
            BTreeSet::new()
        }
    }
}

fn hashes(text: &str) -> BTreeSet<PluginVersion> {
    let words = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let is_hash =
        |word: &&str| word.len() == HASH_DIGITS && word.bytes().all(|c| c.is_ascii_hexdigit());
    words
        .filter(is_hash)
        .map(|word| PluginVersion(word.to_ascii_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_as_sha256sum_prints_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(listed_in(folder.path()).is_empty());
        let hash = "0A".repeat(32);
        let text = format!("{hash}  sms.wasm\n\nnonsense  other.wasm\n");
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let listed = listed_in(folder.path());
        assert_eq!(listed.len(), 1);
        assert!(listed.contains(&PluginVersion("0a".repeat(32))));
    }
}
