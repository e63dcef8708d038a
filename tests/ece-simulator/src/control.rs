//! `/_sim/…`: the same knobs as the library's, for another process or a browser page.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger; `conversations` without its first N |
//! | `GET /_sim/state` | | agents, entry points, webhook, outage |
//! | `POST /_sim/conversations/{id}/act` | `{"do":"say","text":"hi"}` and the other acts of [`Act`] | an agent acts; 409 with the reason when it does not fit |
//! | `POST /_sim/agents/{name}` | `{"signed_in":true,"ready":true,"capacity":5}`, each optional | signs in or out, ready or busy |
//! | `POST /_sim/entry-points/{id}` | `{"active":true,"bound":true,"agents_required":true,"wait_time_s":10,"queue_depth_max":3}`, each optional | changes it, and its `lastModified` |
//! | `POST /_sim/webhook` | `{"url":"…","reactivate":true,"doubled":false,"before_start_answer":false}`, each optional | changes the webhook |
//! | `POST /_sim/fault` | `{"on":"send","fault":{"kind":"drop_after_accept"},"times":"once"}` (`{"next":3}`, `"always"`) | adds a fault |
//! | `DELETE /_sim/fault` | | clears them |
//! | `POST /_sim/tokens/expire` | | every token dies |
//! | `POST /_sim/variants` | the fields of [`Variants`] | replaces them; fields left out get their defaults |
//! | `POST /_sim/outage` | `{"outage":"none"}` (`unavailable`, `closes`, `refuses`) | takes ECE down and back |
//!
//! An outage that *refuses* closes the port, this API's too: bring ECE back over a connection kept
//! open, over `control_listen`, or by the library. No authentication: listen on loopback only.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::connection::Outage;
use crate::faults::{Fault, Operation, Times};
use crate::ledger::Ledger;
use crate::script::Act;
use crate::shared::Shared;
use crate::variants::Variants;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/state", get(state))
        .route("/_sim/conversations/{id}/act", post(act))
        .route("/_sim/agents/{name}", post(agent))
        .route("/_sim/entry-points/{id}", post(entry_point))
        .route("/_sim/webhook", post(webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
        .route("/_sim/tokens/expire", post(expire_tokens))
        .route("/_sim/variants", post(variants))
        .route("/_sim/outage", post(outage))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: usize,
}

async fn ledger(
    State(shared): State<Arc<Shared>>,
    Query(After { after }): Query<After>,
) -> Json<Ledger> {
    let mut ledger = shared.look(|desk| desk.ledger.clone());
    ledger
        .conversations
        .drain(..after.min(ledger.conversations.len()));
    Json(ledger)
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let webhook = shared.webhook.borrow().clone();
    let outage = *shared.outage.borrow();
    Json(shared.look(|desk| {
        let agents = desk.agents.iter().map(|agent| {
            json!({
                "name": agent.name, "screen_name": agent.screen_name, "signed_in": agent.signed_in,
                "ready": agent.ready, "capacity": agent.capacity, "active": agent.active,
                "entry_points": agent.entry_points,
            })
        });
        let points = desk.entry_points.values().map(|point| {
            json!({
                "id": point.config.id, "name": point.config.name, "active": point.config.active,
                "bound": point.config.bound, "queue_depth": point.queue.len(),
                "last_modified": point.last_modified,
            })
        });
        json!({
            "agents": agents.collect::<Vec<_>>(), "entry_points": points.collect::<Vec<_>>(),
            "webhook": {"url": webhook.config.url, "deactivated": webhook.deactivated},
            "outage": outage,
        })
    }))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Json(act): Json<Act>,
) -> Response {
    match shared.with_desk(|desk| desk.act(&id, &act)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (
            StatusCode::CONFLICT,
            Json(json!({"error": error.to_string()})),
        )
            .into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentWire {
    signed_in: Option<bool>,
    ready: Option<bool>,
    capacity: Option<usize>,
}

async fn agent(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(wire): Json<AgentWire>,
) -> StatusCode {
    let changed = shared.with_desk(|desk| {
        desk.change_agent(&name, |agent| {
            agent.signed_in = wire.signed_in.unwrap_or(agent.signed_in);
            agent.ready = wire.ready.unwrap_or(agent.ready);
            agent.capacity = wire.capacity.unwrap_or(agent.capacity);
        })
    });
    found(changed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryPointWire {
    active: Option<bool>,
    bound: Option<bool>,
    agents_required: Option<bool>,
    wait_time_s: Option<f64>,
    queue_depth_max: Option<usize>,
}

async fn entry_point(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    Json(wire): Json<EntryPointWire>,
) -> StatusCode {
    let changed = shared.with_desk(|desk| {
        desk.change_entry_point(id, |point| {
            point.active = wire.active.unwrap_or(point.active);
            point.bound = wire.bound.unwrap_or(point.bound);
            point.agents_required = wire.agents_required.unwrap_or(point.agents_required);
            point.wait_time_s = wire.wait_time_s.or(point.wait_time_s);
            point.queue_depth_max = wire.queue_depth_max.or(point.queue_depth_max);
        })
    });
    found(changed)
}

fn found(changed: bool) -> StatusCode {
    if changed {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookWire {
    url: Option<String>,
    #[serde(default)]
    reactivate: bool,
    doubled: Option<bool>,
    before_start_answer: Option<bool>,
}

async fn webhook(State(shared): State<Arc<Shared>>, Json(wire): Json<WebhookWire>) -> StatusCode {
    shared.webhook.send_modify(|webhook| {
        let config = &mut webhook.config;
        config.url = wire.url.or(config.url.take());
        config.doubled = wire.doubled.unwrap_or(config.doubled);
        config.before_start_answer = wire
            .before_start_answer
            .unwrap_or(config.before_start_answer);
        webhook.deactivated &= !wire.reactivate;
    });
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWire {
    on: Operation,
    fault: Fault,
    times: Times,
}

async fn add_fault(State(shared): State<Arc<Shared>>, Json(wire): Json<FaultWire>) -> StatusCode {
    shared.faults().add(wire.on, wire.fault, wire.times);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.faults().clear();
    StatusCode::NO_CONTENT
}

async fn expire_tokens(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.sessions().expire_all();
    StatusCode::NO_CONTENT
}

async fn variants(State(shared): State<Arc<Shared>>, Json(variants): Json<Variants>) -> StatusCode {
    shared.with_desk(|desk| desk.variants = variants);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageWire {
    outage: Outage,
}

async fn outage(State(shared): State<Arc<Shared>>, Json(wire): Json<OutageWire>) -> StatusCode {
    shared.outage.send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
