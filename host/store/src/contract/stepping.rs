use trunkline_core::effect::{Lane, OutboundContent, Payload};
use trunkline_core::id::TimerName;
use trunkline_flow::ports::{Settled, Step, Store};

use super::Stores;
use super::fixtures::*;

/// H2: what was consumed does not come again.
pub async fn a_step_takes_its_events_and_counts_up(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let loaded = load(&*store, id).await;
    accept(&*store, vec![message("later", "+1", "later")]).await;
    let revision = step(&*store, idle_step(&loaded)).await;
    assert_eq!(revision, 1);
    let after = load(&*store, id).await;
    assert_eq!(after.revision, 1);
    assert_eq!(after.customer.conversations, 1);
    assert_eq!(after.inbox.len(), 1);
    assert_eq!(text_of(&after.inbox[0].event), Some("later"));
}

/// Somebody else's step came first.
pub async fn a_step_from_an_old_revision_is_stale_and_writes_nothing(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let loaded = load(&*store, id).await;
    step(&*store, idle_step(&loaded)).await;
    accept(&*store, vec![message("2", "+1", "two")]).await;
    let now = load(&*store, id).await;
    let late = Step {
        revision: loaded.revision,
        deliveries: vec![to_customer(id, 1, "never")],
        timers: vec![(TimerName::from("idle"), Some(T))],
        ..idle_step(&now)
    };
    assert!(is_stale(&store.step(late).await));
    assert_eq!(load(&*store, id).await, now);
}

/// Two steps cannot both use an event.
pub async fn an_event_is_consumed_once(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let loaded = load(&*store, id).await;
    step(&*store, idle_step(&loaded)).await;
    let now = load(&*store, id).await;
    let twice = Step {
        consumed: vec![loaded.inbox[0].row],
        deliveries: vec![to_customer(id, 1, "never")],
        ..idle_step(&now)
    };
    assert!(is_stale(&store.step(twice).await));
    assert_eq!(load(&*store, id).await, now);
}

/// H11.
pub async fn a_step_survives_a_restart(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(
        &*store,
        id,
        vec![to_customer(id, 1, "hi"), to_ece(id, 2, "hello")],
    )
    .await;
    let before = load(&*store, id).await;
    drop(store);
    let store = stores.open();
    assert_eq!(load(&*store, id).await, before);
    assert_eq!(before.outbox.len(), 2);
}

/// At most one of a name runs.
pub async fn timers_are_set_replaced_and_removed(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let [idle, offer] = ["idle", "offer"].map(TimerName::from);
    let first = Step {
        timers: vec![
            (idle.clone(), Some(T.plus_ms(1000))),
            (offer.clone(), Some(T.plus_ms(500))),
        ],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, first).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(500))));
    let second = Step {
        timers: vec![(idle.clone(), Some(T.plus_ms(2000))), (offer, None)],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, second).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(2000))));
    let loaded = load(&*store, id).await;
    assert_eq!(
        loaded.timers.into_iter().collect::<Vec<_>>(),
        [(idle, T.plus_ms(2000))]
    );
}

/// H3.
pub async fn deliveries_come_back_in_the_order_of_their_lane(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(
        &*store,
        id,
        vec![to_customer(id, 1, "a"), to_ece(id, 2, "b")],
    )
    .await;
    deliver(
        &*store,
        id,
        vec![to_ece(id, 10, "c"), to_customer(id, 11, "d")],
    )
    .await;
    assert_eq!(waiting(&*store, id).await, [1, 2, 10, 11]);
    let item = &load(&*store, id).await.outbox[0];
    assert_eq!(item.delivery, to_customer(id, 1, "a"));
    assert_eq!((item.attempts, item.created, item.next_at), (0, T, T));
    assert_eq!(
        (item.left_at, &item.rest, &item.version),
        (None, &None, &None)
    );
}

/// A long lane does not hide another.
pub async fn a_lane_comes_back_up_to_the_limit(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let mut many: Vec<_> = (1..=5).map(|number| to_customer(id, number, "x")).collect();
    many.push(to_ece(id, 6, "y"));
    deliver(&*store, id, many).await;
    let loaded = store.load(id, 2).await.expect("loaded").expect("known");
    let numbers: Vec<_> = loaded
        .outbox
        .iter()
        .map(|item| item.delivery.id.number)
        .collect();
    assert_eq!(numbers, [1, 2, 6]);
}

/// H6: what is cancelled is a dead letter; what may have arrived goes its way.
pub async fn cancelling_a_lane_leaves_what_has_left(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let lane = vec![
        to_ece(id, 1, "left"),
        to_ece(id, 2, "waits"),
        to_customer(id, 3, "other"),
    ];
    deliver(&*store, id, lane).await;
    store
        .leave(delivery_id(id, 1), None, T)
        .await
        .expect("it leaves");
    let cancel = Step {
        cancelled: vec![(conversation(id), Lane::Ece, "ECE ended".to_owned())],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, cancel).await;
    assert_eq!(waiting(&*store, id).await, [1, 3]);
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].delivery, Some(delivery_id(id, 2)));
    assert_eq!(letters[0].reason, "ECE ended");
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
}

