//! Tokens that the host fetches for secrets of kind `oauth2` (RFC 6749, section 4.4).
//!
//! One token a grant, whoever uses it, in memory alone. One renewal is on its way at a time: it
//! begins early, while the old token still serves the others; a token that has expired, or that a
//! provider refused, is waited for. What the token's host says is never shown but for its error
//! code: it may repeat what it was sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use trunkline_core::id::Timestamp;
use url::form_urlencoded;

use crate::egress::Egress;
use crate::request::{FetchError, FetchRequest, FetchResponse, ResponseBody};
use crate::secrets::{ClientAuth, Oauth2, Secret, SecretSource, Secrets};
use crate::time::Time;

/// A token is renewed this long before it expires; half its life if that is shorter.
const EARLY_MS: u64 = 120_000;

/// Pause after an early renewal that failed.
const PAUSE_MS: u64 = 15_000;

/// It is not used in its last moments: requests take some time.
const LAST_MS: u64 = 10_000;

/// Life of a token whose answer does not say, as RFC 6749 leaves open.
const LIFE_DEFAULT_S: u64 = 300;

/// Longer lives are cut, so that a wrong unit does no harm.
const LIFE_MAX_S: u64 = 7 * 24 * 3_600;

/// Error codes are words such as `invalid_client`; more is none.
const CODE_CHARS_MAX: usize = 40;

/// There is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The host that gives tokens says no.
    #[error("{host} gives no token: {status}{code}; look at client_id, client_secret and scope")]
    Refused {
        /// Who.
        host: String,
        /// Its HTTP status.
        status: u16,
        /// Its error code behind a space, where it gives one.
        code: String,
    },
    /// It answers something else.
    #[error("{host} answers {status} without an access_token: is token_url right?")]
    NoToken {
        /// Who.
        host: String,
        /// Its HTTP status.
        status: u16,
    },
    /// It cannot be reached, or is in trouble.
    #[error("{host}, which gives the token, does not answer: {reason}")]
    Unreachable {
        /// Who.
        host: String,
        /// Why.
        reason: String,
    },
}

impl TokenError {
    /// What the plugin that wanted to use it hears: its request did not leave.
    fn of_secret(&self, name: &str) -> FetchError {
        let text = format!("secret `{name}`: {self}");
        match self {
            Self::Refused { .. } | Self::NoToken { .. } => FetchError::Denied(text),
            Self::Unreachable { .. } => FetchError::Unreachable(text),
        }
    }
}

/// The tokens of one request, by secret.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fetched(BTreeMap<String, Secret>);

impl Fetched {
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Whether this status says that a token is good no more.
    pub(crate) fn refused_with(&self, status: u16) -> bool {
        status == 401 && !self.0.is_empty()
    }

    pub(crate) fn refused_by(&self, answer: &Result<FetchResponse, FetchError>) -> bool {
        let status = answer.as_ref().map(|response| response.status);
        status.is_ok_and(|status| self.refused_with(status))
    }
}

#[derive(Debug, Clone)]
struct Held {
    token: Secret,
    renew: Timestamp,
    expires: Timestamp,
}

/// One grant's token.
#[derive(Default)]
struct Entry {
    held: Mutex<Option<Held>>,
    /// Held while it is renewed.
    renewing: tokio::sync::Mutex<()>,
}

impl Entry {
    fn held(&self) -> Option<Held> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    fn hold(&self, new: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// The token, if it may be used.
    fn usable(&self, refused: Option<&Secret>, now: Timestamp) -> Option<Held> {
        let held = self.held()?;
        (now < held.expires && refused != Some(&held.token)).then_some(held)
    }
}

/// All tokens of this process.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Oauth2, Arc<Entry>>>);

impl Tokens {
    /// What a request needs. A token in `refused` is not given again.
    ///
    /// # Errors
    /// There is none: nothing left.
    pub(crate) async fn of_request(
        &self,
        request: &FetchRequest,
        secrets: &Secrets,
        refused: &Fetched,
        egress: &Egress,
        time: &dyn Time,
    ) -> Result<Fetched, FetchError> {
        let mut fetched = Fetched::default();
        for name in request.secrets() {
            if let Some(SecretSource::Oauth2(oauth2)) = secrets.source(name)
                && fetched.get(name).is_none()
            {
                let token = self.token(oauth2, refused.get(name), egress, time).await;
                let token = token.map_err(|error| error.of_secret(name))?;
                fetched.0.insert(name.to_owned(), token);
            }
        }
        Ok(fetched)
    }

