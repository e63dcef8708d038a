use bytes::Bytes;
use trunkline_core::id::{CustomerId, EventKey, Timestamp};
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{
    Download, KeepFile, LOG_BYTES_MAX, LOG_FRAMES_MAX, LOG_KEEP_MS, LogPage, PushedFrames, Settle,
    Settled, Store, UPLOAD_ENDS_MS, UPLOADS_OPEN_MAX, Upload,
};

use super::Stores;
use super::fixtures::*;

/// A customer with so many deliveries, from number 1.
async fn with_deliveries(store: &impl Store, number: u32) -> CustomerId {
    let id = customer(store, "+1").await;
    let deliveries = (1..=number).map(|number| to_customer(id, number, "hi"));
    deliver(store, id, deliveries.collect()).await;
    id
}

fn pushing(id: CustomerId, delivery: u32, first: u64, frames: &[&str]) -> Settle {
    let frames = frames.iter().map(|frame| frame.as_bytes().to_vec());
    Settle {
        pushed: Some(PushedFrames {
            first,
            frames: frames.collect(),
        }),
        ..settle_of(delivery_id(id, delivery), Settled::Done)
    }
}

async fn log(store: &impl Store, after: u64) -> LogPage {
    let page = store.log(&sms(), &phone("+1"), after, 1 << 20).await;
    page.expect("the store reads")
}

fn texts(page: &LogPage) -> Vec<(u64, String)> {
    let text = |frame: &Vec<u8>| String::from_utf8_lossy(frame).into_owned();
    let frames = page.frames.iter();
    frames
        .map(|(number, frame)| (*number, text(frame)))
        .collect()
}

fn numbered(frames: &[(u64, &str)]) -> Vec<(u64, String)> {
    let frames = frames.iter();
    frames
        .map(|(number, text)| (*number, (*text).to_owned()))
        .collect()
}

async fn next(store: &impl Store, id: CustomerId) -> u64 {
    store.next_frame(id).await.expect("the store reads")
}

/// In the settle's own transaction: of a part, too.
pub async fn frames_are_numbered_from_one_without_a_gap(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 2).await;
    assert_eq!(next(&*store, id).await, 1);
    let part = Settle {
        outcome: Settled::Part(vec![1]),
        ..pushing(id, 1, 1, &["one"])
    };
    settle(&*store, part).await;
    settle(&*store, pushing(id, 1, 2, &["two", "three"])).await;
    drop(store);
    let store = stores.open();
    assert_eq!(next(&*store, id).await, 4);
    settle(&*store, pushing(id, 2, 4, &["four"])).await;
    let page = log(&*store, 0).await;
    let all = [(1, "one"), (2, "two"), (3, "three"), (4, "four")];
    assert_eq!((texts(&page), page.last), (numbered(&all), 4));
}

/// The plugin was told a number that another attempt has got: it is asked anew.
pub async fn frames_numbered_for_another_end_are_stale(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 2).await;
    settle(&*store, pushing(id, 1, 1, &["one"])).await;
    for first in [1, 3] {
        let late = Settle {
            event: Some(said("report", "report")),
            ..pushing(id, 2, first, &["two"])
        };
        assert!(is_stale(&store.settle(late).await));
    }
    assert_eq!(waiting(&*store, id).await, [2]);
    assert_eq!(load(&*store, id).await.inbox, []);
    let page = log(&*store, 0).await;
    assert_eq!((texts(&page), page.last), (numbered(&[(1, "one")]), 1));
}

/// A second settle of one attempt would double the message.
pub async fn what_is_over_pushes_nothing(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 1).await;
    settle(&*store, pushing(id, 1, 1, &["one"])).await;
    let again = pushing(id, 1, 2, &["one"]);
    assert!(is_stale(&store.settle(again).await));
    assert_eq!(log(&*store, 0).await.last, 1);
}

