//! One event's way through an open conversation: what every decision uses to act.
//!
//! A [`Step`] takes the conversation out of its customer, collects effects, and puts it back unless
//! it is over. What goes to the customer passes [`Step::tell_customer`], the one place that keeps
//! silent for those who opted out (H14).

use crate::conversation::Conversation;
use crate::customer::{Customer, Line, LineAuthor};
use crate::effect::{Author, Delivery, EceMessage, Effect, OutboundContent, Payload, ToCustomer};
use crate::id::{DeliveryId, Language, TimerName, Timestamp};
use crate::message::StoredFile;
use crate::settings::{Channel, Integration, Journey, Messages, Policies, Settings, Stage};
use crate::{conversation, language, messages};

/// How many of the last deliveries with an agent's words are remembered, to tell the agent when
/// one fails: a receipt that comes after so many more only reaches the trace.
const AGENT_DELIVERIES_MAX: usize = 500;

/// One event's way through an open conversation.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    /// Whose; its `open` is empty meanwhile.
    pub(crate) person: &'a mut Customer,
    pub(crate) talk: Conversation,
    /// The conversation is over: nothing acts on it any more.
    pub(crate) over: bool,
    pub(crate) effects: Vec<Effect>,
}

/// Lets `decide` act on the open conversation; none if there is no open one.
pub(crate) fn in_conversation(
    settings: &Settings,
    person: &mut Customer,
    now: Timestamp,
    decide: impl FnOnce(&mut Step<'_>),
) -> Option<Vec<Effect>> {
    let talk = person.open.take()?;
    Some(Step::new(settings, person, now, talk).run(decide))
}

/// A line for the trace about a customer without open conversation, or an earlier one.
pub(crate) fn note_for(conversation: crate::id::ConversationId, text: impl Into<String>) -> Effect {
    Effect::Note {
        conversation: Some(conversation),
        text: text.into(),
    }
}

/// Somebody who speaks to the customer.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    pub(crate) author: Author,
    pub(crate) name: Option<String>,
    /// An agent did it: the agent hears if it does not arrive.
    pub(crate) by_agent: bool,
}

impl Voice {
    pub(crate) fn system() -> Self {
        Self {
            author: Author::System,
            name: None,
            by_agent: false,
        }
    }

    pub(crate) fn bot() -> Self {
        Self {
            author: Author::Bot,
            name: None,
            by_agent: false,
        }
    }

