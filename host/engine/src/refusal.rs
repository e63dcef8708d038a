//! Why a file is not live, and the note about it beside the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trunkline_core::id::Timestamp;

/// At which step a file failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading the file.
    Read,
    /// Its signature.
    Signature,
    /// Its manifest.
    Manifest,
    /// The contract it was built for.
    Contract,
    /// Another file has its name.
    Name,
    /// The settings of a channel or bot do not fit.
    Settings,
    /// It asks for more than was granted: it waits.
    Grants,
    /// Compiling it.
    Compile,
    /// What it imports or exports.
    Interfaces,
    /// The first call of it.
    Trial,
    /// Keeping it in the store.
    Store,
}

/// A file that is not live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Where it failed.
    pub stage: Stage,
    /// Why.
    pub reason: String,
    /// What the operator can do.
    pub what_to_do: String,
}

impl Refusal {
    pub(crate) fn new(
        stage: Stage,
        reason: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self {
            stage,
            reason: reason.into(),
            what_to_do: what_to_do.into(),
        }
    }
}

/// The note beside a file: `sms.refused.json`, `sms.quarantined.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The file's name.
    pub file: String,
    /// Of its bytes, in hex; empty if it could not be read.
    pub sha256: String,
    /// Where it failed; none in a quarantine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage: Option<Stage>,
    /// Why.
    pub reason: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: Timestamp,
    /// What the operator can do.
    pub what_to_do: String,
    /// The version that serves instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serving: Option<String>,
    /// Which plugin the file stands for, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plugin: Option<String>,
}

/// Which note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteKind {
    Refused,
    Quarantined,
}

impl NoteKind {
    fn path(self, file: &Path) -> PathBuf {
        file.with_extension(match self {
            Self::Refused => "refused.json",
            Self::Quarantined => "quarantined.json",
        })
    }

    /// Writes the note beside the file, whole or not at all.
    pub(crate) fn write(self, file: &Path, note: &Note) -> io::Result<()> {
        let path = self.path(file);
        let part = path.with_extension("json.part");
        fs::write(&part, serde_json::to_string_pretty(note)? + "\n")?;
        fs::rename(part, path)
    }

    /// The note, if one lies there that can be read.
    pub(crate) fn read(self, file: &Path) -> Option<Note> {
        serde_json::from_slice(&fs::read(self.path(file)).ok()?).ok()
    }

    /// Takes the note away, if there is one.
    pub(crate) fn remove(self, file: &Path) {
        // Not there: as wanted.
        let _ = fs::remove_file(self.path(file));
    }
}
