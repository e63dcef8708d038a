//! *Settle*.

use trunkline_core::id::{CustomerId, DeliveryId, Timestamp};
use trunkline_flow::ports::{PluginVersion, Settle, Settled, StoreError, TraceLine};

use super::{Flaw, Tables};

impl Tables {
    pub(in crate::store) fn leave(
        &mut self,
        delivery: DeliveryId,
        version: Option<PluginVersion>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let number = self.position(delivery)?;
        if self.flaw == Flaw::ForgetsLeave {
            return Ok(());
        }
        if let Some(item) = self.outbox.get_mut(&number) {
            item.left_at = Some(at);
            item.attempts += 1;
            item.version = version;
        }
        Ok(())
    }

    pub(in crate::store) fn settle(
        &mut self,
        settle: Settle,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let number = self.position(settle.delivery)?;
        if let Some(pushed) = &settle.pushed {
            let customer = settle.delivery.conversation.customer;
            self.logs.append(customer, settle.at, pushed)?;
        }
        if self.flaw == Flaw::ForgetsSettle && self.every(17) {
            return Ok(Vec::new());
        }
        let customer = settle.delivery.conversation.customer;
        self.trace.push(TraceLine {
            at: settle.at,
            conversation: Some(settle.delivery.conversation),
            kind: "settled".to_owned(),
            text: format!("{}: {}", settle.delivery, settle.note),
        });
        self.become_of(number, &settle);
        self.apply_peer(customer, &settle.peer_changes);
        let mut woken = Vec::new();
        if let Some(event) = settle.event {
            self.put_in_inbox(customer, event, settle.at);
            woken.push(customer);
        }
        let channel = self
            .rows
            .get(&customer)
            .map(|row| row.customer.channel.clone());
        if let Some(channel) = channel {
            for id in settle.provider_ids {
                self.provider_ids
                    .insert((channel.clone(), id), settle.delivery);
            }
        }
        if let Some(session) = settle.session {
            self.sessions.insert(session, customer);
        }
        woken.extend(self.unpark(settle.at));
        woken.dedup();
        Ok(woken)
    }

    fn become_of(&mut self, number: i64, settle: &Settle) {
        match &settle.outcome {
            Settled::Done => self.file_as_sent(number),
            Settled::Dead(reason) => {
                if let Some(item) = self.outbox.remove(&number) {
                    self.bury_delivery(item.delivery, reason.clone(), settle.at);
                }
            }
            Settled::Part(rest) => {
                if let Some(item) = self.outbox.get_mut(&number) {
                    item.attempts = settle.attempts;
                    item.rest = Some(rest.clone());
                    item.left_at = None;
                    item.next_at = settle.at;
                    item.version = settle.version.clone().or(item.version.take());
                }
            }
            Settled::Again { at, unknown } => {
                if let Some(item) = self.outbox.get_mut(&number) {
                    item.attempts = settle.attempts;
                    item.next_at = *at;
                    if *unknown {
                        item.left_at = item.left_at.or(Some(settle.at));
                        item.version = settle.version.clone().or(item.version.take());
                    } else {
                        item.left_at = None;
                        item.version = None;
                    }
                }
            }
        }
    }
}
