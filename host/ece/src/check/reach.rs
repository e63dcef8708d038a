//! Why no connection came about: name, port, proxy or certificate.

use std::time::Duration;

use rustls::CertificateError;
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::Finding;
use crate::connection::{Credential, TransportError};
use crate::integration::Integration;
use crate::tls::RefusedCertificate;

/// Asks for the base address. Any answer will do.
pub(super) async fn reach(integration: &Integration) -> Result<(), Finding> {
    let base = &integration.compiled.base;
    let host = base.host_str().unwrap_or_default().to_owned();
    let call = integration.get(base.clone());
    match integration
        .connection
        .exchange(&call, &Credential::None)
        .await
    {
        Ok(_) => Ok(()),
        Err(TransportError::NotSent(error)) => Err(diagnosed(integration, &host, error).await),
        Err(TransportError::Unsure(error)) => Err(Finding::NoAnswer { host, error }),
    }
}

async fn diagnosed(integration: &Integration, host: &str, error: String) -> Finding {
    if let Some(refused) = integration.connection.refused_certificate() {
        return certificate(host, &refused);
    }
    let config = &integration.config;
    let wait = Duration::from_millis(config.unknowns.connect_timeout_ms);
    match config
        .proxy
        .as_ref()
        .filter(|_| !listed(host, &config.no_proxy))
    {
        Some(proxy) => through_proxy(proxy, host, error, wait).await,
        None => direct(&integration.compiled.base, host, error, wait).await,
    }
}

async fn direct(base: &Url, host: &str, error: String, wait: Duration) -> Finding {
    let host = host.to_owned();
    let port = base.port_or_known_default().unwrap_or_default();
    match connect(&host, port, wait).await {
        Ok(()) => Finding::Tls { host, error },
        Err(Unconnected::Dns(error)) => Finding::Dns { host, error },
        Err(Unconnected::Refused(_)) => Finding::Refused { host, port },
        Err(Unconnected::Silent) => Finding::NoRoute { host, port },
    }
}

async fn through_proxy(proxy: &str, host: &str, error: String, wait: Duration) -> Finding {
    let shown = without_password(proxy);
    let address = Url::parse(proxy).ok();
    let place = address
        .as_ref()
        .and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let Some((proxy_host, port)) = place else {
        return Finding::ProxyUnreachable {
            proxy: shown,
            error: "it is no address".to_owned(),
        };
    };
    match connect(proxy_host, port, wait).await {
        Ok(()) => Finding::ProxyRefuses {
            proxy: shown,
            host: host.to_owned(),
            error,
        },
        Err(Unconnected::Dns(error) | Unconnected::Refused(error)) => Finding::ProxyUnreachable {
            proxy: shown,
            error,
        },
        Err(Unconnected::Silent) => Finding::ProxyUnreachable {
            proxy: shown,
            error: "no answer".to_owned(),
        },
    }
}

enum Unconnected {
    Dns(String),
    Refused(String),
    Silent,
}

async fn connect(host: &str, port: u16, wait: Duration) -> Result<(), Unconnected> {
    // An IPv6 address stands in brackets in an URL and without them here.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((host, port))
        .await
        .map_err(|error| Unconnected::Dns(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    match tokio::time::timeout(wait, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => Err(Unconnected::Silent),
        Ok(Err(error)) => Err(Unconnected::Refused(error.to_string())),
        Err(_) => Err(Unconnected::Silent),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rustls adds kinds of faults without notice"
)]
fn certificate(host: &str, refused: &RefusedCertificate) -> Finding {
    let host = host.to_owned();
    match &refused.error {
        CertificateError::UnknownIssuer => {
            let own = refused.names.as_ref().map(|names| names.issuer.clone());
            let issuer = refused
                .root
                .clone()
                .or(own)
                .unwrap_or_else(|| "somebody without a name".to_owned());
            Finding::UntrustedCertificate { host, issuer }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let subject = refused
                .names
                .as_ref()
                .map(|names| names.subject.clone())
                .unwrap_or_default();
            Finding::CertificateName { host, subject }
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Finding::CertificateTime { host },
        other => Finding::Certificate {
            host,
            error: other.to_string(),
        },
    }
}

/// Whether `no_proxy` names this host or a domain above it. (Networks are left to the HTTP client.)
fn listed(host: &str, no_proxy: &[String]) -> bool {
    no_proxy
        .iter()
        .map(|entry| entry.trim().trim_start_matches('.'))
        .any(|entry| {
            entry == "*"
                || host.eq_ignore_ascii_case(entry)
                || host
                    .to_lowercase()
                    .ends_with(&format!(".{}", entry.to_lowercase()))
        })
}

fn without_password(proxy: &str) -> String {
    let Ok(mut url) = Url::parse(proxy) else {
        return proxy.to_owned();
    };
    if url.password().is_some() && url.set_password(None).is_err() {
        return "(hidden)".to_owned();
    }
    url.to_string()
}
