//! What became of deliveries: reports of our own and receipts of the provider.

use crate::anew;
use crate::conversation::{Arriving, LineState};
use crate::customer::Customer;
use crate::effect::{Author, Effect, OutboundContent, Payload, ToCustomer};
use crate::event::{DeliveryName, DeliveryReport, Outcome, Receipt, ReceiptState, Unavailable};
use crate::id::{DeliveryId, EceSession, IntegrationName, Timestamp};
use crate::message::StoredFile;
use crate::messages::Fill;
use crate::opt_out;
use crate::settings::Settings;
use crate::step::{Step, Voice, in_conversation, note_for};
use crate::taken;

/// A delivery's outcome.
pub(crate) fn reported(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    report: DeliveryReport,
) -> Vec<Effect> {
    let DeliveryReport { delivery, outcome } = report;
    if settles_opening(&outcome)
        && let Some(integration) = take_stray(person, delivery)
    {
        return vec![stray_opened(person, delivery, integration, outcome)];
    }
    let mut effects = Vec::new();
    if let Outcome::Failed {
        opted_out: true, ..
    } = &outcome
    {
        effects.extend(opt_out::opted_out(settings, person, now, true));
    }
    effects.extend(
        if person
            .open
            .as_ref()
            .is_some_and(|talk| talk.id == delivery.conversation)
        {
            let settle = |step: &mut Step<'_>| step.settled(delivery.number, outcome);
            in_conversation(settings, person, now, settle).unwrap_or_default()
        } else {
            after_the_end(settings, person, now, delivery, outcome)
        },
    );
    effects
}

/// Whether an opening can end so; anything else about one is a mistake and leaves it awaited.
fn settles_opening(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Started { .. } | Outcome::Unavailable(_) | Outcome::Failed { .. } => true,
        Outcome::BotAnswered(_)
        | Outcome::BotFailed(_)
        | Outcome::FileReady(_)
        | Outcome::FileAgain { .. }
        | Outcome::FileFailed(_)
        | Outcome::Taken
        | Outcome::SessionGone
        | Outcome::NotTaken(_) => false,
    }
}

fn take_stray(person: &mut Customer, delivery: DeliveryId) -> Option<IntegrationName> {
    let index = person
        .stray_opens
        .iter()
        .position(|stray| stray.delivery == delivery)?;
    Some(person.stray_opens.remove(index).integration)
}

/// Nobody waits for this conversation in ECE any more: it is ended there.
fn stray_opened(
    person: &mut Customer,
    delivery: DeliveryId,
    integration: IntegrationName,
    outcome: Outcome,
) -> Effect {
    match outcome {
        Outcome::Started { session, .. } => end_stray(person, integration, session),
        Outcome::Unavailable(_)
        | Outcome::BotAnswered(_)
        | Outcome::BotFailed(_)
        | Outcome::FileReady(_)
        | Outcome::FileAgain { .. }
        | Outcome::FileFailed(_)
        | Outcome::Taken
        | Outcome::SessionGone
        | Outcome::NotTaken(_)
        | Outcome::Failed { .. } => note_for(
            delivery.conversation,
            format!("too late: {delivery} was not opened"),
        ),
    }
}

fn end_stray(person: &mut Customer, integration: IntegrationName, session: EceSession) -> Effect {
    opt_out::deliver_outside(
        person,
        Payload::EndEce {
            integration,
            session,
        },
    )
}

/// A report for a conversation that is closed.
fn after_the_end(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    delivery: DeliveryId,
    outcome: Outcome,
) -> Vec<Effect> {
    match outcome {
        Outcome::SessionGone => anew::after_close(settings, person, now, delivery, None),
        Outcome::NotTaken(message) => {
            anew::after_close(settings, person, now, delivery, Some(message))
        }
        Outcome::Failed { .. } => {
            taken::keep_failed(person, delivery);
            vec![too_late(delivery)]
        }
        Outcome::Started {
            integration: Some(integration),
            session,
        } => vec![too_late(delivery), end_stray(person, integration, session)],
        Outcome::Started {
            integration: None, ..
        }
        | Outcome::Unavailable(_)
        | Outcome::BotAnswered(_)
        | Outcome::BotFailed(_)
        | Outcome::FileReady(_)
        | Outcome::FileFailed(_)
        | Outcome::Taken => vec![too_late(delivery)],
        Outcome::FileAgain { file, by_agent } => vec![file_after_the_end(person, file, by_agent)],
    }
}

