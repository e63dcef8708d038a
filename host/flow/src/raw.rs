//! Calls that wait for a working plugin: of providers, and of bots' servers.
//!
//! They are read in arrival order, before any later call is accepted: the first call that a plugin can read again reads those
//! that wait first, and joins them when that fails, so nothing overtakes them (H8). The ticker tries as well, so none is forgotten. One that two versions of the plugin trapped on is a dead letter;
//! so is one that waited a week for a second version, and one whose channel or bot is not configured any more. Its replay puts it back here, for a version that was mended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::id::{BotName, ChannelName, Timestamp};

use crate::accept::{accept_all, accept_received, nobody_reads, only_dead, unreadable};
use crate::callback::Callback;
use crate::flow::{Flow, Inner, Outside};
use crate::ports::{
    Accept, Clock, Ece, PluginVersion, Plugins, RawCall, ReceiveError, Reception, Scope, Store,
    StoreError,
};
use crate::webhook::refusal_for_log;

/// All of a channel or bot: the store keeps no more.
const RAW_CALLS_MAX: usize = 10_000;

/// Versions that must have trapped on a call before it counts as unreadable.
const TRAPS_MAX: usize = 2;

/// A call that one version trapped on waits this long for another, in ms.
const LEFT_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// After the store failed to give or take them, in ms.
const AGAIN_MS: u64 = 2_000;

/// What is known about waiting calls, a channel or bot.
#[derive(Debug, Default)]
pub(crate) struct RawGates(Mutex<BTreeMap<Scope, Arc<Gate>>>);

/// Whether calls of a channel or bot may wait.
#[derive(Debug)]
struct Gate {
    /// Calls kept so far; from 1, for those of before the start.
    kept: AtomicU64,
    /// `kept` when all were last read.
    read: AtomicU64,
    /// When the first of those that a version trapped on, and that wait for another one, arrived.
    left: AtomicI64,
    /// The log was told that calls wait.
    told: AtomicBool,
    /// Held while they are read.
    reading: tokio::sync::Mutex<()>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            kept: 1.into(),
            read: 0.into(),
            left: i64::MAX.into(),
            told: false.into(),
            reading: tokio::sync::Mutex::default(),
        }
    }
}

impl Gate {
    fn may_wait(&self) -> bool {
        self.kept.load(Ordering::SeqCst) != self.read.load(Ordering::SeqCst)
    }

    /// Those that have waited long enough for another version are to be read once more, to be given up.
    fn look_at_left(&self, now: Timestamp) {
        let left = Timestamp(self.left.load(Ordering::SeqCst));
        if now.ms_since(left) >= LEFT_MS {
            self.left.store(i64::MAX, Ordering::SeqCst);
            self.kept.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl RawGates {
    fn gate(&self, scope: &Scope) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(scope.clone()).or_default())
    }

    /// The first call that is about to wait, until all have been read.
    pub(crate) fn begins_to_wait(&self, scope: &Scope) -> bool {
        !self.gate(scope).told.swap(true, Ordering::SeqCst)
    }

    /// A call was kept.
    pub(crate) fn waits(&self, scope: &Scope) {
        self.gate(scope).kept.fetch_add(1, Ordering::SeqCst);
    }

    /// Bots that were called, or whose calls were read, since the start.
    fn bots(&self) -> Vec<Scope> {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bots = gates.keys().filter(|scope| matches!(scope, Scope::Bot(_)));
        bots.cloned().collect()
    }
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// A plugin became live: reads the calls that wait for it, each with `clock` = its arrival. Refused ones are dropped and
    /// traced; what two versions trapped on becomes a dead letter. Gives how many were taken.
    ///
    /// # Errors
    /// The store's: the rest waits on.
    pub async fn raw_again(&self, scope: &Scope) -> Result<usize, StoreError> {
        let gate = self.inner.raw.gate(scope);
        let _reading = gate.reading.lock().await;
        self.inner.read_waiting(scope, &gate).await
    }
}

impl<O: Outside> Inner<O> {
    /// Before a later call is accepted: those that wait. False: some wait on, and this one has to wait behind them.
    pub(crate) async fn raw_first(self: &Arc<Self>, scope: &Scope) -> bool {
        let gate = self.raw.gate(scope);
        if !gate.may_wait() {
            return true;
        }
        let _reading = gate.reading.lock().await;
        if !gate.may_wait() {
            return true;
        }
        if let Err(error) = self.read_waiting(scope, &gate).await {
            tracing::warn!(%scope, %error, "calls that wait for the plugin wait on");
            self.ticker.look_at(self.now().plus_ms(AGAIN_MS));
        }
        !gate.may_wait()
    }

    /// A call waits again.
    pub(crate) fn read_soon(self: &Arc<Self>, scope: &Scope) {
        self.raw.waits(scope);
        let (inner, scope) = (Arc::clone(self), scope.clone());
        self.spawn(async move {
            inner.raw_first(&scope).await;
        });
    }

