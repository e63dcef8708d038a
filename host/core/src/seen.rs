//! Read marks: the customer sees that an agent has what they wrote.
//!
//! Nobody tells us what an agent looks at. What counts is that an agent has the conversation and ECE has the message; while
//! a bot or a queue has it, nobody saw anything.

use crate::conversation::{Conversation, Holder, Item, Unseen};
use crate::customer::Customer;
use crate::effect::{Effect, SignalEffect};
use crate::id::{DeliveryId, EventKey};
use crate::settings::Settings;
use crate::step::Step;

/// The mark for the message that this delivery took to ECE, if the channel shows marks and an agent is there. Asked as soon
/// as ECE has it: it is forgotten soon after.
pub(crate) fn by_agent(
    settings: &Settings,
    person: &Customer,
    talk: &Conversation,
    by: DeliveryId,
) -> Option<SignalEffect> {
    let channel = settings.channels.get(&person.channel)?;
    let here = talk.holder == Holder::Ece && by.conversation == talk.id;
    if !channel.shows_seen || !here || person.opted_out {
        return None;
    }
    let session = talk.session().filter(|session| session.with_agent)?;
    let mut sent = talk.sent.iter().rev();
    let sent = sent.find(|sent| sent.number == by.number && sent.session == session.id)?;
    let key = message_key(&sent.item)?.clone();
    Some(SignalEffect::SeenByAgent { key, by })
}

/// None for an edit or a reaction, which is no message of its own.
fn message_key(item: &Item) -> Option<&EventKey> {
    match item {
        Item::Message(message) | Item::File { message, .. } | Item::LostFile { message, .. } => {
            Some(&message.key)
        }
        Item::Note { .. } => None,
    }
}

impl Step<'_> {
    /// This item goes into ECE with this delivery.
    pub(crate) fn not_seen_yet(&mut self, item: &Item, number: u32) {
        let shown = self.channel().is_some_and(|channel| channel.shows_seen);
        if let (true, Some(key)) = (shown, message_key(item)) {
            let key = key.clone();
            if let Some(session) = self.talk.session_mut() {
                session.unseen = Some(Unseen { key, number });
            }
        }
    }

    /// An agent has the conversation now, with what waited in it.
    pub(crate) fn show_seen(&mut self) {
        let conversation = self.talk.id;
        let unseen = self.talk.session_mut().and_then(|s| s.unseen.take());
        let Some(Unseen { key, number }) = unseen.filter(|_| !self.person.opted_out) else {
            return;
        };
        let by = DeliveryId {
            conversation,
            number,
        };
        let seen = SignalEffect::SeenByAgent { key, by };
        self.effects.push(Effect::Signal(seen));
    }
}
