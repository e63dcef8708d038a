//! `[channels.NAME]` and `[bots.NAME]`: a plugin with its settings, secrets and granted hosts.
//!
//! What settings and secrets a plugin has is in its manifest: the engine says what does not fit
//! it, and `fit` where that stands.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use trunkline_core::id::PluginName;

use super::secret::{PluginSecret, Sources, plugin_secret};
use super::section::{Placed, Section};
use super::server::plain;

/// One configured use of a plugin.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Which plugin.
    pub plugin: PluginName,
    /// As the manifest describes them.
    pub settings: toml::Table,
    /// By the manifest's names.
    pub secrets: BTreeMap<String, PluginSecret>,
    /// Hosts granted beyond the manifest's fixed ones: `host` or `host:port`.
    pub hosts: Vec<String>,
    /// What the customer's "stop" means; channels only.
    pub opt_out: OptOut,
}

/// How customers opt out of a channel and in again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptOut {
    /// Whole messages that mean "stop", beside what the plugin itself reports; `None` is the usual ones.
    pub stop_words: Option<Vec<String>>,
    /// Whole messages that mean "start again"; `None` is the usual ones.
    pub start_words: Option<Vec<String>>,
    /// What the customer reads after opting out, where the provider says nothing.
    pub text: Option<String>,
}

/// Which group is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Channel,
    Bot,
}

/// Reads all of a kind. The first are their names, whatever else is wrong with them.
pub(super) fn connections(
    file: &Section<'_>,
    kind: Kind,
    from: &Sources<'_>,
) -> (Vec<String>, BTreeMap<String, Connection>) {
    let key = match kind {
        Kind::Channel => "channels",
        Kind::Bot => "bots",
    };
    let mut names = Vec::new();
    let mut all = BTreeMap::new();
    for (name, section) in file.named_sections(key) {
        names.push(name.get_ref().clone());
        if let Some(connection) = one(section, kind, from) {
            all.insert(name.into_inner(), connection);
        }
    }
    (names, all)
}

fn one(section: Section<'_>, kind: Kind, from: &Sources<'_>) -> Option<Connection> {
    let example = match kind {
        Kind::Channel => "sms",
        Kind::Bot => "rasa",
    };
    let plugin = section.needed_text("plugin", example);
    let settings = section.section("settings");
    let connection = Connection {
        plugin: PluginName(plugin.map(Spanned::into_inner).unwrap_or_default()),
        settings: settings
            .map(|section| table_of(&section))
            .unwrap_or_default(),
        secrets: secrets(&section, from),
        hosts: hosts(&section),
        opt_out: match kind {
            Kind::Channel => opt_out(section.section("opt_out")),
            Kind::Bot => OptOut::default(),
        },
    };
    section.done();
    (!connection.plugin.0.is_empty()).then_some(connection)
}

fn secrets(section: &Section<'_>, from: &Sources<'_>) -> BTreeMap<String, PluginSecret> {
    let Some(secrets) = section.section("secrets") else {
        return BTreeMap::new();
    };
    secrets
        .entries()
        .into_iter()
        .map(|(name, value)| {
            // One that leads nowhere was complained about; it is there all the same, and not missing.
            let secret = plugin_secret(&secrets, name.get_ref(), value, from);
            (
                name.into_inner(),
                secret.unwrap_or_else(PluginSecret::stand_in),
            )
        })
        .collect()
}

fn hosts(section: &Section<'_>) -> Vec<String> {
    let hosts = section.texts("hosts");
    for host in &hosts {
        check_host(section, host);
    }
    plain(hosts)
}

fn check_host(section: &Section<'_>, host: &Placed<String>) {
    let text = host.get_ref();
    let name = text.strip_prefix("private:").unwrap_or(text);
    let address = url::Url::parse(&format!("https://{name}"));
    let bare = address.is_ok_and(|url| url.path() == "/" && !name.contains(['/', '@', '?']));
    if !bare {
        section.sink.add(
            &host.span(),
            format!("`{text}` is no host"),
            "write a name or address without scheme and path: api.example.com or 10.0.0.7:8443",
        );
    }
}

fn opt_out(section: Option<Section<'_>>) -> OptOut {
    let Some(section) = section else {
        return OptOut::default();
    };
    let opt_out = OptOut {
        stop_words: words(&section, "stop_words"),
        start_words: words(&section, "start_words"),
        text: section.text("text").map(Spanned::into_inner),
    };
    section.done();
    opt_out
}

fn words(section: &Section<'_>, key: &'static str) -> Option<Vec<String>> {
    section.value(key)?;
    Some(plain(section.texts(key)))
}

/// As it stands: the manifest says what it must be.
fn table_of(section: &Section<'_>) -> toml::Table {
    section
        .entries()
        .into_iter()
        .filter_map(|(key, value)| {
            let value = toml::de::ValueDeserializer::from(value.clone());
            match toml::Value::deserialize(value) {
                Ok(value) => Some((key.into_inner(), value)),
                Err(error) => {
                    let problem = format!("`{}` cannot be read", key.get_ref());
                    section.sink.add(&key.span(), problem, error.message());
                    None
                }
            }
        })
        .collect()
}