    pub(crate) fn agent(name: Option<String>) -> Self {
        Self {
            author: Author::Agent,
            name,
            by_agent: true,
        }
    }
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        person: &'a mut Customer,
        now: Timestamp,
        talk: Conversation,
    ) -> Self {
        Self {
            settings,
            now,
            person,
            talk,
            over: false,
            effects: Vec::new(),
        }
    }

    pub(crate) fn run(mut self, decide: impl FnOnce(&mut Self)) -> Vec<Effect> {
        decide(&mut self);
        self.person.open = (!self.over).then_some(self.talk);
        self.effects
    }

    // What is configured for this conversation.

    pub(crate) fn channel(&self) -> Option<&'a Channel> {
        self.settings.channels.get(&self.person.channel)
    }

    pub(crate) fn journey(&self) -> Option<&'a Journey> {
        self.settings.journeys.get(&self.talk.journey)
    }

    pub(crate) fn stage_at(&self, index: usize) -> Option<&'a Stage> {
        self.journey()?.stages.get(index)
    }

    pub(crate) fn policies(&self) -> Policies {
        self.journey()
            .map(|journey| journey.on_unavailable.clone())
            .unwrap_or_default()
    }

    pub(crate) fn integration(&self) -> Option<&'a Integration> {
        self.settings
            .integrations
            .get(&self.talk.ece.as_ref()?.integration)
    }

    pub(crate) fn language(&self) -> Option<Language> {
        let locale = self.person.profile.locale.as_deref();
        language::guess(&self.person.language, locale).map(|guess| guess.language)
    }

    // What goes out.

    pub(crate) fn deliver(&mut self, payload: Payload) -> u32 {
        self.talk.deliveries += 1;
        let number = self.talk.deliveries;
        let id = DeliveryId {
            conversation: self.talk.id,
            number,
        };
        self.effects.push(Effect::Deliver(Delivery { id, payload }));
        number
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let note = note_for(self.talk.id, text);
        self.effects.push(note);
    }

    /// Says something to the customer, unless they opted out: what an agent says is then committed all the same, dies as a
    /// delivery before it leaves, and its failure is told to the agent (H6); all else is kept back. Gives the delivery's number.
    pub(crate) fn tell_customer(
        &mut self,
        voice: Voice,
        content: OutboundContent,
        report: bool,
    ) -> Option<u32> {
        if self.person.opted_out && !voice.by_agent {
            self.note("kept back: the customer opted out");
            return None;
        }
        let voice = if self.person.opted_out {
            Voice::agent(voice.name)
        } else {
            self.remember_outbound(&voice, &content);
            voice
        };
        let Voice {
            author,
            name: author_name,
            by_agent,
        } = voice;
        let message = ToCustomer {
            content,
            author,
            author_name,
            report,
            despite_opt_out: false,
        };
        let number = self.deliver(Payload::ToCustomer(message));
        if by_agent {
            self.talk.agent_deliveries.insert(number);
            while self.talk.agent_deliveries.len() > AGENT_DELIVERIES_MAX {
                self.talk.agent_deliveries.pop_first();
            }
        }
        Some(number)
    }

    /// Says a configured text, if there is one.
    pub(crate) fn say(
        &mut self,
        which: fn(&Messages) -> &Option<String>,
        fill: messages::Fill<'_>,
    ) -> bool {
        let Some(integration) = self.integration() else {
            return false;
        };
        let Some(text) = messages::text(integration, self.language().as_ref(), which) else {
            return false;
        };
        let text = messages::render(text, fill);
        self.tell_customer(Voice::system(), OutboundContent::Text(text), false);
        true
    }

    /// Into the open ECE conversation; none if there is no open one.
    pub(crate) fn tell_ece(&mut self, message: EceMessage) -> Option<u32> {
        let session = self.talk.session()?.id.clone();
        let integration = self.talk.ece.as_ref()?.integration.clone();
        Some(self.deliver(Payload::ToEce {
            integration,
            session,
            message,
        }))
    }

    /// A line of ours for the agent, if ECE has the conversation.
    pub(crate) fn tell_agent(&mut self, text: impl Into<String>) {
        self.tell_ece(EceMessage::Note(text.into()));
    }

    // Timers.

    pub(crate) fn set_timer(&mut self, name: TimerName, at: Timestamp) {
        self.talk.timers.insert(name.clone(), at);
        self.effects.push(Effect::SetTimer { name, at });
    }

    pub(crate) fn cancel_timer(&mut self, name: &TimerName) {
        if self.talk.timers.remove(name).is_some() {
            self.effects
                .push(Effect::CancelTimer { name: name.clone() });
        }
    }

    pub(crate) fn cancel_timers(&mut self, wanted: impl Fn(&TimerName) -> bool) {
        let names: Vec<TimerName> = self
            .talk
            .timers
            .keys()
            .filter(|n| wanted(n))
            .cloned()
            .collect();
        for name in names {
            self.cancel_timer(&name);
        }
    }

    // What is remembered.

    pub(crate) fn remember(&mut self, author: LineAuthor, text: String) {
        if self.nobody_reads_back() {
            self.talk.history.clear();
            return;
        }
        self.talk.history.push_back(Line {
            author,
            text,
            at: self.now,
        });
        while self.talk.history.len() > conversation::HISTORY_MAX {
            self.talk.history.pop_front();
        }
    }

    /// Lines are for bots and for the next agents: an agent at the end of a journey without bots has them on the screen.
    fn nobody_reads_back(&self) -> bool {
        let stages = self.journey().map_or(&[][..], |journey| &journey.stages);
        let is_last = self.talk.stage + 1 >= stages.len();
        let has_bots = stages.iter().any(|stage| matches!(stage, Stage::Bot(_)));
        is_last && !has_bots && self.talk.desk().is_none() && self.talk.session().is_some()
    }

    fn remember_outbound(&mut self, voice: &Voice, content: &OutboundContent) {
        let author = match voice.author {
            Author::Agent => LineAuthor::Agent,
            Author::Bot => LineAuthor::Bot,
            Author::System => LineAuthor::System,
        };
        match content {
            OutboundContent::Text(text) | OutboundContent::Choices { text, .. } => {
                self.remember(author, text.clone());
            }
            OutboundContent::File(StoredFile { name, .. }) => {
                self.remember(author, format!("[file: {name}]"));
            }
            OutboundContent::Close => {}
        }
    }
}
