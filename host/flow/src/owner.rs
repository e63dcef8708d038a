//! The one task that works for a customer: steps what came in, delivers what is due, ends when nothing is.
//!
//! State is read once and kept in memory while the owner lives; only the inbox is asked for again, when somebody left a
//! message on its desk. Events are stepped before anything new goes out, so a delivery is always begun in the latest state
//! (H14). Attempts run beside it as tasks of their own, one a lane; each settles itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;
use trunkline_core::customer::Customer;
use trunkline_core::id::{CustomerId, TimerName, Timestamp};
use trunkline_core::message::Address;

use crate::deliver::Finished;
use crate::flow::{Inner, Outside};
use crate::lanes::{LaneId, Lanes};
use crate::owners::{Desk, Retired};
use crate::ports::{Clock, InboxEvent, Step, Stepped, Store, StoreError};
use crate::step::{Batch, SettledBelow, settled_below};

/// The owner's deliveries: what is due, what is under way, what became of it.
mod deliveries;

/// The event at the head of the inbox that its plugin has to complete.
mod resolving;

/// First and longest wait for a store that cannot write, in ms.
const STORE_WAIT_MS: (u64, u64) = (100, 5_000);

/// A customer whose owner broke off is left alone for so many ms.
const BROKEN_OFF_MS: u64 = 60_000;

/// Wait after a bug stopped a delivery, in ms.
const STUMBLE_MS: u64 = 5_000;

/// An owner's memory.
struct Owner<O> {
    inner: Arc<Inner<O>>,
    desk: Arc<Desk>,
    customer: Customer,
    revision: u64,
    addresses: Vec<Address>,
    peer_state: Vec<(String, String)>,
    inbox: VecDeque<InboxEvent>,
    /// The store may hold more than `inbox`.
    inbox_full: bool,
    /// What ECE had settled before `inbox` was read, so that all reports about it are there.
    settled: SettledBelow,
    timers: BTreeMap<TimerName, Timestamp>,
    lanes: Lanes,
    running: JoinSet<Done>,
    /// The inbox row that its plugin is completing.
    resolving: Option<i64>,
    /// One attempt at a time gives numbers to frames of the customer's log.
    numbering: Arc<tokio::sync::Mutex<()>>,
    /// A bug stopped a delivery.
    stumbled: bool,
    /// Lanes with an attempt of which the store knew otherwise: none is under way there, and none begins before it is read anew.
    lost: BTreeSet<LaneId>,
}

/// What a task of the owner comes back with.
enum Done {
    /// An attempt at a delivery.
    Attempt(Finished),
    /// The inbox may hold something else now.
    Resolved,
}

/// How a life in memory ended.
enum End {
    /// Nothing is due: the owner is gone.
    Gone,
    /// Memory and store differ: load again, beside what goes on.
    Reload(GoesOn),
}

/// What goes on while an owner's memory is read anew: an attempt may take half an hour, with a file.
#[derive(Default)]
struct GoesOn {
    lanes: Lanes,
    lost: BTreeSet<LaneId>,
    running: JoinSet<Done>,
    resolving: Option<i64>,
    numbering: Arc<tokio::sync::Mutex<()>>,
}

/// The owner's task.
pub(crate) async fn run<O: Outside>(inner: Arc<Inner<O>>, customer: CustomerId, desk: Arc<Desk>) {
    let mut guard = Guard {
        inner: Arc::clone(&inner),
        customer,
        armed: true,
    };
    let mut under_way = GoesOn::default();
    loop {
        let going_on = std::mem::take(&mut under_way);
        let Some(owner) = Owner::load(&inner, customer, &desk, going_on).await else {
            if inner.leave_place(customer, &desk, None) {
                break;
            }
            continue;
        };
        match Box::pin(owner.work()).await {
            End::Gone => break,
            End::Reload(goes_on) => under_way = goes_on,
        }
    }
    guard.armed = false;
}

/// Gives the place back when the owner breaks off by a panic: a bug, but one that must cost only this customer a minute.
struct Guard<O: Outside> {
    inner: Arc<Inner<O>>,
    customer: CustomerId,
    armed: bool,
}

impl<O: Outside> Drop for Guard<O> {
    fn drop(&mut self) {
        if !self.armed || !std::thread::panicking() {
            return;
        }
        tracing::error!(customer = %self.customer, "a bug stopped the work for a customer; it is tried again in a minute");
        let until = self.inner.now().plus_ms(BROKEN_OFF_MS);
        let next = self.inner.owners.lost(self.customer, until);
        self.inner.start_next(next);
        self.inner.ticker.look_at(until);
    }
}

impl<O: Outside> Inner<O> {
    /// What ran out while the process was down waits a little: what happened meanwhile is told first, by those whom nobody answered.
    fn not_at_once(
        &self,
        mut timers: BTreeMap<TimerName, Timestamp>,
    ) -> BTreeMap<TimerName, Timestamp> {
        for at in timers.values_mut().filter(|at| **at < self.begun) {
            *at = self.gives_up_from();
        }
        timers
    }

