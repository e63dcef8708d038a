use trunkline_core::event::Event;
use trunkline_core::id::CustomerId;
use trunkline_flow::ports::{
    InboxEvent, Incoming, Part, PeerChange, Resolve, Resolved, Store, StoreError,
};

use super::Stores;
use super::fixtures::*;

/// When a piece gives up on the others.
const PIECES_MS: u64 = 30_000;

fn to_resolve(key: &str, text: &str) -> Incoming {
    Incoming {
        resolve: Some(Resolve {
            account: "ours".to_owned(),
            bytes: vec![1, 2],
            until: T.plus_ms(10_000),
        }),
        ..message(key, "+1", text)
    }
}

fn piece(key: &str, text: &str, index: u16, total: u16) -> Incoming {
    Incoming {
        part: Some(Part {
            group: "g".to_owned(),
            index,
            total,
            until: T.plus_ms(PIECES_MS),
        }),
        ..message(key, "+1", text)
    }
}

async fn inbox(store: &impl Store, id: CustomerId) -> Vec<InboxEvent> {
    load(store, id).await.inbox
}

async fn events(store: &impl Store, id: CustomerId) -> Vec<Event> {
    let inbox = inbox(store, id).await;
    inbox.into_iter().map(|waiting| waiting.event).collect()
}

fn text(event: &Event) -> String {
    text_of(event).unwrap_or_default().to_owned()
}

/// A crash before it is completed repeats that (H11).
pub async fn what_a_plugin_has_to_complete_survives_a_restart(stores: &impl Stores) {
    let store = stores.open();
    let first = to_resolve("1", "one");
    let wanted = first.resolve.clone();
    accept(&*store, vec![first, message("2", "+1", "two")]).await;
    drop(store);
    let store = stores.open();
    let id = store.ready(T, None, MANY).await.expect("somebody wrote")[0];
    let inbox = inbox(&*store, id).await;
    assert_eq!(inbox.len(), 2);
    assert_eq!((&inbox[0].resolve, &inbox[1].resolve), (&wanted, &None));
}

/// Not behind what came later, and masked like anything that comes in.
pub async fn what_was_completed_stands_where_the_event_stood(stores: &impl Stores) {
    let store = stores.open();
    let events = vec![
        message("1", "+1", "one"),
        to_resolve("2", "two"),
        message("3", "+1", "three"),
    ];
    let id = accept(&*store, events).await.customers[0];
    let row = inbox(&*store, id).await[1].row;
    let completed = |key, text| message(key, "+1", text).event;
    let resolved = Resolved {
        customer: id,
        row,
        events: vec![
            completed("2", "two, completed"),
            completed("2b", "card 4111 1111 1111 1111"),
        ],
        peer_changes: vec![PeerChange {
            key: "name".to_owned(),
            value: Some("known".to_owned()),
            at: T,
        }],
        at: T.plus_ms(5),
    };
    let done = store.resolved(resolved.clone()).await;
    assert_eq!(done, Ok(()));
    drop(store);
    let store = stores.open();
    let inbox = inbox(&*store, id).await;
    assert!(inbox.iter().all(|waiting| waiting.resolve.is_none()));
    let texts: Vec<String> = inbox.iter().map(|waiting| text(&waiting.event)).collect();
    assert_eq!(texts[..2], ["one", "two, completed"]);
    assert!(!texts[2].contains("4111 1111"), "{}", texts[2]);
    assert_eq!(texts[3], "three");
    let peer_state = load(&*store, id).await.peer_state;
    assert_eq!(peer_state, [("name".to_owned(), "known".to_owned())]);
    let again = store.resolved(resolved).await;
    assert!(matches!(again, Err(StoreError::Stale(_))), "{again:?}");
}

/// It was nothing after all, or the step that took it was faster.
pub async fn what_is_consumed_cannot_be_completed(stores: &impl Stores) {
    let store = stores.open();
    let id = accept(&*store, vec![to_resolve("1", "one")])
        .await
        .customers[0];
    let row = inbox(&*store, id).await[0].row;
    step(&*store, idle_step(&load(&*store, id).await)).await;
    let resolved = Resolved {
        customer: id,
        row,
        events: vec![message("1", "+1", "late").event],
        peer_changes: Vec::new(),
        at: T,
    };
    let late = store.resolved(resolved).await;
    assert!(matches!(late, Err(StoreError::Stale(_))), "{late:?}");
    assert_eq!(events(&*store, id).await, []);
}

/// In whatever order they come, also over a restart; a piece that comes twice counts once.
pub async fn pieces_go_in_as_one_when_all_are_there(stores: &impl Stores) {
    let store = stores.open();
    let id = customer_at_rest(&*store).await;
    accept(&*store, vec![piece("c", "order?", 2, 3)]).await;
    accept(&*store, vec![piece("a", "Where is ", 0, 3)]).await;
    let twice = accept(&*store, vec![piece("c", "order?", 2, 3)]).await;
    assert_eq!(twice.duplicates, 1);
    assert_eq!(events(&*store, id).await, []);
    drop(store);
    let store = stores.open();
    assert_eq!(
        accept(&*store, vec![piece("b", "my ", 1, 3)])
            .await
            .customers,
        [id]
    );
    let joined = message("a", "+1", "Where is my order?").event;
    assert_eq!(events(&*store, id).await, [joined]);
}

/// A card number that was cut in two.
pub async fn joined_pieces_are_masked(stores: &impl Stores) {
    let store = stores.open();
    let id = customer_at_rest(&*store).await;
    let pieces = vec![
        piece("a", "4111 1111 ", 0, 2),
        piece("b", "1111 1111", 1, 2),
    ];
    accept(&*store, pieces).await;
    let text = text(&events(&*store, id).await[0]);
    assert!(!text.contains("4111 1111"), "{text}");
}

/// In the order of their index.
pub async fn pieces_go_on_without_the_rest_after_their_time(stores: &impl Stores) {
    let store = stores.open();
    let id = customer_at_rest(&*store).await;
    let pieces = vec![piece("c", "order?", 2, 3), piece("a", "Where is ", 0, 3)];
    accept(&*store, pieces).await;
    assert_eq!(store.next_due(T).await, Ok(Some(T.plus_ms(PIECES_MS))));
    let early = store.sweep(T.plus_ms(PIECES_MS - 1)).await.expect("swept");
    assert_eq!(early.customers, []);
    let swept = store.sweep(T.plus_ms(PIECES_MS)).await.expect("swept");
    assert_eq!(swept.customers, [id]);
    let joined = message("a", "+1", "Where is order?").event;
    assert_eq!(events(&*store, id).await, [joined]);
}

/// Nothing is lost of what cannot be meant.
pub async fn a_piece_that_fits_nowhere_goes_in_by_itself(stores: &impl Stores) {
    let store = stores.open();
    let id = customer_at_rest(&*store).await;
    let odd = vec![
        piece("1", "alone", 0, 1),
        piece("2", "beyond", 7, 3),
        piece("3", "waits", 0, 2),
        piece("4", "same place", 0, 2),
        piece("5", "counts otherwise", 1, 4),
    ];
    accept(&*store, odd).await;
    let texts: Vec<String> = events(&*store, id).await.iter().map(text).collect();
    let alone = ["alone", "beyond", "same place", "counts otherwise"];
    assert_eq!(texts, alone);
}

/// Known, with an empty inbox.
async fn customer_at_rest(store: &impl Store) -> CustomerId {
    let id = customer(store, "+1").await;
    step(store, idle_step(&load(store, id).await)).await;
    id
}
