//! From the configuration to what each crate is told.

/// What cannot work with the plugins there are.
mod unfit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use trunkline_core::id::ChannelName;
use trunkline_core::settings::{self, Settings};
use trunkline_ece::IntegrationConfig;
use trunkline_engine::{
    EngineConfig, Manifest, Oauth2, ProxySettings, Secret, SecretSource, SecretValues, Trust,
    UserConfig,
};
use trunkline_store::{Directions, Mask, Masking};

use crate::config::{Config, Connection, MaskRule, MaskRules, MaskingSettings, PluginSecret};
use crate::shipped;

pub use unfit::{taken_away, unfit};

/// What "stop" is where nothing is configured.
const STOP_WORDS: [&str; 3] = ["STOP", "STOPALL", "UNSUBSCRIBE"];

/// Further words after which providers that confirm opt-outs themselves block a number.
const PROVIDER_STOP_WORDS: [&str; 5] = ["CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];

/// What "start again" is where nothing is configured. Counts only from one who opted out.
const START_WORDS: [&str; 3] = ["START", "UNSTOP", "YES"];

/// What a channel's plugin says about itself; absent while none is live.
pub type Facts<'a> = dyn Fn(&ChannelName) -> Option<ChannelFacts> + 'a;

/// What conversations need to know of a manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChannelFacts {
    /// The provider confirms an opt-out itself.
    pub confirms_opt_out: bool,
    /// Who opted out and writes again wants messages again.
    pub writing_opts_in: bool,
    /// Shows choices itself.
    pub choices: bool,
    /// Tells whether the customer took a file.
    pub file_answers: bool,
    /// Shows customers that an agent saw what they wrote.
    pub shows_seen: bool,
}

impl ChannelFacts {
    /// Of a manifest.
    pub fn of(manifest: &Manifest) -> Self {
        let capabilities = &manifest.capabilities;
        Self {
            confirms_opt_out: capabilities.confirms_opt_out,
            writing_opts_in: capabilities.writing_opts_in,
            // A channel that delivers choices as numbered text gets no choice back, only a number.
            choices: capabilities.content_out.contains("choices")
                && capabilities.content_in.contains("chosen"),
            file_answers: capabilities.file_answers,
            shows_seen: capabilities.seen,
        }
    }
}

/// What conversations are told.
pub fn settings(config: &Config, facts: &Facts<'_>) -> Settings {
    let channel = |(name, connection): (&ChannelName, &Connection)| {
        let facts = facts(name).unwrap_or_default();
        (name.clone(), channel_settings(connection, facts))
    };
    Settings {
        channels: config.channels.iter().map(channel).collect(),
        integrations: config
            .integrations
            .iter()
            .map(|(name, integration)| (name.clone(), integration.core.clone()))
            .collect(),
        journeys: config.journeys.clone(),
        rules: config.rules.clone(),
    }
}

fn channel_settings(connection: &Connection, facts: ChannelFacts) -> settings::Channel {
    let opt_out = &connection.opt_out;
    settings::Channel {
        plugin: connection.plugin.clone(),
        confirms_opt_out: facts.confirms_opt_out,
        writing_opts_in: facts.writing_opts_in,
        opt_out_text: opt_out.text.clone(),
        stop_words: opt_out
            .stop_words
            .clone()
            .unwrap_or_else(|| usual_stop_words(facts.confirms_opt_out)),
        start_words: opt_out
            .start_words
            .clone()
            .unwrap_or_else(|| START_WORDS.map(str::to_owned).to_vec()),
        choices: facts.choices,
        file_answers: facts.file_answers,
        shows_seen: facts.shows_seen,
    }
}

fn usual_stop_words(provider_confirms: bool) -> Vec<String> {
    let more: &[&str] = if provider_confirms {
        &PROVIDER_STOP_WORDS
    } else {
        &[]
    };
    let words = STOP_WORDS.iter().chain(more);
    words.map(|word| (*word).to_owned()).collect()
}

/// What the ECE client is told.
pub fn integrations(config: &Config) -> Vec<IntegrationConfig> {
    let all = config.integrations.values();
    all.map(|integration| integration.ece.clone()).collect()
}

/// What the store masks.
pub fn masking(settings: &MaskingSettings) -> Masking {
    Masking {
        default: directions(&settings.default),
        channels: settings
            .channels
            .iter()
            .map(|(name, rules)| (name.clone(), directions(rules)))
            .collect(),
    }
}

fn directions(rules: &MaskRules) -> Directions {
    Directions {
        inbound: mask(&rules.inbound),
        outbound: mask(&rules.outbound),
    }
}

fn mask(rule: &MaskRule) -> Mask {
    Mask {
        cards: rule.cards,
        // Each was compiled when the configuration was checked.
        patterns: rule
            .patterns
            .iter()
            .filter_map(|pattern| Regex::new(pattern).ok())
            .collect(),
    }
}

/// What the plugin engine is told.
pub fn engine(config: &Config) -> EngineConfig {
    let server = &config.server;
    EngineConfig {
        dir: config.plugins.dir.clone(),
        cache_dir: beside(&config.store.path, ".plugin-cache"),
        public_url: server.public_url.clone(),
        trust: Trust {
            trusted_keys: config.plugins.trusted_keys.clone(),
            require_signature: config.plugins.require_signature,
            shipped: shipped::beside_this_program(),
        },
        proxy: server.proxy.clone().map(|url| ProxySettings {
            url,
            no_proxy: server.no_proxy.clone(),
        }),
        call_time: trunkline_engine::CALL_TIME,
        channels: users(&config.channels),
        bots: users(&config.bots),
    }
}

fn users<N: Ord + Clone>(connections: &BTreeMap<N, Connection>) -> BTreeMap<N, UserConfig> {
    connections
        .iter()
        .map(|(name, connection)| (name.clone(), user(connection)))
        .collect()
}

fn user(connection: &Connection) -> UserConfig {
    UserConfig {
        plugin: connection.plugin.clone(),
        settings: connection.settings.clone(),
        secrets: connection
            .secrets
            .iter()
            .map(|(name, secret)| (name.clone(), secret_source(secret)))
            .collect(),
        hosts: connection.hosts.clone(),
    }
}

fn secret_source(secret: &PluginSecret) -> SecretSource {
    match secret {
        PluginSecret::Kept { current, previous } => SecretSource::Kept(SecretValues {
            current: Secret::new(current.reveal()),
            previous: previous
                .as_ref()
                .map(|previous| Secret::new(previous.reveal())),
        }),
        PluginSecret::Oauth2(oauth2) => SecretSource::Oauth2(Box::new(Oauth2 {
            token_url: oauth2.token_url.clone(),
            client_id: oauth2.client_id.clone(),
            client_secret: Secret::new(oauth2.client_secret.reveal()),
            scope: oauth2.scope.clone(),
            client_auth: oauth2.client_auth,
        })),
    }
}

/// A file or folder beside the store's database: `trunkline.db` and the ending.
pub fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
