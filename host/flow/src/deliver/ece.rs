use trunkline_core::effect::{EceMessage, OpenEce};
use trunkline_core::event::{Outcome, Unavailable};
use trunkline_core::id::{EceSession, IntegrationName};

use super::{Attempt, Failure, Hopeless, Verdict};
use crate::backoff;
use crate::flow::Outside;
use crate::ports::{Ece, EceError, EceSent, OpenOutcome, Opening, Scope, Settled};

/// An end that something waits for is given up after so many ms: a dead letter, to be ended later.
const END_HOLDS_UP_MS: u64 = 120_000;

/// What ECE's error means to a message or an end.
enum Sorted {
    Failed(Failure),
    Gone(String),
    Refused(String),
}

fn sort(error: EceError) -> Sorted {
    match error {
        EceError::Unreachable(_) | EceError::Credentials(_) => {
            Sorted::Failed(Failure::certain(error.to_string()))
        }
        EceError::Unknown(_) => Sorted::Failed(Failure::unknown(error.to_string())),
        EceError::Throttled { wait_ms, text } => {
            Sorted::Failed(Failure::waiting(text, wait_ms, true))
        }
        EceError::Gone(_) => Sorted::Gone(error.to_string()),
        EceError::Refused(_) => Sorted::Refused(error.to_string()),
    }
}

impl<O: Outside> Attempt<O> {
    /// Asks ECE to take the customer. One start in flight a conversation: the lane sees to that.
    pub(super) async fn open_ece(&self, open: &OpenEce) -> Verdict {
        let (opens, now) = (&self.inner.opens, self.now());
        let delivery = self.item.delivery.id;
        if let Some(session) = opens.session(&open.integration, delivery, now) {
            return self.started(open, session, "its callback tells that it was started");
        }
        let scope = Scope::Integration(open.integration.clone());
        if let Some(end) = self.inner.long_pause(&scope, now) {
            let text = format!("ECE asks to wait {} ms", end.ms_since(now));
            return self.unavailable(open, Unavailable::Unreachable, text);
        }
        opens.begin(&open.integration, delivery, self.unknown_before(), now);
        let (leaving, left) = self.leaving();
        let opening = self.inner.ports.ece().open(self.opening(open), leaving);
        let answer = self
            .inner
            .within(self.inner.limits.call_ms, Box::pin(opening))
            .await;
        match answer {
            Some(Ok(OpenOutcome::Started(session))) => {
                let note = if self.unknown_before() {
                    "started again after an unknown outcome"
                } else {
                    "started"
                };
                self.started(open, session, note)
            }
            Some(Ok(OpenOutcome::Unavailable(why, text))) => self.unavailable(open, why, text),
            Some(Err(error)) => match sort(error) {
                Sorted::Failed(failure) => self.not_opened(open, failure),
                Sorted::Gone(text) | Sorted::Refused(text) => {
                    self.open_is_over(open, None, self.unknown_before());
                    self.refused(text)
                }
            },
            None => self.not_opened(open, self.overdue(self.inner.limits.call_ms, &left)),
        }
    }

    fn opening(&self, open: &OpenEce) -> Opening {
        let settings = self.inner.settings();
        let plugin = settings
            .channels
            .get(&self.channel)
            .map_or_else(String::new, |channel| channel.plugin.0.clone());
        Opening {
            open: open.clone(),
            plugin,
            customer: self.addresses.clone(),
            again_after_unknown: self.unknown_before(),
        }
    }

    fn started(&self, open: &OpenEce, session: EceSession, how: &str) -> Verdict {
        self.open_is_over(open, Some(&session), self.unknown_before());
        let note = format!("{how} as {session}");
        let integration = open.integration.clone();
        Verdict {
            session: Some((integration.clone(), session.clone())),
            ..Verdict::done(note).reporting(Outcome::Started {
                integration: Some(integration),
                session,
            })
        }
    }

    /// No dead letter: the conversation goes on without it, and one that is opened later, by a replay, is nobody's.
    fn refused(&self, reason: String) -> Verdict {
        let note = format!("{reason}{}", self.doubt());
        Verdict::done(note).reporting(Outcome::Failed {
            reason,
            uncertain: self.unknown_before(),
            opted_out: false,
        })
    }

    fn unavailable(&self, open: &OpenEce, why: Unavailable, text: String) -> Verdict {
        self.open_is_over(open, None, self.unknown_before());
        Verdict::done(text).reporting(Outcome::Unavailable(why))
    }

    fn open_is_over(&self, open: &OpenEce, session: Option<&EceSession>, in_doubt: bool) {
        let delivery = self.item.delivery.id;
        let now = self.now();
        self.inner
            .opens
            .over(&open.integration, delivery, session, in_doubt, now);
    }

