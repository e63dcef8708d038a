//! State behind one lock that tests can wait for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What was waited for did not happen in time.
#[derive(Debug, thiserror::Error)]
#[error("the stand-in did not get there in {waited:?}: {state}")]
pub struct DeadlinePassed {
    /// The deadline given.
    pub waited: Duration,
    /// How far it got, in the stand-in's words.
    pub state: String,
}

/// State of a stand-in. The lock is held for moments only, never across an await.
#[derive(Debug)]
pub struct Watched<T> {
    state: Mutex<T>,
    changed: watch::Sender<u64>,
}

impl<T> Watched<T> {
    /// With this to begin with.
    pub fn new(state: T) -> Self {
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
        }
    }

    /// To look at, or to change what nobody waits for.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        // A panic in a test's predicate must not hide what the ledger knows.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes those who wait.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.send_modify(|version| *version += 1);
        result
    }

    /// Yields a new number after each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until the state satisfies `predicate`, asked anew after each change; `tell` says for the error how far
    /// it got.
    ///
    /// # Errors
    /// It did not within `deadline`.
    pub async fn wait_for(
        &self,
        mut predicate: impl FnMut(&T) -> bool,
        deadline: Duration,
        tell: impl FnOnce(&T) -> String,
    ) -> Result<(), DeadlinePassed> {
        let mut changes = self.changes();
        let satisfied = async {
            while !predicate(&self.lock()) {
                // The sender lives as long as `self`.
                let _ = changes.changed().await;
            }
        };
        if tokio::time::timeout(deadline, satisfied).await.is_ok() {
            return Ok(());
        }
        Err(DeadlinePassed {
            waited: deadline,
            state: tell(&self.lock()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_wakes_who_waits_for_it() {
        let watched = Watched::new(0);
        let waiting = watched.wait_for(|n| *n == 2, Duration::from_secs(60), |n| n.to_string());
        let changing = async {
            watched.change(|n| *n += 1);
            tokio::task::yield_now().await;
            watched.change(|n| *n += 1);
        };
        let (waited, ()) = tokio::join!(waiting, changing);
        assert!(waited.is_ok());
    }

    #[tokio::test]
    async fn the_error_says_how_far_it_got() {
        let watched = Watched::new(7);
        let waited = watched
            .wait_for(|n| *n == 8, Duration::ZERO, |n| format!("{n} sent"))
            .await;
        let told = waited.expect_err("nobody changed it").to_string();
        assert!(told.ends_with("7 sent"), "{told}");
    }
}
