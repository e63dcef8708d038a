//! *Accept*, and what waits for more of itself.

use std::collections::BTreeMap;

use trunkline_core::customer::Customer;
use trunkline_core::event::{DeliveryName, Event};
use trunkline_core::id::{ChannelName, CustomerId, Timestamp};
use trunkline_core::message::Address;
use trunkline_flow::ports::{
    Accept, Accepted, Incoming, PARKED_MS, ParkedId, Part, PeerChange, Resolved, StoreError,
    Target, Undelivered, joined,
};

use super::{Flaw, Row, Tables, Waiting};

impl Tables {
    pub(in crate::store) fn accept(&mut self, accept: Accept) -> Result<Accepted, StoreError> {
        for incoming in &accept.events {
            self.takeable(incoming)?;
        }
        let mut accepted = Accepted::default();
        let raw = accept.from_raw.and_then(|raw| self.raw.remove(&raw));
        if let Some(original) = accept.original {
            self.originals.push(original);
        }
        for incoming in accept.events {
            self.accept_one(incoming, accept.at, &mut accepted);
        }
        for dead in accept.dead {
            self.bury(dead, raw.clone(), accept.at);
        }
        for (id, dead) in accept.expired {
            self.give_up(id, dead, accept.at);
        }
        Ok(accepted)
    }

    /// What no store can take.
    fn takeable(&self, incoming: &Incoming) -> Result<(), StoreError> {
        let broken = |reason: &str| Err(StoreError::Broken(reason.to_owned()));
        match &incoming.target {
            Target::Addresses(_, addresses) if addresses.is_empty() => {
                return broken("an event names no address of its customer");
            }
            Target::Customer(customer) if !self.rows.contains_key(customer) => {
                return broken("there is no such customer");
            }
            Target::Addresses(..)
            | Target::Customer(_)
            | Target::Session(..)
            | Target::Delivery(..) => {}
        }
        let text = serde_json::to_string(&incoming.event).expect("it is plain data");
        match serde_json::from_str::<Event>(&text) {
            Ok(_) => Ok(()),
            Err(_) => broken("it does not come back as it was written"),
        }
    }

    fn accept_one(&mut self, incoming: Incoming, at: Timestamp, accepted: &mut Accepted) {
        let key = (incoming.scope, incoming.key);
        let known = self.keys.contains_key(&key);
        self.keys.entry(key).or_insert(at);
        if known && self.flaw != Flaw::NoKeys {
            accepted.duplicates += 1;
            return;
        }
        if self.flaw == Flaw::LosesEvents && self.every(23) {
            return;
        }
        if let Target::Addresses(channel, addresses) = &incoming.target {
            self.know(channel, addresses);
        }
        let (target, mut event) = (incoming.target, incoming.event);
        let Some(customer) = self.whose(&target) else {
            accepted.parked += 1;
            if self.flaw != Flaw::DropsParked {
                let id = ParkedId(self.number());
                self.parked.push((id, target, event, at.plus_ms(PARKED_MS)));
            }
            return;
        };
        self.name_delivery(&target, &mut event);
        self.apply_peer(customer, &incoming.peer_changes);
        let waiting = Waiting {
            customer,
            event,
            arrived: at,
            resolve: incoming.resolve,
        };
        match incoming.part {
            Some(part) => self.take_piece(part, waiting),
            None => self.wait(waiting),
        }
        if !accepted.customers.contains(&customer) {
            accepted.customers.push(customer);
        }
    }

    pub(super) fn know(&mut self, channel: &ChannelName, addresses: &[Address]) {
        let known = addresses
            .iter()
            .find_map(|address| self.addresses.get(&(channel.clone(), address.clone())))
            .copied();
        let customer = known.unwrap_or_else(|| {
            let id = CustomerId(self.number());
            let row = Row {
                customer: Customer::new(id, channel.clone()),
                revision: 0,
                addresses: Vec::new(),
                peer: BTreeMap::new(),
            };
            self.rows.insert(id, row);
            id
        });
        for address in addresses {
            let of = self
                .addresses
                .entry((channel.clone(), address.clone()))
                .or_insert(customer);
            if let Some(row) = self.rows.get_mut(of)
                && !row.addresses.contains(address)
            {
                row.addresses.push(address.clone());
            }
        }
    }

    pub(in crate::store) fn whose(&self, target: &Target) -> Option<CustomerId> {
        match target {
            Target::Addresses(channel, addresses) => addresses
                .iter()
                .find_map(|address| self.addresses.get(&(channel.clone(), address.clone())))
                .copied(),
            Target::Session(integration, session) => self
                .sessions
                .get(&(integration.clone(), session.clone()))
                .copied(),
            Target::Delivery(
                _,
                DeliveryName::Ours(id)
                | DeliveryName::Part { delivery: id, .. }
                | DeliveryName::Gone(id),
            ) => Some(id.conversation.customer),
            Target::Delivery(channel, DeliveryName::Provider(id)) => self
                .provider_ids
                .get(&(channel.clone(), id.clone()))
                .map(|delivery| delivery.conversation.customer),
            Target::Delivery(_, DeliveryName::AllUntil(_)) => None,
            Target::Customer(customer) => Some(*customer),
        }
    }