/// Those before this step.
pub async fn cancelling_a_lane_leaves_what_the_same_step_adds(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_ece(id, 1, "old")]).await;
    let cancel = Step {
        cancelled: vec![(conversation(id), Lane::Ece, "over".to_owned())],
        deliveries: vec![to_ece(id, 2, "new")],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, cancel).await;
    assert_eq!(waiting(&*store, id).await, [2]);
}

/// The receipt came while the outcome was unknown.
pub async fn a_receipt_settles_a_delivery(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(
        &*store,
        id,
        vec![to_customer(id, 1, "a"), to_customer(id, 2, "b")],
    )
    .await;
    let settled = Step {
        settled: vec![delivery_id(id, 1), delivery_id(id, 99)],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, settled).await;
    assert_eq!(waiting(&*store, id).await, [2]);
    assert_eq!(store.dead_letters(None, MANY).await, Ok(Vec::new()));
}

/// H6: the provider took it, and says later that it will not arrive. Also of one that is still on its way.
pub async fn what_failed_after_it_was_taken_is_one_dead_letter_that_can_be_replayed(
    stores: &impl Stores,
) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let deliveries = vec![
        to_customer(id, 1, "a"),
        to_customer(id, 2, "b"),
        to_ece(id, 3, "c"),
    ];
    deliver(&*store, id, deliveries).await;
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
    for reason in ["handset off", "handset still off"] {
        let failed = [1, 2, 3].map(|number| (delivery_id(id, number), reason.to_owned()));
        let step_of = Step {
            failed: failed.to_vec(),
            ..idle_step(&load(&*store, id).await)
        };
        step(&*store, step_of).await;
    }
    assert_eq!(waiting(&*store, id).await, [2, 3], "what waits goes on");
    let letters = store.dead_letters(None, MANY).await.expect("it lists");
    let read: Vec<_> = letters
        .iter()
        .map(|letter| (letter.delivery, letter.reason.as_str()))
        .collect();
    assert_eq!(
        read,
        [
            (Some(delivery_id(id, 2)), "handset off"),
            (Some(delivery_id(id, 1)), "handset off")
        ]
    );
    assert!(letters[1].content.contains('a'), "{:?}", letters[1]);
    store
        .replay(letters[1].id, T)
        .await
        .expect("it is put back");
    let again = waiting(&*store, id).await;
    assert!(again.contains(&1), "{again:?}");
    // It failed again: another letter.
    let step_of = Step {
        failed: vec![(delivery_id(id, 1), "no".to_owned())],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, step_of).await;
    let letters = store.dead_letters(None, MANY).await.expect("it lists");
    assert_eq!(letters.len(), 3);
}

/// A provider may say so after weeks.
pub async fn what_failed_and_is_forgotten_is_a_dead_letter_all_the_same(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let step_of = Step {
        failed: vec![(delivery_id(id, 7), "expired".to_owned())],
        ..idle_step(&load(&*store, id).await)
    };
    step(&*store, step_of).await;
    let letters = store.dead_letters(None, MANY).await.expect("it lists");
    assert_eq!(letters[0].delivery, Some(delivery_id(id, 7)));
    assert!(store.replay(letters[0].id, T).await.is_err());
}

/// For the next attempt, also one after a crash (H11).
pub async fn what_receipts_told_stays_with_the_delivery(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_customer(id, 1, "a")]).await;
    let later = Settled::Again {
        at: T.plus_ms(60_000),
        unknown: true,
    };
    settle(&*store, settle_of(delivery_id(id, 1), later)).await;
    for name in ["d1-1-1.0", "d1-1-1.\"1"] {
        let told = Step {
            told: vec![
                (delivery_id(id, 1), name.to_owned()),
                (delivery_id(id, 99), name.to_owned()),
            ],
            ..idle_step(&load(&*store, id).await)
        };
        step(&*store, told).await;
    }
    drop(store);
    let store = stores.open();
    let item = load(&*store, id).await.outbox.remove(0);
    assert_eq!(item.told, ["d1-1-1.0", "d1-1-1.\"1"]);
    assert_eq!(item.next_at, T, "there is nothing more to wait for");
    assert_eq!(item.left_at, Some(T), "the outcome is unknown still");
}

/// An agent's words are masked as a customer's are, also those that go out at once.
pub async fn card_numbers_in_deliveries_are_masked(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let deliveries = vec![
        to_customer(id, 1, "card 5500000000000004?"),
        to_customer(id, 2, "no card"),
    ];
    let before = load(&*store, id).await;
    let stepped = store
        .step(Step {
            deliveries,
            ..idle_step(&before)
        })
        .await
        .expect("it steps");
    let loaded = load(&*store, id).await;
    let Payload::ToCustomer(message) = &loaded.outbox[0].delivery.payload else {
        panic!("another delivery came back");
    };
    assert_eq!(
        message.content,
        OutboundContent::Text("card ****0004?".to_owned())
    );
    assert_eq!(
        stepped.masked,
        [loaded.outbox[0].delivery.clone()],
        "what goes out is what is kept"
    );
}
