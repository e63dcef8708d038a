//! What checkers look at.

use trunkline_core::customer::Customer;
use trunkline_core::effect::Delivery;
use trunkline_core::id::{DeliveryId, EceSession, Timestamp};
use trunkline_core::message::Address;
use trunkline_flow::ports::{DeadLetter, Scope, TraceLine};

use super::{Row, Tables, words};

impl Tables {
    /// Whether a start of this ECE conversation was ever settled, for checkers.
    pub fn knows_session(&self, session: &EceSession) -> bool {
        self.sessions.keys().any(|(_, known)| known == session)
    }

    /// What a settled delivery said, for checkers.
    pub fn said_in(&self, delivery: DeliveryId) -> Option<String> {
        let delivery = self.sent.get(&delivery)?;
        Some(words(&delivery.payload))
    }

    /// What is settled and no dead letter.
    pub fn sent(&self) -> impl Iterator<Item = &Delivery> {
        self.sent.values()
    }

    /// When the event of this key first arrived, for checkers.
    pub fn accepted_at(&self, scope: &Scope, key: &str) -> Option<Timestamp> {
        self.keys.get(&(scope.clone(), key.to_owned())).copied()
    }

    /// Everybody's state, for checkers.
    pub fn customers(&self) -> impl Iterator<Item = (&Customer, &[Address])> {
        self.rows
            .values()
            .map(|row| (&row.customer, row.addresses.as_slice()))
    }

    /// Dead letters, for checkers.
    pub fn dead(&self) -> impl Iterator<Item = &DeadLetter> {
        self.dead.iter().map(|(letter, _)| letter)
    }

    /// The trace, for checkers.
    pub fn trace(&self) -> &[TraceLine] {
        &self.trace
    }

    /// Nothing is left to do.
    pub fn at_rest(&self) -> bool {
        self.at_rest_but(|_| false)
    }

    /// Nothing is left to do but in conversations of which ECE says no more.
    pub fn at_rest_but(&self, silent: impl Fn(&EceSession) -> bool) -> bool {
        let waits = |row: &Row| {
            let talk = row.customer.open.as_ref();
            talk.is_some_and(|talk| talk.session().is_none_or(|session| !silent(&session.id)))
        };
        self.inbox.is_empty()
            && self.outbox.is_empty()
            && self.raw.is_empty()
            && self.parked.is_empty()
            && self.pieces.is_empty()
            && !self.rows.values().any(waits)
    }

    /// What is not done, in words.
    pub fn unfinished(&self) -> Vec<String> {
        let inbox = self
            .inbox
            .values()
            .map(|waiting| format!("inbox of {}: {:?}", waiting.customer, waiting.event));
        let outbox = self.outbox.values().map(|item| {
            format!(
                "outbox: {} {:?} attempts {} next {}",
                item.delivery.id,
                item.delivery.lane(),
                item.attempts,
                item.next_at.0
            )
        });
        let open = self
            .rows
            .values()
            .filter_map(|row| row.customer.open.as_ref())
            .map(|talk| format!("open: {} held by {:?}", talk.id, talk.holder));
        let raw = self.raw.values().map(|call| format!("raw: {:?}", call.id));
        let parked = self
            .parked
            .iter()
            .map(|(_, target, ..)| format!("parked: {target:?}"));
        let pieces = self
            .pieces
            .keys()
            .map(|(customer, group)| format!("pieces of {customer}: {group}"));
        inbox
            .chain(pieces)
            .chain(outbox)
            .chain(open)
            .chain(raw)
            .chain(parked)
            .collect()
    }
}
