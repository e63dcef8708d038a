//! *Accept*: what comes in, whose it is, and what waits for more.

use serde::{Deserialize, Serialize};
use trunkline_core::event::{ChannelEvent, Event, Happening};
use trunkline_core::id::{CustomerId, Timestamp};
use trunkline_core::message::Content;

use super::{RawId, Scope, Target, Undelivered};

/// One event on its way into the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Where its key is unique.
    pub scope: Scope,
    /// Its key; a second arrival within 14 days is dropped.
    pub key: String,
    /// Whose.
    pub target: Target,
    /// What.
    pub event: Event,
    /// Changes of the customer's peer-state.
    pub peer_changes: Vec<PeerChange>,
    /// What its plugin still has to complete before anybody sees it.
    pub resolve: Option<Resolve>,
    /// It is one piece of several, which go in as one.
    pub part: Option<Part>,
}

/// What a plugin is given to complete an event, after the provider has its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolve {
    /// The provider's account the event named.
    pub account: String,
    /// The plugin's own note.
    pub bytes: Vec<u8>,
    /// Then the event goes on as it is.
    pub until: Timestamp,
}

/// A piece of an event that comes in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What the pieces have in common; the customer's own.
    pub group: String,
    /// From 0.
    pub index: u16,
    /// How many there are.
    pub total: u16,
    /// Then those that are there go on without the others.
    pub until: Timestamp,
}

impl Part {
    /// It can be joined with others: one of at least two, and of no more than can be meant.
    pub fn fits(&self) -> bool {
        (2..=PARTS_MAX).contains(&self.total) && self.index < self.total
    }
}

/// More pieces than this are no message: each goes on by itself.
pub const PARTS_MAX: u16 = 256;

/// *Accept*: everything of one webhook call or callback, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Accept {
    /// In order.
    pub events: Vec<Incoming>,
    /// Dead from the start: an unknown account, for instance.
    pub dead: Vec<Undelivered>,
    /// The raw call these came from: dropped in the same transaction. With an `Unreadable` letter, moved into it.
    pub from_raw: Option<RawId>,
    /// The body of the call, where a content of these events is unknown: kept with each such event for `trace`, masked, for
    /// `ORIGINAL_KEEP_MS` (H10).
    pub original: Option<String>,
    /// Parked events whose time ran out: dropped in the same transaction, each with the dead letter it leaves, if any.
    /// One that woke up meanwhile leaves none.
    pub expired: Vec<(ParkedId, Option<Undelivered>)>,
    /// When it arrived.
    pub at: Timestamp,
}

/// What `accept` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Whose inboxes got something.
    pub customers: Vec<CustomerId>,
    /// Dropped: seen before.
    pub duplicates: usize,
    /// Parked: session or provider id not known yet.
    pub parked: usize,
}

/// How long an event of an unknown session or provider id waits, in ms.
pub const PARKED_MS: u64 = 60_000;

/// A change of peer-state; the newer `at` wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerChange {
    /// Which.
    pub key: String,
    /// None removes.
    pub value: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// A row of parked events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParkedId(pub i64);

/// A parked event whose time ran out.
#[derive(Debug, Clone, PartialEq)]
pub struct Expired {
    /// Its row: given back in [`Accept::expired`].
    pub id: ParkedId,
    /// What it waited for.
    pub target: Target,
    /// What it was.
    pub event: Event,
}

/// What a sweep brought to light.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Swept {
    /// Parked events whose time ran out.
    pub expired: Vec<Expired>,
    /// Whose inboxes got something.
    pub customers: Vec<CustomerId>,
}

/// Its content is not known here, and the agent sees a placeholder of it.
pub fn is_placeholder(event: &Event) -> bool {
    matches!(
        event,
        Event::Channel(ChannelEvent {
            happening: Happening::Said(Content::Unknown(_))
                | Happening::Edited {
                    content: Content::Unknown(_),
                    ..
                },
            ..
        })
    )
}
