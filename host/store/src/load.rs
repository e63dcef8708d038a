//! Everything about a customer that their owner needs.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::customer::Customer;
use trunkline_core::id::{ChannelName, CustomerId, Timestamp};
use trunkline_flow::ports::{InboxEvent, Loaded, News};

use crate::customers;
use crate::failure::Outcome;
use crate::keys::uncount;
use crate::outbox;

struct Row {
    channel: String,
    revision: i64,
    addresses: String,
    state: Option<String>,
    peer_state: Option<String>,
    timers: Option<String>,
}

/// All of it; none if there is no such customer.
pub(crate) fn load(db: &Connection, id: CustomerId, limit: usize) -> Outcome<Option<Loaded>> {
    let found = db
        .prepare_cached(
            "SELECT channel, revision, addresses, state, peer_state, timers FROM customers WHERE id = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(Row {
                channel: row.get(0)?,
                revision: row.get(1)?,
                addresses: row.get(2)?,
                state: row.get(3)?,
                peer_state: row.get(4)?,
                timers: row.get(5)?,
            })
        })
        .optional()?;
    let Some(row) = found else {
        return Ok(None);
    };
    let customer = match &row.state {
        Some(json) => serde_json::from_str(json)?,
        None => Customer::new(id, ChannelName(row.channel)),
    };
    let timers = row
        .timers
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?;
    Ok(Some(Loaded {
        customer,
        revision: uncount(row.revision),
        addresses: serde_json::from_str(&row.addresses)?,
        peer_state: customers::peer_state(row.peer_state.as_deref())?,
        inbox: inbox(db, id, limit)?,
        outbox: outbox::unsettled(db, id, limit)?,
        timers: timers.unwrap_or_default(),
    }))
}

/// What accepts change.
pub(crate) fn news(db: &Connection, id: CustomerId, limit: usize) -> Outcome<News> {
    let found: Option<(String, Option<String>)> = db
        .prepare_cached("SELECT addresses, peer_state FROM customers WHERE id = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((addresses, peer_state)) = found else {
        return Ok(News::default());
    };
    Ok(News {
        inbox: inbox(db, id, limit)?,
        addresses: serde_json::from_str(&addresses)?,
        peer_state: customers::peer_state(peer_state.as_deref())?,
    })
}

/// What waits for a customer, in arrival order.
pub(crate) fn inbox(db: &Connection, id: CustomerId, limit: usize) -> Outcome<Vec<InboxEvent>> {
    let mut found = db.prepare_cached(
        "SELECT row, arrived, event, resolve FROM inbox WHERE customer = ?1 ORDER BY row LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = found.query(params![id.0, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        events.push(InboxEvent {
            row: row.get(0)?,
            event: serde_json::from_str(json)?,
            arrived: Timestamp(row.get(1)?),
            resolve: row
                .get::<_, Option<String>>(3)?
                .map(|json| serde_json::from_str(&json))
                .transpose()?,
        });
    }
    Ok(events)
}
