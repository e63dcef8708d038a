use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use trunkline_core::effect::{Delivery, Lane, Payload};
use trunkline_core::event::DeliveryName;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Timestamp};

use crate::ports::{OutboxItem, Settled};

/// A lane of one conversation.
pub(crate) type LaneId = (ConversationId, Lane);

/// Names that receipts told, a delivery: more are of no use to anybody.
const TOLD_MAX: usize = 100;

/// The longest such name, in bytes.
const TOLD_BYTES_MAX: usize = 200;

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
    under_way: Option<UnderWay>,
    /// A receipt told something of the head that the attempt under way does not know.
    told: bool,
    /// The store holds more behind these.
    cut_off: bool,
}

/// An attempt at a delivery: the head, unless the store was read anew since it began, and had settled it.
#[derive(Debug)]
struct UnderWay {
    delivery: DeliveryId,
    word: Arc<Word>,
}

impl Queue {
    /// What receipts share with the attempt at this delivery, if one is under way.
    fn attempt_at(&self, delivery: DeliveryId) -> Option<&Word> {
        let under_way = self.under_way.as_ref()?;
        (under_way.delivery == delivery).then_some(&*under_way.word)
    }
}

/// Between an attempt and the receipts that come while it is under way: the first word counts, so that exactly one of the
/// two settles what is in doubt.
#[derive(Debug, Default)]
pub(crate) struct Word(AtomicU8);

impl Word {
    /// Nothing was said.
    const OPEN: u8 = 0;
    /// A receipt came: the attempt settles by it.
    const RECEIPT: u8 = 1;
    /// The attempt leaves the outcome unknown: a receipt finds that once it is settled.
    const IN_DOUBT: u8 = 2;

    /// By a receipt. False: it comes too late for this attempt to settle by it.
    fn receipt(&self) -> bool {
        self.say(Self::RECEIPT)
    }

    /// By the attempt. False: a receipt was before it.
    pub(crate) fn in_doubt(&self) -> bool {
        self.say(Self::IN_DOUBT)
    }

    fn say(&self, word: u8) -> bool {
        let order = Ordering::SeqCst;
        match self.0.compare_exchange(Self::OPEN, word, order, order) {
            Ok(_) => true,
            Err(before) => before == word,
        }
    }
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
    /// The provider has the message of this name: to be kept for the next attempt, if there is one.
    Tells(String),
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

    /// Attempts that go on while the store is read anew; not on these lanes, of which the store knew otherwise.
    pub(crate) fn go_on(&mut self, before: Self, lost: &BTreeSet<LaneId>) {
        for (lane, queue) in before.queues {
            if queue.under_way.is_some() && !lost.contains(&lane) {
                self.queues.entry(lane).or_default().under_way = queue.under_way;
            }
        }
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
            told: Vec::new(),
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

    /// All lanes to the customer, of whatever conversation. Memory has each that the store has, if not all of each.
    pub(crate) fn to_customer(&self) -> impl Iterator<Item = LaneId> {
        let lanes = self.queues.keys().copied();
        lanes.filter(|(_, lane)| *lane == Lane::Customer)
    }

    /// The head of this lane is under way from now on: a copy of it, and what it shares with receipts.
    pub(crate) fn begin(&mut self, lane: LaneId) -> Option<(OutboxItem, Arc<Word>)> {
        let queue = self.queues.get_mut(&lane)?;
        let item = queue.items.front()?.clone();
        let word = Arc::new(Word::default());
        queue.under_way = Some(UnderWay {
            delivery: item.delivery.id,
            word: Arc::clone(&word),
        });
        Some((item, word))
    }

    /// Whether something waits behind the head of this lane.
    pub(crate) fn waits_behind(&self, lane: LaneId) -> bool {
        let queue = self.queues.get(&lane);
        queue.is_some_and(|queue| queue.items.len() > 1)
    }

    /// Whether a delivery of this lane is under way.
    pub(crate) fn is_under_way(&self, lane: LaneId) -> bool {
        self.queues
            .get(&lane)
            .is_some_and(|queue| queue.under_way.is_some())
    }

    /// The attempt at this delivery is over, and so the store holds.
    pub(crate) fn finish(
        &mut self,
        (lane, delivery): (LaneId, DeliveryId),
        attempts: u32,
        outcome: &Settled,
        now: Timestamp,
    ) {
        let Some(queue) = self.queues.get_mut(&lane) else {
            return;
        };
        queue.under_way = None;
        let told = std::mem::take(&mut queue.told);
        let head = queue.items.front_mut();
        let Some(head) = head.filter(|head| head.delivery.id == delivery) else {
            // The store had settled it when it was read anew.
            self.tidy(lane);
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
                head.next_at = if told { now } else { *at };
                head.left_at = unknown.then(|| head.left_at.unwrap_or(now));
            }
        }
        self.tidy(lane);
    }

