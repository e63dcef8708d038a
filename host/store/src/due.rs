//! What has something to do, and when; and what is forgotten with time.

use rusqlite::{Connection, params};
use trunkline_core::id::{CustomerId, Timestamp};
use trunkline_flow::ports::{
    CALLS_KEEP_MS, Expired, LOG_KEEP_MS, ORIGINAL_KEEP_MS, ParkedId, UPLOAD_ENDS_MS,
};

use crate::accept::KEY_MS;
use crate::archive;
use crate::failure::Outcome;
use crate::keys::count;
use crate::masking::Masking;
use crate::pieces;
use crate::writer::Writing;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is over stays this long for `trace`.
const TRACE_MS: u64 = 7 * DAY_MS;

/// Read receipts come as late as a phone is switched on again; WhatsApp keeps messages 30 days.
const PROVIDER_ID_MS: u64 = 30 * DAY_MS;

/// No ECE conversation stays open that long.
const SESSION_MS: u64 = 90 * DAY_MS;

/// Keys, files, frames and upload slots are not forgotten one by one as each comes of age, but by the hour.
const FORGET_EVERY_MS: i64 = 60 * 60 * 1000;

/// Rows of one transaction of `sweep`: others write between two of them.
const SWEEP_ROWS: usize = 500;

/// Customers with something to do, ids above `after`, in order.
pub(crate) fn ready(
    db: &Connection,
    now: Timestamp,
    after: Option<CustomerId>,
    limit: usize,
) -> Outcome<Vec<CustomerId>> {
    let mut found = db.prepare_cached(
        "SELECT id FROM (
             SELECT * FROM (SELECT DISTINCT customer AS id FROM inbox
                            WHERE customer > ?2 ORDER BY customer LIMIT ?3)
             UNION
             SELECT id FROM customers WHERE due <= ?1 AND id > ?2
             UNION
             SELECT customer FROM outbox AS one WHERE next_at <= ?1 AND customer > ?2
                 AND NOT EXISTS (
                     SELECT 1 FROM outbox AS earlier
                     WHERE earlier.customer = one.customer
                       AND earlier.conversation = one.conversation
                       AND earlier.lane = one.lane
                       AND (earlier.place, earlier.replayed, earlier.number)
                         < (one.place, one.replayed, one.number)))
         ORDER BY id LIMIT ?3",
    )?;
    let after = after.map_or(i64::MIN, |id| id.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids = found
        .query_map(params![now.0, after, limit], |row| {
            Ok(CustomerId(row.get(0)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// The earliest time after `now` at which something is due.
pub(crate) fn next_due(db: &Connection, now: Timestamp) -> Outcome<Option<Timestamp>> {
    let exact = [
        first(
            db,
            "SELECT due FROM customers WHERE due > ?1 ORDER BY due LIMIT 1",
            now.0,
        )?,
        first(
            db,
            "SELECT until FROM parked WHERE until > ?1 ORDER BY until LIMIT 1",
            now.0,
        )?,
        first(
            db,
            "SELECT until FROM parts WHERE until > ?1 ORDER BY until LIMIT 1",
            now.0,
        )?,
        first(
            db,
            "SELECT next_at FROM outbox AS one WHERE next_at > ?1
                 AND NOT EXISTS (
                     SELECT 1 FROM outbox AS earlier
                     WHERE earlier.customer = one.customer
                       AND earlier.conversation = one.conversation
                       AND earlier.lane = one.lane
                       AND (earlier.place, earlier.replayed, earlier.number)
                         < (one.place, one.replayed, one.number))
             ORDER BY next_at LIMIT 1",
            now.0,
        )?,
    ];
    let oldest_key = first(
        db,
        "SELECT at FROM keys WHERE at > ?1 ORDER BY at LIMIT 1",
        i64::MIN,
    )?;
    let oldest_frame = first(
        db,
        "SELECT at FROM frames WHERE at > ?1 ORDER BY at LIMIT 1",
        i64::MIN,
    )?;
    let oldest_upload = first(
        db,
        "SELECT expires FROM uploads WHERE expires > ?1 ORDER BY expires LIMIT 1",
        i64::MIN,
    )?;
    let by_the_hour = [
        oldest_key.map(|at| at.saturating_add(count(KEY_MS))),
        oldest_frame.map(|at| at.saturating_add(count(LOG_KEEP_MS))),
        oldest_upload.map(|at| at.saturating_add(count(UPLOAD_ENDS_MS))),
        first(
            db,
            "SELECT expires FROM files WHERE expires > ?1 ORDER BY expires LIMIT 1",
            i64::MIN,
        )?,
    ];
    let by_the_hour = by_the_hour
        .into_iter()
        .flatten()
        .map(|at| full_hour(at.max(now.0 + 1)));
    let next = exact.into_iter().flatten().chain(by_the_hour).min();
    Ok(next.map(Timestamp))
}

fn full_hour(at: i64) -> i64 {
    let into_the_hour = at.rem_euclid(FORGET_EVERY_MS);
    match into_the_hour {
        0 => at,
        _ => at.saturating_add(FORGET_EVERY_MS - into_the_hour),
    }
}

fn first(db: &Connection, query: &str, above: i64) -> Outcome<Option<i64>> {
    let mut found = db.prepare_cached(query)?;
    let mut rows = found.query([above])?;
    match rows.next()? {
        Some(row) => Ok(Some(row.get(0)?)),
        None => Ok(None),
    }
}

/// What one transaction of `sweep` did.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Whose pieces go on without the rest.
    pub(crate) customers: Vec<CustomerId>,
    /// Ids of files whose rows are gone; their bytes can go.
    pub(crate) files: Vec<String>,
    /// There may be more.
    pub(crate) more: bool,
}

/// Forgets up to `SWEEP_ROWS` rows of each kind.
pub(crate) fn sweep(writing: &Writing<'_>, masking: &Masking, now: Timestamp) -> Outcome<Swept> {
    let db = writing.db;
    let mut swept = Swept {
        customers: pieces::give_up_waiting(writing, masking, now, SWEEP_ROWS)?,
        files: forget_files(db, now)?,
        more: false,
    };
    let forgotten = [
        swept.customers.len(),
        swept.files.len(),
        forget(db, FORGET_KEYS, now, KEY_MS)?,
        forget(db, FORGET_PROVIDER_IDS, now, PROVIDER_ID_MS)?,
        forget(db, FORGET_SESSIONS, now, SESSION_MS)?,
        forget(db, FORGET_SENT, now, TRACE_MS)?,
        forget(db, FORGET_HISTORY, now, TRACE_MS)?,
        forget(db, FORGET_FRAMES, now, LOG_KEEP_MS)?,
        forget(db, FORGET_UPLOADS, now, UPLOAD_ENDS_MS)?,
        forget(db, FORGET_CALLS, now, CALLS_KEEP_MS)?,
        archive::forget(db)?,
        forget(db, FORGET_UNREAD_CALLS, now, ORIGINAL_KEEP_MS)?,
        forget(db, FORGET_ORIGINALS, now, ORIGINAL_KEEP_MS)?,
        forget(db, FORGET_LETTERS, now, TRACE_MS)?,
    ];
    swept.more = forgotten.into_iter().any(|rows| rows >= SWEEP_ROWS);
    Ok(swept)
}

const FORGET_KEYS: &str = "DELETE FROM keys WHERE (key, scope) IN (
    SELECT key, scope FROM keys WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_PROVIDER_IDS: &str = "DELETE FROM provider_ids WHERE (id, channel) IN (
    SELECT id, channel FROM provider_ids WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_SESSIONS: &str = "DELETE FROM sessions WHERE (session, integration) IN (
    SELECT session, integration FROM sessions WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_SENT: &str = "DELETE FROM sent WHERE (customer, conversation, number, settled_at) IN (
    SELECT customer, conversation, number, settled_at FROM sent
    WHERE settled_at <= ?1 ORDER BY settled_at LIMIT ?2)";

// Rows come in the order of time, so that no index is needed.
const FORGET_HISTORY: &str = "DELETE FROM history WHERE row IN (
    SELECT row FROM (SELECT row, at FROM history ORDER BY row LIMIT ?2) WHERE at <= ?1)";

const FORGET_FRAMES: &str = "DELETE FROM frames WHERE (customer, number) IN (
    SELECT customer, number FROM frames WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_UNREAD_CALLS: &str = "DELETE FROM unread_calls WHERE letter IN (
    SELECT letter FROM unread_calls WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_ORIGINALS: &str = "DELETE FROM originals WHERE (key, scope) IN (
    SELECT key, scope FROM originals WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const FORGET_LETTERS: &str = "DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters
    WHERE coalesce(discarded, replayed) IS NOT NULL AND coalesce(discarded, replayed) <= ?1
    ORDER BY coalesce(discarded, replayed) LIMIT ?2)";

const FORGET_UPLOADS: &str = "DELETE FROM uploads WHERE token IN (
    SELECT token FROM uploads WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";

const FORGET_CALLS: &str = "DELETE FROM calls WHERE id IN (
    SELECT id FROM calls WHERE at <= ?1 ORDER BY at LIMIT ?2)";

