//! What a customer did on the channel, and the queue that keeps the order of what they said: a
//! message with a file waits for it, and later messages wait behind.

use crate::conversation::{Arriving, BotInput, Conversation, Holder, Item};
use crate::customer::Customer;
use crate::effect::{EceMessage, Effect, Payload};
use crate::event::{ChannelEvent, Happening, Profile};
use crate::id::{ConversationId, DeliveryId, EventKey, JourneyName, Timestamp};
use crate::journey::Manner;
use crate::message::{Content, Message, StoredFile};
use crate::rules::{self, Trigger};
use crate::settings::Settings;
use crate::step::{Step, in_conversation, note_for};
use crate::{attributes, opt_out, readable};

/// Messages that may wait in one conversation, all queues together.
pub(crate) const WAITING_MAX: usize = 1000;
/// Their text, in bytes.
pub(crate) const WAITING_BYTES_MAX: usize = 256 * 1024;

/// A customer did something.
pub(crate) fn happened(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    event: ChannelEvent,
) -> Vec<Effect> {
    let ChannelEvent {
        key,
        at: _,
        profile,
        happening,
        reply_to,
    } = event;
    learn(&mut person.profile, profile);
    match happening {
        Happening::Said(content) => said(
            settings,
            person,
            now,
            Message {
                key,
                content,
                reply_to,
            },
        ),
        Happening::Edited { key: _, content } => edited(
            settings,
            person,
            now,
            Message {
                key,
                content,
                reply_to,
            },
        ),
        Happening::Withdrawn { key: _ } => aside(
            settings,
            person,
            now,
            key,
            "[the customer withdrew a message]".to_owned(),
        ),
        Happening::Reacted { key: _, emoji } => aside(settings, person, now, key, reaction(&emoji)),
        Happening::FileAnswer { delivery, accepted } => {
            let answer = |step: &mut Step<'_>| step.file_answered(delivery, accepted);
            in_conversation(settings, person, now, answer)
                .unwrap_or_else(|| too_late(person, "a file was answered"))
        }
        Happening::OptedOut { confirmed } => opt_out::opted_out(settings, person, now, confirmed),
        Happening::OptedIn => opt_out::opted_in(settings, person, now),
        Happening::Left => in_conversation(settings, person, now, |step| {
            step.close("the customer left", Manner::Quiet);
        })
        .unwrap_or_else(|| too_late(person, "the customer left")),
    }
}

fn learn(known: &mut Profile, news: Profile) {
    known.name = news.name.or(known.name.take());
    known.locale = news.locale.or(known.locale.take());
    attributes::merge(&mut known.attributes, news.attributes);
}

fn too_late(person: &Customer, what: &str) -> Vec<Effect> {
    vec![note_for(
        person.outside(),
        format!("{what} while no conversation was open"),
    )]
}

fn said(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    message: Message,
) -> Vec<Effect> {
    if let Content::Text(text) = &message.content {
        match opt_out::word(settings, person, text) {
            Some(opt_out::Word::Stop) => return opt_out::said_stop(settings, person, now),
            Some(opt_out::Word::Start) => return opt_out::opted_in(settings, person, now),
            None => person.language.observe(text),
        }
    }
    let mut effects = opt_out::opted_in_by_writing(settings, person, now);
    effects.extend(heard(settings, person, now, message));
    effects
}

/// What is no stop or start word.
fn heard(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    message: Message,
) -> Vec<Effect> {
    if person.open.is_some() {
        let receive = |step: &mut Step<'_>| step.receive(message);
        return in_conversation(settings, person, now, receive).unwrap_or_default();
    }
    match rules::pick(
        settings,
        &person.channel,
        Trigger::Said(&message.content),
        now,
    ) {
        Some(rule) => begin(settings, person, now, &rule.journey, |step| {
            step.note(format!("rule {} chose journey {}", rule.name, rule.journey));
            step.receive(message);
        }),
        None => vec![no_rule(
            person.outside(),
            &message,
            "no rule fits this message",
        )],
    }
}

/// A message that no rule wants (H6).
pub(crate) fn no_rule(conversation: ConversationId, message: &Message, reason: &str) -> Effect {
    Effect::Undeliverable {
        conversation,
        key: message.key.clone(),
        text: readable::line_of(&message.content),
        item: Some(Item::Message(message.clone())),
        reason: reason.to_owned(),
    }
}

