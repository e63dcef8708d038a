//! A bot's stage: asked about one thing at a time, its turns carried out whole.
//!
//! What the customer says while the bot works waits in its queue. Its memory changes only with a
//! turn that is accepted; a turn of an earlier holding changes nothing (H4).

use std::collections::VecDeque;

use crate::attributes;
use crate::bot_file::{link, with_stored_file};
use crate::conversation::{Asked, BotInput, Item};
use crate::customer::{Line, LineAuthor};
use crate::effect::{AskBot, BotContext, Effect, OutboundContent, Payload, SignalEffect};
use crate::event::{BotAction, BotEvent, BotTurn, RemoteFile};
use crate::id::{Epoch, TimerName};
use crate::journey::Manner;
use crate::message::{Choice, Content, Message};
use crate::readable;
use crate::step::{Step, Voice};
use crate::words;

/// A bot's timers, before the name it gave.
const WAKE: &str = "bot:";
/// What may wait to be asked besides the customer's words: callbacks and timers.
const EVENTS_MAX: usize = 1000;
/// Turns that a bot may have by its own doing alone between two messages of the customer: by `again`, by a wake sooner than
/// [`CALM_WAKE_MS`], by an offer that is refused or expires. One that wants more goes round in circles, at our cost and ECE's.
const RESTLESS_MAX: u32 = 50;
/// Wakes that are no sooner than this are a bot's way to poll, and not counted, in ms.
const CALM_WAKE_MS: u64 = 250;

/// Whether a timer is a bot's.
pub(crate) fn is_wake(name: &TimerName) -> bool {
    wake_name(name).is_some()
}

/// The name the bot gave.
pub(crate) fn wake_name(timer: &TimerName) -> Option<&str> {
    timer.as_str().strip_prefix(WAKE)
}

fn wake_timer(name: &str) -> TimerName {
    TimerName(format!("{WAKE}{name}"))
}

