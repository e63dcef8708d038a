//! The set-up of a stand-in, in code or as TOML: entry points, agents, webhook, accounts.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::script::RuleConfig;
use crate::variants::Variants;

/// The set-up. [`Default`]: entry points 1001 and 1002, and one agent `ann` driven by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EceConfig {
    /// Where the API and `/_sim` are served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A second address with the same content that no outage closes, for driving by HTTP.
    pub control_listen: Option<SocketAddr>,
    /// What stands before `/ws/…` and `/egain/…`.
    pub context_root: String,
    /// The client application's key: the connector's user name.
    pub client_key: String,
    /// Its secret: the connector's password.
    pub client_secret: String,
    /// Other applications: they get tokens, but may use no entry point.
    pub other_clients: Vec<Account>,
    /// ECE users who can log in (family D).
    pub users: Vec<Account>,
    /// Life of a token or login session, in seconds.
    pub token_lifetime_s: u64,
    /// Client sessions at once without `forceLogin` (SEEN: 10).
    pub sessions_max: usize,
    /// Sessions of one user at once without `forceLogin` (SEEN: 5).
    pub user_sessions_max: usize,
    /// At least one.
    pub entry_points: Vec<EntryPointConfig>,
    /// May be none, as in a TOML file that names none: then nobody is available.
    #[serde(default = "Vec::new")]
    pub agents: Vec<AgentConfig>,
    /// How events are called back.
    pub callback: CallbackConfig,
    /// What no public source settles.
    pub variants: Variants,
}

impl Default for EceConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            control_listen: None,
            context_root: "/system".to_owned(),
            client_key: "trunkline-key".to_owned(),
            client_secret: "trunkline-secret".to_owned(),
            other_clients: Vec::new(),
            users: vec![Account {
                name: "finesse".to_owned(),
                secret: "finesse-pass".to_owned(),
            }],
            token_lifetime_s: 86_400,
            sessions_max: 10,
            user_sessions_max: 5,
            entry_points: vec![
                EntryPointConfig::new(1001, "support"),
                EntryPointConfig::new(1002, "support-es"),
            ],
            agents: vec![AgentConfig {
                pick_up: PickUp::Manual,
                ..AgentConfig::new("ann", &[1001, 1002])
            }],
            callback: CallbackConfig::default(),
            variants: Variants::default(),
        }
    }
}

/// The set-up contradicts itself or is no TOML.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text says where.
    #[error("the stand-in's configuration: {0}")]
    Toml(#[from] toml::de::Error),
    /// Add one under `[[entry_points]]`.
    #[error("the stand-in's configuration names no entry point")]
    NoEntryPoint,
    /// Two of them share the id.
    #[error("entry point {0} is there twice")]
    EntryPointTwice(u64),
    /// Two agents share the name.
    #[error("agent {0} is there twice")]
    AgentTwice(String),
    /// Name one that exists.
    #[error("agent {agent} serves entry point {entry_point}, which is not configured")]
    UnknownEntryPoint {
        /// The agent.
        agent: String,
        /// The missing id.
        entry_point: u64,
    },
    /// What the rule needs.
    #[error("agent {agent}, script rule {number}: {problem}")]
    Rule {
        /// The agent.
        agent: String,
        /// From 1.
        number: usize,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl EceConfig {
    /// Reads TOML; keys left out keep their defaults, unknown ones are refused.
    ///
    /// # Errors
    /// The text is no TOML, names an unknown key, or contradicts itself.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    /// One agent who takes any number of conversations on every entry point and answers each
    /// message with `echo: {text}`.
    pub fn with_echo_agent() -> Self {
        let config = Self::default();
        let served: Vec<u64> = config.entry_points.iter().map(|point| point.id).collect();
        let echo = AgentConfig {
            capacity: 1_000_000,
            script: vec![RuleConfig::echo()],
            ..AgentConfig::new("echo", &served)
        };
        Self {
            agents: vec![echo],
            ..config
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.entry_points.is_empty() {
            return Err(ConfigError::NoEntryPoint);
        }
        for (place, point) in self.entry_points.iter().enumerate() {
            if self.entry_points[..place]
                .iter()
                .any(|other| other.id == point.id)
            {
                return Err(ConfigError::EntryPointTwice(point.id));
            }
        }
        for (place, agent) in self.agents.iter().enumerate() {
            if self.agents[..place]
                .iter()
                .any(|other| other.name == agent.name)
            {
                return Err(ConfigError::AgentTwice(agent.name.clone()));
            }
            self.check_agent(agent)?;
        }
        Ok(())
    }

    fn check_agent(&self, agent: &AgentConfig) -> Result<(), ConfigError> {
        for id in &agent.entry_points {
            if !self.entry_points.iter().any(|point| point.id == *id) {
                return Err(ConfigError::UnknownEntryPoint {
                    agent: agent.name.clone(),
                    entry_point: *id,
                });
            }
        }
        for (place, rule) in agent.script.iter().enumerate() {
            rule.compile().map_err(|problem| ConfigError::Rule {
                agent: agent.name.clone(),
                number: place + 1,
                problem,
            })?;
        }
        Ok(())
    }
}

/// Somebody who can ask for a token or log in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Client key or user name.
    pub name: String,
    /// Client secret or password.
    pub secret: String,
}

/// Where conversations arrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPointConfig {
    /// ECE's id.
    pub id: u64,
    /// Shown to customers when they are transferred to its queue.
    pub name: String,
    /// Inactive ones refuse configuration and start.
    #[serde(default = "yes")]
    pub active: bool,
    /// Bound to the client application by a messaging adapter; unbound ones give 403.
    #[serde(default = "yes")]
    pub bound: bool,
    /// When not, a start succeeds without agents, and availability is always true (SEEN trap).
    #[serde(default = "yes")]
    pub agents_required: bool,
    /// Chats that may wait; any number when absent.
    #[serde(default)]
    pub queue_depth_max: Option<usize>,
    /// Reported waiting time in seconds; ten for each waiting chat when absent.
    #[serde(default)]
    pub wait_time_s: Option<f64>,
    /// `attachmentPolicies.restrictionType.value`; only reported, never enforced.
    #[serde(default = "allow_all")]
    pub attachment_restriction: String,
}

impl EntryPointConfig {
    /// An active, bound entry point that requires agents.
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            active: true,
            bound: true,
            agents_required: true,
            queue_depth_max: None,
            wait_time_s: None,
            attachment_restriction: allow_all(),
        }
    }
}

