//! An open conversation: its journey, its stage, what waits. Kept by the store as JSON inside the
//! [`Customer`](crate::customer::Customer): members may be added with `#[serde(default)]`, never
//! renamed.
//!
//! Nothing here decides. Three queues hold what a customer said, and a message is in one of them
//! or has left the core: *arriving* (a file before it is still being fetched), *held* (no agent
//! can be given it yet), and the bot's own queue (one turn at a time).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::customer::Line;
use crate::effect::EceMessage;
use crate::event::{BotAction, BotEvent, BotState, EceHappening, RemoteFile, Unavailable};
use crate::id::{
    BotName, ConversationId, EceSession, EntryPointName, Epoch, EventKey, IntegrationName,
    JourneyName, TimerName, Timestamp,
};
use crate::message::{Attachment, Choice, Content, Message, StoredFile};

/// Lines of a conversation that bots and agents may read back.
pub const HISTORY_MAX: usize = 50;

/// The open conversation of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// How often it changed hands.
    pub epoch: Epoch,
    /// On which journey; one that the configuration no longer has ends with its present stage.
    pub journey: JourneyName,
    /// Position of the present stage in the journey, from 0.
    pub stage: usize,
    /// Who has it.
    pub holder: Holder,
    /// Deliveries counted so far.
    pub deliveries: u32,
    /// The line to ECE: the holder's, or that of a bot's open offer.
    #[serde(default)]
    pub ece: Option<EceLine>,
    /// Messages behind a file that is still being fetched, oldest first.
    #[serde(default)]
    pub arriving: VecDeque<Arriving>,
    /// Messages for an agent that cannot be given yet, oldest first.
    #[serde(default)]
    pub held: VecDeque<Item>,
    /// Items given to ECE that it has not taken yet as far as is known, that it refused, or that no agent has had: to start
    /// anew if it says that the session is gone, or nobody answers.
    #[serde(default)]
    pub sent: VecDeque<SentItem>,
    /// Items up to this delivery are not remembered in `sent` any more.
    #[serde(default)]
    pub sent_forgotten: u32,
    /// Memories of the journey's bots, by stage.
    #[serde(default)]
    pub memories: BTreeMap<usize, BotState>,
    /// What bots set with `set-attributes`, in the order first set.
    #[serde(default)]
    pub attributes: Vec<(String, String)>,
    /// The last lines, oldest first, at most [`HISTORY_MAX`].
    #[serde(default)]
    pub history: VecDeque<Line>,
    /// Timers that run.
    #[serde(default)]
    pub timers: BTreeMap<TimerName, Timestamp>,
    /// Deliveries that carry an agent's words or file, to tell the agent when one fails.
    #[serde(default)]
    pub agent_deliveries: BTreeSet<u32>,
    /// Agents' files on their way to the customer that ECE has not heard about.
    #[serde(default)]
    pub agent_files: BTreeMap<u32, RemoteFile>,
    /// What was said once and is not said again (H13).
    #[serde(default)]
    pub said_once: SaidOnce,
    /// Given back to a bot, and the customer has not written since: a second time would be a loop.
    #[serde(default)]
    pub gave_back: bool,
}

/// System messages that go out once a conversation. The end of a chat with agents is not among them: each stage with agents has its
/// own, and ECE's conversation is forgotten with it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SaidOnce {
    /// `chat_started`.
    pub started: bool,
    /// Why no agent is there.
    pub unavailable: BTreeSet<Unavailable>,
}

/// Who has the conversation.
#[expect(clippy::large_enum_variant, reason = "a conversation has one holder")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A bot.
    Bot(BotDesk),
    /// The agents of an ECE, or the wait for them.
    Ece,
}

/// A bot that has the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotDesk {
    /// Which.
    pub bot: BotName,
    /// The turn it is working on.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// What it is asked next, oldest first.
    #[serde(default)]
    pub queue: VecDeque<BotInput>,
    /// A turn is being carried out: nothing is asked before its last action.
    #[serde(default)]
    pub acting: bool,
    /// The rest of a turn behind a file that is still being fetched.
    #[serde(default)]
    pub rest: Option<RestOfTurn>,
    /// Its open offer to the agents.
    #[serde(default)]
    pub offer: Option<Offer>,
    /// Turns of its own doing since the customer last said something.
    #[serde(default)]
    pub restless: u32,
    /// The last choices offered; a number or a title is one of them until one is made.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

