//! Who gets which conversation: queues, capacity, skills, and what the status calls report of it.

use std::sync::Arc;

use crate::clock::{iso8601, now_ms};
use crate::config::{AgentConfig, PickUp};
use crate::ledger::{Phase, Told};
use crate::script::On;
use crate::wire::Sender;

use super::scripts::Trigger;
use super::{Agent, Desk};

/// `checkEligibility`'s answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eligibility {
    Open = 0,
    NoAgent = 1,
    QueueFull = 2,
}

impl Agent {
    pub(crate) fn new(config: &AgentConfig) -> Self {
        let screen_name = config.screen_name.as_ref().unwrap_or(&config.name);
        // The configuration was checked before.
        let rules = config.script.iter().filter_map(|rule| rule.compile().ok());
        Self {
            name: config.name.clone(),
            screen_name: screen_name.clone(),
            entry_points: config.entry_points.clone(),
            capacity: config.capacity,
            signed_in: config.signed_in,
            ready: config.ready,
            pick_up: config.pick_up,
            active: 0,
            rules: rules.map(Arc::new).collect(),
        }
    }

    /// Whether somebody or a script decides what the agent says.
    pub(crate) fn is_scripted(&self) -> bool {
        !self.rules.is_empty()
    }

    fn serves(&self, entry_point: u64) -> bool {
        self.signed_in && self.ready && self.entry_points.contains(&entry_point)
    }

    fn free(&self) -> usize {
        self.capacity.saturating_sub(self.active)
    }
}

impl Desk {
    /// Somebody is signed in and ready; whether they have room is another question.
    pub(crate) fn has_agent(&self, entry_point: u64) -> bool {
        self.agents.iter().any(|agent| agent.serves(entry_point))
    }

    /// Free slots over all agents of an entry point.
    pub(crate) fn free_slots(&self, entry_point: u64) -> usize {
        self.agents
            .iter()
            .filter(|agent| agent.serves(entry_point))
            .map(Agent::free)
            .sum()
    }

    pub(crate) fn queue_depth(&self, entry_point: u64) -> usize {
        self.entry_points
            .get(&entry_point)
            .map_or(0, |point| point.queue.len())
    }

    pub(crate) fn queue_is_full(&self, entry_point: u64) -> bool {
        let max = self
            .entry_points
            .get(&entry_point)
            .and_then(|point| point.config.queue_depth_max);
        max.is_some_and(|max| {
            self.free_slots(entry_point) == 0 && self.queue_depth(entry_point) >= max
        })
    }

    pub(crate) fn agents_required(&self, entry_point: u64) -> bool {
        self.entry_points
            .get(&entry_point)
            .is_none_or(|point| point.config.agents_required)
    }

    /// Always open when agents are not required: a trap of the real one (SEEN).
    pub(crate) fn eligibility(&self, entry_point: u64) -> Eligibility {
        if !self.agents_required(entry_point) {
            return Eligibility::Open;
        }
        match (self.has_agent(entry_point), self.queue_is_full(entry_point)) {
            (false, _) => Eligibility::NoAgent,
            (true, true) => Eligibility::QueueFull,
            (true, false) => Eligibility::Open,
        }
    }

    /// Seconds.
    pub(crate) fn wait_time_s(&self, entry_point: u64) -> f64 {
        let configured = self
            .entry_points
            .get(&entry_point)
            .and_then(|point| point.config.wait_time_s);
        let waiting = u32::try_from(self.queue_depth(entry_point)).unwrap_or(u32::MAX);
        configured.unwrap_or(10.0 * f64::from(waiting))
    }

