//! `needed-when` of a manifest: a setting or secret that must be there only with certain values of other
//! settings, as a provider's credentials with that provider. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::{ManifestSecret, Setting, SettingType};

/// Settings and their values, all of which must hold. Empty: never needed on this ground.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NeededWhen(BTreeMap<String, toml::Value>);

impl NeededWhen {
    /// Whether these settings, defaults filled in, make it needed.
    pub(crate) fn holds(&self, settings: &Map<String, Value>) -> bool {
        let has = |(name, value): (&String, &toml::Value)| {
            let wanted = serde_json::to_value(value).ok();
            wanted.is_some() && settings.get(name) == wanted.as_ref()
        };
        !self.0.is_empty() && self.0.iter().all(has)
    }

    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it asks for this setting's value.
    pub(crate) fn names(&self, setting: &str) -> bool {
        self.0.contains_key(setting)
    }

    /// What is wrong with it in the manifest entry called `own`.
    fn wrong(&self, own: &str, required: bool, settings: &[Setting]) -> Option<String> {
        if required && !self.is_empty() {
            return Some(format!("`{own}` is required, so it needs no needed-when"));
        }
        self.0.iter().find_map(|(name, value)| {
            let Some(setting) = settings.iter().find(|s| s.name == *name && s.name != own) else {
                return Some(format!(
                    "needed-when of `{own}` names `{name}`, which is no other setting"
                ));
            };
            let is_one = |text: &str| setting.values.iter().any(|value| value == text);
            let never = setting.kind == SettingType::Enum && !value.as_str().is_some_and(is_one);
            never.then(|| format!("needed-when of `{own}`: {name} is never {value}"))
        })
    }
}

/// What is wrong with those of a manifest.
pub(crate) fn wrong(settings: &[Setting], secrets: &[ManifestSecret]) -> Option<String> {
    let of_settings = settings
        .iter()
        .map(|s| (&s.needed_when, &s.name, s.required));
    let of_secrets = secrets
        .iter()
        .map(|s| (&s.needed_when, &s.name, s.required));
    let mut all = of_settings.chain(of_secrets);
    all.find_map(|(when, own, required)| when.wrong(own, required, settings))
}

/// `provider = "twilio"`.
impl fmt::Display for NeededWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self
            .0
            .iter()
            .map(|(name, value)| format!("{name} = {value}"));
        f.write_str(&all.collect::<Vec<_>>().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn why_refused(needed_when: &str) -> String {
        let text = format!(
            r#"
            name = "p"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            settings = [{{ name = "provider", type = "enum", values = ["a", "b"] }}]
            secrets = [{{ name = "token", needed-when = {needed_when} }}]
            "#
        );
        Manifest::parse(&text).unwrap_err().to_string()
    }

    #[test]
    fn a_condition_that_can_never_hold_is_refused() {
        let why = why_refused("{ provider = 'c' }");
        assert!(why.contains("provider is never \"c\""), "{why}");
        let why = why_refused("{ provder = 'a' }");
        assert!(
            why.contains("`provder`, which is no other setting"),
            "{why}"
        );
        let why = why_refused("{ provider = 'a' }, required = true");
        assert!(why.contains("`token` is required"), "{why}");
    }
}
