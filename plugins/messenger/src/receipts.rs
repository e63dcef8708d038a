//! What tells how our messages fare: deliveries and reads by watermark, and echoes.
//!
//! An echo of our own message brings back its `metadata`, which names the delivery: it is how we learn that Messenger
//! took a message whose answer was lost. Only the last message of a delivery speaks for the whole delivery; an earlier one
//! is remembered in peer-state, where `send` looks for it.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState};
use trunkline_plugin::{Address, PeerChange, PeerState};

use crate::inbound::{Found, PSID, Place};
use crate::notices;
use crate::wire::{Message, Messaging};

/// Tells our metadata from another app's.
const METADATA: &str = "trunkline:";

/// In front of keys of peer-state that hold an echo's message id.
const ECHO: &str = "echo:";

/// Names one provider message of a delivery in its `metadata`: `trunkline:DELIVERY` for the last, and
/// `trunkline:DELIVERY:INDEX` for one that others follow.
pub(crate) fn metadata(delivery: &str, index: usize, last: bool) -> String {
    if last {
        format!("{METADATA}{delivery}")
    } else {
        format!("{METADATA}{delivery}:{index}")
    }
}

/// The id under which this message of the delivery was taken, if its echo came.
pub(crate) fn taken(peer_state: &PeerState, delivery: &str, index: usize) -> Option<String> {
    peer_state
        .get(&format!("{ECHO}{delivery}:{index}"))
        .cloned()
}

/// Forgets echoes of other deliveries, so that they do not pile up.
pub(crate) fn forgotten(peer_state: &PeerState, delivery: &str, at: u64) -> Vec<PeerChange> {
    let own = format!("{ECHO}{delivery}:");
    peer_state
        .keys()
        .filter(|key| key.starts_with(ECHO) && !key.starts_with(&own))
        .map(|key| PeerChange {
            key: key.clone(),
            value: None,
            at,
        })
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
    let customer = customer.map(|psid| Address::new(PSID, psid));
    match (name.split_once(':'), customer) {
        (None, customer) => {
            let receipt = receipt(DeliveryName::Ours(name.to_owned()), ReceiptState::Sent);
            Event {
                customer: customer.into_iter().collect(),
                ..place.event(key, receipt)
            }
            .into()
        }
        (Some(_), Some(customer)) => earlier_part(place, key, name, customer, message),
        (Some(_), None) => notices::somebody_elses_echo(place, key, message).into(),
    }
}

/// It says nothing about the rest of its delivery, so it must not name it.
fn earlier_part(
    place: Place<'_>,
    key: String,
    name: &str,
    customer: Address,
    message: &Message,
) -> Found {
    let until = receipt(DeliveryName::AllUntil(place.at), ReceiptState::Sent);
    let event = Event {
        customer: vec![customer],
        ..place.event(key, until)
    };
    let mut found = Found::from(event);
    found.errand.changes.push(PeerChange {
        key: format!("{ECHO}{name}"),
        value: Some(message.mid.clone().unwrap_or_default()),
        at: place.at,
    });
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
