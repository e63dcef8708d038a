//! Which sockets of this process follow whose log.
//!
//! A follower is only told that the log grew: it reads the store from its own number on, as fast as its client takes it.
//! So nothing is lost or doubled by a message that goes astray in here, and a host that shares its store with others needs no more
//! than to be told of their commits. Signals are the one thing that passes through.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use trunkline_core::id::ChannelName;
use trunkline_core::message::Address;

type Whom = (ChannelName, Address);

/// All sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    max: usize,
    places: Arc<Semaphore>,
    signals_max: usize,
    followers: Arc<Followers>,
}

#[derive(Debug, Default)]
struct Followers(Mutex<BTreeMap<Whom, Vec<Arc<Ear>>>>);

impl Followers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Whom, Vec<Arc<Ear>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one follower is told.
#[derive(Debug, Default)]
struct Ear {
    bell: Notify,
    heard: Mutex<Heard>,
}

/// What a follower has not seen to yet.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The log may have more.
    pub(crate) log_grew: bool,
    /// In order.
    pub(crate) signals: VecDeque<Vec<u8>>,
}

impl Ear {
    fn tell(&self, news: impl FnOnce(&mut Heard)) {
        news(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }
}

/// A socket's place among the sockets; dropping it gives the place free.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// A socket that follows a log, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Follower {
    whom: Whom,
    ear: Arc<Ear>,
    followers: Arc<Followers>,
}

impl Follower {
    /// Returns when there is something to hear. What was told before the call counts.
    pub(crate) async fn told(&self) {
        self.ear.bell.notified().await;
    }

    /// Takes what was heard since the last time.
    pub(crate) fn take(&self) -> Heard {
        let mut heard = self
            .ear
            .heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut heard)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut followers = self.followers.lock();
        if let Some(ears) = followers.get_mut(&self.whom) {
            ears.retain(|ear| !Arc::ptr_eq(ear, &self.ear));
            if ears.is_empty() {
                followers.remove(&self.whom);
            }
        }
    }
}

impl Sockets {
    pub(crate) fn new(max: usize, signals_max: usize) -> Self {
        Self {
            max,
            places: Arc::new(Semaphore::new(max)),
            signals_max,
            followers: Arc::default(),
        }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.max - self.places.available_permits()
    }

    /// A place for one more; none when there are too many.
    pub(crate) fn enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }

    /// Follows the log of whoever has this address, also if nobody has it yet. Hears everything from now on, so the log
    /// is to be read after this.
    pub(crate) fn follow(&self, channel: ChannelName, customer: Address) -> Follower {
        let (whom, ear) = ((channel, customer), Arc::new(Ear::default()));
        let mut followers = self.followers.lock();
        followers
            .entry(whom.clone())
            .or_default()
            .push(Arc::clone(&ear));
        drop(followers);
        Follower {
            whom,
            ear,
            followers: Arc::clone(&self.followers),
        }
    }

    /// A settle has put frames at the end of the log of the customer with these addresses.
    pub(crate) fn log_grew(&self, channel: &ChannelName, customer: &[Address]) {
        for ear in self.ears(channel, customer) {
            ear.tell(|heard| heard.log_grew = true);
        }
    }

    /// Frames for whoever is attached now.
    pub(crate) fn signal(&self, channel: &ChannelName, customer: &[Address], frames: &[Vec<u8>]) {
        if frames.is_empty() {
            return;
        }
        for ear in self.ears(channel, customer) {
            ear.tell(|heard| {
                heard.signals.extend(frames.iter().cloned());
                let too_many = heard.signals.len().saturating_sub(self.signals_max);
                heard.signals.drain(..too_many);
            });
        }
    }

    fn ears(&self, channel: &ChannelName, customer: &[Address]) -> Vec<Arc<Ear>> {
        let followers = self.followers.lock();
        customer
            .iter()
            .filter_map(|address| followers.get(&(channel.clone(), address.clone())))
            .flatten()
            .cloned()
            .collect()
    }
}
