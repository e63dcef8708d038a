//! Ways in which a call goes wrong.

use serde::{Deserialize, Serialize};

/// A call of the gateway or its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /v1/message`.
    Message,
    /// `GET /v1/preUpload`.
    PreUpload,
    /// `POST` of the bytes.
    Upload,
    /// `GET /v1/preDownload`.
    PreDownload,
    /// `GET` of the bytes.
    Download,
    /// `POST /v1/decodePayload`.
    DecodePayload,
}

/// What happens to a call instead of a plain answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Not taken: this status.
    Status {
        /// Of which call.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_s: Option<u32>,
    },
    /// A message, taken and recorded; the answer comes this much later.
    AnswerLate {
        /// Milliseconds between taking the message and the answer.
        ms: u64,
    },
    /// A message, taken and recorded, then the connection breaks: the client cannot know.
    DropAfterAccept,
    /// Not taken: the connection breaks.
    DropBeforeAccept {
        /// Of which call.
        call: Call,
    },
    /// A message, taken and recorded, yet answered with this status.
    StatusAfterAccept {
        /// The HTTP status.
        status: u16,
    },
}

impl Fault {
    /// Which call it is for.
    pub(crate) fn call(&self) -> Call {
        match self {
            Self::Status { call, .. } | Self::DropBeforeAccept { call } => *call,
            Self::AnswerLate { .. } | Self::DropAfterAccept | Self::StatusAfterAccept { .. } => {
                Call::Message
            }
        }
    }
}
