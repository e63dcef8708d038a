//! What all parts of a running stand-in share. Locks are held for moments, never across an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::callbacks::{Callbacks, Webhook};
use crate::config::EceConfig;
use crate::desk::{Desk, Effect};
use crate::faults::{Fault, FaultPlan, Operation};
use crate::files;
use crate::sessions::Sessions;
use stand_in::Outage;

pub(crate) struct Shared {
    pub(crate) config: EceConfig,
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
    pub(crate) webhook: watch::Sender<Webhook>,
    pub(crate) callbacks: Callbacks,
    /// Streams end and listeners close.
    pub(crate) stopping: watch::Sender<bool>,
    changed: watch::Sender<u64>,
    desk: Mutex<Desk>,
    sessions: Mutex<Sessions>,
    faults: Mutex<FaultPlan>,
}

impl Shared {
    pub(crate) fn new(config: EceConfig, base_url: String, client: reqwest::Client) -> Self {
        let file_base = format!(
            "{base_url}{}/ws/v19/messaging/attachment",
            config.context_root
        );
        Self {
            base_url,
            client,
            outage: watch::Sender::new(Outage::None),
            webhook: watch::Sender::new(Webhook {
                config: config.callback.clone(),
                deactivated: false,
            }),
            callbacks: Callbacks::new(config.callback.lanes),
            stopping: watch::Sender::new(false),
            changed: watch::Sender::new(0),
            desk: Mutex::new(Desk::new(&config, file_base)),
            sessions: Mutex::default(),
            faults: Mutex::default(),
            config,
        }
    }

    /// Works on the contact centre, then lets out what follows, in order and under the same lock.
    pub(crate) fn with_desk<T>(self: &Arc<Self>, work: impl FnOnce(&mut Desk) -> T) -> T {
        // A panic in a test's predicate must not hide what the ledger knows.
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut desk);
        for effect in desk.take_outbox() {
            self.carry_out(effect);
        }
        drop(desk);
        self.changed.send_modify(|version| *version += 1);
        result
    }

    /// Looks at the contact centre.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Desk) -> T) -> T {
        look(&self.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault of a call, used up by asking.
    pub(crate) fn take_fault(&self, operation: Operation) -> Option<Fault> {
        // Most calls have none: nobody is told of those.
        let none = self.faults().waiting().next().is_none();
        if none {
            return None;
        }
        self.change_faults(|faults| faults.take(operation))
    }

    /// Changes the faults, and tells whoever looks on.
    pub(crate) fn change_faults<T>(&self, change: impl FnOnce(&mut FaultPlan) -> T) -> T {
        let result = change(&mut self.faults());
        // The lock is free again: whoever is told looks at the faults.
        self.changed.send_modify(|version| *version += 1);
        result
    }

    fn carry_out(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::CallBack { place, message } => self.callbacks.push(place, message),
            Effect::Fetch { place, seen, url } => {
                let shared = Arc::clone(self);
                tokio::spawn(async move { files::fetch(&shared, place, seen, &url).await });
            }
            Effect::Later {
                place,
                agent,
                rule,
                text,
            } => {
                let shared = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(rule.after_ms)).await;
                    shared.with_desk(|desk| desk.run_late(place, agent, &rule, &text));
                });
            }
        }
    }
}
