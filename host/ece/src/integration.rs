//! One configured ECE at work: its settings, its connections, its login, what it remembers.
//!
//! Remembered, in memory only: the credential, the dates of entry points, and what ECE refused last.
//! All of it can be lost; then it is asked for again.

use reqwest::Method;
use serde_json::Value;
use trunkline_core::id::EntryPointName;
use trunkline_flow::ports::EceError;
use url::Url;

use crate::classify::Refusal;
use crate::compiled::{Compiled, ConfigError};
use crate::config::{Auth, IntegrationConfig};
use crate::configuration::Configurations;
use crate::connection::{Body, Call, Connection, Credential, Reply};
use crate::login::Login;
use crate::refusals::{Asked, Refusals};
use crate::unknowns::Operation;

/// One configured ECE.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) config: IntegrationConfig,
    pub(crate) compiled: Compiled,
    pub(crate) connection: Connection,
    pub(crate) login: Login,
    pub(crate) configurations: Configurations,
    pub(crate) refusals: Refusals,
}

impl Integration {
    pub(crate) fn new(config: IntegrationConfig) -> Result<Self, ConfigError> {
        let compiled = Compiled::new(&config)?;
        let complain = |complaint| ConfigError {
            integration: config.name.clone(),
            complaints: vec![complaint],
        };
        let connection = Connection::new(&config).map_err(complain)?;
        let login_url = address(&config, &compiled, login_path(&config), &[]);
        let login = Login::new(&config, login_url, compiled.rules.clone());
        Ok(Self {
            config,
            compiled,
            connection,
            login,
            configurations: Configurations::default(),
            refusals: Refusals::default(),
        })
    }

    /// ECE's id of an entry point.
    pub(crate) fn entry_point(&self, name: &EntryPointName) -> Result<&str, EceError> {
        self.config
            .entry_points
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| {
                EceError::Refused(format!(
                    "integration {} has no entry point `{name}`",
                    self.config.name
                ))
            })
    }

    /// A path of the settings below `base_url`, its placeholders filled in.
    pub(crate) fn url(&self, path: &str, values: &[(&str, &str)]) -> Url {
        address(&self.config, &self.compiled, path, values)
    }

    /// A POST of JSON.
    pub(crate) fn post(&self, url: Url, body: &Value) -> Call {
        Call {
            method: Method::POST,
            url,
            language: self.language(),
            body: Body::Json(body.to_string()),
        }
    }

    /// A GET.
    pub(crate) fn get(&self, url: Url) -> Call {
        Call {
            method: Method::GET,
            url,
            language: self.language(),
            body: Body::None,
        }
    }

    pub(crate) fn language(&self) -> String {
        self.config.unknowns.accept_language.clone()
    }

    /// Sends a request with our credential; a 401 renews it once and sends the request again.
    ///
    /// # Errors
    /// Before the request left: `Unreachable`, `Throttled`, `Credentials`. After: `Unknown`.
    pub(crate) async fn call(&self, call: &Call) -> Result<Reply, EceError> {
        let answer = self.call_logged_in(call).await;
        let name = &self.config.name;
        match &answer {
            Ok(reply) if reply.status.as_u16() == 401 => {
                let text = self.refusal(Operation::Login, reply).text;
                self.refusals.refused(name, Asked::Login, &text);
            }
            Ok(_) => self.refusals.taken(name, Asked::Login),
            Err(error) => {
                if let EceError::Credentials(text) = error {
                    self.refusals.refused(name, Asked::Login, text);
                }
            }
        }
        answer
    }

    async fn call_logged_in(&self, call: &Call) -> Result<Reply, EceError> {
        let credential = self.login.credential(&self.connection).await?;
        let reply = self.connection.exchange(call, &credential).await?;
        if reply.status.as_u16() != 401 {
            return Ok(reply);
        }
        let renewed = self.login.instead_of(&credential, &self.connection).await?;
        Ok(self.connection.exchange(call, &renewed).await?)
    }

    /// A request that changes nothing and needs no credential.
    pub(crate) async fn ask(&self, call: &Call) -> Result<Reply, EceError> {
        Ok(self.connection.exchange(call, &Credential::None).await?)
    }

    pub(crate) fn refusal(&self, operation: Operation, reply: &Reply) -> Refusal {
        Refusal::read(&self.compiled.rules, operation, reply)
    }

    /// A refusal of a call that neither opens nor is about availability.
    pub(crate) fn refused(&self, operation: Operation, reply: &Reply) -> EceError {
        self.refusal(operation, reply)
            .error(self.config.unknowns.throttle_ms)
    }
}

fn login_path(config: &IntegrationConfig) -> &str {
    match config.auth {
        Auth::Oauth2Client => &config.unknowns.paths.token,
        Auth::UserLogin => &config.unknowns.paths.login,
    }
}

/// A path of the settings below `base_url`. `{api_version}` and `{login_api_version}` are always known.
pub(crate) fn address(
    config: &IntegrationConfig,
    compiled: &Compiled,
    path: &str,
    values: &[(&str, &str)],
) -> Url {
    let unknowns = &config.unknowns;
    let versions = [
        ("api_version", unknowns.api_version.as_str()),
        ("login_api_version", &unknowns.login_api_version),
    ];
    let mut filled = path.trim_start_matches('/').to_owned();
    for (name, value) in versions.iter().chain(values) {
        filled = filled.replace(&format!("{{{name}}}"), &path_segment(value));
    }
    let mut url = compiled.base.clone();
    let (path, query) = filled
        .split_once('?')
        .map_or((filled.as_str(), None), |(path, query)| (path, Some(query)));
    url.set_path(&format!("{}{path}", compiled.base.path()));
    url.set_query(query);
    url
}

/// An id from outside must not lead to another path.
fn path_segment(value: &str) -> String {
    let mut segment = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}