fn forget(db: &Connection, statement: &str, now: Timestamp, kept_ms: u64) -> Outcome<usize> {
    let until = now.0.saturating_sub(count(kept_ms));
    let gone = db
        .prepare_cached(statement)?
        .execute(params![until, SWEEP_ROWS])?;
    Ok(gone)
}

/// Parked events whose time ran out, up to `SWEEP_ROWS`.
pub(crate) fn expired(db: &Connection, now: Timestamp) -> Outcome<Vec<Expired>> {
    let mut found = db.prepare_cached(
        "SELECT row, target, event FROM parked WHERE until <= ?1 ORDER BY until, row LIMIT ?2",
    )?;
    let mut rows = found.query(params![now.0, SWEEP_ROWS])?;
    let mut expired = Vec::new();
    while let Some(row) = rows.next()? {
        let target: String = row.get(1)?;
        let event: String = row.get(2)?;
        expired.push(Expired {
            id: ParkedId(row.get(0)?),
            target: serde_json::from_str(&target)?,
            event: serde_json::from_str(&event)?,
        });
    }
    Ok(expired)
}

/// Drops a parked event whose time ran out. False: it woke up meanwhile.
pub(crate) fn give_up(db: &Connection, id: ParkedId, now: Timestamp) -> Outcome<bool> {
    // Its row number may be another's by now, whose time is still to come.
    let gone = db
        .prepare_cached("DELETE FROM parked WHERE row = ?1 AND until <= ?2")?
        .execute(params![id.0, now.0])?;
    Ok(gone > 0)
}

fn forget_files(db: &Connection, now: Timestamp) -> Outcome<Vec<String>> {
    let mut gone = db.prepare_cached(
        "DELETE FROM files WHERE id IN (
             SELECT id FROM files WHERE expires <= ?1 ORDER BY expires LIMIT ?2)
         RETURNING id",
    )?;
    let ids = gone
        .query_map(params![now.0, SWEEP_ROWS], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}
