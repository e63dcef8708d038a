//! Entry points, the webhook and the variants.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{found, wrong};
use crate::config::{CallbackAuth, CallbackConfig, CallbackFormat};
use crate::shared::Shared;
use crate::variants::Variants;

/// A member left out keeps its value; `null` takes the limit away.
fn given<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryPointWire {
    active: Option<bool>,
    bound: Option<bool>,
    agents_required: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    wait_time_s: Option<Option<f64>>,
    #[serde(default, deserialize_with = "given")]
    queue_depth_max: Option<Option<usize>>,
}

pub(super) async fn entry_point(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    Json(wire): Json<EntryPointWire>,
) -> StatusCode {
    let changed = shared.with_desk(|desk| {
        desk.change_entry_point(id, |point| {
            point.active = wire.active.unwrap_or(point.active);
            point.bound = wire.bound.unwrap_or(point.bound);
            point.agents_required = wire.agents_required.unwrap_or(point.agents_required);
            point.wait_time_s = wire.wait_time_s.unwrap_or(point.wait_time_s);
            point.queue_depth_max = wire.queue_depth_max.unwrap_or(point.queue_depth_max);
        })
    });
    found(changed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookWire {
    url: Option<String>,
    #[serde(default)]
    reactivate: bool,
    auth: Option<CallbackAuth>,
    format: Option<CallbackFormat>,
    batch_max: Option<usize>,
    timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    failures_max: Option<Option<u32>>,
    backoff_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    doubled: Option<bool>,
    before_start_answer: Option<bool>,
    after_start_answer_ms: Option<u64>,
}

pub(super) async fn webhook(
    State(shared): State<Arc<Shared>>,
    Json(wire): Json<WebhookWire>,
) -> StatusCode {
    shared.webhook.send_modify(|webhook| {
        let config = &mut webhook.config;
        config.url = wire.url.or(config.url.take());
        if let Some(auth) = wire.auth {
            config.auth = auth;
        }
        config.format = wire.format.unwrap_or(config.format);
        config.batch_max = wire.batch_max.unwrap_or(config.batch_max);
        config.timeout_ms = wire.timeout_ms.unwrap_or(config.timeout_ms);
        config.failures_max = wire.failures_max.unwrap_or(config.failures_max);
        config.backoff_ms = wire.backoff_ms.unwrap_or(config.backoff_ms);
        config.backoff_max_ms = wire.backoff_max_ms.unwrap_or(config.backoff_max_ms);
        config.doubled = wire.doubled.unwrap_or(config.doubled);
        config.before_start_answer = wire
            .before_start_answer
            .unwrap_or(config.before_start_answer);
        config.after_start_answer_ms = wire
            .after_start_answer_ms
            .unwrap_or(config.after_start_answer_ms);
        webhook.deactivated &= !wire.reactivate;
    });
    StatusCode::NO_CONTENT
}

pub(super) async fn variants(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let now = shared.look(|desk| desk.variants.clone());
    Json(json!({
        "now": now,
        "default": Variants::default(),
        "webhook_default": CallbackConfig::default(),
    }))
}

pub(super) async fn replace_variants(
    State(shared): State<Arc<Shared>>,
    Json(variants): Json<Variants>,
) -> StatusCode {
    shared.with_desk(|desk| desk.variants = variants);
    StatusCode::NO_CONTENT
}

/// Two pages that change different switches at once do not undo each other.
pub(super) async fn change_variants(
    State(shared): State<Arc<Shared>>,
    Json(changes): Json<Value>,
) -> Response {
    let changed = shared.with_desk(|desk| {
        let mut variants = json!(desk.variants);
        merge(&mut variants, changes);
        desk.variants = serde_json::from_value(variants)?;
        Ok(())
    });
    match changed {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let error: serde_json::Error = error;
            wrong(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())
        }
    }
}

/// Objects member by member; everything else is replaced.
fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(members.entry(name).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change,
    }
}
