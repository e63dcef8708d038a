//! A bot plugin: [`Bot`], and [`Callbacks`] where its server calls back.
//!
//! A turn's replies, offer and new state are committed together or not at all.

use serde::{Deserialize, Serialize};

use crate::bytes;
use crate::types::{Answer, Choice, InboundRequest, Message, Millis, Rejection};

/// What every bot does.
pub trait Bot {
    /// One turn.
    ///
    /// # Errors
    /// [`BotError`] says whether another attempt helps.
    fn on(event: &Event, context: &Context, state: Option<&State>) -> Result<Turn, BotError>;
}

/// Callbacks at `/bots/{bot}`.
pub trait Callbacks {
    /// The answer, and for each reply token what that conversation's next turn gets as [`Event::Callback`]. May not
    /// fetch.
    ///
    /// # Errors
    /// The call is not from the bot's server; the host keeps nothing then.
    fn receive(request: &InboundRequest) -> Result<(Answer, Vec<Callback>), Rejection>;
}

/// What a callback brings to one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Callback {
    /// [`Context::reply_token`] as it was given.
    pub reply_token: String,
    /// For the next turn.
    #[serde(with = "bytes")]
    pub bytes: Vec<u8>,
}

/// Why a bot has the conversation now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is the first stage.
    Beginning,
    /// It follows a stage that ended with this outcome.
    After(String),
}

/// What a turn is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The bot has the conversation.
    Started(Reason),
    /// The customer said something.
    Said(Message),
    /// A `wake` of this name is due.
    Timer(String),
    /// What `receive` or [`Action::Again`] gave.
    Callback(#[serde(with = "bytes")] Vec<u8>),
    /// The hand-over offer waits in ECE's queue.
    Queued,
    /// ECE assigned this agent: the agent has the conversation now.
    Accepted(String),
    /// The offer was refused: no-agents, out-of-capacity, wait-too-long, entry-point-disabled, off-hours, unreachable.
    Refused(String),
    /// Nobody took the offer in time.
    Expired,
    /// The conversation came back from the agents.
    Returned,
    /// It is over; the bot's answer is ignored.
    Closed(String),
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// The customer.
    Customer,
    /// A bot.
    Bot,
    /// A person in ECE.
    Agent,
    /// A configured message.
    System,
}

/// A line of the conversation so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub author: Author,
    /// What.
    pub text: String,
    /// When.
    pub at: Millis,
}

/// What the channel can show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Capabilities {
    /// In the channel's own counting.
    pub text_max: u32,
    /// Buttons or lists; else choices go out as numbered text.
    pub choices: bool,
    /// Files.
    pub files: bool,
    /// A typing sign.
    pub typing: bool,
}

/// What a bot is told besides the event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Context {
    /// Its id.
    pub conversation: String,
    /// For callbacks: names the conversation and this holding of it. Opaque.
    pub reply_token: String,
    /// The channel's name.
    pub channel: String,
    /// The channel's plugin.
    pub plugin: String,
    /// What the channel can show.
    pub capabilities: Capabilities,
    /// An id of ours for the customer on this channel.
    pub customer: String,
    /// Their name, if known.
    pub customer_name: Option<String>,
    /// A language tag; `None` while it is not sure.
    pub language: Option<String>,
    /// Captured and set so far.
    pub attributes: Vec<(String, String)>,
    /// The last lines, oldest first; at most 50.
    pub history: Vec<Line>,
}

/// What a bot remembers about a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The manifest's `state-version` of the plugin that wrote it.
    pub version: u32,
    /// Its own bytes.
    #[serde(with = "bytes")]
    pub bytes: Vec<u8>,
}

/// Something for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Plain text.
    Text(String),
    /// Choices.
    Choices {
        /// What stands above them.
        text: String,
        /// The choices.
        options: Vec<Choice>,
    },
    /// A file on the web.
    FileByUrl {
        /// Where.
        url: String,
        /// What it is called.
        name: String,
    },
}

/// An offer to hand over to an agent. `Offer::default()` leaves everything to the journey.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Offer {
    /// An entry point's name; `None` leaves it to the journey.
    pub entry_point: Option<String>,
    /// What the agent reads first.
    pub summary: Option<String>,
    /// How long the offer stands; 0 is the journey's default.
    pub expires_ms: u32,
}

/// What a turn does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Action {
    /// Say something.
    Reply(Reply),
    /// Show the typing sign, or take it away.
    Typing(bool),
    /// Note these about the customer.
    SetAttributes(Vec<(String, String)>),
    /// Offer the conversation to an agent. The bot stays holder until ECE assigned one.
    OfferHandover(Offer),
    /// Run me again then, with `Event::Timer(name)`; replaces a wake of the same name.
    Wake {
        /// Its name.
        name: String,
        /// From now.
        after_ms: u32,
    },
    /// Forget a wake.
    Cancel(String),
    /// Run me again at once with this as `Event::Callback`, after the actions so far are committed.
    Again(#[serde(with = "bytes")] Vec<u8>),
    /// This stage is over: the next one.
    Done,
    /// This conversation is over.
    Close,
}

impl Action {
    /// Says a text.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Reply(Reply::Text(text.into()))
    }
}

/// What a turn comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turn {
    /// In order.
    pub actions: Vec<Action>,
    /// `None` leaves the state as it was.
    pub state: Option<State>,
}

impl From<Vec<Action>> for Turn {
    fn from(actions: Vec<Action>) -> Self {
        Self {
            actions,
            state: None,
        }
    }
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum BotError {
    /// Worth another attempt.
    #[error("again in {after_ms} ms: {why}")]
    Again {
        /// No sooner than this many milliseconds.
        after_ms: u32,
        /// For the operator.
        why: String,
    },
    /// The stage fails: the journey's next agent stage gets the customer.
    #[error("failed: {0}")]
    Failed(String),
}
