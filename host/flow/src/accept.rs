//! Received events become inbox events, in one transaction; then whoever got some is woken.

use std::sync::Arc;

use trunkline_core::event::{
    ChannelEvent, DeliveryName, EceEvent, EceHappening, Event, Happening, Receipt, ReceiptState,
    Signal,
};
use trunkline_core::id::{ChannelName, Timestamp};
use trunkline_core::message::{Address, Content};

use crate::flow::{Inner, Outside};
use crate::owners::Wake;
use crate::ports::{
    Accept, Accepted, DeadKind, Incoming, Part, Plugins, RawId, ReceivedEvent, ReceivedHappening,
    Request, Resolve, Scope, Store, StoreError, Target, Undelivered, is_placeholder,
};

/// Accepts what a plugin read in one call, whose body this is. Typing goes on as a signal once the rest is on disk.
///
/// # Errors
/// The store's: nothing of the call was taken.
pub(crate) async fn accept_received<O: Outside>(
    inner: &Arc<Inner<O>>,
    called: &ChannelName,
    events: Vec<ReceivedEvent>,
    body: &[u8],
    from_raw: Option<RawId>,
) -> Result<(), StoreError> {
    let mut accept = Accept {
        from_raw,
        at: inner.now(),
        ..Accept::default()
    };
    let mut signals = Vec::new();
    for event in events {
        match sort(inner, called, event) {
            Sorted::Event(incoming) => accept.events.push(*incoming),
            Sorted::Dead(dead) => accept.dead.push(*dead),
            Sorted::Signal(target, signal) => signals.push((target, signal)),
            Sorted::Nothing => {}
        }
    }
    if accept
        .events
        .iter()
        .any(|event| is_placeholder(&event.event))
    {
        accept.original = Some(String::from_utf8_lossy(body).into_owned());
    }
    if !accept.events.is_empty() || !accept.dead.is_empty() || accept.from_raw.is_some() {
        accept_all(inner, accept).await?;
    }
    for (target, signal) in signals {
        crate::signal::receive(inner, target, signal);
    }
    Ok(())
}

/// *Accept*, counted, with its customers woken. What the store can never take is a dead letter by itself, so that neither the
/// rest of its call nor later ones wait for it.
///
/// # Errors
/// The store's: not all was taken.
pub(crate) async fn accept_all<O: Outside>(
    inner: &Arc<Inner<O>>,
    accept: Accept,
) -> Result<Accepted, StoreError> {
    let whole = (!accept.events.is_empty()).then(|| accept.clone());
    match (accept_at_once(inner, accept).await, whole) {
        (Err(StoreError::Broken(_)), Some(whole)) => one_by_one(inner, whole).await,
        (done, _) => done,
    }
}

/// The rest of it goes last: a raw call is dropped when all that came of it is on disk.
async fn one_by_one<O: Outside>(
    inner: &Arc<Inner<O>>,
    mut accept: Accept,
) -> Result<Accepted, StoreError> {
    let mut all = Accepted::default();
    for event in std::mem::take(&mut accept.events) {
        let alone = Accept {
            events: vec![event.clone()],
            original: accept.original.clone(),
            at: accept.at,
            ..Accept::default()
        };
        match accept_at_once(inner, alone).await {
            Ok(accepted) => add(&mut all, accepted),
            Err(StoreError::Broken(reason)) => accept.dead.push(not_taken(event, &reason)),
            Err(error) => return Err(error),
        }
    }
    add(&mut all, accept_at_once(inner, accept).await?);
    Ok(all)
}

fn add(all: &mut Accepted, more: Accepted) {
    all.customers.extend(more.customers);
    all.duplicates += more.duplicates;
    all.parked += more.parked;
}

/// The dead letter of an event that the store refuses.
fn not_taken(event: Incoming, reason: &str) -> Undelivered {
    tracing::error!(scope = ?event.scope, reason, "an event cannot be taken: see dead letters");
    Undelivered {
        kind: DeadKind::Message,
        scope: Some(event.scope),
        conversation: None,
        key: Some(event.key.as_str().into()),
        reason: format!("it cannot be taken: {reason}"),
        content: words(&event.event),
        replay: Some((event.target, event.event)),
    }
}

fn words(event: &Event) -> String {
    let text = match event {
        Event::Channel(ChannelEvent {
            happening: Happening::Said(Content::Text(text)),
            ..
        }) => text,
        Event::Ece(EceEvent {
            happening: EceHappening::Said { text, .. },
            ..
        }) => text,
        Event::Channel(_) | Event::SaidAgain(_) => "something a customer did",
        Event::Ece(_) => "something an agent did",
        Event::BotCallback { .. } => "a callback of a bot",
        Event::Receipt(_) => "a receipt",
        Event::Delivery(_) => "a report",
        Event::Timer(_) => "a timer",
    };
    text.to_owned()
}

