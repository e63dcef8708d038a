use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunkline_core::effect::{Delivery, Lane, Payload};
use trunkline_core::event::DeliveryName;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Timestamp};

use crate::ports::{OutboxItem, Settled};

/// A lane of one conversation.
pub(crate) type LaneId = (ConversationId, Lane);

/// A customer's unsettled deliveries in memory, in the store's order. At most one of a lane is under way; one behind
/// another never overtakes it.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    queues: BTreeMap<LaneId, Queue>,
    /// The store holds deliveries that are not here.
    incomplete: bool,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<OutboxItem>,
    under_way: Option<Arc<AtomicBool>>,
    /// The store holds more behind these.
    cut_off: bool,
}

/// What a receipt means for a delivery that is not settled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ByReceipt {
    /// Nothing: it is settled already, or has not left.
    Nothing,
    /// Its outcome was unknown, now it is known. `report`: the core wants to hear that it was taken.
    Settles {
        /// As above.
        report: bool,
    },
}

impl Lanes {
    /// From what the store holds; at most `limit` a lane, so a full lane may go on in the store. An ECE conversation that may
    /// have been started is not started again before its callbacks had `open_unknown_ms` to tell.
    pub(crate) fn load(outbox: Vec<OutboxItem>, limit: usize, open_unknown_ms: u64) -> Self {
        let mut lanes = Self::default();
        for mut item in outbox {
            if let (Payload::OpenEce(_), Some(left)) = (&item.delivery.payload, item.left_at) {
                item.next_at = item.next_at.max(left.plus_ms(open_unknown_ms));
            }
            let queue = lanes.queues.entry(lane_of(&item.delivery)).or_default();
            queue.items.push_back(item);
            queue.cut_off = queue.items.len() >= limit;
        }
        lanes
    }

    /// A step committed this one.
    pub(crate) fn push(&mut self, delivery: Delivery, at: Timestamp) {
        let queue = self.queues.entry(lane_of(&delivery)).or_default();
        if queue.cut_off {
            return;
        }
        queue.items.push_back(OutboxItem {
            delivery,
            attempts: 0,
            created: at,
            next_at: at,
            left_at: None,
            rest: None,
            version: None,
        });
    }

    /// The first of each lane that has none under way, with the time it is due.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (LaneId, &OutboxItem)> {
        self.queues
            .iter()
            .filter(|(_, queue)| queue.under_way.is_none())
            .filter_map(|(lane, queue)| Some((*lane, queue.items.front()?)))
    }

    /// The head of this lane is under way from now on: a copy of it, and a flag that a receipt raises.
    pub(crate) fn begin(&mut self, lane: LaneId) -> Option<(OutboxItem, Arc<AtomicBool>)> {
        let queue = self.queues.get_mut(&lane)?;
        let item = queue.items.front()?.clone();
        let receipt = Arc::new(AtomicBool::new(false));
        queue.under_way = Some(Arc::clone(&receipt));
        Some((item, receipt))
    }

    /// Whether a delivery of this lane is under way.
    pub(crate) fn is_under_way(&self, lane: LaneId) -> bool {
        self.queues
            .get(&lane)
            .is_some_and(|queue| queue.under_way.is_some())
    }

    /// The attempt at the head is over, and so the store holds.
    pub(crate) fn finish(
        &mut self,
        lane: LaneId,
        attempts: u32,
        outcome: &Settled,
        now: Timestamp,
    ) {
        let Some(queue) = self.queues.get_mut(&lane) else {
            return;
        };
        queue.under_way = None;
        let Some(head) = queue.items.front_mut() else {
            return;
        };
        head.attempts = attempts;
        match outcome {
            Settled::Done | Settled::Dead(_) => {
                queue.items.pop_front();
            }
            Settled::Part(rest) => {
                head.rest = Some(rest.clone());
                head.next_at = now;
                head.left_at = None;
            }
            Settled::Again { at, unknown } => {
                head.next_at = *at;
                head.left_at = unknown.then(|| head.left_at.unwrap_or(now));
            }
        }
        self.tidy(lane);
    }

    /// A receipt gives this name.
    pub(crate) fn receipt(&self, name: &DeliveryName) -> ByReceipt {
        let Some(delivery) = name.delivery() else {
            return ByReceipt::Nothing;
        };
        for queue in self.queues.values() {
            let Some(index) = position(queue, delivery) else {
                continue;
            };
            let item = &queue.items[index];
            if !names_what_is_left(name, item) {
                return ByReceipt::Nothing;
            }
            if index == 0
                && let Some(flag) = &queue.under_way
            {
                flag.store(true, Ordering::SeqCst);
                return ByReceipt::Nothing;
            }
            return match &item.delivery.payload {
                Payload::ToCustomer(message) if item.left_at.is_some() => ByReceipt::Settles {
                    report: message.report,
                },
                Payload::ToCustomer(_)
                | Payload::OpenEce(_)
                | Payload::ToEce { .. }
                | Payload::EndEce { .. }
                | Payload::AskBot(_)
                | Payload::FetchFromCustomer { .. }
                | Payload::FetchFromEce { .. } => ByReceipt::Nothing,
            };
        }
        ByReceipt::Nothing
    }

    /// A step settled these.
    pub(crate) fn remove(&mut self, deliveries: &[DeliveryId]) {
        let lanes: Vec<LaneId> = self.queues.keys().copied().collect();
        for lane in lanes {
            if let Some(queue) = self.queues.get_mut(&lane) {
                queue
                    .items
                    .retain(|item| !deliveries.contains(&item.delivery.id));
            }
            self.tidy(lane);
        }
    }

    /// A step cancelled this lane; what has left with an unknown outcome stays. None of it is under way.
    pub(crate) fn cancel(&mut self, lane: LaneId) {
        if let Some(queue) = self.queues.get_mut(&lane) {
            queue.items.retain(|item| item.left_at.is_some());
        }
        self.tidy(lane);
    }

    /// The store holds deliveries that are not here: load again.
    pub(crate) fn incomplete(&self) -> bool {
        self.incomplete
    }

    fn tidy(&mut self, lane: LaneId) {
        let Some(queue) = self.queues.get(&lane) else {
            return;
        };
        if queue.items.is_empty() && queue.under_way.is_none() {
            self.incomplete |= queue.cut_off;
            self.queues.remove(&lane);
        }
    }
}

fn lane_of(delivery: &Delivery) -> LaneId {
    (delivery.id.conversation, delivery.lane())
}

fn position(queue: &Queue, delivery: DeliveryId) -> Option<usize> {
    queue
        .items
        .iter()
        .position(|item| item.delivery.id == delivery)
}

/// Whether this name stands for all of the delivery that has not been settled. The receipt of an earlier provider message
/// says nothing of the one whose outcome is unknown, nor of those behind it. Our bare id may be the echo of any of them
/// once there are several.
fn names_what_is_left(name: &DeliveryName, item: &OutboxItem) -> bool {
    match name {
        DeliveryName::Ours(_) => item.rest.is_none(),
        DeliveryName::Part { last, .. } => *last,
        DeliveryName::Provider(_) | DeliveryName::AllUntil(_) => false,
    }
}

/// The customer a delivery belongs to.
pub(crate) fn customer_of(delivery: DeliveryId) -> CustomerId {
    delivery.conversation.customer
}
