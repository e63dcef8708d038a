//! ECE's access token, or an agent's login session: fetched when first needed, kept, renewed.
//!
//! A token may die before its time (ECE allows ten sessions, and another login may push ours out),
//! so a 401 renews it once; whoever meets the same 401 meanwhile gets the same new token.
//!
//! ECE locks the account of an agent whose password is wrong too often. So a refusal is remembered: for a minute, then twice
//! as long each time, nobody asks again. Changed settings begin anew, as they make another `Login`; `check` has one of its own.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use trunkline_flow::ports::EceError;
use url::Url;

use crate::classify::{Refusal, blames_credentials};
use crate::config::{Auth, IntegrationConfig};
use crate::connection::{Body, Call, Connection, Credential, Reply, SESSION_HEADER};
use crate::unknowns::{ForceLogin, Meaning, Operation, Rule};

/// A token is renewed this long before it ends, so that none ends on its way.
const EARLY: Duration = Duration::from_secs(60);

/// Nobody asks again for this long after a first refusal.
const QUIET_FIRST: Duration = Duration::from_secs(60);

/// The longest of these silences.
const QUIET_MAX: Duration = Duration::from_secs(15 * 60);

/// How the login is asked for.
#[derive(Debug)]
pub(crate) struct LoginCall {
    pub(crate) auth: Auth,
    pub(crate) url: Url,
    pub(crate) language: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl LoginCall {
    /// Asks once. Any answer is `Ok`.
    pub(crate) async fn ask(
        &self,
        connection: &Connection,
        force: bool,
    ) -> Result<Reply, EceError> {
        let mut url = self.url.clone();
        if force {
            url.query_pairs_mut().append_pair("forceLogin", "yes");
        }
        let (body, credential) = match self.auth {
            Auth::Oauth2Client => (
                Body::Form("grant_type=client_credentials"),
                Credential::Basic {
                    username: self.username.clone(),
                    password: self.password.clone(),
                },
            ),
            Auth::UserLogin => {
                let user = json!({ "userName": self.username, "password": self.password });
                (Body::Json(user.to_string()), Credential::None)
            }
        };
        let call = Call {
            method: Method::POST,
            url,
            language: self.language.clone(),
            body,
        };
        // A login that was taken without our hearing of it does no harm: asking again is safe.
        connection
            .exchange(&call, &credential)
            .await
            .map_err(|error| EceError::Unreachable(error.to_string()))
    }
}

#[derive(Debug, Clone)]
struct Held {
    credential: Credential,
    until: Option<Instant>,
}

/// What is known of the login.
#[derive(Debug, Default)]
struct Kept {
    held: Option<Held>,
    refused: Option<Refused>,
}

/// The credentials were refused.
#[derive(Debug, Clone)]
struct Refused {
    error: EceError,
    until: Instant,
    quiet: Duration,
}

impl Kept {
    /// A refusal that is still believed.
    fn refused(&self, now: Instant) -> Option<EceError> {
        let refused = self.refused.as_ref().filter(|refused| now < refused.until);
        refused.map(|refused| refused.error.clone())
    }

    /// ECE's answer; what is no word on the credentials changes nothing.
    fn learn(&mut self, answer: Result<Held, EceError>, now: Instant) -> Result<Held, EceError> {
        match &answer {
            Ok(held) => {
                *self = Self {
                    held: Some(held.clone()),
                    refused: None,
                }
            }
            Err(error) => {
                if matches!(error, EceError::Credentials(_)) {
                    let before = self.refused.as_ref().map(|refused| refused.quiet);
                    let quiet = before.map_or(QUIET_FIRST, |quiet| (quiet * 2).min(QUIET_MAX));
                    self.refused = Some(Refused {
                        error: error.clone(),
                        until: now + quiet,
                        quiet,
                    });
                }
            }
        }
        answer
    }
}

/// The credential of one integration.
#[derive(Debug)]
pub(crate) struct Login {
    call: LoginCall,
    force: ForceLogin,
    rules: Vec<Rule>,
    throttle_ms: u64,
    kept: Mutex<Kept>,
}

impl Login {
    pub(crate) fn new(config: &IntegrationConfig, url: Url, rules: Vec<Rule>) -> Self {
        let call = LoginCall {
            auth: config.auth,
            url,
            language: config.unknowns.accept_language.clone(),
            username: config.username.expose().to_owned(),
            password: config.password.expose().to_owned(),
        };
        let unknowns = &config.unknowns;
        Self {
            call,
            force: unknowns.force_login,
            rules,
            throttle_ms: unknowns.throttle_ms,
            kept: Mutex::default(),
        }
    }

    /// The credential, fetched if there is none.
    pub(crate) async fn credential(&self, connection: &Connection) -> Result<Credential, EceError> {
        let mut kept = self.kept.lock().await;
        if let Some(held) = kept
            .held
            .as_ref()
            .filter(|held| held.until.is_none_or(|until| Instant::now() < until))
        {
            return Ok(held.credential.clone());
        }
        self.renew(connection, &mut kept).await
    }

