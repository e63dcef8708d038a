//! Lines of a trace as they are kept beside a delivery: one JSON array a line, `[at, kind, text]`.

use serde::{Deserialize, Serialize};
use trunkline_core::id::Timestamp;

/// Beyond this an attempt's note is left out; the last one, at the settle, never is.
pub(crate) const NOTES_BYTES_MAX: usize = 16 * 1024;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note(pub(crate) Timestamp, pub(crate) String, pub(crate) String);

/// The line as it is appended.
pub(crate) fn line(at: Timestamp, kind: &str, text: &str) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(&(at, kind, text))?;
    line.push('\n');
    Ok(line)
}

/// All lines, in order.
pub(crate) fn lines(notes: Option<&str>) -> Result<Vec<Note>, serde_json::Error> {
    notes
        .unwrap_or_default()
        .lines()
        .map(serde_json::from_str)
        .collect()
}
