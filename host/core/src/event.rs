//! What happened. Everything that comes back comes back as an event.
//!
//! Long, for it is one vocabulary, read in one place.

use serde::{Deserialize, Serialize};

use crate::conversation::Item;
use crate::effect::EceMessage;
use crate::id::{
    DeliveryId, EceSession, Epoch, EventKey, IntegrationName, Language, TimerName, Timestamp,
};
use crate::message::{Choice, Content, StoredFile};

/// One thing that happened to a customer's conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// On the channel.
    Channel(ChannelEvent),
    /// In ECE.
    Ece(EceEvent),
    /// To one of our deliveries.
    Delivery(DeliveryReport),
    /// The provider tells how a delivery fares.
    Receipt(Receipt),
    /// A bot's server called back: for its next turn.
    BotCallback {
        /// The holding it was meant for; a callback for an earlier one comes too late.
        conversation: crate::id::ConversationId,
        /// As above.
        epoch: Epoch,
        /// The plugin's own bytes.
        bytes: Vec<u8>,
    },
    /// A dead letter of the customer's words is replayed, as it was when it died.
    SaidAgain(Item),
    /// A timer is due.
    Timer(TimerName),
}

/// Something the customer did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelEvent {
    /// Unique on the channel.
    pub key: EventKey,
    /// The provider's time.
    pub at: Timestamp,
    /// News about the customer that came along.
    pub profile: Profile,
    /// What they did.
    pub happening: Happening,
    /// The message it answers.
    pub reply_to: Option<EventKey>,
}

/// What a channel tells about a customer. Empty members leave what was known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Display name.
    pub name: Option<String>,
    /// Their locale on the channel.
    pub locale: Option<String>,
    /// Captured details, `$(PLUGIN.KEY)` in configuration.
    pub attributes: Vec<(String, String)>,
}

/// What a customer did on the channel. Typing is a signal, not an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Said something.
    Said(Content),
    /// Changed what a message says.
    Edited {
        /// Which.
        key: EventKey,
        /// What it says now.
        content: Content,
    },
    /// Took a message back.
    Withdrawn {
        /// Which.
        key: EventKey,
    },
    /// Reacted to a message; an empty emoji takes the reaction back.
    Reacted {
        /// To which.
        key: Option<EventKey>,
        /// With what.
        emoji: String,
    },
    /// Took or refused a file that an agent sent.
    FileAnswer {
        /// Which, if the channel says.
        delivery: Option<DeliveryId>,
        /// Took it.
        accepted: bool,
    },
    /// Wants no more messages (H14).
    OptedOut {
        /// The provider told them so already.
        confirmed: bool,
    },
    /// Wants messages again.
    OptedIn,
    /// Ended the conversation.
    Left,
}

/// Something ECE told about one of its conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EceEvent {
    /// ECE's conversation.
    pub session: EceSession,
    /// ECE's id of the event.
    pub id: String,
    /// ECE's time.
    pub at: Timestamp,
    /// What happened.
    pub happening: EceHappening,
}

/// What happens in an ECE conversation, in our words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EceHappening {
    /// An agent has it now.
    Assigned {
        /// Their screen name.
        agent: Option<String>,
    },
    /// The agent wrote. HTML is already turned into plain text.
    Said {
        /// The agent's screen name.
        agent: Option<String>,
        /// What they wrote.
        text: String,
    },
    /// It went to another agent or back into a queue.
    Transferred(Transfer),
    /// The agent pushed a page.
    PagePushed {
        /// Its address, or the text that stands for it.
        url: String,
    },
    /// The agent offers a file.
    FileOffered(RemoteFile),
    /// The agent took a file the customer sent.
    FileAccepted {
        /// Its name, if ECE says.
        name: Option<String>,
    },
    /// The agent refused a file the customer sent.
    FileRejected {
        /// Its name, if ECE says.
        name: Option<String>,
    },
    /// It is over. Comes once.
    Completed {
        /// By an agent, as far as ECE tells; else by the system.
        by_agent: bool,
    },
    /// A type this version does not know, with its text (H10).
    Unknown {
        /// ECE's word.
        kind: String,
        /// ECE's text.
        text: String,
        /// An agent did it, as far as ECE tells.
        #[serde(default)]
        by_agent: bool,
    },
}

