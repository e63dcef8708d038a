//! The three transactions and what stands around them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, Lane};
use trunkline_core::event::{DeliveryName, Event};
use trunkline_core::id::{
    BotName, ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, EventKey, FileId,
    IntegrationName, TimerName, Timestamp,
};
use trunkline_core::message::{Address, StoredFile};

use super::plugins::{Download, PluginVersion, Request};

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
    /// The raw call these came from: dropped in the same transaction.
    pub from_raw: Option<RawId>,
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

/// Frames for the end of a customer's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedFrames {
    /// The number of the first, as the plugin was told. When the log's next number is another one, the whole settle is
    /// `Stale`.
    pub first: u64,
    /// In order.
    pub frames: Vec<Vec<u8>>,
}

/// Frames a log keeps; older ones go.
pub const LOG_FRAMES_MAX: u64 = 1_000;

/// Bytes of frames a log keeps; older ones go.
pub const LOG_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// How long a log keeps a frame, in ms: 14 days.
pub const LOG_KEEP_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// Part of a customer's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Number and frame, in order.
    pub frames: Vec<(u64, Vec<u8>)>,
    /// The last number ever given, kept or not; 0: none.
    pub last: u64,
}

/// Upload slots an address may have open.
pub const UPLOADS_OPEN_MAX: usize = 20;

/// A slot that a customer uploads a file into.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// On which channel.
    pub channel: ChannelName,
    /// Whose file it is.
    pub customer: Address,
    /// The key of the event about it.
    pub slot: EventKey,
    /// The file's name.
    pub name: String,
    /// Its type, as the customer says.
    pub content_type: String,
    /// Bytes: no more, no fewer.
    pub size: u64,
    /// Forgotten then; with a file, when the file is.
    pub expires: Timestamp,
    /// The file, once it is here.
    pub file: Option<StoredFile>,
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
    /// A raw call that no plugin version could read.
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
}

/// What a replay woke up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Whose inbox or outbox has something again.
    pub customer: CustomerId,
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

/// A row of `raw calls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawId(pub i64);

/// A call of a provider or of a bot's server that waits for a working plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct RawCall {
    /// Its row.
    pub id: RawId,
    /// For which channel or bot.
    pub scope: Scope,
    /// As it came.
    pub request: Request,
    /// When.
    pub arrived: Timestamp,
    /// Versions that trapped on it.
    pub trapped: Vec<PluginVersion>,
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

/// A file to keep.
pub struct KeepFile {
    /// What people see; a name is made from the type if there is none.
    pub name: Option<String>,
    /// As the sender says; the bytes decide where they tell.
    pub content_type: Option<String>,
    /// Bytes.
    pub download: Download,
    /// More than this many bytes is `FileError::TooLarge`.
    pub size_max: u64,
    /// Its address stops working then.
    pub expires: Timestamp,
}

/// Why a file was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The transfer broke off.
    #[error("{0}")]
    Broken(String),
    /// The store cannot write.
    #[error("the store cannot write the file: {0}")]
    Store(String),
}

/// A plugin file as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFile {
    /// From its manifest.
    pub name: String,
    /// From its manifest.
    pub version: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// Plugin files by hash: kept while a call, a conversation or a rollback needs them. Used by the engine.
pub trait PluginArchive: Send + Sync + 'static {
    /// Keeps a file. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    fn keep(
        &self,
        hash: &PluginVersion,
        name: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError>;

    /// The file of this hash.
    ///
    /// # Errors
    /// The store's.
    fn fetch(&self, hash: &PluginVersion) -> Result<Option<PluginFile>, StoreError>;

    /// Marks the hash live for its name; the one before stays as the version to return to.
    ///
    /// # Errors
    /// The store's.
    fn made_live(&self, hash: &PluginVersion, at: Timestamp) -> Result<(), StoreError>;

    /// Hashes of this plugin that were live, newest first.
    ///
    /// # Errors
    /// The store's.
    fn history(&self, name: &str) -> Result<Vec<PluginVersion>, StoreError>;

    /// Hashes that unsettled deliveries are pinned to.
    ///
    /// # Errors
    /// The store's.
    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError>;
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

    /// *Step*. Gives the new revision.
    ///
    /// # Errors
    /// `Stale`: load again.
    fn step(&self, step: Step) -> impl Future<Output = Result<u64, StoreError>> + Send;

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
    /// days and files after their expiry.
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

    /// Dead letters, newest first, below `before`.
    ///
    /// # Errors
    /// The store's.
    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, StoreError>> + Send;

    /// Puts a dead letter back: a delivery to the end of its lane with no attempts, an event into the inbox.
    ///
    /// # Errors
    /// `Broken` with a reason when there is none of this number or it cannot be replayed.
    fn replay(
        &self,
        id: DeadLetterId,
        at: Timestamp,
    ) -> impl Future<Output = Result<Fired, StoreError>> + Send;

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