async fn accept_at_once<O: Outside>(
    inner: &Arc<Inner<O>>,
    accept: Accept,
) -> Result<Accepted, StoreError> {
    let (events, dead) = (accept.events.len(), accept.dead.len());
    let parts = accept.events.iter().filter_map(|event| event.part.as_ref());
    let look_at = parts.map(|part| part.until).min();
    let accepted = inner.ports.store().accept(accept).await?;
    let counts = &inner.counts;
    counts
        .accepted
        .add(events.saturating_sub(accepted.duplicates));
    counts.duplicates.add(accepted.duplicates);
    counts.parked.add(accepted.parked);
    counts.dead.add(dead);
    if let Some(at) = look_at {
        inner.ticker.look_at(at);
    }
    if accepted.parked > 0 {
        inner
            .ticker
            .look_at(inner.now().plus_ms(crate::ports::PARKED_MS));
    }
    for customer in &accepted.customers {
        inner.wake(*customer, Wake::News);
    }
    Ok(accepted)
}

/// Where one event goes.
enum Sorted {
    Event(Box<Incoming>),
    Dead(Box<Undelivered>),
    Signal(Target, Signal),
    Nothing,
}

fn sort<O: Outside>(inner: &Inner<O>, called: &ChannelName, event: ReceivedEvent) -> Sorted {
    let Some(channel) = event.channel.clone() else {
        return Sorted::Dead(Box::new(unknown_account(called, &event)));
    };
    if event.customer.is_empty() && matches!(event.happening, ReceivedHappening::Customer(_)) {
        return Sorted::Dead(Box::new(nobodys(channel, event)));
    }
    let scope = Scope::Channel(channel.clone());
    let is_customers = matches!(event.happening, ReceivedHappening::Customer(_));
    let resolve = event
        .resolve
        .filter(|_| is_customers)
        .map(|bytes| inner.to_resolve(&channel, event.account, bytes));
    let part = event.part.filter(|_| is_customers);
    let part = part.map(|part| inner.to_join(part));
    let (key, at) = (event.key, event.at);
    let readdressed = !event.readdressed.is_empty();
    let customer: Vec<Address> = event
        .customer
        .into_iter()
        .chain(event.readdressed)
        .collect();
    let (target, inside) = match event.happening {
        ReceivedHappening::Customer(happening) => (
            Target::Addresses(channel, customer),
            Event::Channel(ChannelEvent {
                key: key.clone(),
                at,
                profile: event.profile,
                happening: sound(happening),
                reply_to: event.reply_to,
            }),
        ),
        ReceivedHappening::Receipt {
            delivery,
            state,
            detail,
            opted_out,
        } => {
            let Some(target) = receipt_target(channel, &delivery, customer) else {
                return Sorted::Nothing;
            };
            let receipt = Receipt {
                delivery,
                state,
                detail,
                opted_out,
                at,
            };
            (target, Event::Receipt(receipt))
        }
        ReceivedHappening::Typing(on) => {
            let target = Target::Addresses(channel, customer);
            return Sorted::Signal(target, Signal::CustomerTyping(on));
        }
        ReceivedHappening::Notice(code, text) => {
            tracing::warn!(%channel, code, text, "notice of the provider");
            if !readdressed {
                return Sorted::Nothing;
            }
            (Target::Addresses(channel, customer), no_news(at))
        }
    };
    Sorted::Event(Box::new(Incoming {
        scope,
        key: key.0,
        target,
        event: inside,
        peer_changes: event.peer_changes,
        resolve,
        part,
    }))
}

/// A place whose degrees are no numbers cannot be written down: the agent sees a placeholder (H10).
pub(crate) fn sound(happening: Happening) -> Happening {
    match happening {
        Happening::Said(content) => Happening::Said(sound_content(content)),
        Happening::Edited { key, content } => Happening::Edited {
            key,
            content: sound_content(content),
        },
        other @ (Happening::Withdrawn { .. }
        | Happening::Reacted { .. }
        | Happening::FileAnswer { .. }
        | Happening::OptedOut { .. }
        | Happening::OptedIn
        | Happening::Left) => other,
    }
}

fn sound_content(content: Content) -> Content {
    let Content::Location {
        latitude,
        longitude,
        ..
    } = &content
    else {
        return content;
    };
    if latitude.is_finite() && longitude.is_finite() {
        return content;
    }
    tracing::warn!("a location is no place: its agent sees a placeholder");
    Content::Unknown("location".to_owned())
}

