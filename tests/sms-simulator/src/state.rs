//! What the stand-in knows while it runs. One lock, held for moments only, never across an await.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stand_in::{FaultPlan, Outage};
use tokio::sync::{Semaphore, watch};

use crate::clock::now_ms;
use crate::config::{SmsConfig, StatusCallbacks};
use crate::customer::Picture;
use crate::faults::Fault;
use crate::ledger::{Ledger, SentMedia, SentMessage};

/// Callbacks and picture fetches at once: enough to keep up, few enough to leave sockets free.
const AFTERMATH_MAX: usize = 64;

pub(crate) struct Shared {
    pub(crate) config: SmsConfig,
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
    pub(crate) aftermath: Semaphore,
    changed: watch::Sender<u64>,
    sids: AtomicU64,
    run: u64,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) faults: FaultPlan<Fault>,
    /// The auth token is good no more: every call is answered 401.
    pub(crate) is_token_revoked: bool,
    pub(crate) opted_out: HashSet<String>,
    /// Code and HTTP status with which sends to a number are refused.
    pub(crate) refused_numbers: HashMap<String, (u32, u16)>,
    /// Error code with which sends to a number fail after acceptance.
    pub(crate) undeliverable: HashMap<String, u32>,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) status_callbacks: StatusCallbacks,
    pub(crate) pictures: HashMap<String, Picture>,
}

/// Where customers' messages go.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) called: String,
    /// What is signed; the same as `called` unless a proxy stands between.
    pub(crate) public: String,
}

impl Shared {
    pub(crate) fn new(
        config: SmsConfig,
        base_url: String,
        client: reqwest::Client,
        outage: watch::Sender<Outage>,
    ) -> Self {
        let webhook = config.webhook_url.clone().map(|called| Webhook {
            public: config
                .public_webhook_url
                .clone()
                .unwrap_or_else(|| called.clone()),
            called,
        });
        let state = State {
            ledger: Ledger::default(),
            faults: FaultPlan::default(),
            is_token_revoked: false,
            opted_out: HashSet::new(),
            refused_numbers: HashMap::new(),
            undeliverable: HashMap::new(),
            webhook,
            status_callbacks: config.status_callbacks,
            pictures: HashMap::new(),
        };
        Self {
            config,
            base_url,
            client,
            outage,
            aftermath: Semaphore::new(AFTERMATH_MAX),
            changed: watch::Sender::new(0),
            sids: AtomicU64::new(1),
            run: rand::random(),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a test's predicate must not hide what the ledger knows.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for the ledger.
    pub(crate) fn note_change(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A fresh Twilio id: two letters and 32 hex digits, unique in this run and unlike other runs.
    pub(crate) fn sid(&self, prefix: &str) -> String {
        let number = self.sids.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}{:016x}{number:016x}", self.run)
    }

    /// Records an accepted send and gives its place in the ledger.
    pub(crate) fn accept(
        &self,
        to: String,
        body: String,
        media: Vec<String>,
        callback: Option<String>,
    ) -> usize {
        let message = SentMessage {
            sid: self.sid(if media.is_empty() { "SM" } else { "MM" }),
            to,
            from: self.config.number.clone(),
            body,
            media: media
                .into_iter()
                .map(|url| SentMedia { url, fetched: None })
                .collect(),
            status_callback: callback,
            at_ms: now_ms(),
            status: "queued".to_owned(),
            error_code: None,
            callbacks: Vec::new(),
        };
        let mut state = self.state();
        state.ledger.messages.push(Arc::new(message));
        let place = state.ledger.messages.len() - 1;
        drop(state);
        self.note_change();
        place
    }

    /// Changes one sent message.
    pub(crate) fn amend(&self, place: usize, change: impl FnOnce(&mut SentMessage)) {
        if let Some(message) = self.state().ledger.messages.get_mut(place) {
            change(Arc::make_mut(message));
        }
        self.note_change();
    }

    /// Where a public URL is really reached: a URL under the webhook's public origin goes to the
    /// origin that is called, everything else stays.
    pub(crate) fn reachable(&self, url: &str) -> String {
        let Some(webhook) = self.state().webhook.clone() else {
            return url.to_owned();
        };
        match url.strip_prefix(origin(&webhook.public)) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", origin(&webhook.called))
            }
            _ => url.to_owned(),
        }
    }
}

/// Scheme, host and port of a URL, without the slash after them.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| authority + at);
    &url[..end]
}
