//! *Step*: events consumed, state and effects written, in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::effect::{Delivery, Lane};
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, TimerName, Timestamp};
use trunkline_flow::ports::{Step, StoreError, TraceLine, Undelivered};

use crate::dead;
use crate::failure::Outcome;
use crate::keys::{count, uncount};
use crate::masked;
use crate::masking::Masking;
use crate::note;
use crate::outbox::{self, PreparedDelivery};
use crate::writer::Writing;

/// A `Step` with all done that needs no transaction.
pub(crate) struct Prepared {
    masking: Arc<Masking>,
    customer: CustomerId,
    /// The one that is open, or the last one; 0 for none.
    conversation: u32,
    state: String,
    revision: u64,
    consumed: Vec<i64>,
    deliveries: Vec<PreparedDelivery>,
    cancelled: Vec<(ConversationId, Lane, String)>,
    settled: Vec<DeliveryId>,
    told: Vec<(DeliveryId, String)>,
    failed: Vec<(DeliveryId, String)>,
    timers: Vec<(TimerName, Option<Timestamp>)>,
    dead: Vec<Undelivered>,
    trace: Vec<TraceLine>,
    at: Timestamp,
}

impl Prepared {
    /// Masks and writes JSON; gives the deliveries that masking changed.
    pub(crate) fn new(
        masking: &Arc<Masking>,
        step: Step,
    ) -> Result<(Self, Vec<Delivery>), StoreError> {
        let prepare = || -> Outcome<(Self, Vec<Delivery>)> {
            let rules = masking.of(Some(&step.customer.channel));
            let mut deliveries = Vec::with_capacity(step.deliveries.len());
            let mut changed = Vec::new();
            for mut delivery in step.deliveries {
                let masked = masked::payload(rules, &mut delivery.payload);
                deliveries.push(PreparedDelivery {
                    id: delivery.id,
                    lane: delivery.lane(),
                    payload: serde_json::to_string(&delivery.payload)?,
                });
                if masked {
                    changed.push(delivery);
                }
            }
            let prepared = Self {
                masking: Arc::clone(masking),
                customer: step.customer.id,
                conversation: step.customer.conversations,
                state: serde_json::to_string(&step.customer)?,
                revision: step.revision,
                consumed: step.consumed,
                deliveries,
                cancelled: step.cancelled,
                settled: step.settled,
                told: step.told,
                failed: step.failed,
                timers: step.timers,
                dead: step.dead,
                trace: step.trace,
                at: step.at,
            };
            Ok((prepared, changed))
        };
        Ok(prepare()?)
    }
}

/// Writes it; gives the new revision.
pub(crate) fn step(writing: &Writing<'_>, step: Prepared) -> Outcome<u64> {
    let db = writing.db;
    let seen = seen(db, &step)?;
    let events = consume(db, step.customer, &step.consumed)?;
    let head = write_history(db, &step, &events, seen.head)?;
    write_state(db, &step, head, seen.timers.as_deref())?;
    for (conversation, lane, reason) in &step.cancelled {
        cancel(db, *conversation, *lane, reason, step.at)?;
    }
    for id in &step.settled {
        let note = note::line(step.at, "settled", "by a receipt")?;
        outbox::close(db, *id, None, step.at, &note)?;
    }
    for (id, name) in &step.told {
        outbox::tell(db, *id, name, step.at)?;
    }
    for (id, reason) in &step.failed {
        dead::insert_failed(db, *id, reason, step.at)?;
    }
    for delivery in &step.deliveries {
        outbox::insert(db, delivery, step.at)?;
    }
    for letter in step.dead {
        dead::insert(db, &step.masking, letter, step.at)?;
    }
    Ok(step.revision + 1)
}

/// What the store has of the customer before the step.
struct Seen {
    head: Option<i64>,
    timers: Option<String>,
}

