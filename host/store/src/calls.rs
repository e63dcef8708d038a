//! Recorded calls of plugins: masked, in bounds, for seven days.

use rusqlite::{Connection, Row, params};
use serde_json::Value;
use trunkline_flow::ports::{
    BoxFuture, CALLS_BYTES_MAX, CALLS_MAX, CallArchive, CallHead, CallId, KeptCall, NewCall, Scope,
    StoreError,
};

use crate::failure::Outcome;
use crate::keys::{count, scope_text};
use crate::masking::{Directions, Masking};
use crate::sqlite::SqliteStore;

impl CallArchive for SqliteStore {
    fn keep_call(&self, call: NewCall) -> BoxFuture<'_, Result<CallId, StoreError>> {
        let prepared = Prepared::new(self.masking(), call);
        Box::pin(async move {
            let prepared = prepared?;
            let keep = move |writing: &crate::writer::Writing<'_>| insert(writing.db, &prepared);
            self.writer().write(keep).await
        })
    }

    fn calls(
        &self,
        scope: Option<Scope>,
        before: Option<CallId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(CallId, CallHead)>, StoreError>> {
        let read = move |db: &Connection| list(db, scope.as_ref(), before, limit);
        Box::pin(self.readers().read(read))
    }

    fn call(&self, id: CallId) -> BoxFuture<'_, Result<Option<KeptCall>, StoreError>> {
        Box::pin(self.readers().read(move |db| one(db, id)))
    }
}

/// A call as it is written.
struct Prepared {
    scope: String,
    at: i64,
    hash: String,
    head: String,
    masked: bool,
    frame: String,
    words: String,
}

impl Prepared {
    fn new(masking: &Masking, mut call: NewCall) -> Result<Self, StoreError> {
        let rules = masking.of(call.channel.as_ref());
        let mut masked = mask(rules, &mut call.words);
        masked |= blank(rules, &mut call.head.outcome);
        let write = || -> Outcome<Self> {
            Ok(Self {
                scope: scope_text(&call.head.scope),
                at: call.head.at.0,
                hash: call.head.hash.0.clone(),
                head: serde_json::to_string(&call.head)?,
                masked,
                frame: serde_json::to_string(&call.frame)?,
                words: serde_json::to_string(&call.words)?,
            })
        };
        Ok(write()?)
    }
}

/// Every text, in place and in its length: a body stays what it is, JSON or form.
fn mask(rules: &Directions, value: &mut Value) -> bool {
    match value {
        Value::String(text) => blank(rules, text),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |changed, item| mask(rules, item) | changed),
        Value::Object(members) => members
            .values_mut()
            .fold(false, |changed, item| mask(rules, item) | changed),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// In both directions, as either may have said it.
fn blank(rules: &Directions, text: &mut String) -> bool {
    let inbound = rules.inbound.blank(text);
    rules.outbound.blank(text) | inbound
}

fn insert(db: &Connection, call: &Prepared) -> Outcome<CallId> {
    db.prepare_cached(
        "INSERT INTO calls (scope, at, hash, head, masked, frame, words)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        call.scope,
        call.at,
        call.hash,
        call.head,
        call.masked,
        call.frame,
        call.words
    ])?;
    let id = db.last_insert_rowid();
    make_room(db, &call.scope)?;
    Ok(CallId(id))
}

/// The newest that fit stay. A call that is larger than all room goes at once.
fn make_room(db: &Connection, scope: &str) -> Outcome<()> {
    db.prepare_cached(
        "DELETE FROM calls WHERE id IN (
             SELECT id FROM (
                 SELECT id,
                     row_number() OVER newest AS place,
                     sum(octet_length(head) + octet_length(frame) + octet_length(words)) OVER newest AS bytes
                 FROM calls WHERE scope = ?1
                 WINDOW newest AS (ORDER BY id DESC))
             WHERE place > ?2 OR bytes > ?3)",
    )?
    .execute(params![scope, CALLS_MAX as i64, count(CALLS_BYTES_MAX)])?;
    Ok(())
}

fn list(
    db: &Connection,
    scope: Option<&Scope>,
    before: Option<CallId>,
    limit: usize,
) -> Outcome<Vec<(CallId, CallHead)>> {
    let mut found = db.prepare_cached(
        "SELECT id, head FROM calls WHERE id < ?1 AND (?2 IS NULL OR scope = ?2)
         ORDER BY id DESC LIMIT ?3",
    )?;
    let before = before.map_or(i64::MAX, |id| id.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = found.query(params![before, scope.map(scope_text), limit])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push((CallId(row.get(0)?), json(row, 1)?));
    }
    Ok(calls)
}

fn one(db: &Connection, id: CallId) -> Outcome<Option<KeptCall>> {
    let mut found =
        db.prepare_cached("SELECT id, head, masked, frame, words FROM calls WHERE id = ?1")?;
    let mut rows = found.query([id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(KeptCall {
        id,
        head: json(row, 1)?,
        masked: row.get(2)?,
        frame: json(row, 3)?,
        words: json(row, 4)?,
    }))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, at: usize) -> Outcome<T> {
    let text: String = row.get(at)?;
    Ok(serde_json::from_str(&text)?)
}
