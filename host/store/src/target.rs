//! Finds whose an event is, and keeps it aside while nobody knows.
//!
//! An event of an ECE session or of a provider's id that no settle has told of yet is *parked*: it
//! waits `PARKED_MS`, wakes up when it becomes known, and is given back by `sweep` when it does not.

use rusqlite::{Connection, OptionalExtension, params};
use trunkline_core::event::{DeliveryName, Event};
use trunkline_core::id::{
    ChannelName, CustomerId, DeliveryId, EceSession, IntegrationName, Timestamp,
};
use trunkline_flow::ports::{PARKED_MS, PeerChange, Target};

use crate::customers;
use crate::failure::{Outcome, broken};
use crate::keys::delivery_at;
use crate::masked;
use crate::masking::Masking;
use crate::writer::Writing;

/// Whose an event is.
pub(crate) enum Whose {
    /// Theirs. With a delivery where the event named it by the provider's id.
    Customer(CustomerId, Option<DeliveryId>),
    /// Not known yet; this is what would make it known.
    Nobody(String),
}

/// Finds it; for `Target::Addresses` a customer is made if there is none.
pub(crate) fn resolve(db: &Connection, target: &Target) -> Outcome<Whose> {
    match target {
        Target::Addresses(channel, addresses) => {
            let customer = customers::known_or_made(db, channel, addresses)?;
            Ok(Whose::Customer(customer, None))
        }
        Target::Session(..) | Target::Delivery(..) | Target::Customer(_) => look_up(db, target),
    }
}

/// As `resolve`, but reads only, and whoever cannot be found is nobody.
pub(crate) fn known(db: &Connection, target: &Target) -> Outcome<Option<CustomerId>> {
    if let Target::Customer(customer) = target {
        return Ok(customers::channel_of(db, *customer)?.map(|_| *customer));
    }
    match look_up(db, target)? {
        Whose::Customer(customer, _) => Ok(Some(customer)),
        Whose::Nobody(_) => Ok(None),
    }
}

fn look_up(db: &Connection, target: &Target) -> Outcome<Whose> {
    match target {
        Target::Addresses(channel, addresses) => {
            let found = customers::known(db, channel, addresses)?;
            Ok(or_waits(found, || format!("address/{channel}")))
        }
        Target::Session(integration, session) => {
            let found = customer_of_session(db, integration, session)?;
            Ok(or_waits(found, || waits_for_session(integration, session)))
        }
        Target::Delivery(channel, name) => of_delivery(db, channel, name),
        Target::Customer(customer) => match customers::channel_of(db, *customer)? {
            Some(_) => Ok(Whose::Customer(*customer, None)),
            None => Err(broken(format!("there is no customer {customer}"))),
        },
    }
}

fn or_waits(found: Option<CustomerId>, waits_for: impl FnOnce() -> String) -> Whose {
    found.map_or_else(
        || Whose::Nobody(waits_for()),
        |customer| Whose::Customer(customer, None),
    )
}

fn of_delivery(db: &Connection, channel: &ChannelName, name: &DeliveryName) -> Outcome<Whose> {
    match name {
        DeliveryName::Ours(id)
        | DeliveryName::Part { delivery: id, .. }
        | DeliveryName::Gone(id) => {
            let customer = id.conversation.customer;
            let theirs = customers::channel_of(db, customer)?.as_ref() == Some(channel);
            // An id that was never ours waits in vain, and its end is told like any other.
            let found = theirs.then_some(customer);
            Ok(or_waits(found, || format!("delivery/{channel}/{id}")))
        }
        DeliveryName::Provider(text) => Ok(match delivery_of_provider_id(db, channel, text)? {
            Some(id) => Whose::Customer(id.conversation.customer, Some(id)),
            None => Whose::Nobody(waits_for_provider_id(channel, text)),
        }),
        DeliveryName::AllUntil(_) => Err(broken(
            "a receipt for all messages must name its customer by address",
        )),
    }
}

fn customer_of_session(
    db: &Connection,
    integration: &IntegrationName,
    session: &EceSession,
) -> Outcome<Option<CustomerId>> {
    let found = db
        .prepare_cached("SELECT customer FROM sessions WHERE session = ?1 AND integration = ?2")?
        .query_row(params![session.0, integration.0], |row| row.get(0))
        .optional()?;
    Ok(found.map(CustomerId))
}

fn delivery_of_provider_id(
    db: &Connection,
    channel: &ChannelName,
    id: &str,
) -> Outcome<Option<DeliveryId>> {
    let found = db
        .prepare_cached(
            "SELECT customer, conversation, number FROM provider_ids WHERE id = ?1 AND channel = ?2",
        )?
        .query_row(params![id, channel.0], |row| delivery_at(row, 0))
        .optional()?;
    Ok(found)
}

/// What an event of this session waits for.
pub(crate) fn waits_for_session(integration: &IntegrationName, session: &EceSession) -> String {
    format!("session/{integration}/{session}")
}

/// What a receipt of this provider's id waits for.
pub(crate) fn waits_for_provider_id(channel: &ChannelName, id: &str) -> String {
    format!("provider/{channel}/{id}")
}

/// An event on its way into an inbox, masked and in JSON where its channel was known beforehand.
pub(crate) enum Words {
    /// Ready to be written.
    Ready(String),
    /// To be masked by the rules of its customer's channel.
    Raw(Box<Event>),
}

impl Words {
    /// An event whose channel is not known yet.
    pub(crate) fn raw(event: Event) -> Self {
        Self::Raw(Box::new(event))
    }

