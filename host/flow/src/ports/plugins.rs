use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use trunkline_core::effect::{AskBot, Author};
use trunkline_core::event::{BotState, BotTurn, DeliveryName, Happening, Profile, ReceiptState};
use trunkline_core::id::{
    BotName, ChannelName, ConversationId, DeliveryId, Epoch, EventKey, Timestamp,
};
use trunkline_core::message::{Address, Choice, StoredFile};

use super::BoxFuture;
use super::store::{PeerChange, StoreError};

/// The content hash of a plugin file (SHA-256, hex): a call ends on the version it began on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PluginVersion(pub String);

/// What [`Leaving`] runs.
pub type LeaveFn =
    dyn Fn(Option<PluginVersion>) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync;

/// The next piece of a [`Download`], or none at its end.
pub type NextPiece = dyn FnMut() -> BoxFuture<'static, Option<Result<Bytes, StreamError>>> + Send;

/// Awaited before a `once` request leaves: makes that durable, and on which version the call runs.
/// On an error nothing leaves.
#[derive(Clone)]
pub struct Leaving(pub Arc<LeaveFn>);

impl Leaving {
    /// Makes it durable.
    ///
    /// # Errors
    /// The store's; then the request must not leave.
    pub async fn now(&self, version: Option<PluginVersion>) -> Result<(), StoreError> {
        (self.0)(version).await
    }
}

impl std::fmt::Debug for Leaving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leaving")
    }
}

/// A webhook call as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// The public URL it was sent to, with the raw query.
    pub url: String,
    /// Behind `/channels/{channel}`.
    pub path: String,
    /// Raw.
    pub query: String,
    /// As they came.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What a channel plugin made of a call.
#[derive(Debug, Clone)]
pub struct Reception {
    /// For the provider, once the events are on disk.
    pub answer: Answer,
    /// In the order sent.
    pub events: Vec<ReceivedEvent>,
    /// In their order, once the events are on disk; of a webhook: ignored.
    pub socket: Vec<SocketAction>,
}

/// Something that happened on a socket, for `receive`.
#[derive(Debug, Clone)]
pub struct SocketCall {
    /// URL, query and headers of the upgrade; the method is `OPEN`, `FRAME` or `LOST`.
    pub request: Request,
    /// The value of the address it is attached by.
    pub peer: Option<String>,
    /// That customer's.
    pub peer_state: Vec<(String, String)>,
}

/// What to do with a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAction {
    /// Replay this customer's log after the number, then follow it.
    Attach {
        /// Whose.
        customer: Address,
        /// The last number they have; 0 for none.
        after: u64,
    },
    /// Follow no more.
    Detach,
    /// Forget the attached customer's log up to this number.
    Acked(u64),
    /// Straight back on this socket.
    Frames(Vec<Vec<u8>>),
    /// An upload slot for a file of the attached customer.
    Upload {
        /// The key of the event to come.
        slot: EventKey,
        /// The file's name.
        name: String,
        /// Its media type.
        content_type: String,
        /// Bytes.
        size: u64,
    },
}

/// What a channel's manifest and the configuration say about its sockets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketTerms {
    /// The longest frame of a client, in bytes.
    pub frame_bytes_max: usize,
    /// The largest file a customer may send, in bytes; none: the host's own limit.
    pub upload_bytes_max: Option<u64>,
    /// The types of file customers may send (`image/*`); empty = any.
    pub upload_types: Vec<String>,
    /// What stands before the `/` and an upload's token.
    pub media_url: String,
}

/// One event of a reception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceivedEvent {
    /// The channel it is for: the one called, or another that shares the URL; `None` = nobody's account.
    pub channel: Option<ChannelName>,
    /// The provider's account it named.
    pub account: String,
    /// Unique on the channel.
    pub key: EventKey,
    /// The provider's time.
    pub at: Timestamp,
    /// Strongest first; may be empty for receipts.
    pub customer: Vec<Address>,
    /// More addresses of the same customer.
    pub readdressed: Vec<Address>,
    /// News about the customer.
    pub profile: Profile,
    /// What happened.
    pub happening: ReceivedHappening,
    /// The message it answers.
    pub reply_to: Option<EventKey>,
    /// Piece of a message in several: group, index from 0, total.
    pub part: Option<(String, u16, u16)>,
    /// For `resolve`.
    pub resolve: Option<Vec<u8>>,
    /// What the plugin wants to remember about this customer.
    pub peer_changes: Vec<PeerChange>,
}

/// What happened on the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedHappening {
    /// To a conversation.
    Customer(Happening),
    /// A signal.
    Typing(bool),
    /// About a delivery of ours.
    Receipt {
        /// Which.
        delivery: DeliveryName,
        /// How it fares.
        state: ReceiptState,
        /// Why.
        detail: Option<String>,
        /// The provider says the customer opted out.
        opted_out: bool,
    },
    /// About the channel itself: a code and a text for the operator.
    Notice(String, String),
}

