use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use trunkline_core::effect::Lane;
use trunkline_core::id::{CustomerId, Timestamp};

/// Customers that wait for an owner, at most; more are found again by the ticker.
const QUEUE_MAX: usize = 100_000;

/// Sleepers remembered at most; one that is not remembered is merely looked at too often.
const ASLEEP_MAX: usize = 100_000;

/// What an owner is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Its inbox has something, or something is due.
    News,
    /// The store holds something its memory does not: a replayed delivery.
    Reload,
}

/// Where messages for an active owner are left.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    news: AtomicBool,
    reload: AtomicBool,
    bell: Notify,
    busy: [AtomicBool; 2],
}

impl Desk {
    /// Leaves a message; it is not lost, whatever the owner does at the moment.
    pub(crate) fn leave(&self, wake: Wake) {
        match wake {
            Wake::News => self.news.store(true, Ordering::SeqCst),
            Wake::Reload => self.reload.store(true, Ordering::SeqCst),
        }
        self.bell.notify_one();
    }

    /// Whether there is news; forgets it. What is read from the store afterwards includes it.
    pub(crate) fn take_news(&self) -> bool {
        self.news.swap(false, Ordering::SeqCst)
    }

    /// Whether the memory is out of date; forgets it.
    pub(crate) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::SeqCst)
    }

    /// Returns at the next message.
    pub(crate) async fn bell(&self) {
        self.bell.notified().await;
    }

    /// Whether a delivery is under way there: a typing sign is then dropped.
    pub(crate) fn busy(&self, lane: Lane) -> bool {
        busy_index(lane).is_some_and(|index| self.busy[index].load(Ordering::Relaxed))
    }

    pub(crate) fn set_busy(&self, lane: Lane, busy: bool) {
        if let Some(index) = busy_index(lane) {
            self.busy[index].store(busy, Ordering::Relaxed);
        }
    }

    fn is_clear(&self) -> bool {
        !self.news.load(Ordering::SeqCst) && !self.reload.load(Ordering::SeqCst)
    }
}

/// Only these lanes carry typing signs.
fn busy_index(lane: Lane) -> Option<usize> {
    match lane {
        Lane::Customer => Some(0),
        Lane::Ece => Some(1),
        Lane::Bot | Lane::Files => None,
    }
}

/// Which customers are being worked on. An owner is the only task that steps and delivers for its customer.
#[derive(Debug)]
pub(crate) struct Owners {
    max: usize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    active: BTreeMap<CustomerId, Arc<Desk>>,
    queue: VecDeque<CustomerId>,
    queued: BTreeSet<CustomerId>,
    asleep: BTreeMap<CustomerId, Timestamp>,
}

impl Owners {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            book: Mutex::default(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the active owner, or gives the desk of a new one, which the caller starts; or lets the customer wait.
    pub(crate) fn wake(&self, customer: CustomerId, wake: Wake) -> Option<Arc<Desk>> {
        let mut book = self.book();
        book.asleep.remove(&customer);
        if let Some(desk) = book.active.get(&customer) {
            desk.leave(wake);
            return None;
        }
        if book.active.len() >= self.max {
            book.enqueue(customer);
            return None;
        }
        Some(book.seat(customer))
    }

    /// As `wake` with news, but for one who sleeps and has nothing due: the ticker's way.
    pub(crate) fn wake_if_due(&self, customer: CustomerId, now: Timestamp) -> Option<Arc<Desk>> {
        let sleeps = self
            .book()
            .asleep
            .get(&customer)
            .is_some_and(|until| now < *until);
        if sleeps {
            return None;
        }
        self.wake(customer, Wake::News)
    }

    /// The owner has nothing to do before `until`. False: a message came meanwhile, it goes on. Else it is gone; the caller
    /// starts the owner of the customer given, who waited for the place.
    pub(crate) fn retire(
        &self,
        customer: CustomerId,
        desk: &Desk,
        until: Option<Timestamp>,
    ) -> Retired {
        let mut book = self.book();
        if !desk.is_clear() {
            return Retired::Stays;
        }
        book.active.remove(&customer);
        if let Some(until) = until
            && book.asleep.len() < ASLEEP_MAX
        {
            book.asleep.insert(customer, until);
        }
        Retired::Gone(book.next())
    }

    /// The owner broke off; its customer sleeps until then.
    pub(crate) fn lost(
        &self,
        customer: CustomerId,
        until: Timestamp,
    ) -> Option<(CustomerId, Arc<Desk>)> {
        let mut book = self.book();
        book.active.remove(&customer);
        book.asleep.insert(customer, until);
        book.next()
    }

    /// The desk of an active owner.
    pub(crate) fn desk(&self, customer: CustomerId) -> Option<Arc<Desk>> {
        self.book().active.get(&customer).cloned()
    }

    /// Active ones, and customers that wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let book = self.book();
        (book.active.len(), book.queue.len())
    }
}

/// Whether an owner may go.
pub(crate) enum Retired {
    /// Not yet.
    Stays,
    /// It is gone; this one takes the place.
    Gone(Option<(CustomerId, Arc<Desk>)>),
}

impl Book {
    fn seat(&mut self, customer: CustomerId) -> Arc<Desk> {
        let desk = Arc::new(Desk::default());
        self.active.insert(customer, Arc::clone(&desk));
        desk
    }

    fn enqueue(&mut self, customer: CustomerId) {
        if self.queue.len() < QUEUE_MAX && self.queued.insert(customer) {
            self.queue.push_back(customer);
        }
    }

    fn next(&mut self) -> Option<(CustomerId, Arc<Desk>)> {
        let customer = self.queue.pop_front()?;
        self.queued.remove(&customer);
        Some((customer, self.seat(customer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: CustomerId = CustomerId(1);
    const BELA: CustomerId = CustomerId(2);

    #[test]
    fn a_message_left_while_the_owner_goes_keeps_it() {
        let owners = Owners::new(10);
        let desk = owners.wake(ANNA, Wake::News).expect("a new owner");
        assert!(owners.wake(ANNA, Wake::News).is_none());
        assert!(matches!(owners.retire(ANNA, &desk, None), Retired::Stays));
        assert!(desk.take_news());
        assert!(matches!(
            owners.retire(ANNA, &desk, None),
            Retired::Gone(None)
        ));
        assert!(owners.wake(ANNA, Wake::News).is_some());
    }

    #[test]
    fn one_too_many_waits_for_a_place() {
        let owners = Owners::new(1);
        let desk = owners.wake(ANNA, Wake::News).expect("a new owner");
        assert!(owners.wake(BELA, Wake::News).is_none());
        assert!(owners.wake(BELA, Wake::News).is_none());
        assert_eq!(owners.counts(), (1, 1));
        let Retired::Gone(Some((next, _))) = owners.retire(ANNA, &desk, None) else {
            panic!("Bela waits");
        };
        assert_eq!(next, BELA);
        assert_eq!(owners.counts(), (1, 0));
    }

    #[test]
    fn the_ticker_lets_a_sleeper_sleep_and_an_event_does_not() {
        let owners = Owners::new(10);
        let desk = owners.wake(ANNA, Wake::News).expect("a new owner");
        let until = Timestamp(1_000);
        owners.retire(ANNA, &desk, Some(until));
        assert!(owners.wake_if_due(ANNA, Timestamp(999)).is_none());
        assert!(owners.wake(ANNA, Wake::News).is_some());
    }
}
