//! Grant = manifest AND operator. Pure.
//!
//! The manifest asks for hosts; what the operator did grants them: writing the channel (for a
//! plugin that is trusted), writing a setting of type `url`, naming hosts. What is asked for and
//! not granted stops the version, so that a new one that asks for more waits while the old one
//! serves.
//!
//! A private address is reached only where the operator says so: an address or `localhost` in `hosts`, `private:NAME`, or a
//! setting of type `url`. A name in `hosts` alone leads to public addresses: whoever answers for the name must not choose
//! what of this network a plugin talks to.
//!
//! Where no key is configured at all, nobody can sign: there the first version of a plugin is
//! trusted with its fixed hosts, and a later one with those of that first one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use crate::config::UserConfig;
use crate::manifest::{Manifest, SecretKind, Setting, SettingType};
use crate::permit::{HostGrant, HostPattern, Permit};

/// Which fixed hosts writing the channel grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Shipped, signed by a trusted key, or the first of its name where no key is configured.
    Trusted,
    /// Those of the first version.
    Like(Vec<HostPattern>),
    /// None: the operator names every host.
    Stranger,
}

/// Why a version may not go live for a channel or bot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    /// It asks for more than was granted.
    #[error("asks for {} without a grant", list(.0))]
    Missing(Vec<HostPattern>),
    /// A host is not spelled like one.
    #[error("{place}: {text}")]
    Malformed { place: String, text: String },
}

impl GrantError {
    /// What the operator writes to grant it.
    pub(crate) fn what_to_do(&self, table: &str) -> String {
        match self {
            Self::Missing(hosts) => {
                let quoted: Vec<_> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
                let list = quoted.join(", ");
                format!("if it may reach them, add hosts = [{list}] to [{table}]")
            }
            Self::Malformed { .. } => "correct the spelling".to_owned(),
        }
    }
}

fn list(hosts: &[HostPattern]) -> String {
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    hosts.join(", ")
}

/// What the plugin may reach on this channel or bot.
///
/// # Errors
/// See [`GrantError`].
pub(crate) fn grant(
    manifest: &Manifest,
    standing: &Standing,
    user: &UserConfig,
    settings: &Map<String, Value>,
) -> Result<Permit, GrantError> {
    let mut hosts = operator_hosts(user)?;
    hosts.extend(written_urls(manifest, user, settings));
    let asked = fixed_hosts(manifest)?;
    let missing: Vec<_> = asked
        .iter()
        .filter(|host| !granted(host, standing, &hosts))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(GrantError::Missing(missing));
    }
    hosts.extend(asked.into_iter().map(|host| HostGrant {
        host,
        private: false,
    }));
    Ok(Permit {
        hosts,
        secret_hosts: secret_hosts(manifest, settings)?,
    })
}

