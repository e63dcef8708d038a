//! Delivery receipts to events. Each part of a message has its own; all carry the delivery's id as `client-ref`.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState};
use trunkline_plugin::{Address, Rejection, clock};

use super::inbound::missing;
use super::refusal;
use super::wire::{Message, Problem};
use crate::form::Form;
use crate::message::PHONE;
use crate::settings::Settings;
use crate::{date, number};

/// Receipts come to the same URL as messages if the operator says so.
pub(super) fn is_one(form: &Form) -> bool {
    form.get("status").is_some() && form.get("type").is_none() && form.get("text").is_none()
}

/// A receipt of the SMS API.
pub(super) fn of_sms(settings: &Settings, form: &Form) -> Result<Vec<Event>, Rejection> {
    let id = form.get("messageId").ok_or_else(|| missing("messageId"))?;
    let status = form.get("status").ok_or_else(|| missing("status"))?;
    // A status this version does not know tells nothing that could be acted on.
    let Some(state) = state(&status) else {
        return Ok(Vec::new());
    };
    let code = form.get("err-code").and_then(|code| code.parse().ok());
    let failed = state == ReceiptState::Failed;
    let receipt = Receipt {
        delivery: delivery(form.get("client-ref").as_deref(), &id),
        state,
        detail: failed.then(|| refusal::of_receipt(&status, code)),
        opted_out: failed && code == Some(refusal::OPTED_OUT),
    };
    let at = form.get("message-timestamp");
    let at = at
        .as_deref()
        .and_then(date::iso_ms)
        .unwrap_or_else(clock::now);
    // In a receipt `to` is who it was from.
    let account = number::account(&settings.number, form.get("to").as_deref());
    let customer = form
        .get("msisdn")
        .map(|to| Address::new(PHONE, number::with_plus(&to)));
    Ok(vec![Event {
        customer: customer.into_iter().collect(),
        ..Event::new(
            format!("{id}:{status}"),
            at,
            account,
            Happening::Receipt(receipt),
        )
    }])
}

/// A receipt of the Messages API.
pub(super) fn of_message(settings: &Settings, message: &Message) -> Vec<Event> {
    let status = message.status.as_deref().unwrap_or_default();
    let Some(state) = state(status) else {
        return Vec::new();
    };
    let id = &message.message_uuid;
    let failed = state == ReceiptState::Failed;
    let receipt = Receipt {
        delivery: delivery(message.client_ref.as_deref(), id),
        state,
        detail: failed.then(|| problem(status, message.error.as_ref())),
        opted_out: false,
    };
    let at = message.timestamp.as_deref().and_then(date::iso_ms);
    let account = number::account(&settings.number, message.from.as_deref());
    let customer = message
        .to
        .as_deref()
        .map(|to| Address::new(PHONE, number::with_plus(to)));
    vec![Event {
        customer: customer.into_iter().collect(),
        ..Event::new(
            format!("{id}:{status}"),
            at.unwrap_or_else(clock::now),
            account,
            Happening::Receipt(receipt),
        )
    }]
}

fn delivery(client_ref: Option<&str>, id: &str) -> DeliveryName {
    match client_ref {
        Some(ours) => DeliveryName::Ours(ours.to_owned()),
        None => DeliveryName::Provider(id.to_owned()),
    }
}

fn state(status: &str) -> Option<ReceiptState> {
    match status {
        "submitted" => Some(ReceiptState::Accepted),
        "accepted" | "buffered" => Some(ReceiptState::Sent),
        "delivered" => Some(ReceiptState::Delivered),
        "read" => Some(ReceiptState::Read),
        "expired" | "failed" | "rejected" | "undeliverable" => Some(ReceiptState::Failed),
        _ => None,
    }
}

fn problem(status: &str, problem: Option<&Problem>) -> String {
    let said = problem.and_then(|problem| {
        let title = problem
            .title
            .as_ref()
            .map(|title| title.to_string().replace('"', ""));
        problem.detail.clone().or(title)
    });
    said.map_or_else(
        || format!("Vonage says: {status}"),
        |said| format!("Vonage says: {status}, {said}"),
    )
}
