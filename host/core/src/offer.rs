//! A bot's offer to the agents. While it is open the bot stays the holder and can still speak;
//! what the customer says is held. `Assigned` moves the epoch and gives the held words to the
//! agent; refusal or expiry gives them to the bot.

use crate::conversation::{BotInput, Offer};
use crate::event::{BotEvent, Unavailable};
use crate::hold;
use crate::id::{EntryPointName, TimerName};
use crate::opening::new_line;
use crate::settings::EceStage;
use crate::step::Step;

/// Ends an offer.
const OFFER: &str = "offer";

/// Whether a timer ends an offer.
pub(crate) fn is_offer(name: &TimerName) -> bool {
    name.as_str() == OFFER
}

impl Step<'_> {
    pub(crate) fn offer_is_open(&self) -> bool {
        self.talk.desk().is_some_and(|desk| desk.offer.is_some())
    }

    /// The bot offers the conversation.
    pub(crate) fn offer_to_agents(
        &mut self,
        entry_point: Option<EntryPointName>,
        summary: Option<String>,
        expires_ms: u64,
    ) {
        if self.offer_is_open() {
            self.note("a bot's second offer while the first is open is ignored");
            return;
        }
        let Some(stage) = self.next_ece_stage() else {
            self.note("a bot offered the conversation, and no stage with agents follows");
            self.tell_bot_refused(Unavailable::NoAgents);
            return;
        };
        let target = self
            .ece_stage_at(stage)
            .map(|to| (to, self.offered_entry_point(to, entry_point)));
        let Some((to, Some(entry_point))) = target else {
            self.note("a bot's offer names an entry point that does not exist");
            self.tell_bot_refused(Unavailable::EntryPointDisabled);
            return;
        };
        self.talk.ece = Some(new_line(to, entry_point));
        if let Some(desk) = self.talk.desk_mut() {
            desk.offer = Some(Offer { stage, summary });
        }
        self.open_offer(expires_ms);
    }

    fn offered_entry_point(
        &self,
        stage: &EceStage,
        named: Option<EntryPointName>,
    ) -> Option<EntryPointName> {
        let Some(named) = named else {
            return Some(self.pick_entry_point(stage));
        };
        let integration = self.settings.integrations.get(&stage.integration)?;
        integration
            .entry_points
            .contains_key(&named)
            .then_some(named)
    }

    fn open_offer(&mut self, expires_ms: u64) {
        if !self.try_open() {
            self.refuse_offer(Unavailable::OffHours);
            return;
        }
        let stands_ms = if expires_ms == 0 {
            self.policies().hold_ms
        } else {
            expires_ms
        };
        let until = self.now.plus_ms(stands_ms);
        self.set_timer(TimerName::from(OFFER), until);
        self.hold_unasked();
    }

    /// What the bot was not asked yet waits for the offer's end, before what comes from now on.
    fn hold_unasked(&mut self) {
        let Some(desk) = self.talk.desk_mut() else {
            return;
        };
        let mut events = std::collections::VecDeque::new();
        for input in std::mem::take(&mut desk.queue) {
            match input {
                BotInput::Item(item) => self.talk.held.push_back(item),
                BotInput::Event(_) => events.push_back(input),
            }
        }
        if let Some(desk) = self.talk.desk_mut() {
            desk.queue = events;
        }
    }

    /// ECE assigned an agent: the conversation changes hands.
    pub(crate) fn accept_offer(&mut self, agent: Option<&str>) {
        let Some(stage) = self.close_offer() else {
            return;
        };
        self.talk.epoch = self.talk.epoch.next();
        self.tell_bot_apart(BotEvent::Accepted(agent.map(str::to_owned)));
        self.leave_desk();
        self.talk.stage = stage;
    }

    /// The bot is done or failed while its offer to that stage is open: the agents have it, whether
    /// or not one is assigned yet.
    pub(crate) fn adopt_offer_of(&mut self, stage: usize) -> bool {
        let offered = self
            .talk
            .desk()
            .and_then(|desk| Some(desk.offer.as_ref()?.stage));
        if offered != Some(stage) {
            return false;
        }
        self.close_offer();
        self.leave_desk();
        self.talk.epoch = self.talk.epoch.next();
        self.talk.stage = stage;
        self.welcome();
        self.await_agent();
        self.release_held_if_open();
        true
    }

    fn release_held_if_open(&mut self) {
        if self.talk.session().is_some() {
            self.release_held();
        }
    }

    fn close_offer(&mut self) -> Option<usize> {
        self.cancel_timers(is_offer);
        Some(self.talk.desk_mut()?.offer.take()?.stage)
    }

    /// ECE does not take the offer.
    pub(crate) fn refuse_offer(&mut self, reason: Unavailable) {
        self.note(format!("the offer was refused: {}", hold::word(reason)));
        self.withdraw_offer();
        self.tell_bot_refused(reason);
    }

    /// Nobody took the offer in time.
    pub(crate) fn offer_expired(&mut self) {
        self.note("nobody took the offer in time");
        self.withdraw_offer();
        self.end_offer(BotEvent::Expired);
    }

    fn withdraw_offer(&mut self) {
        self.close_offer();
        self.drop_line();
    }

    fn tell_bot_refused(&mut self, reason: Unavailable) {
        self.end_offer(BotEvent::Refused(reason));
    }

    /// The bot hears how its offer ended, then gets what was held.
    fn end_offer(&mut self, event: BotEvent) {
        let held = std::mem::take(&mut self.talk.held);
        let Some(desk) = self.talk.desk_mut() else {
            return;
        };
        desk.queue.push_back(BotInput::Event(event));
        desk.queue.extend(held.into_iter().map(BotInput::Item));
        if !self.is_restless() {
            self.ask_bot();
        }
    }
}
