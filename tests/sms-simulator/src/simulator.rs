//! The running stand-in: start, drive, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use stand_in::{Listening, Outage, Server, StartError, Times};

use crate::config::{SmsConfig, StatusCallbacks};
use crate::customer::{self, CustomerMessage, Picture, Receipt};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::state::{Shared, Webhook};
use crate::{api, control, media, numbers};

/// What was waited for did not happen in time.
#[derive(Debug, thiserror::Error)]
#[error(
    "the SMS stand-in's ledger did not get there in {waited:?}: {sent} sent, {received} received, {refused} refused"
)]
pub struct DeadlinePassed {
    /// The deadline given.
    pub waited: Duration,
    /// Messages accepted by then.
    pub sent: usize,
    /// Customers' messages by then.
    pub received: usize,
    /// Refused sends by then.
    pub refused: usize,
}

/// A running stand-in. Dropping it stops it.
pub struct SmsSimulator {
    shared: Arc<Shared>,
    server: Server,
}

impl SmsSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: SmsConfig) -> Result<Self, StartError> {
        let listening = Listening::on(config.port).await?;
        let client = stand_in::client().map_err(StartError::Client)?;
        let shared = Arc::new(Shared::new(
            config,
            listening.base_url().to_owned(),
            client,
            listening.outage(),
        ));
        let server = listening.serve(router(&shared));
        Ok(Self { shared, server })
    }

    /// `http://127.0.0.1:PORT`: the connector's `api_base`.
    pub fn base_url(&self) -> &str {
        self.server.base_url()
    }

    /// As configured.
    pub fn config(&self) -> &SmsConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Where customers' messages go from now on; `public_url` is what is signed, when it differs.
    /// Status callbacks and pictures under the public URL's origin are sought at this one's too.
    pub fn set_webhook(&self, url: &str, public_url: Option<&str>) {
        let webhook = Webhook {
            called: url.to_owned(),
            public: public_url.unwrap_or(url).to_owned(),
        };
        self.shared.state().webhook = Some(webhook);
    }

    /// A customer writes. Gives the webhook's status of the last post, 0 when there was no answer.
    pub async fn customer_sends(&self, from: &str, body: &str, media: Vec<Picture>) -> u16 {
        let message = CustomerMessage {
            media,
            ..CustomerMessage::text(from, body)
        };
        self.deliver(message).await.status()
    }

    /// The customers' side, for tasks that outlive a borrow of the stand-in.
    pub fn customers(&self) -> Customers {
        Customers(Arc::clone(&self.shared))
    }

    /// A customer writes, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.shared, message).await
    }

    /// Makes the next sends go wrong, after those already planned.
    pub fn set_fault(&self, fault: Fault, times: Times) {
        self.shared.state().faults.add(fault, times);
    }

    /// Sends go well again.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Cannot be reached until set back to [`Outage::None`].
    pub fn set_outage(&self, outage: Outage) {
        self.server.set_outage(outage);
    }

    /// Every call of the API is answered 401 (20003) from now on, or served again.
    pub fn set_token_revoked(&self, revoked: bool) {
        self.shared.state().is_token_revoked = revoked;
    }

    /// Puts a number on the opt-out list (sends: 21610), or takes it off.
    pub fn set_opted_out(&self, number: &str, opted_out: bool) {
        let mut state = self.shared.state();
        match opted_out {
            true => state.opted_out.insert(number.to_owned()),
            false => state.opted_out.remove(number),
        };
    }

    /// Refuses sends to a number with this error code, HTTP 400; `None` takes them again.
    pub fn refuse_number(&self, number: &str, code: Option<u32>) {
        let mut state = self.shared.state();
        match code {
            Some(code) => state.refused_numbers.insert(number.to_owned(), (code, 400)),
            None => state.refused_numbers.remove(number),
        };
    }

    /// Takes sends to a number and reports them `undelivered` with this code; `None` ends that.
    pub fn set_undeliverable(&self, number: &str, code: Option<u32>) {
        let mut state = self.shared.state();
        match code {
            Some(code) => state.undeliverable.insert(number.to_owned(), code),
            None => state.undeliverable.remove(number),
        };
    }

    /// How the fate of messages accepted from now on is reported.
    pub fn set_status_callbacks(&self, how: StatusCallbacks) {
        self.shared.state().status_callbacks = how;
    }

    /// Everything so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.state().ledger.clone()
    }

    /// Looks at the ledger without copying it. Do not keep it long: sends wait meanwhile.
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
        let mut changes = self.shared.changes();
        let satisfied = async {
            while !predicate(&self.shared.state().ledger) {
                // The sender lives as long as `self`.
                let _ = changes.changed().await;
            }
        };
        if tokio::time::timeout(deadline, satisfied).await.is_ok() {
            return Ok(());
        }
        Err(self.with_ledger(|ledger| DeadlinePassed {
            waited: deadline,
            sent: ledger.messages.len(),
            received: ledger.received.len(),
            refused: ledger.refused.len(),
        }))
    }
}

/// The customers' side of a stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Customers(Arc<Shared>);

impl Customers {
    /// A customer writes, with everything that can happen on the way.
    pub async fn deliver(&self, message: CustomerMessage) -> Receipt {
        customer::deliver(&self.0, message).await
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{file}", get(api::account))
        .route(
            "/2010-04-01/Accounts/{account}/Messages.json",
            get(api::list).post(api::send),
        )
        .route(
            "/2010-04-01/Accounts/{account}/Messages/{file}",
            get(api::read_one),
        )
        .route(
            "/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}",
            get(media::locate).delete(media::delete),
        )
        .route(
            "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json",
            get(numbers::phone_numbers),
        )
        .route(
            "/2010-04-01/Accounts/{account}/SMS/ShortCodes.json",
            get(numbers::short_codes),
        )
        .route("/_cdn/{media}", get(media::bytes))
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
