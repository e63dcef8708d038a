use std::sync::Arc;

use tokio::task::JoinSet;
use trunkline_core::id::{BotName, ChannelName, CustomerId, EventKey};
use trunkline_flow::ports::{
    Accept, DeadKind, Incoming, PeerChange, Scope, Store, Target, Undelivered,
};

use super::Stores;
use super::fixtures::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// H2.
pub async fn second_arrival_of_a_key_is_dropped(stores: &impl Stores) {
    let store = stores.open();
    accept(&*store, vec![message("m1", "+1", "hello")]).await;
    let again = accept(&*store, vec![message("m1", "+1", "hello")]).await;
    assert_eq!(again.duplicates, 1);
    assert_eq!(again.customers, []);
    assert_eq!(
        load(&*store, customer_of(&*store).await).await.inbox.len(),
        1
    );
}

async fn customer_of(store: &impl Store) -> CustomerId {
    let target = Target::Addresses(sms(), vec![phone("+1")]);
    let known = store.whose(&target).await.expect("the store answers");
    known.expect("the customer is known")
}

/// One webhook call may hold the same event twice.
pub async fn second_arrival_within_one_call_is_dropped(stores: &impl Stores) {
    let store = stores.open();
    let twice = vec![message("m1", "+1", "hello"), message("m1", "+1", "hello")];
    let accepted = accept(&*store, twice).await;
    assert_eq!((accepted.customers.len(), accepted.duplicates), (1, 1));
    assert_eq!(load(&*store, accepted.customers[0]).await.inbox.len(), 1);
}

/// The same key of a channel and of a bot are two events.
pub async fn keys_of_two_scopes_are_apart(stores: &impl Stores) {
    let store = stores.open();
    let by_bot = Incoming {
        scope: Scope::Bot(BotName::from("acme-sms")),
        ..message("m1", "+1", "again")
    };
    let accepted = accept(&*store, vec![message("m1", "+1", "hello"), by_bot]).await;
    assert_eq!(accepted.duplicates, 0);
    assert_eq!(load(&*store, accepted.customers[0]).await.inbox.len(), 2);
}

/// With and without a sweep in between.
pub async fn a_key_is_forgotten_after_14_days(stores: &impl Stores) {
    let store = stores.open();
    for key in ["swept", "not swept"] {
        accept(&*store, vec![message(key, "+1", "hello")]).await;
    }
    let again = |key, at| store.accept(accept_of(vec![message(key, "+1", "hello")], at));
    let before = T.plus_ms(14 * DAY_MS - 1);
    store.sweep(before).await.expect("the store sweeps");
    assert_eq!(
        again("swept", before).await.expect("accepted").duplicates,
        1
    );
    let after = T.plus_ms(14 * DAY_MS);
    assert_eq!(
        again("not swept", after)
            .await
            .expect("accepted")
            .duplicates,
        0
    );
    store.sweep(after).await.expect("the store sweeps");
    assert_eq!(again("swept", after).await.expect("accepted").duplicates, 0);
    assert_eq!(
        again("not swept", after)
            .await
            .expect("accepted")
            .duplicates,
        1
    );
}

/// H1.
pub async fn events_come_back_in_arrival_order_after_a_restart(stores: &impl Stores) {
    let store = stores.open();
    let first = accept(
        &*store,
        vec![message("1", "+1", "one"), message("2", "+1", "two")],
    )
    .await;
    accept(&*store, vec![message("3", "+1", "three")]).await;
    drop(store);
    let store = stores.open();
    accept(&*store, vec![message("4", "+1", "four")]).await;
    let loaded = load(&*store, first.customers[0]).await;
    let texts: Vec<_> = loaded
        .inbox
        .iter()
        .filter_map(|one| text_of(&one.event))
        .collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    assert!(loaded.inbox.iter().all(|one| one.arrived == T));
}

