//! What the engine is told: where plugins lie, whom to trust, and what is configured to use them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use trunkline_core::id::{BotName, ChannelName, PluginName};
use trunkline_flow::ports::PluginVersion;
use trunkline_flow::ports::Scope;

use crate::egress::ProxySettings;
use crate::secrets::SecretSource;

/// A call takes no longer than this, waiting included; only files on their way out do not count.
pub const CALL_TIME: Duration = Duration::from_secs(60);

/// All of it. Compare two with `==` to see whether `reconfigure` would change anything.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineConfig {
    /// The watched folder. Made if it is not there.
    pub dir: PathBuf,
    /// Compiled plugins, for this process's user alone (mode 0700). Made if it is not there.
    pub cache_dir: PathBuf,
    /// Where the outside reaches this host: `https://chat.example.com`, without a slash at the end.
    pub public_url: String,
    /// Whose plugins may run, and with what trust.
    pub trust: Trust,
    /// Through which proxy plugins' requests leave. Changes take effect at the next start.
    pub proxy: Option<ProxySettings>,
    /// How long one call may take, what it waits for included: `CALL_TIME` but in tests. Changes take effect at the next start.
    pub call_time: Duration,
    /// Configured channels.
    pub channels: BTreeMap<ChannelName, UserConfig>,
    /// Configured bots.
    pub bots: BTreeMap<BotName, UserConfig>,
}

/// Whose plugins may run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Minisign public keys, as `minisign -G` prints them (the base64 line).
    pub trusted_keys: Vec<String>,
    /// Unsigned plugins are refused.
    pub require_signature: bool,
    /// Plugin files that came with this release.
    pub shipped: BTreeSet<PluginVersion>,
}

/// A channel or a bot: what uses a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct UserConfig {
    /// Which plugin.
    pub plugin: PluginName,
    /// As written; checked against the manifest.
    pub settings: toml::Table,
    /// By the manifest's names.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Granted beyond the manifest's fixed hosts.
    pub hosts: Vec<String>,
}

/// A channel or a bot, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum User {
    /// A channel.
    Channel(ChannelName),
    /// A bot.
    Bot(BotName),
}

impl User {
    /// The table in the configuration: `channels.acme-sms`.
    pub fn table(&self) -> String {
        match self {
            Self::Channel(name) => format!("channels.{name}"),
            Self::Bot(name) => format!("bots.{name}"),
        }
    }

    /// Its name as the store has it.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Channel(name) => Scope::Channel(name.clone()),
            Self::Bot(name) => Scope::Bot(name.clone()),
        }
    }

    /// The path the outside reaches it at: `/channels/acme-sms`.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Channel(name) => format!("/channels/{name}"),
            Self::Bot(name) => format!("/bots/{name}"),
        }
    }

    /// Its name alone.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Channel(name) => name.as_str(),
            Self::Bot(name) => name.as_str(),
        }
    }
}

impl EngineConfig {
    /// Everything configured that uses a plugin.
    pub(crate) fn users(&self) -> impl Iterator<Item = (User, &UserConfig)> {
        let channels = self.channels.iter();
        let bots = self.bots.iter();
        channels
            .map(|(name, user)| (User::Channel(name.clone()), user))
            .chain(bots.map(|(name, user)| (User::Bot(name.clone()), user)))
    }
}
