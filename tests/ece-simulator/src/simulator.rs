//! The running stand-in: start, drive, wait, stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::callbacks;
use crate::config::{CallbackConfig, ConfigError, EceConfig, EntryPointConfig};
use crate::desk::acts::ActError;
use crate::faults::{Fault, FaultPlan, Operation, Times};
use crate::ledger::Ledger;
use crate::page;
use crate::router;
use crate::script::Act;
use crate::shared::Shared;
use crate::variants::Variants;
use stand_in::connection::{BreakableListener, Connection, Outage};

/// The stand-in could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Most likely the port is taken: choose another, or 0 for a free one.
    #[error("listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The configuration contradicts itself.
    #[error("read the configuration")]
    Config(#[from] ConfigError),
    /// The HTTP client for callbacks could not be made.
    #[error("make the client that posts callbacks")]
    Client(#[source] reqwest::Error),
}

/// What was waited for did not happen in time.
#[derive(Debug, thiserror::Error)]
#[error(
    "the ECE stand-in's ledger did not get there in {waited:?}: {conversations} conversations, \
     {seen} arrivals, {posts} callback posts, {refused} refused calls"
)]
pub struct DeadlinePassed {
    /// The deadline given.
    pub waited: Duration,
    /// Conversations by then.
    pub conversations: usize,
    /// Things agents had seen by then.
    pub seen: usize,
    /// POSTs to the webhook by then.
    pub posts: usize,
    /// Refused calls by then.
    pub refused: usize,
}

/// A running stand-in. Dropping it stops it.
pub struct EceSimulator {
    shared: Arc<Shared>,
    control_url: Option<String>,
    tasks: Vec<JoinHandle<()>>,
}

impl EceSimulator {
    /// Listens and serves until dropped.
    ///
    /// # Errors
    /// The port is taken, the configuration contradicts itself, or no TLS could be set up.
    pub async fn start(config: EceConfig) -> Result<Self, StartError> {
        config.check()?;
        let tcp = bind(config.listen).await?;
        let control = match config.control_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let listen_error = |address| move |source| StartError::Listen { address, source };
        let address = tcp.local_addr().map_err(listen_error(config.listen))?;
        let base_url = format!("http://{address}");
        let shared = Arc::new(Shared::new(
            config,
            base_url,
            stand_in::client().map_err(StartError::Client)?,
        ));
        let listener = BreakableListener::new(tcp, shared.outage.subscribe())
            .map_err(listen_error(shared.config.listen))?;
        let mut tasks = vec![tokio::spawn(serve(
            router::router(&shared),
            listener,
            shared.stopping.subscribe(),
        ))];
        let mut control_url = None;
        if let Some(tcp) = control {
            let control_address = tcp.local_addr().map_err(listen_error(address))?;
            // Its own outage channel never changes: control stays in reach.
            let always_up = watch::Sender::new(Outage::None);
            let listener = BreakableListener::new(tcp, always_up.subscribe())
                .map_err(listen_error(address))?;
            control_url = Some(format!("http://{control_address}"));
            let router = router::router(&shared);
            let stopped = shared.stopping.subscribe();
            tasks.push(tokio::spawn(async move {
                serve(router, listener, stopped).await;
                drop(always_up);
            }));
        }
        for lane in 0..shared.callbacks.lanes() {
            tasks.push(tokio::spawn(callbacks::run_lane(Arc::clone(&shared), lane)));
        }
        Ok(Self {
            shared,
            control_url,
            tasks,
        })
    }

    /// `http://HOST:PORT/system`: the connector's `base_url`, context root included.
    pub fn base_url(&self) -> String {
        format!(
            "{}{}",
            self.shared.base_url, self.shared.config.context_root
        )
    }

    /// `http://HOST:PORT`: `/_sim/…` is below it.
    pub fn origin(&self) -> &str {
        &self.shared.base_url
    }

    /// The agents' page, on the address that stays in reach if there is one. `?agent=NAME` picks an
    /// agent, `&frame` leaves out the head of the page.
    pub fn page_url(&self) -> String {
        let origin = self.control_url.as_deref().unwrap_or(self.origin());
        format!("{origin}{}", page::PATH)
    }

    /// The origin of `control_listen`, if there is one.
    pub fn control_url(&self) -> Option<&str> {
        self.control_url.as_deref()
    }

    /// As configured.
    pub fn config(&self) -> &EceConfig {
        &self.shared.config
    }

    /// Stops and waits until the port is free.
    pub async fn stop(mut self) {
        self.shared.stopping.send_replace(true);
        for task in self.tasks.drain(..) {
            task.abort();
            let _ = task.await;
        }
    }

