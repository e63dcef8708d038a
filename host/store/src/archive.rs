//! Plugin files by hash, and which of them nothing needs any more.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{PluginArchive, PluginFile, PluginVersion, StoreError};

use crate::failure::{Outcome, broken};
use crate::open::{OpenError, connect_reader};
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

    fn first(&self, name: &str) -> Result<Option<PluginVersion>, StoreError> {
        let name = name.to_owned();
        self.readers().read_blocking(move |db| first(db, &name))
    }

    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError> {
        self.readers().read_blocking(in_use)
    }
}

/// Of every plugin the version that was live first, read beside a host that may be running.
///
/// # Errors
/// There is no store, or it cannot be read.
pub fn first_versions(path: &Path) -> Result<Vec<(PluginVersion, PluginFile)>, OpenError> {
    let db = connect_reader(path)?;
    let mut names = db.prepare("SELECT DISTINCT name FROM plugins_live")?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    let mut all = Vec::new();
    for name in names {
        let Some(hash) = first(&db, &name?)? else {
            continue;
        };
        if let Some(file) = fetch(&db, &hash)? {
            all.push((hash, file));
        }
    }
    Ok(all)
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

fn first(db: &Connection, name: &str) -> Outcome<Option<PluginVersion>> {
    let hash = db
        .prepare_cached(
            "SELECT hash FROM plugins_live JOIN plugins USING (hash)
             WHERE plugins_live.name = ?1 ORDER BY turn LIMIT 1",
        )?
        .query_row([name], |row| Ok(PluginVersion(row.get(0)?)))
        .optional()?;
    Ok(hash)
}

/// Versions of a plugin that stay: of those that were live, the newest is live and the others are what an operator returns to;
/// of those that were kept, the newest may be about to become live.
const VERSIONS_KEPT: usize = 5;

/// Forgets files that nothing needs any more, and that they were ever live.
pub(crate) fn forget(db: &Connection) -> Outcome<usize> {
    let gone = db
        .prepare_cached(
            "DELETE FROM plugins
             WHERE hash IN (SELECT hash FROM (
                     SELECT hash, row_number() OVER (PARTITION BY name ORDER BY rowid DESC) AS place
                     FROM plugins) WHERE place > ?1)
               AND hash NOT IN (SELECT hash FROM (
                     SELECT hash, row_number() OVER (PARTITION BY name ORDER BY max(turn) DESC) AS place
                     FROM plugins_live GROUP BY name, hash) WHERE place <= ?1)
               -- Whatever else names a version by its hash belongs here, in a line of its own.
               AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.version = plugins.hash)
               AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.hash = plugins.hash)",
        )?
        .execute([VERSIONS_KEPT])?;
    if gone > 0 {
        db.execute(
            "DELETE FROM plugins_live WHERE hash NOT IN (SELECT hash FROM plugins)",
            [],
        )?;
    }
    Ok(gone)
}

fn in_use(db: &Connection) -> Outcome<Vec<PluginVersion>> {
    let mut found =
        db.prepare_cached("SELECT DISTINCT version FROM outbox WHERE version IS NOT NULL")?;
    let hashes = found
        .query_map([], |row| Ok(PluginVersion(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(hashes)
}
