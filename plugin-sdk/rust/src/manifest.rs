//! The manifest, `plugin.toml`: what a plugin says about itself. The format is described in `plugin-sdk/README.md`.
//!
//! For tests and tools that are written in Rust; a host reads the same text with types of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A plugin's manifest. Unknown keys are refused: a misspelled limit must not be no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// What configurations call it: at most 64 lower-case letters, digits and hyphens.
    pub name: String,
    /// Its own version; for people.
    pub version: String,
    /// Channel or bot.
    pub kind: Kind,
    /// The contract it was built for: `0.1-dev`.
    pub contract: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// The version of the state it writes; 1 unless given.
    #[serde(default = "one")]
    pub state_version: u32,
    /// What the channel can carry.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// What the operator configures.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// What the operator keeps secret.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Hosts it always needs, `host:port`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What a call may use up.
    #[serde(default)]
    pub limits: Limits,
    /// What a provider is told while no version works.
    #[serde(default)]
    pub ack: Ack,
    /// Its customers' apps connect by a WebSocket; for channels. Present, even empty, it declares the socket.
    pub socket: Option<Socket>,
}

fn one() -> u32 {
    1
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Connects customers.
    Channel,
    /// Answers them.
    Bot,
}

/// What a channel can carry. Nothing here means anything for a bot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Capabilities {
    /// The longest text of one provider message.
    pub text_max: Option<u32>,
    /// In what `text-max` counts.
    pub text_count: Option<TextCount>,
    /// Kinds of content customers send: the names of WIT's `content`.
    pub content_in: BTreeSet<String>,
    /// Kinds of content it delivers: the names of WIT's `outbound-content`.
    pub content_out: BTreeSet<String>,
    /// Customers' typing signs reach us.
    pub customer_typing: bool,
    /// Shows typing signs.
    pub typing: bool,
    /// How often a typing sign must be renewed.
    pub typing_refresh_ms: Option<u32>,
    /// Shows customers that an agent saw what they wrote.
    pub seen: bool,
    /// Receipts it gives: `accepted`, `sent`, `delivered`, `read`, `failed`.
    pub receipts: BTreeSet<String>,
    /// Customers tell whether they took a file.
    pub file_answers: bool,
    /// The provider confirms an opt-out itself.
    pub confirms_opt_out: bool,
    /// A customer who opted out, not by a word, and writes again wants messages again.
    pub writing_opts_in: bool,
    /// Files from customers.
    pub attachments_in: Option<Attachments>,
    /// Files to customers.
    pub attachments_out: Option<Attachments>,
}

/// How a text is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextCount {
    /// Unicode scalar values.
    Characters,
    /// Septets of GSM 03.38, or UTF-16 units where the text is not in that alphabet.
    Gsm,
    /// UTF-16 units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// Files in one direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Attachments {
    /// Media types, `image/*` for all of a kind; empty is any.
    pub types: Vec<String>,
    /// Bytes.
    pub size_max: Option<u64>,
    /// How they go.
    pub by: Option<By>,
}

/// How a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// As an address to fetch it from.
    Url,
    /// As a file of the channel's own.
    Native,
}

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingType {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An http or https URL; writing it grants its host and port.
    Url,
    /// One of `values`.
    Enum,
    /// A list of anything; the plugin checks it.
    List,
    /// A table of anything; the plugin checks it.
    Table,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// What it may hold.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// It must be there.
    #[serde(default)]
    pub required: bool,
    /// It must be there with these values of other settings: `{ provider = "twilio" }`.
    #[serde(default)]
    pub needed_when: BTreeMap<String, serde_json::Value>,
    /// What it is without the operator's word.
    pub default: Option<serde_json::Value>,
    /// For people: a label and what it is for.
    #[serde(default)]
    pub description: String,
    /// What an enum allows.
    #[serde(default)]
    pub values: Vec<String>,
    /// It names the provider's account; at most one does.
    #[serde(default)]
    pub account: bool,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Secret {
    /// Its key.
    pub name: String,
    /// How its value comes about.
    #[serde(default)]
    pub kind: SecretKind,
    /// It must be there.
    #[serde(default)]
    pub required: bool,
    /// It must be there with these values of settings: `{ provider = "twilio" }`.
    #[serde(default)]
    pub needed_when: BTreeMap<String, serde_json::Value>,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Where it may go: `host:port`, or names of `url` settings. Absent: to every granted host; empty: nowhere.
    pub hosts: Option<Vec<String>>,
    /// Webhooks are signed with it: channels that share a URL share it.
    #[serde(default)]
    pub signs: bool,
}

/// How a secret's value comes about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// The operator writes it.
    #[default]
    Text,
    /// The host fetches it, caches it and renews it.
    Oauth2,
    /// A private key in PEM.
    PrivateKey,
}