    /// An agent (or ECE itself) does something in a conversation.
    ///
    /// # Errors
    /// It does not fit the conversation's state; the error says what to do first.
    pub fn act(&self, conversation: &str, act: &Act) -> Result<(), ActError> {
        self.shared.with_desk(|desk| desk.act(conversation, act))
    }

    /// An agent of this name takes a conversation from the queue.
    ///
    /// # Errors
    /// Unknown, finished or taken.
    pub fn pick_up(&self, conversation: &str, agent: &str) -> Result<(), ActError> {
        self.act(
            conversation,
            &Act::PickUp {
                agent: Some(agent.to_owned()),
            },
        )
    }

    /// The conversation's agent writes.
    ///
    /// # Errors
    /// Unknown, finished or not picked up.
    pub fn say(&self, conversation: &str, text: &str) -> Result<(), ActError> {
        self.act(
            conversation,
            &Act::Say {
                text: text.to_owned(),
                html: false,
            },
        )
    }

    /// The conversation's agent ends it.
    ///
    /// # Errors
    /// Unknown, finished or not picked up.
    pub fn complete(&self, conversation: &str) -> Result<(), ActError> {
        self.act(conversation, &Act::Complete)
    }

    /// Signs an agent in or out, and ready or busy. False when there is no such agent.
    pub fn set_agent(&self, name: &str, signed_in: bool, ready: bool) -> bool {
        self.shared.with_desk(|desk| {
            desk.change_agent(name, |agent| {
                agent.signed_in = signed_in;
                agent.ready = ready;
            })
        })
    }

    /// How many conversations an agent can hold. False when there is no such agent.
    pub fn set_capacity(&self, name: &str, capacity: usize) -> bool {
        self.shared
            .with_desk(|desk| desk.change_agent(name, |agent| agent.capacity = capacity))
    }

    /// Changes an entry point, and with it `lastModified`. False when there is no such one.
    pub fn change_entry_point(&self, id: u64, change: impl FnOnce(&mut EntryPointConfig)) -> bool {
        self.shared
            .with_desk(|desk| desk.change_entry_point(id, change))
    }

    /// Changes what no public source settles.
    pub fn change_variants(&self, change: impl FnOnce(&mut Variants)) {
        self.shared.with_desk(|desk| change(&mut desk.variants));
    }

    /// Changes how events are called back; the number of lanes stays.
    pub fn change_callback(&self, change: impl FnOnce(&mut CallbackConfig)) {
        self.shared
            .webhook
            .send_modify(|webhook| change(&mut webhook.config));
    }

    /// Registers the webhook.
    pub fn set_callback_url(&self, url: &str) {
        self.change_callback(|callback| callback.url = Some(url.to_owned()));
    }

    /// Whether the webhook was deactivated after too many failures.
    pub fn is_webhook_deactivated(&self) -> bool {
        self.shared.webhook.borrow().deactivated
    }

    /// What an administrator does after the mail: callbacks go on where they stopped.
    pub fn reactivate_webhook(&self) {
        self.shared
            .webhook
            .send_modify(|webhook| webhook.deactivated = false);
    }

    /// Makes the next calls of a kind go wrong, after the faults already planned.
    pub fn set_fault(&self, on: Operation, fault: Fault, times: Times) {
        self.shared
            .change_faults(|faults| faults.add(on, fault, times));
    }

    /// Calls go well again.
    pub fn clear_faults(&self) {
        self.shared.change_faults(FaultPlan::clear);
    }

    /// Every token and session dies early; the next call meets 401.
    pub fn expire_tokens(&self) {
        self.shared.sessions().expire_all();
    }

    /// Cannot be reached, and calls nobody, until set back to [`Outage::None`].
    pub fn set_outage(&self, outage: Outage) {
        self.shared.outage.send_replace(outage);
    }

    /// Everything so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.look(|desk| desk.ledger.clone())
    }

    /// Looks at the ledger without copying it. Do not keep it long: calls wait meanwhile.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        self.shared.look(|desk| look(&desk.ledger))
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
            while !self.with_ledger(&mut predicate) {
                // The sender lives as long as `self`.
                let _ = changes.changed().await;
            }
        };
        if tokio::time::timeout(deadline, satisfied).await.is_ok() {
            return Ok(());
        }
        Err(self.with_ledger(|ledger| DeadlinePassed {
            waited: deadline,
            conversations: ledger.conversations.len(),
            seen: ledger
                .conversations
                .iter()
                .map(|conversation| conversation.seen.len())
                .sum(),
            posts: ledger.posts.len(),
            refused: ledger.refused.len(),
        }))
    }
}

impl Drop for EceSimulator {
    fn drop(&mut self) {
        self.shared.stopping.send_replace(true);
        self.set_outage(Outage::Closes);
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
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