/// One frame at least, however long.
pub async fn a_log_is_read_after_a_number_up_to_a_size(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 1).await;
    settle(&*store, pushing(id, 1, 1, &["aaaa", "bbbb", "cccc", "d"])).await;
    let read = async |after, bytes_max| {
        let page = store.log(&sms(), &phone("+1"), after, bytes_max).await;
        texts(&page.expect("the store reads"))
    };
    assert_eq!(read(0, 1).await, numbered(&[(1, "aaaa")]));
    assert_eq!(read(1, 8).await, numbered(&[(2, "bbbb"), (3, "cccc")]));
    assert_eq!(read(3, 100).await, numbered(&[(4, "d")]));
    assert_eq!(read(4, 100).await, []);
    assert_eq!(read(9, 100).await, []);
}

/// By any address, on their own channel; an address that nobody has has an empty log.
pub async fn a_log_is_found_by_its_customers_address(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 1).await;
    settle(&*store, pushing(id, 1, 1, &["one"])).await;
    let other = store.log(&sms(), &phone("+2"), 0, 100).await;
    assert_eq!(other, Ok(LogPage::default()));
    let elsewhere = store.log(&"other".into(), &phone("+1"), 0, 100).await;
    assert_eq!(elsewhere, Ok(LogPage::default()));
}

/// Also when all of them are acked.
pub async fn acked_frames_go_and_numbers_go_on(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 2).await;
    settle(&*store, pushing(id, 1, 1, &["one", "two", "three"])).await;
    let acked = async |number| {
        let acked = store.acked(&sms(), &phone("+1"), number).await;
        acked.expect("the store writes");
    };
    acked(2).await;
    assert_eq!(texts(&log(&*store, 0).await), numbered(&[(3, "three")]));
    acked(99).await;
    let page = log(&*store, 0).await;
    assert_eq!((texts(&page), page.last), (Vec::new(), 3));
    settle(&*store, pushing(id, 2, 4, &["four"])).await;
    assert_eq!(texts(&log(&*store, 0).await), numbered(&[(4, "four")]));
}

/// The oldest go.
pub async fn a_log_keeps_1000_frames(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 2).await;
    let many = vec!["x"; usize::try_from(LOG_FRAMES_MAX).expect("it is small")];
    settle(&*store, pushing(id, 1, 1, &many)).await;
    assert_eq!(log(&*store, 0).await.frames.len(), many.len());
    settle(&*store, pushing(id, 2, LOG_FRAMES_MAX + 1, &["y", "z"])).await;
    let page = log(&*store, 0).await;
    assert_eq!(page.frames.len(), many.len());
    assert_eq!(page.frames[0].0, 3);
}

/// The oldest go, but the newest stays whatever its size.
pub async fn a_log_keeps_2_mib(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 4).await;
    let half = "x".repeat(usize::try_from(LOG_BYTES_MAX / 2).expect("it is small"));
    settle(&*store, pushing(id, 1, 1, &[&half, &half])).await;
    let kept = async || {
        let page = store.log(&sms(), &phone("+1"), 0, usize::MAX).await;
        let frames = page.expect("the store reads").frames.into_iter();
        frames.map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(kept().await, [1, 2]);
    settle(&*store, pushing(id, 2, 3, &["y"])).await;
    assert_eq!(kept().await, [2, 3]);
}

/// And the store says when it wants to be swept.
pub async fn frames_are_forgotten_after_14_days(stores: &impl Stores) {
    let store = stores.open();
    let id = with_deliveries(&*store, 2).await;
    settle(&*store, pushing(id, 1, 1, &["old"])).await;
    let later = T.plus_ms(LOG_KEEP_MS / 2);
    let newer = Settle {
        at: later,
        ..pushing(id, 2, 2, &["new"])
    };
    settle(&*store, newer).await;
    let due = T.plus_ms(LOG_KEEP_MS);
    store.sweep(due).await.expect("it sweeps");
    let page = log(&*store, 0).await;
    assert_eq!((texts(&page), page.last), (numbered(&[(2, "new")]), 2));
    let next = store.next_due(due).await.expect("the store reads");
    let end = later.plus_ms(LOG_KEEP_MS);
    let hour = 60 * 60 * 1000;
    let next = next.expect("a frame has to go");
    assert!(next >= end && next < end.plus_ms(hour), "{next:?} {end:?}");
}

fn upload(slot: &str) -> Upload {
    Upload {
        channel: sms(),
        customer: phone("+1"),
        slot: EventKey::from(slot),
        name: "photo.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 3,
        expires: T.plus_ms(1_000),
        file: None,
    }
}