/// The customer gets it all the same: somebody replayed its fetch. One who opted out does not: it dies before it leaves.
fn file_after_the_end(person: &mut Customer, file: StoredFile, by_agent: bool) -> Effect {
    let message = ToCustomer {
        content: OutboundContent::File(file),
        author: if by_agent { Author::Agent } else { Author::Bot },
        author_name: None,
        report: false,
        despite_opt_out: false,
    };
    opt_out::deliver_outside(person, Payload::ToCustomer(message))
}

fn too_late(delivery: DeliveryId) -> Effect {
    let text = format!("too late: a report for {delivery}, whose conversation is closed");
    note_for(delivery.conversation, text)
}

/// The provider tells how a delivery fares. Only failures matter here: the agent is told, and a dead letter keeps the message
/// (H6), also when its conversation is over.
pub(crate) fn receipt(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    receipt: Receipt,
) -> Vec<Effect> {
    let Receipt {
        delivery,
        state,
        detail,
        opted_out,
        at: _,
    } = receipt;
    let mut effects = Vec::new();
    if opted_out {
        effects.extend(opt_out::opted_out(settings, person, now, true));
    }
    let reason = detail.unwrap_or_else(|| "the provider could not deliver it".to_owned());
    effects.extend(match (delivery, state) {
        (
            DeliveryName::Ours(id)
            | DeliveryName::Part { delivery: id, .. }
            | DeliveryName::Gone(id),
            ReceiptState::Failed,
        ) => failed(settings, person, now, id, reason),
        (DeliveryName::Provider(_) | DeliveryName::AllUntil(_), ReceiptState::Failed) => {
            vec![note_for(
                person.outside(),
                "a failed delivery that nobody knows any more",
            )]
        }
        (
            _,
            ReceiptState::Accepted
            | ReceiptState::Sent
            | ReceiptState::Delivered
            | ReceiptState::Read,
        ) => Vec::new(),
    });
    effects
}

fn failed(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    delivery: DeliveryId,
    reason: String,
) -> Vec<Effect> {
    let lost = Effect::NotDelivered {
        delivery,
        reason: reason.clone(),
    };
    let outcome = Outcome::Failed {
        reason,
        uncertain: false,
        opted_out: false,
    };
    let told = reported(settings, person, now, DeliveryReport { delivery, outcome });
    // Signals have number 0: nobody misses one.
    let lost = (delivery.number > 0).then_some(lost);
    lost.into_iter().chain(told).collect()
}

