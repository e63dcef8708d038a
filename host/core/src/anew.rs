//! When ECE no longer has a conversation: what it did not take begins a new one, by the rules, and
//! by the journey it was on where no rule fits (the customer was in the middle of a chat and gave
//! no keyword). Nothing a customer said ends silently (H6).

use std::collections::VecDeque;

use crate::channel;
use crate::conversation::{Item, SentItem};
use crate::customer::Customer;
use crate::effect::{EceMessage, Effect};
use crate::event::Unavailable;
use crate::id::{DeliveryId, EceSession, EventKey, JourneyName, Timestamp};
use crate::journey::Manner;
use crate::message::Content;
use crate::messages::Fill;
use crate::readable;
use crate::rules::{self, Trigger};
use crate::settings::Settings;
use crate::step::{Step, in_conversation, note_for};

/// ECE says that a closed conversation was gone before it took this delivery: the customer wrote
/// while the agent was closing. Their words begin a new conversation, or join the open one.
pub(crate) fn after_close(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    delivery: DeliveryId,
    not_taken: Option<EceMessage>,
) -> Vec<Effect> {
    let parting = person
        .parting
        .as_mut()
        .filter(|p| p.conversation == delivery.conversation);
    let Some(parting) = parting.filter(|p| delivery.number > p.sent_forgotten) else {
        return vec![forgotten(delivery, not_taken)];
    };
    let items = take_from(&mut parting.sent, delivery.number, None);
    let journey = parting.journey.clone();
    if items.is_empty() {
        let text = format!("{delivery} found ECE's conversation gone, after its end here");
        return vec![note_for(delivery.conversation, text)];
    }
    if person.open.is_some() {
        let rejoin = |step: &mut Step<'_>| {
            for item in items {
                step.return_item(item);
            }
        };
        return in_conversation(settings, person, now, rejoin).unwrap_or_default();
    }
    let journey = journey_for(settings, person, now, &items, &journey);
    channel::begin(settings, person, now, &journey, |step| step.bring(items))
}

/// A message that is remembered no more: what its delivery carried is kept, for a replay to say it again.
fn forgotten(delivery: DeliveryId, not_taken: Option<EceMessage>) -> Effect {
    let key = EventKey(delivery.to_string());
    let item = not_taken.and_then(|message| Item::given(key.clone(), message));
    let text = item.as_ref().map_or_else(
        || format!("[the message of delivery {delivery}]"),
        readable::item_line,
    );
    let reason = "ECE no longer had the conversation, and it was too long ago to begin anew";
    Effect::Undeliverable {
        conversation: delivery.conversation,
        key,
        text,
        item,
        reason: reason.to_owned(),
    }
}

/// Takes the items of this delivery and of those after it to the same session.
fn take_from(
    sent: &mut VecDeque<SentItem>,
    number: u32,
    session: Option<&EceSession>,
) -> Vec<Item> {
    let (gone, kept) = std::mem::take(sent)
        .into_iter()
        .partition::<Vec<_>, _>(|sent| {
            sent.number >= number && session.is_none_or(|session| sent.session == *session)
        });
    sent.extend(kept);
    gone.into_iter().map(|sent| sent.item).collect()
}

/// The journey that the first message picks; without a rule, the one it was on.
fn journey_for(
    settings: &Settings,
    person: &Customer,
    now: Timestamp,
    items: &[Item],
    before: &JourneyName,
) -> JourneyName {
    let rule = items
        .iter()
        .find_map(content)
        .and_then(|content| rules::pick(settings, &person.channel, Trigger::Said(content), now));
    rule.map_or_else(|| before.clone(), |rule| rule.journey.clone())
}

fn content(item: &Item) -> Option<&Content> {
    match item {
        Item::Message(message) | Item::File { message, .. } | Item::LostFile { message, .. } => {
            Some(&message.content)
        }
        Item::Note { .. } => None,
    }
}

impl Step<'_> {
    /// ECE says that a delivery found its conversation gone.
    pub(crate) fn session_gone(&mut self, number: u32, not_taken: Option<EceMessage>) {
        if number <= self.talk.sent_forgotten {
            let delivery = DeliveryId {
                conversation: self.talk.id,
                number,
            };
            self.effects.push(forgotten(delivery, not_taken));
        }
        let addressee = self.addressee(number);
        if addressee.is_none() && number > self.talk.sent_forgotten {
            // A decision about a file, say. ECE's own news tells why it is over: an agent's close is on its way.
            self.note(format!(
                "delivery {number} found ECE's conversation over; nothing of the customer's was with it"
            ));
            return;
        }
        let is_late = !self.is_of_present_session(number);
        // What it took and no agent had is begun anew with, too.
        let mut not_taken = if is_late {
            Vec::new()
        } else {
            self.take_unread()
        };
        not_taken.extend(take_from(&mut self.talk.sent, number, addressee.as_ref()));
        if is_late {
            self.lose_late(number, not_taken);
        } else if self.offer_is_open() {
            self.talk.ece = None;
            self.refuse_offer(Unavailable::Unreachable);
        } else {
            self.expire(not_taken);
        }
    }

    fn is_of_present_session(&self, number: u32) -> bool {
        self.talk
            .session()
            .is_some_and(|session| number > session.since)
    }

    /// The session of this delivery, as far as items that it had not taken tell.
    fn addressee(&self, number: u32) -> Option<EceSession> {
        let present = self.talk.session().map(|session| &session.id);
        let is_late = !self.is_of_present_session(number);
        let mut later = self.talk.sent.iter().filter(|sent| sent.number >= number);
        let its = later.find(|sent| !is_late || Some(&sent.session) != present);
        its.map(|sent| sent.session.clone())
    }

    /// The agents had closed already and the conversation is with somebody else: what was meant for
    /// them must not turn up as an answer to a survey.
    fn lose_late(&mut self, number: u32, items: Vec<Item>) {
        self.note(format!(
            "delivery {number} found an earlier conversation of ECE gone"
        ));
        for item in items {
            self.undeliverable(&item, "the agent had closed the conversation before");
        }
    }

    fn expire(&mut self, not_taken: Vec<Item>) {
        self.say(|m| &m.chat_expired, Fill::Nothing);
        self.flush_agent(false);
        // ECE has nothing left to end.
        self.talk.ece = None;
        let mut items = not_taken;
        items.extend(self.take_waiting());
        if items.is_empty() {
            self.close("ECE no longer has this conversation", Manner::Announced);
            return;
        }
        self.close("ECE no longer has this conversation", Manner::Quiet);
        let before = self.talk.journey.clone();
        let journey = journey_for(self.settings, self.person, self.now, &items, &before);
        self.talk = channel::next_conversation(self.person, journey);
        self.over = false;
        self.bring(items);
        self.start_first_stage();
    }

    /// Items of an earlier conversation, before the first stage starts.
    fn bring(&mut self, items: Vec<Item>) {
        self.note("goes on from a conversation that ECE no longer had");
        for item in items {
            self.return_item(item);
        }
    }

    /// An item of an earlier conversation arrives in this one; one without its file fetches anew.
    fn return_item(&mut self, item: Item) {
        match item {
            Item::Message(message) => self.receive(message),
            Item::File { .. } | Item::LostFile { .. } | Item::Note { .. } => self.arrive(item),
        }
    }
}
