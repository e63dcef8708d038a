//! What the operator is told of the store: what waits, for how long, and whether anything can be written.

use std::time::Duration;

use rusqlite::Connection;
use trunkline_core::effect::Lane;
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::StoreError;

use crate::failure::Outcome;
use crate::keys::{lane_number, uncount};
use crate::sqlite::SqliteStore;

/// So long a write that failed speaks for itself: on a disk that is nearly full a small one may succeed.
const FAILURE_COUNTS: Duration = Duration::from_secs(5);

/// What waits now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries to customers that are not settled.
    pub to_customers: u64,
    /// Into ECE.
    pub to_ece: u64,
    /// To bots.
    pub to_bots: u64,
    /// Files to fetch.
    pub files: u64,
    /// When the oldest of all these was committed.
    pub oldest: Option<Timestamp>,
    /// Dead letters that nobody has replayed.
    pub dead_letters: u64,
}

impl SqliteStore {
    /// What waits now, over all customers.
    ///
    /// # Errors
    /// The store's.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.readers().read(backlog).await
    }

    /// Whether something can be written. Costs nothing while writes succeed; some time after one that failed it tries.
    ///
    /// # Errors
    /// It cannot: the disk is full, or fails.
    pub async fn can_write(&self) -> Result<(), StoreError> {
        match self.writer().failed_last() {
            None => return Ok(()),
            Some((error, ago)) if ago < FAILURE_COUNTS => return Err(error),
            Some(_) => {}
        }
        let touch = |writing: &crate::writer::Writing<'_>| {
            let statement = "UPDATE own_keys SET key = key";
            writing.db.prepare_cached(statement)?.execute([])?;
            Ok(())
        };
        self.writer().write(touch).await
    }
}

fn backlog(db: &Connection) -> Outcome<Backlog> {
    let mut backlog = Backlog::default();
    let mut found =
        db.prepare_cached("SELECT lane, count(*), min(created) FROM outbox GROUP BY lane")?;
    let mut rows = found.query([])?;
    while let Some(row) = rows.next()? {
        let lane: i64 = row.get(0)?;
        let waiting = uncount(row.get(1)?);
        let oldest = Timestamp(row.get(2)?);
        backlog.oldest = Some(backlog.oldest.map_or(oldest, |before| before.min(oldest)));
        let of = [
            (Lane::Customer, &mut backlog.to_customers),
            (Lane::Ece, &mut backlog.to_ece),
            (Lane::Bot, &mut backlog.to_bots),
            (Lane::Files, &mut backlog.files),
        ];
        for (which, count) in of {
            if lane_number(which) == lane {
                *count = waiting;
            }
        }
    }
    let letters = "SELECT count(*) FROM dead_letters
                   WHERE replayed IS NULL AND discarded IS NULL";
    let letters = db
        .prepare_cached(letters)?
        .query_row([], |row| row.get(0))?;
    backlog.dead_letters = uncount(letters);
    Ok(backlog)
}