fn seen(db: &Connection, step: &Prepared) -> Outcome<Seen> {
    let found = db
        .prepare_cached("SELECT revision, head, timers FROM customers WHERE id = ?1")?
        .query_row([step.customer.0], |row| {
            let revision: i64 = row.get(0)?;
            let seen = Seen {
                head: row.get(1)?,
                timers: row.get(2)?,
            };
            Ok((uncount(revision), seen))
        })
        .optional()?;
    match found {
        Some((revision, seen)) if revision == step.revision => Ok(seen),
        Some((revision, _)) => Err(StoreError::Stale(format!(
            "customer {} is at revision {revision}, the step was made from {}",
            step.customer, step.revision
        ))
        .into()),
        None => Err(StoreError::Broken(format!("there is no customer {}", step.customer)).into()),
    }
}

/// Takes the rows out of the inbox; gives them as a JSON array of `[arrived, event]`.
fn consume(db: &Connection, customer: CustomerId, rows: &[i64]) -> Outcome<String> {
    let mut events = String::from("[");
    for row in rows {
        let taken: Option<(i64, String)> = db
            .prepare_cached(
                "DELETE FROM inbox WHERE customer = ?1 AND row = ?2 RETURNING arrived, event",
            )?
            .query_row(params![customer.0, row], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((arrived, event)) = taken else {
            let text = format!("event {row} of customer {customer} was consumed before");
            return Err(StoreError::Stale(text).into());
        };
        if events.len() > 1 {
            events.push(',');
        }
        events.push_str(&format!("[{arrived},{event}]"));
    }
    events.push(']');
    Ok(events)
}

/// Gives the newest row of the customer's history.
fn write_history(
    db: &Connection,
    step: &Prepared,
    events: &str,
    head: Option<i64>,
) -> Outcome<Option<i64>> {
    if step.consumed.is_empty() && step.trace.is_empty() {
        return Ok(head);
    }
    db.prepare_cached(
        "INSERT INTO history (customer, previous, conversation, at, events, trace)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        step.customer.0,
        head,
        step.conversation,
        step.at.0,
        events,
        serde_json::to_string(&step.trace)?
    ])?;
    Ok(Some(db.last_insert_rowid()))
}

fn write_state(
    db: &Connection,
    step: &Prepared,
    head: Option<i64>,
    timers: Option<&str>,
) -> Outcome<()> {
    let revision = count(step.revision + 1);
    if step.timers.is_empty() {
        db.prepare_cached(
            "UPDATE customers SET revision = ?2, head = ?3, state = ?4 WHERE id = ?1",
        )?
        .execute(params![step.customer.0, revision, head, step.state])?;
        return Ok(());
    }
    let timers = changed_timers(timers, &step.timers)?;
    let due = timers.values().min().map(|at| at.0);
    db.prepare_cached(
        "UPDATE customers SET revision = ?2, head = ?3, state = ?4, timers = ?5, due = ?6 WHERE id = ?1",
    )?
    .execute(params![
        step.customer.0,
        revision,
        head,
        step.state,
        serde_json::to_string(&timers)?,
        due
    ])?;
    Ok(())
}

fn changed_timers(
    json: Option<&str>,
    changes: &[(TimerName, Option<Timestamp>)],
) -> Outcome<BTreeMap<TimerName, Timestamp>> {
    let mut timers = match json {
        Some(json) => serde_json::from_str(json)?,
        None => BTreeMap::new(),
    };
    for (name, at) in changes {
        match at {
            Some(at) => timers.insert(name.clone(), *at),
            None => timers.remove(name),
        };
    }
    Ok(timers)
}

fn cancel(
    db: &Connection,
    conversation: ConversationId,
    lane: Lane,
    reason: &str,
    at: Timestamp,
) -> Outcome<()> {
    for id in outbox::not_left(db, conversation, lane)? {
        let note = note::line(at, "cancelled", reason)?;
        if let Some(payload) = outbox::close(db, id, None, at, &note)? {
            dead::insert_delivery(db, id, &payload, reason, at)?;
        }
    }
    Ok(())
}
