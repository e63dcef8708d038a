//! Events through the core, effects into one transaction.
//!
//! Each event is its own call of the core; one commit serves all that wait. Inbox events and due timers are taken in the order of
//! their times. Pure but for its arguments: the owner commits and remembers.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use trunkline_core::conversation::Item;
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, Effect, Lane, SignalEffect};
use trunkline_core::event::{
    ChannelEvent, DeliveryReport, Event, Happening, Outcome, Profile, ReceiptState,
};
use trunkline_core::id::{ConversationId, DeliveryId, EventKey, TimerName, Timestamp};
use trunkline_core::message::Content;
use trunkline_core::settings::Settings;
use trunkline_core::taken;

use crate::flow::Core;
use crate::lanes::{ByReceipt, LaneId, Lanes};
use crate::ports::{DeadKind, InboxEvent, Scope, Step, Target, TraceLine, Undelivered};

/// What one step will commit.
pub(crate) struct Batch {
    /// Events taken so far.
    pub(crate) events: usize,
    now: Timestamp,
    /// An inbox row that waits for its plugin: what is behind it waits too.
    barrier: Option<i64>,
    customer: Customer,
    timers: BTreeMap<TimerName, Timestamp>,
    timers_changed: BTreeMap<TimerName, Option<Timestamp>>,
    consumed: Vec<i64>,
    deliveries: Vec<Delivery>,
    cancelled: Vec<(LaneId, String)>,
    settled: Vec<DeliveryId>,
    told: Vec<(DeliveryId, String)>,
    failed: Vec<(DeliveryId, String)>,
    dead: Vec<Undelivered>,
    trace: Vec<TraceLine>,
    signals: Vec<SignalEffect>,
}

/// Conversations, and the number below which all their deliveries into ECE are settled.
pub(crate) type SettledBelow = Vec<(ConversationId, u32)>;

/// Those that the customer's state remembers items of.
pub(crate) fn settled_below(customer: &Customer, lanes: &Lanes) -> SettledBelow {
    let open = customer
        .open
        .as_ref()
        .map(|talk| (talk.id, talk.deliveries));
    let parting = customer.parting.as_ref();
    // Nothing more is given to ECE in a conversation that is over.
    let parting = parting.map(|parting| (parting.conversation, u32::MAX));
    let remembered = [open, parting].into_iter().flatten();
    remembered
        .filter_map(|(id, counted)| Some((id, lanes.ece_settled_below(id, counted)?)))
        .collect()
}

/// The next thing to take.
enum Due<'a> {
    Inbox(&'a InboxEvent),
    Timer(TimerName),
}

impl Batch {
    pub(crate) fn new(
        customer: &Customer,
        timers: &BTreeMap<TimerName, Timestamp>,
        barrier: Option<i64>,
        now: Timestamp,
    ) -> Self {
        Self {
            events: 0,
            now,
            barrier,
            customer: customer.clone(),
            timers: timers.clone(),
            timers_changed: BTreeMap::new(),
            consumed: Vec::new(),
            deliveries: Vec::new(),
            cancelled: Vec::new(),
            settled: Vec::new(),
            told: Vec::new(),
            failed: Vec::new(),
            dead: Vec::new(),
            trace: Vec::new(),
            signals: Vec::new(),
        }
    }

    /// Takes what is due, at most `limit` events. Ends early where an event cancels a lane that this batch has filled:
    /// what is cancelled must be in the store first, to become a dead letter there.
    pub(crate) fn fill(
        &mut self,
        core: &Core,
        settings: &Settings,
        inbox: &VecDeque<InboxEvent>,
        lanes: &Lanes,
        limit: usize,
    ) {
        while self.events < limit {
            let Some(due) = self.next_due(inbox.get(self.consumed.len())) else {
                return;
            };
            let before = (!self.deliveries.is_empty()).then(|| self.customer.clone());
            let event = match &due {
                Due::Inbox(waiting) => waiting.event.clone(),
                Due::Timer(name) => Event::Timer(name.clone()),
            };
            let effects = (core.handle)(settings, &mut self.customer, self.now, event.clone());
            if let Some(before) = before
                && self.cancels_own(&effects)
            {
                self.customer = before;
                return;
            }
            self.use_up(due);
            self.carry(&event, effects, lanes);
            if let Some(event) = self.settle_by_receipt(&event, lanes) {
                let effects = (core.handle)(settings, &mut self.customer, self.now, event.clone());
                self.carry(&event, effects, lanes);
            }
        }
    }

    /// What ECE had settled before this inbox was read needs no memory, once all of the inbox was taken: the reports of
    /// what it did not take are in there.
    pub(crate) fn forget_taken(&mut self, inbox: &VecDeque<InboxEvent>, settled: &SettledBelow) {
        if self.consumed.len() == inbox.len() {
            for (conversation, below) in settled {
                taken::forget_taken(&mut self.customer, *conversation, *below);
            }
        }
    }

