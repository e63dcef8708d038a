//! Opting out and in (H14). After opting out nothing reaches the customer but one confirmation,
//! and that only where the provider says nothing itself. The agent is told once.
//!
//! A customer who opted out may still write: agents read it, and cannot answer.

use crate::channel;
use crate::customer::Customer;
use crate::effect::{Author, Delivery, Effect, OutboundContent, Payload, ToCustomer};
use crate::id::{ConversationId, DeliveryId, Timestamp};
use crate::rules::{self, Trigger};
use crate::settings::{Channel, Settings};
use crate::step::{Step, in_conversation, note_for};
use crate::words;

/// A whole message with a meaning of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
}

/// Whether a message is such a word. A start word counts only from one who opted out: in a chat
/// "yes" is an answer.
pub(crate) fn word(settings: &Settings, person: &Customer, text: &str) -> Option<Word> {
    let channel = settings.channels.get(&person.channel)?;
    let is_one_of = |list: &[String]| list.iter().any(|word| words::same_message(word, text));
    if is_one_of(&channel.stop_words) {
        return Some(Word::Stop);
    }
    (person.opted_out && is_one_of(&channel.start_words)).then_some(Word::Start)
}

/// The customer wrote a stop word: what they write next is no consent, but for a start word.
pub(crate) fn said_stop(settings: &Settings, person: &mut Customer, now: Timestamp) -> Vec<Effect> {
    person.opted_out_in_words = true;
    opted_out(settings, person, now, false)
}

/// The customer wants no more messages. `confirmed`: the provider told them so already.
pub(crate) fn opted_out(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    confirmed: bool,
) -> Vec<Effect> {
    if std::mem::replace(&mut person.opted_out, true) {
        return vec![note_for(here(person), "the customer had opted out already")];
    }
    let confirmation = confirmation(settings.channels.get(&person.channel), confirmed);
    if person.open.is_some() {
        let stop = |step: &mut Step<'_>| step.opt_out(confirmation);
        return in_conversation(settings, person, now, stop).unwrap_or_default();
    }
    let mut effects = vec![
        note_for(person.outside(), "the customer opted out"),
        cancel(),
    ];
    if let Some(confirmation) = confirmation {
        effects.push(deliver_outside(person, Payload::ToCustomer(confirmation)));
    }
    effects
}

fn here(person: &Customer) -> ConversationId {
    person
        .open
        .as_ref()
        .map_or_else(|| person.outside(), |talk| talk.id)
}

/// Also what earlier conversations have not sent yet.
fn cancel() -> Effect {
    let reason = "the customer opted out".to_owned();
    Effect::CancelToCustomer { reason }
}

/// What the customer reads after opting out, if it is ours to say.
fn confirmation(channel: Option<&Channel>, confirmed: bool) -> Option<ToCustomer> {
    let channel = channel.filter(|channel| !confirmed && !channel.confirms_opt_out)?;
    let text = channel
        .opt_out_text
        .clone()
        .filter(|text| !text.is_empty())?;
    Some(ToCustomer {
        content: OutboundContent::Text(text),
        author: Author::System,
        author_name: None,
        report: false,
        despite_opt_out: true,
    })
}

/// A delivery that belongs to no conversation: those of number 0.
pub(crate) fn deliver_outside(person: &mut Customer, payload: Payload) -> Effect {
    person.outside_deliveries += 1;
    let id = DeliveryId {
        conversation: person.outside(),
        number: person.outside_deliveries,
    };
    Effect::Deliver(Delivery { id, payload })
}

/// The customer wants messages again. Outside a conversation a rule may begin one.
pub(crate) fn opted_in(settings: &Settings, person: &mut Customer, now: Timestamp) -> Vec<Effect> {
    let was_out = opt_in(person);
    if person.open.is_some() {
        let start = |step: &mut Step<'_>| step.opt_in(was_out);
        return in_conversation(settings, person, now, start).unwrap_or_default();
    }
    match rules::pick(settings, &person.channel, Trigger::OptIn, now) {
        Some(rule) => channel::begin(settings, person, now, &rule.journey, |step| {
            step.note(format!("rule {} chose journey {}", rule.name, rule.journey));
        }),
        None => vec![note_for(person.outside(), "the customer opted in")],
    }
}

/// Gives whether they had opted out.
fn opt_in(person: &mut Customer) -> bool {
    person.opted_out_in_words = false;
    std::mem::replace(&mut person.opted_out, false)
}

/// Where writing again is wanting messages again: the customer can only have deleted the conversation or blocked us,
/// and has undone that. Who opted out in words takes it back in words. No rule for opting in applies: the message itself decides what
/// begins.
pub(crate) fn opted_in_by_writing(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
) -> Vec<Effect> {
    let channel = settings.channels.get(&person.channel);
    let consents = channel.is_some_and(|channel| channel.writing_opts_in);
    if !person.opted_out || person.opted_out_in_words || !consents {
        return Vec::new();
    }
    opt_in(person);
    let start = |step: &mut Step<'_>| step.opt_in(true);
    in_conversation(settings, person, now, start)
        .unwrap_or_else(|| vec![note_for(person.outside(), "the customer writes again")])
}

impl Step<'_> {
    /// The customer opted out in this conversation.
    pub(crate) fn opt_out(&mut self, confirmation: Option<ToCustomer>) {
        self.note("the customer opted out");
        self.effects.push(cancel());
        if let Some(confirmation) = confirmation {
            self.deliver(Payload::ToCustomer(confirmation));
        }
        self.tell_agent_opted_out();
    }

    /// Tells the agent, once a session; one who gets the conversation later is told then.
    pub(crate) fn tell_agent_opted_out(&mut self) {
        let Some(session) = self.talk.session_mut() else {
            return;
        };
        if !std::mem::replace(&mut session.told_opted_out, true) {
            self.tell_agent("[the customer opted out: nothing more can be delivered to them]");
        }
    }

    fn opt_in(&mut self, was_out: bool) {
        self.note("the customer opted in");
        let told = self
            .talk
            .session_mut()
            .is_some_and(|s| std::mem::take(&mut s.told_opted_out));
        if was_out && told {
            self.tell_agent("[the customer opted in again]");
        }
    }
}
