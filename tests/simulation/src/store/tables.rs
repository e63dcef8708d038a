//! Longer than most: all transactions on one set of tables, side by side with the tables.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, EceMessage, Lane, OutboundContent, Payload};
use trunkline_core::event::{DeliveryName, Event};
use trunkline_core::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, FileId, IntegrationName,
    TimerName, Timestamp,
};
use trunkline_core::message::{Address, StoredFile};
use trunkline_flow::ports::{
    Accept, Accepted, DeadKind, DeadLetter, DeadLetterId, Expired, Fired, InboxEvent, Incoming,
    Loaded, News, OutboxItem, PARKED_MS, ParkedId, Part, PeerChange, PluginVersion, RawCall, RawId,
    Request, Resolve, Resolved, Scope, Settle, Settled, Step, StoreError, Swept, Target, TraceLine,
    Undelivered, joined,
};

use super::sockets::{Logs, Uploads};

/// A mistake built in on purpose, to see that the checkers find it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    #[default]
    None,
    /// Keys are not kept: duplicates are taken.
    NoKeys,
    /// Now and then a settle is answered and not written.
    ForgetsSettle,
    /// Now and then an inbox event vanishes.
    LosesEvents,
    /// Lanes come back in the wrong order.
    ReversesLanes,
    /// That a request left is not written.
    ForgetsLeave,
    /// Parked events are dropped.
    DropsParked,
    /// What receipts told of an unsettled delivery is not written.
    ForgetsTold,
}

#[derive(Debug)]
struct Row {
    customer: Customer,
    revision: u64,
    addresses: Vec<Address>,
    peer: BTreeMap<String, (Option<String>, Timestamp)>,
}

/// An event in an inbox.
#[derive(Debug, Clone)]
struct Waiting {
    customer: CustomerId,
    event: Event,
    arrived: Timestamp,
    resolve: Option<Resolve>,
}

#[derive(Debug, Clone)]
enum Again {
    Delivery(Box<Delivery>),
    Event(Box<(Target, Event)>),
    Never,
}

/// All tables.
#[derive(Debug, Default)]
pub struct Tables {
    flaw: Flaw,
    rows: BTreeMap<CustomerId, Row>,
    addresses: BTreeMap<(ChannelName, Address), CustomerId>,
    keys: BTreeMap<(Scope, String), Timestamp>,
    inbox: BTreeMap<i64, Waiting>,
    pieces: BTreeMap<(CustomerId, String), BTreeMap<u16, (Part, Waiting)>>,
    outbox: BTreeMap<i64, OutboxItem>,
    sent: BTreeMap<DeliveryId, Delivery>,
    timers: BTreeMap<(CustomerId, TimerName), Timestamp>,
    parked: Vec<(ParkedId, Target, Event, Timestamp)>,
    sessions: BTreeMap<(IntegrationName, EceSession), CustomerId>,
    provider_ids: BTreeMap<(ChannelName, String), DeliveryId>,
    dead: Vec<(DeadLetter, Again)>,
    raw: BTreeMap<RawId, RawCall>,
    trace: Vec<TraceLine>,
    pub(super) logs: Logs,
    pub(super) uploads: Uploads,
    files: BTreeMap<FileId, StoredFile>,
    next: i64,
    writes: u64,
}

