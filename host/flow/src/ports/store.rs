//! The three transactions and what stands around them.

use serde::{Deserialize, Serialize};
use trunkline_core::event::DeliveryName;
use trunkline_core::id::{
    BotName, ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, FileId,
    IntegrationName, Timestamp,
};
use trunkline_core::message::{Address, StoredFile};

use crate::ports::{Download, PluginVersion, Request};

/// *Accept*.
mod accept;

/// What an owner reads.
mod load;

/// *Step*.
mod step;

/// *Settle*.
mod settle;

/// Logs and uploads.
mod sockets;

/// Dead letters.
mod dead;

/// Calls that wait for a plugin.
mod raw;

/// Files.
mod files;

/// Plugins' bytes.
mod archive;

/// Recorded calls of plugins.
mod calls;

pub use accept::{
    Accept, Accepted, Expired, Incoming, PARKED_MS, PARTS_MAX, ParkedId, Part, PeerChange, Resolve,
    Swept, is_placeholder,
};
pub use archive::{PluginArchive, PluginFile};
pub use calls::{
    CALLS_BYTES_MAX, CALLS_KEEP_MS, CALLS_MAX, CallArchive, CallHead, CallId, KeptCall, NewCall,
};
pub use dead::{DeadKind, DeadLetter, DeadLetterId, Discard, Fired, ORIGINAL_KEEP_MS, Undelivered};
pub use files::{FileError, KeepFile};
pub use load::{InboxEvent, Loaded, News, OutboxItem, Resolved};
pub use raw::{RawCall, RawId};
pub use settle::{Settle, Settled};
pub use sockets::{
    LOG_BYTES_MAX, LOG_FRAMES_MAX, LOG_KEEP_MS, LogPage, PushedFrames, UPLOAD_ENDS_MS,
    UPLOADS_OPEN_MAX, Upload,
};
pub use step::{Step, Stepped, TraceLine};

/// Why the store did not do it. In every case nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, or the store is unavailable for now: try again.
    #[error("the store cannot write now: {0}")]
    Unavailable(String),
    /// Somebody else has the customer (a lost lease), or the state is older than the store's.
    #[error("the customer's state has moved on: {0}")]
    Stale(String),
    /// A limit of waiting raw calls is reached.
    #[error("too much is waiting for {0}")]
    Full(String),
    /// A bug or a damaged store: an operator must look.
    #[error("the store is damaged or refuses: {0}")]
    Broken(String),
}

/// Within what a key is unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A channel.
    Channel(ChannelName),
    /// An ECE integration; keys are `session/id`.
    Integration(IntegrationName),
    /// A bot's callbacks.
    Bot(BotName),
}

/// For log lines: `channel acme-sms`.
impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Channel(name) => write!(f, "channel {name}"),
            Self::Integration(name) => write!(f, "ECE {name}"),
            Self::Bot(name) => write!(f, "bot {name}"),
        }
    }
}

/// Whose event it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Of the customer with one of these addresses; unknown ones are added, an unknown customer is made.
    Addresses(ChannelName, Vec<Address>),
    /// Of the conversation that has this ECE session. Unknown: parked for `PARKED_MS`.
    Session(IntegrationName, EceSession),
    /// Of the customer of this delivery. A provider's id that is unknown: parked for `PARKED_MS`. The event's
    /// `DeliveryName::Provider` is replaced by `Gone` when it is found: an id that a settle gave is that of
    /// a provider message that is known to have gone.
    Delivery(ChannelName, DeliveryName),
    /// Of this customer.
    Customer(CustomerId),
}

