//! Whether an integration works, and if not, what to do.
//!
//! In: the settings. Out: one [`CheckLine`] a question, each with a typed [`Finding`] whose text says
//! what to do. A check asks with connections and a login of its own, starts no conversation, and
//! changes nothing in ECE but that it takes a session (and gives back an agent's).
//!
//! First everything is simply tried; only what failed is taken apart.

use std::collections::BTreeMap;

use trunkline_core::id::{EntryPointName, IntegrationName};
use trunkline_flow::ports::EceError;

use crate::config::{Auth, CallbackAuth, IntegrationConfig, Version};
use crate::configuration::EntryPoint;
use crate::connection::{Body, Call, Credential, Reply, SESSION_HEADER};
use crate::integration::Integration;
use crate::login::{LoginCall, session};
use crate::unknowns::Unknowns;

/// What a check can find, and what it tells the operator.
mod finding;

/// Why no connection came about.
mod reach;

/// The address that ECE calls.
mod callback_address;

pub use finding::{CheckLine, Finding, Verdict};

/// Whether something answers at an address that is not ECE's, and if not, why: a provider's is taken apart
/// in the same way. The texts of what is found speak of an ECE; whoever asks has words of its own.
///
/// # Errors
/// What stands between.
pub async fn reach_address(
    address: &str,
    proxy: Option<&str>,
    no_proxy: &[String],
) -> Result<(), Finding> {
    let config = IntegrationConfig {
        name: IntegrationName::from("address"),
        version: Version::default(),
        base_url: address.to_owned(),
        auth: Auth::default(),
        username: "".into(),
        password: "".into(),
        ca_file: None,
        proxy: proxy.map(str::to_owned),
        no_proxy: no_proxy.to_vec(),
        callback_url: address.to_owned(),
        callback: CallbackAuth::None,
        wait_acceptable_s: 0,
        give_up_after_h: None,
        entry_points: BTreeMap::new(),
        unknowns: Unknowns::default(),
    };
    let integration = Integration::new(config).map_err(|error| Finding::Settings {
        complaints: error.complaints,
    })?;
    reach::reach(&integration).await
}

/// Tries everything.
pub(crate) async fn run(config: &IntegrationConfig) -> Vec<CheckLine> {
    let mut lines = callback_address::lines(config).await;
    if config.version.has_messaging() != Some(true) {
        lines.push(CheckLine::new(
            "version",
            Finding::MessagingDoubtful {
                version: config.version,
            },
        ));
    }
    let integration = match Integration::new(config.clone()) {
        Ok(integration) => integration,
        Err(error) => {
            lines.push(CheckLine::new(
                "settings",
                Finding::Settings {
                    complaints: error.complaints,
                },
            ));
            return lines;
        }
    };
    if let Err(finding) = reach::reach(&integration).await {
        lines.push(CheckLine::new("connection", finding));
        return lines;
    }
    let host = integration
        .compiled
        .base
        .host_str()
        .unwrap_or_default()
        .to_owned();
    lines.push(CheckLine::new("connection", Finding::Reached { host }));
    let login = login(&integration).await;
    let logged_in = login == Finding::LoggedIn;
    lines.push(CheckLine::new("login", login));
    if logged_in {
        lines.extend(entry_points(&integration).await);
    }
    lines
}

async fn login(integration: &Integration) -> Finding {
    let reply = match integration.login.ask(&integration.connection).await {
        Ok(reply) => reply,
        Err(error) => {
            return Finding::LoginFailed {
                text: error.to_string(),
            };
        }
    };
    let status = reply.status.as_u16();
    if reply.status.is_success() {
        return match integration.login.credential(&integration.connection).await {
            Ok(_) => Finding::LoggedIn,
            Err(error) => Finding::NotEce {
                text: error.to_string(),
            },
        };
    }
    let text = integration
        .refusal(crate::unknowns::Operation::Login, &reply)
        .text;
    match status {
        400 | 401 | 403 => refused_login(integration, &reply, text).await,
        300..=399 | 404 | 405 => Finding::NotEce { text },
        _ => Finding::LoginFailed { text },
    }
}