    /// The ticker's look at calls that may wait.
    pub(crate) fn look_at_raw(self: &Arc<Self>) {
        let settings = self.settings();
        let channels = settings.channels.keys().cloned().map(Scope::Channel);
        for scope in channels.chain(self.raw.bots()) {
            let gate = self.raw.gate(&scope);
            gate.look_at_left(self.now());
            if gate.may_wait() && gate.reading.try_lock().is_ok() {
                let inner = Arc::clone(self);
                self.spawn(async move {
                    inner.raw_first(&scope).await;
                });
            }
        }
    }

    async fn read_waiting(
        self: &Arc<Self>,
        scope: &Scope,
        gate: &Gate,
    ) -> Result<usize, StoreError> {
        let kept = gate.kept.load(Ordering::SeqCst);
        let mut taken = 0;
        let mut left = i64::MAX;
        for call in self.ports.store().raw_calls(scope, RAW_CALLS_MAX).await? {
            let arrived = call.arrived.0;
            match self.read_one(call).await? {
                Read::Taken => taken += 1,
                Read::Left => left = left.min(arrived),
                Read::NoPlugin => return Ok(taken),
            }
        }
        gate.left.store(left, Ordering::SeqCst);
        gate.read.store(kept, Ordering::SeqCst);
        gate.told.store(false, Ordering::SeqCst);
        Ok(taken)
    }

    async fn read_one(self: &Arc<Self>, call: RawCall) -> Result<Read, StoreError> {
        let scope = &call.scope;
        match self.receive_again(&call).await {
            Ok(Received::Reception(channel, reception)) => {
                let body = &call.request.body;
                accept_received(self, channel, reception.events, body, Some(call.id)).await?;
                Ok(Read::Taken)
            }
            Ok(Received::Callbacks(bot, callbacks)) => {
                let events = self.bot_events(bot, &call.request, callbacks);
                let accept = Accept {
                    events,
                    from_raw: Some(call.id),
                    at: self.now(),
                    ..Accept::default()
                };
                accept_all(self, accept).await?;
                Ok(Read::Taken)
            }
            Err(ReceiveError::Rejected { answer, reason }) => {
                self.counts.refused.one();
                let reason = refusal_for_log(&answer, &reason);
                tracing::info!(
                    %scope,
                    reason,
                    "the plugin refused a call that had waited for it"
                );
                self.drop_raw(&call).await?;
                Ok(Read::Taken)
            }
            Err(ReceiveError::UnknownChannel) => {
                tracing::warn!(%scope, "a call waited for a channel or bot that is gone: see dead letters");
                let dead = nobody_reads(scope, &call.request);
                accept_all(self, only_dead(dead, Some(call.id), self.now())).await?;
                Ok(Read::Taken)
            }
            Err(ReceiveError::NotNow { trapped, .. }) if trapped.is_empty() => Ok(Read::NoPlugin),
            Err(ReceiveError::NotNow {
                reason, trapped, ..
            }) => self.trapped(&call, trapped, &reason).await,
        }
    }

    /// With `clock` = its arrival.
    async fn receive_again<'c>(&self, call: &'c RawCall) -> Result<Received<'c>, ReceiveError> {
        let plugins = self.ports.plugins();
        match &call.scope {
            Scope::Channel(channel) => {
                let reception = plugins
                    .receive(channel, &call.request, call.arrived)
                    .await?;
                Ok(Received::Reception(channel, Box::new(reception)))
            }
            Scope::Bot(bot) => {
                let reception = plugins
                    .bot_receive(bot, &call.request, call.arrived)
                    .await?;
                Ok(Received::Callbacks(bot, reception.callbacks))
            }
            // ECE's calls are read without a plugin.
            Scope::Integration(_) => Err(ReceiveError::UnknownChannel),
        }
    }

    async fn drop_raw(self: &Arc<Self>, call: &RawCall) -> Result<(), StoreError> {
        let accept = Accept {
            from_raw: Some(call.id),
            at: self.now(),
            ..Accept::default()
        };
        accept_all(self, accept).await?;
        Ok(())
    }

    async fn trapped(
        self: &Arc<Self>,
        call: &RawCall,
        trapped: Vec<PluginVersion>,
        reason: &str,
    ) -> Result<Read, StoreError> {
        let mut versions = call.trapped.clone();
        for version in trapped {
            if versions.contains(&version) {
                continue;
            }
            self.ports.store().raw_trapped(call.id, &version).await?;
            versions.push(version);
        }
        let waited = self.now().ms_since(call.arrived);
        if versions.len() < TRAPS_MAX && waited < LEFT_MS {
            return Ok(Read::Left);
        }
        tracing::error!(scope = %call.scope, reason, "a call is unreadable: see dead letters");
        let dead = unreadable(&call.scope, &call.request, reason);
        accept_all(self, only_dead(dead, Some(call.id), self.now())).await?;
        Ok(Read::Taken)
    }
}

/// What a plugin made of a call that waited.
enum Received<'c> {
    Reception(&'c ChannelName, Box<Reception>),
    Callbacks(&'c BotName, Vec<Callback>),
}

/// What became of a waiting call.
enum Read {
    /// It waits no more.
    Taken,
    /// This version trapped on it; the next may not.
    Left,
    /// No plugin works: all wait on.
    NoPlugin,
}
