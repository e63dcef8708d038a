//! Ways in which a send goes wrong.

use serde::{Deserialize, Serialize};

/// An error body of Meta's, with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// As a rule 400, also for limits.
    pub status: u16,
    /// The code.
    pub code: u32,
    /// The subcode.
    pub subcode: Option<u32>,
    /// For people.
    pub message: String,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// Status 400 and a plain message.
    pub fn new(code: u32, subcode: Option<u32>) -> Self {
        Self {
            status: 400,
            code,
            subcode,
            message: format!("(#{code}) The stand-in was told to say so"),
            retry_after_s: None,
        }
    }
}

/// What happens to a message instead of a plain answer. Signs (typing, seen) are spared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Not taken: this error.
    Refused {
        /// As Meta would say it.
        problem: Problem,
    },
    /// Taken and recorded, yet answered with this error.
    RefusedAfterAccept {
        /// As Meta would say it.
        problem: Problem,
    },
}