    /// A customer waits, so there are a few quick attempts only; what then happens is the journey's policy.
    fn not_opened(&self, open: &OpenEce, failure: Failure) -> Verdict {
        let limits = &self.inner.limits;
        let (delivery, now) = (self.item.delivery.id, self.now());
        if failure.unknown
            && let Some(session) = self.inner.opens.unknown(&open.integration, delivery, now)
        {
            return self.started(open, session, "its callback tells that it was started");
        }
        let scope = Scope::Integration(open.integration.clone());
        if failure.pause {
            self.inner
                .pauses
                .pause(&scope, now.plus_ms(failure.wait_ms));
        }
        let patience_ends = self.inner.long_pause(&scope, now).is_some();
        if self.number() > limits.open_retries || patience_ends {
            self.open_is_over(open, None, failure.unknown || self.unknown_before());
            return self.unavailable(open, Unavailable::Unreachable, failure.text);
        }
        if !failure.unknown {
            self.open_is_over(open, None, false);
        }
        let wait_ms = if failure.unknown {
            limits.open_unknown_ms
        } else {
            backoff::wait_ms(limits, delivery, self.number()).max(failure.wait_ms)
        };
        let at = now.plus_ms(wait_ms);
        let unknown = failure.unknown || self.unknown_before();
        let note = format!("{}, again in {wait_ms} ms", failure.text);
        Verdict::new(Settled::Again { at, unknown }, note)
    }

    /// A message into ECE. An unknown outcome goes by policy: it is sent again, and the trace says so.
    pub(super) async fn to_ece(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        message: &EceMessage,
    ) -> Verdict {
        let (leaving, left) = self.leaving();
        let ece = self.inner.ports.ece();
        let rest = self.item.rest.as_deref();
        let sending = ece.send(integration, session, message, rest, leaving);
        let answer = self
            .inner
            .within(self.inner.limits.call_ms, Box::pin(sending))
            .await;
        match answer {
            Some(Ok(sent)) => self.ece_has(sent),
            Some(Err(error)) => match sort(error) {
                Sorted::Failed(failure) => self.ece_again(integration, failure),
                // Not a dead letter: the core begins anew with what ECE did not take.
                Sorted::Gone(text) => self.session_gone(&text, message),
                Sorted::Refused(text) => self.hopeless(Hopeless::Refused(text)),
            },
            None => self.ece_again(integration, self.overdue(self.inner.limits.call_ms, &left)),
        }
    }

    /// Of a long text a piece at a time: what ECE has is on disk before the next one leaves, so that no piece goes again.
    fn ece_has(&self, sent: EceSent) -> Verdict {
        let how = if self.unknown_before() {
            "sent again after an attempt with unknown outcome: ECE may have it twice"
        } else {
            "sent"
        };
        match sent {
            EceSent::All => Verdict::done(how),
            EceSent::Rest(rest) => {
                Verdict::new(Settled::Part(rest), format!("{how}, more follows"))
            }
        }
    }

    /// Not a dead letter: the core begins anew with what ECE did not take. What that was stands in the delivery, which the
    /// trace shows as content; a note names none of it.
    fn session_gone(&self, text: &str, message: &EceMessage) -> Verdict {
        let doubt = self.doubt();
        Verdict::done(format!("{text}{doubt}; it did not take this"))
            .reporting(Outcome::NotTaken(message.clone()))
    }

    /// Ends a conversation in ECE. Repeated without harm, never reported.
    pub(super) async fn end_ece(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
    ) -> Verdict {
        let ending = self.inner.ports.ece().end(integration, session);
        let answer = self
            .inner
            .within(self.inner.limits.call_ms, Box::pin(ending))
            .await;
        let verdict = match answer.map_or(Ok(None), |ended| ended.map(Some)) {
            Ok(Some(())) => Verdict::done("ended"),
            Ok(None) => {
                let text = format!("no answer in {} ms", self.inner.limits.call_ms);
                self.end_again(integration, Failure::unknown(text))
            }
            Err(error) => match sort(error) {
                Sorted::Failed(failure) => self.end_again(integration, failure),
                Sorted::Gone(text) => Verdict::done(text),
                Sorted::Refused(text) => Verdict::dead(text),
            },
        };
        Verdict {
            report: None,
            ..verdict
        }
    }

    /// An ECE that answers and does not manage to end a conversation keeps nobody from the next agent.
    fn end_again(&self, integration: &IntegrationName, failure: Failure) -> Verdict {
        let answers = failure.unknown;
        let failure = Failure {
            unknown: false,
            ..failure
        };
        if answers && self.holds_up {
            let scope = Scope::Integration(integration.clone());
            return self.again(failure, END_HOLDS_UP_MS, Some(&scope));
        }
        self.ece_again(integration, failure)
    }

    fn ece_again(&self, integration: &IntegrationName, failure: Failure) -> Verdict {
        let scope = Scope::Integration(integration.clone());
        let give_up_ms = self.inner.ports.ece().give_up_ms(integration);
        let give_up_ms = give_up_ms.unwrap_or(self.inner.limits.ece_give_up_ms);
        self.again(failure, give_up_ms, Some(&scope))
    }
}
