//! From stage to stage of a journey, and its end.
//!
//! Leaving a stage takes the unread words along: what a bot was not asked yet goes to whoever
//! comes next, and at the end becomes a dead letter.

use crate::conversation::{Arriving, BotDesk, BotInput, EceLine, Holder, Item, LineState, Session};
use crate::customer::{Parting, StrayOpen};
use crate::effect::{EceMessage, OutboundContent, Payload};
use crate::event::{BotEvent, EceHappening};
use crate::id::{BotName, DeliveryId, IntegrationName};
use crate::settings::Stage;
use crate::step::{Step, Voice};
use crate::{answer, bot, hold, offer};

/// Items remembered of a closed conversation, should ECE not have taken them: those that crossed
/// with its end.
const PARTING_MAX: usize = 20;

/// How a conversation ends for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The channel is told that it is over.
    Announced,
    /// Nothing more is sent.
    Quiet,
}

impl Step<'_> {
    /// The journey begins. What came before waits in `held`.
    pub(crate) fn start_first_stage(&mut self) {
        self.start_stage(0, BotEvent::Started(None));
    }

    /// The stage after this one, or the end.
    pub(crate) fn next_stage(&mut self, outcome: &str) {
        let next = self.talk.stage + 1;
        if self.stage_at(next).is_some() {
            self.move_to(next, BotEvent::Started(Some(outcome.to_owned())));
        } else {
            self.close(outcome, Manner::Announced);
        }
    }

    /// The next stage that is an ECE, if one comes.
    pub(crate) fn next_ece_stage(&self) -> Option<usize> {
        let stages = &self.journey()?.stages;
        let is_ece = |index: &usize| matches!(stages.get(*index), Some(Stage::Ece(_)));
        (self.talk.stage + 1..stages.len()).find(is_ece)
    }

    /// The nearest earlier stage that is a bot, if one was.
    pub(crate) fn bot_stage_before(&self) -> Option<usize> {
        let stages = &self.journey()?.stages;
        let is_bot = |index: &usize| matches!(stages.get(*index), Some(Stage::Bot(_)));
        (0..self.talk.stage.min(stages.len())).rev().find(is_bot)
    }

    /// Leaves the present stage for another. A bot that gets it is asked `greeting` first.
    pub(crate) fn move_to(&mut self, stage: usize, greeting: BotEvent) {
        self.leave_desk();
        self.drop_line();
        self.talk.epoch = self.talk.epoch.next();
        self.start_stage(stage, greeting);
    }

    fn start_stage(&mut self, index: usize, greeting: BotEvent) {
        self.talk.stage = index;
        match self.stage_at(index) {
            Some(Stage::Bot(bot)) => self.seat_bot(bot, greeting),
            Some(Stage::Ece(stage)) => self.start_ece_stage(stage),
            None => self.close("its journey is not configured any more", Manner::Announced),
        }
    }

    fn seat_bot(&mut self, bot: &BotName, greeting: BotEvent) {
        let mut desk = BotDesk::new(bot.clone());
        desk.queue.push_back(BotInput::Event(greeting));
        desk.queue
            .extend(self.talk.held.drain(..).map(BotInput::Item));
        self.talk.holder = Holder::Bot(desk);
        self.ask_bot();
    }

    /// Takes the conversation from a bot: what it was not asked yet is held for the next holder.
    pub(crate) fn leave_desk(&mut self) {
        self.send_rest_of_turn();
        let Holder::Bot(desk) = std::mem::replace(&mut self.talk.holder, Holder::Ece) else {
            return;
        };
        let unasked = desk.queue.into_iter().filter_map(|input| match input {
            BotInput::Item(item) => Some(item),
            BotInput::Event(_) => None,
        });
        let held = std::mem::take(&mut self.talk.held);
        self.talk.held = unasked.chain(held).collect();
        self.cancel_timers(bot::is_wake);
    }

    /// Gives up the line to ECE: an open conversation there is ended, one that is just being opened
    /// will be when it starts.
    pub(crate) fn drop_line(&mut self) {
        self.flush_agent(true);
        self.talk.agent_files.clear();
        self.cancel_timers(|name| {
            hold::is_hold(name) || offer::is_offer(name) || answer::is_answer(name)
        });
        let Some(line) = self.talk.ece.take() else {
            return;
        };
        let EceLine {
            integration, state, ..
        } = line;
        match state {
            LineState::Open(Session { id: session, .. }) => {
                self.deliver(Payload::EndEce {
                    integration,
                    session,
                });
            }
            LineState::Opening { number } => self.expect_stray(number, integration),
            LineState::Waiting => {}
        }
    }

    /// Asks no more for what is just being opened, and keeps the line for another attempt.
    pub(crate) fn abandon_opening(&mut self) {
        let Some(line) = &mut self.talk.ece else {
            return;
        };
        if let LineState::Opening { number } = line.state {
            line.state = LineState::Waiting;
            let integration = line.integration.clone();
            self.expect_stray(number, integration);
        }
    }

    fn expect_stray(&mut self, number: u32, integration: IntegrationName) {
        let delivery = DeliveryId {
            conversation: self.talk.id,
            number,
        };
        self.person.stray_opens.push(StrayOpen {
            delivery,
            integration,
        });
    }

    /// What an agent did behind a file that is still being fetched is carried out without it.
    /// ECE hears of the file only while it listens.
    pub(crate) fn flush_agent(&mut self, ece_listens: bool) {
        let Some(session) = self.talk.session_mut() else {
            return;
        };
        let fetching = session
            .fetching
            .take()
            .map(|fetching| EceHappening::FileOffered(fetching.file));
        let waiting = std::mem::take(&mut session.waiting);
        for happening in fetching.into_iter().chain(waiting) {
            match happening {
                EceHappening::Said { agent, text } => self.agent_said(agent, text),
                EceHappening::PagePushed { url } => self.agent_pushed_page(&url),
                EceHappening::FileOffered(file) => {
                    self.note("an agent's file was not fetched before the conversation went on");
                    if ece_listens {
                        self.tell_ece(EceMessage::RejectFile(file));
                    }
                }
                EceHappening::Unknown {
                    kind,
                    text,
                    by_agent,
                } => self.ece_told_unknown(&kind, &text, by_agent && ece_listens),
                EceHappening::Completed { .. } => self.talk.ece = None,
                EceHappening::Assigned { .. }
                | EceHappening::Transferred(_)
                | EceHappening::FileAccepted { .. }
                | EceHappening::FileRejected { .. } => {
                    self.note("ECE's news came too late: the conversation had gone on");
                }
            }
        }
    }

    /// Ends the conversation. Everything that waits becomes a dead letter with this reason (H6).
    pub(crate) fn close(&mut self, reason: &str, manner: Manner) {
        if self.over {
            return;
        }
        if self.talk.desk().is_some() {
            self.tell_bot_apart(BotEvent::Closed(reason.to_owned()));
        }
        self.leave_desk();
        self.drop_line();
        for item in self.take_waiting() {
            self.undeliverable(&item, &format!("the conversation was closed: {reason}"));
        }
        self.cancel_timers(|_| true);
        if manner == Manner::Announced {
            self.tell_customer(Voice::system(), OutboundContent::Close, false);
        }
        self.note(format!("closed: {reason}"));
        self.part();
    }

    fn part(&mut self) {
        let mut sent = std::mem::take(&mut self.talk.sent);
        let mut sent_forgotten = self.talk.sent_forgotten;
        while sent.len() > PARTING_MAX {
            sent_forgotten = sent
                .pop_front()
                .map_or(sent_forgotten, |oldest| oldest.number);
        }
        let (conversation, journey) = (self.talk.id, self.talk.journey.clone());
        self.person.parting = Some(Parting {
            conversation,
            journey,
            sent,
            sent_forgotten,
        });
        self.over = true;
    }

    /// Everything of the customer that nobody was given yet, oldest first.
    pub(crate) fn take_waiting(&mut self) -> Vec<Item> {
        let arriving =
            std::mem::take(&mut self.talk.arriving)
                .into_iter()
                .map(|place| match place {
                    Arriving::Ready(item) => item,
                    Arriving::Fetching { message, .. } => Item::Message(message),
                });
        std::mem::take(&mut self.talk.held)
            .into_iter()
            .chain(arriving)
            .collect()
    }
}
