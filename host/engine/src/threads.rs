//! The threads guests run on: as many as there are cores, and one more.
//!
//! Waiting calls queue by plugin and are taken in turn. A plugin holds at most as many threads as
//! there are cores, so one is always left for the others, whatever one plugin does. The queue is
//! bounded: a caller that finds it full waits, within the deadline of its call.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};
use trunkline_core::id::PluginName;

use crate::runtime::WASM_STACK_BYTES;

/// Calls of one plugin that wait for a thread; more wait in their callers.
const WAITING_MAX: usize = 512;

/// The guest's stack and room for the host functions on top of it.
const THREAD_STACK_BYTES: usize = WASM_STACK_BYTES + (3 << 20);

type Job = Box<dyn FnOnce() + Send>;

/// No thread did the work: it panicked, or the engine is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the guest thread gave up: the host's log says why")]
pub(crate) struct ThreadGone;

/// The threads. Dropping this ends them after what they are doing.
pub(crate) struct GuestThreads {
    shared: Arc<Shared>,
}

struct Shared {
    /// How many threads one plugin may hold.
    share: usize,
    state: Mutex<State>,
    wake: Condvar,
    slots: Mutex<BTreeMap<PluginName, Arc<Semaphore>>>,
}

#[derive(Default)]
struct State {
    /// Whose turn it is: each plugin with waiting jobs once.
    turns: VecDeque<PluginName>,
    waiting: BTreeMap<PluginName, VecDeque<Job>>,
    running: BTreeMap<PluginName, usize>,
    closed: bool,
}

impl GuestThreads {
    /// Starts `cores + 1` threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(cores: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            share: cores.max(1),
            state: Mutex::default(),
            wake: Condvar::new(),
            slots: Mutex::default(),
        });
        for number in 0..=shared.share {
            let shared = shared.clone();
            thread::Builder::new()
                .name(format!("guest-{number}"))
                .stack_size(THREAD_STACK_BYTES)
                .spawn(move || shared.work())?;
        }
        Ok(Self { shared })
    }

    /// Runs the work on a guest thread, in the plugin's turn.
    ///
    /// # Errors
    /// The work panicked, or the threads are ending.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        plugin: &PluginName,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ThreadGone> {
        let slots = self.shared.slots_of(plugin);
        let slot = slots.acquire_owned().await.map_err(|_| ThreadGone)?;
        let (done, result) = oneshot::channel();
        self.shared.queue(
            plugin,
            Box::new(move || {
                let _slot = slot;
                // A caller that went away does not want the result.
                let _ = done.send(work());
            }),
        );
        result.await.map_err(|_| ThreadGone)
    }
}

impl Drop for GuestThreads {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    /// A panic while the lock was held cannot leave the queue half changed: every change is one call.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots_of(&self, plugin: &PluginName) -> Arc<Semaphore> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(WAITING_MAX));
        slots.entry(plugin.clone()).or_insert_with(new).clone()
    }

    fn queue(&self, plugin: &PluginName, job: Job) {
        let mut state = self.state();
        let waiting = state.waiting.entry(plugin.clone()).or_default();
        waiting.push_back(job);
        if waiting.len() == 1 {
            state.turns.push_back(plugin.clone());
        }
        drop(state);
        self.wake.notify_one();
    }

    fn work(&self) {
        while let Some((plugin, job)) = self.next() {
            // The job's sender is dropped with it: its caller learns of the panic.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!(%plugin, "a guest thread panicked: this is a bug of the host");
            }
            self.finished(&plugin);
        }
    }

    fn next(&self) -> Option<(PluginName, Job)> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(found) = state.take(self.share) {
                return Some(found);
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finished(&self, plugin: &PluginName) {
        let mut state = self.state();
        if let Some(running) = state.running.get_mut(plugin) {
            *running = running.saturating_sub(1);
        }
    }
}

impl State {
    /// The next job of the first plugin in turn that may have another thread.
    fn take(&mut self, share: usize) -> Option<(PluginName, Job)> {
        let may_run = |plugin: &PluginName| self.running.get(plugin).copied().unwrap_or(0) < share;
        let index = self.turns.iter().position(may_run)?;
        let plugin = self.turns.remove(index)?;
        let waiting = self.waiting.get_mut(&plugin)?;
        let job = waiting.pop_front()?;
        if !waiting.is_empty() {
            self.turns.push_back(plugin.clone());
        }
        *self.running.entry(plugin.clone()).or_default() += 1;
        Some((plugin, job))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_plugin_never_holds_the_last_thread() {
        let threads = Arc::new(GuestThreads::start(2).unwrap());
        let (release, held) = sync_channel::<()>(0);
        let held = Arc::new(Mutex::new(held));
        for _ in 0..5 {
            let threads = threads.clone();
            let held = held.clone();
            tokio::spawn(async move {
                let wait = move || drop(held.lock().map(|held| held.recv()));
                threads.run(&PluginName::from("greedy"), wait).await
            });
        }
        let other = threads.run(&PluginName::from("other"), || 7).await;
        assert_eq!(other, Ok(7));
        drop(release);
    }

    #[tokio::test]
    async fn a_panic_ends_its_caller_and_no_other() {
        let threads = GuestThreads::start(1).unwrap();
        let plugin = PluginName::from("p");
        let broken: Result<(), _> = threads.run(&plugin, || panic!("as intended")).await;
        assert_eq!(broken, Err(ThreadGone));
        assert_eq!(threads.run(&plugin, || 1).await, Ok(1));
        assert_eq!(threads.run(&plugin, || 2).await, Ok(2));
    }
}
