//! The embeddable chat: TypeScript that Node builds. Everything else works without it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Failure, run};

/// Whether the chat is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chat {
    /// `dist/trunkline-chat.js` is up to date.
    Built,
    /// There is no Node on this machine.
    NoNode,
}

impl Chat {
    /// Says on standard output what is missing.
    pub(crate) fn tell(self) {
        match self {
            Self::Built => {}
            Self::NoNode => println!(
                "  skipped: it needs Node 20 with npm; the page says how to build it later"
            ),
        }
    }
}

/// Installs its npm packages if they changed, and builds it.
///
/// # Errors
/// npm is there and fails.
pub(crate) fn build(root: &Path) -> Result<Chat, Failure> {
    let folder = root.join("plugins/in-app/web");
    if !has_npm() {
        return Ok(Chat::NoNode);
    }
    let installed = folder.join("node_modules/.package-lock.json");
    if is_older(&installed, &folder.join("package-lock.json")) {
        npm(
            &folder,
            &["ci", "--no-audit", "--no-fund", "--loglevel=error"],
        )?;
    }
    npm(&folder, &["run", "--silent", "build"])?;
    Ok(Chat::Built)
}

/// Runs npm in a folder.
///
/// # Errors
/// It fails.
pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    run(Command::new("npm").args(arguments).current_dir(folder))
}

/// Whether Node and npm are on this machine.
pub(crate) fn has_npm() -> bool {
    Command::new("npm")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Missing counts as older.
fn is_older(one: &Path, other: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    match (changed(one), changed(other)) {
        (Some(one), Some(other)) => one < other,
        _ => true,
    }
}
