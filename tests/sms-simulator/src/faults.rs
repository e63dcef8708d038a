//! Ways in which a send goes wrong, and for how many sends.

use std::collections::VecDeque;

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

/// For how many sends a fault holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The next one.
    Once,
    /// So many of the next ones.
    Next(u32),
    /// Until the faults are cleared.
    Always,
}

/// Faults waiting for their sends, used up in the order they were set.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    waiting: VecDeque<(Fault, Option<u32>)>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, fault: Fault, times: Times) {
        let left = match times {
            Times::Once => Some(1),
            Times::Next(count) => Some(count),
            Times::Always => None,
        };
        if left != Some(0) {
            self.waiting.push_back((fault, left));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The fault of this send, used up by asking.
    pub(crate) fn take(&mut self) -> Option<Fault> {
        let (fault, left) = self.waiting.front_mut()?;
        let fault = *fault;
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                self.waiting.pop_front();
            }
        }
        Some(fault)
    }
}
