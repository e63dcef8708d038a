//! The two files of a pair, as types.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bot;
use crate::bytes;
use crate::channel::{Download, Event, Outbound, Reception, Sent};
use crate::http::Request;
use crate::types::{
    Account, Answer, Header, InboundRequest, Millis, PeerChange, PeerState, Rejection, SendError,
};

/// 2026-11-23 10:00:00 UTC: when fixtures play unless they say otherwise.
const NOW: Millis = 1_795_428_000_000;

/// What happens: `NAME.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fixture {
    /// What is shown, for the reader.
    #[serde(default)]
    pub about: String,
    /// The name of the channel or bot in the configuration.
    #[serde(default = "default_name")]
    pub name: String,
    /// What `config.public-url` gives.
    #[serde(default = "default_public_url")]
    pub public_url: String,
    /// The time of the start of the call.
    #[serde(default = "default_now")]
    pub now: Millis,
    /// As the operator writes them; defaults come from the manifest.
    #[serde(default)]
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Each with one value, or two while it is rotated.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretValues>,
    /// What is remembered about the customer.
    #[serde(default)]
    pub peer_state: PeerState,
    /// The number that the first `push` of the call gets; 1 unless given.
    #[serde(default = "first")]
    pub next_frame: u64,
    /// What is called.
    pub call: Call,
    /// What the outside answers, in the order of the requests. Each must be asked for.
    #[serde(default)]
    pub answers: Vec<ScriptedAnswer>,
}

fn first() -> u64 {
    1
}

fn default_name() -> String {
    "test".to_owned()
}

fn default_public_url() -> String {
    "https://chat.example.com/channels/test".to_owned()
}

fn default_now() -> Millis {
    NOW
}

/// The values of a secret, the newer first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SecretValues {
    /// As a rule.
    One(String),
    /// While it is rotated.
    Several(Vec<String>),
}

impl SecretValues {
    /// All of them, the newer first.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

/// A call of one of the plugin's functions, with its arguments.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// A channel's `receive`.
    Receive(WrittenRequest),
    /// A channel's `send`.
    Send(Outbound),
    /// A channel's `resolve`.
    Resolve(Event),
    /// A channel's `open-attachment`.
    OpenAttachment(String),
    /// `check`.
    Check,
    /// A bot's `on`.
    On {
        /// What the turn is about.
        event: bot::Event,
        /// What the bot is told besides.
        #[serde(default)]
        context: bot::Context,
        /// What it remembers.
        #[serde(default)]
        state: Option<bot::State>,
    },
    /// A bot's `receive`.
    Callback(WrittenRequest),
}

/// A request as people write it: path and query are those of the URL.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WrittenRequest {
    /// POST unless given.
    #[serde(default = "post")]
    pub method: String,
    /// Begins with `public-url`, port apart.
    pub url: String,
    /// By name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Text, or `{"hex": "…"}`.
    #[serde(default, with = "bytes")]
    pub body: Vec<u8>,
    /// On a socket: the customer attached to it.
    #[serde(default)]
    pub peer: Option<String>,
    /// What follows the channel's own path, where the URL does not begin with `public-url`.
    #[serde(default)]
    pub path: Option<String>,
}

fn post() -> String {
    "POST".to_owned()
}

impl WrittenRequest {
    /// As the plugin gets it.
    ///
    /// # Errors
    /// The URL is not below `public_url`, and no path is given.
    pub fn to_request(&self, public_url: &str) -> Result<InboundRequest, String> {
        let without_fragment = self.url.split('#').next().unwrap_or_default();
        let (address, query) = without_fragment
            .split_once('?')
            .unwrap_or((without_fragment, ""));
        let path = match (&self.path, address.strip_prefix(public_url)) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) => path.to_owned(),
            (None, None) => {
                return Err(format!(
                    "{address} is not below {public_url}: give the request a `path`"
                ));
            }
        };
        Ok(InboundRequest {
            method: self.method.clone(),
            url: self.url.clone(),
            path,
            query: query.to_owned(),
            headers: headers(&self.headers),
            body: self.body.clone(),
            peer: self.peer.clone(),
        })
    }
}

/// By name, to a list.
pub(super) fn headers(headers: &BTreeMap<String, String>) -> Vec<Header> {
    headers
        .iter()
        .map(|(name, value)| Header::new(name, value))
        .collect()
}

/// What the outside answers to one request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum ScriptedAnswer {
    /// No answer.
    None {
        /// `denied`, `unreachable`, `unknown` or `too-large`.
        error: ScriptedError,
    },
    /// An answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// By name.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body as JSON; else `hex`, else `text`.
        #[serde(default)]
        json: Option<serde_json::Value>,
        /// The body as hex digits, where it is no text.
        #[serde(default)]
        hex: Option<String>,
        /// The body.
        #[serde(default)]
        text: String,
    },
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptedError {
    /// Not granted.
    Denied,
    /// No connection.
    Unreachable,
    /// It left, and no whole answer came back.
    Unknown,
    /// The answer was larger than 1 MiB.
    TooLarge,
}

/// What must come of it: `NAME.expected.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expected {
    /// What the plugin asked the outside, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// What the host takes of what it gave to the socket, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// What the function gave back.
    pub result: Outcome,
}

/// What `send` gave to the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Goes to the end of the customer's log.
    Push {
        /// What `push` gave.
        number: u64,
        /// As a client gets it.
        #[serde(with = "bytes")]
        frame: Vec<u8>,
    },
    /// To whoever is attached now.
    Signal(#[serde(with = "bytes")] Vec<u8>),
}

/// What a function gave back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Outcome {
    /// Of `receive`.
    Reception(Reception),
    /// Of `receive`, also a bot's.
    Rejected(Rejection),
    /// Of `send`.
    Sent(Sent),
    /// Of `send`, `resolve`, `open-attachment` and `check`.
    Failed(SendError),
    /// Of `resolve`.
    Resolved {
        /// In the place of the one.
        events: Vec<Event>,
        /// What to remember about the customer.
        peer_changes: Vec<PeerChange>,
    },
    /// Of `open-attachment`.
    Download(Download),
    /// Of `check`.
    Account(Account),
    /// Of `on`.
    Turn(bot::Turn),
    /// Of `on`.
    BotFailed(bot::BotError),
    /// Of a bot's `receive`.
    CalledBack {
        /// What the caller gets.
        answer: Answer,
        /// For the next turns.
        callbacks: Vec<bot::Callback>,
    },
}

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Errors
    /// It cannot be read, or is not what the format says.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

impl Expected {
    /// Reads an expected file.
    ///
    /// # Errors
    /// It cannot be read, or is not what the format says.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes an expected file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        fs::write(path, self.to_json() + "\n")
            .map_err(|error| format!("write {}: {error}", path.display()))
    }

    /// As it stands in the file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("not JSON: {error}"))
    }
}
