//! What happened on a channel, in both directions: `receive` gives events, `resolve` takes one.

use trunkline_core::event::{DeliveryName, Happening, Profile, ReceiptState};
use trunkline_core::id::EventKey;
use trunkline_flow::ports::{ReceivedEvent, ReceivedHappening};

use super::wit::trunkline::plugin::happenings as wit;
use super::words::{
    addresses, content, millis, peer_changes, timestamp, wit_addresses, wit_content,
};

pub(super) fn event(event: wit::Event) -> ReceivedEvent {
    ReceivedEvent {
        channel: None,
        account: event.account,
        key: EventKey(event.key),
        at: timestamp(event.at),
        customer: addresses(event.customer),
        readdressed: addresses(event.readdressed),
        profile: Profile {
            name: event.name,
            locale: event.locale,
            attributes: event.attributes,
        },
        happening: happening(event.happening),
        reply_to: event.reply_to.map(EventKey),
        part: event.part.map(|part| (part.group, part.index, part.total)),
        resolve: event.resolve,
        peer_changes: peer_changes(event.peer_changes),
    }
}

pub(super) fn wit_event(event: ReceivedEvent) -> wit::Event {
    wit::Event {
        key: event.key.0,
        at: millis(event.at),
        account: event.account,
        customer: wit_addresses(&event.customer),
        name: event.profile.name,
        locale: event.profile.locale,
        attributes: event.profile.attributes,
        readdressed: wit_addresses(&event.readdressed),
        happening: wit_happening(event.happening),
        reply_to: event.reply_to.map(|key| key.0),
        part: event.part.map(|(group, index, total)| wit::Part {
            group,
            index,
            total,
        }),
        resolve: event.resolve,
        // They are on disk since the event was accepted.
        peer_changes: Vec::new(),
    }
}

fn happening(happening: wit::Happening) -> ReceivedHappening {
    let customer = match happening {
        wit::Happening::Said(what) => Happening::Said(content(what)),
        wit::Happening::Edited((key, what)) => Happening::Edited {
            key: EventKey(key),
            content: content(what),
        },
        wit::Happening::Withdrawn(key) => Happening::Withdrawn { key: EventKey(key) },
        wit::Happening::Reacted((key, emoji)) => Happening::Reacted {
            key: key.map(EventKey),
            emoji,
        },
        wit::Happening::FileAnswer((delivery, accepted)) => Happening::FileAnswer {
            delivery: delivery_name(delivery).delivery(),
            accepted,
        },
        wit::Happening::OptedOut(confirmed) => Happening::OptedOut { confirmed },
        wit::Happening::OptedIn => Happening::OptedIn,
        wit::Happening::Left => Happening::Left,
        wit::Happening::Typing(on) => return ReceivedHappening::Typing(on),
        wit::Happening::Receipt(receipt) => return received_receipt(receipt),
        wit::Happening::Notice((code, text)) => return ReceivedHappening::Notice(code, text),
    };
    ReceivedHappening::Customer(customer)
}

fn wit_happening(happening: ReceivedHappening) -> wit::Happening {
    match happening {
        ReceivedHappening::Customer(happening) => wit_customer_happening(happening),
        ReceivedHappening::Typing(on) => wit::Happening::Typing(on),
        ReceivedHappening::Receipt {
            delivery,
            state,
            detail,
            opted_out,
        } => wit::Happening::Receipt(wit::Receipt {
            delivery: wit_delivery_name(delivery),
            state: wit_receipt_state(state),
            detail,
            opted_out,
        }),
        ReceivedHappening::Notice(code, text) => wit::Happening::Notice((code, text)),
    }
}

fn wit_customer_happening(happening: Happening) -> wit::Happening {
    match happening {
        Happening::Said(what) => wit::Happening::Said(wit_content(what)),
        Happening::Edited { key, content } => wit::Happening::Edited((key.0, wit_content(content))),
        Happening::Withdrawn { key } => wit::Happening::Withdrawn(key.0),
        Happening::Reacted { key, emoji } => wit::Happening::Reacted((key.map(|key| key.0), emoji)),
        Happening::FileAnswer { delivery, accepted } => {
            let name = delivery.map_or_else(String::new, |id| id.to_string());
            wit::Happening::FileAnswer((wit::DeliveryName::Ours(name), accepted))
        }
        Happening::OptedOut { confirmed } => wit::Happening::OptedOut(confirmed),
        Happening::OptedIn => wit::Happening::OptedIn,
        Happening::Left => wit::Happening::Left,
    }
}

fn received_receipt(receipt: wit::Receipt) -> ReceivedHappening {
    ReceivedHappening::Receipt {
        delivery: delivery_name(receipt.delivery),
        state: match receipt.state {
            wit::ReceiptState::Accepted => ReceiptState::Accepted,
            wit::ReceiptState::Sent => ReceiptState::Sent,
            wit::ReceiptState::Delivered => ReceiptState::Delivered,
            wit::ReceiptState::Read => ReceiptState::Read,
            wit::ReceiptState::Failed => ReceiptState::Failed,
        },
        detail: receipt.detail,
        opted_out: receipt.opted_out,
    }
}

/// A name that claims to be ours and is not spelled like one is looked up as a provider's.
fn delivery_name(name: wit::DeliveryName) -> DeliveryName {
    match name {
        wit::DeliveryName::Ours(text) => {
            DeliveryName::echoed(&text).unwrap_or(DeliveryName::Provider(text))
        }
        wit::DeliveryName::Provider(id) => DeliveryName::Provider(id),
        wit::DeliveryName::AllUntil(at) => DeliveryName::AllUntil(timestamp(at)),
    }
}

fn wit_delivery_name(name: DeliveryName) -> wit::DeliveryName {
    match name {
        DeliveryName::Ours(id) => wit::DeliveryName::Ours(id.to_string()),
        DeliveryName::Part { delivery, part } => {
            wit::DeliveryName::Ours(format!("{delivery}.{part}"))
        }
        DeliveryName::Gone(id) => wit::DeliveryName::Ours(id.to_string()),
        DeliveryName::Provider(id) => wit::DeliveryName::Provider(id),
        DeliveryName::AllUntil(at) => wit::DeliveryName::AllUntil(millis(at)),
    }
}

fn wit_receipt_state(state: ReceiptState) -> wit::ReceiptState {
    match state {
        ReceiptState::Accepted => wit::ReceiptState::Accepted,
        ReceiptState::Sent => wit::ReceiptState::Sent,
        ReceiptState::Delivered => wit::ReceiptState::Delivered,
        ReceiptState::Read => wit::ReceiptState::Read,
        ReceiptState::Failed => wit::ReceiptState::Failed,
    }
}
