//! The schema, by numbered migrations. `user_version` is the number of the last one that ran.

use rusqlite::Connection;

use crate::open::OpenError;

/// In order; the first is number 1. A released one is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
];

/// `Trkl`: tells our files from others'.
const APPLICATION_ID: i32 = 0x5472_6b6c;

/// The newest schema this program knows.
pub(crate) fn newest() -> usize {
    MIGRATIONS.len()
}

/// Brings the store to the newest schema; refuses one that is newer, or not ours.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), OpenError> {
    let application: i32 = pragma(db, "application_id")?;
    let version: usize = pragma(db, "user_version")?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(OpenError::NotOurs);
    }
    if version > newest() {
        return Err(OpenError::Newer {
            found: version,
            known: newest(),
        });
    }
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = db.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> rusqlite::Result<T> {
    db.pragma_query_value(None, name, |row| row.get(0))
}