/// A dead letter is replayed. It is a message like any other, but for words that would opt somebody out or in.
pub(crate) fn said_again(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    item: Item,
) -> Vec<Effect> {
    match item {
        // Perhaps its file can be had by now.
        Item::Message(message) | Item::LostFile { message, .. } => {
            heard(settings, person, now, message)
        }
        Item::File { message, file } => file_again(settings, person, now, message, file),
        Item::Note { key, text } => aside(settings, person, now, key, text),
    }
}

/// The file is in our keeping.
fn file_again(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    message: Message,
    file: StoredFile,
) -> Vec<Effect> {
    let trigger = Trigger::Said(&message.content);
    let rule = rules::pick(settings, &person.channel, trigger, now);
    let journey = rule.map(|rule| rule.journey.clone());
    let item = Item::File { message, file };
    match (person.open.is_some(), journey) {
        (true, _) => {
            let arrive = |step: &mut Step<'_>| step.arrive(item);
            in_conversation(settings, person, now, arrive).unwrap_or_default()
        }
        (false, Some(journey)) => begin(settings, person, now, &journey, |step| step.arrive(item)),
        (false, None) => vec![Effect::Undeliverable {
            conversation: person.outside(),
            key: item.key().clone(),
            text: readable::item_line(&item),
            item: Some(item),
            reason: "no rule fits this message".to_owned(),
        }],
    }
}

