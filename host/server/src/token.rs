//! The admin token: configured, or a random one in a file beside the store that only its owner reads.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::config::{Config, Secret};

/// Bytes of a random token.
const TOKEN_BYTES: usize = 32;

/// The file of a store's token: `trunkline.db.admin-token`.
pub fn token_file(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".admin-token");
    name.into()
}

/// The file of the token that counts; none where it is configured.
pub(crate) fn file_in_use(config: &Config) -> Option<PathBuf> {
    let own = config.server.admin_token.is_none();
    own.then(|| token_file(&config.store.path))
}

/// The token in the file; makes file and token if there is none.
///
/// # Errors
/// The folder cannot be written, or others may read the file.
pub(crate) fn read_or_make(path: &Path) -> io::Result<Secret> {
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let token = random()?;
            file.write_all(token.as_bytes())?;
            file.sync_all()?;
            Ok(Secret::new(token))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error),
    }
}

/// The token in the file.
///
/// # Errors
/// There is no such file, it is empty, or others may read it.
pub(crate) fn read(path: &Path) -> io::Result<Secret> {
    let mut file = std::fs::File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        let text = format!("others may read {}: chmod 600 it", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    match text.trim() {
        "" => {
            let text = format!("{} is empty: delete it", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
        token => Ok(Secret::new(token)),
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = token_file(&folder.path().join("trunkline.db"));
        let made = read_or_make(&path).unwrap();
        assert_eq!(made.reveal().len(), 2 * TOKEN_BYTES);
        assert_eq!(read_or_make(&path).unwrap(), made);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_token_that_others_may_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "abc").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
