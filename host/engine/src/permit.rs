//! What one channel's or bot's plugin may reach: hosts, and for each secret the hosts it may go to.
//!
//! Pure. `grant` makes it from manifest and operator, `egress` asks it before every request.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use url::Url;

use crate::egress::is_private;

/// A host as it is granted: `api.example.com`, `*.example.com`, `10.0.0.5:8080`, `[::1]:80`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostPattern {
    /// Lower case; without the brackets of an IPv6 address.
    host: String,
    /// 443 if none was written.
    port: u16,
}

/// The text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host; write it as api.example.com, *.example.com or 10.0.0.5:8080")]
pub(crate) struct HostError(String);

impl HostPattern {
    /// Reads a host as operators and manifests write it.
    pub(crate) fn parse(text: &str) -> Result<Self, HostError> {
        let error = || HostError(text.to_owned());
        let plain = text.strip_prefix("*.").unwrap_or(text);
        if text.contains(['/', '@', '?', '#', ' ']) || plain.contains('*') || plain.is_empty() {
            return Err(error());
        }
        // The URL parser knows how hosts are spelled: case, international names, addresses.
        let url = Url::parse(&format!("https://{plain}")).map_err(|_| error())?;
        let host = url.host_str().ok_or_else(error)?;
        let host = bare(host);
        let wild = if plain.len() < text.len() { "*." } else { "" };
        Ok(Self {
            host: format!("{wild}{host}"),
            port: url.port().unwrap_or(443),
        })
    }

    /// The host of a URL; none if it is not http or https.
    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            host: bare(url.host_str()?).to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether this grant covers that host.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.port != other.port {
            return false;
        }
        match self.host.strip_prefix("*.") {
            Some(suffix) => other
                .host
                .strip_suffix(suffix)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => self.host == other.host,
        }
    }

    /// Whether it is written as something private: an address, or the name that every machine has for itself.
    pub(crate) fn is_written_private(&self) -> bool {
        self.host == "localhost" || self.address().is_some_and(is_private)
    }

    /// The address, if the host is written as one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == 443 {
            f.write_str(&self.host)
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// One granted host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostGrant {
    pub(crate) host: HostPattern,
    /// The operator granted it so: it may be a private address.
    pub(crate) private: bool,
}

/// All that was granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(crate) hosts: Vec<HostGrant>,
    /// For secrets that may not go to every granted host.
    pub(crate) secret_hosts: BTreeMap<String, Vec<HostPattern>>,
}

/// How a permitted host may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public addresses alone.
    Public,
    /// Private ones too.
    Anywhere,
}

impl Permit {
    /// Whether requests may go to this host, and to which addresses of it.
    pub(crate) fn reach(&self, host: &HostPattern) -> Option<Reach> {
        let covering = || self.hosts.iter().filter(|grant| grant.host.covers(host));
        covering().next()?;
        if covering().any(|grant| grant.private) {
            Some(Reach::Anywhere)
        } else {
            Some(Reach::Public)
        }
    }

    /// Whether this secret may go to this host.
    pub(crate) fn secret_may_go(&self, secret: &str, host: &HostPattern) -> bool {
        match self.secret_hosts.get(secret) {
            Some(hosts) => hosts.iter().any(|granted| granted.covers(host)),
            None => self.reach(host).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    fn url(text: &str) -> HostPattern {
        HostPattern::of_url(&Url::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_host_without_a_port_is_https_alone() {
        assert!(host("api.example.com").covers(&url("https://API.example.com/x")));
        assert!(!host("api.example.com").covers(&url("http://api.example.com/x")));
        assert!(host("api.example.com:8080").covers(&url("http://api.example.com:8080/")));
    }

    #[test]
    fn a_star_covers_names_below_and_nothing_else() {
        let wild = host("*.example.com");
        assert!(wild.covers(&url("https://a.b.example.com/")));
        assert!(!wild.covers(&url("https://example.com/")));
        assert!(!wild.covers(&url("https://evilexample.com/")));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "https://a.example",
            "a.example/path",
            "u@a.example",
            "*",
            "a.*.example",
            "",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_grant_of_the_operator_reaches_private_addresses() {
        let grant = |text, private| HostGrant {
            host: host(text),
            private,
        };
        let permit = Permit {
            hosts: vec![
                grant("api.example.com", false),
                grant("10.0.0.5:8080", true),
            ],
            ..Permit::default()
        };
        assert_eq!(permit.reach(&host("api.example.com")), Some(Reach::Public));
        assert_eq!(permit.reach(&host("10.0.0.5:8080")), Some(Reach::Anywhere));
        assert_eq!(permit.reach(&host("other.example.com")), None);
    }

    #[test]
    fn a_secret_with_hosts_of_its_own_goes_nowhere_else() {
        let permit = Permit {
            hosts: ["a.example", "b.example"]
                .map(|text| HostGrant {
                    host: host(text),
                    private: false,
                })
                .to_vec(),
            secret_hosts: BTreeMap::from([("token".to_owned(), vec![host("a.example")])]),
        };
        assert!(permit.secret_may_go("token", &host("a.example")));
        assert!(!permit.secret_may_go("token", &host("b.example")));
        assert!(permit.secret_may_go("other", &host("b.example")));
    }
}
