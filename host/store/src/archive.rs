//! Plugin files by hash.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{PluginArchive, PluginFile, PluginVersion, StoreError};

use crate::failure::{Outcome, broken};
use crate::sqlite::SqliteStore;

/// For the engine's own threads: an async task that calls these panics.
impl PluginArchive for SqliteStore {
    fn keep(
        &self,
        hash: &PluginVersion,
        name: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let hash = hash.clone();
        let file = PluginFile {
            name: name.to_owned(),
            version: version.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.writer()
            .write_blocking(move |writing| keep(writing.db, &hash, &file))
    }

    fn fetch(&self, hash: &PluginVersion) -> Result<Option<PluginFile>, StoreError> {
        let hash = hash.clone();
        self.readers().read_blocking(move |db| fetch(db, &hash))
    }

    fn made_live(&self, hash: &PluginVersion, at: Timestamp) -> Result<(), StoreError> {
        let hash = hash.clone();
        self.writer()
            .write_blocking(move |writing| made_live(writing.db, &hash, at))
    }

    fn history(&self, name: &str) -> Result<Vec<PluginVersion>, StoreError> {
        let name = name.to_owned();
        self.readers().read_blocking(move |db| history(db, &name))
    }

    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError> {
        self.readers().read_blocking(in_use)
    }
}

fn keep(db: &Connection, hash: &PluginVersion, file: &PluginFile) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO plugins (hash, name, version, bytes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![hash.0, file.name, file.version, file.bytes])?;
    Ok(())
}

fn fetch(db: &Connection, hash: &PluginVersion) -> Outcome<Option<PluginFile>> {
    let file = db
        .prepare_cached("SELECT name, version, bytes FROM plugins WHERE hash = ?1")?
        .query_row([&hash.0], |row| {
            Ok(PluginFile {
                name: row.get(0)?,
                version: row.get(1)?,
                bytes: row.get(2)?,
            })
        })
        .optional()?;
    Ok(file)
}

/// Nothing is noted for the one that was live last: a restart is no change.
fn made_live(db: &Connection, hash: &PluginVersion, at: Timestamp) -> Outcome<()> {
    let name: Option<String> = db
        .prepare_cached("SELECT name FROM plugins WHERE hash = ?1")?
        .query_row([&hash.0], |row| row.get(0))
        .optional()?;
    let name = name.ok_or_else(|| broken(format!("no plugin file {} is kept", hash.0)))?;
    if history(db, &name)?.first() == Some(hash) {
        return Ok(());
    }
    db.prepare_cached("INSERT INTO plugins_live (name, hash, at) VALUES (?1, ?2, ?3)")?
        .execute(params![name, hash.0, at.0])?;
    Ok(())
}

fn history(db: &Connection, name: &str) -> Outcome<Vec<PluginVersion>> {
    let mut found = db.prepare_cached(
        "SELECT hash FROM plugins_live WHERE name = ?1 GROUP BY hash ORDER BY max(turn) DESC",
    )?;
    let hashes = found
        .query_map([name], |row| Ok(PluginVersion(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(hashes)
}

fn in_use(db: &Connection) -> Outcome<Vec<PluginVersion>> {
    let mut found =
        db.prepare_cached("SELECT DISTINCT version FROM outbox WHERE version IS NOT NULL")?;
    let hashes = found
        .query_map([], |row| Ok(PluginVersion(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(hashes)
}
