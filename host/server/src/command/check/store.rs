//! The store, on a copy: opening the real one could bring it to this version, and a running host has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use trunkline_store::{Options, SqliteStore};

use super::{Line, Word};
use crate::host::causes;
use crate::wiring::beside;

/// Larger ones are not copied, only tried for reading and writing.
const COPY_BYTES_MAX: u64 = 1 << 30;

/// Can it be used?
pub(super) fn look(path: &Path) -> Line {
    let name = path.display();
    let (verdict, text) = match found(path) {
        Ok(Found::None) => (
            Word::Good,
            format!("{name} does not exist yet and can be made"),
        ),
        Ok(Found::InUse) => (
            Word::Good,
            format!("{name} is in use by a running Trunkline"),
        ),
        Ok(Found::Opened) => (Word::Good, format!("{name} can be opened and written")),
        Ok(Found::Large) => (
            Word::Good,
            format!("{name} can be read and written; it is too large to be tried on a copy"),
        ),
        Err(why) => (Word::Bad, format!("{name}: {why}")),
    };
    Line::new("store", "sqlite", verdict, text)
}

enum Found {
    None,
    InUse,
    Opened,
    Large,
}

fn found(path: &Path) -> Result<Found, String> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return creatable(path),
        Err(error) => return Err(error.to_string()),
    }
    if in_use(&beside(path, ".lock")) {
        return Ok(Found::InUse);
    }
    let size = std::fs::metadata(path).map_err(text)?.len();
    if size > COPY_BYTES_MAX {
        return Ok(Found::Large);
    }
    open_copy(path)?;
    Ok(Found::Opened)
}

fn creatable(path: &Path) -> Result<Found, String> {
    let folders = path.ancestors().skip(1);
    let here = Path::new(".");
    let folder = folders
        .map(|folder| {
            if folder.as_os_str().is_empty() {
                here
            } else {
                folder
            }
        })
        .find(|folder| folder.exists())
        .unwrap_or(here);
    tempfile::tempfile_in(folder)
        .map(|_| Found::None)
        .map_err(|error| format!("nothing can be written to {}: {error}", folder.display()))
}

fn in_use(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn open_copy(path: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let copy = folder.path().join("copy.db");
    std::fs::copy(path, &copy).map_err(text)?;
    let log = beside(path, "-wal");
    if log.exists() {
        std::fs::copy(log, beside(&copy, "-wal")).map_err(text)?;
    }
    let options = Options::new(folder.path().join("files"));
    match SqliteStore::open(&copy, options) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}{}", causes(&error))),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_not_there_is_good_and_still_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/trunkline.db");
        assert_eq!(look(&path).verdict, Word::Good);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_no_store_is_bad_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trunkline.db");
        std::fs::write(&path, "a letter to my bank".repeat(100)).unwrap();
        let line = look(&path);
        assert_eq!(line.verdict, Word::Bad, "{}", line.text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_store_in_use_is_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trunkline.db");
        let files = Options::new(folder.path().join("files"));
        let _held = SqliteStore::open(&path, files).unwrap();
        let line = look(&path);
        assert!(line.text.contains("in use"), "{}", line.text);
    }
}