/// A wa_id today, a number tomorrow.
pub async fn a_customer_is_found_by_any_of_their_addresses(stores: &impl Stores) {
    let store = stores.open();
    let both = vec![address("wa_id", "49170"), phone("+49170")];
    let made = accept(&*store, vec![named("1", both.clone())]).await;
    for (key, one) in [("2", both[0].clone()), ("3", both[1].clone())] {
        let found = accept(&*store, vec![named(key, vec![one])]).await;
        assert_eq!(found.customers, made.customers);
    }
    assert_eq!(load(&*store, made.customers[0]).await.addresses, both);
}

fn named(key: &str, addresses: Vec<trunkline_core::message::Address>) -> Incoming {
    Incoming {
        target: Target::Addresses(sms(), addresses),
        ..message(key, "", "hello")
    }
}

/// Strongest first, as the event says.
pub async fn an_unknown_address_is_added_where_the_event_ranks_it(stores: &impl Stores) {
    let store = stores.open();
    let [strong, known, weak] = ["bsuid", "wa_id", "phone"].map(|kind| address(kind, "1"));
    let made = accept(&*store, vec![named("1", vec![known.clone()])]).await;
    accept(&*store, vec![named("2", vec![known.clone(), weak.clone()])]).await;
    accept(
        &*store,
        vec![named("3", vec![strong.clone(), known.clone()])],
    )
    .await;
    let loaded = load(&*store, made.customers[0]).await;
    assert_eq!(loaded.addresses, [strong.clone(), known, weak]);
    let found = accept(&*store, vec![named("4", vec![strong])]).await;
    assert_eq!(found.customers, made.customers);
}

/// The others keep what they have.
pub async fn the_strongest_address_decides_between_two_customers(stores: &impl Stores) {
    let store = stores.open();
    let one = accept(&*store, vec![named("1", vec![phone("+1")])])
        .await
        .customers;
    let two = accept(&*store, vec![named("2", vec![phone("+2")])])
        .await
        .customers;
    let list = vec![phone("+2"), phone("+1"), phone("+3")];
    let linked = accept(&*store, vec![named("3", list)]).await;
    assert_eq!(linked.customers, two);
    assert_eq!(
        load(&*store, two[0]).await.addresses,
        [phone("+2"), phone("+3")]
    );
    let still = accept(&*store, vec![named("4", vec![phone("+1")])]).await;
    assert_eq!(still.customers, one);
}

/// A number on two channels is two customers.
pub async fn channels_have_customers_of_their_own(stores: &impl Stores) {
    let store = stores.open();
    let here = accept(&*store, vec![message("1", "+1", "hello")]).await;
    let elsewhere = Incoming {
        target: Target::Addresses(ChannelName::from("other"), vec![phone("+1")]),
        ..message("2", "+1", "hello")
    };
    let there = accept(&*store, vec![elsewhere]).await;
    assert_ne!(here.customers, there.customers);
    let loaded = load(&*store, there.customers[0]).await;
    assert_eq!(loaded.customer.channel, ChannelName::from("other"));
    assert_eq!(loaded.revision, 0);
}

fn to_nobody(key: &str) -> Incoming {
    Incoming {
        target: Target::Customer(CustomerId(999_999)),
        ..message(key, "", "hello")
    }
}

/// All of a call, or nothing: also its keys.
pub async fn an_accept_that_fails_writes_nothing(stores: &impl Stores) {
    let store = stores.open();
    let events = vec![message("1", "+1", "hello"), to_nobody("2")];
    assert!(is_broken(&store.accept(accept_of(events, T)).await));
    let target = Target::Addresses(sms(), vec![phone("+1")]);
    assert_eq!(store.whose(&target).await, Ok(None));
    let again = accept(&*store, vec![message("1", "+1", "hello")]).await;
    assert_eq!(again.duplicates, 0);
}

/// However many callers share a commit.
pub async fn one_failing_caller_leaves_the_others(stores: &impl Stores) {
    let store = stores.open();
    let mut callers = JoinSet::new();
    for number in 0..64 {
        let store = Arc::clone(&store);
        let key = number.to_string();
        let event = match number % 4 {
            0 => to_nobody(&key),
            _ => message(&key, &format!("+{number}"), "hello"),
        };
        callers.spawn(async move { store.accept(accept_of(vec![event], T)).await });
    }
    let answers = callers.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| is_broken(answer)).count(),
        16
    );
    let ready = store.ready(T, None, MANY).await.expect("the store answers");
    assert_eq!(ready.len(), 48);
}

