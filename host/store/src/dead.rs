//! Dead letters: what gave up, putting it back, and saying that it is dealt with. One that waits is never deleted by
//! itself; one that was replayed or discarded goes with the trace.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use trunkline_core::effect::{Delivery, Payload};
use trunkline_core::event::Event;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Timestamp};
use trunkline_flow::ports::{
    DeadKind, DeadLetter, DeadLetterId, Discard, Fired, Scope, Target, Undelivered,
};
use trunkline_flow::{Replayed, replayed};

use crate::customers;
use crate::describe;
use crate::failure::{Failure, Outcome, broken};
use crate::keys::{parts, scope_of, scope_text, time_at};
use crate::masked;
use crate::masking::Masking;
use crate::outbox;
use crate::raw;
use crate::target::{self, Waiting, Whose, Words};
use crate::writer::Writing;

/// What is needed to put a letter back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Replay {
    Delivery(Payload),
    Event(Target, Event),
}

fn kind_text(kind: DeadKind) -> &'static str {
    match kind {
        DeadKind::Delivery => "delivery",
        DeadKind::Message => "message",
        DeadKind::UnknownAccount => "unknown_account",
        DeadKind::Unreadable => "unreadable",
    }
}

fn kind_of(text: &str) -> Outcome<DeadKind> {
    match text {
        "delivery" => Ok(DeadKind::Delivery),
        "message" => Ok(DeadKind::Message),
        "unknown_account" => Ok(DeadKind::UnknownAccount),
        "unreadable" => Ok(DeadKind::Unreadable),
        _ => Err(broken(format!("`{text}` is no kind of dead letter"))),
    }
}

/// Keeps an event or message that nobody will get, masked.
pub(crate) fn insert(
    db: &Connection,
    masking: &Masking,
    mut dead: Undelivered,
    at: Timestamp,
) -> Outcome<()> {
    let channel = match (&dead.scope, dead.conversation) {
        (Some(Scope::Channel(name)), _) => Some(name.clone()),
        (_, Some(conversation)) => target::rules_channel(db, masking, conversation.customer)?,
        (_, None) => None,
    };
    masked::undelivered(masking.of(channel.as_ref()), &mut dead);
    let replay = dead
        .replay
        .map(|(target, event)| Replay::Event(target, event));
    let row = Letter {
        kind: dead.kind,
        reason: &dead.reason,
        conversation: dead.conversation,
        number: None,
        scope: dead.scope.as_ref(),
        content: &dead.content,
        replay: replay.as_ref(),
    };
    write(db, &row, at)
}

/// Keeps a delivery that gave up; `payload` is its JSON, masked when it was committed.
pub(crate) fn insert_delivery(
    db: &Connection,
    id: DeliveryId,
    payload: &str,
    reason: &str,
    at: Timestamp,
) -> Outcome<()> {
    let payload: Payload = serde_json::from_str(payload)?;
    let scope = scope_of_payload(db, id.conversation.customer, &payload)?;
    let content = describe::payload(&payload);
    let replay = Replay::Delivery(payload);
    let row = Letter {
        kind: DeadKind::Delivery,
        reason,
        conversation: Some(id.conversation),
        number: Some(id.number),
        scope: scope.as_ref(),
        content: &content,
        replay: Some(&replay),
    };
    write(db, &row, at)
}

/// Keeps a delivery to a customer that was taken and will not arrive, unless a letter of it waits already.
pub(crate) fn insert_failed(
    db: &Connection,
    id: DeliveryId,
    reason: &str,
    at: Timestamp,
) -> Outcome<()> {
    if waits(db, id)? {
        return Ok(());
    }
    let Some(payload) = outbox::payload(db, id)? else {
        return insert_forgotten(db, id, reason, at);
    };
    match serde_json::from_str(&payload)? {
        Payload::ToCustomer(_) => insert_delivery(db, id, &payload, reason, at),
        // Nothing that a provider could have been given.
        Payload::OpenEce(_)
        | Payload::ToEce { .. }
        | Payload::EndEce { .. }
        | Payload::AskBot(_)
        | Payload::FetchFromCustomer { .. }
        | Payload::FetchFromEce { .. } => Ok(()),
    }
}