    fn name_delivery(&self, target: &Target, event: &mut Event) {
        if let (Target::Delivery(channel, DeliveryName::Provider(id)), Event::Receipt(receipt)) =
            (target, event)
            && let Some(delivery) = self.provider_ids.get(&(channel.clone(), id.clone()))
        {
            receipt.delivery = DeliveryName::Gone(*delivery);
        }
    }

    pub(super) fn apply_peer(&mut self, customer: CustomerId, changes: &[PeerChange]) {
        let Some(row) = self.rows.get_mut(&customer) else {
            return;
        };
        for change in changes {
            let newer = row
                .peer
                .get(&change.key)
                .is_none_or(|(_, at)| *at <= change.at);
            if newer {
                row.peer
                    .insert(change.key.clone(), (change.value.clone(), change.at));
            }
        }
    }

    pub(super) fn put_in_inbox(&mut self, customer: CustomerId, event: Event, at: Timestamp) {
        self.wait(Waiting {
            customer,
            event,
            arrived: at,
            resolve: None,
        });
    }

    fn wait(&mut self, waiting: Waiting) {
        let row = self.number();
        self.inbox.insert(row, waiting);
    }

    fn take_piece(&mut self, part: Part, waiting: Waiting) {
        let key = (waiting.customer, part.group.clone());
        let group = self.pieces.entry(key.clone()).or_default();
        let alike = group.values().all(|(other, _)| other.total == part.total);
        let taken = group.contains_key(&part.index);
        if !part.fits() || !alike || taken {
            if group.is_empty() {
                self.pieces.remove(&key);
            }
            return self.wait(waiting);
        }
        let (total, at) = (usize::from(part.total), waiting.arrived);
        group.insert(part.index, (part, waiting));
        if group.len() == total {
            self.join(&key, at);
        }
    }

    pub(super) fn join(&mut self, key: &(CustomerId, String), at: Timestamp) {
        let group = self.pieces.remove(key).unwrap_or_default();
        let mut resolve = group.values().find_map(|(_, piece)| piece.resolve.clone());
        let events = group.into_values().map(|(_, piece)| piece.event).collect();
        for event in joined(events) {
            self.wait(Waiting {
                customer: key.0,
                event,
                arrived: at,
                resolve: resolve.take(),
            });
        }
    }

    pub(in crate::store) fn resolved(&mut self, resolved: Resolved) -> Result<(), StoreError> {
        let stale = || StoreError::Stale(format!("row {} is gone", resolved.row));
        let known = self.inbox.get(&resolved.row);
        let known = known.filter(|waiting| waiting.resolve.is_some());
        let arrived = known.ok_or_else(stale)?.arrived;
        self.inbox.remove(&resolved.row);
        let theirs = |row: &i64, waiting: &mut Waiting| {
            *row > resolved.row && waiting.customer == resolved.customer
        };
        let later: Vec<Waiting> = self
            .inbox
            .extract_if(.., theirs)
            .map(|(_, it)| it)
            .collect();
        for event in resolved.events {
            self.put_in_inbox(resolved.customer, event, arrived);
        }
        for waiting in later {
            self.wait(waiting);
        }
        self.apply_peer(resolved.customer, &resolved.peer_changes);
        Ok(())
    }

    pub(super) fn unpark(&mut self, at: Timestamp) -> Vec<CustomerId> {
        let mut woken = Vec::new();
        for (id, target, mut event, until) in std::mem::take(&mut self.parked) {
            match self.whose(&target) {
                Some(customer) => {
                    self.name_delivery(&target, &mut event);
                    self.put_in_inbox(customer, event, at);
                    woken.push(customer);
                }
                None => self.parked.push((id, target, event, until)),
            }
        }
        woken
    }

    fn give_up(&mut self, id: ParkedId, dead: Option<Undelivered>, at: Timestamp) {
        let before = self.parked.len();
        self.parked.retain(|(parked, ..)| *parked != id);
        if self.parked.len() < before
            && let Some(dead) = dead
        {
            self.bury(dead, None, at);
        }
    }

    /// The customer with this address.
    pub(in crate::store) fn who(
        &self,
        channel: &ChannelName,
        address: &Address,
    ) -> Option<CustomerId> {
        let key = (channel.clone(), address.clone());
        self.addresses.get(&key).copied()
    }
}
