//! Which addresses are private, and a resolver that gives none of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name leads to private addresses only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has only private addresses; the operator allows them with hosts = [\"private:{0}\"]")]
pub(crate) struct PrivateAddress(pub(crate) String);

/// Whether requests to this address stay inside: the machine itself, the local network, special uses.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, protocol assignments, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = inner_v4(address) {
        return is_private_v4(inner);
    }
    let first = address.segments()[0];
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || (first & 0xffc0) == 0xfec0
        || (first == 0x2001 && address.segments()[1] == 0xdb8)
}

/// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 address.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    if s[0] == 0x2002 {
        return Some(from(s[1], s[2]));
    }
    let nat64 = s[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    let embedded = s[..5] == [0; 5] && (s[5] == 0xffff || s[5] == 0);
    // `::` and `::1` are addresses of their own.
    ((nat64 || embedded) && (s[6] != 0 || nat64 || s[5] == 0xffff)).then(|| from(s[6], s[7]))
}

/// Looks names up, and keeps private addresses back. The connection is made to what it gives, so a
/// name cannot change between check and use.
#[derive(Debug, Default)]
pub(crate) struct PublicOnly {
    /// The proxy's own name, which may lead anywhere.
    pub(crate) exempt: Option<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let exempt = self.exempt.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let found = lookup(name.as_str()).await?;
            let kept: Vec<_> = found
                .into_iter()
                .filter(|address| exempt || !is_private(address.ip()))
                .collect();
            if kept.is_empty() {
                return Err(PrivateAddress(name.as_str().to_owned()).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

async fn lookup(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    // The port is the connection's matter; 0 leaves it open.
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// Whether a failed request ended at [`PublicOnly`].
pub(crate) fn private_address(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(private) = error.downcast_ref::<PrivateAddress>() {
            return Some(private.to_string());
        }
        next = error.source();
    }
    None
}

/// The resolver behind a pointer, as reqwest wants it.
pub(crate) fn public_only(exempt: Option<String>) -> Arc<PublicOnly> {
    Arc::new(PublicOnly { exempt })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_spelling() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::7f00:1",
        ] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_left_alone() {
        for text in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }
}
