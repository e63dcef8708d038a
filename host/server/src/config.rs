//! The configuration: one TOML file, parsed in full, checked as a whole before a socket opens.
//!
//! In: a file. Out: a [`Config`], or [`Complaints`] that name everything that is wrong with line,
//! column and what would be right. Each group of settings parses itself, in the order in which groups
//! name each other: hours, integrations, channels and bots, journeys, rules. Nothing here opens a
//! store, a socket or a plugin; what a plugin's manifest asks of settings comes from the engine, and
//! becomes complaints of the same kind here.
//!
//! Unknown keys are refused. A text that is no TOML gets the complaints of its syntax alone: what
//! stands in half a table cannot be judged.

/// Complaints.
mod complaint;

/// A table, read key by key.
mod section;

/// Secrets by reference.
mod secret;

/// Addresses.
mod url;

/// Placeholders in texts.
mod template;

/// Names that one part gives to another.
mod names;

/// The process, the store, the plugin folder.
mod server;

/// What is masked before it is kept.
mod masking;

/// Opening hours.
mod hours;

/// ECE.
mod integration;

/// What is not known about ECE's wire.
mod wire;

/// Channels and bots.
mod connection;

/// What does not fit a plugin's manifest.
mod fit;

/// Journeys.
mod journey;

/// Rules.
mod rule;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use toml::Spanned;
use toml::de::DeTable;
use trunkline_core::id::{BotName, ChannelName, IntegrationName, JourneyName};
use trunkline_core::settings::{Journey, Rule};

use complaint::Sink;
use connection::{Kind, connections};
use names::Names;
use section::{Placed, Section};

pub use complaint::{Complaint, Complaints};
pub use connection::{Connection, OptOut};
pub use fit::Unfit;
pub use integration::Integration;
pub use masking::{MaskRule, MaskRules, MaskingSettings};
pub use rule::{TakenTwice, taken_twice};
pub use secret::{Oauth2, PluginSecret, Secret, Sources};
pub use server::{PluginSettings, Server, StoreSettings};

/// A whole configuration. Names that one part gives to another exist.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// The process.
    pub server: Server,
    /// The store.
    pub store: StoreSettings,
    /// The plugin folder.
    pub plugins: PluginSettings,
    /// What is masked before it is kept.
    pub masking: MaskingSettings,
    /// By name.
    pub integrations: BTreeMap<IntegrationName, Integration>,
    /// By name.
    pub channels: BTreeMap<ChannelName, Connection>,
    /// By name.
    pub bots: BTreeMap<BotName, Connection>,
    /// By name; those that stand in a rule are called `rule:NUMBER:NAME`.
    pub journeys: BTreeMap<JourneyName, Journey>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

impl Config {
    /// What is right and yet lets nothing through, for people: of what, and why.
    pub fn idle(&self) -> Vec<(String, &'static str)> {
        if self.channels.is_empty() {
            let why = "no channel is configured: nobody can write";
            return vec![("configuration".to_owned(), why)];
        }
        let names = |name: &ChannelName| {
            let mut active = self.rules.iter().filter(|rule| rule.active);
            active.any(|rule| rule.channels.contains(name))
        };
        let deaf = self.channels.keys().filter(|name| !names(name));
        let why = "no active rule names it: what customers write there becomes dead letters";
        deaf.map(|name| (format!("channel {name}"), why)).collect()
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read the configuration {path}: {source}; `--config FILE` says where it is")]
    Read {
        /// As it was named.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is read, and wrong.
    #[error(transparent)]
    Wrong(#[from] Complaints),
}

/// Reads and checks a file; secrets come from this process's environment.
///
/// # Errors
/// The file cannot be read, or something in it is wrong.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = read_text(path)?;
    let variable = |name: &str| std::env::var(name).ok();
    Ok(parse(&text, path, &sources(path, &variable))?)
}

/// As [`load`]; and asks what in it does not fit the plugins there are. They are asked about a configuration
/// that is wrong elsewhere too, with stand-ins where it is, so that all complaints come at once.
///
/// # Errors
/// As [`load`], and what does not fit.
pub fn load_fitting(
    path: &Path,
    unfit: impl FnOnce(&Config) -> Vec<Unfit>,
) -> Result<Config, ConfigError> {
    let text = read_text(path)?;
    let variable = |name: &str| std::env::var(name).ok();
    let sources = sources(path, &variable);
    let read = |root: Section<'_>| read(root, &text, path, &sources);
    let fit = |config: &Config, sink: &Sink| fit::complain(unfit(config), &text, sink);
    Ok(parse_with(&text, path, read, fit)?)
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| no_utf8(path, &error).into())
}

fn no_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Complaints {
    let right = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes().get(..right).unwrap_or_default());
    let (line, column) = complaint::line_and_column(&text, right);
    Complaints {
        file: path.to_owned(),
        complaints: vec![Complaint {
            line,
            column,
            problem: "here the file is not UTF-8".to_owned(),
            fix:
                "save it as UTF-8: another encoding spells letters such as ä and … with other bytes"
                    .to_owned(),
        }],
    }
}

fn sources<'a>(path: &Path, variable: &'a dyn Fn(&str) -> Option<String>) -> Sources<'a> {
    Sources {
        variable,
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
    }
}

