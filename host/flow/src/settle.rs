//! The attempt's outcome becomes durable, together with the event that reports it.

use trunkline_core::event::{DeliveryReport, Event};

use crate::deliver::Verdict;
use crate::flow::{Inner, Outside};
use crate::lanes::customer_of;
use crate::owner::Waits;
use crate::owners::Wake;
use crate::ports::{OutboxItem, Settle, Settled, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Commits a verdict and wakes whoever got an event by it. Tries until the store has it; `None` when the delivery was settled
/// or cancelled by somebody else, or the flow is abandoned: memory is then out of date.
pub(crate) async fn settle<O: Outside>(
    inner: &Arc<Inner<O>>,
    item: &OutboxItem,
    verdict: Verdict,
) -> Option<Settled> {
    let delivery = item.delivery.id;
    let attempts = attempts_after(item, &verdict.outcome);
    let settle = Settle {
        delivery,
        outcome: verdict.outcome.clone(),
        attempts,
        version: verdict.version,
        provider_ids: verdict.provider_ids,
        session: verdict.session,
        event: verdict
            .report
            .map(|outcome| Event::Delivery(DeliveryReport { delivery, outcome })),
        peer_changes: verdict.peer_changes,
        pushed: verdict.pushed,
        note: verdict.note,
        at: inner.now(),
    };
    let reports = settle.event.is_some();
    let mut waits = Waits::default();
    let mut _late = None;
    loop {
        match inner.ports.store().settle(settle.clone()).await {
            Ok(woken) => {
                for customer in woken {
                    inner.wake(customer, Wake::News);
                }
                if reports {
                    inner.wake(customer_of(delivery), Wake::News);
                }
                count(inner, item, &verdict.outcome);
                return Some(verdict.outcome);
            }
            Err(StoreError::Stale(reason)) => {
                tracing::info!(%delivery, reason, "was settled otherwise meanwhile");
                return None;
            }
            Err(error) => {
                if let StoreError::Unavailable(_) = &error {
                    _late.get_or_insert_with(|| Late::new(inner));
                }
                waits.after(inner, "settle a delivery", &error).await;
            }
        }
        if inner.abandoned.is_cancelled() {
            return None;
        }
    }
}

/// A settle that the store refused so far: what waits for the ids it tells of goes on waiting.
struct Late<O: Outside>(Arc<Inner<O>>);

impl<O: Outside> Late<O> {
    fn new(inner: &Arc<Inner<O>>) -> Self {
        inner.late_settles.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner))
    }
}

impl<O: Outside> Drop for Late<O> {
    fn drop(&mut self) {
        self.0.late_settles.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Attempts begun so far; the next part of a message counts from the start.
pub(crate) fn attempts_after(item: &OutboxItem, outcome: &Settled) -> u32 {
    match outcome {
        Settled::Part(_) => 0,
        Settled::Done | Settled::Again { .. } | Settled::Dead(_) => item.attempts + 1,
    }
}

fn count<O: Outside>(inner: &Inner<O>, item: &OutboxItem, outcome: &Settled) {
    let counts = &inner.counts;
    match outcome {
        Settled::Done => counts.delivered(item.delivery.lane()).one(),
        Settled::Part(_) => {}
        Settled::Again { unknown, .. } => {
            counts.retries.one();
            if *unknown {
                counts.unknown.one();
            }
        }
        Settled::Dead(_) => {
            counts.dead.one();
            // Its reason may quote what somebody wrote: providers do that.
            tracing::warn!(
                delivery = %item.delivery.id,
                attempts = item.attempts + 1,
                "gave up: `trunkline dead-letters list` says why"
            );
        }
    }
}
