use trunkline_core::effect::{OutboundContent, ToCustomer};
use trunkline_core::event::{DeliveryName, Outcome};

use super::{Attempt, Failure, Hopeless, Verdict, sort_send_error};
use crate::flow::Outside;
use crate::lanes::names_what_is_left;
use crate::ports::{
    Outbound, OutboundBody, Plugins, PushedFrames, Scope, SendCall, SendProgress, Sent, Settled,
    Store, StoreError,
};

/// What the trace says of one that a receipt settles.
const TOLD: &str = "a receipt tells what became of it, after an attempt with unknown outcome";

impl<O: Outside> Attempt<O> {
    /// One call of the channel's `send`.
    pub(super) async fn to_customer(&self, message: &ToCustomer) -> Verdict {
        if self.opted_out && !message.despite_opt_out {
            // Known here, and by now they may have opted in again: no news for the core.
            return self.hopeless(Hopeless::Refused("the customer opted out".to_owned()));
        }
        if self.told_of_all() {
            return taken(message, TOLD.to_owned());
        }
        let next_frame = match self.next_frame().await {
            Ok(next_frame) => next_frame,
            Err(error) => return self.not_sent(message, Failure::certain(error.to_string())),
        };
        let (leaving, left) = self.leaving();
        let call = self.call(message, next_frame);
        let wait_ms = self.wait_ms(&call.outbound.body);
        let sending = self.inner.ports.plugins().send(call, leaving);
        let answer = self.inner.within(wait_ms, Box::pin(sending)).await;
        match answer {
            Some(Ok(sent)) => self.sent(message, sent, next_frame),
            Some(Err(error)) => match sort_send_error(error) {
                Ok(failure) => self.not_sent(message, failure),
                Err(hopeless) => self.not_taken(message, hopeless),
            },
            None => self.not_sent(message, self.overdue(wait_ms, &left)),
        }
    }

    /// How long a call of `send` may take at most: a file may go along.
    fn wait_ms(&self, body: &OutboundBody) -> u64 {
        let limits = &self.inner.limits;
        match body {
            OutboundBody::File(_) => limits.call_ms + limits.transfer_ms,
            OutboundBody::Text(_)
            | OutboundBody::Choices { .. }
            | OutboundBody::Close
            | OutboundBody::Typing(_)
            | OutboundBody::Seen(_) => limits.call_ms,
        }
    }

    /// Receipts told that the provider has all that is left of it. They came while an earlier attempt was under way that never
    /// settled.
    fn told_of_all(&self) -> bool {
        let names = self.item.told.iter();
        names
            .filter_map(|name| DeliveryName::echoed(name))
            .any(|name| names_what_is_left(&name, &self.item))
    }

    /// None on a channel without sockets.
    async fn next_frame(&self) -> Result<Option<u64>, StoreError> {
        if !self.may_push() {
            return Ok(None);
        }
        let customer = self.item.delivery.id.conversation.customer;
        self.inner
            .ports
            .store()
            .next_frame(customer)
            .await
            .map(Some)
    }

    fn call(&self, message: &ToCustomer, next_frame: Option<u64>) -> SendCall {
        SendCall {
            channel: self.channel.clone(),
            outbound: Outbound {
                delivery: self.item.delivery.id,
                customer: self.addresses.clone(),
                body: body(&message.content),
                author: message.author,
                author_name: message.author_name.clone(),
                attempt: self.number(),
                unknown_since: self.item.left_at,
                taken: self.item.told.clone(),
                rest: self.item.rest.clone(),
            },
            peer_state: self.peer_state.clone(),
            pinned: self.item.version.clone(),
            next_frame,
        }
    }

