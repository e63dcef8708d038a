//! What the stand-in knows while it runs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use stand_in::{FaultPlan, Outage, Watched};
use tokio::sync::{Semaphore, watch};

use crate::config::{MessengerConfig, Page, Reports};
use crate::customer::CustomerFile;
use crate::faults::{Fault, Problem};
use crate::ledger::{Ledger, SentMessage};
use crate::objects::Profile;

/// Webhooks about sent messages at once: enough to keep up, few enough to leave sockets free.
const AFTERMATH_MAX: usize = 64;

/// A Page and one of its customers.
pub(crate) type Thread = (String, String);

pub(crate) struct Shared {
    pub(crate) config: MessengerConfig,
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
    pub(crate) aftermath: Semaphore,
    pub(crate) watched: Watched<State>,
    ids: AtomicU64,
    run: u64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) faults: FaultPlan<Fault>,
    pub(crate) webhook: Option<String>,
    pub(crate) reports: Reports,
    /// The events that each Page posts.
    pub(crate) subscriptions: BTreeMap<String, BTreeSet<String>>,
    pub(crate) profiles: HashMap<String, Profile>,
    /// When each customer last did something that opens the window.
    pub(crate) last_actions: HashMap<Thread, u64>,
    pub(crate) blocked: HashSet<Thread>,
    pub(crate) refused: HashMap<Thread, Problem>,
    /// Threads that another app has.
    pub(crate) elsewhere: HashSet<Thread>,
    /// By the last segment of their URL.
    pub(crate) files: HashMap<String, CustomerFile>,
    /// URLs of a message's files, by its id.
    pub(crate) attached: HashMap<String, Vec<String>>,
    /// Tokens that are no longer good.
    pub(crate) revoked: HashSet<String>,
}

impl Shared {
    pub(crate) fn new(
        config: MessengerConfig,
        base_url: String,
        client: reqwest::Client,
        outage: watch::Sender<Outage>,
    ) -> Self {
        let all: BTreeSet<String> = FIELDS.into_iter().map(str::to_owned).collect();
        let pages = config.pages.iter();
        let state = State {
            ledger: Ledger::default(),
            faults: FaultPlan::default(),
            webhook: config.webhook_url.clone(),
            reports: config.reports,
            subscriptions: pages.map(|page| (page.id.clone(), all.clone())).collect(),
            profiles: HashMap::new(),
            last_actions: HashMap::new(),
            blocked: HashSet::new(),
            refused: HashMap::new(),
            elsewhere: HashSet::new(),
            files: HashMap::new(),
            attached: HashMap::new(),
            revoked: HashSet::new(),
        };
        Self {
            config,
            base_url,
            client,
            outage,
            aftermath: Semaphore::new(AFTERMATH_MAX),
            watched: Watched::new(state),
            ids: AtomicU64::new(1),
            run: rand::random(),
        }
    }

    /// An id that is fresh in this run and unlike those of other runs.
    pub(crate) fn id(&self, prefix: &str) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}{:016x}{number:08x}", self.run)
    }

    pub(crate) fn page(&self, id: &str) -> Option<&Page> {
        self.config.pages.iter().find(|page| page.id == id)
    }

    /// Records an accepted message and gives its place in the ledger.
    pub(crate) fn accept(&self, message: SentMessage) -> usize {
        self.watched.change(|state| {
            state.ledger.messages.push(Arc::new(message));
            state.ledger.messages.len() - 1
        })
    }

    /// Changes one sent message.
    pub(crate) fn amend(&self, place: usize, change: impl FnOnce(&mut SentMessage)) {
        self.watched.change(|state| {
            if let Some(message) = state.ledger.messages.get_mut(place) {
                change(Arc::make_mut(message));
            }
        });
    }
}

/// The events that a Page can post, by the names of subscriptions.
pub(crate) const FIELDS: [&str; 13] = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "messaging_account_linking",
    "standby",
];

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
