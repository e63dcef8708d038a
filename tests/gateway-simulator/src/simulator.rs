//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use stand_in::{DeadlinePassed, Listening, Outage, Server, StartError, Times, Watched};

use crate::config::{GatewayConfig, Wire};
use crate::customer::{self, CustomerMessage};
use crate::state::{Answer, Fault, Ledger, Shared, State};
use crate::{control, json_gateway, vonage};

/// A running stand-in. Dropping it stops it.
pub struct GatewaySimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl GatewaySimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: GatewayConfig) -> Result<Self, StartError> {
        let listening = Listening::on(config.port).await?;
        let client = stand_in::client().map_err(StartError::Client)?;
        let state = State {
            webhook: config.webhook_url.clone(),
            ..State::default()
        };
        let routes = match &config.wire {
            Wire::Vonage(_) => vonage::routes(),
            Wire::Json(_) => json_gateway::routes(),
        };
        let shared = Arc::new(Shared {
            config,
            state: Watched::new(state),
            client,
            outage: listening.outage(),
        });
        let router = Router::new().merge(control::routes()).merge(routes);
        let server = listening.serve(router.with_state(Arc::clone(&shared)));
        Ok(Self { shared, server })
    }

    /// `http://127.0.0.1:PORT`: the channel's `api_base`, or what `send_url` begins with.
    pub fn base_url(&self) -> &str {
        self.server.base_url()
    }

    /// As configured.
    pub fn config(&self) -> &GatewayConfig {
        &self.shared.config
    }

    /// A channel of this name that uses the stand-in, as configuration.
    pub fn channel_toml(&self, channel: &str) -> String {
        self.shared.config.channel_toml(channel, self.base_url())
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Where customers' messages go from now on.
    pub fn set_webhook(&self, url: &str) {
        self.shared
            .state
            .change(|state| state.webhook = Some(url.to_owned()));
    }

    /// A customer writes. Gives the webhook's status of the last post, 0 when there was no answer.
    pub async fn customer_sends(&self, from: &str, body: &str) -> u16 {
        let answers = self.deliver(CustomerMessage::text(from, body)).await;
        answers.last().map_or(0, Answer::status)
    }

    /// A customer writes. One answer a post; none if no webhook is set.
    pub async fn deliver(&self, message: CustomerMessage) -> Vec<Answer> {
        customer::deliver(&self.shared, message).await
    }

    /// Sends go wrong, after those already planned.
    pub fn set_fault(&self, fault: Fault, times: Times) {
        self.shared.state.lock().faults.add(fault, times);
    }

    /// Sends go well again.
    pub fn clear_faults(&self) {
        self.shared.state.lock().faults.clear();
    }

    /// Cannot be reached until set back.
    pub fn set_outage(&self, outage: Outage) {
        self.server.set_outage(outage);
    }

    /// Messages to this number are taken, and fail with code 9 at Vonage.
    pub fn set_opted_out(&self, number: &str, opted_out: bool) {
        self.shared.state.change(|state| match opted_out {
            true => state.opted_out.insert(number.to_owned()),
            false => state.opted_out.remove(number),
        });
    }

    /// Messages to this number are refused with this status of Vonage's (422 by the other gateway), or no longer.
    pub fn refuse_number(&self, number: &str, status: Option<u32>) {
        self.shared.state.change(|state| match status {
            Some(status) => state.refused_numbers.insert(number.to_owned(), status),
            None => state.refused_numbers.remove(number),
        });
    }

    /// Messages to this number are taken and fail with this code, or no longer.
    pub fn set_undeliverable(&self, number: &str, code: Option<u32>) {
        self.shared.state.change(|state| match code {
            Some(code) => state.undeliverable.insert(number.to_owned(), code),
            None => state.undeliverable.remove(number),
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
