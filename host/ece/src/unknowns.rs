//! What no public source settles about ECE, as settings: `[integrations.NAME.wire]`.
//!
//! Each default is the best guess of [`guesses`](crate::guesses). Nobody should need to set one
//! until an ECE is met that differs; then one line here replaces a new version of Trunkline.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::guesses;

/// All of it. A key that is left out keeps its default; a list that is given replaces the default
/// list, but for `classifier` and the members of `types`, which are added to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unknowns {
    /// The version segment of the messaging interface's paths.
    pub api_version: String,
    /// The version segment of the user login's path.
    pub login_api_version: String,
    /// Whether a login may push out other sessions of the same credentials. ECE allows ten.
    pub force_login: ForceLogin,
    /// Paths below `base_url`.
    pub paths: Paths,
    /// ECE's words for the kinds of callbacks, besides the known ones.
    pub types: TypeNames,
    /// Which transfer texts mean an agent and which a queue; the first that matches decides.
    pub transfer_patterns: Vec<TransferPattern>,
    /// Texts of `assigned` that name the agent, in the group `name`.
    pub assigned_patterns: Vec<String>,
    /// Texts of a taken or refused file that name it, in the group `name`.
    pub file_answer_patterns: Vec<String>,
    /// Texts of `complete` that mean that the system ended it, not an agent.
    pub system_end_patterns: Vec<String>,
    /// Members of `sender.user` that hold the name to show, best first; `a+b` joins two.
    pub sender_names: Vec<String>,
    /// How the customer's side ends a conversation.
    pub end: EndCall,
    /// Merged into the start request: for instance what asks for typing events.
    pub start_fragment: Map<String, Value>,
    /// JSON pointers to the conversation's id in the answer to a start, best first.
    pub start_ids: Vec<String>,
    /// What refusals mean; looked at before the known ones, first match decides.
    pub classifier: Vec<Rule>,
    /// Which contact member each kind of customer address becomes. Other kinds are left out.
    pub contacts: BTreeMap<String, Contact>,
    /// `searchContactOnAttribute` by plugin; without one the customer is anonymous.
    pub search_attributes: BTreeMap<String, String>,
    /// `conversationContact` by plugin; without one it is left out.
    pub conversation_contacts: BTreeMap<String, String>,
    /// Members of an attachment that hold its address, best first.
    pub file_urls: Vec<String>,
    /// Whether an agent's file must be accepted before it can be fetched.
    pub accept_before_fetch: AcceptBeforeFetch,
    /// The longest text of one message, in UTF-16 units as Java counts; a longer one is split.
    pub text_limit: usize,
    /// The longest subject, counted alike.
    pub subject_limit: usize,
    /// What a custom attribute may hold besides letters, digits, space and what is above code point 128.
    pub attribute_characters: String,
    /// Put before the subject when an earlier start may have been taken.
    pub again_mark: String,
    /// `Accept-Language` while the customer's language is not known.
    pub accept_language: String,
    /// What is asked before a start. Leave out what an entry point answers wrongly.
    pub availability: Vec<Availability>,
    /// How long ECE may take to connect, in ms.
    pub connect_timeout_ms: u64,
    /// How long ECE may take to answer, in ms.
    pub answer_timeout_ms: u64,
    /// How long to wait after 429 or 503 without `Retry-After`, in ms.
    pub throttle_ms: u64,
}

impl Default for Unknowns {
    fn default() -> Self {
        guesses::unknowns()
    }
}

/// Whether a login may push out other sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForceLogin {
    /// Never.
    Never,
    /// Only after a login without it was refused.
    WhenRefused,
    /// Always.
    Always,
}

/// Paths below `base_url`. `{api_version}`, `{login_api_version}`, `{operation}` and
/// `{entry_point}` are filled in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// OAuth2 token.
    pub token: String,
    /// User login.
    pub login: String,
    /// User logout.
    pub logout: String,
    /// Entry point configuration.
    pub configuration: String,
    /// Start of a conversation.
    pub start: String,
    /// A message.
    pub send: String,
    /// The status interface.
    pub status: String,
    /// Its operation: is an agent available?
    pub agent_availability: String,
    /// Its operation: how many free slots?
    pub capacity: String,
    /// Its operation: waiting time and queue depth.
    pub live_session_status: String,
    /// Its operation: may a chat be begun?
    pub check_eligibility: String,
    /// Its operation: is the entry point open?
    pub chat_allowed: String,
}

