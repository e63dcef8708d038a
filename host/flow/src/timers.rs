//! Wakes owners when something is due: the ticker.
//!
//! One look: forget what expired, wake every customer with something due, page by page, then sleep until the next is. The
//! first look finds what a crash left over. An owner that goes tells when it is needed again, so the store is asked for the
//! next time only after a look. Looks are at most one each `GRAIN_MS`.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use trunkline_core::event::EceHappening;
use trunkline_core::event::Event;
use trunkline_core::id::{EceSession, IntegrationName, Timestamp};

use crate::flow::{Inner, Outside};
use crate::owners::Wake;
use crate::ports::{
    Accept, Clock, DeadKind, Ece, Expired, PARKED_MS, ParkedId, Scope, Store, StoreError, Target,
    Undelivered,
};

/// Times are rounded up to this many ms, so that many of them make one look.
const GRAIN_MS: i64 = 50;

/// Customers a page.
const PAGE: usize = 500;

/// Wait after a look that the store refused, in ms.
const STORE_WAIT_MS: u64 = 1_000;

/// Attempts at ending an ECE conversation that nobody knows.
const END_ATTEMPTS: u32 = 6;

/// When the next look is.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    wanted: Mutex<BTreeSet<Timestamp>>,
    bell: Notify,
}

impl Ticker {
    /// A look is needed then.
    pub(crate) fn look_at(&self, at: Timestamp) {
        let rounded = Timestamp(at.0.div_euclid(GRAIN_MS).saturating_add(1) * GRAIN_MS);
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = wanted.first().is_none_or(|first| rounded < *first);
        wanted.insert(rounded);
        if earliest {
            self.bell.notify_one();
        }
    }

    fn first(&self) -> Option<Timestamp> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.first().copied()
    }

    fn forget_until(&self, now: Timestamp) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.retain(|at| *at > now);
    }
}

/// Begins the ticker anew when it breaks off by a panic: a bug, but without a ticker no timer fires any more for anybody.
struct Guard<O: Outside>(Arc<Inner<O>>);

impl<O: Outside> Drop for Guard<O> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a bug stopped the timers; they go on in a moment");
            self.0.begin_ticker_in(STORE_WAIT_MS);
        }
    }
}

impl<O: Outside> Inner<O> {
    fn begin_ticker_in(self: &Arc<Self>, wait_ms: u64) {
        let inner = Arc::clone(self);
        self.spawn(async move {
            inner.sleep_ms(wait_ms).await;
            run(inner).await;
        });
    }
}

/// The ticker's task.
pub(crate) async fn run<O: Outside>(inner: Arc<Inner<O>>) {
    let _guard = Guard(Arc::clone(&inner));
    inner.ticker.look_at(inner.gives_up_from());
    while !inner.stopping.is_cancelled() {
        let now = inner.now();
        inner.ticker.forget_until(now);
        let next = match look(&inner, now).await {
            Ok(next) => next.unwrap_or(now.plus_ms(inner.limits.tick_max_ms)),
            Err(error) => {
                tracing::warn!(%error, "the store cannot say what is due");
                now.plus_ms(STORE_WAIT_MS)
            }
        };
        let next = next.min(now.plus_ms(inner.limits.tick_max_ms));
        inner.ticker.look_at(next);
        wait(&inner).await;
    }
}

/// Until the earliest wanted look.
async fn wait<O: Outside>(inner: &Inner<O>) {
    loop {
        let first = inner.ticker.first().unwrap_or_else(|| inner.now());
        tokio::select! {
            biased;
            () = inner.stopping.cancelled() => return,
            () = inner.ports.clock().sleep_until(first) => return,
            () = inner.ticker.bell.notified() => {}
        }
    }
}

async fn look<O: Outside>(
    inner: &Arc<Inner<O>>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    inner.look_at_raw();
    let store = inner.ports.store();
    while now >= inner.gives_up_from() || now < inner.begun {
        let swept = store.sweep(now).await?;
        for customer in swept.customers {
            inner.wake(customer, Wake::News);
        }
        let mut expired = swept.expired;
        expired.retain(|one| !may_become_known(inner, one, now));
        if expired.is_empty() {
            break;
        }
        expire(inner, expired).await?;
    }
    let mut after = None;
    loop {
        let page = store.ready(now, after, PAGE).await?;
        for customer in &page {
            if let Some(desk) = inner.owners.wake_if_due(*customer, now) {
                inner.spawn(crate::owner::run(Arc::clone(inner), *customer, desk));
            }
        }
        after = page.last().copied();
        if page.len() < PAGE {
            return store.next_due(now).await;
        }
    }
}

