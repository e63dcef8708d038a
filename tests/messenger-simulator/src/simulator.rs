//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use stand_in::connection::Outage;
use stand_in::{DeadlinePassed, Server, StartError, Times, client};

use crate::config::{MessengerConfig, Reports};
use crate::customer::{self, CustomerFile, CustomerMessage, Receipt, Said};
use crate::faults::{Fault, Problem};
use crate::ledger::Ledger;
use crate::objects::Profile;
use crate::state::{Shared, Thread, now_ms};
use crate::{api, control};

/// A running stand-in. Dropping it stops it.
pub struct MessengerSimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl MessengerSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: MessengerConfig) -> Result<Self, StartError> {
        let listening = stand_in::Listening::on(config.port).await?;
        let base_url = listening.base_url().to_owned();
        let client = client().map_err(StartError::Client)?;
        let shared = Arc::new(Shared::new(config, base_url, client, listening.outage()));
        let router = api::routes()
            .merge(control::routes())
            .with_state(Arc::clone(&shared));
        let server = listening.serve(router);
        Ok(Self { shared, server })
    }

    /// `http://127.0.0.1:PORT`: the connector's `api_base`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// As configured.
    pub fn config(&self) -> &MessengerConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Where events are posted from now on.
    pub fn set_webhook(&self, url: &str) {
        self.shared.watched.lock().webhook = Some(url.to_owned());
    }

    /// Asks the webhook whether it is ours, as Meta does when the URL is saved.
    ///
    /// # Errors
    /// What it answered instead of the challenge.
    pub async fn verify_webhook(&self) -> Result<(), String> {
        let url = self.shared.watched.lock().webhook.clone();
        let url = url.ok_or("no webhook is set: call set_webhook first")?;
        let challenge = "1158201444";
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.challenge", challenge),
            ("hub.verify_token", &self.shared.config.verify_token),
        ];
        let answer = self.shared.client.get(url).query(&query).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(|error| error.to_string())?;
        if status == 200 && body == challenge {
            return Ok(());
        }
        Err(format!("status {status}: {body}"))
    }

    /// A customer writes. Gives the webhook's status of the last post, 0 when there was no answer.
    pub async fn customer_sends(&self, page: &str, from: &str, text: &str) -> u16 {
        let message = CustomerMessage::text(page, from, text);
        self.deliver(message).await.status()
    }

    /// A customer sends a file. Gives the webhook's status as `customer_sends`.
    pub async fn customer_sends_file(&self, page: &str, from: &str, file: CustomerFile) -> u16 {
        let said = Said::Files(None, vec![file]);
        let message = CustomerMessage::said(page, from, said);
        self.deliver(message).await.status()
    }

    /// A customer taps the newest button or quick reply of this title. 0 if none was offered to them.
    pub async fn customer_taps(&self, page: &str, from: &str, title: &str) -> u16 {
        match control::tapped(&self.shared, page, from, title) {
            Some(said) => {
                let message = CustomerMessage::said(page, from, said);
                self.deliver(message).await.status()
            }
            None => 0,
        }
    }

    /// The customers' side, for tasks that outlive a borrow of the stand-in.
    pub fn customers(&self) -> Customers {
        Customers(Arc::clone(&self.shared))
    }

    /// A customer does something, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        self.deliver_together(vec![message]).await
    }

    /// Several events in one POST, an entry a Page; repeats, retries and tampering are the first one's.
    pub async fn deliver_together(&self, messages: Vec<CustomerMessage>) -> Receipt {
        customer::deliver(&self.shared, messages).await
    }

    /// Makes the next messages go wrong, after those already planned.
    pub fn set_fault(&self, fault: Fault, times: Times) {
        self.shared.watched.lock().faults.add(fault, times);
    }

    /// Messages go well again.
    pub fn clear_faults(&self) {
        self.shared.watched.lock().faults.clear();
    }

    /// Cannot be reached until set back to [`Outage::None`].
    pub fn set_outage(&self, outage: Outage) {
        self.server.set_outage(outage);
    }

    /// What is told of messages accepted from now on.
    pub fn set_reports(&self, reports: Reports) {
        self.shared.watched.lock().reports = reports;
    }

    /// Who a customer is; without it their profile is an empty object.
    pub fn set_profile(&self, psid: &str, profile: Profile) {
        let mut state = self.shared.watched.lock();
        state.profiles.insert(psid.to_owned(), profile);
    }

    /// A customer blocks the Page (messages: 551), or no longer.
    pub fn set_blocked(&self, page: &str, psid: &str, blocked: bool) {
        let mut state = self.shared.watched.lock();
        match blocked {
            true => state.blocked.insert(thread(page, psid)),
            false => state.blocked.remove(&thread(page, psid)),
        };
    }

    /// Refuses everything to a customer with this error; `None` takes it again.
    pub fn refuse(&self, page: &str, psid: &str, problem: Option<Problem>) {
        let mut state = self.shared.watched.lock();
        match problem {
            Some(problem) => state.refused.insert(thread(page, psid), problem),
            None => state.refused.remove(&thread(page, psid)),
        };
    }

    /// Another app takes the conversation. It comes back when the connector takes control.
    pub fn pass_elsewhere(&self, page: &str, psid: &str) {
        let mut state = self.shared.watched.lock();
        state.elsewhere.insert(thread(page, psid));
    }

    /// The customer last did something so long ago; the connector's own memory of it stays.
    pub fn age_window(&self, page: &str, psid: &str, age: Duration) {
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let at = now_ms().saturating_sub(age_ms);
        let mut state = self.shared.watched.lock();
        state.last_actions.insert(thread(page, psid), at);
    }

    /// What Meta does in silence after an hour of failed webhooks.
    pub fn unsubscribe(&self, page: &str) {
        self.shared
            .watched
            .change(|state| state.subscriptions.remove(page));
    }

    /// Whether the Page posts events of this kind, `messages` for instance.
    pub fn is_subscribed(&self, page: &str, field: &str) -> bool {
        crate::webhook::is_subscribed(&self.shared, page, field)
    }

    /// A Page's token is good no more (190), or again.
    pub fn set_revoked(&self, page: &str, revoked: bool) {
        let Some(page) = self.shared.page(page) else {
            return;
        };
        let mut state = self.shared.watched.lock();
        match revoked {
            true => state.revoked.insert(page.access_token.clone()),
            false => state.revoked.remove(&page.access_token),
        };
    }

    /// Everything so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.watched.lock().ledger.clone()
    }

    /// Looks at the ledger without copying it. Do not keep it long: sends wait meanwhile.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.shared.watched.lock().ledger)
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
        let tell = |ledger: &Ledger| {
            format!(
                "{} sent, {} received, {} refused",
                ledger.messages.len(),
                ledger.received.len(),
                ledger.refused.len()
            )
        };
        self.shared
            .watched
            .wait_for(
                |state| predicate(&state.ledger),
                deadline,
                |state| tell(&state.ledger),
            )
            .await
    }
}

fn thread(page: &str, psid: &str) -> Thread {
    (page.to_owned(), psid.to_owned())
}

/// The customers' side of a stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Customers(Arc<Shared>);

impl Customers {
    /// A customer does something, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.0, vec![message]).await
    }
}
