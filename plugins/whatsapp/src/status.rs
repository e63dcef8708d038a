//! How our messages fare. One message has several statuses; the host keeps the furthest.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState};
use trunkline_plugin::clock;

use crate::inbound::{Arrived, Source};
use crate::refusal;
use crate::wire::{Status, millis};

/// The elements of `statuses` that say something: a status this version does not know tells nothing to act on.
pub(crate) fn receipts(source: Source<'_>, statuses: &[Status]) -> Vec<Arrived> {
    statuses
        .iter()
        .filter_map(|status| receipt(source, status))
        .collect()
}

/// Without a customer: the delivery says whose it is, and a status may name a group instead of a person.
fn receipt(source: Source<'_>, status: &Status) -> Option<Arrived> {
    let id = status.id.as_deref()?;
    let name = status.status.as_deref()?;
    let state = state(name)?;
    let receipt = Receipt {
        delivery: delivery(status, id),
        state,
        detail: (state == ReceiptState::Failed).then(|| refusal::of_status(&status.errors)),
        opted_out: false,
    };
    let at = millis(status.timestamp.as_deref()).unwrap_or_else(clock::now);
    Some(Arrived::aside(Event::new(
        key(status, id, name),
        at,
        source.account,
        Happening::Receipt(receipt),
    )))
}

fn state(name: &str) -> Option<ReceiptState> {
    match name {
        "sent" => Some(ReceiptState::Sent),
        "delivered" => Some(ReceiptState::Delivered),
        // A voice message was played.
        "read" | "played" => Some(ReceiptState::Read),
        "failed" => Some(ReceiptState::Failed),
        _ => None,
    }
}

/// Our own name of the message comes back with every status, also of a message whose answer was lost.
fn delivery(status: &Status, id: &str) -> DeliveryName {
    match &status.biz_opaque_callback_data {
        Some(ours) => DeliveryName::Ours(ours.clone()),
        None => DeliveryName::Provider(id.to_owned()),
    }
}

fn key(status: &Status, id: &str, name: &str) -> String {
    match &status.recipient_participant_id {
        Some(participant) => format!("{id}:{name}:{participant}"),
        None => format!("{id}:{name}"),
    }
}