impl Default for Paths {
    fn default() -> Self {
        guesses::paths()
    }
}

/// More of ECE's words for the kinds of callbacks; compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypeNames {
    /// An agent has it.
    pub assigned: Vec<String>,
    /// It went elsewhere.
    pub transfer: Vec<String>,
    /// A page was pushed.
    pub page_push: Vec<String>,
    /// A file is offered.
    pub upload_attachment: Vec<String>,
    /// A file of the customer was taken.
    pub accept_attachment: Vec<String>,
    /// A file of the customer was refused.
    pub reject_attachment: Vec<String>,
    /// The agent types.
    pub start_typing: Vec<String>,
    /// The agent stopped.
    pub end_typing: Vec<String>,
    /// It is over.
    pub complete: Vec<String>,
    /// Plain text.
    pub text: Vec<String>,
    /// HTML.
    pub html: Vec<String>,
}

/// One text of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferPattern {
    /// A regular expression; its group `name` is the agent's or queue's name.
    pub pattern: String,
    /// What it means.
    pub to: TransferTo,
}

/// Where a transfer goes. A department is a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// To another agent.
    Agent,
    /// To a queue.
    Queue,
}

/// How the customer's side ends a conversation. `{conversation}` and `{api_version}` are filled in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndCall {
    /// HTTP method.
    pub method: String,
    /// Below `base_url`.
    pub path: String,
    /// JSON; empty sends none.
    pub body: String,
}

impl Default for EndCall {
    fn default() -> Self {
        guesses::end_call()
    }
}

/// One line of the table that says what a refusal means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For these calls; empty: for all.
    #[serde(default)]
    pub operations: Vec<Operation>,
    /// With these HTTP statuses; empty: with any from 400.
    #[serde(default)]
    pub status: Vec<u16>,
    /// With a `code` in the body that begins so.
    #[serde(default)]
    pub code: Option<String>,
    /// With one of these words in the body, in any case; empty: whatever it says.
    #[serde(default)]
    pub words: Vec<String>,
    /// What it means.
    pub means: Meaning,
}

/// Calls whose refusals are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Token or user login.
    Login,
    /// Entry point configuration.
    Configuration,
    /// Start of a conversation.
    Start,
    /// A message.
    Send,
    /// The end of a conversation.
    End,
    /// An agent's file.
    File,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Nobody can take a chat.
    NoAgents,
    /// The queue is full.
    OutOfCapacity,
    /// One would wait too long.
    WaitTooLong,
    /// The entry point is switched off, unknown, or not ours.
    EntryPointDisabled,
    /// The entry point changed since its configuration was read.
    Stale,
    /// The conversation is over.
    Gone,
    /// ECE has switched off the callback address after failures.
    CallbackDeactivated,
    /// Too many requests.
    Throttled,
    /// Credentials or addresses are wrong.
    Credentials,
    /// ECE may have taken it.
    Unknown,
    /// ECE will never take it.
    Refused,
}

/// Where a customer's address goes in ECE's contact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The list.
    pub list: ContactList,
    /// `type.value` of a phone or social entry.
    #[serde(default)]
    pub kind: Option<String>,
    /// Put before the value: a WhatsApp id is a number without its `+`.
    #[serde(default)]
    pub prefix: String,
}

/// The lists of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactList {
    /// `phone[].phoneNumber`.
    Phone,
    /// `email[].emailAddress`.
    Email,
    /// `social[].socialId`.
    Social,
}

/// Whether an agent's file must be accepted before it can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptBeforeFetch {
    /// Never accepted for fetching.
    Never,
    /// Accepted when the first fetch is refused, then fetched again.
    WhenRefused,
    /// Always accepted first; a later acceptance is then not repeated.
    Always,
}

/// What is asked before a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// `agentAvailability`.
    Agents,
    /// `capacity` and `checkEligibility`.
    Capacity,
    /// `liveSessionStatus` against `wait_acceptable_s`.
    Wait,
    /// `chatAllowed`.
    Allowed,
}