/// Why a webhook call gave no events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The plugin says no: this answer, nothing stored.
    #[error("rejected: {reason}")]
    Rejected {
        /// For the caller.
        answer: Answer,
        /// For the log.
        reason: String,
    },
    /// No plugin works for this channel, or it trapped: keep the call raw, answer `ack`; without one, ask for it again later.
    #[error("no working plugin for {channel}: {reason}")]
    NotNow {
        /// Which channel.
        channel: ChannelName,
        /// For the caller, once the call is on disk; none for a call that is not kept (a `GET` wants an answer, not a receipt).
        ack: Option<Answer>,
        /// For the operator.
        reason: String,
        /// The versions that trapped on this very call, if it was tried.
        trapped: Vec<PluginVersion>,
    },
    /// Nobody configured this channel.
    #[error("no channel of this name")]
    UnknownChannel,
}

/// What a bot plugin made of a callback.
#[derive(Debug, Clone)]
pub struct BotReception {
    /// For the caller, once the rest is on disk.
    pub answer: Answer,
    /// For which conversation and holding, and its bytes.
    pub callbacks: Vec<(ConversationId, Epoch, Vec<u8>)>,
}

/// One message on its way to a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outbound {
    /// Stable over attempts.
    pub delivery: DeliveryId,
    /// Strongest first.
    pub customer: Vec<Address>,
    /// What.
    pub body: OutboundBody,
    /// Who says it.
    pub author: Author,
    /// Their name.
    pub author_name: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// An earlier attempt may have been taken.
    pub unknown_since: Option<Timestamp>,
    /// Names of its provider messages that receipts told: the provider took them, whatever became of the answer.
    pub taken: Vec<String>,
    /// Where an earlier call stopped.
    pub rest: Option<Vec<u8>>,
}

/// What a plugin carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundBody {
    /// Plain text.
    Text(String),
    /// A file in the store.
    File(StoredFile),
    /// Choices.
    Choices {
        /// What stands above them.
        text: String,
        /// The choices.
        options: Vec<Choice>,
    },
    /// The conversation is over.
    Close,
    /// A signal.
    Typing(bool),
    /// A signal.
    Seen(EventKey),
}

/// A call of `send`.
#[derive(Debug, Clone)]
pub struct SendCall {
    /// On which channel.
    pub channel: ChannelName,
    /// What.
    pub outbound: Outbound,
    /// The customer's.
    pub peer_state: Vec<(String, String)>,
    /// The version an earlier run of this call began on.
    pub pinned: Option<PluginVersion>,
    /// The number of the next frame in the customer's log; none: it cannot push.
    pub next_frame: Option<u64>,
}

/// What one call of `send` did.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The provider's ids of what went out in this call.
    pub ids: Vec<String>,
    /// What is left to do.
    pub progress: SendProgress,
    /// What the plugin wants to remember about this customer.
    pub peer_changes: Vec<PeerChange>,
    /// Which version served.
    pub version: PluginVersion,
    /// For the customer's log, from `SendCall::next_frame` on; counts with `All` and `Rest` alone.
    pub pushed: Vec<Vec<u8>>,
    /// For whoever is attached now.
    pub signals: Vec<Vec<u8>>,
}

/// What is left to do after a call of `send`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendProgress {
    /// Nothing.
    All,
    /// Commit, then call again with this.
    Rest(Vec<u8>),
    /// Nothing went out; ask again after so many milliseconds.
    Wait(u64),
    /// The channel has no such thing.
    NotApplicable,
}

/// Why a message did not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Certainly not taken; again after so many milliseconds.
    #[error("{text}")]
    Again {
        /// How long to wait.
        wait_ms: u64,
        /// Why.
        text: String,
    },
    /// As `Again`, for the whole channel.
    #[error("{text}")]
    Throttled {
        /// How long to wait.
        wait_ms: u64,
        /// Why.
        text: String,
    },
    /// Certainly not taken, and never will be.
    #[error("{0}")]
    Refused(String),
    /// Certainly not taken: the customer opted out.
    #[error("{0}")]
    OptedOut(String),
    /// Certainly not taken: credentials or settings.
    #[error("{0}")]
    Credentials(String),
    /// May have been taken. The plugin's word, or the host's own after a `once` request left.
    #[error("{0}")]
    Unknown(String),
    /// The plugin trapped or broke a limit before anything left.
    #[error("the plugin failed: {0}")]
    Plugin(String),
    /// No plugin works for this channel.
    #[error("no working plugin: {0}")]
    NoPlugin(String),
    /// `Leaving` failed: nothing left.
    #[error("store: {0}")]
    Store(String),
}

/// A call of `open-attachment`.
#[derive(Debug, Clone)]
pub struct AttachmentCall {
    /// On which channel.
    pub channel: ChannelName,
    /// The plugin's word for the file.
    pub reference: String,
    /// The customer's.
    pub peer_state: Vec<(String, String)>,
}