async fn open(store: &impl Store, slot: &str, now: Timestamp) -> Option<String> {
    let opened = store.open_upload(upload(slot), now).await;
    opened.expect("the store writes")
}

async fn find(store: &impl Store, token: &str, after_ms: u64) -> Option<Upload> {
    let found = store.upload(token, T.plus_ms(after_ms)).await;
    found.expect("the store reads")
}

async fn keep(store: &impl Store, bytes: &'static [u8]) -> StoredFile {
    let mut pieces = vec![Ok(Bytes::from_static(bytes))].into_iter();
    let file = KeepFile {
        name: Some("photo.png".to_owned()),
        content_type: None,
        download: Download {
            name: None,
            content_type: None,
            size: None,
            next: Box::new(move || Box::pin(std::future::ready(pieces.next()))),
        },
        size_max: 100,
        expires: T.plus_ms(1_000),
    };
    store.keep_file(file).await.expect("it is kept")
}

/// Also after a restart.
pub async fn an_upload_slot_is_open_until_it_expires(stores: &impl Stores) {
    let store = stores.open();
    let token = open(&*store, "m1", T).await.expect("a slot");
    drop(store);
    let store = stores.open();
    assert_eq!(find(&*store, &token, 999).await, Some(upload("m1")));
    assert_eq!(find(&*store, &token, 1_000).await, None);
    assert_eq!(find(&*store, "another", 0).await, None);
    let forgotten = T.plus_ms(1_000 + UPLOAD_ENDS_MS);
    store.sweep(forgotten).await.expect("it sweeps");
    assert_eq!(find(&*store, &token, 0).await, None);
}

/// A large file takes longer than its slot is open.
pub async fn an_upload_that_began_in_time_fills_its_slot(stores: &impl Stores) {
    let store = stores.open();
    let token = open(&*store, "m1", T).await.expect("a slot");
    let almost = T.plus_ms(UPLOAD_ENDS_MS);
    store.sweep(almost).await.expect("it sweeps");
    let file = keep(&*store, b"one").await;
    let filled = store.uploaded(&token, &file.id, almost.plus_ms(9_000));
    filled.await.expect("the store writes");
    let slot = find(&*store, &token, UPLOAD_ENDS_MS).await;
    assert_eq!(slot.and_then(|slot| slot.file), Some(file));
}

/// Slot and file are kept as long as was said, and a second file changes nothing.
pub async fn the_first_file_of_a_slot_stays(stores: &impl Stores) {
    let store = stores.open();
    let token = open(&*store, "m1", T).await.expect("a slot");
    let (first, second) = (keep(&*store, b"one").await, keep(&*store, b"two").await);
    let until = T.plus_ms(9_000);
    for file in [&first, &second] {
        let filled = store.uploaded(&token, &file.id, until).await;
        filled.expect("the store writes");
    }
    store.sweep(T.plus_ms(5_000)).await.expect("it sweeps");
    let filled = find(&*store, &token, 5_000)
        .await
        .expect("the slot is kept");
    assert_eq!(filled.file.as_ref(), Some(&first));
    let read = async |file: &StoredFile| store.read_file(&file.id).await.expect("the store reads");
    assert!(read(&first).await.is_some());
    assert!(read(&second).await.is_none());
}

/// Filled and expired ones do not count.
pub async fn at_most_20_upload_slots_of_an_address_are_open(stores: &impl Stores) {
    let store = stores.open();
    let mut tokens = Vec::new();
    for number in 0..UPLOADS_OPEN_MAX {
        let token = open(&*store, &format!("m{number}"), T).await;
        tokens.push(token.expect("a slot"));
    }
    assert_eq!(open(&*store, "more", T).await, None);
    let file = keep(&*store, b"one").await;
    let filled = store.uploaded(&tokens[0], &file.id, T.plus_ms(9_000)).await;
    filled.expect("the store writes");
    assert!(open(&*store, "more", T).await.is_some());
    assert_eq!(open(&*store, "too many", T).await, None);
    assert!(open(&*store, "later", T.plus_ms(1_000)).await.is_some());
}
