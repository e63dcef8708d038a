//! Ways in which a call goes wrong. How long one holds says `stand_in::Times`.

use serde::{Deserialize, Serialize};

/// What happens to a message instead of a plain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Taken and recorded; the answer comes this much later.
    AnswerLate {
        /// Milliseconds between taking the message and the answer.
        ms: u64,
    },
    /// Taken and recorded, then the connection breaks: the client cannot know.
    DropAfterAccept,
    /// Not taken: the connection breaks.
    DropBeforeAccept,
    /// Not taken: this code, in Meta's error body.
    Error {
        /// For instance 130429.
        code: u32,
        /// The HTTP status, 400 as a rule.
        status: u16,
    },
    /// Taken and recorded, yet answered with this status, 500 to 599, without a body of Meta's.
    ServerErrorAfterAccept {
        /// The HTTP status.
        status: u16,
    },
    /// An upload is not taken: this code.
    UploadError {
        /// For instance 131053.
        code: u32,
    },
}

impl Fault {
    pub(crate) fn is_for_uploads(&self) -> bool {
        matches!(self, Self::UploadError { .. })
    }
}