impl Step<'_> {
    /// A delivery of this conversation has an outcome.
    fn settled(&mut self, number: u32, outcome: Outcome) {
        match outcome {
            Outcome::Started { session, .. } if self.is_opening(number) => self.started(session),
            Outcome::Started {
                session,
                integration,
            } => self.end_unexpected(integration, session),
            Outcome::Unavailable(reason) => {
                self.open_settled(number, |step| step.not_opened(reason));
            }
            Outcome::BotAnswered(turn) => self.bot_answered(number, turn),
            Outcome::BotFailed(reason) => self.bot_failed(number, &reason),
            Outcome::FileReady(file) => self.file_settled(number, &Ok(file)),
            Outcome::FileAgain { file, by_agent } => self.file_again(number, file, by_agent),
            Outcome::FileFailed(reason) => self.file_settled(number, &Err(reason)),
            Outcome::Taken => self.agent_file_taken(number),
            Outcome::SessionGone => self.session_gone(number, None),
            Outcome::NotTaken(message) => self.session_gone(number, Some(message)),
            Outcome::Failed {
                reason,
                uncertain,
                opted_out: _,
            } => {
                self.delivery_failed(number, reason, uncertain);
            }
        }
    }

    fn is_opening(&self, number: u32) -> bool {
        let state = self.talk.ece.as_ref().map(|line| &line.state);
        state == Some(&LineState::Opening { number })
    }

    fn is_fetching(&self, number: u32) -> bool {
        let arriving = self.talk.arriving.iter().any(
            |place| matches!(place, Arriving::Fetching { number: fetching, .. } if *fetching == number),
        );
        let of_agent = self
            .talk
            .session()
            .and_then(|session| session.fetching.as_ref());
        let of_bot = self.talk.desk().and_then(|desk| desk.rest.as_ref());
        arriving
            || of_agent.is_some_and(|fetching| fetching.number == number)
            || of_bot.is_some_and(|rest| rest.number == number)
    }

    /// Nobody here talks in it, so nobody would ever answer the agent who gets it.
    fn end_unexpected(&mut self, integration: Option<IntegrationName>, session: EceSession) {
        let present = self.talk.session().is_some_and(|own| own.id == session);
        self.note("too late: an answer to an opening that is over");
        if let (Some(integration), false) = (integration, present) {
            self.deliver(Payload::EndEce {
                integration,
                session,
            });
        }
    }

    fn open_settled(&mut self, number: u32, act: impl FnOnce(&mut Self)) {
        if self.is_opening(number) {
            act(self);
        } else {
            self.note("too late: an answer to an opening that is over");
        }
    }

    fn not_opened(&mut self, reason: Unavailable) {
        if self.offer_is_open() {
            self.forget_opening();
            self.refuse_offer(reason);
        } else {
            self.unavailable(reason);
        }
    }

    /// It was answered: there is nothing to end when the line is dropped.
    fn forget_opening(&mut self) {
        if let Some(line) = &mut self.talk.ece {
            line.state = LineState::Waiting;
        }
    }

    fn file_settled(&mut self, number: u32, file: &Result<StoredFile, String>) {
        let wanted = self.customer_file(number, file)
            || self.agent_file(number, file)
            || self.bot_file(number, file);
        if !wanted {
            self.note("too late: a file that nobody waits for any more");
        }
    }

    /// Somebody replayed the fetch of a file that was meant for the customer.
    fn file_again(&mut self, number: u32, file: StoredFile, by_agent: bool) {
        if self.is_fetching(number) {
            self.file_settled(number, &Ok(file));
            return;
        }
        let voice = if by_agent {
            self.tell_agent(format!("[sent after all: {}]", file.name));
            self.say(|m| &m.agent_uploaded_attachment, Fill::File(&file.name));
            Voice::agent(None)
        } else {
            Voice::bot()
        };
        self.tell_customer(voice, OutboundContent::File(file), false);
    }

    fn delivery_failed(&mut self, number: u32, reason: String, uncertain: bool) {
        if self.is_opening(number) {
            let doubt = if uncertain {
                " (it may have been taken all the same)"
            } else {
                ""
            };
            self.note(format!("opening failed{doubt}: {reason}"));
            self.not_opened(Unavailable::Unreachable);
        } else if self.is_asked(number) {
            self.bot_failed(number, &reason);
        } else if self.is_fetching(number) {
            self.file_settled(number, &Err(reason));
        } else {
            self.outbound_failed(number, &reason, uncertain);
        }
    }

    fn outbound_failed(&mut self, number: u32, reason: &str, uncertain: bool) {
        let what = if uncertain {
            "perhaps not delivered"
        } else {
            "not delivered"
        };
        self.note(format!("delivery {number} failed: {reason}"));
        taken::mark_failed(self.talk.sent.iter_mut(), number);
        if let Some(file) = self.talk.agent_files.remove(&number) {
            self.tell_ece(crate::effect::EceMessage::RejectFile(file));
        }
        if self.talk.agent_deliveries.remove(&number) {
            self.tell_agent(format!("[{what}: {reason}]"));
        }
    }
}
