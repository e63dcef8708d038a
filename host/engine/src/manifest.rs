//! The manifest: what a plugin says about itself, read before anything of it runs.
//!
//! `plugin.toml` lies beside the plugin's source and is packed into the component as the custom
//! section `trunkline:manifest`, at whatever depth the toolchain puts it. Its format is documented
//! in `plugin-sdk/README.md`. Unknown keys are refused: a misspelled limit must not be no limit.

use std::collections::BTreeSet;

use serde::Deserialize;
use trunkline_core::id::PluginName;
use wasmparser::{Parser, Payload};

use crate::guest::CallLimits;
use crate::needed::{self, NeededWhen};
use crate::runtime::MEMORY_MIB_MAX;

/// The custom section's name.
pub(crate) const SECTION: &str = "trunkline:manifest";

/// CPU of a call unless the manifest says less or more.
const CPU_MS_DEFAULT: u64 = 1000;

/// No manifest may ask for more.
const CPU_MS_MAX: u64 = 30_000;

/// Longer than any call may take.
const RESOLVE_MS_MAX: u64 = 60_000;

/// Memory unless the manifest says less or more.
const MEMORY_MIB_DEFAULT: u32 = 64;

/// Bytes of a client's longest frame unless the manifest says less or more.
const FRAME_BYTES_DEFAULT: u32 = 64 << 10;

/// No manifest may ask for more: the host's body limit.
const FRAME_BYTES_MAX: u32 = 1 << 20;

/// Why a file has no usable manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    /// Not WebAssembly, or cut off.
    #[error("not a WebAssembly file: {0}")]
    NotWasm(String),
    /// A module, not a component.
    #[error("a WebAssembly module, not a component")]
    CoreModule,
    /// No such section.
    #[error("no manifest: the custom section `{SECTION}` is missing")]
    Missing,
    /// Two sections that differ.
    #[error("two manifests that differ")]
    Twice,
    /// Not what the format says.
    #[error("the manifest is wrong: {0}")]
    Malformed(String),
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Connects customers.
    Channel,
    /// Answers them.
    Bot,
}

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// What configurations call it.
    pub name: PluginName,
    /// Its own version; for people.
    pub version: String,
    /// Channel or bot.
    pub kind: Kind,
    /// The contract it was built for.
    pub contract: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// The version of the state it writes.
    #[serde(default = "one")]
    pub state_version: u32,
    /// What the channel can carry.
    #[serde(default)]
    pub capabilities: ManifestCapabilities,
    /// What the operator configures.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// What the operator keeps secret.
    #[serde(default)]
    pub secrets: Vec<ManifestSecret>,
    /// Hosts it always needs.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What a call may use up.
    #[serde(default)]
    pub limits: Limits,
    /// What a provider is told while no version works.
    #[serde(default)]
    pub ack: Ack,
    /// Its customers' apps connect to the host by a WebSocket.
    pub socket: Option<Socket>,
}

fn one() -> u32 {
    1
}

/// What a channel can carry.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ManifestCapabilities {
    /// The longest text it takes in one call of `send`.
    pub text_max: Option<u32>,
    /// In what `text-max` counts: `characters`, `gsm`, `utf16`, `bytes`.
    pub text_count: Option<String>,
    /// Kinds of content customers send.
    pub content_in: BTreeSet<String>,
    /// Kinds of content it delivers: `text`, `file`, `choices`, `template`, `close`.
    pub content_out: BTreeSet<String>,
    /// Customers' typing signs reach us. For people and the guides; events come when they come.
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
    /// Files to customers.
    pub attachments_out: Option<Attachments>,
    /// Files from customers.
    pub attachments_in: Option<Attachments>,
}

/// Files in one direction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Attachments {
    /// Types: `image/*`; empty is any.
    pub types: Vec<String>,
    /// Bytes.
    pub size_max: Option<u64>,
    /// How they go: `url` or `native`.
    pub by: Option<String>,
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingType {
    /// Any text.
    #[serde(alias = "text")]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    #[serde(alias = "bool")]
    Boolean,
    /// An http or https URL; writing it grants its host.
    Url,
    /// One of `values`.
    Enum,
    /// A list of anything; the plugin checks it.
    List,
    /// A table of anything; the plugin checks it.
    Table,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    /// It must be there with these values of other settings.
    #[serde(default)]
    pub needed_when: NeededWhen,
    /// What it is without the operator's word.
    pub default: Option<toml::Value>,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// What an enum allows.
    #[serde(default)]
    pub values: Vec<String>,
    /// It names the provider's account.
    #[serde(default)]
    pub account: bool,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ManifestSecret {
    /// Its key.
    pub name: String,
    /// It must be there.
    #[serde(default)]
    pub required: bool,
    /// It must be there with these values of settings.
    #[serde(default)]
    pub needed_when: NeededWhen,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// How it is made: `text`, `oauth2`, `private-key`.
    #[serde(default)]
    pub kind: SecretKind,
    /// Where it may go: hosts, or names of url settings. None: to every granted host; empty: nowhere.
    pub hosts: Option<Vec<String>>,
    /// Webhooks are signed with it: channels that share a URL share it.
    #[serde(default)]
    pub signs: bool,
}

/// How a secret's value comes about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// The operator writes it.
    #[default]
    Text,
    /// The host fetches it; a token of the operator's does as well.
    Oauth2,
    /// A private key in PEM.
    PrivateKey,
}