    /// Tells the attempt under way, if there is one, that a receipt gives this name. Its lane, if it has left the outcome
    /// unknown: the receipt has to wait until that is settled, or it settles nothing and the message goes once more.
    pub(crate) fn tell_attempt(&self, name: &DeliveryName) -> Option<LaneId> {
        let delivery = name.delivery()?;
        let (lane, queue, index) = self.find(delivery)?;
        let all = names_what_is_left(name, &queue.items[index]);
        let word = queue.attempt_at(delivery).filter(|_| all)?;
        (!word.receipt()).then_some(lane)
    }

    /// What a receipt means that gives this name. An attempt under way was told; that it was stays to be kept, for the attempt
    /// may never settle.
    pub(crate) fn receipt(&self, name: &DeliveryName) -> ByReceipt {
        let found = name.delivery().and_then(|delivery| self.find(delivery));
        let Some((_, queue, index)) = found else {
            return ByReceipt::Nothing;
        };
        let item = &queue.items[index];
        let Payload::ToCustomer(message) = &item.delivery.payload else {
            return ByReceipt::Nothing;
        };
        let under_way = queue.attempt_at(item.delivery.id).is_some();
        if !under_way && item.left_at.is_none() {
            return ByReceipt::Nothing;
        }
        if !under_way && names_what_is_left(name, item) {
            let report = message.report;
            return ByReceipt::Settles { report };
        }
        tells(name, item).map_or(ByReceipt::Nothing, ByReceipt::Tells)
    }

    /// Whether it is not settled.
    pub(crate) fn holds(&self, delivery: DeliveryId) -> bool {
        self.find(delivery).is_some()
    }

    fn find(&self, delivery: DeliveryId) -> Option<(LaneId, &Queue, usize)> {
        self.queues
            .iter()
            .find_map(|(lane, queue)| position(queue, delivery).map(|index| (*lane, queue, index)))
    }

    /// A step kept what a receipt told. There is nothing more to wait for.
    pub(crate) fn tell(&mut self, told: Vec<(DeliveryId, String)>, now: Timestamp) {
        for (delivery, name) in told {
            let found = self
                .queues
                .values_mut()
                .find_map(|queue| position(queue, delivery).map(|index| (queue, index)));
            if let Some((queue, index)) = found {
                queue.told |= queue.attempt_at(delivery).is_some();
                let item = &mut queue.items[index];
                item.next_at = item.next_at.min(now);
                item.told.push(name);
            }
        }
    }

    /// Below this number all of a conversation's deliveries into ECE are settled; `counted` were made so far. None: the
    /// store holds more than memory.
    pub(crate) fn ece_settled_below(
        &self,
        conversation: ConversationId,
        counted: u32,
    ) -> Option<u32> {
        let queue = match self.queues.get(&(conversation, Lane::Ece)) {
            None => return (!self.incomplete).then(|| counted.saturating_add(1)),
            Some(queue) if queue.cut_off => return None,
            Some(queue) => queue,
        };
        let numbers = queue.items.iter().map(|item| item.delivery.id.number);
        Some(numbers.min().unwrap_or(counted.saturating_add(1)))
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
pub(crate) fn names_what_is_left(name: &DeliveryName, item: &OutboxItem) -> bool {
    match name {
        DeliveryName::Ours(_) => item.rest.is_none(),
        DeliveryName::Part { .. } => name.is_last_part(),
        DeliveryName::Gone(_) | DeliveryName::Provider(_) | DeliveryName::AllUntil(_) => false,
    }
}

/// The name, if it tells which provider message the provider has, and nobody told before.
fn tells(name: &DeliveryName, item: &OutboxItem) -> Option<String> {
    let bare = matches!(name, DeliveryName::Ours(_));
    if bare && item.rest.is_some() {
        return None;
    }
    let fits = |name: &String| name.len() <= TOLD_BYTES_MAX && item.told.len() < TOLD_MAX;
    name.as_given()
        .filter(fits)
        .filter(|name| !item.told.contains(name))
}

/// The customer a delivery belongs to.
pub(crate) fn customer_of(delivery: DeliveryId) -> CustomerId {
    delivery.conversation.customer
}
