//! When ECE cannot take the customer: they are told, and the journey's policy decides. Holding
//! keeps the customer's messages and asks ECE again, less and less often.

use crate::conversation::LineState;
use crate::effect::OutboundContent;
use crate::event::{BotEvent, Unavailable};
use crate::id::{EntryPointName, TimerName};
use crate::journey::Manner;
use crate::messages::{self, Fill};
use crate::settings::Policy;
use crate::step::{Step, Voice};

/// Asks ECE again.
const RETRY: &str = "retry";
/// Ends the holding.
const HOLD: &str = "hold";

/// Time before the first and between later attempts, in ms: doubled each time, up to the last.
const RETRY_FIRST_MS: u64 = 5_000;
const RETRY_LAST_MS: u64 = 60_000;

/// Whether a timer belongs to holding.
pub(crate) fn is_hold(name: &TimerName) -> bool {
    is_retry(name) || is_hold_end(name)
}

pub(crate) fn is_retry(name: &TimerName) -> bool {
    name.as_str() == RETRY
}

pub(crate) fn is_hold_end(name: &TimerName) -> bool {
    name.as_str() == HOLD
}

/// The word that operators and bots read.
pub(crate) fn word(reason: Unavailable) -> &'static str {
    match reason {
        Unavailable::NoAgents => "no-agents",
        Unavailable::OutOfCapacity => "out-of-capacity",
        Unavailable::WaitTooLong => "wait-too-long",
        Unavailable::EntryPointDisabled => "entry-point-disabled",
        Unavailable::OffHours => "off-hours",
        Unavailable::Unreachable => "unreachable",
    }
}

impl Step<'_> {
    /// ECE cannot take the customer, who is waiting for it; or took them, and nobody was there.
    pub(crate) fn unavailable(&mut self, reason: Unavailable) {
        if let Some(line) = &mut self.talk.ece {
            line.state = LineState::Waiting;
        }
        self.say_unavailable(reason);
        let policies = self.policies();
        let policy = policies.on.get(&reason).cloned().unwrap_or(Policy::Hold);
        self.note(format!("ECE cannot take the customer: {}", word(reason)));
        self.follow(policy, word(reason));
    }

    /// Each text once a conversation; a retry that fails for the same reason says nothing new.
    pub(crate) fn say_unavailable(&mut self, reason: Unavailable) {
        let language = self.language();
        let Some(integration) = self.integration() else {
            return;
        };
        let text = messages::unavailable(integration, language.as_ref(), reason);
        let Some((told, text)) = text else { return };
        if self.talk.said_once.unavailable.insert(told) {
            let text = messages::render(text, Fill::Nothing);
            self.tell_customer(Voice::system(), OutboundContent::Text(text), false);
        }
    }

    fn follow(&mut self, policy: Policy, reason: &str) {
        match policy {
            Policy::Hold => self.hold(reason),
            Policy::Close => self.close(reason, Manner::Announced),
            Policy::Discard => self.close(&format!("discarded: {reason}"), Manner::Quiet),
            Policy::Back => self.give_back(reason),
            Policy::EntryPoint(name) => self.try_other(name, reason),
        }
    }

    fn hold(&mut self, reason: &str) {
        let (now, hold_ms) = (self.now, self.policies().hold_ms);
        let Some(line) = &mut self.talk.ece else {
            return;
        };
        let until = *line.hold_until.get_or_insert(now.plus_ms(hold_ms));
        if until <= now {
            self.end_hold(reason);
            return;
        }
        let pause_ms = RETRY_FIRST_MS
            .saturating_mul(1 << line.attempts.min(8))
            .min(RETRY_LAST_MS);
        line.attempts += 1;
        if !self.talk.timers.contains_key(&TimerName::from(HOLD)) {
            self.set_timer(TimerName::from(HOLD), until);
        }
        self.set_timer(TimerName::from(RETRY), now.plus_ms(pause_ms));
    }

    /// The time to ask again has come.
    pub(crate) fn retry(&mut self) {
        let waits = self
            .talk
            .ece
            .as_ref()
            .is_some_and(|line| line.state == LineState::Waiting);
        if waits {
            self.ask_ece();
        }
    }

    /// Held long enough.
    pub(crate) fn hold_ended(&mut self) {
        let reason = "nobody took the conversation in time";
        self.note(reason);
        self.end_hold(reason);
    }

    fn end_hold(&mut self, reason: &str) {
        self.cancel_timers(is_hold);
        let then = match self.policies().then {
            // Settings refuse it; holding for ever would be no answer.
            Policy::Hold => Policy::Close,
            then @ (Policy::Close | Policy::Discard | Policy::Back | Policy::EntryPoint(_)) => then,
        };
        self.follow(then, reason);
    }

    /// To the bot before, once until the customer writes again: two stages that both give the
    /// conversation away at once would never end.
    fn give_back(&mut self, reason: &str) {
        match self.bot_stage_before() {
            Some(stage) if !std::mem::replace(&mut self.talk.gave_back, true) => {
                self.move_to(stage, BotEvent::Returned);
            }
            Some(_) | None => self.close(reason, Manner::Announced),
        }
    }

    /// Another entry point of the same ECE, once.
    fn try_other(&mut self, name: EntryPointName, reason: &str) {
        let asked = self.talk.ece.as_ref().is_some_and(|line| line.tried_other);
        if asked {
            self.close(reason, Manner::Announced);
            return;
        }
        self.abandon_opening();
        if let Some(line) = &mut self.talk.ece {
            line.tried_other = true;
            line.attempts = 0;
            line.entry_point = name;
        }
        self.ask_ece();
    }
}