/// What survives a restart. Everything is durable when the future is ready.
pub trait Store: Send + Sync + 'static {
    /// *Accept*.
    ///
    /// # Errors
    /// Nothing was written: answer 503.
    fn accept(&self, accept: Accept) -> impl Future<Output = Result<Accepted, StoreError>> + Send;

    /// All about a customer; none if there is no such customer. `limit` bounds inbox and each lane.
    ///
    /// # Errors
    /// The store's.
    fn load(
        &self,
        customer: CustomerId,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Loaded>, StoreError>> + Send;

    /// What came in since `load`: unconsumed inbox events by state (never by a cursor), at most `limit`, and what
    /// accepts change beside them. Called once for each batch of events, so worth being cheaper than `load`, which is what it falls
    /// back to.
    ///
    /// # Errors
    /// The store's.
    fn news(
        &self,
        customer: CustomerId,
        limit: usize,
    ) -> impl Future<Output = Result<News, StoreError>> + Send {
        async move {
            let loaded = self.load(customer, limit).await?;
            Ok(loaded.map_or_else(News::default, |loaded| News {
                inbox: loaded.inbox,
                addresses: loaded.addresses,
                peer_state: loaded.peer_state,
            }))
        }
    }

    /// Whose events these are, without storing anything: for signals. The default knows nobody, so signals are dropped.
    ///
    /// # Errors
    /// The store's.
    fn whose(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<Option<CustomerId>, StoreError>> + Send {
        let known = match target {
            Target::Customer(customer) => Some(*customer),
            Target::Addresses(..) | Target::Session(..) | Target::Delivery(..) => None,
        };
        std::future::ready(Ok(known))
    }

    /// Puts what a plugin completed where the event stood: before everything that came after it.
    ///
    /// # Errors
    /// `Stale` when the event is consumed or completed already: nothing is written.
    fn resolved(&self, resolved: Resolved) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// *Step*. What goes out is what is kept: deliveries that masking changed come back.
    ///
    /// # Errors
    /// `Stale`: load again.
    fn step(&self, step: Step) -> impl Future<Output = Result<Stepped, StoreError>> + Send;

    /// A `once` request of this delivery is about to leave: `left_at = at`, attempts + 1, and its version.
    ///
    /// # Errors
    /// Then it must not leave. `Stale` when the delivery is settled, cancelled or dead by now.
    fn leave(
        &self,
        delivery: DeliveryId,
        version: Option<PluginVersion>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The number that the next frame of this customer's log gets; 1 for a log without frames. Numbers go on for as long
    /// as the customer is known, whatever became of the frames.
    ///
    /// # Errors
    /// The store's.
    fn next_frame(
        &self,
        customer: CustomerId,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What is kept of a customer's log after a number, in order: as many frames as fit into `bytes_max`, at least one if
    /// there is any. A log keeps `LOG_FRAMES_MAX` frames, `LOG_BYTES_MAX` bytes, each frame for `LOG_KEEP_MS`. Empty for an
    /// address that nobody has.
    ///
    /// # Errors
    /// The store's.
    fn log(
        &self,
        channel: &ChannelName,
        customer: &Address,
        after: u64,
        bytes_max: usize,
    ) -> impl Future<Output = Result<LogPage, StoreError>> + Send;

    /// Forgets a customer's frames up to a number. The numbers go on.
    ///
    /// # Errors
    /// The store's.
    fn acked(
        &self,
        channel: &ChannelName,
        customer: &Address,
        number: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes an upload slot; gives its unguessable token. None: `UPLOADS_OPEN_MAX` of this address are open at `now`.
    ///
    /// # Errors
    /// Nothing was written.
    fn open_upload(
        &self,
        upload: Upload,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// The slot behind a token, unless it expired.
    ///
    /// # Errors
    /// The store's.
    fn upload(
        &self,
        token: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Upload>, StoreError>> + Send;

    /// Puts a kept file into its slot; both are kept until then. Where a file is already, that one stays.
    ///
    /// # Errors
    /// Nothing was written.
    fn uploaded(
        &self,
        token: &str,
        file: &FileId,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// *Settle*. Also wakes parked events it made known, behind its own event: gives the customers whose inbox got something.
    ///
    /// # Errors
    /// The delivery stays as it was. `Stale` when it was settled, cancelled or dead already: nothing is written.
    fn settle(
        &self,
        settle: Settle,
    ) -> impl Future<Output = Result<Vec<CustomerId>, StoreError>> + Send;

    /// Customers with an inbox event, a due timer or a due delivery, ids above `after`, in order. A delivery behind another
    /// one of its lane is not due before that one.
    ///
    /// # Errors
    /// The store's.
    fn ready(
        &self,
        now: Timestamp,
        after: Option<CustomerId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<CustomerId>, StoreError>> + Send;

    /// The earliest time after `now` at which `ready`, parked events, pieces or kept keys have something due. Deliveries as in `ready`.
    ///
    /// # Errors
    /// The store's.
    fn next_due(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Gives parked events whose time ran out, the oldest first and not all at once where there are many: each stays until an
    /// *accept* names it as expired. Puts pieces that waited too long for the others into the inbox. Forgets keys after 14
    /// days, files after their expiry, and plugins' bytes that nothing needs: not live, not among the newest five of their plugin,
    /// and no unsettled delivery is pinned to them.
    ///
    /// # Errors
    /// The store's.
    fn sweep(&self, now: Timestamp) -> impl Future<Output = Result<Swept, StoreError>> + Send;

    /// Keeps a call until a plugin works. At most 10 000 calls or 16 MiB a channel or bot: `Full`.
    ///
    /// # Errors
    /// Nothing was written: answer 503.
    fn keep_raw(
        &self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> impl Future<Output = Result<RawId, StoreError>> + Send;

    /// Waiting raw calls of a channel or bot, in arrival order.
    ///
    /// # Errors
    /// The store's.
    fn raw_calls(
        &self,
        scope: &Scope,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RawCall>, StoreError>> + Send;

    /// Another version trapped on a raw call; it waits on.
    ///
    /// # Errors
    /// The store's.
    fn raw_trapped(
        &self,
        id: RawId,
        version: &PluginVersion,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps a file: streamed to disk, sniffed, measured. Durable when it returns.
    ///
    /// # Errors
    /// Nothing is kept.
    fn keep_file(
        &self,
        file: KeepFile,
    ) -> impl Future<Output = Result<StoredFile, FileError>> + Send;

    /// The file behind a token, and the path or stream of its bytes, unless it expired.
    ///
    /// # Errors
    /// The store's.
    fn open_file(
        &self,
        token: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(StoredFile, Download)>, StoreError>> + Send;

    /// A kept file by id, for a plugin's request body.
    ///
    /// # Errors
    /// The store's.
    fn read_file(
        &self,
        id: &FileId,
    ) -> impl Future<Output = Result<Option<(StoredFile, Download)>, StoreError>> + Send;

    /// Dead letters, newest first, below `before`; none that were discarded.
    ///
    /// # Errors
    /// The store's.
    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, StoreError>> + Send;

    /// Puts a dead letter back: a delivery to the end of its lane with no attempts, an event into the inbox, an unreadable call
    /// behind the raw calls that wait, with its arrival and the versions that trapped on it.
    ///
    /// # Errors
    /// `Broken` with a reason when there is none of this number or it cannot be replayed; `Full` as for `keep_raw`.
    fn replay(
        &self,
        id: DeadLetterId,
        at: Timestamp,
    ) -> impl Future<Output = Result<Fired, StoreError>> + Send;

    /// Takes the words of dead letters away, and all that a replay would need; gives their numbers. The traces of their
    /// conversations tell that they were. Those that were replayed may be discarded as well. One that was discarded or
    /// replayed is forgotten with the trace; one that waits never.
    ///
    /// # Errors
    /// `Broken` with a reason when there is none of one of these numbers, or it was discarded before: then none is.
    fn discard(
        &self,
        which: Discard,
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<DeadLetterId>, StoreError>> + Send;

    /// What happened to a conversation, in order: inbox, steps, deliveries, notes.
    ///
    /// # Errors
    /// The store's.
    fn trace(
        &self,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<Vec<TraceLine>, StoreError>> + Send;

    /// Conversations that anything known by this text belongs to: a delivery or provider id, an address, an ECE session.
    ///
    /// # Errors
    /// The store's.
    fn find(
        &self,
        text: &str,
    ) -> impl Future<Output = Result<Vec<ConversationId>, StoreError>> + Send;
}