/// Bytes on their way in.
pub struct Download {
    /// As the other side says.
    pub name: Option<String>,
    /// As the other side says.
    pub content_type: Option<String>,
    /// As the other side says.
    pub size: Option<u64>,
    /// The next piece, or none at the end. Dropping it ends the transfer.
    pub next: Box<NextPiece>,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The transfer broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the transfer broke off: {0}")]
pub struct StreamError(pub String);

/// A bot's turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BotCall {
    /// What is asked.
    pub ask: AskBot,
    /// In which conversation.
    pub conversation: ConversationId,
    /// On which channel the customer writes.
    pub channel: ChannelName,
    /// The version that an unfinished run of this call began on.
    pub pinned: Option<PluginVersion>,
    /// At most so many `once` requests of runs before may have been taken, and what came of them is not known: the plugin is told so
    /// instead of making them again.
    #[serde(default)]
    pub unknown_onces: u32,
}

/// Why a bot gave no turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BotError {
    /// Again after so many milliseconds.
    #[error("{text}")]
    Again {
        /// How long to wait.
        wait_ms: u64,
        /// Why.
        text: String,
    },
    /// The stage fails.
    #[error("{0}")]
    Failed(String),
}

/// What a channel can do, as far as flow cares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Shows typing signs.
    pub typing: bool,
    /// A typing sign is to be shown again this often; without it once is enough.
    pub typing_refresh_ms: Option<u32>,
    /// The largest file it takes, in bytes.
    pub file_max: Option<u64>,
    /// The types it takes (`image/*`); empty = any.
    pub file_types: Vec<String>,
}

/// What `check` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAccount {
    /// The account's id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// Channel and bot plugins, as flow sees them.
pub trait Plugins: Send + Sync + 'static {
    /// Runs `receive` of the channel's plugin with `clock` = `at`. Pure: no request leaves.
    ///
    /// # Errors
    /// Rejected, or to be kept raw.
    fn receive(
        &self,
        channel: &ChannelName,
        request: &Request,
        at: Timestamp,
    ) -> impl Future<Output = Result<Reception, ReceiveError>> + Send;

    /// As `receive`, for what happened on a socket of the channel. Without sockets: as an unknown channel.
    ///
    /// # Errors
    /// As `receive`; nothing is to be kept raw.
    fn receive_on_socket(
        &self,
        channel: &ChannelName,
        call: SocketCall,
        at: Timestamp,
    ) -> impl Future<Output = Result<Reception, ReceiveError>> + Send {
        let _unused = (channel, call, at);
        std::future::ready(Err(ReceiveError::UnknownChannel))
    }

    /// The terms of the channel's sockets; none where its manifest declares none, or no plugin works.
    fn socket(&self, channel: &ChannelName) -> Option<SocketTerms> {
        let _without = channel;
        None
    }

    /// Completes an event that carries `resolve`; on any failure the event comes back as it was.
    fn resolve(
        &self,
        channel: &ChannelName,
        event: ReceivedEvent,
        peer_state: Vec<(String, String)>,
    ) -> impl Future<Output = Vec<ReceivedEvent>> + Send;

    /// How long `resolve` may take, in ms, where the manifest says so.
    fn resolve_ms(&self, channel: &ChannelName) -> Option<u64>;

    /// Runs `send` once. `leaving` is awaited before a `once` request leaves.
    ///
    /// # Errors
    /// See [`SendError`].
    fn send(
        &self,
        call: SendCall,
        leaving: Leaving,
    ) -> impl Future<Output = Result<Sent, SendError>> + Send;

    /// Opens a customer's file for reading.
    ///
    /// # Errors
    /// As `send`.
    fn download(
        &self,
        call: AttachmentCall,
    ) -> impl Future<Output = Result<Download, SendError>> + Send;

    /// Runs one turn of a bot.
    ///
    /// # Errors
    /// See [`BotError`].
    fn turn(
        &self,
        call: BotCall,
        leaving: Leaving,
    ) -> impl Future<Output = Result<BotTurn, BotError>> + Send;

    /// Runs a bot plugin's `receive`.
    ///
    /// # Errors
    /// As `receive`.
    fn bot_receive(
        &self,
        bot: &BotName,
        request: &Request,
        at: Timestamp,
    ) -> impl Future<Output = Result<BotReception, ReceiveError>> + Send;

    /// What the channel's manifest says it can do.
    fn capabilities(&self, channel: &ChannelName) -> Capabilities;

    /// The state version the bot's live plugin writes; a newer stored state is kept aside, not given to it.
    fn state_version(&self, bot: &BotName) -> Option<u32>;
}

/// Whether a bot's plugin may be given this state.
pub fn state_fits(state: &BotState, plugin: u32) -> bool {
    state.version <= plugin
}
