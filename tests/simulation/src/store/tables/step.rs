//! *Step*.

use trunkline_core::effect::{Delivery, Lane, OutboundContent, Payload};
use trunkline_core::id::{ConversationId, DeliveryId, Timestamp};
use trunkline_flow::ports::{DeadLetter, OutboxItem, Step, Stepped, StoreError};

use super::{Flaw, Tables, lane};

impl Tables {
    pub(in crate::store) fn step(&mut self, step: Step) -> Result<Stepped, StoreError> {
        let id = step.customer.id;
        let row = self
            .rows
            .get_mut(&id)
            .ok_or_else(|| StoreError::Broken(format!("no customer {id}")))?;
        if row.revision != step.revision {
            return Err(StoreError::Stale(format!("revision {}", row.revision)));
        }
        if let Some(gone) = step
            .consumed
            .iter()
            .find(|row| !self.inbox.contains_key(row))
        {
            return Err(StoreError::Stale(format!("event {gone} was consumed")));
        }
        row.revision += 1;
        row.customer = step.customer;
        let revision = row.revision;
        for consumed in step.consumed {
            self.inbox.remove(&consumed);
        }
        for (conversation, lane, reason) in step.cancelled {
            self.cancel((conversation, lane), &reason, step.at);
        }
        for settled in &step.settled {
            if let Ok(number) = self.position(*settled) {
                self.file_as_sent(number);
            }
        }
        for (delivery, reason) in step.failed {
            self.fail(delivery, &reason, step.at);
        }
        for (delivery, name) in step.told {
            self.tell(delivery, name, step.at);
        }
        let mut masked = Vec::new();
        for mut delivery in step.deliveries {
            if self.mask(&mut delivery.payload) {
                masked.push(delivery.clone());
            }
            self.put_out(delivery, step.at);
        }
        for (name, at) in step.timers {
            match at {
                Some(at) => self.timers.insert((id, name), at),
                None => self.timers.remove(&(id, name)),
            };
        }
        for dead in step.dead {
            self.bury(dead, None, step.at);
        }
        self.trace.extend(step.trace);
        Ok(Stepped { revision, masked })
    }

    /// Keeps one word from the disk, where a test says which.
    fn mask(&self, payload: &mut Payload) -> bool {
        let (Some(word), Payload::ToCustomer(message)) = (self.masked_word, payload) else {
            return false;
        };
        match &mut message.content {
            OutboundContent::Text(text) if text.contains(word) => {
                *text = text.replace(word, "****");
                true
            }
            OutboundContent::Text(_)
            | OutboundContent::Choices { .. }
            | OutboundContent::File(_)
            | OutboundContent::Close => false,
        }
    }

    fn cancel(&mut self, which: (ConversationId, Lane), reason: &str, at: Timestamp) {
        let numbers: Vec<i64> = self
            .outbox
            .iter()
            .filter(|(_, item)| lane(item) == which && item.left_at.is_none())
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            if let Some(item) = self.outbox.remove(&number) {
                self.bury_delivery(item.delivery, reason.to_owned(), at);
            }
        }
    }

    pub(super) fn file_as_sent(&mut self, number: i64) {
        if let Some(item) = self.outbox.remove(&number) {
            self.sent.insert(item.delivery.id, item.delivery);
        }
    }

    /// What was taken and will not arrive.
    fn fail(&mut self, id: DeliveryId, reason: &str, at: Timestamp) {
        let of_it = |letter: &DeadLetter| letter.delivery == Some(id) && letter.replayed.is_none();
        if self.dead.iter().any(|(letter, _)| of_it(letter)) {
            return;
        }
        let waiting = self.outbox.values().map(|item| &item.delivery);
        let mut known = waiting.chain(self.sent.values());
        if let Some(delivery) = known.find(|delivery| delivery.id == id).cloned() {
            self.bury_delivery(delivery, reason.to_owned(), at);
        }
    }

    fn tell(&mut self, delivery: DeliveryId, name: String, at: Timestamp) {
        if self.flaw == Flaw::ForgetsTold {
            return;
        }
        let mut items = self.outbox.values_mut();
        if let Some(item) = items.find(|item| item.delivery.id == delivery) {
            item.told.push(name);
            item.next_at = item.next_at.min(at);
        }
    }

    pub(super) fn put_out(&mut self, delivery: Delivery, at: Timestamp) {
        let number = self.number();
        let item = OutboxItem {
            delivery,
            attempts: 0,
            created: at,
            next_at: at,
            left_at: None,
            rest: None,
            told: Vec::new(),
            version: None,
        };
        self.outbox.insert(number, item);
    }

    pub(super) fn position(&self, delivery: DeliveryId) -> Result<i64, StoreError> {
        self.outbox
            .iter()
            .find(|(_, item)| item.delivery.id == delivery)
            .map(|(number, _)| *number)
            .ok_or_else(|| StoreError::Stale(format!("{delivery} is settled")))
    }
}
