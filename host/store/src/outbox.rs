//! Deliveries while they are not settled, and their way into `sent` when they are.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::effect::{Delivery, Lane, Payload};
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Timestamp};
use trunkline_flow::ports::{OutboxItem, PluginVersion, StoreError};

use crate::failure::Outcome;
use crate::keys::{delivery_at, lane_number, parts, time_at};
use crate::note;

/// A delivery as it is written.
pub(crate) struct PreparedDelivery {
    pub(crate) id: DeliveryId,
    pub(crate) lane: Lane,
    pub(crate) payload: String,
}

/// Adds a new delivery at the end of its lane.
pub(crate) fn insert(db: &Connection, delivery: &PreparedDelivery, at: Timestamp) -> Outcome<()> {
    let (customer, conversation, number) = parts(delivery.id);
    db.prepare_cached(
        "INSERT INTO outbox (customer, conversation, number, lane, place, created, next_at, payload)
         VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?5, ?6)",
    )?
    .execute(params![
        customer,
        conversation,
        number,
        lane_number(delivery.lane),
        at.0,
        delivery.payload
    ])?;
    Ok(())
}

/// Adds a delivery that was dead behind all others of its lane.
pub(crate) fn insert_again(db: &Connection, delivery: &Delivery, at: Timestamp) -> Outcome<()> {
    let (customer, conversation, number) = parts(delivery.id);
    db.prepare_cached(
        "INSERT INTO outbox (customer, conversation, number, lane, place, replayed, created, next_at, payload)
         VALUES (?1, ?2, ?3, ?4,
             max(?3, (SELECT coalesce(max(place), 0) FROM outbox
                      WHERE customer = ?1 AND conversation = ?2 AND lane = ?4)),
             ?5, ?5, ?5, ?6)",
    )?
    .execute(params![
        customer,
        conversation,
        number,
        lane_number(delivery.lane()),
        at.0,
        serde_json::to_string(&delivery.payload)?
    ])?;
    Ok(())
}

/// A `once` request is about to leave.
pub(crate) fn leave(
    db: &Connection,
    id: DeliveryId,
    version: Option<&PluginVersion>,
    at: Timestamp,
) -> Outcome<()> {
    let (customer, conversation, number) = parts(id);
    let changed = db
        .prepare_cached(
            "UPDATE outbox SET left_at = ?4, attempts = attempts + 1, version = coalesce(?5, version)
             WHERE customer = ?1 AND conversation = ?2 AND number = ?3",
        )?
        .execute(params![
            customer,
            conversation,
            number,
            at.0,
            version.map(|version| version.0.as_str())
        ])?;
    if changed == 0 {
        return Err(over(id).into());
    }
    Ok(())
}

/// What a caller reads who comes too late.
pub(crate) fn over(id: DeliveryId) -> StoreError {
    StoreError::Stale(format!("{id} is settled, cancelled or dead by now"))
}

/// What one attempt changes on a delivery that goes on.
pub(crate) struct Onward<'a> {
    pub(crate) attempts: u32,
    pub(crate) next_at: Timestamp,
    pub(crate) left_at: LeftAt,
    pub(crate) version: Option<&'a PluginVersion>,
    pub(crate) rest: Option<&'a [u8]>,
    pub(crate) note: String,
}

/// What becomes of `left_at` and the pinned version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftAt {
    /// The outcome of what left is not known: it stays, or is this.
    Unknown(Timestamp),
    /// It is known; the call goes on with its version.
    KnownGoesOn,
    /// It is known; the next attempt is a new call.
    KnownStartsAnew,
}

/// Writes it. `Stale` if there is no such delivery.
pub(crate) fn go_on(db: &Connection, id: DeliveryId, onward: &Onward<'_>) -> Outcome<()> {
    let (customer, conversation, number) = parts(id);
    let left_at = match onward.left_at {
        LeftAt::Unknown(at) => Some(at.0),
        LeftAt::KnownGoesOn | LeftAt::KnownStartsAnew => None,
    };
    let changed = db
        .prepare_cached(
            "UPDATE outbox SET attempts = ?4, next_at = ?5,
                 left_at = CASE WHEN ?6 IS NULL THEN NULL ELSE coalesce(left_at, ?6) END,
                 version = CASE WHEN ?7 THEN NULL ELSE coalesce(?8, version) END,
                 rest = coalesce(?9, rest),
                 notes = CASE WHEN length(coalesce(notes, '')) > ?11 THEN notes
                              ELSE coalesce(notes, '') || ?10 END
             WHERE customer = ?1 AND conversation = ?2 AND number = ?3",
        )?
        .execute(params![
            customer,
            conversation,
            number,
            onward.attempts,
            onward.next_at.0,
            left_at,
            onward.left_at == LeftAt::KnownStartsAnew,
            onward.version.map(|version| version.0.as_str()),
            onward.rest,
            onward.note,
            note::NOTES_BYTES_MAX
        ])?;
    if changed == 0 {
        return Err(over(id).into());
    }
    Ok(())
}