impl Step<'_> {
    /// Puts something behind what the bot will be asked.
    pub(crate) fn tell_bot(&mut self, event: BotEvent) {
        let Some(desk) = self.talk.desk_mut() else {
            return;
        };
        if desk.queue.len() >= EVENTS_MAX {
            self.note("the bot does not keep up: a callback or timer was dropped");
            return;
        }
        desk.queue.push_back(BotInput::Event(event));
        self.ask_bot();
    }

    /// Asks the next question, if the bot is free.
    pub(crate) fn ask_bot(&mut self) {
        while let Some(input) = self.next_input() {
            let (event, item) = match input {
                BotInput::Event(event) => (event, None),
                BotInput::Item(item) => match self.as_said(&item) {
                    Some(message) => (BotEvent::Said(message), Some(item)),
                    None => continue,
                },
            };
            let number = self.send_question(event, item.as_ref());
            if let Some(desk) = self.talk.desk_mut() {
                desk.asked = Some(Asked { number, item });
            }
        }
    }

    fn next_input(&mut self) -> Option<BotInput> {
        let desk = self.talk.desk_mut()?;
        let is_free = desk.asked.is_none() && !desk.acting;
        if is_free {
            desk.queue.pop_front()
        } else {
            None
        }
    }

    fn send_question(&mut self, event: BotEvent, item: Option<&Item>) -> u32 {
        let context = self.bot_context();
        if let Some(item) = item {
            self.calm_down();
            self.remember(LineAuthor::Customer, readable::item_line(item));
        }
        self.ask(event, context)
    }

    fn ask(&mut self, event: BotEvent, context: BotContext) -> u32 {
        let bot = self.talk.desk().map(|desk| desk.bot.clone());
        let bot = bot.unwrap_or_else(|| crate::id::BotName(String::new()));
        let state = self.talk.memories.get(&self.talk.stage).cloned();
        let epoch = self.talk.epoch;
        self.deliver(Payload::AskBot(AskBot {
            bot,
            epoch,
            event,
            state,
            context,
        }))
    }

    /// Tells the bot something whose answer nobody waits for.
    pub(crate) fn tell_bot_apart(&mut self, event: BotEvent) {
        let context = self.bot_context();
        self.ask(event, context);
    }

    fn bot_context(&self) -> BotContext {
        let mut attributes = self.person.profile.attributes.clone();
        attributes::merge(&mut attributes, self.talk.attributes.clone());
        BotContext {
            customer_name: self.person.profile.name.clone(),
            language: self.language(),
            attributes,
            history: self.talk.history.iter().cloned().collect(),
        }
    }

    /// An item as a bot gets it; lines for agents are not for bots.
    fn as_said(&mut self, item: &Item) -> Option<Message> {
        match item {
            Item::Message(message) => Some(self.with_choice(message.clone())),
            Item::File { message, file } => Some(with_stored_file(message.clone(), file)),
            Item::LostFile { message, .. } => {
                let content = Content::Text(readable::item_line(item));
                Some(Message {
                    content,
                    ..message.clone()
                })
            }
            Item::Note { .. } => {
                self.note("an edit, withdrawal or reaction: bots are not told");
                None
            }
        }
    }

    /// A number or a title in answer to choices is the choice: they went out as text, or a plugin wrote them out for a
    /// device that shows none, or the customer types what could be tapped.
    fn with_choice(&mut self, message: Message) -> Message {
        let Some(desk) = self.talk.desk_mut() else {
            return message;
        };
        let text = match &message.content {
            Content::Text(text) => text,
            Content::Chosen { .. } => {
                desk.choices.clear();
                return message;
            }
            Content::Attachment(_)
            | Content::Location { .. }
            | Content::Described { .. }
            | Content::Unknown(_) => return message,
        };
        let Some(Choice { id, title, .. }) = chosen(&desk.choices, text).cloned() else {
            return message;
        };
        desk.choices.clear();
        Message {
            content: Content::Chosen { id, title },
            ..message
        }
    }

    /// A bot's turn came back.
    pub(crate) fn bot_answered(&mut self, number: u32, turn: BotTurn) {
        if !self.is_asked(number) || turn.epoch != self.talk.epoch {
            self.note("too late: a bot's turn of an earlier holding");
            return;
        }
        if let Some(state) = turn.state {
            self.talk.memories.insert(self.talk.stage, state);
        }
        if let Some(desk) = self.talk.desk_mut() {
            desk.asked = None;
            desk.acting = true;
        }
        self.carry_out(turn.actions.into());
    }

    pub(crate) fn is_asked(&self, number: u32) -> bool {
        let asked = self.talk.desk().and_then(|desk| desk.asked.as_ref());
        asked.is_some_and(|asked| asked.number == number)
    }

    /// Actions in order; those behind a file wait for it.
    pub(crate) fn carry_out(&mut self, mut actions: VecDeque<BotAction>) {
        let epoch = self.talk.epoch;
        while let Some(action) = actions.pop_front() {
            if let BotAction::FileByUrl { url, name } = action {
                self.fetch_bot_file(
                    RemoteFile {
                        url,
                        name,
                        content_type: None,
                        id: None,
                    },
                    actions,
                );
                return;
            }
            self.act(action);
            if self.over || self.talk.epoch != epoch {
                self.note_unused(actions.len());
                return;
            }
        }
        if let Some(desk) = self.talk.desk_mut() {
            desk.acting = false;
        }
        self.ask_bot();
    }

    fn note_unused(&mut self, count: usize) {
        if count > 0 {
            self.note(format!(
                "{count} actions of a bot came after it had given the conversation away"
            ));
        }
    }

    pub(crate) fn act(&mut self, action: BotAction) {
        match action {
            BotAction::Say(text) => self.bot_said(text),
            BotAction::Choices { text, options } => self.bot_offered_choices(text, options),
            BotAction::FileByUrl { url, name } => self.bot_said(link(&name, &url)),
            BotAction::Typing(on) => self.bot_types(on),
            BotAction::SetAttributes(news) => attributes::merge(&mut self.talk.attributes, news),
            BotAction::OfferHandover {
                entry_point,
                summary,
                expires_ms,
            } => {
                self.offer_to_agents(entry_point, summary, expires_ms);
            }
            BotAction::Wake { name, after_ms } => {
                if after_ms >= CALM_WAKE_MS || !self.is_restless() {
                    let at = self.now.plus_ms(after_ms);
                    self.set_timer(wake_timer(&name), at);
                }
            }
            BotAction::Cancel(name) => self.cancel_timer(&wake_timer(&name)),
            BotAction::Again(bytes) => self.ask_again(bytes),
            BotAction::Done => self.bot_done(),
            BotAction::Close => self.close("the bot closed it", Manner::Announced),
        }
    }

    pub(crate) fn bot_said(&mut self, text: String) {
        self.tell_customer(Voice::bot(), OutboundContent::Text(text), false);
    }

    fn bot_offered_choices(&mut self, text: String, options: Vec<Choice>) {
        let content = if self.channel().is_some_and(|channel| channel.choices) {
            OutboundContent::Choices {
                text,
                options: options.clone(),
            }
        } else {
            OutboundContent::Text(readable::numbered(&text, &options))
        };
        self.tell_customer(Voice::bot(), content, false);
        if let Some(desk) = self.talk.desk_mut() {
            desk.choices = options;
        }
    }

    fn bot_types(&mut self, on: bool) {
        if !self.person.opted_out {
            self.effects
                .push(Effect::Signal(SignalEffect::TypingToCustomer(on)));
        }
    }

    fn ask_again(&mut self, bytes: Vec<u8>) {
        if self.is_restless() {
            return;
        }
        if let Some(desk) = self.talk.desk_mut() {
            desk.queue
                .push_front(BotInput::Event(BotEvent::Callback(bytes)));
        }
    }

    /// Counts a turn of the bot's own doing. One too many is its failure.
    pub(crate) fn is_restless(&mut self) -> bool {
        let Some(desk) = self.talk.desk_mut() else {
            return false;
        };
        desk.restless += 1;
        let too_many = desk.restless > RESTLESS_MAX;
        if too_many {
            let reason = format!("it asked for more than {RESTLESS_MAX} turns on its own");
            self.fail_bot(&reason, None);
        }
        too_many
    }

    /// Somebody else did something.
    fn calm_down(&mut self) {
        if let Some(desk) = self.talk.desk_mut() {
            desk.restless = 0;
        }
    }

    fn bot_done(&mut self) {
        if !self.adopt_offer_of(self.talk.stage + 1) {
            self.next_stage("done");
        }
    }

    /// The bot failed for good: the next agents get the customer.
    pub(crate) fn bot_failed(&mut self, number: u32, reason: &str) {
        if !self.is_asked(number) {
            self.note("too late: a bot of an earlier holding failed");
            return;
        }
        let asked = self.talk.desk_mut().and_then(|desk| desk.asked.take());
        self.fail_bot(reason, asked.and_then(|asked| asked.item));
    }

    fn fail_bot(&mut self, reason: &str, unanswered: Option<Item>) {
        self.note(format!("the bot failed: {reason}"));
        match self.next_ece_stage() {
            Some(stage) => {
                self.leave_to_agents(unanswered);
                if !self.adopt_offer_of(stage) {
                    self.move_to(stage, BotEvent::Started(None));
                }
            }
            None => {
                if let Some(item) = unanswered {
                    self.undeliverable(&item, "the bot failed");
                }
                self.close("the bot failed", Manner::Announced);
            }
        }
    }

    /// A message that the bot did not answer is the agents' to answer: it goes to them as the customer said it, not only as a line
    /// of what was before, which nobody would miss if it found ECE's conversation gone.
    fn leave_to_agents(&mut self, unanswered: Option<Item>) {
        let Some(item) = unanswered else {
            return;
        };
        let line = readable::item_line(&item);
        let of_it = |known: &Line| known.author == LineAuthor::Customer && known.text == line;
        if let Some(at) = self.talk.history.iter().rposition(of_it) {
            self.talk.history.remove(at);
        }
        if let Some(desk) = self.talk.desk_mut() {
            desk.queue.push_front(BotInput::Item(item));
        }
    }

    /// The bot's server called back.
    pub(crate) fn bot_called_back(&mut self, epoch: Epoch, bytes: Vec<u8>) {
        if epoch == self.talk.epoch && self.talk.desk().is_some() {
            self.calm_down();
            self.tell_bot(BotEvent::Callback(bytes));
        } else {
            self.note("too late: a callback for an earlier holding of a bot");
        }
    }
}

/// By number (`2`, `2.`) or by title.
fn chosen<'a>(choices: &'a [Choice], text: &str) -> Option<&'a Choice> {
    let number = text
        .trim()
        .trim_end_matches(['.', ')'])
        .parse::<usize>()
        .ok();
    let by_number = number.and_then(|number| choices.get(number.checked_sub(1)?));
    by_number.or_else(|| {
        choices
            .iter()
            .find(|choice| words::same_message(&choice.title, text))
    })
}