    fn sent(&self, message: &ToCustomer, sent: Sent, next_frame: Option<u64>) -> Verdict {
        let pushed = went_out(&sent)
            .then_some(next_frame)
            .flatten()
            .filter(|_| !sent.pushed.is_empty());
        let note = sent_note(&sent, self.unknown_before());
        let verdict = match sent.progress {
            SendProgress::All => taken(message, note),
            SendProgress::Rest(rest) => {
                Verdict::new(Settled::Part(rest), format!("{note}, more follows"))
            }
            SendProgress::Wait(wait_ms) => self.ask_later(message, wait_ms),
            SendProgress::NotApplicable => {
                taken(message, "the channel has no such thing".to_owned())
            }
        };
        Verdict {
            provider_ids: sent.ids,
            peer_changes: sent.peer_changes,
            version: Some(sent.version),
            pushed: pushed.map(|first| PushedFrames {
                first,
                frames: sent.pushed,
            }),
            signals: sent.signals,
            ..verdict
        }
    }

    /// Nothing went out: the plugin waits to learn what became of an earlier attempt.
    fn ask_later(&self, message: &ToCustomer, wait_ms: u64) -> Verdict {
        let failure = Failure::waiting("waits for word of an earlier attempt", wait_ms, false);
        let verdict = self.not_sent(message, failure);
        match verdict.outcome {
            // The plugin's own wait, not a backoff: nothing failed.
            Settled::Again { unknown, .. } => Verdict {
                outcome: Settled::Again {
                    at: self.now().plus_ms(wait_ms),
                    unknown,
                },
                ..verdict
            },
            Settled::Done | Settled::Part(_) | Settled::Dead(_) => verdict,
        }
    }

    fn not_sent(&self, message: &ToCustomer, failure: Failure) -> Verdict {
        let in_doubt = failure.unknown || self.unknown_before();
        if in_doubt && !self.word.in_doubt() {
            return taken(message, TOLD.to_owned());
        }
        let scope = Scope::Channel(self.channel.clone());
        self.again(failure, self.inner.limits.give_up_ms, Some(&scope))
    }

    /// A repetition that is refused says nothing about the attempt before, if a receipt tells what became of that.
    fn not_taken(&self, message: &ToCustomer, hopeless: Hopeless) -> Verdict {
        let is_told = self.unknown_before() && !self.word.in_doubt();
        match hopeless {
            Hopeless::Refused(_) if is_told => taken(message, TOLD.to_owned()),
            Hopeless::Refused(_) | Hopeless::OptedOut(_) => self.hopeless(hopeless),
        }
    }
}

/// Not by a call that waits, or that the channel has nothing for.
fn went_out(sent: &Sent) -> bool {
    match sent.progress {
        SendProgress::All | SendProgress::Rest(_) => true,
        SendProgress::Wait(_) | SendProgress::NotApplicable => false,
    }
}

fn taken(message: &ToCustomer, note: String) -> Verdict {
    let verdict = Verdict::done(note);
    if message.report {
        verdict.reporting(Outcome::Taken)
    } else {
        verdict
    }
}

/// A file's hash is named by so many of its digits.
const HASH_SHOWN: usize = 12;

fn sent_note(sent: &Sent, after_unknown: bool) -> String {
    let known = if sent.ids.is_empty() {
        "sent".to_owned()
    } else {
        format!("sent as {}", sent.ids.join(", "))
    };
    if after_unknown {
        // The call may have begun on an older version than the live one.
        let hash = &sent.version.0;
        let file = hash.get(..HASH_SHOWN).unwrap_or(hash);
        format!("{known}, after an attempt with unknown outcome, by plugin file {file}")
    } else {
        known
    }
}

fn body(content: &OutboundContent) -> OutboundBody {
    match content {
        OutboundContent::Text(text) => OutboundBody::Text(text.clone()),
        OutboundContent::File(file) => OutboundBody::File(file.clone()),
        OutboundContent::Choices { text, options } => OutboundBody::Choices {
            text: text.clone(),
            options: options.clone(),
        },
        OutboundContent::Close => OutboundBody::Close,
    }
}
