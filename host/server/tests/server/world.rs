//! A host in this process, on a free port: one channel whose plugin is not there, one ECE that is down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use tempfile::TempDir;
use trunkline_server::config;
use trunkline_server::edge;
use trunkline_server::host::Host;

/// The admin token of every world.
pub(crate) const TOKEN: &str = "open-sesame";

/// What a test waits for at most; facts come long before.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration; `listen` is an address.
pub(crate) fn toml(listen: SocketAddr) -> String {
    format!(
        r#"
[server]
listen = "{listen}"
public_url = "https://chat.example.com"
admin_token = "plain:{TOKEN}"
shutdown_s = 5

[integrations.acme]
base_url = "http://127.0.0.1:9/system"
username = "key"
password = "plain:secret"
callback = {{ auth = "basic", username = "ece", password = "plain:knock" }}
entry_points = [{{ name = "support", id = "1001" }}]

[channels.acme-sms]
plugin = "sms"

[bots.faq]
plugin = "echo-bot"

[[rules]]
channels = ["acme-sms"]
stages = [{{ ece = "acme" }}]
"#
    )
}

/// A free address. Somebody else may take it before it is used; then the test fails loudly.
pub(crate) fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address")
}

pub(crate) struct World {
    pub(crate) host: Arc<Host>,
    pub(crate) http: reqwest::Client,
    pub(crate) file: PathBuf,
    base: String,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder")).await
    }

    /// With everything of it in this folder.
    pub(crate) async fn start_in(folder: TempDir) -> Self {
        provide_tls();
        let file = folder.path().join("trunkline.toml");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        std::fs::write(&file, toml(address)).expect("written");
        let config = config::load(&file).expect("a right configuration");
        let host = Host::start(config).await.expect("it starts");
        let router = edge::router(Arc::clone(&host));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            host,
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            file,
            base: format!("http://{address}"),
            _folder: folder,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A document of the admin API.
    pub(crate) async fn admin(&self, path: &str) -> serde_json::Value {
        let answer = self
            .http
            .get(self.url(&format!("/api/v1{path}")))
            .bearer_auth(TOKEN)
            .send();
        let answer = answer.await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }
}

/// A guest as `cargo xtask plugins --guests` builds it.
pub(crate) fn guest(name: &str) -> PathBuf {
    built("guests", name)
}

/// A plugin as `cargo xtask plugins` builds it.
pub(crate) fn plugin(name: &str) -> PathBuf {
    built("plugins", name)
}

fn built(folder: &str, name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a file");
    let target = test
        .ancestors()
        .nth(3)
        .expect("it lies in the target folder");
    target.join(folder).join(format!("{name}.wasm"))
}

/// Clients need a TLS provider, also for plain HTTP.
pub(crate) fn provide_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The ECE client of another test may have been first.
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
}
