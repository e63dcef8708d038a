//! *Settle*: what became of one attempt at a delivery.

use trunkline_core::event::Event;
use trunkline_core::id::{DeliveryId, EceSession, IntegrationName, Timestamp};

use super::{PeerChange, PushedFrames};
use crate::ports::PluginVersion;

/// *Settle*: what became of one attempt at a delivery, in one transaction.
#[derive(Debug, Clone)]
pub struct Settle {
    /// Which.
    pub delivery: DeliveryId,
    /// What became of it.
    pub outcome: Settled,
    /// Attempts begun so far, this one included: becomes the item's `attempts`.
    pub attempts: u32,
    /// The plugin version that served: becomes the item's `version` with `Part` and with an unknown outcome;
    /// `None` leaves what `leave` wrote.
    pub version: Option<PluginVersion>,
    /// The provider's ids it got; parked receipts that name them wake up.
    pub provider_ids: Vec<String>,
    /// The ECE conversation that was started; parked events of it wake up.
    pub session: Option<(IntegrationName, EceSession)>,
    /// Goes to the inbox of the delivery's customer.
    pub event: Option<Event>,
    /// Changes of the customer's peer-state.
    pub peer_changes: Vec<PeerChange>,
    /// For the end of the customer's log.
    pub pushed: Option<PushedFrames>,
    /// For the trace: `sent as SM…`, `429, again in 2 s`.
    pub note: String,
    /// Now.
    pub at: Timestamp,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is done.
    Done,
    /// Part of it is done: next attempt at once, with this (`rest`); `left_at` is cleared.
    Part(Vec<u8>),
    /// Another attempt then. `unknown`: it may have been taken (`left_at` stays, or becomes `Settle::at` where no `leave`
    /// set it); else `left_at` and `version` are cleared.
    Again {
        /// Not before.
        at: Timestamp,
        /// It may have been taken.
        unknown: bool,
    },
    /// It gave up: a dead letter with this reason. Its replay starts anew: `created` is the time of the replay.
    Dead(String),
}