    /// A token of this grant, another one than `refused`.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub(crate) async fn token(
        &self,
        oauth2: &Oauth2,
        refused: Option<&Secret>,
        egress: &Egress,
        time: &dyn Time,
    ) -> Result<Secret, TokenError> {
        let entry = self.entry(oauth2);
        if let Some(held) = entry.usable(refused, time.now()) {
            if time.now() >= held.renew
                && let Ok(_renewing) = entry.renewing.try_lock()
                && let Err(error) = renew(&entry, oauth2, egress, time).await
            {
                tracing::warn!(%error, "a token is not renewed yet; the old one still serves");
                entry.hold(Some(Held {
                    renew: time.now().plus_ms(PAUSE_MS),
                    ..held.clone()
                }));
            }
            let newest = entry.usable(refused, time.now());
            return Ok(newest.unwrap_or(held).token);
        }
        let _renewing = entry.renewing.lock().await;
        if let Some(held) = entry.usable(refused, time.now()) {
            return Ok(held.token);
        }
        entry.hold(None);
        renew(&entry, oauth2, egress, time).await
    }

    fn entry(&self, oauth2: &Oauth2) -> Arc<Entry> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entries.entry(oauth2.clone()).or_default())
    }
}

async fn renew(
    entry: &Entry,
    oauth2: &Oauth2,
    egress: &Egress,
    time: &dyn Time,
) -> Result<Secret, TokenError> {
    let asked = time.now();
    let answer = ask(oauth2, egress).await?;
    let life_s = answer.expires_in.as_ref().and_then(seconds);
    let life_ms = life_s.unwrap_or(LIFE_DEFAULT_S).min(LIFE_MAX_S) * 1_000;
    let token = Secret::new(answer.access_token);
    entry.hold(Some(Held {
        token: token.clone(),
        renew: asked.plus_ms(life_ms - EARLY_MS.min(life_ms / 2)),
        expires: asked.plus_ms(life_ms - LAST_MS.min(life_ms / 4)),
    }));
    Ok(token)
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    /// A number in seconds; some write it as text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RefusalAnswer {
    error: String,
}

fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

async fn ask(oauth2: &Oauth2, egress: &Egress) -> Result<TokenAnswer, TokenError> {
    let host = oauth2.token_url.host_str().unwrap_or_default().to_owned();
    let url = oauth2.token_url.clone();
    let response = match oauth2.client_auth {
        ClientAuth::Basic => {
            // Both are form-encoded first (RFC 6749, section 2.3.1).
            let [id, secret] = [&*oauth2.client_id, oauth2.client_secret.expose()].map(encoded);
            let basic = Some((&*id, &*secret));
            egress.ask_for_token(url, basic, form(oauth2, &[])).await
        }
        ClientAuth::Body => {
            let client = [
                ("client_id", &*oauth2.client_id),
                ("client_secret", oauth2.client_secret.expose()),
            ];
            egress.ask_for_token(url, None, form(oauth2, &client)).await
        }
    };
    let response = response.map_err(|error| TokenError::Unreachable {
        host: host.clone(),
        reason: error.to_string(),
    })?;
    read(host, &response)
}

fn form(oauth2: &Oauth2, client: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.extend_pairs(client);
    if let Some(scope) = &oauth2.scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn read(host: String, response: &FetchResponse) -> Result<TokenAnswer, TokenError> {
    let status = response.status;
    let ResponseBody::Text(body) = &response.body else {
        return Err(TokenError::NoToken { host, status });
    };
    match status {
        200..300 => serde_json::from_str(body).map_err(|_| TokenError::NoToken { host, status }),
        408 | 425 | 429 | 500.. => Err(TokenError::Unreachable {
            host,
            reason: format!("it answers {status}"),
        }),
        _ => Err(TokenError::Refused {
            host,
            status,
            code: error_code(body),
        }),
    }
}

fn error_code(body: &str) -> String {
    let code = serde_json::from_str::<RefusalAnswer>(body).map(|refusal| refusal.error);
    let is_word = |code: &String| {
        code.len() <= CODE_CHARS_MAX && code.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let code = code.ok().filter(is_word);
    code.map(|code| format!(" {code}")).unwrap_or_default()
}
