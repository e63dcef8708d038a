//! What nobody will get, and putting it back.

use serde::{Deserialize, Serialize};
use trunkline_core::event::Event;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, EventKey, Timestamp};

use super::{Scope, Target};

/// An event or message that nobody will get.
#[derive(Debug, Clone, PartialEq)]
pub struct Undelivered {
    /// What kind of thing died.
    pub kind: DeadKind,
    /// Where.
    pub scope: Option<Scope>,
    /// Of which conversation, if any.
    pub conversation: Option<ConversationId>,
    /// Its key, if it has one.
    pub key: Option<EventKey>,
    /// The reason the operator reads.
    pub reason: String,
    /// What it said: shown to operators like messages.
    pub content: String,
    /// What is needed to replay it: the event and whose it is.
    pub replay: Option<(Target, Event)>,
}

/// What kind of thing died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadKind {
    /// One of our deliveries.
    Delivery,
    /// A customer's message.
    Message,
    /// An event for an account nobody configured.
    UnknownAccount,
    /// A raw call that no plugin version could read. The one that its *accept* drops (`from_raw`) is kept for its replay, as it
    /// came, for `ORIGINAL_KEEP_MS`: what is masked has another signature, and no plugin would take it.
    Unreadable,
}

/// A dead letter's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeadLetterId(pub i64);

/// A delivery or event that gave up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: DeadLetterId,
    /// What died.
    pub kind: DeadKind,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// The delivery, if it was one.
    pub delivery: Option<DeliveryId>,
    /// Its conversation, if known.
    pub conversation: Option<ConversationId>,
    /// Channel or integration.
    pub scope: Option<Scope>,
    /// What it said.
    pub content: String,
    /// When it was replayed.
    pub replayed: Option<Timestamp>,
    /// When an operator said that it is dealt with: what it said is gone since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<Timestamp>,
}

/// Letters that an operator has dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discard {
    /// These; all of them or none.
    These(Vec<DeadLetterId>),
    /// All that died before.
    OlderThan(Timestamp),
}

/// How long the raw call of an `Unreadable` letter is kept for its replay, and the original of a placeholder for `trace`, in ms.
pub const ORIGINAL_KEEP_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// What a replay woke up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// The customer whose inbox or outbox has something again.
    Customer(CustomerId),
    /// The channel or bot for whose plugin a call waits again.
    Raw(Scope),
}
