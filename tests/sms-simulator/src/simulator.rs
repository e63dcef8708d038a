//! The running stand-in: start, drive, wait, stop.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{SmsConfig, StatusCallbacks};
use crate::connection::{BreakableListener, Connection, Outage};
use crate::customer::{self, CustomerMessage, Picture, Receipt};
use crate::faults::{Fault, Times};
use crate::ledger::Ledger;
use crate::state::{Shared, Webhook};
use crate::{api, control, media};

/// The stand-in could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Most likely the port is taken: choose another, or 0 for a free one.
    #[error("listen on 127.0.0.1:{port}")]
    Listen {
        /// As configured.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The HTTP client for webhooks could not be made.
    #[error("make the client that calls webhooks")]
    Client(#[source] reqwest::Error),
}

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
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
}

impl SmsSimulator {
    /// Listens on `127.0.0.1` and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, or no TLS could be set up.
    pub async fn start(config: SmsConfig) -> Result<Self, StartError> {
        let port = config.port;
        let listen = |source| StartError::Listen { port, source };
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let address = tcp.local_addr().map_err(listen)?;
        let outage = watch::Sender::new(Outage::None);
        let listener = BreakableListener::new(tcp, outage.subscribe()).map_err(listen)?;
        let client = client().map_err(StartError::Client)?;
        let shared = Arc::new(Shared::new(
            config,
            format!("http://{address}"),
            client,
            outage,
        ));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(router(&shared), listener, stopped));
        Ok(Self {
            shared,
            stop,
            serving: Some(serving),
        })
    }

    /// `http://127.0.0.1:PORT`: the connector's `api_base`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// As configured.
    pub fn config(&self) -> &SmsConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(serving) = self.serving.take() {
            // Kept-alive connections may linger: the listener is gone once the task is.
            serving.abort();
            let _ = serving.await;
        }
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
        self.shared.outage.send_replace(outage);
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

impl Drop for SmsSimulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.set_outage(Outage::Closes);
        if let Some(serving) = &self.serving {
            serving.abort();
        }
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
        .route("/_cdn/{media}", get(media::bytes))
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            suffer_outage,
        ))
        .with_state(Arc::clone(shared))
}

/// The outage as requests see it; the control API stays in reach.
async fn suffer_outage(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let outage = *shared.outage.borrow();
    match outage {
        _ if request.uri().path().starts_with("/_sim/") => next.run(request).await,
        Outage::None => next.run(request).await,
        Outage::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Outage::Closes | Outage::Refuses => {
            connection.cut();
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn serve(router: Router, listener: BreakableListener, mut stopped: watch::Receiver<bool>) {
    let service = router.into_make_service_with_connect_info::<Connection>();
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // Accept errors are retried inside; this ends on the stop signal only.
    let _ = axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await;
}

/// A client that verifies TLS with ring, which the workspace builds instead of aws-lc.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    static RING: OnceLock<()> = OnceLock::new();
    RING.get_or_init(|| {
        // Fails only when somebody installed a provider before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .timeout(Duration::from_secs(30))
        .build()
}
