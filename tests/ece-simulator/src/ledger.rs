//! What happened, in order: the truth that tests compare the connector's work with.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// Everything so far. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// In the order in which they were started.
    pub conversations: Vec<Arc<ConversationRecord>>,
    /// Each POST to the webhook.
    pub posts: Vec<CallbackPost>,
    /// Mails that ECE would send to the registered address: a webhook was deactivated.
    pub notices: Vec<String>,
    /// Refused calls: status and code.
    pub refused: Vec<(u16, String)>,
    #[serde(skip)]
    places: HashMap<String, usize>,
}

impl Ledger {
    /// A conversation by ECE's id.
    pub fn conversation(&self, id: &str) -> Option<&ConversationRecord> {
        self.place(id).map(|place| &*self.conversations[place])
    }

    /// The newest conversation, if any.
    pub fn last(&self) -> Option<&ConversationRecord> {
        self.conversations.last().map(|record| &**record)
    }

    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    pub(crate) fn push(&mut self, record: ConversationRecord) -> usize {
        let place = self.conversations.len();
        self.places.insert(record.id.clone(), place);
        self.conversations.push(Arc::new(record));
        place
    }

    pub(crate) fn record(&mut self, place: usize) -> &mut ConversationRecord {
        Arc::make_mut(&mut self.conversations[place])
    }
}

/// One conversation as ECE keeps it.
#[derive(Debug, Clone, Serialize)]
pub struct ConversationRecord {
    /// The id that `start` answered.
    pub id: String,
    /// The chat activity's number.
    pub activity_id: String,
    /// Where it was started; a transfer to a queue changes it.
    pub entry_point: u64,
    /// Key of the client application, or the agent's login, that started it.
    pub client: String,
    /// `activity.subject`.
    pub subject: String,
    /// `activity.customer` as it came.
    pub customer: Value,
    /// Name and values, in the order sent.
    pub custom_attributes: Vec<(String, Vec<String>)>,
    /// `searchContactOnAttribute`.
    pub search_attribute: Option<String>,
    /// `anonymousCustomer=yes`.
    pub anonymous: bool,
    /// `Accept-Language` of the start.
    pub language: Option<String>,
    /// Milliseconds since 1970.
    pub started_at_ms: u64,
    /// Who has it.
    pub phase: Phase,
    /// The colleague that a queued conversation was handed to.
    pub reserved_for: Option<String>,
    /// Whether the client is told when an agent types.
    pub typing_reported: bool,
    /// What the agent's desktop shows, in the order it arrived.
    pub seen: Vec<Seen>,
    /// What was called back, in order.
    pub sent: Vec<Sent>,
}

impl ConversationRecord {
    /// The customer's texts, in order.
    pub fn texts(&self) -> Vec<&str> {
        self.seen.iter().filter_map(Seen::text).collect()
    }

    /// The files the customer offered, in order.
    pub fn files(&self) -> Vec<&CustomerFile> {
        self.seen.iter().filter_map(Seen::file).collect()
    }

    /// Whether it is over.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }
}

/// Who has a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody yet.
    Queued,
    /// The agent of this name.
    WithAgent(String),
    /// Over.
    Finished,
}

/// One thing that the agent saw.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Counts arrivals over all conversations, from 1.
    pub arrival: u64,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What it is.
    pub what: What,
}

impl Seen {
    fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text { text, .. } => Some(text),
            What::File(_)
            | What::TypingStarted
            | What::TypingStopped
            | What::FileAccepted { .. }
            | What::FileRejected { .. }
            | What::Note { .. } => None,
        }
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut CustomerFile> {
        match &mut self.what {
            What::File(file) => Some(file),
            What::Text { .. }
            | What::TypingStarted
            | What::TypingStopped
            | What::FileAccepted { .. }
            | What::FileRejected { .. }
            | What::Note { .. } => None,
        }
    }

    pub(crate) fn file(&self) -> Option<&CustomerFile> {
        match &self.what {
            What::File(file) => Some(file),
            What::Text { .. }
            | What::TypingStarted
            | What::TypingStopped
            | What::FileAccepted { .. }
            | What::FileRejected { .. }
            | What::Note { .. } => None,
        }
    }
}

/// What an agent sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The customer wrote.
    Text {
        /// Character for character.
        text: String,
        /// Sent as `text/html`.
        html: bool,
    },
    /// The customer is typing.
    TypingStarted,
    /// No longer.
    TypingStopped,
    /// The customer offers a file.
    File(CustomerFile),
    /// The customer accepted the agent's file.
    FileAccepted {
        /// The file's name.
        name: String,
    },
    /// The customer rejected the agent's file.
    FileRejected {
        /// The file's name.
        name: String,
    },
    /// ECE's own remark, for instance that the customer ended the conversation.
    Note {
        /// For people.
        text: String,
    },
}

/// A file that the customer offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerFile {
    /// `fileName`.
    pub name: String,
    /// `contentType`.
    pub content_type: String,
    /// `size` as it came: text, and not always true.
    pub size: String,
    /// Where the bytes are.
    pub url: String,
    /// What the agent did.
    pub state: FileState,
    /// What was downloaded after the agent accepted, or why it failed.
    pub fetched: Option<Result<Fetched, String>>,
}

/// What became of an offered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Nothing yet.
    Offered,
    /// The agent took it.
    Accepted,
    /// The agent did not.
    Rejected,
}

/// What was found behind a file's URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// Lower-case hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// As the server named it, empty when it did not.
    pub content_type: String,
}

/// One message of a callback.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// ECE's message id, a decimal number.
    pub id: String,
    /// `type.value`.
    pub kind: String,
    /// The text or URL.
    pub content: Option<String>,
    /// The webhook answered 2xx.
    pub delivered: bool,
    /// What it means, however `kind` spells it.
    pub told: Told,
    /// Name of the agent who had the conversation.
    pub by: Option<String>,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Its place in the transcript: how many things the agent's desktop had shown before it.
    pub after: usize,
}

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// An agent has the conversation.
    Assigned,
    /// The agent wrote.
    Text,
    /// The agent wrote HTML.
    Html,
    /// The agent is typing.
    TypingStarted,
    /// No longer.
    TypingStopped,
    /// It went to a colleague, a queue or a department.
    Transferred,
    /// A page to look at.
    Page,
    /// A file the agent sends.
    File {
        /// Behind its URL.
        id: String,
        /// File name.
        name: String,
        /// Media type.
        content_type: String,
        /// Bytes.
        size: usize,
    },
    /// The agent took the customer's file.
    FileAccepted,
    /// The agent refused it.
    FileRejected,
    /// The conversation is over.
    Ended,
}

/// One POST to the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CallbackPost {
    /// How many messages it held.
    pub messages: usize,
    /// The answer's status; 0 when there was none.
    pub status: u16,
}
