//! Runs agents' rules: an event becomes a trigger, the first rule that fits it acts.

use std::sync::Arc;

use crate::ledger::What;
use crate::script::{Act, On, Rule, Step};

use super::{Desk, Effect};

/// Rules that one event may set off, so that two agents who transfer to each other come to an end.
const RULES_MAX: usize = 200;

/// Something that a rule may answer.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    on: On,
    /// The message, or the file's name.
    text: String,
}

impl Trigger {
    pub(crate) fn new(on: On, text: String) -> Self {
        Self { on, text }
    }
}

impl Desk {
    /// Notes something that the conversation's agent may answer; nobody there: for the next one.
    pub(super) fn trigger(&mut self, place: usize, trigger: Trigger) {
        match self.conversations[place].agent {
            // Most load is agents without a matching rule: nothing to queue for them.
            Some(agent)
                if self.agents[agent]
                    .rules
                    .iter()
                    .any(|rule| rule.on == trigger.on) =>
            {
                self.triggers.push_back((place, agent, trigger));
            }
            Some(_) => {}
            None => self.conversations[place].missed.push(trigger),
        }
    }

    /// Lets the agents answer what happened, until nothing is left. Acts end up here again: the
    /// outermost call does all the work, so that scripts cannot recurse.
    pub(super) fn run_scripts(&mut self) {
        if self.running_scripts {
            return;
        }
        self.running_scripts = true;
        for _ in 0..RULES_MAX {
            let Some((place, agent, trigger)) = self.triggers.pop_front() else {
                break;
            };
            self.answer(place, agent, &trigger);
        }
        self.running_scripts = false;
        if let Some((place, ..)) = self.triggers.pop_front() {
            self.triggers.clear();
            let text = format!("Scripts stopped: {RULES_MAX} rules answered each other.");
            self.show(place, What::Note { text });
        }
    }

    fn answer(&mut self, place: usize, agent: usize, trigger: &Trigger) {
        let ran = &self.conversations[place].ran;
        let rules = self.agents[agent].rules.iter().enumerate();
        let mut fitting = rules.filter(|(_, rule)| rule.fits(trigger.on, &trigger.text));
        let found = fitting.find(|(index, rule)| !(rule.once && ran.contains(&(agent, *index))));
        let Some((index, rule)) = found.map(|(index, rule)| (index, Arc::clone(rule))) else {
            return;
        };
        if rule.once {
            self.conversations[place].ran.push((agent, index));
        }
        match rule.after_ms {
            0 => self.run_rule(place, agent, &rule, &trigger.text),
            _ => self.outbox.push(Effect::Later {
                place,
                agent,
                rule,
                text: trigger.text.clone(),
            }),
        }
    }

    /// The acts of a rule that was put off.
    pub(crate) fn run_late(&mut self, place: usize, agent: usize, rule: &Rule, text: &str) {
        self.run_rule(place, agent, rule, text);
        self.run_scripts();
    }

    fn run_rule(&mut self, place: usize, agent: usize, rule: &Rule, text: &str) {
        for step in &rule.steps {
            // Somebody else has it by now, or it is over.
            if self.conversations[place].agent != Some(agent) {
                return;
            }
            let done = match step {
                Step::Act(act) => self.perform(place, act),
                Step::Echo => self.perform(
                    place,
                    &Act::Say {
                        text: format!("echo: {text}"),
                        html: false,
                    },
                ),
            };
            if let Err(error) = done {
                self.show(
                    place,
                    What::Note {
                        text: format!("Script: {error}."),
                    },
                );
            }
        }
    }
}