/// The hosts a manifest asks for: those it names, and those of its settings' defaults.
pub(crate) fn fixed_hosts(manifest: &Manifest) -> Result<Vec<HostPattern>, GrantError> {
    let mut hosts = patterns("hosts", &manifest.hosts)?;
    for setting in urls(manifest) {
        let default = setting.default.as_ref().and_then(toml::Value::as_str);
        if let Some(host) = default.and_then(url_host)
            && !hosts.contains(&host)
        {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

/// What of it the operator has to name, before anything is written.
pub(crate) fn to_name(manifest: &Manifest, standing: &Standing) -> Vec<HostPattern> {
    let fixed = fixed_hosts(manifest).unwrap_or_default().into_iter();
    fixed.filter(|host| !granted(host, standing, &[])).collect()
}

fn granted(host: &HostPattern, standing: &Standing, operator: &[HostGrant]) -> bool {
    let by_operator = operator
        .iter()
        .any(|grant| grant.host.covers(host) || grant.host == *host);
    by_operator
        || match standing {
            Standing::Trusted => true,
            Standing::Like(first) => first.iter().any(|it| it.covers(host) || it == host),
            Standing::Stranger => false,
        }
}

/// Before a name of `hosts` that may lead to private addresses.
const PRIVATE: &str = "private:";

fn operator_hosts(user: &UserConfig) -> Result<Vec<HostGrant>, GrantError> {
    let one = |text: &String| {
        let (text, private) = match text.strip_prefix(PRIVATE) {
            Some(text) => (text, true),
            None => (text.as_str(), false),
        };
        let host = pattern("hosts", text)?;
        let private = private || host.is_written_private();
        Ok(HostGrant { host, private })
    };
    user.hosts.iter().map(one).collect()
}

/// Hosts of url settings that the operator wrote; a default is the manifest's word, not theirs.
fn written_urls(
    manifest: &Manifest,
    user: &UserConfig,
    settings: &Map<String, Value>,
) -> Vec<HostGrant> {
    urls(manifest)
        .filter(|setting| user.settings.contains_key(&setting.name))
        .filter_map(|setting| url_host(settings.get(&setting.name)?.as_str()?))
        .map(|host| HostGrant {
            host,
            private: true,
        })
        .collect()
}

fn urls(manifest: &Manifest) -> impl Iterator<Item = &Setting> {
    let settings = manifest.settings.iter();
    settings.filter(|setting| setting.kind == SettingType::Url)
}

fn url_host(text: &str) -> Option<HostPattern> {
    HostPattern::of_url(&Url::parse(text).ok()?)
}

/// Where each secret may go; entries that name a url setting stand for its host. A private key goes nowhere, whatever the manifest says:
/// it signs. So does what signs webhooks, unless the manifest says that it goes out as well.
fn secret_hosts(
    manifest: &Manifest,
    settings: &Map<String, Value>,
) -> Result<BTreeMap<String, Vec<HostPattern>>, GrantError> {
    let mut all = BTreeMap::new();
    for secret in &manifest.secrets {
        let hosts: &[String] = match (secret.kind, &secret.hosts) {
            (SecretKind::PrivateKey, _) => &[],
            (SecretKind::Text | SecretKind::Oauth2, Some(hosts)) => hosts,
            (SecretKind::Text | SecretKind::Oauth2, None) if secret.signs => &[],
            (SecretKind::Text | SecretKind::Oauth2, None) => continue,
        };
        let mut allowed = Vec::new();
        for text in hosts {
            if urls(manifest).any(|setting| setting.name == *text) {
                let value = settings.get(text).and_then(Value::as_str);
                allowed.extend(value.and_then(url_host));
            } else {
                let place = format!("secrets.{}.hosts", secret.name);
                allowed.extend(patterns(&place, std::slice::from_ref(text))?);
            }
        }
        all.insert(secret.name.clone(), allowed);
    }
    Ok(all)
}

fn patterns(place: &str, texts: &[String]) -> Result<Vec<HostPattern>, GrantError> {
    texts.iter().map(|text| pattern(place, text)).collect()
}

fn pattern(place: &str, text: &str) -> Result<HostPattern, GrantError> {
    HostPattern::parse(text).map_err(|error| GrantError::Malformed {
        place: place.to_owned(),
        text: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permit::Reach;
    use crate::settings;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            name = "sms"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            hosts = ["media.example.com"]
            settings = [{ name = "api_base", type = "url", default = "https://api.example.com" }]
            secrets = [{ name = "token", hosts = ["api_base"] }]
            "#,
        )
        .unwrap()
    }

    fn user(settings: &str, hosts: &[&str]) -> UserConfig {
        UserConfig {
            plugin: "sms".into(),
            settings: settings.parse().unwrap(),
            secrets: BTreeMap::new(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        }
    }

    fn granting(standing: &Standing, user: &UserConfig) -> Result<Permit, GrantError> {
        let settings = settings::check(&manifest(), user).unwrap();
        grant(&manifest(), standing, user, &settings)
    }

    fn host(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    #[test]
    fn a_trusted_plugin_gets_its_fixed_hosts_and_no_private_address() {
        let permit = granting(&Standing::Trusted, &user("", &[])).unwrap();
        assert_eq!(
            permit.reach(&host("media.example.com")),
            Some(Reach::Public)
        );
        assert_eq!(permit.reach(&host("api.example.com")), Some(Reach::Public));
        assert_eq!(permit.reach(&host("example.com")), None);
    }

    #[test]
    fn a_stranger_waits_until_the_operator_names_every_host() {
        let missing = granting(&Standing::Stranger, &user("", &["media.example.com"]));
        let error = missing.unwrap_err();
        assert_eq!(error, GrantError::Missing(vec![host("api.example.com")]));
        assert_eq!(
            error.what_to_do("channels.acme"),
            "if it may reach them, add hosts = [\"api.example.com\"] to [channels.acme]"
        );
        let both = user("", &["media.example.com", "api.example.com"]);
        assert!(granting(&Standing::Stranger, &both).is_ok());
    }

    #[test]
    fn a_later_version_may_ask_for_what_the_first_had() {
        let before = vec![host("media.example.com"), host("api.example.com")];
        assert!(granting(&Standing::Like(before), &user("", &[])).is_ok());
        let less = Standing::Like(vec![host("api.example.com")]);
        let error = granting(&less, &user("", &[])).unwrap_err();
        assert_eq!(error, GrantError::Missing(vec![host("media.example.com")]));
    }

    #[test]
    fn a_name_reaches_private_addresses_only_if_it_is_granted_so() {
        let hosts = [
            "hooks.vendor.com",
            "private:crm.corp",
            "private:*.lan:8080",
            "10.0.0.5:8080",
            "localhost:9000",
            "93.184.216.34",
        ];
        let permit = granting(&Standing::Trusted, &user("", &hosts)).unwrap();
        for (name, reach) in [
            ("hooks.vendor.com", Reach::Public),
            ("crm.corp", Reach::Anywhere),
            ("pbx.lan:8080", Reach::Anywhere),
            ("10.0.0.5:8080", Reach::Anywhere),
            ("localhost:9000", Reach::Anywhere),
            ("93.184.216.34", Reach::Public),
        ] {
            assert_eq!(permit.reach(&host(name)), Some(reach), "{name}");
        }
    }

    #[test]
    fn private_keys_and_what_only_signs_go_nowhere() {
        let manifest = Manifest::parse(
            r#"
            name = "sms"
            version = "1"
            kind = "channel"
            contract = "0.1-dev"
            hosts = ["api.example.com"]
            secrets = [
                { name = "key", kind = "private-key" },
                { name = "listed", kind = "private-key", hosts = ["api.example.com"] },
                { name = "app_secret", signs = true },
                { name = "both", signs = true, hosts = ["api.example.com"] },
                { name = "token" },
            ]
            "#,
        )
        .unwrap();
        let permit = grant(&manifest, &Standing::Trusted, &user("", &[]), &Map::new()).unwrap();
        let goes: Vec<_> = ["key", "listed", "app_secret", "both", "token"]
            .map(|name| permit.secret_may_go(name, &host("api.example.com")))
            .to_vec();
        assert_eq!(goes, [false, false, false, true, true]);
    }

    #[test]
    fn a_url_setting_grants_its_host_and_port_and_takes_the_secret_along() {
        let user = user("api_base = 'http://127.0.0.1:9000'", &[]);
        let permit = granting(&Standing::Trusted, &user).unwrap();
        let local = host("127.0.0.1:9000");
        assert_eq!(permit.reach(&local), Some(Reach::Anywhere));
        assert_eq!(permit.reach(&host("127.0.0.1:9001")), None);
        assert!(permit.secret_may_go("token", &local));
        assert!(!permit.secret_may_go("token", &host("media.example.com")));
    }
}
