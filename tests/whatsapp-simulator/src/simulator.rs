//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde_json::{Value, json};
use stand_in::connection::Outage;
use stand_in::{DeadlinePassed, Listening, Server, StartError, Times};

use crate::config::{Statuses, WhatsAppConfig};
use crate::customer::{self, CustomerFile, CustomerMessage, Receipt, Said};
use crate::faults::Fault;
use crate::ledger::{Ledger, WebhookAnswer};
use crate::state::{Shared, bsuid_of};
use crate::webhook::{SignedBody, envelope, value};
use crate::{api, control, media};

/// A running stand-in. Dropping it stops it.
pub struct WhatsAppSimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl WhatsAppSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: WhatsAppConfig) -> Result<Self, StartError> {
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
    pub fn config(&self) -> &WhatsAppConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Where webhooks go from now on.
    pub fn set_webhook(&self, url: &str) {
        self.shared.state().webhook = Some(url.to_owned());
    }

    /// The handshake by which Meta verifies a webhook: true if it is answered 200 with the challenge and nothing else.
    pub async fn verify_webhook(&self, verify_token: &str) -> bool {
        let Some(url) = self.shared.state().webhook.clone() else {
            return false;
        };
        let challenge = "1158201444";
        let request = self.shared.client.get(url).query(&[
            ("hub.mode", "subscribe"),
            ("hub.verify_token", verify_token),
            ("hub.challenge", challenge),
        ]);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => {
                answer.text().await.is_ok_and(|body| body == challenge)
            }
            Ok(_) | Err(_) => false,
        }
    }

    /// A customer writes, or sends files, the first with `body` under it. Gives the webhook's status of the last post, 0
    /// when there was no answer.
    pub async fn customer_sends(&self, from: &str, body: &str, files: Vec<CustomerFile>) -> u16 {
        if files.is_empty() {
            return self
                .deliver(CustomerMessage::text(from, body))
                .await
                .status();
        }
        let mut status = 0;
        let mut caption = Some(body.to_owned());
        for file in files {
            let said = Said::File(file, caption.take());
            status = self
                .deliver(CustomerMessage::new(from, said))
                .await
                .status();
        }
        status
    }

    /// The customers' side, for tasks that outlive a borrow of the stand-in.
    pub fn customers(&self) -> Customers {
        Customers(Arc::clone(&self.shared))
    }

    /// A customer writes, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.shared, &[message]).await
    }

    /// Several messages in one webhook, of whatever customers and to whatever numbers of the account.
    pub async fn deliver_together(&self, messages: &[CustomerMessage]) -> Receipt {
        customer::deliver(&self.shared, messages).await
    }

    /// The customer moves to another number, and so to another BSUID: a `system` message tells.
    pub async fn customer_changes_number(&self, old: &str, new: &str) -> Receipt {
        let content = json!({
            "body": "Customer changed their number",
            "type": "user_changed_number",
            "wa_id": new,
            "user_id": bsuid_of(new),
            "previous_user_id": bsuid_of(old),
        });
        let said = Said::Other("system".to_owned(), content);
        self.deliver(CustomerMessage::new(old, said)).await
    }

    /// Any other webhook about the main number: a field, and what its value holds besides the metadata. Each answer.
    pub async fn post_webhook(&self, field: &str, holds: Value) -> Vec<WebhookAnswer> {
        let config = &self.shared.config;
        let mut value = value(config, &config.phone_number_id);
        if let (Some(value), Value::Object(holds)) = (value.as_object_mut(), holds) {
            value.extend(holds);
        }
        let envelope = envelope(config, vec![(field.to_owned(), value)]);
        let body = SignedBody::new(config, &envelope);
        body.deliver(&self.shared).await
    }

    /// From now on webhooks carry this customer's BSUID alone, or the number again.
    pub fn hide_number(&self, number: &str, hidden: bool) {
        let mut state = self.shared.state();
        match hidden {
            true => state.hidden.insert(number.to_owned()),
            false => state.hidden.remove(number),
        };
    }

    /// As if the customer had written that long ago, for the 24-hour window.
    pub fn set_last_wrote(&self, number: &str, ago: Duration) {
        let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        let at = crate::clock::now_ms().saturating_sub(ago);
        self.shared.state().last_wrote.insert(number.to_owned(), at);
    }

    /// Every URL of a customer's file given so far has expired.
    pub fn expire_file_urls(&self) {
        for (_, expires) in self.shared.state().file_urls.values_mut() {
            *expires = 0;
        }
    }

    /// Every call is answered with error 190, or no more.
    pub fn revoke_token(&self, revoked: bool) {
        self.shared.state().token_revoked = revoked;
    }

    /// The number's quality rating: `GREEN`, `YELLOW`, `RED`.
    pub fn set_quality(&self, rating: &str) {
        self.shared.state().quality = Some(rating.to_owned());
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

    /// Refuses messages to a number with this code; `None` takes them again.
    pub fn refuse_number(&self, number: &str, code: Option<u32>) {
        let mut state = self.shared.state();
        match code {
            Some(code) => state.refused_numbers.insert(number.to_owned(), code),
            None => state.refused_numbers.remove(number),
        };
    }

    /// Takes messages to a number and reports them `failed` with this code; `None` ends that.
    pub fn set_undeliverable(&self, number: &str, code: Option<u32>) {
        let mut state = self.shared.state();
        match code {
            Some(code) => state.undeliverable.insert(number.to_owned(), code),
            None => state.undeliverable.remove(number),
        };
    }

    /// How the fate of messages accepted from now on is reported.
    pub fn set_statuses(&self, how: Statuses) {
        self.shared.state().statuses = how;
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
        let watched = &self.shared.watched;
        watched
            .wait_for(
                |state| predicate(&state.ledger),
                deadline,
                |state| {
                    let ledger = &state.ledger;
                    format!(
                        "{} sent, {} received, {} refused",
                        ledger.messages.len(),
                        ledger.received.len(),
                        ledger.refused.len()
                    )
                },
            )
            .await
    }
}

/// The customers' side of a stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Customers(Arc<Shared>);

impl Customers {
    /// A customer writes, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.0, &[message]).await
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/{version}/{number_id}/messages", post(api::messages))
        .route(
            "/{version}/{number_id}/media",
            post(media::upload).layer(DefaultBodyLimit::disable()),
        )
        .route("/{version}/{node}", get(api::node))
        .route("/whatsapp_business/attachments/", get(media::lookaside))
        .route("/_cdn/{hash}", get(media::cdn))
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
