use trunkline_core::id::{CustomerId, TimerName};
use trunkline_flow::ports::{
    Accept, DeadKind, Incoming, PARKED_MS, PeerChange, Scope, Settle, Settled, Step, Store, Swept,
    Target, Undelivered,
};

use super::Stores;
use super::fixtures::*;

/// Something in the inbox, a due timer, a due delivery; not a customer who waits.
pub async fn ready_names_customers_with_something_to_do_in_order(stores: &impl Stores) {
    let store = stores.open();
    let mut ids = Vec::new();
    for from in ["+1", "+2", "+3", "+4"] {
        ids.push(customer(&*store, from).await);
    }
    let timer = Step {
        timers: vec![(TimerName::from("idle"), Some(T.plus_ms(10)))],
        ..idle_step(&load(&*store, ids[1]).await)
    };
    step(&*store, timer).await;
    deliver(&*store, ids[2], vec![to_customer(ids[2], 1, "hi")]).await;
    step(&*store, idle_step(&load(&*store, ids[3]).await)).await;
    assert_eq!(store.ready(T, None, MANY).await, Ok(vec![ids[0], ids[2]]));
    let later = store.ready(T.plus_ms(10), None, MANY).await;
    assert_eq!(later, Ok(vec![ids[0], ids[1], ids[2]]));
}

/// Page by page.
pub async fn ready_goes_on_after_a_customer(stores: &impl Stores) {
    let store = stores.open();
    let mut ids = Vec::new();
    for from in ["+1", "+2", "+3"] {
        ids.push(customer(&*store, from).await);
    }
    assert_eq!(store.ready(T, None, 2).await, Ok(ids[..2].to_vec()));
    assert_eq!(store.ready(T, Some(ids[1]), 2).await, Ok(ids[2..].to_vec()));
}

/// H3: only the first of a lane can go.
pub async fn a_delivery_behind_another_of_its_lane_is_not_due(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(
        &*store,
        id,
        vec![to_customer(id, 1, "a"), to_customer(id, 2, "b")],
    )
    .await;
    let outcome = Settled::Again {
        at: T.plus_ms(5000),
        unknown: false,
    };
    settle(&*store, settle_of(delivery_id(id, 1), outcome)).await;
    assert_eq!(
        store.ready(T.plus_ms(4999), None, MANY).await,
        Ok(Vec::new())
    );
    let before = store.next_due(T.minus_one()).await;
    assert_eq!(before, Ok(Some(T.plus_ms(5000))));
    assert_eq!(store.ready(T.plus_ms(5000), None, MANY).await, Ok(vec![id]));
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
    assert_eq!(store.ready(T, None, MANY).await, Ok(vec![id]));
}

trait Earlier {
    fn minus_one(self) -> Self;
}

impl Earlier for trunkline_core::id::Timestamp {
    fn minus_one(self) -> Self {
        Self(self.0 - 1)
    }
}

/// Of timers, attempts and parked events.
pub async fn the_next_due_time_is_the_earliest(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let with_timer = Step {
        timers: vec![(TimerName::from("idle"), Some(T.plus_ms(90_000)))],
        deliveries: vec![to_customer(id, 1, "a")],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, with_timer).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(90_000))));
    accept(&*store, vec![agent_said("1", "hi")]).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(PARKED_MS))));
    let outcome = Settled::Again {
        at: T.plus_ms(1000),
        unknown: true,
    };
    settle(&*store, settle_of(delivery_id(id, 1), outcome)).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(1000))));
    let next = store.next_due(T.plus_ms(1000)).await;
    assert_eq!(next, Ok(Some(T.plus_ms(PARKED_MS))));
}

/// Then nobody needs to be woken.
pub async fn nothing_due_is_none(stores: &impl Stores) {
    let store = stores.open();
    assert_eq!(store.next_due(T).await, Ok(None));
    assert_eq!(store.ready(T, None, MANY).await, Ok(Vec::new()));
    assert_eq!(store.sweep(T).await, Ok(Swept::default()));
}

