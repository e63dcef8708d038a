//! Typing signs and read marks: not stored, latest wins, dropped when late or when something real is under way, never retried.
//!
//! ECE tells once that an agent began to type, and a bot says it once; a sign at a customer fades after seconds. So it is
//! shown again, as often as the channel wants it, until they stop, say something, or lose the conversation.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Author, Lane, SignalEffect};
use trunkline_core::event::Signal;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Epoch, Timestamp};

use crate::flow::{Inner, Outside};
use crate::ports::{
    Ece, Leaving, Loaded, Outbound, OutboundBody, Plugins, SendCall, Store, StoreError, Target,
};

/// No channel is asked to show a sign again more often, whatever its manifest says.
const RENEWAL_MIN_MS: u64 = 1_000;

/// To whom a sign goes: one at a time each way, and a read mark does not stand in for a typing sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    customer: CustomerId,
    lane: Lane,
    seen: bool,
}

/// Signs on their way.
#[derive(Debug)]
pub(crate) struct Signals {
    max: usize,
    /// Signs whose customer is being looked up.
    reading: Arc<Semaphore>,
    ways: Mutex<BTreeMap<Way, Option<(SignalEffect, Timestamp)>>>,
    /// To whom somebody types, and which of their signs is shown again.
    typing: Mutex<BTreeMap<CustomerId, Typing>>,
    /// Signs that are shown again.
    renewing: Arc<Semaphore>,
    signs: AtomicU64,
}

/// Somebody types.
#[derive(Debug, Clone, Copy)]
struct Typing {
    /// Tells one time of typing from the next.
    sign: u64,
    /// They said so last then.
    since: Timestamp,
}

impl Signals {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            reading: Arc::new(Semaphore::new(max)),
            ways: Mutex::default(),
            typing: Mutex::default(),
            renewing: Arc::new(Semaphore::new(max)),
            signs: AtomicU64::new(0),
        }
    }

    /// Notes that somebody types, or no more. Some: they just began.
    fn types(&self, customer: CustomerId, on: bool, now: Timestamp) -> Option<u64> {
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        if !on {
            typing.remove(&customer);
            return None;
        }
        if let Some(known) = typing.get_mut(&customer) {
            known.since = now;
            return None;
        }
        let sign = self.signs.fetch_add(1, Ordering::Relaxed);
        typing.insert(customer, Typing { sign, since: now });
        Some(sign)
    }

    /// What they typed is with the customer, where it ends the sign.
    pub(crate) fn spoke(&self, customer: CustomerId) {
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        typing.remove(&customer);
    }

    /// When they said last that they type, if this is still the same time of typing.
    fn typing_since(&self, customer: CustomerId, sign: u64) -> Option<Timestamp> {
        let typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        let typing = typing.get(&customer).filter(|typing| typing.sign == sign);
        typing.map(|typing| typing.since)
    }

    fn forget_typing(&self, customer: CustomerId, sign: u64) {
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        if typing
            .get(&customer)
            .is_some_and(|typing| typing.sign == sign)
        {
            typing.remove(&customer);
        }
    }

    /// Leaves the sign for the one under way, or gives it back to be sent now.
    fn enter(&self, way: Way, sign: SignalEffect, now: Timestamp) -> Entered {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = ways.get_mut(&way) {
            return match next.replace((sign, now)) {
                Some(_) => Entered::Dropped,
                None => Entered::Waits,
            };
        }
        if ways.len() >= self.max {
            return Entered::Dropped;
        }
        ways.insert(way, None);
        Entered::Now(sign)
    }

    /// The sign that came meanwhile, or the way is free.
    fn next(&self, way: Way) -> Option<(SignalEffect, Timestamp)> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ways.get_mut(&way)?.take();
        if next.is_none() {
            ways.remove(&way);
        }
        next
    }
}

enum Entered {
    Now(SignalEffect),
    Waits,
    /// It, or the one it replaced.
    Dropped,
}

/// A sign came in: finds out whose it is and what the core makes of it.
pub(crate) fn receive<O: Outside>(inner: &Arc<Inner<O>>, target: Target, signal: Signal) {
    let Ok(place) = Arc::clone(&inner.signals.reading).try_acquire_owned() else {
        inner.counts.signals_dropped.one();
        return;
    };
    let task_of = Arc::clone(inner);
    inner.spawn(async move {
        let _place = place;
        match read(&task_of, &target).await {
            Ok(Some(loaded)) => {
                let settings = task_of.settings();
                let sign = (task_of.core.signal)(&settings, &loaded.customer, &signal);
                if let Some(sign) = sign {
                    show(&task_of, &loaded.customer, sign);
                }
            }
            Ok(None) | Err(_) => task_of.counts.signals_dropped.one(),
        }
    });
}

async fn read<O: Outside>(inner: &Inner<O>, target: &Target) -> Result<Option<Loaded>, StoreError> {
    let store = inner.ports.store();
    match store.whose(target).await? {
        Some(customer) => store.load(customer, 0).await,
        None => Ok(None),
    }
}

/// Shows a sign, and again for as long as it is true.
pub(crate) fn show<O: Outside>(inner: &Arc<Inner<O>>, customer: &Customer, sign: SignalEffect) {
    if let SignalEffect::TypingToCustomer(on) = sign
        && let Some(sign) = inner.signals.types(customer.id, on, inner.now())
    {
        inner.spawn(renew(Arc::clone(inner), customer.clone(), sign));
    }
    show_once(inner, customer, sign);
}

