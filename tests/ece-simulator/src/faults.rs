//! Ways in which a call goes wrong on purpose, and for how many calls.

use serde::{Deserialize, Serialize};
pub use stand_in::Times;

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

/// Faults waiting for their calls, used up in the order they were set.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan(stand_in::FaultPlan<(Operation, Fault)>);

impl FaultPlan {
    pub(crate) fn add(&mut self, operation: Operation, fault: Fault, times: Times) {
        self.0.add((operation, fault), times);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those waiting, in order, with the calls left; any number when there is no count.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&Operation, &Fault, Option<u32>)> {
        let waiting = self.0.waiting();
        waiting.map(|((operation, fault), left)| (operation, fault, left))
    }

    /// The fault of this call, used up by asking.
    pub(crate) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let fits = |(of, _): &(Operation, Fault)| *of == operation || *of == Operation::Any;
        self.0.take_if(fits).map(|(_, fault)| fault)
    }
}
