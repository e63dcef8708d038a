//! Ways in which a send goes wrong.

use serde::{Deserialize, Serialize};

/// What happens to a send instead of a plain answer.
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
    /// Not taken: 429 with code 20429.
    TooManyRequests,
    /// Not taken: this status, 500 to 599, with code 20500.
    ServerError {
        /// The HTTP status.
        status: u16,
    },
    /// Taken and recorded, yet answered with this status, 500 to 599.
    ServerErrorAfterAccept {
        /// The HTTP status.
        status: u16,
    },
}