/// How a running host is reached and asked, without the rest of its configuration.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Where it listens, unless the file has changed since it started.
    pub listen: SocketAddr,
    /// Its configured admin token.
    pub admin_token: Option<Secret>,
    /// Its store: beside it lie the word of where it runs, and the token of a host without a configured one.
    pub store: PathBuf,
    /// What is wrong with what was read. A host that runs does so with the file as it was before.
    pub wrong: Option<Complaints>,
}

/// Reads `[server]` and `[store]` alone, as far as they can be read: who asks a running host need not know its
/// secrets, and asks most of all when the file was refused.
///
/// # Errors
/// The file cannot be read.
pub fn contact(path: &Path) -> Result<Contact, ConfigError> {
    let text = read_text(path)?;
    let variable = |name: &str| std::env::var(name).ok();
    let sources = sources(path, &variable);
    let (sink, unused) = (Sink::default(), Sink::default());
    let (table, sound) = parse_toml(&text, &sink);
    let read_into = if sound { &sink } else { &unused };
    let root = Section::new(read_into, "", table.span(), table.get_ref());
    let server = server::server(root.section("server"), &sources);
    let store = server::store(root.section("store"), &sources).path;
    Ok(Contact {
        listen: server.listen,
        admin_token: server.admin_token,
        store,
        wrong: sink.into_complaints(path.to_owned(), &text),
    })
}

/// Checks a text; `file` is its name in complaints.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(text: &str, file: &Path, sources: &Sources<'_>) -> Result<Config, Complaints> {
    let read = |root: Section<'_>| read(root, text, file, sources);
    parse_with(text, file, read, |_, _| {})
}

/// `fit` complains about what was read; it may have stand-ins where `read` complained.
fn parse_with<T>(
    text: &str,
    file: &Path,
    read: impl FnOnce(Section<'_>) -> T,
    fit: impl FnOnce(&T, &Sink),
) -> Result<T, Complaints> {
    // What is read from half a text is not used, and neither is what is wrong with it.
    let (sink, unused) = (Sink::default(), Sink::default());
    let (table, sound) = parse_toml(text, &sink);
    let read_into = if sound { &sink } else { &unused };
    let found = read(Section::new(read_into, "", table.span(), table.get_ref()));
    if sound {
        fit(&found, &sink);
    }
    match sink.into_complaints(file.to_owned(), text) {
        Some(complaints) => Err(complaints),
        None => Ok(found),
    }
}

/// As much of a text as is TOML; whether that is all of it.
fn parse_toml<'t>(text: &'t str, sink: &Sink) -> (Spanned<DeTable<'t>>, bool) {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().unwrap_or(0..0);
        sink.add(&place, error.message(), syntax_fix(error.message()));
    }
    (table, errors.is_empty())
}

fn syntax_fix(message: &str) -> &'static str {
    match message {
        "duplicate key" => "a name stands once in a file: rename or join the two",
        _ => "write it as TOML: key = \"text\", [table]; see https://toml.io",
    }
}

fn read(root: Section<'_>, text: &str, file: &Path, from: &Sources<'_>) -> Config {
    let server = server::server(root.section("server"), from);
    let store = server::store(root.section("store"), from);
    let plugins = server::plugins(root.section("plugins"), from);
    let hours = hours::hours(&root, &server.time_zone);
    let mut names = Names::default();
    let context = integration::Context {
        from,
        server: &server,
        hours: &hours,
    };
    let integrations = integration::integrations(&root, &context, &mut names);
    let (channel_names, channels) = connections(&root, Kind::Channel, from);
    let (bot_names, bots) = connections(&root, Kind::Bot, from);
    names.channels = channel_names;
    names.bots = bot_names;
    let masking = masking::masking(root.section("masking"), &names);
    let mut journeys = journey::journeys(&root, &names);
    names.journeys = journeys.keys().map(|name| name.0.clone()).collect();
    let rules = read_rules(&root, text, &server, &names, &mut journeys);
    root.done();
    Config {
        file: file.to_owned(),
        server,
        store,
        plugins,
        masking,
        integrations,
        channels: named(channels, ChannelName),
        bots: named(bots, BotName),
        journeys,
        rules,
    }
}

fn read_rules(
    root: &Section<'_>,
    text: &str,
    server: &Server,
    names: &Names,
    journeys: &mut BTreeMap<JourneyName, Journey>,
) -> Vec<Rule> {
    let services = services(root);
    let context = rule::Context {
        names,
        // The name was checked; UTC stands in for one that was complained about.
        zone: TimeZone::get(&server.time_zone).unwrap_or(TimeZone::UTC),
        text,
        services: &services,
    };
    let mut rules = Vec::new();
    for read in rule::rules(root, &context) {
        if let Some(own) = read.own_journey {
            journeys.insert(read.rule.journey.clone(), own);
        }
        rules.push(read.rule);
    }
    rules
}

/// `[services.NAME] status = "inactive"` switches off all rules with that label.
fn services(root: &Section<'_>) -> Vec<(Placed<String>, bool)> {
    let mut all = Vec::new();
    for (name, service) in root.named_sections("services") {
        let status = service.word("status", &[("active", true), ("inactive", false)]);
        service.done();
        all.push((name, status.unwrap_or(true)));
    }
    all
}

fn named<N: Ord, T>(all: BTreeMap<String, T>, name: impl Fn(String) -> N) -> BTreeMap<N, T> {
    all.into_iter()
        .map(|(key, value)| (name(key), value))
        .collect()
}
