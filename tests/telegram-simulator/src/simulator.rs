//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use stand_in::{DeadlinePassed, Listening, Outage, Server, StartError, Times, Watched};

use crate::customer::{self, CustomerMessage};
use crate::state::{Answer, Fault, Ledger, Shared, State, TelegramConfig};
use crate::{api, control};

/// A running stand-in. Dropping it stops it.
pub struct TelegramSimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl TelegramSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: TelegramConfig) -> Result<Self, StartError> {
        let listening = Listening::on(config.port).await?;
        let client = stand_in::client().map_err(StartError::Client)?;
        let state = State {
            webhook: config.webhook_url.clone(),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            config,
            state: Watched::new(state),
            client,
            outage: listening.outage(),
        });
        let router = Router::new().merge(control::routes()).merge(api::routes());
        let server = listening.serve(router.with_state(Arc::clone(&shared)));
        Ok(Self { shared, server })
    }

    /// `http://127.0.0.1:PORT`: the channel's `api_base`.
    pub fn base_url(&self) -> &str {
        self.server.base_url()
    }

    /// As configured.
    pub fn config(&self) -> &TelegramConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Where updates go from now on.
    pub fn set_webhook(&self, url: &str) {
        self.shared
            .state
            .change(|state| state.webhook = Some(url.to_owned()));
    }

    /// A customer does something. One answer a post of the update; none if no webhook is set.
    pub async fn deliver(&self, message: CustomerMessage) -> Vec<Answer> {
        customer::deliver(&self.shared, message).await
    }

    /// Calls of the bot go wrong, after those already planned.
    pub fn set_fault(&self, fault: Fault, times: Times) {
        self.shared.state.lock().faults.add(fault, times);
    }

    /// Calls go well again.
    pub fn clear_faults(&self) {
        self.shared.state.lock().faults.clear();
    }

    /// Cannot be reached until set back.
    pub fn set_outage(&self, outage: Outage) {
        self.server.set_outage(outage);
    }

    /// The customer blocks the bot, or takes that back.
    pub fn set_blocked(&self, chat: i64, blocked: bool) {
        self.shared.state.change(|state| match blocked {
            true => state.blocked.insert(chat),
            false => state.blocked.remove(&chat),
        });
    }

    /// What happened so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state.lock().ledger.clone()
    }

    /// Looks at the ledger without a copy.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.shared.state.lock().ledger)
    }

    /// Waits until the ledger satisfies `predicate`.
    ///
    /// # Errors
    /// It did not within `deadline`; the error says how far it got.
    pub async fn wait_for(
        &self,
        mut predicate: impl FnMut(&Ledger) -> bool,
        deadline: Duration,
    ) -> Result<(), DeadlinePassed> {
        let tell = |state: &State| {
            let ledger = &state.ledger;
            let (sent, received) = (ledger.messages.len(), ledger.received.len());
            format!(
                "{sent} sent, {received} received, {} refused",
                ledger.refused.len()
            )
        };
        self.shared
            .state
            .wait_for(|state| predicate(&state.ledger), deadline, tell)
            .await
    }
}
