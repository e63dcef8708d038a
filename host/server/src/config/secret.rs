//! Secrets, by reference: `env:NAME`, `file:PATH`; in the file itself only as `plain:VALUE`.
//!
//! A reference is followed when the file is parsed: one that leads nowhere is a complaint at its
//! place. A reload follows all of them anew.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;
use trunkline_engine::ClientAuth;
use url::Url;

use super::section::{Placed, Section};
use super::url::http_url;

/// A text that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the place that sends or compares it, never for a log line.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a plugin may be given to use, never to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSecret {
    /// A text or a private key.
    Kept {
        /// Signs, verifies, goes out.
        current: Secret,
        /// Still verifies while it is rotated.
        previous: Option<Secret>,
    },
    /// A token that the host fetches.
    Oauth2(Oauth2),
}

/// How a token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth2 {
    /// Who gives it.
    pub token_url: Url,
    /// Who asks.
    pub client_id: String,
    /// With what right.
    pub client_secret: Secret,
    /// For what; none is the provider's default.
    pub scope: Option<String>,
    /// Where id and secret stand in the request.
    pub client_auth: ClientAuth,
}

impl PluginSecret {
    /// Stands where a secret was complained about, so that the rest can be judged; never used.
    pub(super) fn stand_in() -> Self {
        Self::one(Secret::new(""))
    }

    fn one(current: Secret) -> Self {
        Self::Kept {
            current,
            previous: None,
        }
    }
}

/// Where references lead.
pub struct Sources<'a> {
    /// `env:NAME`.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Relative paths start here: the folder of the configuration file.
    pub folder: PathBuf,
}

impl Sources<'_> {
    /// A path as the configuration means it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(Path::new(path))
    }
}

/// How to write a secret, for complaints.
const HOW: &str = "write env:NAME or file:PATH; to keep the value in this file, write plain:VALUE";

/// A secret of a fixed key.
pub(super) fn secret(
    section: &Section<'_>,
    key: &'static str,
    from: &Sources<'_>,
) -> Option<Secret> {
    follow(section, &section.text(key)?, key, from)
}

/// A secret that must be there.
pub(super) fn needed(
    section: &Section<'_>,
    key: &'static str,
    from: &Sources<'_>,
) -> Option<Secret> {
    let example = format!("env:{}", key.to_uppercase());
    follow(section, &section.needed_text(key, &example)?, key, from)
}

/// A name that may stand in the file as it is, or be a reference.
pub(super) fn needed_name(
    section: &Section<'_>,
    key: &'static str,
    from: &Sources<'_>,
) -> Option<String> {
    let text = section.needed_text(key, &format!("env:{}", key.to_uppercase()))?;
    if text.get_ref().starts_with("env:")
        || text.get_ref().starts_with("file:")
        || text.get_ref().starts_with("plain:")
    {
        return follow(section, &text, key, from).map(|secret| secret.0);
    }
    Some(text.into_inner())
}

/// A secret of a plugin: text, `[new, old]`, `{ private_key = … }` or `{ oauth2 = { … } }`.
pub(super) fn plugin_secret<'t>(
    section: &Section<'t>,
    key: &str,
    value: &'t Spanned<DeValue<'t>>,
    from: &Sources<'_>,
) -> Option<PluginSecret> {
    match value.get_ref() {
        DeValue::String(_) => {
            let text = section.text_of(value, key)?;
            follow(section, &text, key, from).map(PluginSecret::one)
        }
        DeValue::Array(pair) if pair.len() == 2 => {
            let mut texts = pair
                .iter()
                .filter_map(|item| follow(section, &section.text_of(item, key)?, key, from));
            let current = texts.next()?;
            Some(PluginSecret::Kept {
                current,
                previous: Some(texts.next()?),
            })
        }
        DeValue::Table(_) => special(section.section_of(value, key.to_owned())?, from),
        DeValue::Array(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {
            let wanted = "\"env:NAME\", [\"env:NEW\", \"env:OLD\"], { private_key = \"file:PATH\" } or { oauth2 = { … } }";
            section.wrong_type(value, key, wanted);
            None
        }
    }
}

fn special(section: Section<'_>, from: &Sources<'_>) -> Option<PluginSecret> {
    let key = secret(&section, "private_key", from);
    let oauth2 = section.section("oauth2");
    if section.value("private_key").is_some() == oauth2.is_some() {
        section.sink.add(
            &section.place,
            format!("secret `{}` is of no kind", section.path),
            "write either { private_key = \"file:PATH\" } or { oauth2 = { token_url = …, client_id = …, client_secret = … } }",
        );
    }
    section.done();
    match oauth2 {
        Some(oauth2) => oauth2_of(oauth2, from),
        None => key.map(PluginSecret::one),
    }
}

fn oauth2_of(section: Section<'_>, from: &Sources<'_>) -> Option<PluginSecret> {
    let token_url = section.needed_text("token_url", "https://login.example.com/token");
    let sound = http_url(&section, "token_url").is_some();
    let client_id = needed_name(&section, "client_id", from);
    let client_secret = needed(&section, "client_secret", from);
    let scope = section.text("scope").map(Spanned::into_inner);
    let auths = [("basic", ClientAuth::Basic), ("body", ClientAuth::Body)];
    let client_auth = section.word("client_auth", &auths).unwrap_or_default();
    section.done();
    Some(PluginSecret::Oauth2(Oauth2 {
        token_url: Url::parse(token_url.filter(|_| sound)?.get_ref()).ok()?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope,
        client_auth,
    }))
}

fn follow(
    section: &Section<'_>,
    text: &Placed<String>,
    key: &str,
    from: &Sources<'_>,
) -> Option<Secret> {
    let complain = |problem: String, fix: &str| section.sink.add(&text.span(), problem, fix);
    let found = match text.get_ref().split_once(':') {
        Some(("plain", value)) => Some(value.to_owned()),
        Some(("env", name)) => {
            let value = (from.variable)(name);
            if value.is_none() {
                let problem = format!("{}: the variable {name} is not set", section.named(key));
                complain(
                    problem,
                    "set it in the environment of this process, or name another",
                );
            }
            value
        }
        Some(("file", path)) => match std::fs::read_to_string(from.path(path)) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                let path = from.path(path);
                let problem = format!(
                    "{}: {} cannot be read: {error}",
                    section.named(key),
                    path.display()
                );
                complain(problem, "relative paths start at the folder of this file");
                None
            }
        },
        // The text is not repeated: it may be the secret itself.
        _ => {
            complain(
                format!("{} is no reference to a secret", section.named(key)),
                HOW,
            );
            None
        }
    };
    if found.as_deref() == Some("") {
        complain(format!("{} is empty", section.named(key)), HOW);
    }
    found.map(Secret)
}