/// A letter of this delivery that nobody has replayed or discarded.
fn waits(db: &Connection, id: DeliveryId) -> Outcome<bool> {
    let (customer, conversation, number) = parts(id);
    let found = db
        .prepare_cached(
            "SELECT 1 FROM dead_letters
             WHERE customer = ?1 AND conversation = ?2 AND number = ?3
                 AND replayed IS NULL AND discarded IS NULL LIMIT 1",
        )?
        .query_row(params![customer, conversation, number], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Its words went with the trace: there is nothing to replay.
fn insert_forgotten(db: &Connection, id: DeliveryId, reason: &str, at: Timestamp) -> Outcome<()> {
    let scope = customers::channel_of(db, id.conversation.customer)?.map(Scope::Channel);
    let row = Letter {
        kind: DeadKind::Delivery,
        reason,
        conversation: Some(id.conversation),
        number: Some(id.number),
        scope: scope.as_ref(),
        content: &format!("[the message of delivery {id}]"),
        replay: None,
    };
    write(db, &row, at)
}

fn scope_of_payload(
    db: &Connection,
    customer: CustomerId,
    payload: &Payload,
) -> Outcome<Option<Scope>> {
    Ok(match payload {
        Payload::ToCustomer(_) | Payload::FetchFromCustomer { .. } => {
            customers::channel_of(db, customer)?.map(Scope::Channel)
        }
        Payload::OpenEce(open) => Some(Scope::Integration(open.integration.clone())),
        Payload::ToEce { integration, .. } | Payload::EndEce { integration, .. } => {
            Some(Scope::Integration(integration.clone()))
        }
        Payload::FetchFromEce { integration, .. } => integration.clone().map(Scope::Integration),
        Payload::AskBot(ask) => Some(Scope::Bot(ask.bot.clone())),
    })
}

struct Letter<'a> {
    kind: DeadKind,
    reason: &'a str,
    conversation: Option<ConversationId>,
    number: Option<u32>,
    scope: Option<&'a Scope>,
    content: &'a str,
    replay: Option<&'a Replay>,
}

fn write(db: &Connection, letter: &Letter<'_>, at: Timestamp) -> Outcome<()> {
    let replay = letter.replay.map(serde_json::to_string).transpose()?;
    db.prepare_cached(
        "INSERT INTO dead_letters (kind, at, reason, customer, conversation, number, scope, content, replay)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        kind_text(letter.kind),
        at.0,
        letter.reason,
        letter.conversation.map(|id| id.customer.0),
        letter.conversation.map(|id| id.number),
        letter.number,
        letter.scope.map(scope_text),
        letter.content,
        replay
    ])?;
    Ok(())
}

const COLUMNS: &str =
    "id, kind, at, reason, customer, conversation, number, scope, content, replayed, discarded";

/// Newest first, below `before`; without those that were discarded.
pub(crate) fn list(
    db: &Connection,
    before: Option<DeadLetterId>,
    limit: usize,
) -> Outcome<Vec<DeadLetter>> {
    let mut found = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM dead_letters WHERE id < ?1 AND discarded IS NULL
         ORDER BY id DESC LIMIT ?2"
    ))?;
    let before = before.map_or(i64::MAX, |id| id.0);
    let mut rows = found.query(params![before, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(read(row)?);
    }
    Ok(letters)
}

/// Those of a conversation, oldest first; also those that were discarded.
pub(crate) fn of_conversation(db: &Connection, id: ConversationId) -> Outcome<Vec<DeadLetter>> {
    let mut found = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM dead_letters WHERE customer = ?1 AND conversation = ?2 ORDER BY id"
    ))?;
    let mut rows = found.query(params![id.customer.0, id.number])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(read(row)?);
    }
    Ok(letters)
}

fn read(row: &Row<'_>) -> Outcome<DeadLetter> {
    let customer: Option<i64> = row.get(4)?;
    let number: Option<u32> = row.get(5)?;
    let conversation = customer
        .zip(number)
        .map(|(customer, number)| ConversationId {
            customer: CustomerId(customer),
            number,
        });
    let delivery = conversation
        .zip(row.get::<_, Option<u32>>(6)?)
        .map(|(conversation, number)| DeliveryId {
            conversation,
            number,
        });
    let scope: Option<String> = row.get(7)?;
    Ok(DeadLetter {
        id: DeadLetterId(row.get(0)?),
        kind: kind_of(&row.get::<_, String>(1)?)?,
        at: Timestamp(row.get(2)?),
        reason: row.get(3)?,
        delivery,
        conversation,
        scope: scope.as_deref().map(scope_of).transpose()?,
        content: row.get(8)?,
        replayed: time_at(row, 9)?,
        discarded: time_at(row, 10)?,
    })
}

