//! A channel plugin: [`Channel`], and what it may do besides ([`Resolve`], [`Attachments`], [`Check`]).
//!
//! Every call runs in a fresh instance and may be run again from the top: the same arguments and answers must
//! lead to the same requests. Nothing is remembered between two calls but what goes in and out here.
//!
//! Long, because it is one vocabulary: every type is a few documented lines, and readers look them up together.

use serde::{Deserialize, Serialize};

use crate::bytes;
use crate::http::{AesCtr, Request};
use crate::types::{
    Account, Address, Answer, Choice, Content, InboundRequest, Millis, PeerChange, PeerState,
    Rejection, SendError,
};

/// What every channel does.
pub trait Channel {
    /// Verifies one webhook call or socket frame and turns it into events, in the order sent. No events is normal: a
    /// probe. May not fetch: the provider waits.
    ///
    /// # Errors
    /// The call is not from the provider, or not what the provider sends; the host stores nothing then.
    fn receive(request: &InboundRequest, peer_state: &PeerState) -> Result<Reception, Rejection>;

    /// Delivers a message or a signal: at most one provider message a call, [`Progress::Rest`] where more is to come.
    ///
    /// # Errors
    /// [`SendError`] says what the host shall do; [`SendError::Unknown`] where the provider may have taken it.
    fn send(message: &Outbound, peer_state: &PeerState) -> Result<Sent, SendError>;
}

/// Completes events that carry `resolve`, right after the provider got its answer. May fetch.
pub trait Resolve {
    /// The events that take the place of this one, and changes of the customer's state.
    ///
    /// # Errors
    /// The event goes on as it was.
    fn resolve(
        event: &Event,
        peer_state: &PeerState,
    ) -> Result<(Vec<Event>, Vec<PeerChange>), SendError>;
}

/// For channels on which customers send files.
pub trait Attachments {
    /// Where the bytes of this attachment are. Called when its event is committed; the host makes the request.
    ///
    /// # Errors
    /// The file cannot be had, or not now.
    fn open_attachment(reference: &str, peer_state: &PeerState) -> Result<Download, SendError>;
}

/// Are settings and credentials good, and whose are they?
pub trait Check {
    /// Asks the provider. Runs at load, by `trunkline check`, and each minute while the channel is quiet.
    ///
    /// # Errors
    /// [`SendError::Credentials`] where they are wrong.
    fn check() -> Result<Account, SendError>;
}

/// What names a delivery of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryName {
    /// Our own name of one provider message, echoed: what [`Outbound::part_name`] gave.
    Ours(String),
    /// An id that [`Sent::ids`] gave: of a message that went. It says nothing of the delivery's other messages.
    Provider(String),
    /// Everything sent to this customer up to this time.
    AllUntil(Millis),
}

/// How a delivery fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptState {
    /// The provider has it, nothing more is known.
    Accepted,
    /// On its way to the customer.
    Sent,
    /// On the customer's device.
    Delivered,
    /// Seen.
    Read,
    /// It will not arrive. The reason is in the receipt's `detail`.
    Failed,
}

/// What a provider says about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Receipt {
    /// Which.
    pub delivery: DeliveryName,
    /// How it fares.
    pub state: ReceiptState,
    /// Why, if it failed.
    pub detail: Option<String>,
    /// The provider says that the recipient opted out.
    pub opted_out: bool,
}

/// What can happen on a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// The customer said something.
    Said(Content),
    /// A message said before was changed.
    Edited {
        /// Its key.
        key: String,
        /// What it says now.
        content: Content,
    },
    /// A message said before was withdrawn: its key.
    Withdrawn(String),
    /// A reaction to a message.
    Reacted {
        /// The message's key, if known.
        key: Option<String>,
        /// Empty when taken back.
        emoji: String,
    },
    /// The customer types (true) or stopped.
    Typing(bool),
    /// The provider tells how a delivery fares.
    Receipt(Receipt),
    /// The customer took or refused a file.
    FileAnswer {
        /// Which.
        delivery: DeliveryName,
        /// Took it.
        accepted: bool,
    },
    /// The customer does not want messages any more. True when the provider confirmed it to them.
    OptedOut(bool),
    /// The customer wants messages again.
    OptedIn,
    /// The customer ended the conversation.
    Left,
    /// Something the operator should know about the channel itself.
    Notice {
        /// A code.
        code: String,
        /// A sentence.
        text: String,
    },
}