/// The addresses are all the news there is: a receipt for what was sent until 1970 changes nothing.
fn no_news(at: Timestamp) -> Event {
    Event::Receipt(Receipt {
        delivery: DeliveryName::AllUntil(Timestamp(0)),
        state: ReceiptState::Accepted,
        detail: None,
        opted_out: false,
        at,
    })
}

impl<O: Outside> Inner<O> {
    fn to_resolve(&self, channel: &ChannelName, account: String, bytes: Vec<u8>) -> Resolve {
        let wait_ms = self.ports.plugins().resolve_ms(channel);
        let wait_ms = wait_ms.unwrap_or(self.limits.resolve_ms);
        Resolve {
            account,
            bytes,
            until: self.now().plus_ms(wait_ms),
        }
    }

    fn to_join(&self, (group, index, total): (String, u16, u16)) -> Part {
        Part {
            group,
            index,
            total,
            until: self.now().plus_ms(self.limits.parts_ms),
        }
    }
}

/// "All up to a time" names no delivery, so the customer must be named.
fn receipt_target(
    channel: ChannelName,
    delivery: &DeliveryName,
    customer: Vec<Address>,
) -> Option<Target> {
    match delivery {
        DeliveryName::Ours(_)
        | DeliveryName::Part { .. }
        | DeliveryName::Gone(_)
        | DeliveryName::Provider(_) => Some(Target::Delivery(channel, delivery.clone())),
        DeliveryName::AllUntil(_) if customer.is_empty() => {
            tracing::warn!(%channel, "a receipt names neither a message nor a customer");
            None
        }
        DeliveryName::AllUntil(_) => Some(Target::Addresses(channel, customer)),
    }
}

fn unknown_account(called: &ChannelName, event: &ReceivedEvent) -> Undelivered {
    Undelivered {
        kind: DeadKind::UnknownAccount,
        scope: Some(Scope::Channel(called.clone())),
        conversation: None,
        key: Some(event.key.clone()),
        reason: format!("no channel is configured for account `{}`", event.account),
        content: describe(&event.happening),
        replay: replay_of(called, event),
    }
}

/// Once the account is configured, the customer's words can be given to the channel that was called.
fn replay_of(called: &ChannelName, event: &ReceivedEvent) -> Option<(Target, Event)> {
    let ReceivedHappening::Customer(happening) = &event.happening else {
        return None;
    };
    let target = Target::Addresses(called.clone(), event.customer.clone());
    let inside = Event::Channel(ChannelEvent {
        key: event.key.clone(),
        at: event.at,
        profile: event.profile.clone(),
        happening: happening.clone(),
        reply_to: event.reply_to.clone(),
    });
    Some((target, inside))
}

/// A plugin left out whose it is.
fn nobodys(channel: ChannelName, event: ReceivedEvent) -> Undelivered {
    tracing::error!(%channel, "an event names no address of its customer: see dead letters");
    Undelivered {
        kind: DeadKind::Message,
        scope: Some(Scope::Channel(channel)),
        conversation: None,
        key: Some(event.key),
        reason: "the plugin names no address of the customer it is from".to_owned(),
        content: describe(&event.happening),
        replay: None,
    }
}

fn describe(happening: &ReceivedHappening) -> String {
    match happening {
        ReceivedHappening::Customer(Happening::Said(Content::Text(text))) => text.clone(),
        ReceivedHappening::Customer(_) => "something a customer did".to_owned(),
        ReceivedHappening::Typing(_) => "typing".to_owned(),
        ReceivedHappening::Receipt { .. } => "a receipt".to_owned(),
        ReceivedHappening::Notice(code, text) => format!("{code}: {text}"),
    }
}

/// The dead letter of a raw call that no plugin version could read.
pub(crate) fn unreadable(scope: &Scope, request: &Request, reason: &str) -> Undelivered {
    let reason = format!("no version of the plugin could read it: {reason}");
    unread(scope, request, reason)
}

/// The dead letter of a raw call whose channel or bot went while it waited.
pub(crate) fn nobody_reads(scope: &Scope, request: &Request) -> Undelivered {
    let reason = format!("{scope} is not configured any more, and it waited for its plugin");
    unread(scope, request, reason)
}

fn unread(scope: &Scope, request: &Request, reason: String) -> Undelivered {
    Undelivered {
        kind: DeadKind::Unreadable,
        scope: Some(scope.clone()),
        conversation: None,
        key: None,
        reason,
        content: String::from_utf8_lossy(&request.body).into_owned(),
        replay: None,
    }
}

/// An accept of a dead letter only.
pub(crate) fn only_dead(dead: Undelivered, from_raw: Option<RawId>, at: Timestamp) -> Accept {
    Accept {
        dead: vec![dead],
        from_raw,
        at,
        ..Accept::default()
    }
}