    /// True: the owner is gone, and whoever waited for its place has it.
    fn leave_place(
        self: &Arc<Self>,
        customer: CustomerId,
        desk: &Desk,
        until: Option<Timestamp>,
    ) -> bool {
        match self.owners.retire(customer, desk, until) {
            Retired::Stays if self.stopping.is_cancelled() => true,
            Retired::Stays => false,
            Retired::Gone(next) => {
                self.start_next(next);
                if let Some(until) = until {
                    self.ticker.look_at(until);
                }
                true
            }
        }
    }

    fn start_next(self: &Arc<Self>, next: Option<(CustomerId, Arc<Desk>)>) {
        if let Some((customer, desk)) = next
            && !self.stopping.is_cancelled()
        {
            self.spawn(run(Arc::clone(self), customer, desk));
        }
    }
}

impl<O: Outside> Owner<O> {
    /// Reads everything; tries again while the store cannot. None: no such customer, or the flow stops.
    async fn load(
        inner: &Arc<Inner<O>>,
        id: CustomerId,
        desk: &Arc<Desk>,
        mut under_way: GoesOn,
    ) -> Option<Self> {
        let limit = inner.limits.batch.max(1);
        let mut waits = Waits::default();
        loop {
            if inner.stopping.is_cancelled() {
                while under_way.running.join_next().await.is_some() {}
                return None;
            }
            desk.take_reload();
            desk.take_news();
            match inner.ports.store().load(id, limit).await {
                Ok(None) => return None,
                Ok(Some(loaded)) => {
                    let wait = inner.limits.open_unknown_ms;
                    let mut lanes = Lanes::load(loaded.outbox, limit, wait);
                    lanes.go_on(under_way.lanes, &under_way.lost);
                    return Some(Self {
                        settled: settled_below(&loaded.customer, &lanes),
                        inner: Arc::clone(inner),
                        desk: Arc::clone(desk),
                        customer: loaded.customer,
                        revision: loaded.revision,
                        addresses: loaded.addresses,
                        peer_state: loaded.peer_state,
                        inbox_full: loaded.inbox.len() >= limit,
                        inbox: loaded.inbox.into(),
                        timers: inner.not_at_once(loaded.timers),
                        lanes,
                        running: under_way.running,
                        resolving: under_way.resolving,
                        numbering: under_way.numbering,
                        stumbled: false,
                        lost: BTreeSet::new(),
                    });
                }
                Err(error) => waits.after(inner, "load a customer", &error).await,
            }
        }
    }

    async fn work(mut self) -> End {
        loop {
            if self.desk.take_reload() || self.lanes.incomplete() {
                return self.end_for_reload().await;
            }
            if self.inner.stopping.is_cancelled() {
                return self.end_for_good().await;
            }
            if self.read_news().await.is_err() || self.step().await.is_err() {
                return self.end_for_reload().await;
            }
            if self.has_event(self.inner.now()) {
                continue;
            }
            self.begin_resolve();
            self.begin_deliveries();
            if self.wait().await {
                return End::Gone;
            }
        }
    }

    /// Memory is read anew. After a bug nobody knows what is still under way: all of it settles first.
    async fn end_for_reload(mut self) -> End {
        if !self.stumbled {
            return End::Reload(GoesOn {
                lanes: self.lanes,
                lost: self.lost,
                running: self.running,
                resolving: self.resolving,
                numbering: self.numbering,
            });
        }
        while let Some(finished) = self.running.join_next().await {
            self.note(finished);
        }
        self.inner.sleep_ms(STUMBLE_MS).await;
        End::Reload(GoesOn::default())
    }

    async fn end_for_good(mut self) -> End {
        while let Some(finished) = self.running.join_next().await {
            self.note(finished);
        }
        let id = self.customer.id;
        self.inner.leave_place(id, &self.desk, None);
        End::Gone
    }

    /// Asks for the inbox when somebody left a message, or when there was more than fits.
    async fn read_news(&mut self) -> Result<(), StoreError> {
        let more = self.inbox_full && self.inbox.is_empty();
        if !self.desk.take_news() && !more {
            return Ok(());
        }
        let limit = self.inner.limits.batch.max(1);
        self.settled = settled_below(&self.customer, &self.lanes);
        let store = self.inner.ports.store();
        match store.news(self.customer.id, limit).await {
            Ok(news) => {
                self.inbox_full = news.inbox.len() >= limit;
                self.inbox = news.inbox.into();
                self.addresses = news.addresses;
                self.peer_state = news.peer_state;
                Ok(())
            }
            Err(error) => {
                Waits::default()
                    .after(&self.inner, "read a customer's inbox", &error)
                    .await;
                Err(error)
            }
        }
    }

