//! The address that ECE calls: what can be told about it from this side.

use tokio::net::lookup_host;
use url::{Host, Url};

use super::{CheckLine, Finding};
use crate::config::{CallbackAuth, IntegrationConfig};

/// The lines about it. A `callback_url` that is no address at all is a complaint of the settings.
pub(super) async fn lines(config: &IntegrationConfig) -> Vec<CheckLine> {
    let Ok(base) = Url::parse(&config.callback_url) else {
        return Vec::new();
    };
    let url = format!(
        "{}/ece/{}/callback",
        config.callback_url.trim_end_matches('/'),
        config.name
    );
    let mut findings = vec![address(&base, &url)];
    findings.extend(unresolved(&base).await);
    if config.callback == CallbackAuth::None {
        findings.push(Finding::CallbackOpen);
    }
    findings
        .into_iter()
        .map(|finding| CheckLine::new("callback address", finding))
        .collect()
}

fn address(base: &Url, url: &str) -> Finding {
    let url = url.to_owned();
    if is_local(base) {
        Finding::CallbackLocal { url }
    } else if base.scheme() == "https" {
        Finding::CallbackAddress { url }
    } else {
        Finding::CallbackInsecure { url }
    }
}

/// Fine for a stand-in on this machine, of no use to an ECE elsewhere.
fn is_local(base: &Url) -> bool {
    match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    }
}

async fn unresolved(base: &Url) -> Option<Finding> {
    let Some(Host::Domain(name)) = base.host() else {
        return None;
    };
    let port = base.port_or_known_default().unwrap_or_default();
    let error = lookup_host((name, port)).await.err()?;
    Some(Finding::CallbackDns {
        host: name.to_owned(),
        error: error.to_string(),
    })
}
