use std::sync::Arc;

use trunkline_core::customer::Customer;
use trunkline_core::effect::{Author, Delivery, EceMessage, OutboundContent, Payload, ToCustomer};
use trunkline_core::event::{
    ChannelEvent, DeliveryName, EceEvent, EceHappening, Event, Happening, Profile, Receipt,
    ReceiptState,
};
use trunkline_core::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, EventKey, IntegrationName,
    Timestamp,
};
use trunkline_core::message::{Address, Content};
use trunkline_flow::ports::{
    Accept, Accepted, Incoming, Loaded, Scope, Settle, Settled, Step, Store, StoreError, Target,
};

/// The suite's clock starts here.
pub(super) const T: Timestamp = Timestamp(1_770_000_000_000);

pub(super) const MANY: usize = 1000;

pub(super) fn sms() -> ChannelName {
    ChannelName::from("acme-sms")
}

pub(super) fn acme() -> IntegrationName {
    IntegrationName::from("acme")
}

pub(super) fn session() -> EceSession {
    EceSession::from("ece-77")
}

pub(super) fn phone(value: &str) -> Address {
    address("phone", value)
}

pub(super) fn address(kind: &str, value: &str) -> Address {
    Address {
        kind: kind.to_owned(),
        value: value.to_owned(),
    }
}

pub(super) fn said(key: &str, text: &str) -> Event {
    Event::Channel(ChannelEvent {
        key: EventKey::from(key),
        at: T,
        profile: Profile::default(),
        happening: Happening::Said(Content::Text(text.to_owned())),
        reply_to: None,
    })
}

/// The text of an event that `said` made.
pub(super) fn text_of(event: &Event) -> Option<&str> {
    let Event::Channel(channel) = event else {
        return None;
    };
    let Happening::Said(Content::Text(text)) = &channel.happening else {
        return None;
    };
    Some(text)
}

pub(super) fn message(key: &str, from: &str, text: &str) -> Incoming {
    Incoming {
        scope: Scope::Channel(sms()),
        key: key.to_owned(),
        target: Target::Addresses(sms(), vec![phone(from)]),
        event: said(key, text),
        peer_changes: Vec::new(),
        resolve: None,
        part: None,
    }
}

pub(super) fn agent_said(id: &str, text: &str) -> Incoming {
    Incoming {
        scope: Scope::Integration(acme()),
        key: format!("{}/{id}", session()),
        target: Target::Session(acme(), session()),
        event: Event::Ece(EceEvent {
            session: session(),
            id: id.to_owned(),
            at: T,
            happening: EceHappening::Said {
                agent: Some("Kim".to_owned()),
                text: text.to_owned(),
            },
        }),
        peer_changes: Vec::new(),
        resolve: None,
        part: None,
    }
}

pub(super) fn receipt(key: &str, name: DeliveryName) -> Incoming {
    Incoming {
        scope: Scope::Channel(sms()),
        key: key.to_owned(),
        target: Target::Delivery(sms(), name.clone()),
        event: receipt_event(name),
        peer_changes: Vec::new(),
        resolve: None,
        part: None,
    }
}

pub(super) fn receipt_event(delivery: DeliveryName) -> Event {
    Event::Receipt(Receipt {
        delivery,
        state: ReceiptState::Delivered,
        detail: None,
        opted_out: false,
        at: T,
    })
}

pub(super) fn accept_of(events: Vec<Incoming>, at: Timestamp) -> Accept {
    Accept {
        events,
        at,
        ..Accept::default()
    }
}

pub(super) async fn accept(store: &impl Store, events: Vec<Incoming>) -> Accepted {
    let accepted = store.accept(accept_of(events, T)).await;
    accepted.expect("the store accepts")
}

/// A customer who wrote once, at `T`.
pub(super) async fn customer(store: &impl Store, from: &str) -> CustomerId {
    let key = format!("first-{from}");
    let accepted = accept(store, vec![message(&key, from, "hello")]).await;
    accepted.customers[0]
}

pub(super) async fn load(store: &impl Store, id: CustomerId) -> Loaded {
    let loaded = store.load(id, MANY).await.expect("the store loads");
    loaded.expect("there is such a customer")
}

/// A step that takes all that waits and does nothing, in the customer's first conversation.
pub(super) fn idle_step(loaded: &Loaded) -> Step {
    Step {
        customer: Customer {
            conversations: 1,
            ..loaded.customer.clone()
        },
        revision: loaded.revision,
        consumed: loaded.inbox.iter().map(|event| event.row).collect(),
        deliveries: Vec::new(),
        cancelled: Vec::new(),
        settled: Vec::new(),
        told: Vec::new(),
        failed: Vec::new(),
        timers: Vec::new(),
        dead: Vec::new(),
        trace: Vec::new(),
        at: T,
    }
}

pub(super) async fn step(store: &impl Store, step: Step) -> u64 {
    let stepped = store.step(step).await.expect("the store steps");
    stepped.revision
}

/// A step with these deliveries.
pub(super) async fn deliver(store: &impl Store, id: CustomerId, deliveries: Vec<Delivery>) {
    let loaded = load(store, id).await;
    let with_deliveries = Step {
        deliveries,
        ..idle_step(&loaded)
    };
    step(store, with_deliveries).await;
}

pub(super) fn conversation(customer: CustomerId) -> ConversationId {
    ConversationId {
        customer,
        number: 1,
    }
}

pub(super) fn delivery_id(customer: CustomerId, number: u32) -> DeliveryId {
    DeliveryId {
        conversation: conversation(customer),
        number,
    }
}

pub(super) fn to_customer(customer: CustomerId, number: u32, text: &str) -> Delivery {
    Delivery {
        id: delivery_id(customer, number),
        payload: Payload::ToCustomer(ToCustomer {
            content: OutboundContent::Text(text.to_owned()),
            author: Author::Agent,
            author_name: None,
            report: false,
            despite_opt_out: false,
        }),
    }
}

pub(super) fn to_ece(customer: CustomerId, number: u32, text: &str) -> Delivery {
    Delivery {
        id: delivery_id(customer, number),
        payload: Payload::ToEce {
            integration: acme(),
            session: session(),
            message: EceMessage::Text(text.to_owned()),
        },
    }
}

pub(super) fn settle_of(delivery: DeliveryId, outcome: Settled) -> Settle {
    Settle {
        delivery,
        outcome,
        attempts: 1,
        version: None,
        provider_ids: Vec::new(),
        session: None,
        event: None,
        peer_changes: Vec::new(),
        pushed: None,
        note: "sent".to_owned(),
        at: T,
    }
}

pub(super) async fn settle(store: &impl Store, settle: Settle) -> Vec<CustomerId> {
    store.settle(settle).await.expect("the store settles")
}

/// Numbers of the unsettled deliveries, in order.
pub(super) async fn waiting(store: &impl Store, id: CustomerId) -> Vec<u32> {
    let loaded = load(store, id).await;
    loaded
        .outbox
        .iter()
        .map(|item| item.delivery.id.number)
        .collect()
}

pub(super) fn is_stale<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::Stale(_)))
}

pub(super) fn is_broken<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::Broken(_)))
}

/// Runs plugin-archive calls where blocking is allowed.
pub(super) async fn blocking<S, R>(store: &Arc<S>, work: impl FnOnce(&S) -> R + Send + 'static) -> R
where
    S: Send + Sync + 'static,
    R: Send + 'static,
{
    let store = Arc::clone(store);
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.expect("the work does not panic")
}
