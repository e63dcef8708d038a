//! `/_sim/…`: the knobs that all stand-ins have, for another process. What customers can do is each one's own.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /_sim/ledger?after=N` | | the ledger; lists that grow without their first N, where the stand-in says so |
//! | `POST /_sim/webhook` | `{"url"}` | where webhooks go |
//! | `POST /_sim/fault` | `{"fault":{"kind":…},"times":"once"}` (`{"next":3}`, `"always"`) | adds a fault |
//! | `DELETE /_sim/fault` | | clears them |
//! | `POST /_sim/outage` | `{"outage":"none"}` (`unavailable`, `closes`, `refuses`) | takes the stand-in down and back; `refuses` closes this API's port, too |
//!
//! No authentication: stand-ins listen on the loopback address only.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{FaultPlan, Outage, Times};

/// What a stand-in's handlers share, as far as it is controlled from outside.
pub trait Controlled: Send + Sync + 'static {
    /// What happened so far.
    type Ledger: Serialize + Send;
    /// How calls go wrong.
    type Fault: DeserializeOwned + Clone + Send;
    /// Where webhooks go: [`Url`], if there is no more to say.
    type Webhook: DeserializeOwned + Send;

    /// Everything so far; lists that grow without their first `after`, where that is promised.
    fn ledger(&self, after: usize) -> Self::Ledger;

    /// Webhooks go there from now on.
    fn set_webhook(&self, webhook: Self::Webhook);

    /// Changes what goes wrong.
    fn change_faults(&self, change: impl FnOnce(&mut FaultPlan<Self::Fault>));

    /// By which it is taken down and back.
    fn outage(&self) -> &watch::Sender<Outage>;
}

/// An address and nothing else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Url {
    /// Whole.
    pub url: String,
}

/// The routes; the stand-in adds its own.
pub fn routes<C: Controlled>() -> Router<Arc<C>> {
    Router::new()
        .route("/_sim/ledger", get(ledger::<C>))
        .route("/_sim/webhook", post(webhook::<C>))
        .route(
            "/_sim/fault",
            post(add_fault::<C>).delete(clear_faults::<C>),
        )
        .route("/_sim/outage", post(outage::<C>))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: usize,
}

async fn ledger<C: Controlled>(
    State(shared): State<Arc<C>>,
    Query(After { after }): Query<After>,
) -> Json<C::Ledger> {
    Json(shared.ledger(after))
}

async fn webhook<C: Controlled>(
    State(shared): State<Arc<C>>,
    Json(webhook): Json<C::Webhook>,
) -> StatusCode {
    shared.set_webhook(webhook);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWire<F> {
    fault: F,
    times: Times,
}

async fn add_fault<C: Controlled>(
    State(shared): State<Arc<C>>,
    Json(wire): Json<FaultWire<C::Fault>>,
) -> StatusCode {
    shared.change_faults(|faults| faults.add(wire.fault, wire.times));
    StatusCode::NO_CONTENT
}

async fn clear_faults<C: Controlled>(State(shared): State<Arc<C>>) -> StatusCode {
    shared.change_faults(FaultPlan::clear);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageWire {
    outage: Outage,
}

async fn outage<C: Controlled>(
    State(shared): State<Arc<C>>,
    Json(wire): Json<OutageWire>,
) -> StatusCode {
    shared.outage().send_replace(wire.outage);
    StatusCode::NO_CONTENT
}
