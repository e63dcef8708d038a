use trunkline_core::event::{DeliveryName, DeliveryReport, Event, Outcome};
use trunkline_core::id::CustomerId;
use trunkline_flow::ports::{
    DeadKind, OutboxItem, PluginArchive, PluginVersion, Scope, Settle, Settled, Store, Swept,
};

use super::Stores;
use super::fixtures::*;

fn version() -> Option<PluginVersion> {
    Some(PluginVersion("abc".to_owned()))
}

async fn first_item(store: &impl Store, id: CustomerId) -> OutboxItem {
    load(store, id).await.outbox.remove(0)
}

/// A customer with one delivery to them and one to ECE.
async fn with_two(store: &impl Store) -> CustomerId {
    let id = customer(store, "+1").await;
    deliver(
        store,
        id,
        vec![to_customer(id, 1, "hi"), to_ece(id, 2, "hello")],
    )
    .await;
    id
}

/// Before a `once` request leaves.
pub async fn leaving_is_counted_and_pins_the_version(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let at = T.plus_ms(5);
    store
        .leave(delivery_id(id, 1), version(), at)
        .await
        .expect("it leaves");
    drop(store);
    let store = stores.open();
    let item = first_item(&*store, id).await;
    assert_eq!(
        (item.attempts, item.left_at, item.version),
        (1, Some(at), version())
    );
}

/// Whoever comes too late reads so, and changes nothing.
pub async fn what_is_over_can_neither_leave_nor_settle(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
    assert!(is_stale(&store.leave(delivery_id(id, 1), None, T).await));
    let late = Settle {
        event: Some(said("late", "late")),
        session: Some((acme(), session())),
        ..settle_of(delivery_id(id, 1), Settled::Dead("late".to_owned()))
    };
    assert!(is_stale(&store.settle(late).await));
    assert_eq!(load(&*store, id).await.inbox, []);
    assert_eq!(store.dead_letters(None, MANY).await, Ok(Vec::new()));
    assert_eq!(accept(&*store, vec![agent_said("1", "hi")]).await.parked, 1);
}

/// At most one provider message a call.
pub async fn a_part_goes_on_with_its_rest_and_version(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    store
        .leave(delivery_id(id, 1), None, T)
        .await
        .expect("it leaves");
    let part = Settle {
        version: version(),
        attempts: 0,
        at: T.plus_ms(7),
        ..settle_of(delivery_id(id, 1), Settled::Part(b"2/3\0\xff".to_vec()))
    };
    settle(&*store, part).await;
    let item = first_item(&*store, id).await;
    assert_eq!(item.rest.as_deref(), Some(&b"2/3\0\xff"[..]));
    assert_eq!((item.attempts, item.left_at), (0, None));
    assert_eq!((item.next_at, item.version), (T.plus_ms(7), version()));
}

/// Certainly not taken.
pub async fn a_known_failure_clears_what_left(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    store
        .leave(delivery_id(id, 1), version(), T)
        .await
        .expect("it leaves");
    let outcome = Settled::Again {
        at: T.plus_ms(2000),
        unknown: false,
    };
    let again = Settle {
        attempts: 3,
        version: version(),
        ..settle_of(delivery_id(id, 1), outcome)
    };
    settle(&*store, again).await;
    let item = first_item(&*store, id).await;
    assert_eq!((item.attempts, item.next_at), (3, T.plus_ms(2000)));
    assert_eq!((item.left_at, item.version), (None, None));
}

/// It may have been taken: since when is kept, also where nothing announced it.
pub async fn an_unknown_outcome_stays_marked(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    store
        .leave(delivery_id(id, 1), version(), T)
        .await
        .expect("it leaves");
    for number in [1, 2] {
        let outcome = Settled::Again {
            at: T.plus_ms(2000),
            unknown: true,
        };
        let unknown = Settle {
            at: T.plus_ms(100),
            ..settle_of(delivery_id(id, number), outcome)
        };
        settle(&*store, unknown).await;
    }
    let items = load(&*store, id).await.outbox;
    assert_eq!((items[0].left_at, &items[0].version), (Some(T), &version()));
    assert_eq!(
        (items[1].left_at, &items[1].version),
        (Some(T.plus_ms(100)), &None)
    );
}

