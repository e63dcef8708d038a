//! Originals of what agents see as a placeholder: masked, apart, for `trace`.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::Timestamp;

use crate::failure::Outcome;

/// Of a longer one the beginning is kept.
const ORIGINAL_BYTES_MAX: usize = 64 * 1024;

/// Keeps it for the event with this key.
pub(crate) fn keep(
    db: &Connection,
    scope: &str,
    key: &str,
    original: &str,
    at: Timestamp,
) -> Outcome<()> {
    let kept = original.floor_char_boundary(ORIGINAL_BYTES_MAX);
    db.prepare_cached(
        "INSERT INTO originals (key, scope, at, original) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET at = excluded.at, original = excluded.original",
    )?
    .execute(params![key, scope, at.0, &original[..kept]])?;
    Ok(())
}

/// That of the event with this key.
pub(crate) fn of(db: &Connection, scope: &str, key: &str) -> Outcome<Option<String>> {
    let found = db
        .prepare_cached("SELECT original FROM originals WHERE key = ?1 AND scope = ?2")?
        .query_row(params![key, scope], |row| row.get(0))
        .optional()?;
    Ok(found)
}