    /// Does what can be done outside the writer's thread.
    pub(crate) fn prepare(masking: &Masking, target: &Target, event: Event) -> Outcome<Self> {
        let by_provider_id = matches!(target, Target::Delivery(_, DeliveryName::Provider(_)));
        match target {
            Target::Addresses(channel, _) | Target::Delivery(channel, _) if !by_provider_id => {
                Ok(Self::Ready(json(masking, Some(channel), event)?))
            }
            Target::Addresses(..)
            | Target::Delivery(..)
            | Target::Session(..)
            | Target::Customer(_) => Ok(Self::raw(event)),
        }
    }

    /// The JSON, once it is known whose it is.
    pub(crate) fn json_for(
        self,
        db: &Connection,
        masking: &Masking,
        customer: CustomerId,
        delivery: Option<DeliveryId>,
    ) -> Outcome<String> {
        match self {
            Self::Ready(json) => Ok(json),
            Self::Raw(event) => {
                let channel = rules_channel(db, masking, customer)?;
                json(masking, channel.as_ref(), with_delivery(*event, delivery))
            }
        }
    }

    fn json_parked(self, masking: &Masking) -> Outcome<String> {
        match self {
            Self::Ready(json) => Ok(json),
            Self::Raw(event) => json(masking, None, *event),
        }
    }
}

fn json(masking: &Masking, channel: Option<&ChannelName>, mut event: Event) -> Outcome<String> {
    masked::event(masking.of(channel), &mut event);
    Ok(serde_json::to_string(&event)?)
}

/// The customer's channel, where any channel has rules of its own.
pub(crate) fn rules_channel(
    db: &Connection,
    masking: &Masking,
    customer: CustomerId,
) -> Outcome<Option<ChannelName>> {
    if masking.channels.is_empty() {
        return Ok(None);
    }
    customers::channel_of(db, customer)
}

/// A receipt that named the provider's id names ours from here on. A settle told of that id: it is one of a provider
/// message that went, and the delivery's other messages are not its business.
fn with_delivery(event: Event, delivery: Option<DeliveryId>) -> Event {
    match (event, delivery) {
        (Event::Receipt(mut receipt), Some(id)) => {
            receipt.delivery = DeliveryName::Gone(id);
            Event::Receipt(receipt)
        }
        (event, _) => event,
    }
}

/// An event as it stands in an inbox: JSON, and JSON of what its plugin has to complete.
pub(crate) struct Waiting<'a> {
    pub(crate) event: &'a str,
    pub(crate) resolve: Option<&'a str>,
}

impl<'a> Waiting<'a> {
    /// For nobody but the core.
    pub(crate) fn plain(event: &'a str) -> Self {
        Self {
            event,
            resolve: None,
        }
    }
}

/// Puts an event into a customer's inbox.
pub(crate) fn insert(
    writing: &Writing<'_>,
    customer: CustomerId,
    arrived: Timestamp,
    waiting: &Waiting<'_>,
) -> Outcome<()> {
    writing
        .db
        .prepare_cached(
            "INSERT INTO inbox (customer, row, arrived, event, resolve) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            customer.0,
            writing.next_row(),
            arrived.0,
            waiting.event,
            waiting.resolve
        ])?;
    Ok(())
}

/// Keeps an event aside.
pub(crate) fn park(
    db: &Connection,
    masking: &Masking,
    waits_for: &str,
    arrived: Timestamp,
    target: &Target,
    words: Words,
    peer_changes: &[PeerChange],
) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO parked (waits_for, until, arrived, target, event, peer_changes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        waits_for,
        arrived.plus_ms(PARKED_MS).0,
        arrived.0,
        serde_json::to_string(target)?,
        words.json_parked(masking)?,
        serde_json::to_string(peer_changes)?,
    ])?;
    Ok(())
}

/// Puts what waited for this into the inboxes it turns out to belong to; gives their owners.
pub(crate) fn wake(
    writing: &Writing<'_>,
    masking: &Masking,
    waits_for: &str,
) -> Outcome<Vec<CustomerId>> {
    let mut woken = Vec::new();
    for parked in take_parked(writing.db, waits_for)? {
        let target: Target = serde_json::from_str(&parked.target)?;
        let event: Event = serde_json::from_str(&parked.event)?;
        let changes: Vec<PeerChange> = serde_json::from_str(&parked.peer_changes)?;
        let Whose::Customer(customer, delivery) = resolve(writing.db, &target)? else {
            return Err(broken("a parked event stays unknown after it became known"));
        };
        let event = Words::raw(event).json_for(writing.db, masking, customer, delivery)?;
        insert(writing, customer, parked.arrived, &Waiting::plain(&event))?;
        customers::remember(writing.db, customer, &changes)?;
        if !woken.contains(&customer) {
            woken.push(customer);
        }
    }
    Ok(woken)
}

struct Parked {
    row: i64,
    arrived: Timestamp,
    target: String,
    event: String,
    peer_changes: String,
}

fn take_parked(db: &Connection, waits_for: &str) -> Outcome<Vec<Parked>> {
    let mut found = db.prepare_cached(
        "SELECT row, arrived, target, event, peer_changes FROM parked WHERE waits_for = ?1 ORDER BY row",
    )?;
    let parked = found
        .query_map([waits_for], |row| {
            Ok(Parked {
                row: row.get(0)?,
                arrived: Timestamp(row.get(1)?),
                target: row.get(2)?,
                event: row.get(3)?,
                peer_changes: row.get(4)?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for one in &parked {
        db.prepare_cached("DELETE FROM parked WHERE row = ?1")?
            .execute([one.row])?;
    }
    Ok(parked)
}