/// What a call may use up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// The host's default is 64, its maximum 512.
    pub memory_mib: Option<u32>,
    /// The host's default is 1 000, its maximum 30 000.
    pub cpu_ms: Option<u64>,
    /// How long an event waits for `resolve`; the host's default is 10 000, its maximum 60 000.
    pub resolve_ms: Option<u64>,
}

/// The socket of a channel whose customers connect to the host itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Socket {
    /// The longest frame of a client, in bytes; the host's default is 65 536, its maximum 1 048 576.
    pub frame_max: Option<u32>,
}

/// What a provider is told while no version works and the request is kept for later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ack {
    /// Methods of requests that are kept; others are answered 503.
    pub methods: Vec<String>,
    /// A 2xx.
    pub status: u16,
    /// The body's type.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

impl Default for Ack {
    fn default() -> Self {
        Self {
            methods: vec!["POST".to_owned()],
            status: 200,
            content_type: None,
            body: String::new(),
        }
    }
}

/// Why settings do not fit a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not what the format says.
    #[error("plugin.toml is wrong: {0}")]
    Malformed(String),
    /// The manifest does not know it.
    #[error("there is no setting `{0}` in plugin.toml")]
    UnknownSetting(String),
    /// It is required and absent.
    #[error("the setting `{0}` is required")]
    MissingSetting(String),
}

impl Manifest {
    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// It is not what the format says.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        toml::from_str(text).map_err(|error| ManifestError::Malformed(error.to_string()))
    }

    /// What a plugin sees of these settings: the same, with defaults filled in.
    ///
    /// # Errors
    /// One is unknown, or a required one is missing. Types are the host's to check, and so is what others make
    /// needed: what the plugin says without it is worth a fixture.
    pub fn fill_in(
        &self,
        given: &BTreeMap<String, serde_json::Value>,
    ) -> Result<BTreeMap<String, serde_json::Value>, ManifestError> {
        let known = |name: &String| self.settings.iter().any(|setting| setting.name == *name);
        if let Some(unknown) = given.keys().find(|name| !known(name)) {
            return Err(ManifestError::UnknownSetting(unknown.clone()));
        }
        let mut filled = given.clone();
        for setting in &self.settings {
            match (&setting.default, filled.contains_key(&setting.name)) {
                (Some(default), false) => {
                    filled.insert(setting.name.clone(), default.clone());
                }
                (None, false) if setting.required => {
                    return Err(ManifestError::MissingSetting(setting.name.clone()));
                }
                (_, true) | (None, false) => {}
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        name = "sms"
        version = "1.0.0"
        kind = "channel"
        contract = "0.1-dev"
        [[settings]]
        name = "number"
        type = "string"
        required = true
        [[settings]]
        name = "mms"
        type = "boolean"
        default = true
        [[settings]]
        name = "media_url"
        type = "url"
        needed-when = { mms = true }
        [[secrets]]
        name = "token"
        needed-when = { mms = true }
    "#;

    #[test]
    fn settings_get_their_defaults() {
        let manifest = Manifest::parse(TEXT).expect("a manifest");
        let given = BTreeMap::from([("number".to_owned(), "+1".into())]);
        let filled = manifest.fill_in(&given).expect("they fit");
        assert_eq!(filled["mms"], true);
        assert_eq!(filled["number"], "+1");
    }

    #[test]
    fn what_others_make_needed_is_read() {
        let manifest = Manifest::parse(TEXT).expect("a manifest");
        let with = BTreeMap::from([("mms".to_owned(), true.into())]);
        assert_eq!(manifest.settings[2].needed_when, with);
        assert_eq!(manifest.secrets[0].needed_when, with);
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let manifest = Manifest::parse(TEXT).expect("a manifest");
        let missing = manifest.fill_in(&BTreeMap::new());
        assert_eq!(
            missing,
            Err(ManifestError::MissingSetting("number".to_owned()))
        );
        let given = BTreeMap::from([("nummer".to_owned(), "+1".into())]);
        assert_eq!(
            manifest.fill_in(&given),
            Err(ManifestError::UnknownSetting("nummer".to_owned()))
        );
    }

    #[test]
    fn a_misspelled_key_is_refused() {
        let text = TEXT.replace("contract", "contrakt");
        let Err(ManifestError::Malformed(why)) = Manifest::parse(&text) else {
            panic!("it was taken")
        };
        assert!(why.contains("contrakt"), "{why}");
    }
}