/// Digits are masked, the rest stays.
pub async fn card_numbers_are_masked_before_they_are_committed(stores: &impl Stores) {
    let store = stores.open();
    let event = message("1", "+1", "pay with 4111 1111 1111 1111 please");
    let id = accept(&*store, vec![event]).await.customers[0];
    let loaded = load(&*store, id).await;
    assert_eq!(
        text_of(&loaded.inbox[0].event),
        Some("pay with ****1111 please")
    );
}

/// H12.
pub async fn all_other_characters_come_back_as_they_were(stores: &impl Stores) {
    let store = stores.open();
    let text = "\"quotes\" 'and' \\ \u{1}\t\r\n {{ x }} <b> \u{1F469}\u{200D}\u{1F4BB} \u{202e}עברית 1234567890123";
    let id = accept(&*store, vec![message("1", "+1", text)])
        .await
        .customers[0];
    let loaded = load(&*store, id).await;
    assert_eq!(text_of(&loaded.inbox[0].event), Some(text));
}

fn change(key: &str, value: Option<&str>, at_ms: u64) -> PeerChange {
    PeerChange {
        key: key.to_owned(),
        value: value.map(str::to_owned),
        at: T.plus_ms(at_ms),
    }
}

async fn with_changes(store: &impl Store, key: &str, peer_changes: Vec<PeerChange>) -> CustomerId {
    let event = Incoming {
        peer_changes,
        ..message(key, "+1", "hello")
    };
    accept(store, vec![event]).await.customers[0]
}

/// In whatever order the changes come; also for what was removed.
pub async fn the_newer_peer_state_wins(stores: &impl Stores) {
    let store = stores.open();
    let first = vec![
        change("a", Some("new"), 10),
        change("b", Some("old"), 10),
        change("c", None, 10),
    ];
    with_changes(&*store, "1", first).await;
    let second = vec![
        change("a", Some("late"), 5),
        change("b", Some("new"), 20),
        change("c", Some("late"), 5),
    ];
    let id = with_changes(&*store, "2", second).await;
    let expected =
        [("a", "new"), ("b", "new")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(load(&*store, id).await.peer_state, expected);
}

/// What does not fit is left out; the event comes all the same, and removing makes room.
pub async fn peer_state_stays_within_4_kib(stores: &impl Stores) {
    let store = stores.open();
    let large = "x".repeat(4000);
    let first = vec![change("a", Some(&large), 0), change("b", Some(&large), 0)];
    let id = with_changes(&*store, "1", first).await;
    assert_eq!(
        load(&*store, id).await.peer_state,
        [("a".to_owned(), large.clone())]
    );
    let second = vec![change("a", None, 1), change("b", Some(&large), 1)];
    with_changes(&*store, "2", second).await;
    let loaded = load(&*store, id).await;
    assert_eq!(loaded.peer_state, [("b".to_owned(), large)]);
    assert_eq!(loaded.inbox.len(), 2);
}

/// A provider that repeats a call for an unknown account leaves one dead letter.
pub async fn what_is_dead_from_the_start_is_kept_once(stores: &impl Stores) {
    let store = stores.open();
    let call = || Accept {
        dead: vec![Undelivered {
            kind: DeadKind::UnknownAccount,
            scope: Some(Scope::Channel(sms())),
            conversation: None,
            key: Some(EventKey::from("m1")),
            reason: "no channel has the account 42".to_owned(),
            content: "hello".to_owned(),
            replay: None,
        }],
        at: T,
        ..Accept::default()
    };
    store.accept(call()).await.expect("accepted");
    store.accept(call()).await.expect("accepted");
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].kind, DeadKind::UnknownAccount);
    assert_eq!(letters[0].scope, Some(Scope::Channel(sms())));
    let message = accept(&*store, vec![message("m1", "+1", "hello")]).await;
    assert_eq!(message.duplicates, 0);
}
