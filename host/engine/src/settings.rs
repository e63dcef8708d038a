//! Settings and secrets of a channel or bot, checked against the manifest. Pure.

use serde_json::{Map, Value};
use url::Url;

use crate::config::UserConfig;
use crate::manifest::{Manifest, ManifestSecret, SecretKind, Setting, SettingType};
use crate::needed::NeededWhen;
use crate::secrets::SecretSource;

/// Something in the configuration does not fit the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where, below the channel's or bot's table: `settings.number`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// The settings with defaults filled in, or everything that is wrong with settings and secrets.
pub(crate) fn check(
    manifest: &Manifest,
    user: &UserConfig,
) -> Result<Map<String, Value>, Vec<Complaint>> {
    let mut checked = Map::new();
    let mut complaints = unknown_settings(manifest, user);
    for setting in &manifest.settings {
        match value_of(setting, user.settings.get(&setting.name)) {
            Ok(Some(value)) => {
                checked.insert(setting.name.clone(), value);
            }
            Ok(None) => {}
            Err(text) => complaints.push(complaint("settings", &setting.name, text)),
        }
    }
    complaints.extend(needed_settings(manifest, user, &checked));
    complaints.extend(wrong_secrets(manifest, user, &checked));
    if complaints.is_empty() {
        Ok(checked)
    } else {
        Err(complaints)
    }
}

fn complaint(table: &str, name: &str, text: impl Into<String>) -> Complaint {
    Complaint {
        place: format!("{table}.{name}"),
        text: text.into(),
    }
}

fn unknown_settings(manifest: &Manifest, user: &UserConfig) -> Vec<Complaint> {
    let names: Vec<_> = manifest.settings.iter().map(|s| s.name.as_str()).collect();
    let unknown = user
        .settings
        .keys()
        .filter(|key| !names.contains(&key.as_str()));
    unknown
        .map(|key| complaint("settings", key, not_a(manifest, "setting", &names)))
        .collect()
}

/// Those that other settings make needed. One that is there and wrong is not missing too.
fn needed_settings(
    manifest: &Manifest,
    user: &UserConfig,
    checked: &Map<String, Value>,
) -> Vec<Complaint> {
    let absent = |name: &str| !checked.contains_key(name) && !user.settings.contains_key(name);
    let needed = manifest
        .settings
        .iter()
        .filter(|setting| setting.needed_when.holds(checked) && absent(&setting.name));
    needed
        .map(|setting| {
            let text = needed_with(&setting.needed_when, &setting.description);
            complaint("settings", &setting.name, text)
        })
        .collect()
}

fn needed_with(when: &NeededWhen, description: &str) -> String {
    format!("is needed with {when}: {description}")
}

fn wrong_secrets(
    manifest: &Manifest,
    user: &UserConfig,
    checked: &Map<String, Value>,
) -> Vec<Complaint> {
    let names: Vec<_> = manifest.secrets.iter().map(|s| s.name.as_str()).collect();
    let unknown = user
        .secrets
        .keys()
        .filter(|key| !names.contains(&key.as_str()));
    let unknown = unknown.map(|key| complaint("secrets", key, not_a(manifest, "secret", &names)));
    let absent = manifest
        .secrets
        .iter()
        .filter(|secret| !user.secrets.contains_key(&secret.name));
    let missing = absent.filter_map(|secret| {
        let text = if secret.required {
            format!("is missing: {}", secret.description)
        } else if secret.needed_when.holds(checked) {
            needed_with(&secret.needed_when, &secret.description)
        } else {
            return None;
        };
        Some(complaint("secrets", &secret.name, text))
    });
    let unfit = manifest.secrets.iter().filter(|secret| {
        let source = user.secrets.get(&secret.name);
        signs(secret) && matches!(source, Some(SecretSource::Oauth2(_)))
    });
    let unfit = unfit.map(|secret| {
        let text = "signs or verifies, which a token that the host fetches cannot: give its value";
        complaint("secrets", &secret.name, text)
    });
    unknown.chain(missing).chain(unfit).collect()
}

/// Whether its value is needed, not only sent.
fn signs(secret: &ManifestSecret) -> bool {
    secret.signs || secret.kind == SecretKind::PrivateKey
}

