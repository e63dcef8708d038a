use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Effect, SignalEffect};
use trunkline_core::event::{Event, Signal};
use trunkline_core::id::Timestamp;
use trunkline_core::settings::Settings;

use crate::limits::Limits;
use crate::opens::Opens;
use crate::owners::{Owners, Wake};
use crate::pauses::Pauses;
use crate::ports::{Clock, DeadLetterId, Discard, Ece, Fired, Plugins, Scope, Store, StoreError};
use crate::raw::RawGates;
use crate::signal::Signals;
use crate::sockets::Sockets;
use crate::status::{Counts, Status};
use crate::timers::Ticker;

/// The outside, as flow is given it.
#[derive(Debug)]
pub struct Ports<S, P, E, C> {
    /// What survives a restart.
    pub store: S,
    /// Channel and bot plugins.
    pub plugins: P,
    /// ECE.
    pub ece: E,
    /// Time.
    pub clock: C,
}

/// The four ports under one name, so that the inside has one type parameter.
pub(crate) trait Outside: Send + Sync + 'static {
    type Store: Store;
    type Plugins: Plugins;
    type Ece: Ece;
    type Clock: Clock;

    fn store(&self) -> &Self::Store;
    fn plugins(&self) -> &Self::Plugins;
    fn ece(&self) -> &Self::Ece;
    fn clock(&self) -> &Self::Clock;
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Outside for Ports<S, P, E, C> {
    type Store = S;
    type Plugins = P;
    type Ece = E;
    type Clock = C;

    fn store(&self) -> &S {
        &self.store
    }

    fn plugins(&self) -> &P {
        &self.plugins
    }

    fn ece(&self) -> &E {
        &self.ece
    }

    fn clock(&self) -> &C {
        &self.clock
    }
}

/// The decisions, as functions: the core's own, or a test's.
#[derive(Debug, Clone, Copy)]
pub struct Core {
    /// [`trunkline_core::handle::handle`].
    pub handle: fn(&Settings, &mut Customer, Timestamp, Event) -> Vec<Effect>,
    /// [`trunkline_core::handle::signal`].
    pub signal: fn(&Settings, &Customer, &Signal) -> Option<SignalEffect>,
}

impl Default for Core {
    fn default() -> Self {
        Self {
            handle: trunkline_core::handle::handle,
            signal: trunkline_core::handle::signal,
        }
    }
}

/// Carries events in and effects out. Cheap to clone: all clones are the same flow.
///
/// Made inside a tokio runtime; its tasks end with [`shutdown`](Flow::shutdown) or with the runtime, at any moment without
/// harm.
pub struct Flow<S: Store, P: Plugins, E: Ece, C: Clock> {
    pub(crate) inner: Arc<Inner<Ports<S, P, E, C>>>,
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Clone for Flow<S, P, E, C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> std::fmt::Debug for Flow<S, P, E, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").finish_non_exhaustive()
    }
}

/// What all tasks of a flow share.
pub(crate) struct Inner<O> {
    pub(crate) ports: O,
    pub(crate) limits: Limits,
    pub(crate) core: Core,
    settings: RwLock<Arc<Settings>>,
    pub(crate) owners: Owners,
    pub(crate) pauses: Pauses,
    pub(crate) opens: Opens,
    /// When this life of the process began.
    pub(crate) begun: Timestamp,
    /// Settles that the store refused so far, and that are tried again.
    pub(crate) late_settles: AtomicUsize,
    pub(crate) ticker: Ticker,
    pub(crate) raw: RawGates,
    pub(crate) signals: Signals,
    pub(crate) sockets: Sockets,
    pub(crate) counts: Counts,
    pub(crate) tasks: TaskTracker,
    /// Nothing new begins.
    pub(crate) stopping: CancellationToken,
    /// The shutdown's deadline has passed: everything stops where it is.
    pub(crate) abandoned: CancellationToken,
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// Starts to work on whatever the store holds: what is due is found page by page, as later on.
    pub fn new(ports: Ports<S, P, E, C>, settings: Arc<Settings>, limits: Limits) -> Self {
        Self::with_core(ports, settings, limits, Core::default())
    }