/// One piece of a message that arrives in several. The host joins them by group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The same for all pieces.
    pub group: String,
    /// From 0.
    pub index: u16,
    /// How many there are.
    pub total: u16,
}

/// Something that happened. Begin with [`Event::new`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// Unique on this channel for 14 days; a second arrival is dropped.
    pub key: String,
    /// The provider's time; the clock's, if it says none.
    pub at: Millis,
    /// Which of the provider's accounts it is for.
    pub account: String,
    /// The customer, strongest address first. Empty only for notices and for receipts by our own or the provider's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer: Vec<Address>,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A language tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Captured about the customer: in configuration `$(PLUGIN.KEY)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// These belong to the same customer. A [`Happening::Notice`] may say no more than that: it opens no conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readdressed: Vec<Address>,
    /// What happened.
    pub happening: Happening,
    /// The key of the message this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// It is a piece of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Given to `resolve` before anybody sees the event.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "bytes::option"
    )]
    pub resolve: Option<Vec<u8>>,
    /// What to remember about this event's customer. Ignored of typing signs and notices; empty in what `resolve` is
    /// given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer_changes: Vec<PeerChange>,
}

impl Event {
    /// An event with everything optional left out.
    pub fn new(
        key: impl Into<String>,
        at: Millis,
        account: impl Into<String>,
        happening: Happening,
    ) -> Self {
        Self {
            key: key.into(),
            at,
            account: account.into(),
            customer: Vec::new(),
            name: None,
            locale: None,
            attributes: Vec::new(),
            readdressed: Vec::new(),
            happening,
            reply_to: None,
            part: None,
            resolve: None,
            peer_changes: Vec::new(),
        }
    }
}

/// What to do with the socket the request came on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum SocketAction {
    /// Replay this customer's log after the number, then follow it. From now on `request.peer` is the address's value
    /// and `receive` gets the customer's state.
    Attach {
        /// Whose.
        customer: Address,
        /// The last number they have; 0 for none.
        after: u64,
    },
    /// Follow no more.
    Detach,
    /// Nobody needs the attached customer's log up to this number any more: it is forgotten.
    Acked(u64),
    /// Straight back on this socket, not stored.
    Frames(#[serde(with = "bytes::list")] Vec<Vec<u8>>),
    /// An upload slot for a file of the attached customer. The host sends its URL back as the frame `{"upload":…}`.
    Upload {
        /// The plugin's name for it, and the key of the event that the host raises once the bytes are there: unique on
        /// the channel for 14 days, as all keys are.
        slot: String,
        /// The file's name.
        name: String,
        /// Its media type.
        content_type: String,
        /// Bytes; the upload must have exactly so many.
        size: u64,
    },
}

/// What became of a webhook call. Begin with [`Reception::new`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reception {
    /// What the provider gets.
    pub answer: Answer,
    /// In the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// What to remember about the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer_changes: Vec<PeerChange>,
    /// What to do with the socket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub socket: Vec<SocketAction>,
}

impl Reception {
    /// This answer and these events.
    pub fn new(answer: Answer, events: Vec<Event>) -> Self {
        Self {
            answer,
            events,
            peer_changes: Vec::new(),
            socket: Vec::new(),
        }
    }
}

/// A file in the host's keeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    /// For [`crate::http::Body::File`] and multipart.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// An unguessable, expiring address the provider or customer can fetch it from.
    pub url: String,
    /// What stands under it.
    #[serde(default)]
    pub caption: Option<String>,
}

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutboundContent {
    /// Plain text.
    Text(String),
    /// A file.
    File(File),
    /// Choices.
    Choices {
        /// What stands above them.
        text: String,
        /// The choices.
        options: Vec<Choice>,
    },
    /// A message the provider approved beforehand.
    Template {
        /// The provider's name of it.
        name: String,
        /// A language tag.
        locale: String,
        /// For its placeholders, in order.
        values: Vec<String>,
    },
    /// Tell the customer's app that the conversation is over, where the channel has such a thing.
    Close,
    /// A signal.
    Typing(bool),
    /// A signal: everything up to this key of theirs was seen.
    Seen(String),
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// A person.
    Agent,
    /// A bot.
    Bot,
    /// A configured message.
    System,
}