fn not_a(manifest: &Manifest, what: &str, names: &[&str]) -> String {
    let plugin = &manifest.name;
    if names.is_empty() {
        return format!("plugin `{plugin}` has no {what}s");
    }
    let names = names.join(", ");
    format!("plugin `{plugin}` has no such {what}; it has: {names}")
}

fn value_of(setting: &Setting, written: Option<&toml::Value>) -> Result<Option<Value>, String> {
    match written.or(setting.default.as_ref()) {
        Some(value) => typed(setting, value).map(Some),
        None if setting.required => Err(format!("is missing: {}", setting.description)),
        None => Ok(None),
    }
}

fn typed(setting: &Setting, value: &toml::Value) -> Result<Value, String> {
    let fits = match setting.kind {
        SettingType::String => value.is_str(),
        SettingType::Integer => value.is_integer(),
        SettingType::Number => value.is_integer() || value.is_float(),
        SettingType::Boolean => value.is_bool(),
        SettingType::List => value.is_array(),
        SettingType::Table => value.is_table(),
        SettingType::Url => value.as_str().is_some_and(is_web_url),
        SettingType::Enum => {
            let allowed = |text: &str| setting.values.iter().any(|value| value == text);
            value.as_str().is_some_and(allowed)
        }
    };
    if !fits {
        return Err(format!("must be {}, not {value}", wanted(setting)));
    }
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn wanted(setting: &Setting) -> String {
    match setting.kind {
        SettingType::String => "a text in quotes".to_owned(),
        SettingType::Integer => "a whole number".to_owned(),
        SettingType::Number => "a number".to_owned(),
        SettingType::Boolean => "true or false".to_owned(),
        SettingType::List => "a list".to_owned(),
        SettingType::Table => "a table".to_owned(),
        SettingType::Url => "a URL that begins with https:// or http://".to_owned(),
        SettingType::Enum => format!("one of {}", setting.values.join(", ")),
    }
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretValues;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            name = "p"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            settings = [
                { name = "number", type = "string", required = true, description = "Our number." },
                { name = "provider", type = "enum", values = ["a", "b"], default = "a" },
                { name = "base", type = "url" },
                { name = "sid", type = "string", needed-when = { provider = "b" }, description = "The SID." },
            ]
            secrets = [
                { name = "token", required = true, description = "The token." },
                { name = "key", needed-when = { provider = "b" }, description = "The key." },
            ]
            "#,
        )
        .unwrap()
    }

    fn user(settings: &str, secrets: &[&str]) -> UserConfig {
        UserConfig {
            plugin: "p".into(),
            settings: settings.parse().unwrap(),
            secrets: secrets
                .iter()
                .map(|name| ((*name).to_owned(), SecretValues::one("x").into()))
                .collect(),
            hosts: Vec::new(),
        }
    }

    #[test]
    fn defaults_are_filled_in() {
        let checked = check(&manifest(), &user("number = '+1'", &["token"])).unwrap();
        assert_eq!(
            Value::Object(checked),
            serde_json::json!({ "number": "+1", "provider": "a" })
        );
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let user = user("numbr = '+1'\nprovider = 'c'\nbase = 'ftp://x'", &["tokn"]);
        let complaints = check(&manifest(), &user).unwrap_err();
        let texts: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "settings.numbr: plugin `p` has no such setting; it has: number, provider, base, sid",
                "settings.number: is missing: Our number.",
                "settings.provider: must be one of a, b, not \"c\"",
                "settings.base: must be a URL that begins with https:// or http://, not \"ftp://x\"",
                "secrets.tokn: plugin `p` has no such secret; it has: token, key",
                "secrets.token: is missing: The token.",
            ]
        );
    }

    #[test]
    fn what_other_settings_make_needed_is_missing_then_alone() {
        let without = check(&manifest(), &user("number = '+1'", &["token"]));
        assert!(without.is_ok(), "{without:?}");
        let user = user("number = '+1'\nprovider = 'b'", &["token"]);
        let complaints = check(&manifest(), &user).unwrap_err();
        let texts: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "settings.sid: is needed with provider = \"b\": The SID.",
                "secrets.key: is needed with provider = \"b\": The key.",
            ]
        );
    }
}
