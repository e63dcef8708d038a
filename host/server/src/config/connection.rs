//! `[channels.NAME]` and `[bots.NAME]`: a plugin with its settings, secrets and granted hosts.
//!
//! What settings and secrets a plugin has is in its manifest: the engine checks them when the plugin
//! is live, and `trunkline check` does so beforehand.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
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
    pub settings: serde_json::Map<String, serde_json::Value>,
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
    /// Whole messages that mean "stop", beside what the plugin itself reports.
    pub stop_words: Vec<String>,
    /// Whole messages that mean "start again".
    pub start_words: Vec<String>,
    /// What the customer reads after opting out, where the provider says nothing.
    pub text: Option<String>,
    /// The provider confirms an opt-out itself.
    pub confirmed_by_provider: bool,
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
        settings: settings.map(|table| json_table(&table)).unwrap_or_default(),
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
        .filter_map(|(name, value)| {
            let secret = plugin_secret(&secrets, name.get_ref(), value, from)?;
            Some((name.into_inner(), secret))
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
    let address = url::Url::parse(&format!("https://{}", host.get_ref()));
    let bare =
        address.is_ok_and(|url| url.path() == "/" && !host.get_ref().contains(['/', '@', '?']));
    if !bare {
        section.sink.add(
            &host.span(),
            format!("`{}` is no host", host.get_ref()),
            "write a name or address without scheme and path: api.example.com or 10.0.0.7:8443",
        );
    }
}

fn opt_out(section: Option<Section<'_>>) -> OptOut {
    let Some(section) = section else {
        return OptOut::default();
    };
    let opt_out = OptOut {
        stop_words: plain(section.texts("stop_words")),
        start_words: plain(section.texts("start_words")),
        text: section.text("text").map(Spanned::into_inner),
        confirmed_by_provider: section.flag("confirmed_by_provider").unwrap_or(false),
    };
    section.done();
    opt_out
}

fn json_table(section: &Section<'_>) -> serde_json::Map<String, serde_json::Value> {
    section
        .entries()
        .into_iter()
        .map(|(key, value)| (key.into_inner(), json(value.get_ref())))
        .collect()
}

/// TOML as JSON; a date becomes text, a number too large for JSON its digits.
pub(super) fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().into(), Into::into),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok().into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => json_of_table(table).into(),
    }
}

fn json_of_table(table: &DeTable<'_>) -> serde_json::Map<String, serde_json::Value> {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().clone().into_owned(), json(value.get_ref())))
        .collect()
}
