//! What a plugin completed takes the place of the event it completed.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::CustomerId;
use trunkline_flow::ports::{Resolved, StoreError};

use crate::customers;
use crate::failure::Outcome;
use crate::masking::Masking;
use crate::target::{self, Waiting, Words};
use crate::writer::Writing;

/// Writes it; `Stale` if the event is consumed or completed already.
pub(crate) fn resolved(
    writing: &Writing<'_>,
    masking: &Arc<Masking>,
    resolved: Resolved,
) -> Outcome<()> {
    let (db, customer) = (writing.db, resolved.customer);
    let arrived = take_out(db, customer, resolved.row)?;
    let later = later(db, customer, resolved.row)?;
    for event in resolved.events {
        let json = Words::raw(event).json_for(db, masking, customer, None)?;
        target::insert(writing, customer, arrived, &Waiting::plain(&json))?;
    }
    // They get new rows, in their order, so that what was completed stands before them.
    for row in later {
        db.prepare_cached("UPDATE inbox SET row = ?3 WHERE customer = ?1 AND row = ?2")?
            .execute(params![customer.0, row, writing.next_row()])?;
    }
    customers::remember(db, customer, &resolved.peer_changes)
}

fn take_out(
    db: &Connection,
    customer: CustomerId,
    row: i64,
) -> Outcome<trunkline_core::id::Timestamp> {
    let arrived = db
        .prepare_cached(
            "DELETE FROM inbox WHERE customer = ?1 AND row = ?2 AND resolve IS NOT NULL
             RETURNING arrived",
        )?
        .query_row(params![customer.0, row], |row| row.get(0))
        .optional()?;
    let gone = || StoreError::Stale(format!("the event in row {row} of {customer} is gone"));
    Ok(trunkline_core::id::Timestamp(arrived.ok_or_else(gone)?))
}

fn later(db: &Connection, customer: CustomerId, row: i64) -> Outcome<Vec<i64>> {
    let rows = db
        .prepare_cached("SELECT row FROM inbox WHERE customer = ?1 AND row > ?2 ORDER BY row")?
        .query_map(params![customer.0, row], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
