//! The contact centre itself: entry points, queues, agents and conversations.
//!
//! Knows no HTTP. What the customer's side does comes in as calls of this file; what agents do, in
//! [`acts`]; who gets which conversation is decided in [`routing`]; [`scripts`] runs agents' rules.
//! What must leave (callbacks, downloads, later steps) is collected in the outbox, in order, and
//! taken by the caller before the lock is released.

pub(crate) mod acts;
pub(crate) mod routing;
pub(crate) mod scripts;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::clock::{iso8601, now_ms};
use crate::config::{EceConfig, EntryPointConfig, PickUp};
use crate::files::KeptFiles;
use crate::ledger::{
    ConversationRecord, CustomerFile, FileState, Ledger, Phase, Seen, Sent, Told, What,
};
use crate::script::{On, Rule};
use crate::variants::{Refusal, Typing, Variants};
use crate::wire::{CallbackMessage, Sender};

use scripts::Trigger;

/// First callback id; the only published one has ten digits too.
const FIRST_CALLBACK_ID: u64 = 3_118_900_001;

pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    pub(crate) variants: Variants,
    pub(crate) entry_points: BTreeMap<u64, EntryPoint>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) files: HashMap<String, AgentFile>,
    /// What agents downloaded.
    pub(crate) kept: KeptFiles,
    conversations: Vec<Conversation>,
    outbox: Vec<Effect>,
    triggers: VecDeque<(usize, usize, Trigger)>,
    file_base: String,
    arrivals: u64,
    offers: u64,
    callback_id: u64,
    running_scripts: bool,
}

/// What must happen outside the desk.
pub(crate) enum Effect {
    CallBack {
        place: usize,
        message: CallbackMessage,
    },
    Fetch {
        place: usize,
        seen: usize,
        url: String,
    },
    Later {
        place: usize,
        agent: usize,
        rule: Arc<Rule>,
        text: String,
    },
}

pub(crate) struct EntryPoint {
    pub(crate) config: EntryPointConfig,
    /// `lastModified.date`; moves with each change.
    pub(crate) last_modified: String,
    pub(crate) queue: VecDeque<usize>,
}

pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) screen_name: String,
    pub(crate) entry_points: Vec<u64>,
    pub(crate) capacity: usize,
    pub(crate) signed_in: bool,
    pub(crate) ready: bool,
    pub(crate) pick_up: PickUp,
    /// Conversations held now.
    pub(crate) active: usize,
    rules: Vec<Arc<Rule>>,
}

/// A file that an agent sent.
pub(crate) struct AgentFile {
    pub(crate) place: usize,
    /// Counts offers, so that the newest is known.
    number: u64,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) accepted: bool,
}

/// What of a conversation nobody outside needs to see.
#[derive(Default)]
struct Conversation {
    agent: Option<usize>,
    reserved_for: Option<usize>,
    left_by: Option<usize>,
    /// Callbacks kept back until the start is answered.
    held: Option<Vec<CallbackMessage>>,
    /// Rules marked `once` that ran: agent and rule.
    ran: Vec<(usize, usize)>,
    /// What happened while nobody had it; scripts answer it afterwards.
    missed: Vec<Trigger>,
}

/// A start request that passed all checks but those of the desk.
pub(crate) struct NewConversation {
    pub(crate) id: String,
    pub(crate) entry_point: u64,
    pub(crate) client: String,
    pub(crate) subject: String,
    pub(crate) customer: Value,
    pub(crate) custom_attributes: Vec<(String, Vec<String>)>,
    pub(crate) search_attribute: Option<String>,
    pub(crate) anonymous: bool,
    pub(crate) language: Option<String>,
    pub(crate) typing_wanted: bool,
}

impl Desk {
    pub(crate) fn new(config: &EceConfig, file_base: String) -> Self {
        let modified = iso8601(now_ms());
        let entry_points = config.entry_points.iter().map(|point| {
            let state = EntryPoint {
                config: point.clone(),
                last_modified: modified.clone(),
                queue: VecDeque::new(),
            };
            (point.id, state)
        });
        Self {
            ledger: Ledger::default(),
            variants: config.variants.clone(),
            entry_points: entry_points.collect(),
            agents: config.agents.iter().map(Agent::new).collect(),
            files: HashMap::new(),
            kept: KeptFiles::default(),
            conversations: Vec::new(),
            outbox: Vec::new(),
            triggers: VecDeque::new(),
            file_base,
            arrivals: 0,
            offers: 0,
            callback_id: FIRST_CALLBACK_ID,
            running_scripts: false,
        }
    }

