//! Pieces of an event: they wait for one another, then go into the inbox as one.

use rusqlite::{Connection, params};
use trunkline_core::event::Event;
use trunkline_core::id::{CustomerId, Timestamp};
use trunkline_flow::ports::{Part, joined};

use crate::failure::Outcome;
use crate::masking::Masking;
use crate::target::{self, Waiting, Words};
use crate::writer::Writing;

/// Keeps a piece. The last one brings all of them into the inbox. One whose place is taken goes in by itself.
pub(crate) fn take_in(
    writing: &Writing<'_>,
    masking: &Masking,
    customer: CustomerId,
    arrived: Timestamp,
    part: &Part,
    piece: &Waiting<'_>,
) -> Outcome<()> {
    if !part.fits() || !keep(writing.db, customer, part, piece)? {
        return target::insert(writing, customer, arrived, piece);
    }
    let here: i64 = writing
        .db
        .prepare_cached("SELECT count(*) FROM parts WHERE customer = ?1 AND part_of = ?2")?
        .query_row(params![customer.0, part.group], |row| row.get(0))?;
    if here >= i64::from(part.total) {
        join(writing, masking, customer, &part.group, arrived)?;
    }
    Ok(())
}

/// False where another piece has its place, or counts the pieces otherwise.
fn keep(db: &Connection, customer: CustomerId, part: &Part, piece: &Waiting<'_>) -> Outcome<bool> {
    let kept = db
        .prepare_cached(
            "INSERT INTO parts (customer, part_of, part, total, until, event, resolve)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
             WHERE NOT EXISTS (SELECT 1 FROM parts
                 WHERE customer = ?1 AND part_of = ?2 AND total <> ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            customer.0,
            part.group,
            part.index,
            part.total,
            part.until.0,
            piece.event,
            piece.resolve
        ])?;
    Ok(kept > 0)
}

/// Puts what is there of a group into the inbox, in the order of the pieces.
fn join(
    writing: &Writing<'_>,
    masking: &Masking,
    customer: CustomerId,
    group: &str,
    arrived: Timestamp,
) -> Outcome<()> {
    let pieces = take_out(writing.db, customer, group)?;
    // What the first piece with a note of its plugin says goes for all.
    let mut resolve = pieces.iter().find_map(|(_, resolve)| resolve.clone());
    let events: Vec<Event> = pieces
        .iter()
        .map(|(event, _)| serde_json::from_str(event))
        .collect::<Result<_, _>>()?;
    for event in joined(events) {
        // Masked once more: a number may have been cut in two.
        let event = Words::raw(event).json_for(writing.db, masking, customer, None)?;
        let resolve = resolve.take();
        let waiting = Waiting {
            event: &event,
            resolve: resolve.as_deref(),
        };
        target::insert(writing, customer, arrived, &waiting)?;
    }
    Ok(())
}

type Piece = (String, Option<String>);

fn take_out(db: &Connection, customer: CustomerId, group: &str) -> Outcome<Vec<Piece>> {
    let key = params![customer.0, group];
    let pieces = db
        .prepare_cached(
            "SELECT event, resolve FROM parts WHERE customer = ?1 AND part_of = ?2 ORDER BY part",
        )?
        .query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    db.prepare_cached("DELETE FROM parts WHERE customer = ?1 AND part_of = ?2")?
        .execute(key)?;
    Ok(pieces)
}

/// Lets up to `limit` groups go on that waited too long for the rest; gives their owners.
pub(crate) fn give_up_waiting(
    writing: &Writing<'_>,
    masking: &Masking,
    now: Timestamp,
    limit: usize,
) -> Outcome<Vec<CustomerId>> {
    let groups: Vec<(i64, String)> = writing
        .db
        .prepare_cached(
            "SELECT DISTINCT customer, part_of FROM (
                 SELECT customer, part_of FROM parts WHERE until <= ?1 ORDER BY until LIMIT ?2)",
        )?
        .query_map(params![now.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut customers = Vec::new();
    for (customer, group) in groups {
        join(writing, masking, CustomerId(customer), &group, now)?;
        customers.push(CustomerId(customer));
    }
    customers.dedup();
    Ok(customers)
}
