//! What the engine tells the operator: files, plugins, who uses them, and what to paste when
//! nobody does.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Map, Value};
use trunkline_core::id::{BotName, ChannelName, PluginName};
use trunkline_flow::ports::PluginVersion;

use crate::config::User;
use crate::grant::{Standing, to_name};
use crate::live::{Counters, Table};
use crate::manifest::{Kind, Manifest, Setting, SettingType};
use crate::refusal::Refusal;

/// A plugin came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEvent {
    /// A version serves now: raw calls of these channels can be run.
    Live {
        /// Which plugin.
        plugin: PluginName,
        /// Its file's hash.
        version: PluginVersion,
        /// Channels it serves.
        channels: Vec<ChannelName>,
        /// Bots it serves.
        bots: Vec<BotName>,
    },
    /// A file is not live.
    Refused {
        /// Its name in the folder.
        file: String,
        /// Why, and what to do.
        refusal: Refusal,
    },
    /// A version trapped too often and serves no more.
    Quarantined {
        /// Which plugin.
        plugin: PluginName,
        /// The version that trapped.
        version: PluginVersion,
        /// The one that serves instead.
        serving: Option<PluginVersion>,
    },
    /// A plugin was unloaded.
    Gone {
        /// Which.
        plugin: PluginName,
    },
}

/// Everything about the plugin folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// By file name.
    pub files: Vec<FileStatus>,
    /// Channels and bots that have no plugin now, by table name, and why.
    pub unserved: BTreeMap<String, String>,
}

/// One plugin file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileStatus {
    /// Its name in the folder.
    pub file: String,
    /// What became of it.
    pub state: FileState,
    /// SHA-256, once it was read.
    pub sha256: Option<String>,
    /// From the manifest, once it was read.
    pub plugin: Option<String>,
    /// From the manifest, once it was read.
    pub version: Option<String>,
    /// Tables of the channels and bots it serves, or the version in its place: `channels.acme-sms`.
    pub used_by: Vec<String>,
    /// The version that serves in its place, if it is not live and one does.
    pub serving: Option<Serving>,
    /// The configuration to paste, for a live plugin that nothing uses.
    pub paste: Option<String>,
}

/// A version that serves in the place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Serving {
    /// SHA-256 of its file.
    pub sha256: String,
    /// From its manifest.
    pub version: String,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum FileState {
    /// On its way.
    Loading,
    /// It serves.
    Live,
    /// It does not: why, and what to do.
    Refused(Refusal),
    /// It trapped too often.
    Quarantined {
        /// The hash of the version that serves instead.
        serving: Option<String>,
    },
}

/// What one plugin did since the start, for `/metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PluginMetrics {
    /// Calls begun.
    pub calls: u64,
    /// Runs from the top with one more answer.
    pub replays: u64,
    /// Runs that trapped or broke a limit.
    pub traps: u64,
    /// CPU of all runs, in microseconds.
    pub cpu_us: u64,
    /// The most memory a run had, in bytes: beside the manifest's limit.
    pub memory_bytes_max: u64,
}

impl PluginMetrics {
    pub(crate) fn of(counters: &Counters) -> Self {
        Self {
            calls: counters.calls.load(Ordering::Relaxed),
            replays: counters.replays.load(Ordering::Relaxed),
            traps: counters.traps.load(Ordering::Relaxed),
            cpu_us: counters.cpu_us.load(Ordering::Relaxed),
            memory_bytes_max: counters.memory_bytes_max.load(Ordering::Relaxed),
        }
    }
}

/// Tables of the users a plugin serves.
pub(crate) fn used_by(table: &Table, plugin: &PluginName) -> Vec<String> {
    let served = table.served_by(plugin);
    served.iter().map(User::table).collect()
}

/// Why each unserved channel or bot is unserved.
pub(crate) fn unserved(table: &Table) -> BTreeMap<String, String> {
    let users = table.users.iter();
    users
        .filter_map(|(user, bound)| {
            let absent = bound.as_ref().err()?;
            Some((user.table(), absent.reason.clone()))
        })
        .collect()
}

/// The exact configuration that uses a plugin: what is required, what the defaults make needed, and the
/// settings that make it so, to change both together.
pub(crate) fn paste(manifest: &Manifest, standing: &Standing) -> String {
    let table = match manifest.kind {
        Kind::Channel => "channels",
        Kind::Bot => "bots",
    };
    let name = &manifest.name;
    let mut text = format!("[{table}.my-{name}]\nplugin = \"{name}\"\n");
    let written = written(manifest);
    let settings: Vec<_> = manifest
        .settings
        .iter()
        .filter(|s| {
            s.required || s.needed_when.holds(&written) || decides(manifest, &written, &s.name)
        })
        .map(assigned)
        .collect();
    if !settings.is_empty() {
        text += &format!("settings = {{ {} }}\n", settings.join(", "));
    }
    let secrets = manifest.secrets.iter();
    let secrets = secrets.filter(|secret| secret.required || secret.needed_when.holds(&written));
    let secrets: Vec<_> = secrets
        .map(|secret| {
            let variable = format!("{name}_{}", secret.name)
                .to_uppercase()
                .replace('-', "_");
            format!("{} = \"env:{variable}\"", secret.name)
        })
        .collect();
    if !secrets.is_empty() {
        text += &format!("secrets = {{ {} }}\n", secrets.join(", "));
    }
    let hosts = to_name(manifest, standing).into_iter();
    let hosts: Vec<_> = hosts.map(|host| format!("\"{host}\"")).collect();
    if !hosts.is_empty() {
        text += &format!("hosts = [{}]\n", hosts.join(", "));
    }
    text
}

