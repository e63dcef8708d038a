//! Calls of providers and bots' servers that wait for a working plugin: kept as they came, in bounds.
//!
//! The column `channel` holds a channel's name as it is, and a bot's as `bot/NAME`: no name has a `/`.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{
    DeadLetterId, PluginVersion, RawCall, RawId, Request, Scope, StoreError,
};

use crate::failure::{Outcome, broken};
use crate::keys::scope_text;
use crate::sqlite::SqliteStore;

/// Calls a channel or bot.
pub(crate) const CALLS_MAX: i64 = 10_000;

/// Bytes a channel or bot.
pub(crate) const BYTES_MAX: i64 = 16 * 1024 * 1024;

/// A call as it is written: the body apart, as its bytes are not text.
pub(crate) struct Prepared {
    owner: String,
    head: String,
    body: Vec<u8>,
    trapped: String,
    at: Timestamp,
}

impl Prepared {
    /// Writes JSON.
    pub(crate) fn new(
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let write = || -> Outcome<Self> {
            let head = Request {
                method: request.method.clone(),
                url: request.url.clone(),
                path: request.path.clone(),
                query: request.query.clone(),
                headers: request.headers.clone(),
                body: Vec::new(),
            };
            Ok(Self {
                owner: owner(scope),
                head: serde_json::to_string(&head)?,
                body: request.body.clone(),
                trapped: serde_json::to_string(trapped)?,
                at,
            })
        };
        Ok(write()?)
    }

    fn bytes(&self) -> i64 {
        i64::try_from(self.head.len() + self.body.len()).unwrap_or(i64::MAX)
    }
}

/// What the column `channel` holds.
fn owner(scope: &Scope) -> String {
    match scope {
        Scope::Channel(name) => name.0.clone(),
        Scope::Bot(_) | Scope::Integration(_) => scope_text(scope),
    }
}

/// Keeps a call; `Full` beyond the limits.
pub(crate) fn insert(db: &Connection, call: &Prepared) -> Outcome<RawId> {
    let (calls, bytes) = totals(db, &call.owner)?;
    if calls + 1 > CALLS_MAX || bytes.saturating_add(call.bytes()) > BYTES_MAX {
        return Err(StoreError::Full(format!("calls that wait for `{}`", call.owner)).into());
    }
    db.prepare_cached(
        "INSERT INTO raw_calls (channel, arrived, trapped, head, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        call.owner,
        call.at.0,
        call.trapped,
        call.head,
        call.body
    ])?;
    let id = RawId(db.last_insert_rowid());
    add_to_totals(db, &call.owner, 1, call.bytes())?;
    Ok(id)
}

impl SqliteStore {
    /// How many calls wait for a working plugin, of each of these.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn raw_waiting(&self, of: Vec<Scope>) -> Result<BTreeMap<Scope, u64>, StoreError> {
        let read = move |db: &Connection| {
            let one = |scope: Scope| {
                let (calls, _) = totals(db, &owner(&scope))?;
                Ok((scope, u64::try_from(calls).unwrap_or_default()))
            };
            of.into_iter().map(one).collect::<Outcome<_>>()
        };
        self.readers().read(read).await
    }
}

fn totals(db: &Connection, owner: &str) -> Outcome<(i64, i64)> {
    let found = db
        .prepare_cached("SELECT calls, bytes FROM raw_totals WHERE channel = ?1")?
        .query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn add_to_totals(db: &Connection, owner: &str, calls: i64, bytes: i64) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO raw_totals (channel, calls, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, bytes = bytes + excluded.bytes",
    )?
    .execute(params![owner, calls, bytes])?;
    Ok(())
}

/// Drops a call whose events are committed. One that is gone already is fine.
pub(crate) fn remove(db: &Connection, id: RawId) -> Outcome<()> {
    let gone: Option<(String, i64)> = db
        .prepare_cached(
            "DELETE FROM raw_calls WHERE id = ?1
             RETURNING channel, length(CAST(head AS BLOB)) + length(body)",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match gone {
        Some((owner, bytes)) => add_to_totals(db, &owner, -1, -bytes),
        None => Ok(()),
    }
}

/// Keeps a call for the replay of the letter just written, as it came: masked, its signature would be wrong.
pub(crate) fn keep_for_replay(db: &Connection, id: RawId, at: Timestamp) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO unread_calls (letter, at, channel, arrived, trapped, head, body)
         SELECT ?2, ?3, channel, arrived, trapped, head, body FROM raw_calls WHERE id = ?1",
    )?
    .execute(params![id.0, db.last_insert_rowid(), at.0])?;
    Ok(())
}

/// Puts the call of a letter behind those that wait. False: it is forgotten.
pub(crate) fn put_back(db: &Connection, letter: DeadLetterId) -> Outcome<bool> {
    let kept = db
        .prepare_cached(
            "DELETE FROM unread_calls WHERE letter = ?1
             RETURNING channel, arrived, trapped, head, body",
        )?
        .query_row([letter.0], |row| {
            Ok(Prepared {
                owner: row.get(0)?,
                at: Timestamp(row.get(1)?),
                trapped: row.get(2)?,
                head: row.get(3)?,
                body: row.get(4)?,
            })
        })
        .optional()?;
    match kept {
        Some(call) => insert(db, &call).map(|_| true),
        None => Ok(false),
    }
}

/// The call of a letter that nobody wants replayed.
pub(crate) fn forget_unread(db: &Connection, letter: DeadLetterId) -> Outcome<()> {
    db.prepare_cached("DELETE FROM unread_calls WHERE letter = ?1")?
        .execute([letter.0])?;
    Ok(())
}

/// In arrival order.
pub(crate) fn list(db: &Connection, scope: &Scope, limit: usize) -> Outcome<Vec<RawCall>> {
    let mut found = db.prepare_cached(
        "SELECT id, arrived, trapped, head, body FROM raw_calls WHERE channel = ?1 ORDER BY id LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = found.query(params![owner(scope), limit])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        let head: String = row.get(3)?;
        let trapped: String = row.get(2)?;
        calls.push(RawCall {
            id: RawId(row.get(0)?),
            scope: scope.clone(),
            request: Request {
                body: row.get(4)?,
                ..serde_json::from_str(&head)?
            },
            arrived: Timestamp(row.get(1)?),
            trapped: serde_json::from_str(&trapped)?,
        });
    }
    Ok(calls)
}

/// Notes a version that trapped on a call.
pub(crate) fn trapped(db: &Connection, id: RawId, version: &PluginVersion) -> Outcome<()> {
    let json: Option<String> = db
        .prepare_cached("SELECT trapped FROM raw_calls WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let json = json.ok_or_else(|| broken(format!("there is no raw call {}", id.0)))?;
    let mut versions: Vec<PluginVersion> = serde_json::from_str(&json)?;
    if !versions.contains(version) {
        versions.push(version.clone());
        db.prepare_cached("UPDATE raw_calls SET trapped = ?2 WHERE id = ?1")?
            .execute(params![id.0, serde_json::to_string(&versions)?])?;
    }
    Ok(())
}
