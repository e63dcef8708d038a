//! `[server]`, `[store]` and `[plugins]`: the process itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use trunkline_engine::{Trust, bad_keys};

use super::secret::{Secret, Sources, secret};
use super::section::{Placed, Section};
use super::url::http_url;

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where we listen. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// What providers call, without a slash at the end. Default `http://LISTEN`.
    pub public_url: String,
    /// For dates and hours that name no other. Default UTC.
    pub time_zone: String,
    /// For requests that leave. Default none.
    pub proxy: Option<String>,
    /// Hosts that are asked without it.
    pub no_proxy: Vec<String>,
    /// What the admin API asks for. Default: a random one in a file beside the store.
    pub admin_token: Option<Secret>,
    /// How long a request may take until it is answered 503. Default 30 s.
    pub request_timeout: Duration,
    /// How long a shutdown waits for what is going on. Default 20 s.
    pub shutdown: Duration,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The database file; files of customers and agents lie in a folder beside it. Default `trunkline.db`.
    pub path: PathBuf,
}

/// `[plugins]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSettings {
    /// The folder that is watched. Default `plugins`.
    pub dir: PathBuf,
    /// minisign public keys.
    pub trusted_keys: Vec<String>,
    /// Refuse files that none of them signed. Default: yes once there is a key.
    pub require_signature: bool,
}

/// Most seconds that a time of this group may say.
const SECONDS_MAX: u64 = 3_600;

/// Reads `[server]`.
pub(super) fn server(section: Option<Section<'_>>, from: &Sources<'_>) -> Server {
    let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
    let mut server = Server {
        listen,
        public_url: format!("http://{listen}"),
        time_zone: "UTC".to_owned(),
        proxy: None,
        no_proxy: Vec::new(),
        admin_token: None,
        request_timeout: Duration::from_secs(30),
        shutdown: Duration::from_secs(20),
    };
    let Some(section) = section else {
        return server;
    };
    if let Some(listen) = listen_of(&section) {
        server.listen = listen;
        server.public_url = format!("http://{listen}");
    }
    if let Some(url) = http_url(&section, "public_url") {
        server.public_url = url;
    }
    if let Some((name, _)) = time_zone(&section) {
        server.time_zone = name;
    }
    server.proxy = http_url(&section, "proxy");
    server.no_proxy = plain(section.texts("no_proxy"));
    server.admin_token = secret(&section, "admin_token", from);
    if let Some(seconds) = section.number("request_timeout_s", 1..=SECONDS_MAX) {
        server.request_timeout = Duration::from_secs(*seconds.get_ref());
    }
    if let Some(seconds) = section.number("shutdown_s", 0..=SECONDS_MAX) {
        server.shutdown = Duration::from_secs(*seconds.get_ref());
    }
    section.done();
    server
}

/// Reads `[store]`.
pub(super) fn store(section: Option<Section<'_>>, from: &Sources<'_>) -> StoreSettings {
    let mut path = from.path("trunkline.db");
    if let Some(section) = section {
        if let Some(url) = section.text("url") {
            match url.get_ref().split_once(':') {
                Some(("sqlite", file)) if !file.is_empty() => path = from.path(file),
                Some(("postgres" | "postgresql", _)) => section.sink.add(
                    &url.span(),
                    "PostgreSQL comes with the PostgreSQL store, which is not in this version",
                    "write url = \"sqlite:trunkline.db\"",
                ),
                _ => section.sink.add(
                    &url.span(),
                    "this is no address of a store",
                    "write url = \"sqlite:PATH\"; a relative path starts at the folder of this file",
                ),
            }
        }
        section.done();
    }
    StoreSettings { path }
}

/// Reads `[plugins]`.
pub(super) fn plugins(section: Option<Section<'_>>, from: &Sources<'_>) -> PluginSettings {
    let mut settings = PluginSettings {
        dir: from.path("plugins"),
        trusted_keys: Vec::new(),
        require_signature: false,
    };
    let Some(section) = section else {
        return settings;
    };
    if let Some(dir) = section.text("dir") {
        settings.dir = from.path(dir.get_ref());
    }
    settings.trusted_keys = trusted_keys(&section);
    let required = section.flag("require_signature");
    settings.require_signature = required.unwrap_or(!settings.trusted_keys.is_empty());
    if settings.require_signature && settings.trusted_keys.is_empty() {
        section.sink.add(
            &section.place,
            "`require_signature` is on and no key is trusted: every plugin would be refused",
            "add trusted_keys = [\"RW…\"] or switch it off",
        );
    }
    section.done();
    settings
}

fn trusted_keys(section: &Section<'_>) -> Vec<String> {
    let keys = section.texts("trusted_keys");
    for key in &keys {
        let trust = Trust {
            trusted_keys: vec![key.get_ref().clone()],
            ..Trust::default()
        };
        if !bad_keys(&trust).is_empty() {
            section.sink.add(
                &key.span(),
                "this is no minisign public key",
                "write the second line of the .pub file that `minisign -G` made; it begins with RW",
            );
        }
    }
    plain(keys)
}

/// The `time_zone` of a section, by its IANA name.
pub(super) fn time_zone(section: &Section<'_>) -> Option<(String, TimeZone)> {
    let name = section.text("time_zone")?;
    match TimeZone::get(name.get_ref()) {
        Ok(zone) => Some((name.into_inner(), zone)),
        Err(_) => {
            section.sink.add(
                &name.span(),
                format!("`{}` is no time zone", name.get_ref()),
                "write an IANA name such as Europe/Berlin, America/New_York or UTC",
            );
            None
        }
    }
}

/// Without their places.
pub(super) fn plain(texts: Vec<Placed<String>>) -> Vec<String> {
    texts.into_iter().map(Placed::into_inner).collect()
}

fn listen_of(section: &Section<'_>) -> Option<SocketAddr> {
    let text = section.text("listen")?;
    let address = text.get_ref().parse().ok();
    if address.is_none() {
        section.sink.add(
            &text.span(),
            format!("`{}` is no address to listen on", text.get_ref()),
            "write ADDRESS:PORT, for instance 127.0.0.1:8080 or 0.0.0.0:8080",
        );
    }
    address
}