/// The credentials may be good ones of the other kind: the product that this replaces asked for an
/// agent's.
async fn refused_login(integration: &Integration, reply: &Reply, text: String) -> Finding {
    let works = other_login_works(integration).await;
    match integration.config.auth {
        Auth::Oauth2Client if works || hints_at_agents(reply) => Finding::AgentCredentials { text },
        Auth::UserLogin if works => Finding::ClientCredentials { text },
        Auth::Oauth2Client | Auth::UserLogin => Finding::CredentialsRefused {
            auth: integration.config.auth,
            text,
        },
    }
}

async fn other_login_works(integration: &Integration) -> bool {
    let config = &integration.config;
    let (auth, path) = match config.auth {
        Auth::Oauth2Client => (Auth::UserLogin, &config.unknowns.paths.login),
        Auth::UserLogin => (Auth::Oauth2Client, &config.unknowns.paths.token),
    };
    let call = LoginCall {
        auth,
        url: integration.url(path, &[]),
        language: integration.language(),
        username: config.username.expose().to_owned(),
        password: config.password.expose().to_owned(),
    };
    let Ok(reply) = call.ask(&integration.connection, false).await else {
        return false;
    };
    if !reply.status.is_success() {
        return false;
    }
    match (auth, session(&reply)) {
        (Auth::UserLogin, Some(session)) => {
            log_out(integration, session).await;
            true
        }
        (Auth::UserLogin, None) => false,
        (Auth::Oauth2Client, _) => String::from_utf8_lossy(&reply.body).contains("access_token"),
    }
}

/// An agent has few sessions: the one of this question is given back.
async fn log_out(integration: &Integration, session: String) {
    let call = Call {
        method: reqwest::Method::DELETE,
        url: integration.url(&integration.config.unknowns.paths.logout, &[]),
        language: integration.language(),
        body: Body::None,
    };
    if let Err(error) = integration
        .connection
        .exchange(&call, &Credential::Session(session))
        .await
    {
        tracing::debug!(%error, "the session of a check was not given back; it ends by itself");
    }
}

fn hints_at_agents(reply: &Reply) -> bool {
    let scheme = reply
        .headers
        .get(reqwest::header::WWW_AUTHENTICATE)
        .and_then(|value| value.to_str().ok());
    reply.headers.contains_key(SESSION_HEADER)
        || scheme.is_some_and(|scheme| {
            let scheme = scheme.to_lowercase();
            scheme.contains("finesse") || scheme.contains("egain-session")
        })
}

async fn entry_points(integration: &Integration) -> Vec<CheckLine> {
    let mut lines = Vec::new();
    for (name, id) in &integration.config.entry_points {
        let finding = entry_point(integration, name, id).await;
        let served = matches!(finding, Finding::EntryPointServed { .. });
        lines.push(CheckLine::new(format!("entry point {name}"), finding));
        if served {
            lines.extend(status(integration, name, id).await);
        }
    }
    lines
}

async fn entry_point(integration: &Integration, name: &EntryPointName, id: &str) -> Finding {
    let (name, id) = (name.clone(), id.to_owned());
    match integration.fresh_configuration(&id).await {
        Ok(EntryPoint::Served(_)) => Finding::EntryPointServed { name, id },
        Ok(EntryPoint::Disabled { status: 403, text }) => {
            Finding::EntryPointNotBound { name, id, text }
        }
        Ok(EntryPoint::Disabled { status: 404, text }) => {
            Finding::UnknownEntryPoint { name, id, text }
        }
        Ok(EntryPoint::Disabled { text, .. }) => Finding::EntryPointInactive { name, id, text },
        Err(error) => Finding::EntryPointFailed {
            name,
            id,
            text: error.to_string(),
        },
    }
}

/// A line only when something is missing.
async fn status(integration: &Integration, name: &EntryPointName, id: &str) -> Option<CheckLine> {
    let missing = match integration.figures(id).await {
        Ok(figures) => figures.missing(),
        Err(EceError::Unreachable(text)) => vec![text],
        Err(error) => vec![error.to_string()],
    };
    let line = || {
        CheckLine::new(
            format!("status of {name}"),
            Finding::StatusIncomplete {
                missing: missing.clone(),
            },
        )
    };
    (!missing.is_empty()).then(line)
}
