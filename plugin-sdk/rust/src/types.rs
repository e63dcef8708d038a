//! Words that channels and bots share: requests as they arrive, answers, addresses, what people say.
//!
//! Plain data with the names of `plugin-sdk/wit/types.wit`; the same natively and inside the sandbox. Every
//! type can be written as JSON, which is how fixtures hold it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bytes;

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = u64;

/// What a plugin remembers about one customer: at most 4 KiB of keys and values together.
pub type PeerState = BTreeMap<String, String>;

/// A header as it came or shall go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Compared without case.
    pub name: String,
    /// Text; bytes above 0x7f as Latin-1.
    pub value: String,
}

impl Header {
    /// A header.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The first header of this name, compared without case.
pub fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// A webhook call, a callback or a socket frame, as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct InboundRequest {
    /// Upper case. A socket frame has `FRAME`, an opened socket `OPEN`, a lost one `LOST`.
    pub method: String,
    /// The whole URL the provider called, rebuilt from the configured public URL, query as sent. Signatures over the
    /// URL are checked against this.
    pub url: String,
    /// What follows `/channels/{channel}` or `/bots/{bot}`; empty or beginning with `/`. No query.
    pub path: String,
    /// The raw query without `?`; empty when there is none.
    pub query: String,
    /// In the order sent.
    pub headers: Vec<Header>,
    /// At most 4 MiB.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
    /// On a socket: the value of the address that `attach` named, if it is attached. `None` on a webhook.
    pub peer: Option<String>,
}

impl InboundRequest {
    /// The first header of this name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// What the provider gets as answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// In the order to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// The bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "bytes")]
    pub body: Vec<u8>,
}

impl Answer {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// 200 with a body of this type.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![Header::new("content-type", content_type)],
            body: body.into(),
        }
    }
}

/// Why a call was not taken. The host answers with the status of the case and stores nothing. The texts go to the log,
/// never to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Rejection {
    /// Answered 403.
    #[error("not authentic: {0}")]
    Unauthentic(String),
    /// Answered 400: not what this provider sends.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Answered 404.
    #[error("no such path")]
    NotFound,
    /// Answered 405.
    #[error("no such method here")]
    MethodNotAllowed,
}

/// Something to remember about a customer. Of two changes of one key the one with the newer `at` stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeerChange {
    /// Which.
    pub key: String,
    /// `None` removes the key.
    pub value: Option<String>,
    /// When it became so, by the provider's clock if it says.
    pub at: Millis,
}

/// One way to name a customer on this channel. The host compares kind and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// For instance `phone`, `psid`.
    pub kind: String,
    /// The number, the id.
    pub value: String,
}

impl Address {
    /// An address.
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            value: value.into(),
        }
    }
}

/// A place on earth, WGS 84 degrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Location {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
    /// What the place is called.
    pub name: Option<String>,
    /// Its address.
    pub street: Option<String>,
}

/// A file a customer sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Attachment {
    /// The plugin's own word for it, given back to `open_attachment`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its name, if the provider says.
    pub name: Option<String>,
    /// Its media type, if the provider says.
    pub content_type: Option<String>,
    /// Bytes, if the provider says.
    pub size: Option<u64>,
    /// What the customer wrote under it.
    pub caption: Option<String>,
}

/// One of several answers to pick from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Choice {
    /// Comes back when it is picked.
    pub id: String,
    /// What the customer sees.
    pub title: String,
    /// A line below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A file.
    Attachment(Attachment),
    /// A place.
    Location(Location),
    /// A choice was made.
    Chosen {
        /// The choice's id.
        id: String,
        /// The title the customer saw.
        title: String,
    },
    /// Another known kind that agents read as text: a contact card, an order.
    Described {
        /// The kind.
        kind: String,
        /// What the agent reads.
        text: String,
    },
    /// A kind this plugin does not know. The agent sees a placeholder with this name; the original is kept.
    Unknown(String),
}

/// A message as bots see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What it says.
    pub content: Content,
}

/// Why a call outside failed, and what the host shall do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum SendError {
    /// Not taken, but worth another attempt.
    #[error("not taken, again in {after_ms} ms: {why}")]
    Again {
        /// No sooner than this many milliseconds.
        after_ms: u32,
        /// For the operator.
        why: String,
    },
    /// As `Again`, and the whole channel is over its limit: nothing is sent on it before.
    #[error("over the provider's limit, again in {after_ms} ms: {why}")]
    Throttled {
        /// No sooner than this many milliseconds.
        after_ms: u32,
        /// For the operator.
        why: String,
    },
    /// Not taken, and no attempt will succeed. The text is for the agent.
    #[error("refused: {0}")]
    Refused(String),
    /// Not taken: the customer opted out of this sender. Raises the opt-out.
    #[error("the customer opted out: {0}")]
    OptedOut(String),
    /// Not taken: credentials or settings are wrong. The channel's light turns red; the host tries again later.
    #[error("credentials or settings are wrong: {0}")]
    Credentials(String),
    /// The provider may or may not have taken it; the host asks again with `attempt.unknown_since`.
    #[error("it is not known whether it was taken: {0}")]
    Unknown(String),
}

/// The account that settings and credentials belong to, in the provider's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Account {
    /// The provider's id.
    pub id: String,
    /// What the provider calls it.
    pub name: Option<String>,
    /// What works, but should be looked at.
    pub warnings: Vec<String>,
}
