//! One event in, effects out.

use crate::conversation::Holder;
use crate::customer::Customer;
use crate::effect::{Effect, SignalEffect};
use crate::event::{Event, Signal};
use crate::id::{TimerName, Timestamp};
use crate::settings::Settings;
use crate::step::{Step, in_conversation, note_for};
use crate::{answer, bot, channel, hold, offer, report, seen};

/// Decides what `event` means for this customer. Effects are to be carried out in order.
pub fn handle(
    settings: &Settings,
    customer: &mut Customer,
    now: Timestamp,
    event: Event,
) -> Vec<Effect> {
    match event {
        Event::Channel(event) => channel::happened(settings, customer, now, event),
        Event::SaidAgain(item) => channel::said_again(settings, customer, now, item),
        Event::Delivery(report) => report::reported(settings, customer, now, report),
        Event::Receipt(receipt) => report::receipt(settings, customer, now, receipt),
        Event::Ece(event) => {
            let late = format!("too late: news of ECE's conversation {}", event.session);
            in_conversation(settings, customer, now, |step| step.ece_told(event))
                .unwrap_or_else(|| vec![note_for(customer.outside(), late)])
        }
        Event::BotCallback {
            conversation,
            epoch,
            bytes,
        } => {
            if customer
                .open
                .as_ref()
                .is_none_or(|talk| talk.id != conversation)
            {
                return vec![note_for(
                    conversation,
                    "too late: a callback for a closed conversation",
                )];
            }
            let callback = |step: &mut Step<'_>| step.bot_called_back(epoch, bytes);
            in_conversation(settings, customer, now, callback).unwrap_or_default()
        }
        Event::Timer(name) => {
            in_conversation(settings, customer, now, |step| step.timer_due(&name))
                .unwrap_or_else(|| vec![note_for(customer.outside(), "too late: a timer")])
        }
    }
}

impl Step<'_> {
    /// A timer fired. One that was forgotten means nothing; one that was moved fires again.
    fn timer_due(&mut self, name: &TimerName) {
        let Some(at) = self.talk.timers.get(name).copied() else {
            self.note("too late: a timer that was forgotten");
            return;
        };
        if self.now < at {
            self.set_timer(name.clone(), at);
            return;
        }
        self.talk.timers.remove(name);
        if let Some(wake) = bot::wake_name(name) {
            self.tell_bot(crate::event::BotEvent::Timer(wake.to_owned()));
        } else if hold::is_retry(name) {
            self.retry();
        } else if hold::is_hold_end(name) {
            self.hold_ended();
        } else if offer::is_offer(name) {
            self.offer_expired();
        } else if answer::is_answer(name) {
            self.nobody_answered();
        } else {
            self.note("a timer that this version does not know");
        }
    }
}

/// Where a signal goes, if anywhere. Changes nothing.
pub fn signal(settings: &Settings, customer: &Customer, signal: &Signal) -> Option<SignalEffect> {
    let talk = customer.open.as_ref()?;
    let with_agents = talk.holder == Holder::Ece;
    match signal {
        Signal::CustomerTyping(on) => {
            let session = talk.session().filter(|_| with_agents)?.id.clone();
            let integration = talk.ece.as_ref()?.integration.clone();
            Some(SignalEffect::TypingToEce {
                integration,
                session,
                on: *on,
            })
        }
        Signal::AgentTyping { session, on } => {
            let present = talk.session().is_some_and(|own| own.id == *session);
            let shown = present && with_agents && !customer.opted_out;
            shown.then_some(SignalEffect::TypingToCustomer(*on))
        }
        Signal::EceTook(delivery) => seen::by_agent(settings, customer, talk, *delivery),
        Signal::BotTyping { epoch, on } => {
            let present = talk.epoch == *epoch && talk.desk().is_some();
            (present && !customer.opted_out).then_some(SignalEffect::TypingToCustomer(*on))
        }
    }
}