/// Puts a letter back.
pub(crate) fn replay(
    writing: &Writing<'_>,
    masking: &Masking,
    id: DeadLetterId,
    at: Timestamp,
) -> Outcome<Fired> {
    let (letter, replay) = fetch(writing.db, id)?;
    if letter.replayed.is_some() {
        return Err(broken(format!(
            "dead letter {0} was replayed already: `dead-letters show {0}` says when",
            id.0
        )));
    }
    if letter.discarded.is_some() {
        return Err(discarded_already(id));
    }
    let fired = match (replay, letter.delivery) {
        (Some(Replay::Delivery(payload)), Some(id)) => {
            Fired::Customer(match replayed(Delivery { id, payload }, at) {
                Replayed::Delivery(delivery) => put_back(writing.db, &delivery, at)?,
                Replayed::Event(event) => {
                    let target = Target::Customer(id.conversation.customer);
                    tell_again(writing, masking, &target, event, at)?
                }
            })
        }
        (Some(Replay::Event(target, event)), _) => {
            Fired::Customer(tell_again(writing, masking, &target, event, at)?)
        }
        (Some(Replay::Delivery(_)) | None, _) => {
            let scope = letter.scope.filter(|_| letter.kind == DeadKind::Unreadable);
            let waits = match &scope {
                Some(_) => raw::put_back(writing.db, id)?,
                None => false,
            };
            match scope.filter(|_| waits) {
                Some(scope) => Fired::Raw(scope),
                None => return Err(nothing_to_replay(id)),
            }
        }
    };
    writing
        .db
        .prepare_cached("UPDATE dead_letters SET replayed = ?2 WHERE id = ?1")?
        .execute(params![id.0, at.0])?;
    Ok(fired)
}

/// Takes the words of letters away, and what a replay would need. All that are named, or none.
pub(crate) fn discard(
    db: &Connection,
    which: Discard,
    at: Timestamp,
) -> Outcome<Vec<DeadLetterId>> {
    let ids = match which {
        Discard::These(ids) => ids,
        Discard::OlderThan(until) => older_than(db, until)?,
    };
    for id in &ids {
        let (letter, _) = fetch(db, *id)?;
        if letter.discarded.is_some() {
            return Err(discarded_already(*id));
        }
        db.prepare_cached(
            "UPDATE dead_letters SET discarded = ?2, content = '', replay = NULL WHERE id = ?1",
        )?
        .execute(params![id.0, at.0])?;
        raw::forget_unread(db, *id)?;
    }
    Ok(ids)
}

fn older_than(db: &Connection, until: Timestamp) -> Outcome<Vec<DeadLetterId>> {
    let mut found = db.prepare_cached(
        "SELECT id FROM dead_letters WHERE at < ?1 AND discarded IS NULL ORDER BY id",
    )?;
    let ids = found
        .query_map([until.0], |row| Ok(DeadLetterId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

fn discarded_already(id: DeadLetterId) -> Failure {
    broken(format!("dead letter {} was discarded already", id.0))
}

fn nothing_to_replay(id: DeadLetterId) -> Failure {
    broken(format!(
        "dead letter {} holds nothing that can be replayed",
        id.0
    ))
}

fn fetch(db: &Connection, id: DeadLetterId) -> Outcome<(DeadLetter, Option<Replay>)> {
    let mut found = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, replay FROM dead_letters WHERE id = ?1"
    ))?;
    let mut rows = found.query([id.0])?;
    let Some(row) = rows.next()? else {
        return Err(broken(format!("there is no dead letter {}", id.0)));
    };
    let replay: Option<String> = row.get(11)?;
    let replay = replay.as_deref().map(serde_json::from_str).transpose()?;
    Ok((read(row)?, replay))
}

fn put_back(db: &Connection, delivery: &Delivery, at: Timestamp) -> Outcome<CustomerId> {
    let id = delivery.id;
    let (customer, conversation, number) = parts(id);
    let waiting = db
        .prepare_cached(
            "SELECT 1 FROM outbox WHERE customer = ?1 AND conversation = ?2 AND number = ?3",
        )?
        .query_row(params![customer, conversation, number], |_| Ok(()))
        .optional()?;
    if waiting.is_some() {
        return Err(broken(format!("{id} is on its way already")));
    }
    outbox::insert_again(db, delivery, at)?;
    Ok(id.conversation.customer)
}

fn tell_again(
    writing: &Writing<'_>,
    masking: &Masking,
    target: &Target,
    event: Event,
    at: Timestamp,
) -> Outcome<CustomerId> {
    match target::resolve(writing.db, target)? {
        Whose::Customer(customer, delivery) => {
            let json = Words::raw(event).json_for(writing.db, masking, customer, delivery)?;
            target::insert(writing, customer, at, &Waiting::plain(&json))?;
            Ok(customer)
        }
        Whose::Nobody(waits_for) => Err(broken(format!("nobody is known for {waits_for}"))),
    }
}
