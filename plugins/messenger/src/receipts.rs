//! What tells how our messages fare: deliveries and reads by watermark, and echoes.
//!
//! An echo of our own message brings back its `metadata`, which names the delivery: it is how we learn that Messenger
//! took a message whose answer was lost. It is remembered in peer-state, where `send` looks for it.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState};
use trunkline_plugin::{Address, PeerChange, PeerState};

use crate::inbound::{Found, PSID, Place};
use crate::notices;
use crate::wire::{Message, Messaging};

/// Tells our metadata from another app's.
const METADATA: &str = "trunkline:";

/// In front of keys of peer-state that hold an echo's message id.
const ECHO: &str = "echo:";

/// What the echo of the message of this name brings back.
pub(crate) fn metadata(name: &str) -> String {
    format!("{METADATA}{name}")
}

/// The id under which the message of this name was taken, if its echo came.
pub(crate) fn taken(peer_state: &PeerState, name: &str) -> Option<String> {
    peer_state.get(&format!("{ECHO}{name}")).cloned()
}

/// Forgets echoes of other deliveries, so that they do not pile up.
pub(crate) fn forgotten(peer_state: &PeerState, delivery: &str, at: u64) -> Vec<PeerChange> {
    let is_of_another = |key: &&String| {
        let name = key.strip_prefix(ECHO);
        name.is_some_and(|name| name.split('.').next() != Some(delivery))
    };
    let forget = |key: &String| PeerChange {
        key: key.clone(),
        value: None,
        at,
    };
    peer_state
        .keys()
        .filter(is_of_another)
        .map(forget)
        .collect()
}

/// A delivery or a read; `None` if it is neither.
pub(crate) fn of(place: Place<'_>, messaging: &Messaging) -> Option<Vec<Found>> {
    let customer = messaging.sender.as_ref().and_then(|it| it.id.clone());
    let told = |what: &str, watermark: u64, state: ReceiptState| {
        let psid = customer.clone()?;
        let receipt = receipt(DeliveryName::AllUntil(watermark), state);
        let event = Event {
            at: messaging.timestamp.unwrap_or(watermark),
            customer: vec![Address::new(PSID, &psid)],
            ..place.event(format!("{what}:{psid}:{watermark}"), receipt)
        };
        Some(Found::from(event))
    };
    if let Some(read) = &messaging.read {
        let watermark = read.watermark.or(messaging.timestamp)?;
        return Some(
            told("read", watermark, ReceiptState::Read)
                .into_iter()
                .collect(),
        );
    }
    let delivery = messaging.delivery.as_ref()?;
    // A watermark speaks for each id beside it.
    if let Some(watermark) = delivery.watermark {
        return Some(
            told("delivery", watermark, ReceiptState::Delivered)
                .into_iter()
                .collect(),
        );
    }
    let by_id = delivery.mids.iter().map(|mid| {
        let receipt = receipt(DeliveryName::Provider(mid.clone()), ReceiptState::Delivered);
        Found::from(place.event(format!("delivery:{mid}"), receipt))
    });
    Some(by_id.collect())
}

/// A message that the Page sent: ours, another app's, or a colleague's in the Page's inbox.
pub(crate) fn echo(place: Place<'_>, messaging: &Messaging, message: &Message) -> Found {
    let key = match &message.mid {
        Some(mid) => format!("echo:{mid}"),
        None => format!("echo:{}:{}", place.page, place.at),
    };
    let ours = message
        .metadata
        .as_deref()
        .and_then(|metadata| metadata.strip_prefix(METADATA));
    let Some(name) = ours else {
        return notices::somebody_elses_echo(place, key, message).into();
    };
    let customer = messaging.recipient.as_ref().and_then(|it| it.id.clone());
    let mid = message.mid.clone().unwrap_or_default();
    let delivery = DeliveryName::Ours(name.to_owned());
    let mut found = Found::from(place.event(key, receipt(delivery, ReceiptState::Sent)));
    if let Some(psid) = customer {
        found.event.customer = vec![Address::new(PSID, psid)];
        found.errand.changes.push(PeerChange {
            key: format!("{ECHO}{name}"),
            value: Some(mid),
            at: place.at,
        });
    }
    found
}

fn receipt(delivery: DeliveryName, state: ReceiptState) -> Happening {
    Happening::Receipt(Receipt {
        delivery,
        state,
        detail: None,
        opted_out: false,
    })
}