/// Where a transfer went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// To an agent of this name.
    Agent(Option<String>),
    /// To a queue of this name.
    Queue(Option<String>),
}

/// A file in ECE that an agent offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Where to fetch it; empty where ECE names no address that one could ask.
    pub url: String,
    /// Its name.
    pub name: String,
    /// Its type, if ECE says.
    pub content_type: Option<String>,
    /// ECE's id of the attachment, if it has one.
    pub id: Option<String>,
}

/// What became of a delivery that the core wants to hear of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Which.
    pub delivery: DeliveryId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// ECE started a conversation.
    Started {
        /// In which ECE; none in what was written before this was told.
        #[serde(default)]
        integration: Option<IntegrationName>,
        /// Its id there.
        session: EceSession,
    },
    /// ECE cannot take the customer now.
    Unavailable(Unavailable),
    /// The bot answered.
    BotAnswered(BotTurn),
    /// The bot failed for good; the text is for the operator.
    BotFailed(String),
    /// The file is in our store.
    FileReady(StoredFile),
    /// As `FileReady`, for a file whose fetch was replayed: the customer has not got it.
    FileAgain {
        /// The file.
        file: StoredFile,
        /// An agent offered it; else a bot named it.
        by_agent: bool,
    },
    /// The file cannot be had; the text is for the agent.
    FileFailed(String),
    /// The other side took it. Reported where the payload asks for it.
    Taken,
    /// ECE says that the conversation is over. Written before what it did not take was told, too.
    SessionGone,
    /// As `SessionGone`, with what ECE did not take because of it.
    NotTaken(EceMessage),
    /// It will not arrive; a dead letter holds it.
    Failed {
        /// What the agent or operator reads.
        reason: String,
        /// It may have arrived all the same.
        uncertain: bool,
        /// Because the customer opted out.
        opted_out: bool,
    },
}

/// Why ECE cannot take a customer: the outcomes of an ECE stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unavailable {
    /// No agent is there, or none is free.
    NoAgents,
    /// The queue is full.
    OutOfCapacity,
    /// One would wait longer than is acceptable.
    WaitTooLong,
    /// The entry point is switched off.
    EntryPointDisabled,
    /// Outside the entry point's hours.
    OffHours,
    /// ECE does not answer.
    Unreachable,
}

/// What the provider says about a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which.
    pub delivery: DeliveryName,
    /// How it fares.
    pub state: ReceiptState,
    /// The provider's reason, for the agent.
    pub detail: Option<String>,
    /// The provider says that the customer opted out.
    pub opted_out: bool,
    /// The provider's time.
    pub at: Timestamp,
}

/// How a receipt names a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryName {
    /// Our id, echoed: all of it, if it is one provider message.
    Ours(DeliveryId),
    /// One provider message of a delivery: our id with a part, echoed.
    Part {
        /// Of which.
        delivery: DeliveryId,
        /// The plugin's own word for it; `last`: nothing of the delivery comes after it.
        part: String,
    },
    /// A provider message of a delivery that is known to have gone: found by the store from the provider's id.
    Gone(DeliveryId),
    /// The provider's id.
    Provider(String),
    /// Everything to this customer up to a time.
    AllUntil(Timestamp),
}

/// Between our delivery id and a part in the name of one provider message.
const BEFORE_PART: char = '.';

/// The part of the provider message that ends its delivery.
const LAST_PART: &str = "last";

impl DeliveryName {
    /// Our id as a provider echoes it: `d12-3-7` for a delivery, `d12-3-7.2` for one provider message of it (any word
    /// may stand behind the dot), `d12-3-7.last` for its last. `None`: not spelled like one of ours.
    pub fn echoed(text: &str) -> Option<Self> {
        let Some((delivery, part)) = text.split_once(BEFORE_PART) else {
            return text.parse().ok().map(Self::Ours);
        };
        Some(Self::Part {
            delivery: delivery.parse().ok()?,
            part: part.to_owned(),
        })
    }