/// The core hears of it as of everything else: by an event.
pub async fn an_outcome_is_reported_to_the_inbox(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let report = Event::Delivery(DeliveryReport {
        delivery: delivery_id(id, 1),
        outcome: Outcome::Taken,
    });
    let done = Settle {
        event: Some(report.clone()),
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    assert_eq!(settle(&*store, done).await, [id]);
    let loaded = load(&*store, id).await;
    assert_eq!(loaded.inbox[0].event, report);
    assert_eq!(waiting(&*store, id).await, [2]);
    let quiet = settle_of(delivery_id(id, 2), Settled::Done);
    assert_eq!(settle(&*store, quiet).await, []);
}

/// H6.
pub async fn what_gives_up_is_a_dead_letter(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    settle(
        &*store,
        settle_of(delivery_id(id, 1), Settled::Dead("30003".to_owned())),
    )
    .await;
    assert_eq!(waiting(&*store, id).await, [2]);
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    let letter = &letters[0];
    assert_eq!(
        (letter.kind, letter.reason.as_str()),
        (DeadKind::Delivery, "30003")
    );
    assert_eq!(letter.delivery, Some(delivery_id(id, 1)));
    assert_eq!(letter.conversation, Some(conversation(id)));
    assert_eq!(letter.scope, Some(Scope::Channel(sms())));
    assert!(letter.content.contains("hi"));
    assert_eq!((letter.at, letter.replayed), (T, None));
}

/// ECE's callbacks may come before its answer to `start`.
pub async fn a_parked_ece_event_wakes_when_its_session_is_settled(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let early = vec![agent_said("1", "first"), agent_said("2", "second")];
    let accepted = accept(&*store, early).await;
    assert_eq!((accepted.parked, accepted.customers.len()), (2, 0));
    assert_eq!(
        accept(&*store, vec![agent_said("1", "first")])
            .await
            .duplicates,
        1
    );
    let started = Settle {
        session: Some((acme(), session())),
        ..settle_of(delivery_id(id, 2), Settled::Done)
    };
    assert_eq!(settle(&*store, started).await, [id]);
    accept(&*store, vec![agent_said("3", "third")]).await;
    let inbox = load(&*store, id).await.inbox;
    let expected: Vec<_> = [("1", "first"), ("2", "second"), ("3", "third")]
        .map(|(id, text)| agent_said(id, text).event)
        .into();
    assert_eq!(
        inbox.into_iter().map(|one| one.event).collect::<Vec<_>>(),
        expected
    );
    let swept = store.sweep(T.plus_ms(3_600_000)).await;
    assert_eq!(swept, Ok(Swept::default()));
}

/// The core knows the session from the report on: news of it that came first waits behind the report.
pub async fn the_report_of_a_start_comes_before_what_waited_for_its_session(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    accept(&*store, vec![agent_said("1", "first")]).await;
    let report = Event::Delivery(DeliveryReport {
        delivery: delivery_id(id, 2),
        outcome: Outcome::Started {
            integration: None,
            session: session(),
        },
    });
    let started = Settle {
        session: Some((acme(), session())),
        event: Some(report.clone()),
        ..settle_of(delivery_id(id, 2), Settled::Done)
    };
    assert_eq!(settle(&*store, started).await, [id]);
    let inbox = load(&*store, id).await.inbox;
    let events: Vec<_> = inbox.into_iter().map(|one| one.event).collect();
    assert_eq!(events, [report, agent_said("1", "first").event]);
}

/// The provider's receipt may be faster than its answer.
pub async fn a_receipt_before_its_settle_waits(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let name = DeliveryName::Provider("SM1".to_owned());
    let accepted = accept(&*store, vec![receipt("r1", name)]).await;
    assert_eq!(accepted.parked, 1);
    let sent = Settle {
        provider_ids: vec!["SM0".to_owned(), "SM1".to_owned()],
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    assert_eq!(settle(&*store, sent).await, [id]);
    let inbox = load(&*store, id).await.inbox;
    let ours = receipt_event(DeliveryName::Gone(delivery_id(id, 1)));
    assert_eq!(inbox[0].event, ours);
}

/// The core knows no provider's ids.
pub async fn a_receipt_after_its_settle_names_our_delivery(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let sent = Settle {
        provider_ids: vec!["SM1".to_owned()],
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    settle(&*store, sent).await;
    let name = DeliveryName::Provider("SM1".to_owned());
    let accepted = accept(&*store, vec![receipt("r1", name)]).await;
    assert_eq!(accepted.customers, [id]);
    let ours = receipt_event(DeliveryName::Gone(delivery_id(id, 1)));
    assert_eq!(load(&*store, id).await.inbox[0].event, ours);
}

/// A provider that echoes our id.
pub async fn a_receipt_by_our_own_id_needs_no_settle(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    let ours = DeliveryName::Ours(delivery_id(id, 1));
    let accepted = accept(&*store, vec![receipt("r1", ours)]).await;
    assert_eq!(accepted.customers, [id]);
    let last = DeliveryName::Part {
        delivery: delivery_id(id, 1),
        part: "last".to_owned(),
    };
    accept(&*store, vec![receipt("r3", last.clone())]).await;
    let inbox = load(&*store, id).await.inbox;
    assert_eq!(inbox[1].event, receipt_event(last), "the part is kept");
    let nobodys = DeliveryName::Ours(delivery_id(CustomerId(999), 1));
    assert_eq!(
        accept(&*store, vec![receipt("r2", nobodys)]).await.parked,
        1
    );
}

/// Their bytes must stay (H8).
pub async fn versions_of_unsettled_deliveries_are_in_use(stores: &impl Stores) {
    let store = stores.open();
    let id = with_two(&*store).await;
    store
        .leave(delivery_id(id, 1), version(), T)
        .await
        .expect("it leaves");
    let in_use = blocking(&store, |store| store.in_use()).await;
    assert_eq!(in_use, Ok(vec![PluginVersion("abc".to_owned())]));
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
    let in_use = blocking(&store, |store| store.in_use()).await;
    assert_eq!(in_use, Ok(Vec::new()));
}