    fn has_event(&self, now: Timestamp) -> bool {
        let timer = self.next_timer().is_some_and(|at| at <= now);
        timer
            || self
                .inbox
                .front()
                .is_some_and(|head| !self.waits(head, now))
    }

    /// The next timer. One that fires after an event came whose plugin has to complete it waits behind that event.
    fn next_timer(&self) -> Option<Timestamp> {
        let first = self.timers.values().min().copied()?;
        let head = self.inbox.front();
        let behind =
            head.is_some_and(|head| self.waits(head, self.inner.now()) && first >= head.arrived);
        (!behind).then_some(first)
    }

    /// Takes what came in, up to a batch, through the core and commits what it asks for.
    async fn step(&mut self) -> Result<(), StoreError> {
        let now = self.inner.now();
        if !self.has_event(now) {
            return Ok(());
        }
        self.tell_attempts().await;
        let settings = self.inner.settings();
        let barrier = self.inbox.iter().find(|event| self.waits(event, now));
        let barrier = barrier.map(|event| event.row);
        let mut batch = Batch::new(&self.customer, &self.timers, barrier, now);
        batch.fill(
            &self.inner.core,
            &settings,
            &self.inbox,
            &self.lanes,
            self.inner.limits.batch.max(1),
        );
        if !self.inbox_full {
            batch.forget_taken(&self.inbox, &self.settled);
        }
        // An attempt under way on a cancelled lane would go out after all.
        self.await_attempts(&batch.cancelled_lanes()).await;
        let events = batch.events;
        let (mut step, signals) = batch.into_step(self.revision);
        let Stepped { revision, masked } = self.commit(&step).await?;
        self.inner.counts.stepped.add(events);
        let letters = step.dead.len() + step.failed.len();
        self.inner.counts.dead.add(letters);
        if letters > 0 {
            tracing::warn!(
                customer = %step.customer.id,
                letters,
                "nobody gets what was said: `trunkline dead-letters list` says why"
            );
        }
        for kept in masked {
            let mut all = step.deliveries.iter_mut();
            if let Some(delivery) = all.find(|delivery| delivery.id == kept.id) {
                *delivery = kept;
            }
        }
        self.remember(step, revision);
        for signal in signals {
            self.show(signal);
        }
        Ok(())
    }

    async fn commit(&self, step: &Step) -> Result<Stepped, StoreError> {
        let mut waits = Waits::default();
        loop {
            match self.inner.ports.store().step(step.clone()).await {
                Ok(stepped) => return Ok(stepped),
                Err(error @ StoreError::Stale(_)) => {
                    tracing::info!(customer = %step.customer.id, %error, "reads a customer anew");
                    return Err(error);
                }
                Err(error) => {
                    waits.after(&self.inner, "commit a step", &error).await;
                    if self.inner.stopping.is_cancelled() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Memory follows the store.
    fn remember(&mut self, step: Step, revision: u64) {
        self.revision = revision;
        self.customer = step.customer;
        self.inbox
            .drain(..step.consumed.len().min(self.inbox.len()));
        for (name, at) in step.timers {
            match at {
                Some(at) => self.timers.insert(name, at),
                None => self.timers.remove(&name),
            };
        }
        for (conversation, lane, _) in step.cancelled {
            self.lanes.cancel((conversation, lane));
        }
        self.lanes.remove(&step.settled);
        self.lanes.tell(step.told, step.at);
        for delivery in step.deliveries {
            self.lanes.push(delivery, step.at);
        }
    }

    /// Until something happens. True: nothing will for a while, and the owner is gone.
    async fn wait(&mut self) -> bool {
        let now = self.inner.now();
        let next = self.next_due(now);
        let soon = now.plus_ms(self.inner.limits.linger_ms);
        let soon = next.filter(|next| *next <= soon);
        if self.running.is_empty() && soon.is_none() {
            return self.inner.leave_place(self.customer.id, &self.desk, next);
        }
        let due = async {
            match next {
                Some(next) => self.inner.ports.clock().sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(finished) = self.running.join_next(), if !self.running.is_empty() => {
                self.note(finished);
            }
            () = self.desk.bell() => {}
            () = due => {}
            () = self.inner.stopping.cancelled() => {}
        }
        false
    }
}

/// Waits between attempts at a store that cannot do it.
#[derive(Debug, Default)]
pub(crate) struct Waits(u32);

impl Waits {
    /// Says why, and waits longer each time; a stop ends the wait.
    pub(crate) async fn after<O: Outside>(
        &mut self,
        inner: &Inner<O>,
        doing: &str,
        error: &StoreError,
    ) {
        tracing::warn!(doing, %error, "the store does not answer; tried again");
        let (first, longest) = STORE_WAIT_MS;
        let wait = (first << self.0.min(16)).min(longest);
        self.0 += 1;
        tokio::select! {
            biased;
            () = inner.abandoned.cancelled() => {}
            () = inner.sleep_ms(wait) => {}
        }
    }
}
