//! The HTTP client for webhooks.

use std::sync::OnceLock;
use std::time::Duration;

/// As long as the most patient provider waits for a webhook's answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client that goes straight to its address, waits 30 s, and verifies TLS with ring, which the workspace builds
/// instead of aws-lc.
///
/// # Errors
/// TLS could not be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    static RING: OnceLock<()> = OnceLock::new();
    RING.get_or_init(|| {
        // Fails only when somebody installed a provider before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .timeout(TIMEOUT)
        .build()
}