    /// As `new`, with other decisions: for tests of flow alone.
    pub fn with_core(
        ports: Ports<S, P, E, C>,
        settings: Arc<Settings>,
        limits: Limits,
        core: Core,
    ) -> Self {
        let now = ports.clock.now();
        let inner = Arc::new(Inner {
            owners: Owners::new(limits.owners_max),
            signals: Signals::new(limits.signals_max),
            sockets: Sockets::new(limits.sockets_max, limits.socket_signals_max),
            opens: Opens::new(now),
            begun: now,
            late_settles: AtomicUsize::new(0),
            pauses: Pauses::default(),
            ticker: Ticker::default(),
            raw: RawGates::default(),
            counts: Counts::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            abandoned: CancellationToken::new(),
            settings: RwLock::new(settings),
            ports,
            limits,
            core,
        });
        inner.spawn(crate::timers::run(Arc::clone(&inner)));
        Self { inner }
    }

    /// From the next event on, these hold.
    pub fn set_settings(&self, settings: Arc<Settings>) {
        let mut held = self
            .inner
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = settings;
    }

    /// The store it was given.
    pub fn store(&self) -> &S {
        &self.inner.ports.store
    }

    /// The plugins it was given.
    pub fn plugins(&self) -> &P {
        &self.inner.ports.plugins
    }

    /// The ECE it was given.
    pub fn ece(&self) -> &E {
        &self.inner.ports.ece
    }

    /// Counts since the start.
    pub fn status(&self) -> Status {
        let (owners, waiting) = self.inner.owners.counts();
        let sockets = self.inner.sockets.open();
        self.inner.counts.status(owners, waiting, sockets)
    }

    /// Puts a dead letter back on its way.
    ///
    /// # Errors
    /// `Broken` with a reason when there is none of this number or it cannot be replayed; else the store's.
    pub async fn replay(&self, id: DeadLetterId) -> Result<Fired, StoreError> {
        let fired = self.inner.ports.store.replay(id, self.inner.now()).await?;
        match &fired {
            Fired::Customer(customer) => self.inner.wake(*customer, Wake::Reload),
            Fired::Raw(scope) => self.inner.read_soon(scope),
        }
        Ok(fired)
    }

    /// Says that dead letters are dealt with; gives their numbers.
    ///
    /// # Errors
    /// `Broken` with a reason when there is none of one of these numbers, or it was discarded before; else the store's.
    pub async fn discard(&self, which: Discard) -> Result<Vec<DeadLetterId>, StoreError> {
        self.inner
            .ports
            .store
            .discard(which, self.inner.now())
            .await
    }

    /// Takes nothing more (webhooks and callbacks get 503), lets attempts that are under way settle, and returns when all
    /// have or `deadline` is past; then the rest is abandoned where it stands, as in a crash. True: all had settled.
    pub async fn shutdown(&self, deadline: Timestamp) -> bool {
        let inner = &self.inner;
        inner.stopping.cancel();
        inner.tasks.close();
        let settled = tokio::select! {
            biased;
            () = inner.tasks.wait() => true,
            () = inner.ports.clock.sleep_until(deadline) => false,
        };
        inner.abandoned.cancel();
        settled
    }
}

impl<O: Outside> Inner<O> {
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock().now()
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        let held = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// The end of a pause that is longer than a customer waits for an answer to a start.
    pub(crate) fn long_pause(&self, scope: &Scope, now: Timestamp) -> Option<Timestamp> {
        let end = self.pauses.until(scope, now)?;
        (end.ms_since(now) > self.limits.open_unknown_ms).then_some(end)
    }

    /// Runs a task that a shutdown waits for.
    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let abandoned = self.abandoned.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = abandoned.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs to its end even when the caller goes away (a provider hangs up), so that what was stored is also followed up.
    /// None: a bug stopped it.
    pub(crate) async fn undisturbed<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let done = self.tasks.spawn(work).await;
        // Its text may hold what people wrote (H9): the panic hook names the place.
        let tell = |error: &tokio::task::JoinError| {
            let panicked = error.is_panic();
            tracing::error!(panicked, "a bug stopped a call that came in");
        };
        done.inspect_err(tell).ok()
    }

    pub(crate) async fn sleep_ms(&self, wait_ms: u64) {
        let until = self.now().plus_ms(wait_ms);
        self.ports.clock().sleep_until(until).await;
    }

    /// Runs a future until `wait_ms` have passed: `None` then.
    pub(crate) async fn within<T>(
        &self,
        wait_ms: u64,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            done = future => Some(done),
            () = self.sleep_ms(wait_ms) => None,
        }
    }

    /// Something of this customer is to be done: starts their owner, or tells it.
    pub(crate) fn wake(self: &Arc<Self>, customer: trunkline_core::id::CustomerId, wake: Wake) {
        if self.stopping.is_cancelled() {
            return;
        }
        if let Some(desk) = self.owners.wake(customer, wake) {
            self.spawn(crate::owner::run(Arc::clone(self), customer, desk));
        }
    }
}
