//! Why a channel's provider gave no answer: name, port, proxy or certificate.
//!
//! Asked are the hosts that the channel's secrets go to, those an operator wrote before the manifest's own.

use toml::Value;
use trunkline_core::id::ChannelName;
use trunkline_ece::{Finding, reach_address};
use trunkline_engine::{Engine, ManifestSecret};
use url::Url;

use crate::config::{Config, Connection};

/// What stands between this machine and the channel's provider; none if every host answers.
pub(super) async fn obstacle(
    config: &Config,
    engine: &Engine,
    channel: &ChannelName,
) -> Option<String> {
    let connection = config.channels.get(channel)?;
    let manifest = engine.channel_manifest(channel)?;
    for address in addresses(connection, &manifest.secrets) {
        let server = &config.server;
        let found = reach_address(address.as_str(), server.proxy.as_deref(), &server.no_proxy);
        if let Err(finding) = found.await {
            return Some(told(&address, &finding));
        }
    }
    None
}

fn addresses(connection: &Connection, secrets: &[ManifestSecret]) -> Vec<Url> {
    let given = secrets
        .iter()
        .filter(|secret| connection.secrets.contains_key(&secret.name));
    let mut all = Vec::new();
    for hosts in given.filter_map(|secret| secret.hosts.as_ref()) {
        let written: Vec<Url> = hosts
            .iter()
            .filter_map(|name| connection.settings.get(name).and_then(Value::as_str))
            .filter_map(|url| Url::parse(url).ok())
            .collect();
        let fixed = hosts
            .iter()
            .filter(|host| host.contains('.'))
            .filter_map(|host| Url::parse(&format!("https://{host}")).ok());
        let wanted = if written.is_empty() {
            fixed.collect()
        } else {
            written
        };
        for mut url in wanted {
            // What else stands in the address is nothing to ask for.
            url.set_path("/");
            url.set_query(None);
            if !all.contains(&url) {
                all.push(url);
            }
        }
    }
    all
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other findings are about an ECE's settings and never come from here"
)]
fn told(address: &Url, finding: &Finding) -> String {
    let host = address.host_str().unwrap_or_default();
    let port = address.port_or_known_default().unwrap_or_default();
    let at = format!("{host} on port {port}");
    match finding {
        Finding::Dns { error, .. } => format!(
            "{host} has no address ({error}): correct its name in the channel's settings, or make your DNS answer for it"
        ),
        Finding::Refused { .. } => {
            format!("{at} refuses connections: is the port right, is a firewall between?")
        }
        Finding::NoRoute { .. } => format!(
            "{at} does not answer: let this machine through the firewall, or set `proxy` in [server]"
        ),
        Finding::UntrustedCertificate { issuer, .. } => format!(
            "the certificate of {at} is signed by `{issuer}`, which this machine does not trust: add that authority to the system's certificates"
        ),
        Finding::CertificateName { subject, .. } => format!(
            "the certificate shown at {at} is for `{subject}`: something else answers there"
        ),
        Finding::CertificateTime { .. } => format!(
            "the certificate of {at} is not valid at this time: set this machine's clock right, or have it renewed"
        ),
        Finding::Certificate { error, .. } | Finding::Tls { error, .. } => {
            format!("no TLS comes about with {at} ({error}): is it https, and is this the port?")
        }
        Finding::NoAnswer { error, .. } => {
            format!("{at} takes the connection but gives no answer ({error})")
        }
        Finding::ProxyUnreachable { proxy, error } => format!(
            "the proxy {proxy} cannot be reached ({error}): correct `proxy` in [server], or list {host} in `no_proxy`"
        ),
        Finding::ProxyRefuses { proxy, error, .. } => format!(
            "the proxy {proxy} leads to no connection with {at} ({error}): let it through there, or list {host} in `no_proxy`"
        ),
        other => other.to_string(),
    }
}
