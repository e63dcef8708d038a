//! *Settle*: what became of one attempt at a delivery, in one transaction.

use rusqlite::{Connection, params};
use trunkline_core::id::{CustomerId, DeliveryId, EceSession, IntegrationName, Timestamp};
use trunkline_flow::ports::{Settle, Settled};

use crate::customers;
use crate::dead;
use crate::failure::{Outcome, broken};
use crate::keys::parts;
use crate::log;
use crate::masking::Masking;
use crate::note;
use crate::outbox::{self, LeftAt, Onward};
use crate::target::{self, Waiting, Words};
use crate::writer::Writing;

/// Writes it; gives the customers whose inbox got something.
///
/// The report goes in before what waited for it: the core knows an ECE conversation from its report on, and news of one
/// it does not know is too late.
pub(crate) fn settle(
    writing: &Writing<'_>,
    masking: &Masking,
    mut settle: Settle,
) -> Outcome<Vec<CustomerId>> {
    let customer = settle.delivery.conversation.customer;
    write_outcome(writing.db, &settle)?;
    if let Some(pushed) = &settle.pushed {
        log::append(writing.db, customer, settle.at, pushed)?;
    }
    let mut woken = Vec::new();
    if let Some(event) = settle.event.take() {
        let json = Words::raw(event).json_for(writing.db, masking, customer, None)?;
        target::insert(writing, customer, settle.at, &Waiting::plain(&json))?;
        add(&mut woken, customer);
    }
    learn(writing, masking, &settle, &mut woken)?;
    customers::remember(writing.db, customer, &settle.peer_changes)?;
    Ok(woken)
}

/// `Stale` if the delivery is over; nothing is written then.
fn write_outcome(db: &Connection, settle: &Settle) -> Outcome<()> {
    let id = settle.delivery;
    match &settle.outcome {
        Settled::Done => close(db, settle, "settled").map(|_| ()),
        Settled::Dead(reason) => {
            let payload = close(db, settle, "dead")?;
            dead::insert_delivery(db, id, &payload, reason, settle.at)
        }
        Settled::Part(rest) => {
            let onward = onward(settle, LeftAt::KnownGoesOn, settle.at, Some(rest))?;
            outbox::go_on(db, id, &onward)
        }
        Settled::Again { at, unknown: true } => outbox::go_on(
            db,
            id,
            &onward(settle, LeftAt::Unknown(settle.at), *at, None)?,
        ),
        Settled::Again { at, unknown: false } => {
            outbox::go_on(db, id, &onward(settle, LeftAt::KnownStartsAnew, *at, None)?)
        }
    }
}

fn close(db: &Connection, settle: &Settle, kind: &str) -> Outcome<String> {
    let note = note::line(settle.at, kind, &settle.note)?;
    outbox::close(db, settle.delivery, Some(settle.attempts), settle.at, &note)?
        .ok_or_else(|| outbox::over(settle.delivery).into())
}

fn onward<'a>(
    settle: &'a Settle,
    left_at: LeftAt,
    next_at: Timestamp,
    rest: Option<&'a [u8]>,
) -> Outcome<Onward<'a>> {
    Ok(Onward {
        attempts: settle.attempts,
        next_at,
        left_at,
        version: settle.version.as_ref(),
        rest,
        note: note::line(settle.at, "attempt", &settle.note)?,
    })
}

/// Notes the ids that became known and wakes what waited for them.
fn learn(
    writing: &Writing<'_>,
    masking: &Masking,
    settle: &Settle,
    woken: &mut Vec<CustomerId>,
) -> Outcome<()> {
    if let Some((integration, session)) = &settle.session {
        insert_session(writing.db, integration, session, settle.delivery, settle.at)?;
        let waits_for = target::waits_for_session(integration, session);
        for customer in target::wake(writing, masking, &waits_for)? {
            add(woken, customer);
        }
    }
    if settle.provider_ids.is_empty() {
        return Ok(());
    }
    let customer = settle.delivery.conversation.customer;
    let channel = customers::channel_of(writing.db, customer)?
        .ok_or_else(|| broken(format!("there is no customer {customer}")))?;
    for id in &settle.provider_ids {
        insert_provider_id(writing.db, id, &channel.0, settle.delivery, settle.at)?;
        let waits_for = target::waits_for_provider_id(&channel, id);
        for customer in target::wake(writing, masking, &waits_for)? {
            add(woken, customer);
        }
    }
    Ok(())
}

fn add(customers: &mut Vec<CustomerId>, customer: CustomerId) {
    if !customers.contains(&customer) {
        customers.push(customer);
    }
}

fn insert_session(
    db: &Connection,
    integration: &IntegrationName,
    session: &EceSession,
    delivery: DeliveryId,
    at: Timestamp,
) -> Outcome<()> {
    let (customer, conversation, _) = parts(delivery);
    db.prepare_cached(
        "INSERT INTO sessions (session, integration, customer, conversation, at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET customer = excluded.customer,
             conversation = excluded.conversation, at = excluded.at",
    )?
    .execute(params![
        session.0,
        integration.0,
        customer,
        conversation,
        at.0
    ])?;
    Ok(())
}

fn insert_provider_id(
    db: &Connection,
    id: &str,
    channel: &str,
    delivery: DeliveryId,
    at: Timestamp,
) -> Outcome<()> {
    let (customer, conversation, number) = parts(delivery);
    db.prepare_cached(
        "INSERT INTO provider_ids (id, channel, customer, conversation, number, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET customer = excluded.customer, number = excluded.number,
             conversation = excluded.conversation, at = excluded.at",
    )?
    .execute(params![id, channel, customer, conversation, number, at.0])?;
    Ok(())
}