impl Conversation {
    /// One that begins: nobody has it, so whatever arrives is held until a stage starts.
    pub fn new(id: ConversationId, journey: JourneyName) -> Self {
        Self {
            id,
            epoch: Epoch::default(),
            journey,
            stage: 0,
            holder: Holder::Ece,
            deliveries: 0,
            ece: None,
            arriving: VecDeque::new(),
            held: VecDeque::new(),
            sent: VecDeque::new(),
            sent_forgotten: 0,
            memories: BTreeMap::new(),
            attributes: Vec::new(),
            history: VecDeque::new(),
            timers: BTreeMap::new(),
            agent_deliveries: BTreeSet::new(),
            agent_files: BTreeMap::new(),
            said_once: SaidOnce::default(),
            gave_back: false,
        }
    }

    /// ECE's conversation, if one is open: the holder's, or that of a bot's offer.
    pub fn session(&self) -> Option<&Session> {
        match &self.ece.as_ref()?.state {
            LineState::Open(session) => Some(session),
            LineState::Opening { .. } | LineState::Waiting => None,
        }
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.ece.as_mut()?.state {
            LineState::Open(session) => Some(session),
            LineState::Opening { .. } | LineState::Waiting => None,
        }
    }

    /// The bot that has it, if one has.
    pub fn desk(&self) -> Option<&BotDesk> {
        match &self.holder {
            Holder::Bot(desk) => Some(desk),
            Holder::Ece => None,
        }
    }

    pub(crate) fn desk_mut(&mut self) -> Option<&mut BotDesk> {
        match &mut self.holder {
            Holder::Bot(desk) => Some(desk),
            Holder::Ece => None,
        }
    }
}

impl BotDesk {
    /// One that has not been asked anything.
    pub fn new(bot: BotName) -> Self {
        Self {
            bot,
            asked: None,
            queue: VecDeque::new(),
            acting: false,
            rest: None,
            offer: None,
            restless: 0,
            choices: Vec::new(),
        }
    }
}

/// A turn on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The delivery's number.
    pub number: u32,
    /// The customer's message it is about.
    pub item: Option<Item>,
}

/// Something a bot will be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotInput {
    /// The customer said something.
    Item(Item),
    /// Anything else.
    Event(BotEvent),
}

/// Actions that wait for a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestOfTurn {
    /// The delivery that fetches it.
    pub number: u32,
    /// The file.
    pub file: RemoteFile,
    /// What comes after it.
    pub actions: VecDeque<BotAction>,
}

/// A bot's open offer to the agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The journey's stage that gets the conversation.
    pub stage: usize,
    /// What the agent reads first.
    pub summary: Option<String>,
}

/// The line to ECE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EceLine {
    /// Which ECE.
    pub integration: IntegrationName,
    /// Where in it.
    pub entry_point: EntryPointName,
    /// How far it is.
    pub state: LineState,
    /// When holding ends; set when it begins.
    #[serde(default)]
    pub hold_until: Option<Timestamp>,
    /// Attempts since holding began.
    #[serde(default)]
    pub attempts: u32,
    /// The policy's other entry point was tried.
    #[serde(default)]
    pub tried_other: bool,
}

/// How far a line to ECE is.
#[expect(clippy::large_enum_variant, reason = "a conversation has one line")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// ECE is being asked.
    Opening {
        /// The `OpenEce` delivery's number.
        number: u32,
    },
    /// ECE said no; a timer asks again.
    Waiting,
    /// ECE has a conversation.
    Open(Session),
}