/// Shows a typing sign again and again. Ends when they stop, when what they typed arrives, when somebody else has the
/// conversation, or when nothing was heard of their typing for `typing_ms`: that they stopped may have been lost.
async fn renew<O: Outside>(inner: Arc<Inner<O>>, customer: Customer, sign: u64) {
    let renewing = Arc::clone(&inner.signals.renewing).try_acquire_owned();
    let every_ms = inner.ports.plugins().capabilities(&customer.channel);
    if let (Ok(_place), Some(every_ms)) = (renewing, every_ms.typing_refresh_ms) {
        let every_ms = u64::from(every_ms).max(RENEWAL_MIN_MS);
        loop {
            tokio::select! {
                biased;
                () = inner.stopping.cancelled() => break,
                () = inner.sleep_ms(every_ms) => {}
            }
            let Some(since) = inner.signals.typing_since(customer.id, sign) else {
                break;
            };
            if inner.now().ms_since(since) >= inner.limits.typing_ms {
                break;
            }
            match inner.ports.store().load(customer.id, 0).await {
                Ok(Some(now)) if hand(&now.customer) == hand(&customer) => {
                    show_once(&inner, &now.customer, SignalEffect::TypingToCustomer(true));
                }
                Ok(_) | Err(_) => break,
            }
        }
    }
    inner.signals.forget_typing(customer.id, sign);
}

/// In whose hand the conversation is.
fn hand(customer: &Customer) -> Option<(ConversationId, Epoch)> {
    customer.open.as_ref().map(|talk| (talk.id, talk.epoch))
}

/// Shows a sign, beside everything else; not while something real is under way there.
fn show_once<O: Outside>(inner: &Arc<Inner<O>>, customer: &Customer, sign: SignalEffect) {
    let way = way_of(customer.id, &sign);
    if is_busy(inner, way) {
        inner.counts.signals_dropped.one();
        return;
    }
    match inner.signals.enter(way, sign, inner.now()) {
        Entered::Waits => {}
        Entered::Dropped => inner.counts.signals_dropped.one(),
        Entered::Now(sign) => inner.spawn(send_all(
            Arc::clone(inner),
            customer.clone(),
            way,
            (sign, inner.now()),
        )),
    }
}

async fn send_all<O: Outside>(
    inner: Arc<Inner<O>>,
    customer: Customer,
    way: Way,
    first: (SignalEffect, Timestamp),
) {
    let mut next = Some(first);
    let mut busy = false;
    while let Some((sign, since)) = next {
        let left_ms = inner
            .limits
            .signal_ms
            .saturating_sub(inner.now().ms_since(since));
        if left_ms == 0 || busy || !send(&inner, &customer, sign, left_ms).await {
            inner.counts.signals_dropped.one();
        }
        next = inner.signals.next(way);
        busy = is_busy(&inner, way);
    }
}

fn is_busy<O: Outside>(inner: &Inner<O>, way: Way) -> bool {
    let desk = inner.owners.desk(way.customer);
    desk.is_some_and(|desk| desk.busy(way.lane))
}

/// True: it was shown.
async fn send<O: Outside>(
    inner: &Inner<O>,
    customer: &Customer,
    sign: SignalEffect,
    left_ms: u64,
) -> bool {
    match sign {
        SignalEffect::TypingToCustomer(on) => {
            if !inner.ports.plugins().capabilities(&customer.channel).typing || customer.opted_out {
                return false;
            }
            let sending = to_customer(inner, customer, OutboundBody::Typing(on));
            let sent = inner.within(left_ms, Box::pin(sending)).await;
            sent.unwrap_or(false)
        }
        SignalEffect::SeenByAgent { key, by: _ } => {
            let sending = to_customer(inner, customer, OutboundBody::Seen(key));
            let sent = inner.within(left_ms, Box::pin(sending)).await;
            sent.unwrap_or(false)
        }
        SignalEffect::TypingToEce {
            integration,
            session,
            on,
        } => {
            let sending = inner.ports.ece().typing(&integration, &session, on);
            matches!(inner.within(left_ms, Box::pin(sending)).await, Some(Ok(())))
        }
    }
}

async fn to_customer<O: Outside>(
    inner: &Inner<O>,
    customer: &Customer,
    body: OutboundBody,
) -> bool {
    let Ok(Some(loaded)) = inner.ports.store().load(customer.id, 0).await else {
        return false;
    };
    let conversation = ConversationId {
        customer: customer.id,
        number: customer.conversations,
    };
    let call = SendCall {
        channel: customer.channel.clone(),
        outbound: Outbound {
            // No delivery of a conversation has number 0.
            delivery: DeliveryId {
                conversation,
                number: 0,
            },
            customer: loaded.addresses.clone(),
            body,
            author: Author::Agent,
            author_name: None,
            attempt: 1,
            unknown_since: None,
            taken: Vec::new(),
            rest: None,
        },
        peer_state: loaded.peer_state,
        pinned: None,
        next_frame: None,
    };
    let leaving = Leaving(Arc::new(|_| Box::pin(std::future::ready(Ok(())))));
    let Ok(sent) = inner.ports.plugins().send(call, leaving).await else {
        return false;
    };
    let sockets = &inner.sockets;
    sockets.signal(&customer.channel, &loaded.addresses, &sent.signals);
    true
}

fn way_of(customer: CustomerId, sign: &SignalEffect) -> Way {
    let (lane, seen) = match sign {
        SignalEffect::TypingToCustomer(_) => (Lane::Customer, false),
        SignalEffect::SeenByAgent { .. } => (Lane::Customer, true),
        SignalEffect::TypingToEce { .. } => (Lane::Ece, false),
    };
    Way {
        customer,
        lane,
        seen,
    }
}
