//! What the admin API tells about the running host, as JSON: the words `status`, the console and
//! scripts share. Additions are new members; none is renamed.
//!
//! No secret and nothing that people wrote is in here.

use serde::{Deserialize, Serialize};
use trunkline_flow::ports::{CallHead, CallId, DeadLetter};

/// Most dead letters of one answer.
pub const LETTERS_MAX: usize = 500;

/// One dead letter, as `GET /api/v1/dead-letters` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LetterReport {
    /// What the store keeps.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// `c1-0`: what `trace` takes.
    pub conversation_id: Option<String>,
    /// `d1-0-1`.
    pub delivery_id: Option<String>,
}

impl From<DeadLetter> for LetterReport {
    fn from(letter: DeadLetter) -> Self {
        Self {
            conversation_id: letter.conversation.map(|id| id.to_string()),
            delivery_id: letter.delivery.map(|id| id.to_string()),
            letter,
        }
    }
}

/// The whole of `GET /api/v1/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Of this program.
    pub version: String,
    /// When it started, in ms since 1970.
    pub started_at: i64,
    /// The configuration it runs with.
    pub configuration: ConfigurationReport,
    /// By name.
    pub integrations: Vec<IntegrationReport>,
    /// By name.
    pub channels: Vec<ConnectionReport>,
    /// By name.
    pub bots: Vec<ConnectionReport>,
    /// Every plugin file found.
    pub plugins: Vec<PluginReport>,
    /// Counts by name: what waits, what went, what failed.
    pub counts: Vec<CountReport>,
    /// Of which channels and bots every plugin call is kept now.
    #[serde(default)]
    pub recording: Vec<RecordingReport>,
}

/// Which configuration is in force, and whether a newer one was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationReport {
    /// The file.
    pub file: String,
    /// Since when, in ms since 1970.
    pub in_force_since: i64,
    /// Why the file as it stands now is not in force; empty when it is.
    pub refused: Option<String>,
}

/// One ECE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationReport {
    /// Ours.
    pub name: String,
    /// When the lights were read, in ms since 1970.
    pub read_at: i64,
    /// In the order of their names.
    pub entry_points: Vec<EntryPointReport>,
    /// What ECE refuses until somebody mends it, as last seen; the lights show none of this.
    #[serde(default)]
    pub refusals: Vec<RefusalReport>,
}

/// What ECE refuses until somebody mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalReport {
    /// `login` or `start`.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
}

/// One entry point with its lights (Z24 to Z27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPointReport {
    /// Ours.
    pub name: String,
    /// ECE's id.
    pub id: String,
    /// Green: an agent is ready.
    pub agent: LightReport,
    /// Green: there is a free slot.
    pub depth: LightReport,
    /// Green: the waiting time is acceptable.
    pub wait: LightReport,
    /// Green: online.
    pub status: LightReport,
}

/// One light.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LightReport {
    /// Its colour.
    pub colour: Colour,
    /// What it was told from.
    pub why: String,
}

/// The colour of a light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Good.
    Green,
    /// Bad.
    Red,
    /// Nobody says.
    Unknown,
}

/// A channel or a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionReport {
    /// Ours.
    pub name: String,
    /// Which plugin it uses.
    pub plugin: String,
    /// Does it work?
    pub light: LightReport,
    /// Calls that wait for a working plugin.
    #[serde(default)]
    pub waiting: u64,
}

impl ConnectionReport {
    /// What its calls wait for, though its plugin is live: that one failed on them.
    pub fn waits_for_a_mended_plugin(&self) -> Option<String> {
        let calls = match self.waiting {
            0 => return None,
            1 => "1 call that its plugin failed on waits".to_owned(),
            calls => format!("{calls} calls that its plugin failed on wait"),
        };
        Some(format!(
            "{calls} for another version: see `trunkline plugin calls {}`",
            self.name
        ))
    }
}

/// A plugin file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginReport {
    /// The plugin's name, or the file's where it has none.
    pub name: String,
    /// The manifest's version, if it could be read.
    pub version: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// SHA-256, if it was read.
    pub hash: Option<String>,
    /// `live`, `refused`, `quarantined`, …
    pub state: String,
    /// Why, if it is not live.
    pub reason: Option<String>,
    /// The version that serves in its place, if it is not live and one does.
    #[serde(default)]
    pub serving: Option<String>,
    /// What to paste into the configuration when nothing uses it.
    pub toml: Option<String>,
}

/// A channel or bot of which every plugin call is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingReport {
    /// `channels.acme-sms`.
    pub of: String,
    /// In ms since 1970.
    pub until: i64,
}

/// A recorded call in a list. Its outcome may hold what people wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallReport {
    /// Its number.
    pub id: CallId,
    /// What it was.
    #[serde(flatten)]
    pub head: CallHead,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReport {
    /// What is counted.
    pub name: String,
    /// How many.
    pub value: u64,
    /// How many now, not how many since the start.
    #[serde(default)]
    pub gauge: bool,
}

/// The whole of `GET /api/v1/trace/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceReport {
    /// Every conversation that the text belongs to, newest first.
    pub conversations: Vec<ConversationTrace>,
    /// There may be older ones that are not told.
    #[serde(default)]
    pub more: bool,
}

/// What happened to one conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationTrace {
    /// Its id.
    pub conversation: String,
    /// In order. May hold what people wrote: shown like messages, never logged.
    pub lines: Vec<trunkline_flow::ports::TraceLine>,
}

/// The body of every answer of the admin API that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What went wrong and what to do.
    pub error: String,
}
