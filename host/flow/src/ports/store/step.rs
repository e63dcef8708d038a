//! *Step*: events consumed, state and effects written.

use serde::{Deserialize, Serialize};
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, Lane};
use trunkline_core::id::{ConversationId, DeliveryId, TimerName, Timestamp};

use super::Undelivered;

/// *Step*: events consumed, state and effects written, in one transaction.
#[derive(Debug, Clone)]
pub struct Step {
    /// The new state.
    pub customer: Customer,
    /// The revision it was computed from; another one in the store is `Stale`.
    pub revision: u64,
    /// Inbox rows this step used up.
    pub consumed: Vec<i64>,
    /// In order.
    pub deliveries: Vec<Delivery>,
    /// Lanes whose unsettled deliveries (those before this step) die with a reason; one that has left and whose
    /// outcome is unknown stays.
    pub cancelled: Vec<(ConversationId, Lane, String)>,
    /// Deliveries that a receipt settled.
    pub settled: Vec<DeliveryId>,
    /// Provider messages of unsettled deliveries that a receipt named: added to the item's `told`, and the next attempt is
    /// due at `at` if it was due later.
    pub told: Vec<(DeliveryId, String)>,
    /// Deliveries to the customer that were taken and will not arrive, with the reason: a dead letter is made of each, settled or
    /// not, unless one that was not replayed is there. One so old that its words are gone leaves a letter without replay.
    pub failed: Vec<(DeliveryId, String)>,
    /// Set or, with `None`, removed.
    pub timers: Vec<(TimerName, Option<Timestamp>)>,
    /// Events that nobody will get.
    pub dead: Vec<Undelivered>,
    /// For the trace.
    pub trace: Vec<TraceLine>,
    /// Now.
    pub at: Timestamp,
}

/// What a step became.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stepped {
    /// The customer's new revision.
    pub revision: u64,
    /// The step's deliveries that masking changed, as they are kept. Mostly none: words that came in were masked then; a
    /// file's name or an address in a text made here was not.
    pub masked: Vec<Delivery>,
}

/// A line of a trace, made from what the store holds anyway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// When.
    pub at: Timestamp,
    /// Its conversation, if there is one.
    pub conversation: Option<ConversationId>,
    /// `accepted`, `step`, `left`, `settled`, `note`…
    pub kind: String,
    /// What the operator reads. May hold what people wrote: shown like messages, never logged.
    pub text: String,
}
