//! By HTTP, for another process: beside what all stand-ins have (`stand_in::control`: ledger, webhook, fault, outage),
//! `POST /_sim/customer` (`from`, `body`).

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use stand_in::control::{self, Controlled, Url};
use stand_in::{FaultPlan, Outage};
use tokio::sync::watch;

use crate::customer::{self, CustomerMessage};
use crate::state::{Answer, Fault, Ledger, Shared};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes().route("/_sim/customer", post(customer))
}

impl Controlled for Shared {
    type Ledger = Ledger;
    type Fault = Fault;
    type Webhook = Url;

    fn ledger(&self, _: usize) -> Ledger {
        self.state.lock().ledger.clone()
    }

    fn set_webhook(&self, webhook: Url) {
        self.state.change(|state| state.webhook = Some(webhook.url));
    }

    fn change_faults(&self, change: impl FnOnce(&mut FaultPlan<Fault>)) {
        change(&mut self.state.lock().faults);
    }

    fn outage(&self) -> &watch::Sender<Outage> {
        &self.outage
    }
}

async fn customer(
    State(shared): State<Arc<Shared>>,
    Json(message): Json<CustomerMessage>,
) -> Json<Vec<Answer>> {
    Json(customer::deliver(&shared, message).await)
}