/// A conversation in ECE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id there.
    pub id: EceSession,
    /// Whether an agent has had it.
    #[serde(default)]
    pub assigned: bool,
    /// Whether one has it now: not in a queue, as far as ECE told.
    #[serde(default)]
    pub with_agent: bool,
    /// Deliveries counted when it began: a later one into ECE is one of this session.
    #[serde(default)]
    pub since: u32,
    /// Deliveries counted when it last came into a queue: no agent has had a later one while none has it now.
    #[serde(default)]
    pub unread_from: u32,
    /// The customer's last message that was given to it, for the mark that an agent saw it; kept only where the channel shows
    /// marks.
    #[serde(default)]
    pub unseen: Option<Unseen>,
    /// Its agent's name, if ECE said.
    #[serde(default)]
    pub agent: Option<String>,
    /// The customer was told of this agent.
    #[serde(default)]
    pub announced: bool,
    /// The agent knows that the customer opted out.
    #[serde(default)]
    pub told_opted_out: bool,
    /// The agent's file that is being fetched; what happens after it waits.
    #[serde(default)]
    pub fetching: Option<Fetching>,
    /// What happened behind that file, oldest first.
    #[serde(default)]
    pub waiting: VecDeque<EceHappening>,
}

/// A message that no agent may have seen yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Which.
    pub key: EventKey,
    /// The delivery that takes it to ECE.
    pub number: u32,
}

impl Session {
    /// One that ECE just started.
    pub fn new(id: EceSession, since: u32) -> Self {
        Self {
            id,
            assigned: false,
            with_agent: false,
            unseen: None,
            since,
            unread_from: since,
            agent: None,
            announced: false,
            told_opted_out: false,
            fetching: None,
            waiting: VecDeque::new(),
        }
    }
}

/// An agent's file on its way to us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fetching {
    /// The delivery that fetches it.
    pub number: u32,
    /// The file.
    pub file: RemoteFile,
}

/// A place in the queue of arriving messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arriving {
    /// Goes to the holder when it is first.
    Ready(Item),
    /// Its file is being fetched.
    Fetching {
        /// The delivery that does so.
        number: u32,
        /// The message.
        message: Message,
    },
}

/// Something for the holder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A message without a file.
    Message(Message),
    /// A message with its file, which is in our keeping.
    File {
        /// The message; its content is the attachment.
        message: Message,
        /// The file.
        file: StoredFile,
    },
    /// A message whose file cannot be had.
    LostFile {
        /// The message; its content is the attachment.
        message: Message,
        /// Why, for the agent.
        reason: String,
    },
    /// An edit, a withdrawal, a reaction: a line for agents.
    Note {
        /// The event it came with.
        key: EventKey,
        /// What the agent reads.
        text: String,
    },
}

impl Item {
    /// What ECE was given, as something for another holder; none for an answer to an agent's file.
    pub fn given(key: EventKey, message: EceMessage) -> Option<Self> {
        let said = |key, content| Message {
            key,
            content,
            reply_to: None,
        };
        match message {
            EceMessage::Text(text) => Some(Self::Message(said(key, Content::Text(text)))),
            EceMessage::Note(text) => Some(Self::Note { key, text }),
            EceMessage::File(file) => {
                let attachment = Attachment {
                    reference: file.token.clone(),
                    name: Some(file.name.clone()),
                    content_type: Some(file.content_type.clone()),
                    size: Some(file.size),
                    caption: None,
                };
                let message = said(key, Content::Attachment(attachment));
                Some(Self::File { message, file })
            }
            EceMessage::AcceptFile(_) | EceMessage::RejectFile(_) => None,
        }
    }

    /// The provider's id of it.
    pub fn key(&self) -> &EventKey {
        match self {
            Self::Message(message)
            | Self::File { message, .. }
            | Self::LostFile { message, .. } => &message.key,
            Self::Note { key, .. } => key,
        }
    }
}

/// An item that was given to ECE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SentItem {
    /// The first of its deliveries.
    #[serde(default)]
    pub first: u32,
    /// The last of its deliveries.
    pub number: u32,
    /// The session it went to.
    pub session: EceSession,
    /// The item.
    pub item: Item,
    /// One of its deliveries failed, and may be replayed.
    #[serde(default)]
    pub failed: bool,
}