/// So that its end can be told; it stays until its end is on disk.
pub async fn a_parked_event_is_given_back_after_its_time(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_ece(id, 1, "x")]).await;
    accept(&*store, vec![agent_said("1", "hi")]).await;
    let too_early = store.sweep(T.plus_ms(PARKED_MS - 1)).await;
    assert_eq!(too_early, Ok(Swept::default()));
    let swept = store.sweep(T.plus_ms(PARKED_MS)).await.expect("swept");
    let expired = &swept.expired;
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].target, Target::Session(acme(), session()));
    assert_eq!(expired[0].event, agent_said("1", "hi").event);
    drop(store);
    let store = stores.open();
    let later = T.plus_ms(PARKED_MS);
    assert_eq!(store.sweep(later).await, Ok(swept.clone()));
    let given_up = || Accept {
        expired: vec![(expired[0].id, Some(letter("hi")))],
        at: later,
        ..Accept::default()
    };
    store.accept(given_up()).await.expect("it is given up");
    assert_eq!(store.sweep(later).await, Ok(Swept::default()));
    store.accept(given_up()).await.expect("it is gone already");
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].content, "hi");
    let started = Settle {
        session: Some((acme(), session())),
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    assert_eq!(settle(&*store, started).await, []);
}

/// A start that was settled in the last moment.
pub async fn a_parked_event_that_woke_up_leaves_no_dead_letter(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_ece(id, 1, "x")]).await;
    accept(&*store, vec![agent_said("1", "hi")]).await;
    let later = T.plus_ms(PARKED_MS);
    let expired = store.sweep(later).await.expect("swept").expired;
    let started = Settle {
        session: Some((acme(), session())),
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    assert_eq!(settle(&*store, started).await, [id]);
    let given_up = Accept {
        expired: vec![(expired[0].id, Some(letter("hi")))],
        at: later,
        ..Accept::default()
    };
    store.accept(given_up).await.expect("taken");
    assert_eq!(store.dead_letters(None, MANY).await, Ok(Vec::new()));
    assert_eq!(load(&*store, id).await.inbox.len(), 1);
}

fn letter(content: &str) -> Undelivered {
    Undelivered {
        kind: DeadKind::Message,
        scope: Some(Scope::Integration(acme())),
        conversation: None,
        key: None,
        reason: "nobody knows it".to_owned(),
        content: content.to_owned(),
        replay: None,
    }
}

/// For an owner that holds the rest in memory.
pub async fn news_is_what_came_in(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    step(&*store, idle_step(&load(&*store, id).await)).await;
    let change = PeerChange {
        key: "seen".to_owned(),
        value: Some("yes".to_owned()),
        at: T,
    };
    let second = Incoming {
        target: Target::Addresses(sms(), vec![phone("+1"), phone("+11")]),
        peer_changes: vec![change],
        ..message("2", "+1", "two")
    };
    accept(&*store, vec![second, message("3", "+1", "three")]).await;
    let news = store.news(id, 1).await.expect("told");
    assert_eq!(news.inbox.len(), 1);
    assert_eq!(text_of(&news.inbox[0].event), Some("two"));
    assert_eq!(news.addresses, [phone("+1"), phone("+11")]);
    assert_eq!(news.peer_state, [("seen".to_owned(), "yes".to_owned())]);
}

/// For signals.
pub async fn whose_an_event_is_can_be_asked_without_storing_it(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_ece(id, 1, "x")]).await;
    let of_session = Target::Session(acme(), session());
    assert_eq!(store.whose(&of_session).await, Ok(None));
    let started = Settle {
        session: Some((acme(), session())),
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    settle(&*store, started).await;
    assert_eq!(store.whose(&of_session).await, Ok(Some(id)));
    let unknown = Target::Addresses(sms(), vec![phone("+9")]);
    assert_eq!(store.whose(&unknown).await, Ok(None));
    let stranger = Target::Customer(CustomerId(999_999));
    assert_eq!(store.whose(&stranger).await, Ok(None));
    let known = Target::Addresses(sms(), vec![phone("+9"), phone("+1")]);
    assert_eq!(store.whose(&known).await, Ok(Some(id)));
    assert_eq!(load(&*store, id).await.addresses, [phone("+1")]);
}
