//! What the stand-in knows while it runs. One lock, held for moments only, never across an await.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::MutexGuard;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use stand_in::{FaultPlan, Outage, Watched};
use tokio::sync::watch;

use crate::config::AppleConfig;
use crate::faults::{Call, Fault};
use crate::ledger::{Ledger, Refused};
use crate::refusal::Refusal;

pub(crate) struct Shared {
    pub(crate) config: AppleConfig,
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
    pub(crate) watched: Watched<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) faults: FaultPlan<Fault>,
    pub(crate) webhook: Option<String>,
    pub(crate) token_revoked: bool,
    /// Customers who wrote, by id.
    pub(crate) customers: BTreeMap<String, Person>,
    /// Ids taken, by customer and id.
    pub(crate) taken: HashSet<(String, String)>,
    /// Upload slots by token: the blob, and how many bytes were announced.
    pub(crate) slots: HashMap<String, (String, u64)>,
    /// Download tokens: the blob.
    pub(crate) downloads: HashMap<String, String>,
    /// Encrypted files, by their `url`.
    pub(crate) blobs: HashMap<String, Blob>,
}

/// A customer, as the gateway sees them.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// What the device shows.
    pub(crate) capabilities: String,
    /// Deleted the thread and has not written since.
    pub(crate) closed: bool,
    /// Blocked the business: nothing reaches them, they write nothing.
    pub(crate) blocked: bool,
}

/// Bytes in Apple's store, encrypted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blob {
    pub(crate) owner: String,
    /// Empty until it was uploaded.
    pub(crate) signature: Vec<u8>,
    pub(crate) bytes: Bytes,
    /// What the ledger calls a fetch of it.
    pub(crate) name: String,
}

impl Shared {
    pub(crate) fn new(
        config: AppleConfig,
        base_url: String,
        client: reqwest::Client,
        outage: watch::Sender<Outage>,
    ) -> Self {
        let state = State {
            webhook: config.webhook_url.clone(),
            ..State::default()
        };
        Self {
            config,
            base_url,
            client,
            outage,
            watched: Watched::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.watched.lock()
    }

    /// Whether this MSP speaks for the business.
    pub(crate) fn has_business(&self, id: &str) -> bool {
        self.config.business_id == id || self.config.other_businesses.iter().any(|b| b == id)
    }

    /// What goes wrong with this call, used up by asking.
    pub(crate) fn fault(&self, call: Call) -> Option<Fault> {
        self.state().faults.take_if(|fault| fault.call() == call)
    }

    pub(crate) fn note_refusal(&self, refusal: &Refusal, to: &str) {
        let refused = Refused {
            status: refusal.status,
            why: refusal.why.clone(),
            to: to.to_owned(),
        };
        self.watched
            .change(|state| state.ledger.refused.push(refused));
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A fresh id, as Apple writes them.
pub(crate) fn fresh_id() -> String {
    uuid::Builder::from_random_bytes(rand::random())
        .into_uuid()
        .to_string()
}