    /// The earlier of the next timer and the next inbox event.
    fn next_due<'a>(&self, waiting: Option<&'a InboxEvent>) -> Option<Due<'a>> {
        let timer = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= self.now)
            .min_by_key(|(_, at)| **at);
        match (waiting, timer) {
            (Some(event), Some((name, at))) if *at < event.arrived => {
                Some(Due::Timer(name.clone()))
            }
            (Some(event), _) if Some(event.row) == self.barrier => None,
            (Some(event), _) => Some(Due::Inbox(event)),
            (None, Some((name, _))) => Some(Due::Timer(name.clone())),
            (None, None) => None,
        }
    }

    fn cancels_own(&self, effects: &[Effect]) -> bool {
        effects.iter().any(|effect| match effect {
            Effect::CancelToCustomer { .. } => self.speaks_to_customer(),
            Effect::Deliver(_)
            | Effect::Undeliverable { .. }
            | Effect::NotDelivered { .. }
            | Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Signal(_)
            | Effect::Note { .. } => false,
        })
    }

    fn speaks_to_customer(&self) -> bool {
        self.deliveries
            .iter()
            .any(|delivery| delivery.lane() == Lane::Customer)
    }

    fn use_up(&mut self, due: Due<'_>) {
        self.events += 1;
        match due {
            Due::Inbox(waiting) => self.consumed.push(waiting.row),
            Due::Timer(name) => self.set_timer(name, None),
        }
    }

    fn set_timer(&mut self, name: TimerName, at: Option<Timestamp>) {
        match at {
            Some(at) => self.timers.insert(name.clone(), at),
            None => self.timers.remove(&name),
        };
        self.timers_changed.insert(name, at);
    }

    fn carry(&mut self, event: &Event, effects: Vec<Effect>, lanes: &Lanes) {
        for effect in effects {
            match effect {
                Effect::Deliver(delivery) => self.deliveries.push(delivery),
                Effect::CancelToCustomer { reason } => {
                    let mine = lanes.to_customer().map(|lane| (lane, reason.clone()));
                    self.cancelled.extend(mine);
                }
                Effect::Undeliverable {
                    conversation,
                    key,
                    text,
                    item,
                    reason,
                } => {
                    let again = self.said_again(event, &key, &text, item);
                    self.dead.push(Undelivered {
                        kind: DeadKind::Message,
                        scope: Some(Scope::Channel(self.customer.channel.clone())),
                        conversation: Some(conversation),
                        key: Some(key),
                        reason,
                        content: text,
                        replay: Some((Target::Customer(self.customer.id), again)),
                    });
                }
                Effect::NotDelivered { delivery, reason } => self.failed.push((delivery, reason)),
                Effect::SetTimer { name, at } => self.set_timer(name, Some(at)),
                Effect::CancelTimer { name } => self.set_timer(name, None),
                Effect::Signal(signal) => self.signals.push(signal),
                Effect::Note { conversation, text } => self.trace.push(TraceLine {
                    at: self.now,
                    conversation,
                    kind: "note".to_owned(),
                    text,
                }),
            }
        }
    }

    /// What the replay of a customer's message does: it is said again as it came, if it is the event at hand; else as the core
    /// kept it, with its file.
    fn said_again(&self, event: &Event, key: &EventKey, text: &str, item: Option<Item>) -> Event {
        if let Event::Channel(said) = event
            && said.key == *key
        {
            return event.clone();
        }
        if let Some(item) = item {
            return Event::SaidAgain(item);
        }
        Event::Channel(ChannelEvent {
            key: key.clone(),
            at: self.now,
            profile: Profile::default(),
            happening: Happening::Said(Content::Text(text.to_owned())),
            reply_to: None,
        })
    }

    /// A receipt settles a delivery whose outcome was unknown, if it speaks for all that is left of it. Gives the report the core wants of it.
    fn settle_by_receipt(&mut self, event: &Event, lanes: &Lanes) -> Option<Event> {
        let Event::Receipt(receipt) = event else {
            return None;
        };
        let delivery = receipt.delivery.delivery()?;
        if self.settled.contains(&delivery) {
            return None;
        }
        let report = match lanes.receipt(&receipt.delivery) {
            ByReceipt::Settles { report } => report,
            ByReceipt::Tells(name) => {
                self.keep_told((delivery, name));
                return None;
            }
            ByReceipt::Nothing => return None,
        };
        self.settled.push(delivery);
        self.trace.push(TraceLine {
            at: self.now,
            conversation: Some(delivery.conversation),
            kind: "settled".to_owned(),
            text: format!("{delivery}: a receipt tells what became of it, after an attempt with unknown outcome"),
        });
        (report && receipt.state != ReceiptState::Failed).then_some(Event::Delivery(
            DeliveryReport {
                delivery,
                outcome: Outcome::Taken,
            },
        ))
    }

    fn keep_told(&mut self, told: (DeliveryId, String)) {
        if !self.told.contains(&told) {
            self.told.push(told);
        }
    }

    /// Lanes that this step cancels.
    pub(crate) fn cancelled_lanes(&self) -> Vec<LaneId> {
        self.cancelled.iter().map(|(lane, _)| *lane).collect()
    }

    /// What to commit, and what to show without storing it.
    pub(crate) fn into_step(self, revision: u64) -> (Step, Vec<SignalEffect>) {
        let step = Step {
            customer: self.customer,
            revision,
            consumed: self.consumed,
            deliveries: self.deliveries,
            cancelled: self
                .cancelled
                .into_iter()
                .map(|((conversation, lane), reason)| (conversation, lane, reason))
                .collect(),
            settled: self.settled,
            told: self.told,
            failed: self.failed,
            timers: self.timers_changed.into_iter().collect(),
            dead: self.dead,
            trace: self.trace,
            at: self.now,
        };
        (step, self.signals)
    }
}
