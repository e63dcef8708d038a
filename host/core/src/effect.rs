//! What a conversation asks for. `flow` carries it out and reports back with events.

use serde::{Deserialize, Serialize};

use crate::conversation::Item;
use crate::event::{BotEvent, BotState, RemoteFile};
use crate::id::{
    BotName, ConversationId, DeliveryId, EceSession, EntryPointName, Epoch, EventKey,
    IntegrationName, Language, TimerName, Timestamp,
};
use crate::message::{Attachment, Choice, StoredFile};

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send something out, in the order of its lane.
    Deliver(Delivery),
    /// Drop what has not been sent to the customer yet, in whatever conversation of theirs; each becomes a dead letter.
    CancelToCustomer {
        /// What the operator reads.
        reason: String,
    },
    /// A customer's message that will reach nobody: kept as a dead letter.
    Undeliverable {
        /// Its conversation.
        conversation: ConversationId,
        /// The provider's id of the message.
        key: EventKey,
        /// The text or a description of it.
        text: String,
        /// What a replay brings; none where only the store knows what was said.
        item: Option<Item>,
        /// What the operator reads.
        reason: String,
    },
    /// A delivery of ours that the provider took, and now says will not arrive: a dead letter is made of it, one however often
    /// it is said.
    NotDelivered {
        /// Which.
        delivery: DeliveryId,
        /// What the operator reads.
        reason: String,
    },
    /// Fire `Event::Timer(name)` at this time; replaces one of the same name.
    SetTimer {
        /// Which.
        name: TimerName,
        /// When.
        at: Timestamp,
    },
    /// Forget a timer.
    CancelTimer {
        /// Which.
        name: TimerName,
    },
    /// Not stored, not retried.
    Signal(SignalEffect),
    /// For the trace: what was decided, or came too late and changed nothing.
    Note {
        /// Its conversation, if there is one.
        conversation: Option<ConversationId>,
        /// What the operator reads; never what people wrote.
        text: String,
    },
}

/// A signal on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalEffect {
    /// Show the customer that somebody types.
    TypingToCustomer(bool),
    /// Show the customer that an agent has seen everything up to a message of theirs.
    SeenByAgent {
        /// The message.
        key: EventKey,
        /// What took it to ECE: nobody saw it before that is settled.
        by: DeliveryId,
    },
    /// Show the agent that the customer types.
    TypingToEce {
        /// Which ECE.
        integration: IntegrationName,
        /// ECE's conversation.
        session: EceSession,
        /// Began.
        on: bool,
    },
}

/// An ordered stream of one conversation's deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// To the customer.
    Customer,
    /// To ECE.
    Ece,
    /// To the bot.
    Bot,
    /// Fetching files, from the provider or from ECE.
    Files,
}

/// One effect on its way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Stable over all attempts.
    pub id: DeliveryId,
    /// Where it is going.
    pub payload: Payload,
}

impl Delivery {
    /// The stream it is ordered in.
    pub fn lane(&self) -> Lane {
        match self.payload {
            Payload::ToCustomer(_) => Lane::Customer,
            Payload::OpenEce(_) | Payload::ToEce { .. } | Payload::EndEce { .. } => Lane::Ece,
            Payload::AskBot(_) => Lane::Bot,
            Payload::FetchFromCustomer { .. } | Payload::FetchFromEce { .. } => Lane::Files,
        }
    }
}

/// What a delivery carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// A message to the customer. Reported when it fails, and when `report` says so.
    ToCustomer(ToCustomer),
    /// Ask ECE whether it can take the customer and start a conversation there. Always reported:
    /// `Started`, `Unavailable`, or `Failed`.
    OpenEce(OpenEce),
    /// A message into an ECE conversation. Reported when it fails or the conversation is gone.
    ToEce {
        /// Which ECE.
        integration: IntegrationName,
        /// ECE's conversation.
        session: EceSession,
        /// What.
        message: EceMessage,
    },
    /// End an ECE conversation. Never reported.
    EndEce {
        /// Which ECE.
        integration: IntegrationName,
        /// ECE's conversation.
        session: EceSession,
    },
    /// A bot's turn. Always reported: `BotAnswered` or `BotFailed`.
    AskBot(AskBot),
    /// Fetch a file the customer sent. Always reported: `FileReady` or `FileFailed`.
    FetchFromCustomer {
        /// The message it came with.
        key: EventKey,
        /// The file.
        attachment: Attachment,
    },
    /// Fetch a file from ECE or the web. Always reported: `FileReady` or `FileFailed`.
    FetchFromEce {
        /// Which ECE; none for a file a bot named.
        integration: Option<IntegrationName>,
        /// ECE's conversation; none for a file a bot named.
        session: Option<EceSession>,
        /// The file.
        file: RemoteFile,
        /// A replay: nobody waits for it, so `FileAgain` is reported instead of `FileReady`.
        #[serde(default)]
        again: bool,
    },
}

/// A message to the customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToCustomer {
    /// What.
    pub content: OutboundContent,
    /// Who says it.
    pub author: Author,
    /// Their name, if it is shown.
    pub author_name: Option<String>,
    /// Report `Taken` as well, not only failure.
    pub report: bool,
    /// Goes out even to a customer who opted out: the one confirmation (H14).
    pub despite_opt_out: bool,
}

/// What a customer gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundContent {
    /// Plain text.
    Text(String),
    /// A file.
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
}

/// Who says something to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A person in ECE.
    Agent,
    /// A bot.
    Bot,
    /// A configured message.
    System,
}

/// Ask ECE to take the customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenEce {
    /// Which ECE.
    pub integration: IntegrationName,
    /// Where in it.
    pub entry_point: EntryPointName,
    /// At most 255 characters.
    pub subject: String,
    /// Custom attributes, placeholders filled in.
    pub attributes: Vec<(String, String)>,
    /// The customer's name, if known.
    pub customer_name: Option<String>,
    /// What they speak, if known.
    pub language: Option<Language>,
}

/// A message into ECE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EceMessage {
    /// What the customer said, character for character (H12).
    Text(String),
    /// A line of ours: a placeholder, an opt-out, a failed delivery.
    Note(String),
    /// A file of the customer.
    File(StoredFile),
    /// The customer has the agent's file.
    AcceptFile(RemoteFile),
    /// The customer cannot get the agent's file.
    RejectFile(RemoteFile),
}

/// A bot's turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskBot {
    /// Which bot.
    pub bot: BotName,
    /// The holding it is asked in.
    pub epoch: Epoch,
    /// What happened.
    pub event: BotEvent,
    /// Its state.
    pub state: Option<BotState>,
    /// What it may know.
    pub context: BotContext,
}

/// What a bot is told besides the event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotContext {
    /// The customer's name, if known.
    pub customer_name: Option<String>,
    /// What they speak, once that is sure.
    pub language: Option<Language>,
    /// Captured and set so far.
    pub attributes: Vec<(String, String)>,
    /// The last lines, oldest first.
    pub history: Vec<crate::customer::Line>,
}