/// A receipt named a provider message of it: the next attempt knows, and need not wait. Nothing, if it is over.
pub(crate) fn tell(db: &Connection, id: DeliveryId, name: &str, at: Timestamp) -> Outcome<()> {
    let (customer, conversation, number) = parts(id);
    db.prepare_cached(
        "UPDATE outbox SET told = json_insert(coalesce(told, '[]'), '$[#]', ?4), next_at = min(next_at, ?5)
         WHERE customer = ?1 AND conversation = ?2 AND number = ?3",
    )?
    .execute(params![customer, conversation, number, name, at.0])?;
    Ok(())
}

/// Takes a delivery out of its lane and keeps it for `trace`. `attempts` overrules what was counted.
/// Gives its payload, or none if it is not there.
pub(crate) fn close(
    db: &Connection,
    id: DeliveryId,
    attempts: Option<u32>,
    at: Timestamp,
    note: &str,
) -> Outcome<Option<String>> {
    let (customer, conversation, number) = parts(id);
    let taken = db
        .prepare_cached(
            "DELETE FROM outbox WHERE customer = ?1 AND conversation = ?2 AND number = ?3
             RETURNING attempts, created, left_at, notes, payload",
        )?
        .query_row(params![customer, conversation, number], |row| {
            let counted: u32 = row.get(0)?;
            let created: i64 = row.get(1)?;
            let left_at: Option<i64> = row.get(2)?;
            let notes: Option<String> = row.get(3)?;
            let payload: String = row.get(4)?;
            Ok((counted, created, left_at, notes, payload))
        })
        .optional()?;
    let Some((counted, created, left_at, notes, payload)) = taken else {
        return Ok(None);
    };
    db.prepare_cached(
        "INSERT INTO sent (customer, conversation, number, settled_at, attempts, created, left_at, notes, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET notes = notes || excluded.notes, attempts = excluded.attempts",
    )?
    .execute(params![
        customer,
        conversation,
        number,
        at.0,
        attempts.unwrap_or(counted),
        created,
        left_at,
        notes.unwrap_or_default() + note,
        payload
    ])?;
    Ok(Some(payload))
}

/// What a delivery carries, settled or not; none if it is unknown or forgotten.
pub(crate) fn payload(db: &Connection, id: DeliveryId) -> Outcome<Option<String>> {
    let (customer, conversation, number) = parts(id);
    let found = db
        .prepare_cached(
            "SELECT payload FROM outbox WHERE customer = ?1 AND conversation = ?2 AND number = ?3
             UNION ALL
             SELECT payload FROM sent WHERE customer = ?1 AND conversation = ?2 AND number = ?3
             LIMIT 1",
        )?
        .query_row(params![customer, conversation, number], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Deliveries of a lane that have not left, or whose outcome is known.
pub(crate) fn not_left(
    db: &Connection,
    conversation: ConversationId,
    lane: Lane,
) -> Outcome<Vec<DeliveryId>> {
    let mut found = db.prepare_cached(
        "SELECT customer, conversation, number FROM outbox
         WHERE customer = ?1 AND conversation = ?2 AND lane = ?3 AND left_at IS NULL
         ORDER BY place, replayed, number",
    )?;
    let ids = found
        .query_map(
            params![
                conversation.customer.0,
                conversation.number,
                lane_number(lane)
            ],
            |row| delivery_at(row, 0),
        )?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// A customer's unsettled deliveries in lane order, at most `limit` of each lane.
pub(crate) fn unsettled(
    db: &Connection,
    customer: CustomerId,
    limit: usize,
) -> Outcome<Vec<OutboxItem>> {
    let mut found = db.prepare_cached(
        "SELECT customer, conversation, number, lane, attempts, created, next_at, left_at, rest, version, payload, told
         FROM outbox WHERE customer = ?1 ORDER BY conversation, place, replayed, number",
    )?;
    let mut rows = found.query([customer.0])?;
    let mut in_lane: std::collections::BTreeMap<(u32, i64), usize> = Default::default();
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let id = delivery_at(row, 0)?;
        let seen = in_lane
            .entry((id.conversation.number, row.get(3)?))
            .or_default();
        *seen += 1;
        if *seen > limit {
            continue;
        }
        let payload: Payload =
            serde_json::from_str(row.get_ref(10)?.as_str().map_err(rusqlite::Error::from)?)?;
        items.push(OutboxItem {
            delivery: Delivery { id, payload },
            attempts: row.get(4)?,
            created: Timestamp(row.get(5)?),
            next_at: Timestamp(row.get(6)?),
            left_at: time_at(row, 7)?,
            rest: row.get(8)?,
            told: row
                .get::<_, Option<String>>(11)?
                .map(|told| serde_json::from_str(&told))
                .transpose()?
                .unwrap_or_default(),
            version: row.get::<_, Option<String>>(9)?.map(PluginVersion),
        });
    }
    Ok(items)
}
