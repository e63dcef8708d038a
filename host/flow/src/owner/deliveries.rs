use std::sync::Arc;

use trunkline_core::customer::Customer;
use trunkline_core::effect::{Payload, SignalEffect};
use trunkline_core::event::{Event, Signal};
use trunkline_core::id::{DeliveryId, Timestamp};

use super::{Done, Owner};
use crate::deliver::{Attempt, Finished};
use crate::flow::Outside;
use crate::lanes::LaneId;
use crate::owners::Wake;
use crate::ports::{OutboxItem, Scope};

impl<O: Outside> Owner<O> {
    /// Begins an attempt on every lane whose head is due.
    pub(super) fn begin_deliveries(&mut self) {
        let now = self.inner.now();
        let due: Vec<LaneId> = self
            .lanes
            .heads()
            .filter(|(_, item)| self.due_at(item, now) <= now)
            .map(|(lane, _)| lane)
            .collect();
        for lane in due {
            self.begin(lane);
        }
    }

    fn begin(&mut self, lane: LaneId) {
        let Some((item, word)) = self.lanes.begin(lane) else {
            return;
        };
        self.desk.set_busy(lane.1, true);
        let attempt = Attempt {
            inner: Arc::clone(&self.inner),
            item,
            holds_up: self.lanes.waits_behind(lane),
            channel: self.customer.channel.clone(),
            opted_out: self.customer.opted_out,
            addresses: self.addresses.clone(),
            peer_state: self.peer_state.clone(),
            word,
            numbering: Arc::clone(&self.numbering),
        };
        self.running
            .spawn(async move { Done::Attempt(attempt.run(lane).await) });
    }

    /// When an item may go out: its own time, or the end of a pause; at once when its unknown outcome is known by now.
    fn due_at(&self, item: &OutboxItem, now: Timestamp) -> Timestamp {
        if let Payload::OpenEce(open) = &item.delivery.payload
            && item.left_at.is_some()
            && self
                .inner
                .opens
                .session(&open.integration, item.delivery.id, now)
                .is_some()
        {
            return now;
        }
        let scope = scope_of(item, &self.customer);
        if let (Payload::OpenEce(_), Some(scope)) = (&item.delivery.payload, &scope)
            && self.inner.long_pause(scope, now).is_some()
        {
            // Answered without asking: the customer is not left waiting.
            return item.next_at;
        }
        let pause = scope.and_then(|scope| self.inner.pauses.until(&scope, now));
        pause.map_or(item.next_at, |end| end.max(item.next_at))
    }

    /// The next timer or delivery.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let timer = self.next_timer();
        let delivery = self
            .lanes
            .heads()
            .map(|(_, item)| self.due_at(item, now))
            .min();
        [timer, delivery].into_iter().flatten().min()
    }

    /// Receipts reach the attempts they name; those that have left their outcome unknown settle first, so that the step finds it.
    pub(super) async fn tell_attempts(&mut self) {
        let late: Vec<LaneId> = self
            .inbox
            .iter()
            .filter_map(|waiting| match &waiting.event {
                Event::Receipt(receipt) => self.lanes.tell_attempt(&receipt.delivery),
                Event::Channel(_)
                | Event::Ece(_)
                | Event::Delivery(_)
                | Event::BotCallback { .. }
                | Event::SaidAgain(_)
                | Event::Timer(_) => None,
            })
            .collect();
        self.await_attempts(&late).await;
    }

    /// Until none of these lanes has an attempt under way.
    pub(super) async fn await_attempts(&mut self, lanes: &[LaneId]) {
        while lanes.iter().any(|lane| self.lanes.is_under_way(*lane)) {
            let Some(finished) = self.running.join_next().await else {
                return;
            };
            self.note(finished);
        }
    }

    /// A task of the owner is over.
    pub(super) fn note(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Attempt(finished)) => self.note_attempt(finished),
            Ok(Done::Resolved) => {
                self.resolving = None;
                self.desk.leave(Wake::News);
            }
            // Its text may hold what people wrote (H9): the panic hook names the place.
            Err(error) => {
                let panicked = error.is_panic();
                tracing::error!(panicked, customer = %self.customer.id, "a bug stopped a delivery; it is tried again");
                self.stumbled = true;
                self.desk.leave(Wake::Reload);
            }
        }
    }

    fn note_attempt(&mut self, finished: Finished) {
        self.desk.set_busy(finished.lane.1, false);
        let now = self.inner.now();
        match finished.settled {
            Some(outcome) => {
                let which = (finished.lane, finished.delivery);
                self.lanes.finish(which, finished.attempts, &outcome, now);
                if finished.peer_changed {
                    self.desk.leave(Wake::News);
                }
                if finished.ece_took {
                    self.show_seen(finished.delivery);
                }
            }
            None => {
                self.lost.insert(finished.lane);
                self.desk.leave(Wake::Reload);
            }
        }
    }

    fn show_seen(&self, delivery: DeliveryId) {
        let (settings, signal) = (self.inner.settings(), Signal::EceTook(delivery));
        if let Some(sign) = (self.inner.core.signal)(&settings, &self.customer, &signal) {
            crate::signal::show(&self.inner, &self.customer, sign);
        }
    }

    /// Shows what a step asks for; a read mark for what ECE does not have yet comes when it has.
    pub(super) fn show(&self, sign: SignalEffect) {
        let waits = match &sign {
            SignalEffect::SeenByAgent { by, .. } => self.lanes.holds(*by),
            SignalEffect::TypingToCustomer(_) | SignalEffect::TypingToEce { .. } => false,
        };
        if !waits {
            crate::signal::show(&self.inner, &self.customer, sign);
        }
    }
}

/// What a delivery's pauses are kept under.
fn scope_of(item: &OutboxItem, customer: &Customer) -> Option<Scope> {
    match &item.delivery.payload {
        Payload::ToCustomer(_) | Payload::FetchFromCustomer { .. } => {
            Some(Scope::Channel(customer.channel.clone()))
        }
        Payload::OpenEce(open) => Some(Scope::Integration(open.integration.clone())),
        Payload::ToEce { integration, .. } | Payload::EndEce { integration, .. } => {
            Some(Scope::Integration(integration.clone()))
        }
        Payload::FetchFromEce { integration, .. } => integration.clone().map(Scope::Integration),
        Payload::AskBot(_) => None,
    }
}
