//! Asking ECE for a conversation, and what happens when it has one.
//!
//! Hours are checked here, before ECE is asked at all. What the customer says meanwhile is held in
//! the conversation; nothing of it is given to ECE before `Started`.

use crate::attributes::{self, Source};
use crate::conversation::{EceLine, Holder, Item, LineState, SentItem, Session};
use crate::customer::LineAuthor;
use crate::effect::{OpenEce, Payload};
use crate::event::{BotEvent, Unavailable};
use crate::id::{EceSession, EntryPointName, IntegrationName};
use crate::messages::Fill;
use crate::settings::{EceStage, EntryPoint, PickEntryPoint, Stage};
use crate::step::Step;
use crate::{hold, hours, readable};

/// Characters of an ECE conversation's subject.
const SUBJECT_MAX: usize = 255;
/// Items remembered in case ECE says that its conversation is gone; and their text, in bytes.
const SENT_MAX: usize = 200;
const SENT_BYTES_MAX: usize = 64 * 1024;

impl<'a> Step<'a> {
    /// The conversation goes to the agents.
    pub(crate) fn start_ece_stage(&mut self, stage: &EceStage) {
        self.talk.holder = Holder::Ece;
        let entry_point = self.pick_entry_point(stage);
        self.talk.ece = Some(new_line(stage, entry_point));
        self.welcome();
        self.ask_ece();
    }

    /// The first stage of a journey that begins with agents welcomes before anybody is asked
    /// (Z54, Z55), and never again (H13).
    pub(crate) fn welcome(&mut self) {
        if !std::mem::replace(&mut self.talk.said_once.started, true) {
            self.say(|m| &m.chat_started, Fill::Nothing);
        }
    }

    /// Asks ECE to take the customer, or knows already that it is closed.
    pub(crate) fn ask_ece(&mut self) {
        self.follow_configuration();
        if self.try_open() {
            return;
        }
        self.unavailable(Unavailable::OffHours);
    }

    /// Where the customer waits may be configured no more: then the stage says where to go on.
    fn follow_configuration(&mut self) {
        let Some(line) = &self.talk.ece else {
            return;
        };
        let exists = |integration: &IntegrationName, entry_point: &EntryPointName| {
            let found = self.settings.integrations.get(integration);
            found.is_some_and(|found| found.entry_points.contains_key(entry_point))
        };
        let gone = !exists(&line.integration, &line.entry_point);
        let Some(stage) = self.ece_stage_at(self.talk.stage).filter(|_| gone) else {
            return;
        };
        let (integration, entry_point) = (stage.integration.clone(), self.pick_entry_point(stage));
        self.note(
            "where the customer waited is not configured any more: goes on where the journey leads",
        );
        if let Some(line) = &mut self.talk.ece {
            line.integration = integration;
            line.entry_point = entry_point;
        }
    }

    /// Whether ECE was asked; false outside the entry point's hours.
    pub(crate) fn try_open(&mut self) -> bool {
        let Some(line) = &self.talk.ece else {
            return false;
        };
        let entry_point = self
            .integration()
            .and_then(|i| i.entry_points.get(&line.entry_point));
        let open_now = entry_point
            .and_then(|entry_point| entry_point.hours.as_ref())
            .is_none_or(|hours| hours::open_at(hours, self.now));
        if !open_now {
            return false;
        }
        let request = self.open_request(line);
        let number = self.deliver(Payload::OpenEce(request));
        if let Some(line) = &mut self.talk.ece {
            line.state = LineState::Opening { number };
        }
        true
    }

    fn open_request(&self, line: &EceLine) -> OpenEce {
        OpenEce {
            integration: line.integration.clone(),
            entry_point: line.entry_point.clone(),
            subject: self.subject(),
            attributes: self.ece_attributes(),
            customer_name: self.person.profile.name.clone(),
            language: self.language(),
        }
    }

    /// A bot's summary, else what the customer said first, else where they wrote.
    fn subject(&self) -> String {
        let summary = self
            .talk
            .desk()
            .and_then(|d| d.offer.as_ref()?.summary.clone());
        let mut lines = self.talk.history.iter();
        let said = lines
            .find(|line| line.author == LineAuthor::Customer)
            .map(|l| l.text.clone());
        let waits = || self.talk.held.front().map(readable::item_line);
        let text = summary
            .or(said)
            .or_else(waits)
            .filter(|text| !text.trim().is_empty());
        let text = text.unwrap_or_else(|| format!("Chat on {}", self.person.channel));
        text.chars().take(SUBJECT_MAX).collect()
    }

