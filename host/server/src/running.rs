//! Where the running host is found: a file beside the store, written at the start, removed at a clean end.
//!
//! The configuration file says it too, but it may have changed since, or have been refused, and just then
//! `status` is asked. Only its owner reads it, as the token; it holds no secret. One that a killed host
//! left behind is written over by the next.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::wiring::beside;

/// How a running host is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where its admin token is; none where the configuration says it.
    pub(crate) token_file: Option<PathBuf>,
}

fn file(store: &Path) -> PathBuf {
    beside(store, ".running")
}

/// Leaves word of the host with this store.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn write(store: &Path, running: &Running) -> io::Result<()> {
    // Whole or not at all: somebody may be reading.
    let unfinished = beside(store, ".running.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(&unfinished)?;
    out.write_all(&serde_json::to_vec(running)?)?;
    std::fs::rename(&unfinished, file(store))
}

/// The host with this store, if one runs or was killed.
pub(crate) fn read(store: &Path) -> Option<Running> {
    let bytes = std::fs::read(file(store)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Its token is elsewhere since a reload. Without word of it there is nothing to change.
///
/// # Errors
/// As [`write`].
pub(crate) fn tell_token(store: &Path, token_file: Option<PathBuf>) -> io::Result<()> {
    match read(store) {
        Some(before) if before.token_file != token_file => {
            let address = before.address;
            write(
                store,
                &Running {
                    address,
                    token_file,
                },
            )
        }
        Some(_) | None => Ok(()),
    }
}

/// It runs no more.
pub(crate) fn remove(store: &Path) {
    // Then nobody wrote it.
    let _absent = std::fs::remove_file(file(store));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn word_of_a_host_is_for_its_owner_alone_and_follows_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("trunkline.db");
        tell_token(&store, None).unwrap();
        assert_eq!(read(&store), None);
        let mut running = Running {
            address: "127.0.0.1:8080".parse().unwrap(),
            token_file: Some(store.clone()),
        };
        write(&store, &running).unwrap();
        let mode = std::fs::metadata(file(&store))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        tell_token(&store, None).unwrap();
        running.token_file = None;
        assert_eq!(read(&store), Some(running));
        remove(&store);
        assert_eq!(read(&store), None);
    }
}
