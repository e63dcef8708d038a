use trunkline_core::effect::AskBot;
use trunkline_core::event::Outcome;

use super::{Attempt, Failure, IN_DOUBT, Verdict};
use crate::backoff;
use crate::flow::Outside;
use crate::ports::{BotCall, BotError, Plugins, Settled, state_fits};

impl<O: Outside> Attempt<O> {
    /// One turn of a bot. A few attempts only: a customer waits, and the journey knows what to do when a bot fails.
    pub(super) async fn ask_bot(&self, ask: &AskBot) -> Verdict {
        let (leaving, left) = self.leaving();
        let turning = self.inner.ports.plugins().turn(self.bot_call(ask), leaving);
        let answer = self
            .inner
            .within(self.inner.limits.call_ms, Box::pin(turning))
            .await;
        match answer {
            Some(Ok(turn)) => {
                let doubt = if self.unknown_before() { IN_DOUBT } else { "" };
                Verdict::done(format!("answered{doubt}")).reporting(Outcome::BotAnswered(turn))
            }
            Some(Err(BotError::Again { wait_ms, text })) => {
                self.ask_again(Failure::waiting(text, wait_ms, false))
            }
            Some(Err(BotError::Failed(text))) => bot_failed(text),
            None => self.ask_again(self.overdue(self.inner.limits.call_ms, &left)),
        }
    }

    /// A state that a newer plugin wrote is kept aside: not given, and not replaced unless the bot gives another.
    fn bot_call(&self, ask: &AskBot) -> BotCall {
        let mut ask = ask.clone();
        let plugin = self.inner.ports.plugins().state_version(&ask.bot);
        ask.state = ask
            .state
            .filter(|state| plugin.is_none_or(|plugin| state_fits(state, plugin)));
        BotCall {
            ask,
            conversation: self.item.delivery.id.conversation,
            channel: self.channel.clone(),
            pinned: self.item.version.clone(),
            // Each that left counted as an attempt.
            unknown_onces: self.item.left_at.map_or(0, |_| self.item.attempts),
        }
    }

    fn ask_again(&self, failure: Failure) -> Verdict {
        let limits = &self.inner.limits;
        if self.number() >= limits.bot_attempts {
            return bot_failed(failure.text);
        }
        let backoff = backoff::wait_ms(limits, self.item.delivery.id, self.number());
        let wait_ms = backoff.max(failure.wait_ms);
        let note = format!("{}, again in {wait_ms} ms", failure.text);
        let outcome = Settled::Again {
            at: self.now().plus_ms(wait_ms),
            unknown: failure.unknown || self.unknown_before(),
        };
        Verdict::new(outcome, note)
    }
}

fn bot_failed(text: String) -> Verdict {
    Verdict::done(format!("the bot failed: {text}")).reporting(Outcome::BotFailed(text))
}