    fn ece_attributes(&self) -> Vec<(String, String)> {
        let language = self.language();
        let source = Source {
            customer: self.person,
            plugin: self.channel().map(|channel| &channel.plugin),
            language: language.as_ref(),
            journey: self.talk.journey.as_str(),
            bot: &self.talk.attributes,
        };
        let everywhere = self
            .integration()
            .map(|i| i.attributes.as_slice())
            .unwrap_or_default();
        let mut all = attributes::fill(everywhere, source);
        let here = self
            .line_stage()
            .map(|s| s.attributes.as_slice())
            .unwrap_or_default();
        attributes::merge(&mut all, attributes::fill(here, source));
        all
    }

    /// The journey's stage that the line belongs to: that of an open offer, else the present one.
    fn line_stage(&self) -> Option<&'a EceStage> {
        let offered = self
            .talk
            .desk()
            .and_then(|desk| Some(desk.offer.as_ref()?.stage));
        self.ece_stage_at(offered.unwrap_or(self.talk.stage))
    }

    pub(crate) fn ece_stage_at(&self, index: usize) -> Option<&'a EceStage> {
        match self.stage_at(index)? {
            Stage::Ece(stage) => Some(stage),
            Stage::Bot(_) => None,
        }
    }

    pub(crate) fn pick_entry_point(&self, stage: &EceStage) -> EntryPointName {
        match &stage.entry_point {
            PickEntryPoint::Fixed(name) => name.clone(),
            PickEntryPoint::ByLanguage { fallback } => self
                .entry_point_by_language(stage)
                .unwrap_or_else(|| fallback.clone()),
        }
    }

    fn entry_point_by_language(&self, stage: &EceStage) -> Option<EntryPointName> {
        let language = self.language()?;
        let integration = self.settings.integrations.get(&stage.integration)?;
        let mut entry_points = integration.entry_points.iter();
        let serves = |entry: &EntryPoint| {
            entry
                .languages
                .iter()
                .any(|l| l.primary() == language.primary())
        };
        let (name, _) = entry_points.find(|(_, entry)| serves(entry))?;
        Some(name.clone())
    }

    /// ECE has a conversation.
    pub(crate) fn started(&mut self, id: EceSession) {
        self.cancel_timers(hold::is_hold);
        let since = self.talk.deliveries;
        let Some(line) = &mut self.talk.ece else {
            return;
        };
        line.state = LineState::Open(Session::new(id, since));
        self.await_agent();
        self.brief_agent();
        if self.offer_is_open() {
            self.welcome();
            self.tell_bot(BotEvent::Queued);
        } else {
            self.release_held();
        }
    }

    /// What the agent reads before the customer's words.
    fn brief_agent(&mut self) {
        let summary = self
            .talk
            .desk()
            .and_then(|d| d.offer.as_ref()?.summary.clone());
        let transcript = readable::transcript(self.talk.history.iter());
        for text in [summary, transcript].into_iter().flatten() {
            self.tell_agent(text);
        }
        if self.person.opted_out {
            self.tell_agent_opted_out();
        }
    }

    pub(crate) fn release_held(&mut self) {
        for item in std::mem::take(&mut self.talk.held) {
            self.item_to_ece(item);
        }
    }

    /// Gives what the customer said to the agents. ECE has a conversation.
    pub(crate) fn item_to_ece(&mut self, item: Item) {
        let Some(session) = self.talk.session().map(|session| session.id.clone()) else {
            self.talk.held.push_back(item);
            return;
        };
        let mut numbers = None;
        for message in readable::for_agent(&item) {
            if let Some(number) = self.tell_ece(message) {
                let (first, _) = numbers.unwrap_or((number, number));
                numbers = Some((first, number));
            }
        }
        self.remember(LineAuthor::Customer, readable::item_line(&item));
        if let Some((first, number)) = numbers {
            self.not_seen_yet(&item, number);
            self.talk.sent.push_back(SentItem {
                first,
                number,
                session,
                item,
                failed: false,
            });
            self.forget_old_sent();
        }
    }

    fn forget_old_sent(&mut self) {
        let sent = &mut self.talk.sent;
        let mut bytes: usize = sent
            .iter()
            .map(|s| readable::item_line(&s.item).len())
            .sum();
        while sent.len() > SENT_MAX || (bytes > SENT_BYTES_MAX && sent.len() > 1) {
            let Some(oldest) = sent.pop_front() else {
                return;
            };
            bytes -= readable::item_line(&oldest.item).len();
            self.talk.sent_forgotten = oldest.number;
        }
    }
}

/// A line that has not been opened.
pub(crate) fn new_line(stage: &EceStage, entry_point: EntryPointName) -> EceLine {
    EceLine {
        integration: stage.integration.clone(),
        entry_point,
        state: LineState::Waiting,
        hold_until: None,
        attempts: 0,
        tried_other: false,
    }
}
