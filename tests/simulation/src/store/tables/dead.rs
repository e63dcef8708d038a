//! Dead letters.

use trunkline_core::effect::Delivery;
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{
    DeadKind, DeadLetter, DeadLetterId, Fired, RawCall, RawId, StoreError, Target, Undelivered,
};

use trunkline_flow::{Replayed, replayed};

use super::{Again, Tables, words};

impl Tables {
    pub(super) fn bury(&mut self, dead: Undelivered, raw: Option<RawCall>, at: Timestamp) {
        let id = DeadLetterId(self.number());
        let again = match (dead.replay, raw) {
            (Some(replay), _) => Again::Event(Box::new(replay)),
            (None, Some(raw)) if dead.kind == DeadKind::Unreadable => Again::Raw(Box::new(raw)),
            (None, _) => Again::Never,
        };
        let letter = DeadLetter {
            id,
            kind: dead.kind,
            at,
            reason: dead.reason,
            delivery: None,
            conversation: dead.conversation,
            scope: dead.scope,
            content: dead.content,
            replayed: None,
            discarded: None,
        };
        self.dead.push((letter, again));
    }

    pub(super) fn bury_delivery(&mut self, delivery: Delivery, reason: String, at: Timestamp) {
        let id = DeadLetterId(self.number());
        let letter = DeadLetter {
            id,
            kind: DeadKind::Delivery,
            at,
            reason,
            delivery: Some(delivery.id),
            conversation: Some(delivery.id.conversation),
            scope: None,
            content: words(&delivery.payload),
            replayed: None,
            discarded: None,
        };
        self.dead
            .push((letter, Again::Delivery(Box::new(delivery))));
    }

    pub(in crate::store) fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> Vec<DeadLetter> {
        self.dead
            .iter()
            .rev()
            .map(|(letter, _)| letter)
            .filter(|letter| before.is_none_or(|before| letter.id.0 < before.0))
            .take(limit)
            .cloned()
            .collect()
    }

    pub(in crate::store) fn replay(
        &mut self,
        id: DeadLetterId,
        at: Timestamp,
    ) -> Result<Fired, StoreError> {
        let found = self.dead.iter_mut().find(|(letter, _)| letter.id == id);
        let (letter, again) =
            found.ok_or_else(|| StoreError::Broken(format!("no dead letter {}", id.0)))?;
        letter.replayed = Some(at);
        match again.clone() {
            Again::Delivery(delivery) => {
                let customer = delivery.id.conversation.customer;
                match replayed(*delivery, at) {
                    Replayed::Delivery(delivery) => self.put_out(delivery, at),
                    Replayed::Event(event) => self.put_in_inbox(customer, event, at),
                }
                Ok(Fired::Customer(customer))
            }
            Again::Event(replay) => {
                let (target, event) = *replay;
                if let Target::Addresses(channel, addresses) = &target {
                    self.know(channel, addresses);
                }
                let customer = self
                    .whose(&target)
                    .ok_or_else(|| StoreError::Broken("nobody to give it to".to_owned()))?;
                self.put_in_inbox(customer, event, at);
                Ok(Fired::Customer(customer))
            }
            Again::Raw(call) => {
                let mut call = *call;
                call.id = RawId(self.number());
                let scope = call.scope.clone();
                self.raw.insert(call.id, call);
                Ok(Fired::Raw(scope))
            }
            Again::Never => Err(StoreError::Broken("it cannot be replayed".to_owned())),
        }
    }
}