    /// What collected since the last call, in order.
    pub(crate) fn take_outbox(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.outbox)
    }

    /// Creates and routes a conversation. Its callbacks are kept back until [`Desk::release`].
    pub(crate) fn start(&mut self, new: NewConversation) -> usize {
        let typing_wanted = match self.variants.typing {
            Typing::WhenAsked => new.typing_wanted,
            Typing::Always => true,
            Typing::Never => false,
        };
        let record = ConversationRecord {
            id: new.id,
            activity_id: (2001 + self.conversations.len()).to_string(),
            entry_point: new.entry_point,
            client: new.client,
            subject: new.subject,
            customer: new.customer,
            custom_attributes: new.custom_attributes,
            search_attribute: new.search_attribute,
            anonymous: new.anonymous,
            language: new.language,
            started_at_ms: now_ms(),
            phase: Phase::Queued,
            reserved_for: None,
            typing_reported: typing_wanted,
            seen: Vec::new(),
            sent: Vec::new(),
        };
        let place = self.ledger.push(record);
        self.conversations.push(Conversation {
            held: Some(Vec::new()),
            ..Conversation::default()
        });
        self.enqueue(place);
        self.assign_waiting();
        place
    }

    /// Closes a conversation that nobody is there for.
    pub(crate) fn close_unassigned(&mut self, place: usize) {
        let text = self.variants.texts.ended_by_system.clone();
        self.finish(place, Some(text));
    }

    /// Lets a conversation's callbacks go.
    pub(crate) fn release(&mut self, place: usize) {
        for message in self.conversations[place].held.take().unwrap_or_default() {
            self.outbox.push(Effect::CallBack { place, message });
        }
    }

    /// The place of a conversation that can still be written to.
    pub(crate) fn open(&self, id: &str, client: &str) -> Result<usize, Refusal> {
        let place = self
            .ledger
            .place(id)
            .ok_or_else(|| self.variants.unknown_conversation.clone())?;
        let record = &self.ledger.conversations[place];
        if record.client != client {
            let text = "The conversation was started by another client application.";
            return Err(Refusal::new(403, "403-103", text));
        }
        if record.is_finished() {
            return Err(self.variants.finished.clone());
        }
        Ok(place)
    }

    pub(crate) fn customer_wrote(&mut self, place: usize, text: String, html: bool) {
        self.trigger(place, Trigger::new(On::Message, text.clone()));
        self.show(place, What::Text { text, html });
        self.run_scripts();
    }

    pub(crate) fn customer_types(&mut self, place: usize, typing: bool) {
        self.show(
            place,
            if typing {
                What::TypingStarted
            } else {
                What::TypingStopped
            },
        );
        if typing {
            self.trigger(place, Trigger::new(On::Typing, String::new()));
        }
        self.run_scripts();
    }

    pub(crate) fn customer_offers(
        &mut self,
        place: usize,
        name: String,
        content_type: String,
        size: String,
        url: String,
    ) {
        self.trigger(place, Trigger::new(On::Attachment, name.clone()));
        let file = CustomerFile {
            name,
            content_type,
            size,
            url,
            state: FileState::Offered,
            fetched: None,
        };
        self.show(place, What::File(file));
        self.run_scripts();
    }

    /// The customer takes or refuses an agent's file: the one of that name, else the newest.
    ///
    /// # Errors
    /// No agent sent one.
    pub(crate) fn customer_answers_offer(
        &mut self,
        place: usize,
        name: Option<&str>,
        takes: bool,
    ) -> Result<(), Refusal> {
        let offered = self.files.values_mut().filter(|file| file.place == place);
        let named = offered.filter(|file| name.is_none_or(|name| name == file.name));
        let Some(file) = named.max_by_key(|file| file.number) else {
            return Err(Refusal::new(
                400,
                "400-205",
                "The agent has not offered such a file.",
            ));
        };
        file.accepted = takes;
        let name = file.name.clone();
        let on = if takes {
            On::FileAccepted
        } else {
            On::FileRejected
        };
        self.trigger(place, Trigger::new(on, name.clone()));
        self.show(
            place,
            if takes {
                What::FileAccepted { name }
            } else {
                What::FileRejected { name }
            },
        );
        self.run_scripts();
        Ok(())
    }

    /// The customer's side ends the conversation.
    pub(crate) fn customer_ends(&mut self, place: usize) {
        self.show(
            place,
            What::Note {
                text: "The customer ended the conversation.".to_owned(),
            },
        );
        let text = self.variants.texts.ended_by_system.clone();
        self.finish(place, self.variants.complete_after_end.then_some(text));
    }

    /// The conversation is over: the slot is free and the next in the queue gets it.
    fn finish(&mut self, place: usize, told: Option<String>) {
        self.leave_queue(place);
        self.leave_agent(place);
        self.ledger.record(place).phase = Phase::Finished;
        if let Some(text) = told {
            self.call_back(place, Told::Ended, Some(text), Sender::system());
        }
        self.assign_waiting();
    }

    fn show(&mut self, place: usize, what: What) {
        self.arrivals += 1;
        let seen = Seen {
            arrival: self.arrivals,
            at_ms: now_ms(),
            what,
        };
        self.ledger.record(place).seen.push(seen);
    }

    fn call_back(&mut self, place: usize, told: Told, content: Option<String>, sender: Sender) {
        let message = self.message(place, &told, content, sender);
        self.emit(place, told, message);
    }

    fn message(
        &self,
        place: usize,
        told: &Told,
        content: Option<String>,
        sender: Sender,
    ) -> CallbackMessage {
        let word = self.variants.type_names.word(told).to_owned();
        CallbackMessage::new(&self.ledger.conversations[place].id, word, content, sender)
    }

    fn emit(&mut self, place: usize, told: Told, mut message: CallbackMessage) {
        message.id = self.callback_id.to_string();
        self.callback_id += 1;
        let agent = self.conversations[place].agent;
        let by = agent.map(|agent| self.agents[agent].name.clone());
        let record = self.ledger.record(place);
        record.sent.push(Sent {
            id: message.id.clone(),
            kind: message.kind.value.clone(),
            content: message.content.clone(),
            delivered: false,
            told,
            by,
            at_ms: now_ms(),
            after: record.seen.len(),
        });
        match &mut self.conversations[place].held {
            Some(held) => held.push(message),
            None => self.outbox.push(Effect::CallBack { place, message }),
        }
    }
}