    /// As [`DeliveryName::echoed`] reads it; `None` for what is not a name that we gave.
    pub fn as_given(&self) -> Option<String> {
        match self {
            Self::Ours(delivery) => Some(delivery.to_string()),
            Self::Part { delivery, part } => Some(format!("{delivery}{BEFORE_PART}{part}")),
            Self::Gone(_) | Self::Provider(_) | Self::AllUntil(_) => None,
        }
    }

    /// Whether nothing of its delivery comes after the provider message that it names.
    pub fn is_last_part(&self) -> bool {
        matches!(self, Self::Part { part, .. } if part == LAST_PART)
    }

    /// The delivery of ours that it names.
    pub fn delivery(&self) -> Option<DeliveryId> {
        match self {
            Self::Ours(delivery) | Self::Part { delivery, .. } | Self::Gone(delivery) => {
                Some(*delivery)
            }
            Self::Provider(_) | Self::AllUntil(_) => None,
        }
    }
}

/// How a delivery fares; a later one outranks an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// The provider has it.
    Accepted,
    /// On its way.
    Sent,
    /// It will not arrive.
    Failed,
    /// It arrived.
    Delivered,
    /// It was read.
    Read,
}

/// A bot's whole turn: all of it happens or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotTurn {
    /// The holding it was asked in (H4).
    pub epoch: Epoch,
    /// In order.
    pub actions: Vec<BotAction>,
    /// Its state from now on; none keeps the old one.
    pub state: Option<BotState>,
}

/// A bot's memory of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotState {
    /// `state-version` of the plugin that wrote it.
    pub version: u32,
    /// The plugin's own bytes.
    pub bytes: Vec<u8>,
}

/// What a bot asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotAction {
    /// Say a text.
    Say(String),
    /// Offer choices.
    Choices {
        /// What stands above them.
        text: String,
        /// The choices.
        options: Vec<Choice>,
    },
    /// Send a file that is on the web.
    FileByUrl {
        /// Where.
        url: String,
        /// Its name.
        name: String,
    },
    /// Show or hide the typing sign.
    Typing(bool),
    /// Remember about the customer.
    SetAttributes(Vec<(String, String)>),
    /// Offer the conversation to the agents.
    OfferHandover {
        /// Where; none leaves it to the journey.
        entry_point: Option<crate::id::EntryPointName>,
        /// What the agent reads first.
        summary: Option<String>,
        /// How long it stands, in ms; 0 = default.
        expires_ms: u64,
    },
    /// Ask me again later.
    Wake {
        /// The timer's name.
        name: String,
        /// When.
        after_ms: u64,
    },
    /// Forget a `Wake`.
    Cancel(String),
    /// Ask me again at once with these bytes.
    Again(Vec<u8>),
    /// This stage is over.
    Done,
    /// This conversation is over.
    Close,
}

/// What the bot is asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotEvent {
    /// It has the conversation now; the outcome of the stage before, if there was one.
    Started(Option<String>),
    /// The customer said something.
    Said(crate::message::Message),
    /// Its `Wake` is due.
    Timer(String),
    /// Its server called back.
    Callback(Vec<u8>),
    /// The offer waits in ECE's queue.
    Queued,
    /// This agent has it now.
    Accepted(Option<String>),
    /// The offer was refused.
    Refused(Unavailable),
    /// Nobody took the offer in time.
    Expired,
    /// The conversation came back.
    Returned,
    /// It is over.
    Closed(String),
}

/// Typing and read marks: not stored, latest wins, dropped when late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The customer began or stopped typing.
    CustomerTyping(bool),
    /// The agent of this ECE conversation began or stopped typing.
    AgentTyping {
        /// ECE's conversation.
        session: EceSession,
        /// Began.
        on: bool,
    },
    /// ECE took this delivery.
    EceTook(DeliveryId),
    /// The bot of this holding.
    BotTyping {
        /// The holding.
        epoch: Epoch,
        /// Began.
        on: bool,
    },
}

/// What language a customer writes, and how sure that is (0 to 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LanguageGuess {
    /// The language.
    pub language: Language,
    /// Share of the evidence.
    pub share: f64,
}