    /// Another credential than `dead`, which ECE refused.
    pub(crate) async fn instead_of(
        &self,
        dead: &Credential,
        connection: &Connection,
    ) -> Result<Credential, EceError> {
        let mut kept = self.kept.lock().await;
        if let Some(held) = kept.held.as_ref().filter(|held| held.credential != *dead) {
            return Ok(held.credential.clone());
        }
        kept.held = None;
        self.renew(connection, &mut kept).await
    }

    async fn renew(
        &self,
        connection: &Connection,
        kept: &mut Kept,
    ) -> Result<Credential, EceError> {
        if let Some(error) = kept.refused(Instant::now()) {
            return Err(error);
        }
        let answer = match self.ask(connection).await {
            Ok(reply) => self.read(&reply),
            Err(error) => Err(error),
        };
        let held = kept.learn(answer, Instant::now())?;
        Ok(held.credential)
    }

    fn read(&self, reply: &Reply) -> Result<Held, EceError> {
        if !reply.status.is_success() {
            let refusal = Refusal::read(&self.rules, Operation::Login, reply);
            return Err(as_login_error(refusal, self.throttle_ms));
        }
        read(self.call.auth, reply)
    }

    /// Asks for a login and gives the answer, whatever it is. Pushing other sessions out helps only where these are in the way,
    /// so wrong credentials are not tried a second time.
    pub(crate) async fn ask(&self, connection: &Connection) -> Result<Reply, EceError> {
        let first = self
            .call
            .ask(connection, self.force == ForceLogin::Always)
            .await?;
        let refused = first.status.is_client_error() && first.status.as_u16() != 429;
        if refused && self.force == ForceLogin::WhenRefused && !blames_credentials(&first) {
            return self.call.ask(connection, true).await;
        }
        Ok(first)
    }
}

/// A login changes nothing in ECE: an unclear outcome is as good as none.
fn as_login_error(refusal: Refusal, throttle_ms: u64) -> EceError {
    match refusal.means {
        Meaning::Throttled => refusal.error(throttle_ms),
        Meaning::Unknown => EceError::Unreachable(refusal.text),
        Meaning::NoAgents
        | Meaning::OutOfCapacity
        | Meaning::WaitTooLong
        | Meaning::EntryPointDisabled
        | Meaning::Stale
        | Meaning::Gone
        | Meaning::CallbackDeactivated
        | Meaning::Credentials
        | Meaning::Refused => EceError::Credentials(refusal.text),
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

fn read(auth: Auth, reply: &Reply) -> Result<Held, EceError> {
    match auth {
        Auth::Oauth2Client => read_token(reply),
        Auth::UserLogin => session(reply)
            .map(|session| Held {
                credential: Credential::Session(session),
                until: None,
            })
            .ok_or_else(|| {
                EceError::Credentials(format!(
                    "the login was taken, but no {SESSION_HEADER} came back"
                ))
            }),
    }
}

fn read_token(reply: &Reply) -> Result<Held, EceError> {
    let answer: TokenAnswer = serde_json::from_slice(&reply.body).map_err(|_| {
        EceError::Credentials(
            "what answers at base_url gives no access_token: is it ECE's web server?".to_owned(),
        )
    })?;
    let seconds = answer.expires_in.as_ref().and_then(seconds);
    let until = seconds.and_then(|seconds| {
        let life = Duration::from_secs(seconds);
        Instant::now().checked_add(life.checked_sub(EARLY).unwrap_or(life / 2))
    });
    Ok(Held {
        credential: Credential::Bearer(answer.access_token),
        until,
    })
}

fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The session that a user login gave.
pub(crate) fn session(reply: &Reply) -> Option<String> {
    let value = reply.headers.get(SESSION_HEADER)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Held {
        Held {
            credential: Credential::Bearer("token".to_owned()),
            until: None,
        }
    }

    #[test]
    fn a_refusal_is_believed_for_a_minute_then_for_twice_as_long_each_time() {
        let wrong = EceError::Credentials("wrong".to_owned());
        let (mut kept, mut now) = (Kept::default(), Instant::now());
        for quiet_s in [60, 120, 240, 480, 900, 900] {
            assert_eq!(kept.refused(now), None);
            kept.learn(Err(wrong.clone()), now).expect_err("refused");
            let almost = now + Duration::from_secs(quiet_s - 1);
            assert_eq!(kept.refused(almost), Some(wrong.clone()), "{quiet_s} s");
            now += Duration::from_secs(quiet_s);
        }
        kept.learn(Ok(held()), now).expect("taken");
        kept.learn(Err(wrong), now).expect_err("refused");
        assert_eq!(kept.refused(now + QUIET_FIRST), None);
    }

    #[test]
    fn an_ece_that_cannot_be_reached_is_asked_again_at_once() {
        let mut kept = Kept::default();
        let down = EceError::Unreachable("down".to_owned());
        kept.learn(Err(down), Instant::now()).expect_err("down");
        assert_eq!(kept.refused(Instant::now()), None);
    }
}