impl Tables {
    /// Empty ones, with a mistake built in.
    pub fn with(flaw: Flaw) -> Self {
        Self {
            flaw,
            ..Self::default()
        }
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Every so often, for flaws.
    fn every(&mut self, nth: u64) -> bool {
        self.writes += 1;
        self.writes.is_multiple_of(nth)
    }

    pub(super) fn accept(&mut self, accept: Accept) -> Accepted {
        let mut accepted = Accepted::default();
        if let Some(raw) = accept.from_raw {
            self.raw.remove(&raw);
        }
        for incoming in accept.events {
            self.accept_one(incoming, accept.at, &mut accepted);
        }
        for dead in accept.dead {
            self.bury(dead, accept.at);
        }
        for (id, dead) in accept.expired {
            self.give_up(id, dead, accept.at);
        }
        accepted
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

    fn know(&mut self, channel: &ChannelName, addresses: &[Address]) {
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

    pub(super) fn whose(&self, target: &Target) -> Option<CustomerId> {
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

    fn apply_peer(&mut self, customer: CustomerId, changes: &[PeerChange]) {
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

    fn put_in_inbox(&mut self, customer: CustomerId, event: Event, at: Timestamp) {
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

    fn join(&mut self, key: &(CustomerId, String), at: Timestamp) {
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

    pub(super) fn resolved(&mut self, resolved: Resolved) -> Result<(), StoreError> {
        let stale = || StoreError::Stale(format!("row {} is gone", resolved.row));
        let known = self.inbox.get(&resolved.row);
        let known = known.filter(|waiting| waiting.resolve.is_some());
        let arrived = known.ok_or_else(stale)?.arrived;
        self.inbox.remove(&resolved.row);
        let later = self.inbox.split_off(&resolved.row);
        for event in resolved.events {
            self.put_in_inbox(resolved.customer, event, arrived);
        }
        for waiting in later.into_values() {
            self.wait(waiting);
        }
        self.apply_peer(resolved.customer, &resolved.peer_changes);
        Ok(())
    }

    fn bury(&mut self, dead: Undelivered, at: Timestamp) {
        let id = DeadLetterId(self.number());
        let again = dead
            .replay
            .map_or(Again::Never, |replay| Again::Event(Box::new(replay)));
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
        };
        self.dead.push((letter, again));
    }

    fn bury_delivery(&mut self, delivery: Delivery, reason: String, at: Timestamp) {
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
        };
        self.dead
            .push((letter, Again::Delivery(Box::new(delivery))));
    }

    pub(super) fn load(&self, customer: CustomerId, limit: usize) -> Option<Loaded> {
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

    pub(super) fn news(&self, customer: CustomerId, limit: usize) -> News {
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

    pub(super) fn step(&mut self, step: Step) -> Result<u64, StoreError> {
        let id = step.customer.id;
        let row = self
            .rows
            .get_mut(&id)
            .ok_or_else(|| StoreError::Broken(format!("no customer {id}")))?;
        if row.revision != step.revision {
            return Err(StoreError::Stale(format!("revision {}", row.revision)));
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
        for delivery in step.deliveries {
            self.put_out(delivery, step.at);
        }
        for (name, at) in step.timers {
            match at {
                Some(at) => self.timers.insert((id, name), at),
                None => self.timers.remove(&(id, name)),
            };
        }
        for dead in step.dead {
            self.bury(dead, step.at);
        }
        self.trace.extend(step.trace);
        Ok(revision)
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

    fn file_as_sent(&mut self, number: i64) {
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

    fn put_out(&mut self, delivery: Delivery, at: Timestamp) {
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

    fn position(&self, delivery: DeliveryId) -> Result<i64, StoreError> {
        self.outbox
            .iter()
            .find(|(_, item)| item.delivery.id == delivery)
            .map(|(number, _)| *number)
            .ok_or_else(|| StoreError::Stale(format!("{delivery} is settled")))
    }

    pub(super) fn leave(
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

    pub(super) fn settle(&mut self, settle: Settle) -> Result<Vec<CustomerId>, StoreError> {
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

    fn unpark(&mut self, at: Timestamp) -> Vec<CustomerId> {
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

    fn heads(&self) -> BTreeMap<(ConversationId, Lane), &OutboxItem> {
        let mut heads = BTreeMap::new();
        for item in self.outbox.values() {
            heads.entry(lane(item)).or_insert(item);
        }
        heads
    }

    pub(super) fn ready(
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

    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
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

    pub(super) fn sweep(&mut self, now: Timestamp) -> Swept {
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

    fn give_up(&mut self, id: ParkedId, dead: Option<Undelivered>, at: Timestamp) {
        let before = self.parked.len();
        self.parked.retain(|(parked, ..)| *parked != id);
        if self.parked.len() < before
            && let Some(dead) = dead
        {
            self.bury(dead, at);
        }
    }

    pub(super) fn keep_raw(
        &mut self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> RawId {
        let id = RawId(self.number());
        let call = RawCall {
            id,
            scope: scope.clone(),
            request: request.clone(),
            arrived: at,
            trapped: trapped.to_vec(),
        };
        self.raw.insert(id, call);
        id
    }

    pub(super) fn raw_calls(&self, scope: &Scope, limit: usize) -> Vec<RawCall> {
        self.raw
            .values()
            .filter(|call| call.scope == *scope)
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn raw_trapped(&mut self, id: RawId, version: &PluginVersion) {
        if let Some(call) = self.raw.get_mut(&id)
            && !call.trapped.contains(version)
        {
            call.trapped.push(version.clone());
        }
    }

    pub(super) fn keep_file(
        &mut self,
        name: Option<String>,
        content_type: Option<String>,
        size: u64,
    ) -> StoredFile {
        let number = self.number();
        let file = StoredFile {
            id: FileId(format!("f{number}")),
            token: format!("t{number}"),
            name: name.unwrap_or_else(|| "file".to_owned()),
            content_type: content_type.unwrap_or_default(),
            size,
            sha256: String::new(),
        };
        self.files.insert(file.id.clone(), file.clone());
        file
    }

    /// The customer with this address.
    pub(super) fn who(&self, channel: &ChannelName, address: &Address) -> Option<CustomerId> {
        let key = (channel.clone(), address.clone());
        self.addresses.get(&key).copied()
    }

    pub(super) fn fill_upload(&mut self, token: &str, file: &FileId, until: Timestamp) {
        if let Some(file) = self.files.get(file) {
            self.uploads.fill(token, file, until);
        }
    }

    pub(super) fn dead_letters(
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

    pub(super) fn replay(&mut self, id: DeadLetterId, at: Timestamp) -> Result<Fired, StoreError> {
        let found = self.dead.iter_mut().find(|(letter, _)| letter.id == id);
        let (letter, again) =
            found.ok_or_else(|| StoreError::Broken(format!("no dead letter {}", id.0)))?;
        letter.replayed = Some(at);
        match again.clone() {
            Again::Delivery(delivery) => {
                let customer = delivery.id.conversation.customer;
                self.put_out(*delivery, at);
                Ok(Fired { customer })
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
                Ok(Fired { customer })
            }
            Again::Never => Err(StoreError::Broken("it cannot be replayed".to_owned())),
        }
    }

    pub(super) fn trace_of(&self, conversation: ConversationId) -> Vec<TraceLine> {
        self.trace
            .iter()
            .filter(|line| line.conversation == Some(conversation))
            .cloned()
            .collect()
    }

    /// Whether a start of this ECE conversation was ever settled, for checkers.
    pub fn knows_session(&self, session: &EceSession) -> bool {
        self.sessions.keys().any(|(_, known)| known == session)
    }

    /// What a settled delivery said, for checkers.
    pub fn said_in(&self, delivery: DeliveryId) -> Option<String> {
        let delivery = self.sent.get(&delivery)?;
        Some(words(&delivery.payload))
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

fn lane(item: &OutboxItem) -> (ConversationId, Lane) {
    (item.delivery.id.conversation, item.delivery.lane())
}

/// What a payload says, as far as people wrote it.
pub(crate) fn words(payload: &Payload) -> String {
    match payload {
        Payload::ToCustomer(message) => match &message.content {
            OutboundContent::Text(text) | OutboundContent::Choices { text, .. } => text.clone(),
            OutboundContent::File(file) => file.name.clone(),
            OutboundContent::Close => "close".to_owned(),
        },
        Payload::ToEce { message, .. } => ece_words(message),
        Payload::OpenEce(_)
        | Payload::EndEce { .. }
        | Payload::AskBot(_)
        | Payload::FetchFromCustomer { .. }
        | Payload::FetchFromEce { .. } => String::new(),
    }
}

/// What a message into ECE says.
pub(crate) fn ece_words(message: &EceMessage) -> String {
    match message {
        EceMessage::Text(text) | EceMessage::Note(text) => text.clone(),
        EceMessage::File(file) => file.name.clone(),
        EceMessage::AcceptFile(file) => format!("accepted {}", file.name),
        EceMessage::RejectFile(file) => format!("rejected {}", file.name),
    }
}