impl<O: Outside> Inner<O> {
    /// Before, nothing is given up for its time: senders whom nobody answered while the process was down come again first.
    pub(crate) fn gives_up_from(&self) -> Timestamp {
        self.begun.plus_ms(self.limits.parts_ms)
    }
}

/// Whether what it waited for could not be told in its time: the disk is late, or the process was down.
fn may_become_known<O: Outside>(inner: &Inner<O>, expired: &Expired, now: Timestamp) -> bool {
    let is_new = inner.begun <= now && now.ms_since(inner.begun) < PARKED_MS;
    if is_new || inner.late_settles.load(Ordering::SeqCst) > 0 {
        return true;
    }
    match &expired.target {
        Target::Session(integration, session) => inner.opens.is_being_kept(integration, session),
        Target::Addresses(..) | Target::Delivery(..) | Target::Customer(_) => false,
    }
}

/// Events whose conversation nobody knew in time. Their dead letters are on disk in the transaction that drops them.
async fn expire<O: Outside>(
    inner: &Arc<Inner<O>>,
    expired: Vec<Expired>,
) -> Result<(), StoreError> {
    let dead: Vec<(ParkedId, Option<Undelivered>)> = expired
        .iter()
        .map(|expired| (expired.id, kept_words(expired)))
        .collect();
    let letters = dead.iter().filter(|(_, letter)| letter.is_some()).count();
    let accept = Accept {
        expired: dead,
        at: inner.now(),
        ..Accept::default()
    };
    inner.ports.store().accept(accept).await?;
    inner.counts.dead.add(letters);
    for (integration, session) in unknown_sessions(&expired) {
        inner.spawn(end_unknown(Arc::clone(inner), integration, session));
    }
    Ok(())
}

/// The ECE conversations among them, each once.
fn unknown_sessions(expired: &[Expired]) -> BTreeSet<(IntegrationName, EceSession)> {
    let mut sessions = BTreeSet::new();
    for one in expired {
        match &one.target {
            Target::Session(integration, session) => {
                sessions.insert((integration.clone(), session.clone()));
            }
            Target::Delivery(channel, _) => {
                tracing::debug!(%channel, "a receipt names no message of ours");
            }
            Target::Addresses(..) | Target::Customer(_) => {
                tracing::warn!("the store parked an event whose customer is known");
            }
        }
    }
    sessions
}

/// What an agent wrote, sent or showed does not vanish (H6).
fn kept_words(expired: &Expired) -> Option<Undelivered> {
    let (Event::Ece(event), Target::Session(integration, _)) = (&expired.event, &expired.target)
    else {
        return None;
    };
    let content = match &event.happening {
        EceHappening::Said { text, .. }
        | EceHappening::Unknown {
            text,
            by_agent: true,
            ..
        } => text.clone(),
        EceHappening::FileOffered(file) => format!("[file: {}]", file.name),
        EceHappening::PagePushed { url } => url.clone(),
        EceHappening::Assigned { .. }
        | EceHappening::Transferred(_)
        | EceHappening::FileAccepted { .. }
        | EceHappening::FileRejected { .. }
        | EceHappening::Completed { .. }
        | EceHappening::Unknown {
            by_agent: false, ..
        } => return None,
    };
    if content.trim().is_empty() {
        return None;
    }
    Some(Undelivered {
        kind: DeadKind::Message,
        scope: Some(Scope::Integration(integration.clone())),
        conversation: None,
        key: None,
        reason: "ECE sent it for a conversation that nobody here knows".to_owned(),
        content,
        replay: Some((expired.target.clone(), expired.event.clone())),
    })
}

/// Ends an ECE conversation that nobody knows: its start's answer was lost. Not made durable: ECE ends it itself in the end.
async fn end_unknown<O: Outside>(
    inner: Arc<Inner<O>>,
    integration: IntegrationName,
    session: EceSession,
) {
    for attempt in 1..=END_ATTEMPTS {
        match inner.ports.ece().end(&integration, &session).await {
            Ok(()) => {
                tracing::info!(%integration, %session, "ended an ECE conversation that nobody here knows");
                return;
            }
            Err(error) => {
                tracing::warn!(%integration, %session, %error, attempt, "cannot end an unknown ECE conversation");
            }
        }
        tokio::select! {
            biased;
            () = inner.stopping.cancelled() => return,
            () = inner.sleep_ms(inner.limits.backoff_first_ms << attempt) => {}
        }
    }
}
