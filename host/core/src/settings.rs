//! What the operator configured about conversations, checked and compiled. `server` makes it from
//! the configuration file; nothing here reads text.

use std::collections::BTreeMap;

use crate::event::Unavailable;
use crate::id::{
    BotName, ChannelName, EntryPointName, IntegrationName, JourneyName, Language, PluginName,
    Timestamp,
};

/// All of it. Names that one part gives to another exist: `server` has checked that.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// By name.
    pub channels: BTreeMap<ChannelName, Channel>,
    /// By name.
    pub integrations: BTreeMap<IntegrationName, Integration>,
    /// By name.
    pub journeys: BTreeMap<JourneyName, Journey>,
    /// The first that fits decides; keywords before catch-alls (see `rules`).
    pub rules: Vec<Rule>,
}

/// A configured channel, as far as conversations care.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its plugin's name: the `a` in `$(a.b)`.
    pub plugin: PluginName,
    /// The provider confirms an opt-out to the customer itself.
    pub confirms_opt_out: bool,
    /// A customer who opted out, not by a word, and writes again wants messages again.
    pub writing_opts_in: bool,
    /// What the customer reads after opting out, where the provider says nothing.
    pub opt_out_text: Option<String>,
    /// Whole messages that mean "stop", compared without case and outer punctuation.
    pub stop_words: Vec<String>,
    /// Whole messages that mean "start again"; they count only from one who has opted out.
    pub start_words: Vec<String>,
    /// The channel can show choices itself; else they go out as numbered text.
    pub choices: bool,
    /// The channel tells whether the customer took a file.
    pub file_answers: bool,
    /// The channel shows customers that an agent saw what they wrote.
    pub shows_seen: bool,
}

/// A configured ECE, as far as conversations care.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Integration {
    /// By name.
    pub entry_points: BTreeMap<EntryPointName, EntryPoint>,
    /// By language; `default` is the key of the fallback.
    pub messages: BTreeMap<String, Messages>,
    /// Custom attributes: name and value template.
    pub attributes: Vec<(String, String)>,
    /// When ECE hears that the customer has an agent's file.
    pub accept_agent_files: AcceptAgentFiles,
}

/// When ECE hears that the customer has an agent's file, on channels without a signal of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AcceptAgentFiles {
    /// When the provider took it.
    #[default]
    OnDelivery,
    /// As soon as it is on its way.
    OnSend,
    /// Never.
    Never,
}

/// An entry point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EntryPoint {
    /// The languages it serves; empty serves any.
    pub languages: Vec<Language>,
    /// When it is open; none is always.
    pub hours: Option<Hours>,
}

/// Opening hours, as spans of absolute meaning: the zone's rules are applied by `hours::open_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// An IANA zone name.
    pub time_zone: String,
    /// Monday first; minutes from midnight, end exclusive.
    pub week: [Vec<(u16, u16)>; 7],
    /// Closed days: year, month, day.
    pub closed: Vec<(i16, i8, i8)>,
}

/// Texts to customers. `None` sends nothing. Placeholders: `{{ agent.name }}`, `{{ queue.name }}`, `{{ file.name }}`,
/// `{{ url }}`, `{{ text }}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Messages {
    /// Z28.
    pub chat_started: Option<String>,
    /// Z30.
    pub agent_assigned: Option<String>,
    /// Z31.
    pub agent_transfer_queue: Option<String>,
    /// Z32.
    pub agent_transfer_agent: Option<String>,
    /// Z29.
    pub agent_closed_chat: Option<String>,
    /// Z34.
    pub agent_accepted_attachment: Option<String>,
    /// Z33.
    pub agent_rejected_attachment: Option<String>,
    /// Z12.
    pub agent_uploaded_attachment: Option<String>,
    /// Z52.
    pub page_push: Option<String>,
    /// What ECE told in a way that is not known here; without one the customer is not told.
    pub unknown_event: Option<String>,
    /// The ECE conversation vanished.
    pub chat_expired: Option<String>,
    /// Z35, Z36 and the others; a missing one falls back to `NoAgents`, but for `EntryPointDisabled`.
    pub unavailable: BTreeMap<Unavailable, String>,
}

/// The ordered stages a rule sends a conversation through.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// In order; never empty.
    pub stages: Vec<Stage>,
    /// What to do when ECE cannot take the customer.
    pub on_unavailable: Policies,
}

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// A bot has the conversation.
    Bot(BotName),
    /// The agents of an ECE have it.
    Ece(EceStage),
}

/// Where an ECE stage leads.
#[derive(Debug, Clone, PartialEq)]
pub struct EceStage {
    /// Which ECE.
    pub integration: IntegrationName,
    /// Which entry point.
    pub entry_point: PickEntryPoint,
    /// Attributes of this stage alone: name and value template.
    pub attributes: Vec<(String, String)>,
}

/// How the entry point is found.
#[derive(Debug, Clone, PartialEq)]
pub enum PickEntryPoint {
    /// Always this one.
    Fixed(EntryPointName),
    /// The first that serves the customer's language, else this one.
    ByLanguage {
        /// While the language is not sure, or nobody serves it.
        fallback: EntryPointName,
    },
}

/// What to do about each kind of unavailability.
#[derive(Debug, Clone, PartialEq)]
pub struct Policies {
    /// For these; all others hold.
    pub on: BTreeMap<Unavailable, Policy>,
    /// How long to hold, in ms.
    pub hold_ms: u64,
    /// How long a customer stays in ECE's queue without an agent, in ms; then it is as `WaitTooLong`.
    pub nobody_answers_ms: u64,
    /// What then: anything but `Hold`.
    pub then: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        let on = BTreeMap::from([(Unavailable::EntryPointDisabled, Policy::Close)]);
        Self {
            on,
            hold_ms: 900_000,
            nobody_answers_ms: 3_600_000,
            then: Policy::Close,
        }
    }
}

/// What to do when ECE cannot take the customer (Z56).
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// Keep the messages and try again.
    Hold,
    /// End the conversation; what nobody read becomes a dead letter.
    Close,
    /// Drop the messages (each a dead letter that says so) and end the conversation without another word.
    Discard,
    /// Give it back to the bot before; without one, as `Close`.
    Back,
    /// Try another entry point of the same integration, once.
    EntryPoint(EntryPointName),
}

/// What sends a conversation on a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// For the trace.
    pub name: String,
    /// On these channels.
    pub channels: Vec<ChannelName>,
    /// At this.
    pub event: RuleEvent,
    /// The first word of the message, or first words; none catches all.
    pub keyword: Option<String>,
    /// From when, inclusive.
    pub starts: Option<Timestamp>,
    /// Until when, exclusive.
    pub ends: Option<Timestamp>,
    /// Switched off rules are kept and skipped.
    pub active: bool,
    /// Where to.
    pub journey: JourneyName,
}

/// What a rule waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleEvent {
    /// Any message of a customer.
    Message,
    /// A choice was made outside a conversation.
    Postback,
    /// The customer opted in.
    OptIn,
}