/// Who takes conversations from the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickUp {
    /// The agent does, as soon as there is room.
    #[default]
    Auto,
    /// Somebody drives the agent: `pick_up` by library or `/_sim`.
    Manual,
}

/// An agent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// User name, unique.
    pub name: String,
    /// What customers see; the name when absent.
    #[serde(default)]
    pub screen_name: Option<String>,
    /// Ids of the entry points whose conversations the agent can take.
    pub entry_points: Vec<u64>,
    /// Conversations at once.
    #[serde(default = "five")]
    pub capacity: usize,
    /// At the start.
    #[serde(default = "yes")]
    pub signed_in: bool,
    /// Signed in and not ready is *busy*.
    #[serde(default = "yes")]
    pub ready: bool,
    /// By itself or by hand.
    #[serde(default)]
    pub pick_up: PickUp,
    /// What the agent does by itself; the first rule that fits an event runs.
    #[serde(default)]
    pub script: Vec<RuleConfig>,
}

impl AgentConfig {
    /// A ready agent of capacity five who picks up by itself and says nothing.
    pub fn new(name: &str, entry_points: &[u64]) -> Self {
        Self {
            name: name.to_owned(),
            screen_name: None,
            entry_points: entry_points.to_vec(),
            capacity: five(),
            signed_in: true,
            ready: true,
            pick_up: PickUp::Auto,
            script: Vec::new(),
        }
    }
}

/// How events reach the webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackConfig {
    /// The registered webhook; events wait while there is none.
    pub url: Option<String>,
    /// The `Authorization` that ECE sends.
    pub auth: CallbackAuth,
    /// JSON or XML.
    pub format: CallbackFormat,
    /// Messages in one POST (SEEN: 1 to 1000).
    pub batch_max: usize,
    /// POSTs under way at once; a conversation always uses the same one of these lanes.
    pub lanes: usize,
    /// After this a POST counts as failed.
    pub timeout_ms: u64,
    /// A POST that fails this often in a row deactivates the webhook; never when absent.
    pub failures_max: Option<u32>,
    /// Pause after the first failure; doubles with each.
    pub backoff_ms: u64,
    /// The longest pause.
    pub backoff_max_ms: u64,
    /// Sends each POST again after it succeeded.
    pub doubled: bool,
    /// Events of a start are posted before the start is answered (INFERRED: it can happen).
    pub before_start_answer: bool,
    /// Otherwise they are posted this long after the answer was made.
    pub after_start_answer_ms: u64,
}

impl Default for CallbackConfig {
    fn default() -> Self {
        Self {
            url: None,
            auth: CallbackAuth::None,
            format: CallbackFormat::Json,
            batch_max: 1000,
            lanes: 4,
            timeout_ms: 5000,
            failures_max: Some(20),
            backoff_ms: 200,
            backoff_max_ms: 5000,
            doubled: false,
            before_start_answer: false,
            after_start_answer_ms: 5,
        }
    }
}

/// The document that callbacks carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackFormat {
    /// SEEN.
    #[default]
    Json,
    /// INFERRED from naming rules; no real document is public.
    Xml,
}

/// What ECE presents to the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CallbackAuth {
    /// Nothing.
    #[default]
    None,
    /// Basic.
    Basic {
        /// User.
        username: String,
        /// Password.
        password: String,
    },
    /// A token that an OAuth2 provider would have given.
    Bearer {
        /// The token.
        token: String,
    },
}

fn yes() -> bool {
    true
}

fn five() -> usize {
    5
}

fn allow_all() -> String {
    "allow_all".to_owned()
}
