//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use stand_in::{DeadlinePassed, Listening, Outage, Server, StartError, Times};

use crate::config::AppleConfig;
use crate::customer::{self, CustomerFile, CustomerMessage, Receipt, Said};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::Shared;
use crate::{control, gateway, store};

/// A running stand-in. Dropping it stops it.
pub struct AppleSimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl AppleSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: AppleConfig) -> Result<Self, StartError> {
        let listening = Listening::on(config.port).await?;
        let client = stand_in::client().map_err(StartError::Client)?;
        let base_url = listening.base_url().to_owned();
        let shared = Arc::new(Shared::new(config, base_url, client, listening.outage()));
        Ok(Self {
            server: listening.serve(router(&shared)),
            shared,
        })
    }

    /// `http://127.0.0.1:PORT`: the connector's `api_base`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// As configured.
    pub fn config(&self) -> &AppleConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// The base URL as registered with Apple, which appends `/message`.
    pub fn set_webhook(&self, url: &str) {
        self.shared.state().webhook = Some(url.to_owned());
    }

    /// A customer writes, or sends files. Gives the webhook's status of the last post, 0 when there was no answer.
    pub async fn customer_sends(&self, from: &str, body: &str, files: Vec<CustomerFile>) -> u16 {
        let said = match files.is_empty() {
            true => Said::Text(body.to_owned()),
            false => Said::Files(body.to_owned(), files),
        };
        self.deliver(CustomerMessage::new(from, said))
            .await
            .status()
    }

    /// A customer picks the choice of this id in the latest choices sent to them.
    pub async fn customer_picks(&self, from: &str, choice: &str) -> u16 {
        let said = Said::Picks(choice.to_owned());
        self.deliver(CustomerMessage::new(from, said))
            .await
            .status()
    }

    /// A customer deletes the thread: until they write again, nothing may be sent to them.
    pub async fn customer_closes(&self, from: &str) -> u16 {
        self.deliver(CustomerMessage::new(from, Said::Closes))
            .await
            .status()
    }

    /// The customers' side, for tasks that outlive a borrow of the stand-in.
    pub fn customers(&self) -> Customers {
        Customers(Arc::clone(&self.shared))
    }

    /// A customer does something, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.shared, message).await
    }

    /// A customer who wrote before blocks the business, or no more. Apple tells nobody.
    pub fn set_blocked(&self, customer: &str, blocked: bool) {
        if let Some(person) = self.shared.state().customers.get_mut(customer) {
            person.blocked = blocked;
        }
    }

    /// Every call is answered 403, or no more.
    pub fn revoke_token(&self, revoked: bool) {
        self.shared.state().token_revoked = revoked;
    }

    /// Every address given by `/preDownload` so far has expired.
    pub fn expire_file_urls(&self) {
        self.shared.state().downloads.clear();
    }

    /// Makes the next calls go wrong, after those already planned.
    pub fn set_fault(&self, fault: Fault, times: Times) {
        self.shared.state().faults.add(fault, times);
    }

    /// Calls go well again.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Cannot be reached until set back to [`Outage::None`].
    pub fn set_outage(&self, outage: Outage) {
        self.server.set_outage(outage);
    }

    /// Everything so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state().ledger.clone()
    }

    /// Looks at the ledger without copying it. Do not keep it long: calls wait meanwhile.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.shared.state().ledger)
    }

    /// Waits until the ledger satisfies `predicate`, asked anew after each change.
    ///
    /// # Errors
    /// It did not within `deadline`.
    pub async fn wait_for(
        &self,
        mut predicate: impl FnMut(&Ledger) -> bool,
        deadline: Duration,
    ) -> Result<(), DeadlinePassed> {
        let satisfied = |state: &crate::state::State| predicate(&state.ledger);
        let watched = &self.shared.watched;
        watched
            .wait_for(satisfied, deadline, |state| {
                let ledger = &state.ledger;
                format!(
                    "{} sent, {} received, {} refused",
                    ledger.messages.len(),
                    ledger.received.len(),
                    ledger.refused.len()
                )
            })
            .await
    }
}

/// The customers' side of a stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Customers(Arc<Shared>);

impl Customers {
    /// A customer does something, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.0, message).await
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/message", post(gateway::message))
        .route("/v1/preUpload", get(store::pre_upload))
        .route("/v1/preDownload", get(store::pre_download))
        .route("/v1/decodePayload", post(store::decode_payload))
        .route("/store/put/{token}", post(store::upload))
        .route("/store/get/{token}", get(store::download))
        .merge(control::routes())
        // The limits are the calls' own.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(shared))
}