    /// Changes an entry point; clients that cached its configuration will meet a 409.
    pub(crate) fn change_entry_point(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut crate::config::EntryPointConfig),
    ) -> bool {
        let Some(point) = self.entry_points.get_mut(&id) else {
            return false;
        };
        change(&mut point.config);
        // Two changes within a millisecond must still differ.
        let mut at_ms = now_ms();
        while iso8601(at_ms) <= point.last_modified {
            at_ms += 1;
        }
        point.last_modified = iso8601(at_ms);
        true
    }

    pub(crate) fn agent_named(&self, name: &str) -> Option<usize> {
        self.agents.iter().position(|agent| agent.name == name)
    }

    /// Signs an agent in or out, makes one ready or busy, changes the capacity.
    pub(crate) fn change_agent(&mut self, name: &str, change: impl FnOnce(&mut Agent)) -> bool {
        let Some(agent) = self.agent_named(name) else {
            return false;
        };
        change(&mut self.agents[agent]);
        self.assign_waiting();
        true
    }

    /// A new agent signs in, without a script.
    pub(crate) fn add_agent(&mut self, config: &AgentConfig) {
        self.agents.push(Agent::new(config));
        self.assign_waiting();
    }

    pub(super) fn enqueue(&mut self, place: usize) {
        let entry_point = self.ledger.conversations[place].entry_point;
        self.ledger.record(place).phase = Phase::Queued;
        if let Some(point) = self.entry_points.get_mut(&entry_point) {
            point.queue.push_back(place);
        }
    }

    pub(super) fn leave_queue(&mut self, place: usize) {
        let entry_point = self.ledger.conversations[place].entry_point;
        if let Some(point) = self.entry_points.get_mut(&entry_point) {
            point.queue.retain(|waiting| *waiting != place);
        }
    }

    /// Takes the conversation away from its agent.
    pub(super) fn leave_agent(&mut self, place: usize) {
        if let Some(agent) = self.conversations[place].agent.take() {
            self.agents[agent].active -= 1;
            self.conversations[place].left_by = Some(agent);
        }
    }

    /// Gives waiting conversations to agents who pick up by themselves, first come first served.
    pub(super) fn assign_waiting(&mut self) {
        let ids: Vec<u64> = self.entry_points.keys().copied().collect();
        for id in ids {
            if self.queue_depth(id) == 0 {
                continue;
            }
            let waiting: Vec<usize> = self.entry_points[&id].queue.iter().copied().collect();
            for place in waiting {
                if let Some(agent) = self.taker(place, id) {
                    self.assign(place, agent);
                }
            }
        }
        self.run_scripts();
    }

    fn taker(&self, place: usize, entry_point: u64) -> Option<usize> {
        let conversation = &self.conversations[place];
        let willing = |agent: &Agent| agent.pick_up == PickUp::Auto && agent.free() > 0;
        if let Some(reserved) = conversation.reserved_for {
            let agent = &self.agents[reserved];
            return (agent.signed_in && agent.ready && willing(agent)).then_some(reserved);
        }
        let candidates = self.agents.iter().enumerate();
        let candidates =
            candidates.filter(|(_, agent)| agent.serves(entry_point) && willing(agent));
        // Whoever just gave it away gets it back only when nobody else can take it.
        let chosen = candidates
            .min_by_key(|(index, agent)| (conversation.left_by == Some(*index), agent.active));
        chosen.map(|(index, _)| index)
    }

    /// The agent gets the conversation, and the customer is told.
    pub(super) fn assign(&mut self, place: usize, agent: usize) {
        self.leave_queue(place);
        self.agents[agent].active += 1;
        let conversation = &mut self.conversations[place];
        conversation.agent = Some(agent);
        conversation.reserved_for = None;
        let missed = std::mem::take(&mut conversation.missed);
        let record = self.ledger.record(place);
        record.phase = Phase::WithAgent(self.agents[agent].name.clone());
        record.reserved_for = None;
        let text = self
            .variants
            .texts
            .assigned
            .replace("{0}", &self.agents[agent].screen_name);
        self.call_back(place, Told::Assigned, Some(text), Sender::system());
        self.trigger(place, Trigger::new(On::Assigned, String::new()));
        for trigger in missed {
            self.trigger(place, trigger);
        }
    }
}
