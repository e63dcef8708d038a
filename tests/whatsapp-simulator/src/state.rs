//! What the stand-in knows while it runs.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use stand_in::{FaultPlan, Outage, Watched};
use tokio::sync::{Semaphore, watch};

use crate::clock::now_ms;
use crate::config::{Statuses, WhatsAppConfig};
use crate::customer::CustomerFile;
use crate::faults::Fault;
use crate::ledger::{Ledger, SentFile, SentMessage};

/// Webhooks about statuses under way at once: enough to keep up, few enough to leave sockets free.
const STATUSES_MAX: usize = 64;

const WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;

pub(crate) struct Shared {
    pub(crate) config: WhatsAppConfig,
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
    pub(crate) watched: Watched<State>,
    pub(crate) statuses: Semaphore,
    ids: AtomicU64,
    run: u64,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) faults: FaultPlan<Fault>,
    pub(crate) webhook: Option<String>,
    pub(crate) statuses: Statuses,
    pub(crate) token_revoked: bool,
    pub(crate) quality: Option<String>,
    /// Code with which sends to a number are refused.
    pub(crate) refused_numbers: HashMap<String, u32>,
    /// Code with which sends to a number fail after acceptance.
    pub(crate) undeliverable: HashMap<String, u32>,
    /// When each customer last wrote, milliseconds since 1970.
    pub(crate) last_wrote: HashMap<String, u64>,
    /// Customers whose webhooks carry no number.
    pub(crate) hidden: HashSet<String>,
    /// Files of customers, by media id.
    pub(crate) files: HashMap<String, CustomerFile>,
    /// Valid parts of file URLs: media id and the time of expiry.
    pub(crate) file_urls: HashMap<String, (String, u64)>,
    /// Files the connector uploaded, by media id.
    pub(crate) uploads: HashMap<String, SentFile>,
}

impl Shared {
    pub(crate) fn new(
        config: WhatsAppConfig,
        base_url: String,
        client: reqwest::Client,
        outage: watch::Sender<Outage>,
    ) -> Self {
        let state = State {
            webhook: config.webhook_url.clone(),
            statuses: config.statuses,
            ..State::default()
        };
        Self {
            config,
            base_url,
            client,
            outage,
            watched: Watched::new(state),
            statuses: Semaphore::new(STATUSES_MAX),
            ids: AtomicU64::new(1),
            run: rand::random(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.watched.lock()
    }

    /// Unique in this run and unlike other runs.
    fn fresh(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{number:08x}", self.run)
    }

    /// A fresh message id.
    pub(crate) fn wamid(&self) -> String {
        format!("wamid.{}", self.fresh())
    }

    /// A fresh media id: digits.
    pub(crate) fn media_id(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("9{:09}{number:06}", self.run % 1_000_000_000)
    }

    /// A fresh part of a URL that nobody guesses.
    pub(crate) fn unguessable(&self) -> String {
        format!("{:032x}{}", rand::random::<u128>(), self.fresh())
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

    /// Whether anything but a template reaches this customer.
    pub(crate) fn window_is_open(&self, number: &str) -> bool {
        let last = self.state().last_wrote.get(number).copied();
        last.is_some_and(|last| now_ms() < last + WINDOW_MS)
    }
}

/// The BSUID of the customer with this number. Real ones tell nothing about the number; these can be read back.
pub(crate) fn bsuid_of(number: &str) -> String {
    let reversed: String = number.chars().rev().collect();
    format!("US.{reversed}")
}

/// The number behind a BSUID.
pub(crate) fn number_of(bsuid: &str) -> Option<String> {
    let reversed = bsuid.strip_prefix("US.")?;
    let digits = reversed.bytes().all(|byte| byte.is_ascii_digit()) && !reversed.is_empty();
    digits.then(|| reversed.chars().rev().collect())
}
