//! Who a list of addresses is, and what plugins remember about them.
//!
//! Of several customers that a list finds, the one behind the strongest address gets the event. An
//! address that nobody has is added to them; one that another customer has stays there.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use trunkline_core::id::{ChannelName, CustomerId, Timestamp};
use trunkline_core::message::Address;
use trunkline_flow::ports::PeerChange;

use crate::failure::{Outcome, broken};

/// Keys and values a customer, as design section 4 says.
pub(crate) const PEER_STATE_BYTES_MAX: usize = 4096;

/// The customer with one of these addresses. Reads only.
pub(crate) fn known(
    db: &Connection,
    channel: &ChannelName,
    addresses: &[Address],
) -> Outcome<Option<CustomerId>> {
    for address in addresses {
        if let Some(customer) = owner(db, channel, address)? {
            return Ok(Some(customer));
        }
    }
    Ok(None)
}

/// As `known`, but unknown addresses are added, and an unknown customer is made.
pub(crate) fn known_or_made(
    db: &Connection,
    channel: &ChannelName,
    addresses: &[Address],
) -> Outcome<CustomerId> {
    if addresses.is_empty() {
        return Err(broken("an event names no address of its customer"));
    }
    let owners: Vec<Option<CustomerId>> = addresses
        .iter()
        .map(|address| owner(db, channel, address))
        .collect::<Outcome<_>>()?;
    let customer = match owners.iter().flatten().next() {
        Some(strongest) => *strongest,
        None => return make(db, channel, addresses),
    };
    if owners.contains(&None) {
        add(db, channel, customer, addresses, &owners)?;
    }
    if let Some(other) = owners.iter().flatten().find(|other| **other != customer) {
        tracing::debug!(%customer, %other, "addresses of two customers in one event: the strongest decides");
    }
    Ok(customer)
}

fn owner(db: &Connection, channel: &ChannelName, address: &Address) -> Outcome<Option<CustomerId>> {
    let found = db
        .prepare_cached(
            "SELECT customer FROM addresses WHERE value = ?1 AND kind = ?2 AND channel = ?3",
        )?
        .query_row(params![address.value, address.kind, channel.0], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found.map(CustomerId))
}

fn make(db: &Connection, channel: &ChannelName, addresses: &[Address]) -> Outcome<CustomerId> {
    let mut distinct: Vec<&Address> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !distinct.contains(&address) {
            distinct.push(address);
        }
    }
    db.prepare_cached("INSERT INTO customers (channel, addresses) VALUES (?1, ?2)")?
        .execute(params![channel.0, serde_json::to_string(&distinct)?])?;
    let customer = CustomerId(db.last_insert_rowid());
    for address in distinct {
        insert(db, channel, customer, address)?;
    }
    Ok(customer)
}

fn insert(
    db: &Connection,
    channel: &ChannelName,
    customer: CustomerId,
    address: &Address,
) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO addresses (value, kind, channel, customer) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![address.value, address.kind, channel.0, customer.0])?;
    Ok(())
}

fn add(
    db: &Connection,
    channel: &ChannelName,
    customer: CustomerId,
    addresses: &[Address],
    owners: &[Option<CustomerId>],
) -> Outcome<()> {
    let mut all = addresses_of(db, customer)?;
    for (at, address) in addresses.iter().enumerate() {
        if owners[at].is_none() {
            insert(db, channel, customer, address)?;
            place(&mut all, addresses, at);
        }
    }
    db.prepare_cached("UPDATE customers SET addresses = ?2 WHERE id = ?1")?
        .execute(params![customer.0, serde_json::to_string(&all)?])?;
    Ok(())
}

/// Puts a new address where its neighbours in the event's list say: behind the next stronger one that
/// is known, else before the next weaker one.
fn place(all: &mut Vec<Address>, list: &[Address], at: usize) {
    if all.contains(&list[at]) {
        return;
    }
    let position = |address: &Address| all.iter().position(|known| known == address);
    let behind_stronger = list[..at].iter().rev().find_map(position).map(|at| at + 1);
    let before_weaker = || list[at + 1..].iter().find_map(position);
    let place = behind_stronger.or_else(before_weaker).unwrap_or(all.len());
    all.insert(place, list[at].clone());
}

fn addresses_of(db: &Connection, customer: CustomerId) -> Outcome<Vec<Address>> {
    let json: String = db
        .prepare_cached("SELECT addresses FROM customers WHERE id = ?1")?
        .query_row([customer.0], |row| row.get(0))?;
    Ok(serde_json::from_str(&json)?)
}

/// The channel a customer writes on, if there is such a customer.
pub(crate) fn channel_of(db: &Connection, customer: CustomerId) -> Outcome<Option<ChannelName>> {
    let name: Option<String> = db
        .prepare_cached("SELECT channel FROM customers WHERE id = ?1")?
        .query_row([customer.0], |row| row.get(0))
        .optional()?;
    Ok(name.map(ChannelName))
}

/// What a plugin remembers under one key. A removed one is kept without its value, so that an older
/// change that comes later does not bring it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Remembered(Timestamp, Option<String>);

type PeerState = BTreeMap<String, Remembered>;

/// Carries out changes of the peer-state, the newer `at` wins. One that would make it larger than
/// 4 KiB is left out.
pub(crate) fn remember(
    db: &Connection,
    customer: CustomerId,
    changes: &[PeerChange],
) -> Outcome<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let json: Option<Option<String>> = db
        .prepare_cached("SELECT peer_state FROM customers WHERE id = ?1")?
        .query_row([customer.0], |row| row.get(0))
        .optional()?;
    let Some(json) = json else {
        return Err(broken(format!("there is no customer {customer}")));
    };
    let mut state: PeerState = match json {
        Some(json) => serde_json::from_str(&json)?,
        None => PeerState::new(),
    };
    for change in changes {
        if !apply(&mut state, change) {
            tracing::warn!(%customer, "a plugin wants to remember more than 4096 bytes about a customer: left out");
        }
    }
    db.prepare_cached("UPDATE customers SET peer_state = ?2 WHERE id = ?1")?
        .execute(params![customer.0, serde_json::to_string(&state)?])?;
    Ok(())
}

/// False when there is no room.
fn apply(state: &mut PeerState, change: &PeerChange) -> bool {
    let before = state.get(&change.key).cloned();
    if before.as_ref().is_some_and(|known| known.0 > change.at) {
        return true;
    }
    let now = Remembered(change.at, change.value.clone());
    state.insert(change.key.clone(), now);
    while bytes(state) > PEER_STATE_BYTES_MAX {
        if !forget_oldest_removed(state, &change.key) {
            match before {
                Some(known) => state.insert(change.key.clone(), known),
                None => state.remove(&change.key),
            };
            return false;
        }
    }
    true
}

fn bytes(state: &PeerState) -> usize {
    state
        .iter()
        .map(|(key, known)| key.len() + known.1.as_ref().map_or(0, String::len))
        .sum()
}

fn forget_oldest_removed(state: &mut PeerState, but: &str) -> bool {
    let oldest = state
        .iter()
        .filter(|(key, known)| known.1.is_none() && key.as_str() != but)
        .min_by_key(|(_, known)| known.0)
        .map(|(key, _)| key.clone());
    oldest.is_some_and(|key| state.remove(&key).is_some())
}

/// The peer-state as plugins read it.
pub(crate) fn peer_state(json: Option<&str>) -> Outcome<Vec<(String, String)>> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let state: PeerState = serde_json::from_str(json)?;
    Ok(state
        .into_iter()
        .filter_map(|(key, known)| known.1.map(|value| (key, value)))
        .collect())
}
