//! A customer's log: frames for their sockets, numbered without a gap, the newest kept.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::id::{ChannelName, CustomerId, Timestamp};
use trunkline_core::message::Address;
use trunkline_flow::ports::{LOG_BYTES_MAX, LOG_FRAMES_MAX, LogPage, PushedFrames, StoreError};

use crate::customers;
use crate::failure::Outcome;
use crate::keys::{count, uncount};

/// How far a log is.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    last: u64,
    bytes: u64,
}

fn end(db: &Connection, customer: CustomerId) -> Outcome<End> {
    let found = db
        .prepare_cached("SELECT last, bytes FROM logs WHERE customer = ?1")?
        .query_row([customer.0], |row| {
            Ok(End {
                last: uncount(row.get(0)?),
                bytes: uncount(row.get(1)?),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// The next frame's number.
pub(crate) fn next(db: &Connection, customer: CustomerId) -> Outcome<u64> {
    Ok(end(db, customer)?.last + 1)
}

/// Puts frames at the end; `Stale` where they were numbered for another end.
pub(crate) fn append(
    db: &Connection,
    customer: CustomerId,
    at: Timestamp,
    pushed: &PushedFrames,
) -> Outcome<()> {
    let mut end = end(db, customer)?;
    if end.last + 1 != pushed.first {
        let text = format!(
            "the log of customer {customer} goes on with frame {}, not {}",
            end.last + 1,
            pushed.first
        );
        return Err(StoreError::Stale(text).into());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO frames (customer, number, at, bytes, frame) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for frame in &pushed.frames {
        end.last += 1;
        end.bytes += frame.len() as u64;
        let (number, bytes) = (count(end.last), count(end.bytes));
        insert.execute(params![customer.0, number, at.0, bytes, frame])?;
    }
    db.prepare_cached(
        "INSERT INTO logs (customer, last, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET last = excluded.last, bytes = excluded.bytes",
    )?
    .execute(params![customer.0, count(end.last), count(end.bytes)])?;
    shorten(db, customer, end)
}

/// Keeps to the log's bounds.
fn shorten(db: &Connection, customer: CustomerId, end: End) -> Outcome<()> {
    let by_frames = end.last.saturating_sub(LOG_FRAMES_MAX);
    forget_until(db, customer, by_frames)?;
    let too_many = end.bytes.saturating_sub(LOG_BYTES_MAX);
    // Sizes grow with numbers: the search ends at the first frame that begins late enough to stay.
    db.prepare_cached(
        "DELETE FROM frames WHERE customer = ?1 AND number < (
             SELECT number FROM frames WHERE customer = ?1 AND bytes - length(frame) >= ?2
             ORDER BY number LIMIT 1)",
    )?
    .execute(params![customer.0, count(too_many)])?;
    Ok(())
}

fn forget_until(db: &Connection, customer: CustomerId, number: u64) -> Outcome<()> {
    db.prepare_cached("DELETE FROM frames WHERE customer = ?1 AND number <= ?2")?
        .execute(params![customer.0, count(number)])?;
    Ok(())
}

/// What is kept after a number, up to a size.
pub(crate) fn page(
    db: &Connection,
    channel: &ChannelName,
    customer: &Address,
    after: u64,
    bytes_max: usize,
) -> Outcome<LogPage> {
    let Some(customer) = customers::known(db, channel, std::slice::from_ref(customer))? else {
        return Ok(LogPage::default());
    };
    let mut page = LogPage {
        frames: Vec::new(),
        last: end(db, customer)?.last,
    };
    let mut found = db.prepare_cached(
        "SELECT number, frame FROM frames WHERE customer = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = found.query(params![customer.0, count(after)])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let frame: Vec<u8> = row.get(1)?;
        bytes += frame.len();
        if bytes > bytes_max && !page.frames.is_empty() {
            break;
        }
        page.frames.push((uncount(row.get(0)?), frame));
    }
    Ok(page)
}

/// Forgets a customer's frames up to a number.
pub(crate) fn acked(
    db: &Connection,
    channel: &ChannelName,
    customer: &Address,
    number: u64,
) -> Outcome<()> {
    match customers::known(db, channel, std::slice::from_ref(customer))? {
        Some(customer) => forget_until(db, customer, number),
        None => Ok(()),
    }
}
