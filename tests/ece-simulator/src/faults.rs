//! Ways in which a call goes wrong on purpose, and for how many calls.

use serde::{Deserialize, Serialize};

use crate::variants::Refusal;

/// Which calls a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Every call.
    Any,
    /// `oauth2/token` and `user/login`.
    Token,
    /// `messaging/configuration`.
    Configuration,
    /// `conversation/start`.
    Start,
    /// `sendmessage`.
    Send,
    /// End conversation.
    End,
    /// The status calls of family C.
    Status,
    /// Download of an agent's file.
    File,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Done; the answer comes this much later.
    AnswerLate {
        /// Milliseconds.
        ms: u64,
    },
    /// Done, then the connection breaks.
    DropAfterAccept,
    /// Not done: the connection breaks.
    DropBeforeAccept,
    /// Not done: this answer.
    Refuse {
        /// The answer.
        refusal: Refusal,
    },
    /// Done, yet this answer.
    RefuseAfterAccept {
        /// The answer.
        refusal: Refusal,
    },
}

/// For how many calls a fault holds.
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

/// Faults waiting for their calls, used up in the order they were set.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    waiting: Vec<(Operation, Fault, Option<u32>)>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, operation: Operation, fault: Fault, times: Times) {
        let left = match times {
            Times::Once => Some(1),
            Times::Next(count) => Some(count),
            Times::Always => None,
        };
        if left != Some(0) {
            self.waiting.push((operation, fault, left));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Those waiting, in order, with the calls left; any number when there is no count.
    pub(crate) fn waiting(&self) -> &[(Operation, Fault, Option<u32>)] {
        &self.waiting
    }

    /// The fault of this call, used up by asking.
    pub(crate) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let fits =
            |(of, ..): &(Operation, Fault, Option<u32>)| *of == operation || *of == Operation::Any;
        let place = self.waiting.iter().position(fits)?;
        let (_, fault, left) = &mut self.waiting[place];
        let fault = fault.clone();
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                self.waiting.remove(place);
            }
        }
        Some(fault)
    }
}
