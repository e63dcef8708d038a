//! Typing signs and read marks: not stored, latest wins, dropped when late or when something real is under way, never retried.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Author, Lane, SignalEffect};
use trunkline_core::event::Signal;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, Timestamp};

use crate::flow::{Inner, Outside};
use crate::ports::{
    Ece, Leaving, Loaded, Outbound, OutboundBody, Plugins, SendCall, Store, StoreError, Target,
};

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
}

impl Signals {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            reading: Arc::new(Semaphore::new(max)),
            ways: Mutex::default(),
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

/// Shows a sign, beside everything else; not while something real is under way there.
pub(crate) fn show<O: Outside>(inner: &Arc<Inner<O>>, customer: &Customer, sign: SignalEffect) {
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
