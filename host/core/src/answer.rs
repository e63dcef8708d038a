//! Waiting in ECE's queue: from the start of its conversation, or a transfer to a queue, until an agent has it.
//!
//! Nobody else ends such a wait: ECE keeps a customer in its queue for as long as it likes. What the customer said meanwhile
//! was given to ECE and read by nobody, so it goes back among what waits, and the journey's policy decides about it.

use crate::conversation::{Item, LineState, Session};
use crate::effect::{Effect, Payload};
use crate::event::Unavailable;
use crate::id::{DeliveryId, EventKey, TimerName};
use crate::step::Step;

/// Ends the wait for an agent.
const ANSWER: &str = "answer";

/// Whether a timer ends the wait for an agent.
pub(crate) fn is_answer(name: &TimerName) -> bool {
    name.as_str() == ANSWER
}

impl Session {
    /// Whether this delivery, if it is one into ECE, was made while no agent had it.
    pub(crate) fn is_unread(&self, number: u32) -> bool {
        !self.with_agent && number > self.unread_from
    }
}

impl Step<'_> {
    /// ECE has the customer in a queue. A bot's open offer ends by its own time. An agent whose file is on its way to us has come
    /// without ECE's word for it, as in an offer that was open until now.
    pub(crate) fn await_agent(&mut self) {
        let session = self.talk.session();
        if session.is_some_and(|session| session.fetching.is_some()) {
            self.agent_is_here();
        }
        let waits = self
            .talk
            .session()
            .is_some_and(|session| !session.with_agent);
        if waits && !self.offer_is_open() {
            let at = self.now.plus_ms(self.policies().nobody_answers_ms);
            self.set_timer(TimerName::from(ANSWER), at);
        }
    }

    /// An agent has it, by ECE's word or by what they did. The next wait is a new one.
    pub(crate) fn agent_is_here(&mut self) {
        self.cancel_timers(is_answer);
        let Some(line) = &mut self.talk.ece else {
            return;
        };
        line.hold_until = None;
        line.attempts = 0;
        if let LineState::Open(session) = &mut line.state {
            session.assigned = true;
            session.with_agent = true;
        }
    }

    /// It is in a queue again.
    pub(crate) fn agent_has_left(&mut self) {
        let read = self.read_for_sure();
        if let Some(session) = self.talk.session_mut()
            && std::mem::replace(&mut session.with_agent, false)
        {
            session.unread_from = read;
        }
        self.await_agent();
    }

    /// The last delivery that the agent who left has surely had: what ECE has not taken yet, as far as is known, may come into
    /// its queue.
    fn read_for_sure(&self) -> u32 {
        let session = self.talk.session().map(|session| &session.id);
        let mut crossing = self.talk.sent.iter();
        crossing
            .find(|sent| Some(&sent.session) == session && !sent.failed)
            .map_or(self.talk.deliveries, |sent| sent.first.saturating_sub(1))
    }

    /// Waited long enough.
    pub(crate) fn nobody_answered(&mut self) {
        let waits = self.talk.session().filter(|session| !session.with_agent);
        let Some(session) = waits.map(|session| session.id.clone()) else {
            self.note("too late: an agent has the conversation");
            return;
        };
        self.note("no agent took the conversation from ECE's queue in time");
        self.leave_queue();
        if let Some(integration) = self.talk.ece.as_ref().map(|line| line.integration.clone()) {
            self.deliver(Payload::EndEce {
                integration,
                session,
            });
        }
        self.unavailable(Unavailable::WaitTooLong);
    }

    /// ECE's conversation ends without an agent: the line stays, and what nobody read waits again, before what was said later.
    pub(crate) fn leave_queue(&mut self) {
        self.cancel_timers(is_answer);
        let unread = self.take_unread();
        let held = std::mem::take(&mut self.talk.held);
        self.talk.held = unread.into_iter().chain(held).collect();
        self.talk.agent_files.clear();
        if let Some(line) = &mut self.talk.ece {
            line.state = LineState::Waiting;
        }
    }

    /// What ECE's conversation was given and no agent had. What ECE refused is a dead letter already.
    pub(crate) fn take_unread(&mut self) -> Vec<Item> {
        let Some(session) = self.talk.session().cloned() else {
            return Vec::new();
        };
        if session.is_unread(self.talk.sent_forgotten) {
            self.lose_forgotten();
        }
        let (unread, others) = std::mem::take(&mut self.talk.sent)
            .into_iter()
            .partition::<Vec<_>, _>(|sent| {
                sent.session == session.id && session.is_unread(sent.number) && !sent.failed
            });
        self.talk.sent = others.into();
        unread.into_iter().map(|sent| sent.item).collect()
    }

    /// More was said in the queue than is remembered: the words are in the store.
    fn lose_forgotten(&mut self) {
        let delivery = DeliveryId {
            conversation: self.talk.id,
            number: self.talk.sent_forgotten,
        };
        self.effects.push(Effect::Undeliverable {
            conversation: self.talk.id,
            key: EventKey(delivery.to_string()),
            text: format!("[messages up to delivery {delivery}]"),
            item: None,
            reason: "no agent had them, and they are too many to be given to the next".to_owned(),
        });
    }
}
