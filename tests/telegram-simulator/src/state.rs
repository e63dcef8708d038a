//! What the stand-in is told beforehand, and what it knows: the ledger that tests compare the connector's work with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stand_in::{FaultPlan, Outage, Watched};
use tokio::sync::watch;

pub use stand_in::WebhookAnswer as Answer;

/// The bot that the stand-in pretends to be. [`Default`] is a complete, working one.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The bot's token: part of every path.
    pub token: String,
    /// The bot's user name, without @.
    pub username: String,
    /// What `setWebhook` was given as `secret_token`; each update carries it.
    pub secret_token: String,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// Where updates are posted; settable later.
    pub webhook_url: Option<String>,
}

impl Default for TelegramConfig {
    fn default() -> Self {
        Self {
            token: "12345:TOKEN".to_owned(),
            username: "acme_bot".to_owned(),
            secret_token: "hook-0001".to_owned(),
            port: 0,
            webhook_url: None,
        }
    }
}

/// What happens to a call of the bot instead of a plain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Taken and recorded, then the connection breaks: the client cannot know.
    DropAfterAccept,
    /// Not taken: the connection breaks.
    DropBeforeAccept,
    /// Not taken: 429, with `retry_after` of this many seconds in body and header.
    TooManyRequests {
        /// Seconds.
        retry_after_s: u32,
    },
    /// Not taken: this status, 500 to 599.
    ServerError {
        /// The HTTP status.
        status: u16,
    },
}

/// Everything the bot sent and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// What the bot sent, in the order in which it was accepted.
    pub messages: Vec<Arc<SentMessage>>,
    /// What customers sent, in the order in which it began.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Refused calls: the error code and the description.
    pub refused: Vec<(u16, String)>,
}

impl Ledger {
    /// The texts sent to one chat, captions included, in acceptance order.
    pub fn texts_to(&self, chat: i64) -> Vec<&str> {
        let messages = self.messages.iter();
        let to_chat = messages.filter(|message| message.chat == chat);
        to_chat.map(|message| message.text.as_str()).collect()
    }
}

/// One message of the bot.
#[derive(Debug, Clone, Serialize)]
pub struct SentMessage {
    /// Telegram's `message_id`.
    pub id: i64,
    /// The customer's chat.
    pub chat: i64,
    /// The text, or the picture's caption; character for character.
    pub text: String,
    /// The picture's address.
    pub photo: Option<String>,
    /// Titles and data of the buttons below it.
    pub buttons: Vec<(String, String)>,
}

/// One update that a customer caused.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// Telegram's `update_id`: the key by which the connector knows a repeat.
    pub update: i64,
    /// The update as it was posted.
    pub body: Value,
    /// One for each post, repeats included.
    pub answers: Vec<Answer>,
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) webhook: Option<String>,
    pub(crate) faults: FaultPlan<Fault>,
    /// Chats that blocked the bot.
    pub(crate) blocked: BTreeSet<i64>,
    /// Customers' pictures by `file_id`.
    pub(crate) files: BTreeMap<String, Bytes>,
    /// The number last given to a message or update.
    pub(crate) last: i64,
}

impl State {
    pub(crate) fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) config: TelegramConfig,
    pub(crate) state: Watched<State>,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
}
