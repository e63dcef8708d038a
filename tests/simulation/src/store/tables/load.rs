//! What an owner reads, and who is ready.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::effect::Lane;
use trunkline_core::id::{ConversationId, CustomerId, Timestamp};
use trunkline_flow::ports::{Expired, InboxEvent, Loaded, News, OutboxItem, Part, Swept};

use super::{Flaw, Tables, Waiting, lane};

impl Tables {
    pub(in crate::store) fn load(&self, customer: CustomerId, limit: usize) -> Option<Loaded> {
        let row = self.rows.get(&customer)?;
        let news = self.news(customer, limit);
        Some(Loaded {
            customer: row.customer.clone(),
            revision: row.revision,
            addresses: news.addresses,
            peer_state: news.peer_state,
            inbox: news.inbox,
            outbox: self.outbox_of(customer, limit),
            timers: self
                .timers
                .iter()
                .filter(|((of, _), _)| *of == customer)
                .map(|((_, name), at)| (name.clone(), *at))
                .collect(),
        })
    }

    fn outbox_of(&self, customer: CustomerId, limit: usize) -> Vec<OutboxItem> {
        let mut counts: BTreeMap<(ConversationId, Lane), usize> = BTreeMap::new();
        let mine = self
            .outbox
            .values()
            .filter(|item| item.delivery.id.conversation.customer == customer);
        let mut items: Vec<OutboxItem> = mine
            .filter(|item| {
                let count = counts.entry(lane(item)).or_default();
                *count += 1;
                *count <= limit
            })
            .cloned()
            .collect();
        if self.flaw == Flaw::ReversesLanes {
            items.reverse();
        }
        items
    }

    pub(in crate::store) fn news(&self, customer: CustomerId, limit: usize) -> News {
        let Some(row) = self.rows.get(&customer) else {
            return News::default();
        };
        let inbox = self
            .inbox
            .iter()
            .filter(|(_, waiting)| waiting.customer == customer)
            .take(limit)
            .map(|(row, waiting)| InboxEvent {
                row: *row,
                event: waiting.event.clone(),
                arrived: waiting.arrived,
                resolve: waiting.resolve.clone(),
            })
            .collect();
        let peer_state = row
            .peer
            .iter()
            .filter_map(|(key, (value, _))| Some((key.clone(), value.clone()?)))
            .collect();
        News {
            inbox,
            addresses: row.addresses.clone(),
            peer_state,
        }
    }

    fn heads(&self) -> BTreeMap<(ConversationId, Lane), &OutboxItem> {
        let mut heads = BTreeMap::new();
        for item in self.outbox.values() {
            heads.entry(lane(item)).or_insert(item);
        }
        heads
    }

    pub(in crate::store) fn ready(
        &self,
        now: Timestamp,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Vec<CustomerId> {
        let waiting = self.inbox.values().map(|waiting| waiting.customer);
        let timers = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|((customer, _), _)| *customer);
        let deliveries = self
            .heads()
            .into_values()
            .filter(|item| item.next_at <= now)
            .map(|item| item.delivery.id.conversation.customer);
        let all: BTreeSet<CustomerId> = waiting.chain(timers).chain(deliveries).collect();
        all.into_iter()
            .filter(|customer| after.is_none_or(|after| *customer > after))
            .take(limit)
            .collect()
    }

    pub(in crate::store) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let deliveries = self.heads().into_values().map(|item| item.next_at);
        let parked = self.parked.iter().map(|(.., until)| *until);
        let timers = self.timers.values().copied();
        let pieces = self.pieces.values().flat_map(BTreeMap::values);
        let pieces = pieces.map(|(part, _)| part.until);
        deliveries
            .chain(parked)
            .chain(pieces)
            .chain(timers)
            .filter(|at| *at > now)
            .min()
    }

    pub(in crate::store) fn sweep(&mut self, now: Timestamp) -> Swept {
        self.logs.sweep(now);
        let late = |group: &BTreeMap<u16, (Part, Waiting)>| {
            group.values().any(|(part, _)| part.until <= now)
        };
        let groups = self.pieces.iter().filter(|(_, group)| late(group));
        let groups: Vec<(CustomerId, String)> = groups.map(|(key, _)| key.clone()).collect();
        for key in &groups {
            self.join(key, now);
        }
        Swept {
            expired: self.expired(now),
            customers: groups.into_iter().map(|(customer, _)| customer).collect(),
        }
    }

    fn expired(&self, now: Timestamp) -> Vec<Expired> {
        self.parked
            .iter()
            .filter(|(.., until)| *until <= now)
            .map(|(id, target, event, _)| Expired {
                id: *id,
                target: target.clone(),
                event: event.clone(),
            })
            .collect()
    }
}