/// Which attempt this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// An earlier attempt may have been taken; it left at this time. Look first with safe requests, or answer
    /// [`Progress::Wait`].
    #[serde(default)]
    pub unknown_since: Option<Millis>,
    /// Names of provider messages that receipts told: the provider has them. See [`Outbound::was_taken`].
    #[serde(default)]
    pub taken: Vec<String>,
}

/// A message or signal on its way to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outbound {
    /// Stable for one message: the same on every attempt.
    pub delivery: String,
    /// Our number of the message in its conversation.
    pub seq: u64,
    /// Strongest first.
    pub customer: Vec<Address>,
    /// What.
    pub content: OutboundContent,
    /// Who says it.
    pub author: Author,
    /// Their name, if it is shown.
    #[serde(default)]
    pub author_name: Option<String>,
    /// Which attempt this is.
    pub attempt: Attempt,
    /// What an earlier call's [`Progress::Rest`] said: begin there.
    #[serde(default, with = "bytes::option")]
    pub rest: Option<Vec<u8>>,
}

impl Outbound {
    /// The customer's first address of this kind.
    pub fn address(&self, kind: &str) -> Option<&str> {
        self.customer
            .iter()
            .find(|address| address.kind == kind)
            .map(|address| address.value.as_str())
    }

    /// What to give a provider that echoes a name of ours in its receipts ([`DeliveryName::Ours`]): the delivery itself
    /// where it is one provider message, else a name for each of them. `part` is the plugin's own word for it, and the
    /// same on every attempt; `is_last` says that no other follows. Only the receipt of the last, or only, message can
    /// settle a delivery whose outcome is unknown.
    pub fn part_name(&self, part: impl std::fmt::Display, is_last: bool) -> String {
        match (&self.rest, is_last) {
            (None, true) => self.delivery.clone(),
            (Some(_), true) => format!("{}.last", self.delivery),
            (_, false) => format!("{}.{part}", self.delivery),
        }
    }

    /// Whether a receipt told that the provider has the message of this name ([`Outbound::part_name`]), though its outcome was
    /// unknown: it is not sent again, [`Sent::known`] goes on behind it.
    pub fn was_taken(&self, name: &str) -> bool {
        self.attempt.taken.iter().any(|taken| taken == name)
    }
}

/// How far a send came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Everything of it went out.
    All,
    /// One provider message went out. The host commits and calls again with this.
    Rest(#[serde(with = "bytes")] Vec<u8>),
    /// Nothing went out: ask again after this many milliseconds, a receipt may say more by then.
    Wait(u32),
    /// The channel has no such thing (a typing sign, a close). Not an error.
    NotApplicable,
}

/// What a send did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sent {
    /// The provider's ids of what this call sent. Receipts name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// How far it came.
    pub progress: Progress,
    /// What to remember about the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer_changes: Vec<PeerChange>,
}

impl Sent {
    /// Everything went out, under this id.
    pub fn all(id: impl Into<String>) -> Self {
        Self {
            ids: vec![id.into()],
            progress: Progress::All,
            peer_changes: Vec::new(),
        }
    }

    /// One provider message went out, under this id; [`split::part`](crate::split::part) says how far that is.
    pub fn part(id: impl Into<String>, progress: Progress) -> Self {
        Self {
            ids: vec![id.into()],
            progress,
            peer_changes: Vec::new(),
        }
    }

    /// One provider message went out, under this id; call again with `rest`.
    pub fn rest(id: impl Into<String>, rest: impl Into<Vec<u8>>) -> Self {
        Self {
            ids: vec![id.into()],
            progress: Progress::Rest(rest.into()),
            peer_changes: Vec::new(),
        }
    }

    /// A receipt told that this much went out, by an earlier attempt whose outcome was unknown.
    pub fn known(progress: Progress) -> Self {
        Self {
            ids: Vec::new(),
            progress,
            peer_changes: Vec::new(),
        }
    }

    /// The channel has no such thing.
    pub fn not_applicable() -> Self {
        Self {
            ids: Vec::new(),
            progress: Progress::NotApplicable,
            peer_changes: Vec::new(),
        }
    }
}

/// Where a file of a customer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Download {
    /// The host makes it, and streams what comes.
    pub request: Request,
    /// How the channel encrypted it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decrypt: Option<AesCtr>,
}
