//! `/_sim/…`: the same knobs as the library's, for another process or the agents' page.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger; `conversations` without its first N |
//! | `GET /_sim/state` | | everything but the conversations: agents, entry points, webhook, variants, faults, outage |
//! | `GET /_sim/events` | | server-sent events: both of these as they change ([`stream`]) |
//! | `POST /_sim/conversations/{id}/act` | `{"do":"say","text":"hi"}` and the other acts of [`Act`] | an agent acts; 409 with the reason when it does not fit |
//! | `POST /_sim/conversations/{id}/files` | the bytes; headers `content-type` and `x-file-name` (percent-encoded) | the agent sends a file of up to 32 MiB |
//! | `GET /_sim/conversations/{id}/files/{arrival}` | | the customer's file after it was accepted; `arrival` is in the ledger |
//! | `POST /_sim/conversations/{id}/files/{arrival}` | `{"accept":true}` | takes or refuses exactly that file |
//! | `GET /_sim/files/{id}` | | a file that an agent sent |
//! | `PUT /_sim/agents/{name}` | `{"screen_name":"Ann Lee","entry_points":[1001],"capacity":5}`, each optional | signs in; 201 when there was no such agent before |
//! | `POST /_sim/agents/{name}` | `{"signed_in":true,"ready":true,"capacity":5,"pick_up":"manual","entry_points":[1001]}`, each optional | signs in or out, ready or busy |
//! | `POST /_sim/entry-points/{id}` | `{"active":true,"bound":true,"agents_required":true,"wait_time_s":10,"queue_depth_max":3}`, each optional | changes it, and its `lastModified` |
//! | `POST /_sim/webhook` | `{"reactivate":true}` or fields of [`CallbackConfig`](crate::CallbackConfig) but `lanes` | changes the webhook |
//! | `POST /_sim/fault` | `{"on":"send","fault":{"kind":"drop_after_accept"},"times":"once"}` (`{"next":3}`, `"always"`) | adds a fault |
//! | `DELETE /_sim/fault` | | clears them |
//! | `POST /_sim/tokens/expire` | | every token dies |
//! | `GET /_sim/variants` | | `{"now":…,"default":…,"webhook_default":…}` |
//! | `POST /_sim/variants` | the fields of [`Variants`](crate::Variants) | replaces them; fields left out get their defaults |
//! | `PATCH /_sim/variants` | some of them | changes these |
//! | `POST /_sim/outage` | `{"outage":"none"}` (`unavailable`, `closes`, `refuses`) | takes ECE down and back |
//!
//! An outage that *refuses* closes the port, this API's too: bring ECE back over a connection kept
//! open, over `control_listen`, or by the library. No authentication: listen on loopback only.

mod files;

mod set_up;

mod state;

mod stream;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::{AgentConfig, PickUp};
use crate::desk::acts::ActError;
use crate::faults::{Fault, FaultPlan, Operation, Times};
use crate::ledger::Ledger;
use crate::script::Act;
use crate::shared::Shared;
use stand_in::Outage;

/// Agents signed in by name; more are a mistake.
const AGENTS_MAX: usize = 1000;

const NAME_CHARACTERS_MAX: usize = 64;

/// Bodies above this are answered 413; files have a limit of their own.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/state", get(state))
        .route("/_sim/events", get(stream::events))
        .route("/_sim/conversations/{id}/act", post(act))
        .route("/_sim/agents/{name}", post(agent).put(sign_in))
        .route("/_sim/entry-points/{id}", post(set_up::entry_point))
        .route("/_sim/webhook", post(set_up::webhook))
        .route("/_sim/fault", post(add_fault).delete(clear_faults))
        .route("/_sim/tokens/expire", post(expire_tokens))
        .route(
            "/_sim/variants",
            get(set_up::variants)
                .post(set_up::replace_variants)
                .patch(set_up::change_variants),
        )
        .route("/_sim/outage", post(outage))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(files::routes())
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
    Json(state::state(&shared))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Json(act): Json<Act>,
) -> Response {
    done(shared.with_desk(|desk| desk.act(&id, &act)))
}

fn done(result: Result<(), ActError>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => wrong(StatusCode::CONFLICT, &error.to_string()),
    }
}

fn wrong(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentWire {
    signed_in: Option<bool>,
    ready: Option<bool>,
    capacity: Option<usize>,
    screen_name: Option<String>,
    pick_up: Option<PickUp>,
    entry_points: Option<Vec<u64>>,
}

impl AgentWire {
    /// The first entry point there is not.
    fn unknown_entry_point(&self, shared: &Shared) -> Option<u64> {
        let named = self.entry_points.iter().flatten();
        let known = |id: &&u64| shared.look(|desk| desk.entry_points.contains_key(id));
        named.copied().find(|id| !known(&id))
    }

    fn change(self, shared: &Arc<Shared>, name: &str) -> bool {
        shared.with_desk(|desk| {
            desk.change_agent(name, |agent| {
                agent.signed_in = self.signed_in.unwrap_or(agent.signed_in);
                agent.ready = self.ready.unwrap_or(agent.ready);
                agent.capacity = self.capacity.unwrap_or(agent.capacity);
                agent.pick_up = self.pick_up.unwrap_or(agent.pick_up);
                if let Some(screen_name) = self.screen_name {
                    agent.screen_name = screen_name;
                }
                if let Some(entry_points) = self.entry_points {
                    agent.entry_points = entry_points;
                }
            })
        })
    }
}

async fn agent(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(wire): Json<AgentWire>,
) -> Response {
    if let Some(id) = wire.unknown_entry_point(&shared) {
        return no_entry_point(id);
    }
    found(wire.change(&shared, &name)).into_response()
}

fn no_entry_point(id: u64) -> Response {
    wrong(
        StatusCode::UNPROCESSABLE_ENTITY,
        &ActError::UnknownEntryPoint(id).to_string(),
    )
}

/// An agent known already is signed in and ready; a new one serves all entry points unless told
/// otherwise and is driven by hand.
async fn sign_in(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(mut wire): Json<AgentWire>,
) -> Response {
    if let Some(id) = wire.unknown_entry_point(&shared) {
        return no_entry_point(id);
    }
    if name.trim().is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        let why = format!("an agent's name has 1 to {NAME_CHARACTERS_MAX} characters");
        return wrong(StatusCode::UNPROCESSABLE_ENTITY, &why);
    }
    let created = shared.with_desk(|desk| {
        let known = desk.agent_named(&name).is_some();
        if !known && desk.agents.len() < AGENTS_MAX {
            let all: Vec<u64> = desk.entry_points.keys().copied().collect();
            desk.add_agent(&AgentConfig {
                pick_up: PickUp::Manual,
                ..AgentConfig::new(&name, &all)
            });
        }
        !known
    });
    wire.signed_in = wire.signed_in.or(Some(true));
    wire.ready = wire.ready.or(Some(true));
    match (wire.change(&shared, &name), created) {
        (true, true) => StatusCode::CREATED.into_response(),
        (true, false) => StatusCode::NO_CONTENT.into_response(),
        (false, _) => wrong(
            StatusCode::CONFLICT,
            &format!("there are {AGENTS_MAX} agents already"),
        ),
    }
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
struct FaultWire {
    on: Operation,
    fault: Fault,
    times: Times,
}

async fn add_fault(State(shared): State<Arc<Shared>>, Json(wire): Json<FaultWire>) -> StatusCode {
    shared.change_faults(|faults| faults.add(wire.on, wire.fault, wire.times));
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.change_faults(FaultPlan::clear);
    StatusCode::NO_CONTENT
}

async fn expire_tokens(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.sessions().expire_all();
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
