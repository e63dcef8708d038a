//! A customer as their owner finds them.

use std::collections::BTreeMap;

use trunkline_core::customer::Customer;
use trunkline_core::effect::Delivery;
use trunkline_core::event::Event;
use trunkline_core::id::{CustomerId, TimerName, Timestamp};
use trunkline_core::message::Address;

use super::{PeerChange, Resolve};
use crate::ports::PluginVersion;

/// An event waiting in the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEvent {
    /// Its row: given back as consumed.
    pub row: i64,
    /// What.
    pub event: Event,
    /// When it arrived here.
    pub arrived: Timestamp,
    /// The plugin has to complete it first, until its time is over.
    pub resolve: Option<Resolve>,
}

/// What a plugin made of an inbox event: takes its place, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Whose.
    pub customer: CustomerId,
    /// The event's row.
    pub row: i64,
    /// What stands there instead, in order; may be none.
    pub events: Vec<Event>,
    /// Changes of the customer's peer-state.
    pub peer_changes: Vec<PeerChange>,
    /// Now.
    pub at: Timestamp,
}

/// A delivery that is not settled.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxItem {
    /// What.
    pub delivery: Delivery,
    /// Attempts begun so far.
    pub attempts: u32,
    /// Committed when.
    pub created: Timestamp,
    /// Not before.
    pub next_at: Timestamp,
    /// A `once` request left then and its outcome is not known.
    pub left_at: Option<Timestamp>,
    /// Where an earlier call stopped.
    pub rest: Option<Vec<u8>>,
    /// Names that we gave to provider messages of it and that receipts told, as `Step::told` wrote them.
    pub told: Vec<String>,
    /// The plugin version the call began on.
    pub version: Option<PluginVersion>,
}

/// Everything about a customer that the owner needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// State.
    pub customer: Customer,
    /// Counted up by every step; a step names the one it saw (0 for a new customer).
    pub revision: u64,
    /// Strongest first.
    pub addresses: Vec<Address>,
    /// The plugin's memory.
    pub peer_state: Vec<(String, String)>,
    /// Unconsumed, in arrival order; at most `limit` of `load`.
    pub inbox: Vec<InboxEvent>,
    /// Unsettled, by delivery id; at most `limit` a lane.
    pub outbox: Vec<OutboxItem>,
    /// Running timers.
    pub timers: BTreeMap<TimerName, Timestamp>,
}

/// What came in since `load`, for an owner that holds the rest in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// As in [`Loaded`].
    pub inbox: Vec<InboxEvent>,
    /// As in [`Loaded`].
    pub addresses: Vec<Address>,
    /// As in [`Loaded`].
    pub peer_state: Vec<(String, String)>,
}
