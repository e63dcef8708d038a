//! *Accept*: everything of one webhook call or callback, in one transaction.

use std::sync::Arc;

use rusqlite::{Connection, params};
use trunkline_core::id::{CustomerId, Timestamp};
use trunkline_flow::ports::{
    Accept, Accepted, DeadKind, Incoming, ParkedId, Part, PeerChange, RawId, Scope, StoreError,
    Target, Undelivered, is_placeholder,
};

use crate::customers;
use crate::dead;
use crate::due;
use crate::failure::Outcome;
use crate::keys::scope_text;
use crate::masking::Masking;
use crate::originals;
use crate::pieces;
use crate::raw;
use crate::target::{self, Waiting, Whose, Words};
use crate::writer::Writing;

/// How long a key is kept, in ms: longer than providers repeat a call.
pub(crate) const KEY_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// An `Accept` with all done that needs no transaction.
pub(crate) struct Prepared {
    masking: Arc<Masking>,
    events: Vec<PreparedEvent>,
    dead: Vec<Undelivered>,
    from_raw: Option<RawId>,
    expired: Vec<(ParkedId, Option<Undelivered>)>,
    at: Timestamp,
}

struct PreparedEvent {
    scope: String,
    key: String,
    target: Target,
    words: Words,
    peer_changes: Vec<PeerChange>,
    resolve: Option<String>,
    part: Option<Part>,
    /// The call's body, masked, where the content is unknown.
    original: Option<String>,
}

impl Prepared {
    /// Masks and writes JSON, as far as the channels are known.
    pub(crate) fn new(masking: &Arc<Masking>, accept: Accept) -> Result<Self, StoreError> {
        let events = accept
            .events
            .into_iter()
            .map(|incoming| {
                Ok(PreparedEvent {
                    original: masked_original(masking, accept.original.as_deref(), &incoming),
                    scope: scope_text(&incoming.scope),
                    key: incoming.key,
                    words: Words::prepare(masking, &incoming.target, incoming.event)?,
                    target: incoming.target,
                    peer_changes: incoming.peer_changes,
                    resolve: incoming
                        .resolve
                        .as_ref()
                        .map(serde_json::to_string)
                        .transpose()?,
                    part: incoming.part,
                })
            })
            .collect::<Outcome<_>>()?;
        Ok(Self {
            masking: Arc::clone(masking),
            events,
            dead: accept.dead,
            from_raw: accept.from_raw,
            expired: accept.expired,
            at: accept.at,
        })
    }
}

/// For the event whose placeholder it explains; the others of the call have no use for it.
fn masked_original(
    masking: &Masking,
    original: Option<&str>,
    incoming: &Incoming,
) -> Option<String> {
    let mut original = original
        .filter(|_| is_placeholder(&incoming.event))?
        .to_owned();
    let channel = match &incoming.scope {
        Scope::Channel(channel) => Some(channel),
        Scope::Integration(_) | Scope::Bot(_) => None,
    };
    masking.of(channel).inbound.apply(&mut original);
    Some(original)
}

/// Writes it.
pub(crate) fn accept(writing: &Writing<'_>, prepared: Prepared) -> Outcome<Accepted> {
    let mut accepted = Accepted::default();
    for event in prepared.events {
        take_in(
            writing,
            &prepared.masking,
            event,
            prepared.at,
            &mut accepted,
        )?;
    }
    for letter in prepared.dead {
        if is_new_letter(writing.db, &letter, prepared.at)? {
            let unreadable = letter.kind == DeadKind::Unreadable;
            dead::insert(writing.db, &prepared.masking, letter, prepared.at)?;
            if let Some(id) = prepared.from_raw.filter(|_| unreadable) {
                raw::keep_for_replay(writing.db, id, prepared.at)?;
            }
        }
    }
    for (id, letter) in prepared.expired {
        if due::give_up(writing.db, id, prepared.at)?
            && let Some(letter) = letter
        {
            dead::insert(writing.db, &prepared.masking, letter, prepared.at)?;
        }
    }
    if let Some(id) = prepared.from_raw {
        raw::remove(writing.db, id)?;
    }
    Ok(accepted)
}

fn take_in(
    writing: &Writing<'_>,
    masking: &Masking,
    event: PreparedEvent,
    at: Timestamp,
    accepted: &mut Accepted,
) -> Outcome<()> {
    let db = writing.db;
    let whose = target::resolve(db, &event.target)?;
    let customer = match &whose {
        Whose::Customer(customer, _) => Some(*customer),
        Whose::Nobody(_) => None,
    };
    if !is_new(db, &event.scope, &event.key, at, customer)? {
        accepted.duplicates += 1;
        return Ok(());
    }
    if let Some(original) = &event.original {
        originals::keep(db, &event.scope, &event.key, original, at)?;
    }
    match whose {
        Whose::Customer(customer, delivery) => {
            let json = event.words.json_for(db, masking, customer, delivery)?;
            let waiting = Waiting {
                event: &json,
                resolve: event.resolve.as_deref(),
            };
            match &event.part {
                Some(part) => pieces::take_in(writing, masking, customer, at, part, &waiting)?,
                None => target::insert(writing, customer, at, &waiting)?,
            }
            customers::remember(db, customer, &event.peer_changes)?;
            if !accepted.customers.contains(&customer) {
                accepted.customers.push(customer);
            }
        }
        Whose::Nobody(waits_for) => {
            let PreparedEvent {
                target,
                words,
                peer_changes,
                ..
            } = event;
            target::park(db, masking, &waits_for, at, &target, words, &peer_changes)?;
            accepted.parked += 1;
        }
    }
    Ok(())
}

/// Notes the key; false when it was noted in the last 14 days.
fn is_new(
    db: &Connection,
    scope: &str,
    key: &str,
    at: Timestamp,
    customer: Option<CustomerId>,
) -> Outcome<bool> {
    let noted = db
        .prepare_cached(
            "INSERT INTO keys (key, scope, at, customer) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET at = excluded.at, customer = excluded.customer
             WHERE keys.at <= excluded.at - ?5",
        )?
        .execute(params![
            key,
            scope,
            at.0,
            customer.map(|id| id.0),
            crate::keys::count(KEY_MS)
        ])?;
    Ok(noted > 0)
}

/// A call that the provider repeats leaves one dead letter. These keys are apart from those of events.
fn is_new_letter(db: &Connection, letter: &Undelivered, at: Timestamp) -> Outcome<bool> {
    match (&letter.scope, &letter.key) {
        (Some(scope), Some(key)) => {
            let scope = format!("dead/{}", scope_text(scope));
            is_new(db, &scope, key.as_str(), at, None)
        }
        _ => Ok(true),
    }
}