/// Begins a conversation: `first` brings what is said before its first stage starts.
pub(crate) fn begin(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    journey: &JourneyName,
    first: impl FnOnce(&mut Step<'_>),
) -> Vec<Effect> {
    let talk = next_conversation(person, journey.clone());
    Step::new(settings, person, now, talk).run(|step| {
        first(step);
        step.start_first_stage();
    })
}

/// The customer's next conversation, numbered.
pub(crate) fn next_conversation(person: &mut Customer, journey: JourneyName) -> Conversation {
    person.conversations += 1;
    let id = ConversationId {
        customer: person.id,
        number: person.conversations,
    };
    Conversation::new(id, journey)
}

fn edited(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    message: Message,
) -> Vec<Effect> {
    let Some(talk) = &person.open else {
        return vec![no_rule(
            person.outside(),
            &message,
            "an edit while no conversation was open",
        )];
    };
    if talk.desk().is_some_and(|desk| desk.offer.is_none()) {
        // A bot takes the new words as a message: that is the nearest thing it knows.
        let receive = |step: &mut Step<'_>| step.receive(message);
        return in_conversation(settings, person, now, receive).unwrap_or_default();
    }
    let text = format!(
        "[the customer edited a message: {}]",
        readable::line_of(&message.content)
    );
    aside(settings, person, now, message.key, text)
}

fn reaction(emoji: &str) -> String {
    if emoji.is_empty() {
        return "[the customer took a reaction back]".to_owned();
    }
    format!("[the customer reacted: {emoji}]")
}

/// A line for agents, in the order of what the customer says.
fn aside(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    key: EventKey,
    text: String,
) -> Vec<Effect> {
    in_conversation(settings, person, now, |step| {
        step.arrive(Item::Note { key, text });
    })
    .unwrap_or_else(|| too_late(person, "an edit, withdrawal or reaction came"))
}

impl Step<'_> {
    /// A message of the customer: on its way to the holder, behind what came before it.
    pub(crate) fn receive(&mut self, message: Message) {
        self.talk.gave_back = false;
        match message.content.clone() {
            Content::Attachment(attachment) => {
                if !self.has_room(&Item::Message(message.clone())) {
                    return;
                }
                let key = message.key.clone();
                let number = self.deliver(Payload::FetchFromCustomer { key, attachment });
                self.talk
                    .arriving
                    .push_back(Arriving::Fetching { number, message });
            }
            Content::Text(_)
            | Content::Location { .. }
            | Content::Chosen { .. }
            | Content::Described { .. }
            | Content::Unknown(_) => self.arrive(Item::Message(message)),
        }
    }

    /// An item that needs no fetching.
    pub(crate) fn arrive(&mut self, item: Item) {
        if self.has_room(&item) {
            self.talk.arriving.push_back(Arriving::Ready(item));
            self.pass_arrived_on();
        }
    }

    /// A customer's file is there, or cannot be had. Whether anything waited for it.
    pub(crate) fn customer_file(&mut self, number: u32, file: &Result<StoredFile, String>) -> bool {
        let waits =
            |a: &&mut Arriving| matches!(a, Arriving::Fetching { number: n, .. } if *n == number);
        let Some(place) = self.talk.arriving.iter_mut().find(waits) else {
            return false;
        };
        let Arriving::Fetching { message, .. } = place else {
            return false;
        };
        let message = message.clone();
        *place = Arriving::Ready(match file.clone() {
            Ok(file) => Item::File { message, file },
            Err(reason) => Item::LostFile { message, reason },
        });
        self.pass_arrived_on();
        true
    }

    fn pass_arrived_on(&mut self) {
        while let Some(Arriving::Ready(_)) = self.talk.arriving.front() {
            if let Some(Arriving::Ready(item)) = self.talk.arriving.pop_front() {
                self.hand_on(item);
            }
        }
    }

    /// Gives an item to whoever has the conversation, or keeps it for them.
    pub(crate) fn hand_on(&mut self, item: Item) {
        let line_open = self.talk.session().is_some();
        match &mut self.talk.holder {
            Holder::Bot(desk) if desk.offer.is_none() => {
                desk.queue.push_back(BotInput::Item(item));
                self.ask_bot();
            }
            Holder::Ece if line_open => self.item_to_ece(item),
            Holder::Bot(_) | Holder::Ece => self.talk.held.push_back(item),
        }
    }

    /// Room for one more waiting item; without, it becomes a dead letter. While nobody waits there
    /// is room for anything: it goes straight on.
    fn has_room(&mut self, item: &Item) -> bool {
        let waiting = self.waiting();
        let bytes = waiting.iter().sum::<usize>() + item_bytes(item);
        let fits = waiting.len() < WAITING_MAX && bytes <= WAITING_BYTES_MAX;
        if !fits && !waiting.is_empty() {
            self.undeliverable(item, "too many messages wait in this conversation");
        }
        fits || waiting.is_empty()
    }

    /// The size in bytes of each message that waits, in whatever queue.
    fn waiting(&self) -> Vec<usize> {
        let queued = self
            .talk
            .desk()
            .into_iter()
            .flat_map(|desk| &desk.queue)
            .map(|input| match input {
                BotInput::Item(item) => item_bytes(item),
                BotInput::Event(_) => 0,
            });
        let arriving = self.talk.arriving.iter().map(|place| match place {
            Arriving::Ready(item) => item_bytes(item),
            Arriving::Fetching { message, .. } => readable::line_of(&message.content).len(),
        });
        arriving
            .chain(self.talk.held.iter().map(item_bytes))
            .chain(queued)
            .collect()
    }

    /// An item that will reach nobody (H6).
    pub(crate) fn undeliverable(&mut self, item: &Item, reason: &str) {
        self.effects.push(Effect::Undeliverable {
            conversation: self.talk.id,
            key: item.key().clone(),
            text: readable::item_line(item),
            item: Some(item.clone()),
            reason: reason.to_owned(),
        });
    }

    /// The customer took or refused an agent's file: the one named, else the oldest.
    fn file_answered(&mut self, delivery: Option<DeliveryId>, accepted: bool) {
        let named = delivery
            .filter(|d| d.conversation == self.talk.id)
            .map(|d| d.number);
        let oldest = self.talk.agent_files.keys().next().copied();
        let which = if delivery.is_some() { named } else { oldest };
        let Some(file) = which.and_then(|number| self.talk.agent_files.remove(&number)) else {
            self.note("a file was answered that nobody waits for");
            return;
        };
        let answer = if accepted {
            EceMessage::AcceptFile(file)
        } else {
            EceMessage::RejectFile(file)
        };
        self.tell_ece(answer);
    }
}

fn item_bytes(item: &Item) -> usize {
    match item {
        Item::Message(message) | Item::File { message, .. } | Item::LostFile { message, .. } => {
            readable::line_of(&message.content).len()
        }
        Item::Note { text, .. } => text.len(),
    }
}
