//! Recorded calls of plugins, and the switch that records all of a channel or bot.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use trunkline_core::id::{BotName, ChannelName};
use trunkline_engine::{RECORDING_MS_MAX, User};
use trunkline_flow::ports::{CallArchive, CallId, PluginArchive, PluginVersion};

use super::asked::{Asked, Number};
use super::{problem, store_problem};
use crate::config::Config;
use crate::host::Host;
use crate::report::CallReport;

/// Most calls of one answer.
const CALLS_MAX: usize = 500;

/// The longest recording.
const MINUTES_MAX: u64 = RECORDING_MS_MAX / 60_000;

#[derive(Debug, Deserialize)]
pub(super) struct CallsQuery {
    /// A channel or bot.
    of: Option<String>,
    before: Option<i64>,
    limit: Option<usize>,
}

pub(super) async fn calls(
    State(host): State<Arc<Host>>,
    Asked(query): Asked<CallsQuery>,
) -> Response {
    let scope = match query.of.as_deref().map(|name| user(&host.config(), name)) {
        None => None,
        Some(Ok(user)) => Some(user.scope()),
        Some(Err(why)) => return problem(StatusCode::NOT_FOUND, why),
    };
    let limit = query.limit.unwrap_or(50).min(CALLS_MAX);
    let before = query.before.map(CallId);
    match host.store().calls(scope, before, limit).await {
        Ok(calls) => {
            let report = |(id, head)| CallReport { id, head };
            Json(calls.into_iter().map(report).collect::<Vec<_>>()).into_response()
        }
        Err(error) => store_problem(&error),
    }
}

pub(super) async fn call(State(host): State<Arc<Host>>, Number(id): Number) -> Response {
    match host.store().call(CallId(id)).await {
        Ok(Some(call)) => Json(call).into_response(),
        Ok(None) => problem(
            StatusCode::NOT_FOUND,
            format!(
                "there is no recorded call {id}: they are kept for 7 days, the newest 200 of each channel and bot"
            ),
        ),
        Err(error) => store_problem(&error),
    }
}

/// The plugin's file that a call was made with.
pub(super) async fn file(State(host): State<Arc<Host>>, Path(hash): Path<String>) -> Response {
    let version = PluginVersion(hash);
    let found = {
        let version = version.clone();
        tokio::task::spawn_blocking(move || host.store().fetch(&version)).await
    };
    match found {
        Ok(Ok(Some(file))) => {
            ([(header::CONTENT_TYPE, "application/wasm")], file.bytes).into_response()
        }
        Ok(Ok(None)) => problem(
            StatusCode::NOT_FOUND,
            format!("no plugin file {} is kept", version.0),
        ),
        Ok(Err(error)) => store_problem(&error),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordQuery {
    minutes: u64,
}

/// Records every call for so many minutes from now; 0 ends it.
pub(super) async fn record(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    Asked(query): Asked<RecordQuery>,
) -> Response {
    let user = match user(&host.config(), &name) {
        Ok(user) => user,
        Err(why) => return problem(StatusCode::NOT_FOUND, why),
    };
    if query.minutes > MINUTES_MAX {
        let text = format!("a recording lasts at most {MINUTES_MAX} minutes");
        return problem(StatusCode::UNPROCESSABLE_ENTITY, text);
    }
    tracing::info!(of = %user.table(), minutes = query.minutes, "plugin calls are recorded from now on, or no more if 0");
    host.engine().record(user, query.minutes * 60_000);
    Json(host.recording()).into_response()
}

/// `acme-sms`; `channels.faq` and `bots.faq` where a channel and a bot have one name.
fn user(config: &Config, text: &str) -> Result<User, String> {
    let (channel, bot) = match text.split_once('.') {
        Some(("channels", name)) => (Some(name), None),
        Some(("bots", name)) => (None, Some(name)),
        _ => (Some(text), Some(text)),
    };
    let channel = channel.map(ChannelName::from);
    let bot = bot.map(BotName::from);
    if let Some(name) = channel.filter(|name| config.channels.contains_key(name)) {
        return Ok(User::Channel(name));
    }
    if let Some(name) = bot.filter(|name| config.bots.contains_key(name)) {
        return Ok(User::Bot(name));
    }
    Err(format!("no channel or bot `{text}` is configured"))
}