/// The values that the pasted settings have, as far as they decide over others.
fn written(manifest: &Manifest) -> Map<String, Value> {
    let settings = manifest.settings.iter();
    settings
        .filter_map(|setting| {
            let first = setting.values.first().cloned().map(toml::Value::String);
            let value = setting
                .default
                .clone()
                .or(first.filter(|_| setting.required))?;
            Some((setting.name.clone(), serde_json::to_value(value).ok()?))
        })
        .collect()
}

/// Whether it makes something needed.
fn decides(manifest: &Manifest, written: &Map<String, Value>, setting: &str) -> bool {
    let settings = manifest.settings.iter().map(|s| &s.needed_when);
    let secrets = manifest.secrets.iter().map(|s| &s.needed_when);
    let mut all = settings.chain(secrets);
    all.any(|when| when.names(setting) && when.holds(written))
}

fn assigned(setting: &Setting) -> String {
    if let Some(default) = &setting.default {
        return format!("{} = {default}", setting.name);
    }
    let value = match setting.kind {
        SettingType::String => "\"…\"".to_owned(),
        SettingType::Url => "\"https://…\"".to_owned(),
        SettingType::Integer | SettingType::Number => "0".to_owned(),
        SettingType::Boolean => "true".to_owned(),
        SettingType::List => "[]".to_owned(),
        SettingType::Table => "{}".to_owned(),
        SettingType::Enum => {
            let first = setting.values.first();
            format!("\"{}\"", first.map_or("", String::as_str))
        }
    };
    format!("{} = {value}", setting.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UserConfig;
    use crate::secrets::SecretValues;
    use crate::settings;

    #[test]
    fn what_to_paste_is_valid_configuration_with_everything_required() {
        let manifest = Manifest::parse(
            r#"
            name = "my-sms"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            hosts = ["api.example.com", "media.example.com:8443"]
            settings = [
                { name = "number", type = "string", required = true },
                { name = "kind", type = "enum", values = ["a", "b"], required = true },
                { name = "extra", type = "boolean" },
            ]
            secrets = [{ name = "auth_token", required = true }, { name = "other" }]
            "#,
        )
        .unwrap();
        let trusted = "[channels.my-my-sms]\nplugin = \"my-sms\"\n\
             settings = { number = \"…\", kind = \"a\" }\n\
             secrets = { auth_token = \"env:MY_SMS_AUTH_TOKEN\" }\n";
        assert_eq!(paste(&manifest, &Standing::Trusted), trusted);
        // Of a stranger the operator has to name the hosts.
        let text = paste(&manifest, &Standing::Stranger);
        let hosts = "hosts = [\"api.example.com\", \"media.example.com:8443\"]\n";
        assert_eq!(text, format!("{trusted}{hosts}"));
        assert!(text.parse::<toml::Table>().is_ok());
    }

    #[test]
    fn what_to_paste_has_what_the_defaults_make_needed_and_why() {
        let manifest = Manifest::parse(
            r#"
            name = "sms"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            settings = [
                { name = "provider", type = "enum", values = ["b", "a"], default = "a" },
                { name = "number", type = "string", required = true },
                { name = "sid", type = "string", needed-when = { provider = "a" } },
                { name = "url", type = "url", needed-when = { provider = "b" } },
                { name = "mms", type = "boolean", default = true },
            ]
            secrets = [
                { name = "token", needed-when = { provider = "a" } },
                { name = "key", needed-when = { provider = "b" } },
            ]
            "#,
        )
        .unwrap();
        assert_eq!(
            paste(&manifest, &Standing::Trusted),
            "[channels.my-sms]\nplugin = \"sms\"\n\
             settings = { provider = \"a\", number = \"…\", sid = \"…\" }\n\
             secrets = { token = \"env:SMS_TOKEN\" }\n"
        );
    }

    #[test]
    fn what_to_paste_for_sms_fits_it() {
        let manifest = Manifest::parse(include_str!("../../../plugins/sms/plugin.toml")).unwrap();
        let pasted: toml::Table = paste(&manifest, &Standing::Trusted).parse().unwrap();
        let channel = pasted["channels"]["my-sms"].as_table().unwrap();
        let secrets = channel["secrets"].as_table().unwrap().keys();
        let user = UserConfig {
            plugin: "sms".into(),
            settings: channel["settings"].as_table().unwrap().clone(),
            secrets: secrets
                .map(|name| (name.clone(), SecretValues::one("x").into()))
                .collect(),
            hosts: Vec::new(),
        };
        assert_eq!(channel["settings"]["account_sid"].as_str(), Some("…"));
        assert!(channel["secrets"].get("auth_token").is_some());
        let checked = settings::check(&manifest, &user);
        assert!(checked.is_ok(), "{checked:?}");
    }
}
