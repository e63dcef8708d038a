//! Starts other programs and says what went wrong with them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A step that did not work out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The program could not be started.
    Start {
        /// The command line.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The program ended badly; it has said why on its own.
    Ended {
        /// The command line.
        what: String,
        /// Its exit status.
        status: ExitStatus,
    },
    /// The plugins could not be built.
    Plugins(crate::plugins::PluginsError),
    /// The docs could not be written.
    Docs(crate::docs::DocsError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start { what, source } => write!(f, "cannot start `{what}`: {source}"),
            Self::Ended { what, status } => write!(f, "`{what}` ended with {status}"),
            Self::Docs(error) => write!(f, "{error}"),
            Self::Plugins(error) => {
                write!(f, "{error}")?;
                let mut cause = std::error::Error::source(error);
                while let Some(error) = cause {
                    write!(f, "\n  because: {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}

impl From<crate::plugins::PluginsError> for Failure {
    fn from(error: crate::plugins::PluginsError) -> Self {
        Self::Plugins(error)
    }
}

/// Cargo, in the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs it with our own output; an unsuccessful end is a failure.
///
/// # Errors
/// It does not start, or ends badly.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let what = format!("{command:?}").replace('"', "");
    match command.stdin(Stdio::null()).status() {
        Err(source) => Err(Failure::Start { what, source }),
        Ok(status) if !status.success() => Err(Failure::Ended { what, status }),
        Ok(_) => Ok(()),
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is `tests/xtask/tasks`.
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// Where cargo builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::env::current_dir().unwrap_or_default().join(folder),
        None => root.join("target"),
    }
}