/// What a call may use up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Default 64, at most 512.
    pub memory_mib: Option<u32>,
    /// Default 1 000, at most 30 000.
    pub cpu_ms: Option<u64>,
    /// How long an event waits for `resolve`, 60 000 at most; the host's default is 10 000.
    pub resolve_ms: Option<u64>,
}

/// The socket of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Socket {
    /// Bytes of the longest frame of a client. Default 65 536, at most 1 048 576.
    pub frame_max: Option<u32>,
}

/// What a provider is told while no version works and its call is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ack {
    /// Methods of calls that are kept. Others want an answer that only the plugin has: they are to come again.
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

impl Manifest {
    /// Finds and reads the manifest of a component.
    pub(crate) fn of_component(bytes: &[u8]) -> Result<Self, ManifestError> {
        Self::parse(&section(bytes)?)
    }

    /// Reads a manifest.
    pub(crate) fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| ManifestError::Malformed(one_line(&error, text)))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The limits of one call.
    pub(crate) fn call_limits(&self) -> CallLimits {
        let memory_mib = self.limits.memory_mib.unwrap_or(MEMORY_MIB_DEFAULT);
        CallLimits {
            memory_bytes: (memory_mib as usize) << 20,
            cpu_ms: self.limits.cpu_ms.unwrap_or(CPU_MS_DEFAULT),
        }
    }

    /// The setting that names the provider's account, if there is one.
    pub(crate) fn account_setting(&self) -> Option<&str> {
        let found = self.settings.iter().find(|setting| setting.account)?;
        Some(&found.name)
    }

    /// Bytes of the longest frame of a client; none without a socket.
    pub fn frame_bytes_max(&self) -> Option<u32> {
        let socket = self.socket.as_ref()?;
        Some(socket.frame_max.unwrap_or(FRAME_BYTES_DEFAULT))
    }

    fn check(&self) -> Result<(), ManifestError> {
        let wrong = |text: String| Err(ManifestError::Malformed(text));
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = self.name.as_str();
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return wrong(format!(
                "name = \"{name}\": at most 64 lower-case letters, digits and hyphens"
            ));
        }
        if self
            .limits
            .memory_mib
            .is_some_and(|mib| mib == 0 || mib > MEMORY_MIB_MAX)
        {
            return wrong(format!("limits.memory-mib: 1 to {MEMORY_MIB_MAX}"));
        }
        if self
            .limits
            .cpu_ms
            .is_some_and(|ms| ms == 0 || ms > CPU_MS_MAX)
        {
            return wrong(format!("limits.cpu-ms: 1 to {CPU_MS_MAX}"));
        }
        if self
            .limits
            .resolve_ms
            .is_some_and(|ms| ms == 0 || ms > RESOLVE_MS_MAX)
        {
            return wrong(format!("limits.resolve-ms: 1 to {RESOLVE_MS_MAX}"));
        }
        if !(200..300).contains(&self.ack.status) {
            return wrong(format!("ack.status = {}: a 2xx", self.ack.status));
        }
        if self.socket.is_some() && self.kind == Kind::Bot {
            return wrong("socket: for channels alone".to_owned());
        }
        let frame_max = self.socket.as_ref().and_then(|socket| socket.frame_max);
        if frame_max.is_some_and(|bytes| bytes == 0 || bytes > FRAME_BYTES_MAX) {
            return wrong(format!("socket.frame-max: 1 to {FRAME_BYTES_MAX}"));
        }
        if self
            .settings
            .iter()
            .filter(|setting| setting.account)
            .count()
            > 1
        {
            return wrong("more than one setting with account = true".to_owned());
        }
        if let Some(text) = needed::wrong(&self.settings, &self.secrets) {
            return wrong(text);
        }
        self.check_names()
    }

    fn check_names(&self) -> Result<(), ManifestError> {
        let mut seen = BTreeSet::new();
        let settings = self.settings.iter().map(|setting| &setting.name);
        for name in settings.chain(self.secrets.iter().map(|secret| &secret.name)) {
            if !seen.insert(name) {
                let text = format!("`{name}` is declared twice");
                return Err(ManifestError::Malformed(text));
            }
        }
        Ok(())
    }
}

/// Without the lines of the text itself, which the error would print below one another.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|place| text.get(..place.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let message = error.message().replace('\n', " ");
    line.map_or(message.clone(), |line| format!("line {line}: {message}"))
}

/// In our own words: the reader's are a dump of bytes, one a line.
fn not_wasm(bytes: &[u8], damaged_at: impl std::fmt::Display) -> ManifestError {
    ManifestError::NotWasm(if bytes.starts_with(b"\0asm") {
        let size = bytes.len();
        format!("it is damaged or cut off at byte {damaged_at} of {size}")
    } else {
        "it does not begin as one".to_owned()
    })
}

/// The manifest's text, wherever in the component it is.
fn section(bytes: &[u8]) -> Result<String, ManifestError> {
    if Parser::is_core_wasm(bytes) {
        return Err(ManifestError::CoreModule);
    }
    let mut found: Option<&[u8]> = None;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| not_wasm(bytes, error.offset()))?;
        // Everything but custom sections is the compiler's matter.
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            if found.is_some_and(|before| before != section.data()) {
                return Err(ManifestError::Twice);
            }
            found = Some(section.data());
        }
    }
    let text = str::from_utf8(found.ok_or(ManifestError::Missing)?);
    let text = text.map_err(|_| ManifestError::Malformed("not UTF-8".to_owned()))?;
    Ok(text.to_owned())
}
