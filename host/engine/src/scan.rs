//! Looks at the plugin folder: which files, in which state. And watches it.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::plan::{Found, Stamp};

/// A file nobody has touched for so long is taken as it is.
const OLD: Duration = Duration::from_secs(2);

/// What a plugin file's signature is called: `sms.wasm.minisig`.
pub(crate) const SIGNATURE_SUFFIX: &str = ".minisig";

/// The plugin files of the folder, by name.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn scan(dir: &Path) -> io::Result<BTreeMap<String, Found>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = plugin_file_name(&path) else {
            continue;
        };
        // Gone between the listing and here: the next scan sees that.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_file() {
            files.insert(name, found(&path, &metadata));
        }
    }
    Ok(files)
}

/// The signature beside a plugin file.
pub(crate) fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIGNATURE_SUFFIX);
    name.into()
}

/// Hidden files are somebody's halves: editors and copying tools rename them when they are whole.
fn plugin_file_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_plugin = path.extension()? == "wasm" && !name.starts_with('.');
    is_plugin.then(|| name.to_owned())
}

fn found(path: &Path, metadata: &Metadata) -> Found {
    let signature = fs::metadata(signature_path(path)).ok();
    let age = metadata
        .modified()
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok());
    Found {
        stamp: Stamp {
            size: metadata.len(),
            modified_ms: modified_ms(metadata),
            signature: signature.map(|file| (file.len(), modified_ms(&file))),
        },
        old: age.is_some_and(|age| age > OLD),
    }
}

fn modified_ms(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok();
    let since = since.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Calls back whenever something in the folder that matters may have changed.
///
/// # Errors
/// The system gives no watch. Scans by the clock still find changes.
pub(crate) fn watch(
    dir: &Path,
    changed: impl Fn() + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error may stand for lost events: look.
        let matters = event.map_or(true, |event| event.paths.iter().any(|path| matters(path)));
        if matters {
            changed();
        }
    })?;
    watcher.watch(dir, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Plugin files, signatures, and the note whose removal ends a quarantine.
fn matters(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".wasm")
        || name.ends_with(SIGNATURE_SUFFIX)
        || name.ends_with(".quarantined.json")
}
