use serde_json::json;
use trunkline_core::id::BotName;
use trunkline_flow::ports::{
    CALLS_BYTES_MAX, CALLS_KEEP_MS, CALLS_MAX, CallArchive, CallHead, CallId, NewCall,
    PluginVersion, Scope, Store,
};

use super::Stores;
use super::fixtures::*;

fn head(scope: Scope) -> CallHead {
    CallHead {
        scope,
        at: T,
        plugin: "sms".to_owned(),
        version: "0.1.0".to_owned(),
        hash: PluginVersion("a".to_owned()),
        export: "receive".to_owned(),
        outcome: "unreachable".to_owned(),
        failed: true,
    }
}

fn call(scope: Scope) -> NewCall {
    NewCall {
        head: head(scope),
        channel: Some(sms()),
        frame: json!({"seed": "4111111111111111"}),
        words: json!({"arguments": {"body": {"text": "hello"}, "n": 4111111111111111_i64}}),
    }
}

fn of_sms() -> Scope {
    Scope::Channel(sms())
}

async fn ids(store: &impl CallArchive, scope: Option<Scope>) -> Vec<i64> {
    let found = store.calls(scope, None, MANY).await.expect("listed");
    found.into_iter().map(|(id, _)| id.0).collect()
}

/// Also over a restart; its number is never another's.
pub async fn a_recorded_call_comes_back_and_goes_after_seven_days(stores: &impl Stores) {
    let store = stores.open();
    let id = store.keep_call(call(of_sms())).await.expect("kept");
    drop(store);
    let store = stores.open();
    let kept = store.call(id).await.expect("read").expect("there");
    let given = call(of_sms());
    assert_eq!((kept.id, kept.masked), (id, false));
    assert_eq!((kept.head, kept.frame), (given.head, given.frame));
    assert_eq!(kept.words, given.words);
    store
        .sweep(T.plus_ms(CALLS_KEEP_MS - 1))
        .await
        .expect("swept");
    assert_eq!(ids(&*store, None).await, [id.0]);
    let hour = 60 * 60 * 1000;
    store
        .sweep(T.plus_ms(CALLS_KEEP_MS + hour))
        .await
        .expect("swept");
    assert_eq!(store.call(id).await, Ok(None));
    let next = store.keep_call(call(of_sms())).await.expect("kept");
    assert!(next > id);
}

/// Digits became 9 and the last four stayed: what was JSON is JSON. Numbers of our own and the frame stay.
pub async fn recorded_calls_are_masked_in_their_form(stores: &impl Stores) {
    let store = stores.open();
    let body = r#"{"text":"card 4111 1111 1111 1111"}"#;
    let mut with_card = call(of_sms());
    with_card.words = json!({"arguments": [{"body": {"text": body}}]});
    with_card.head.outcome = "trap at 4111111111111111".to_owned();
    let frame = with_card.frame.clone();
    let id = store.keep_call(with_card).await.expect("kept");
    let kept = store.call(id).await.expect("read").expect("there");
    assert!(kept.masked);
    let masked = r#"{"text":"card 9999 9999 9999 1111"}"#;
    assert_eq!(
        kept.words,
        json!({"arguments": [{"body": {"text": masked}}]})
    );
    assert_eq!(kept.head.outcome, "trap at 9999999999991111");
    assert_eq!(kept.frame, frame);
}

/// A bot's call stands beside a channel's.
pub async fn recorded_calls_are_listed_newest_first_by_channel(stores: &impl Stores) {
    let store = stores.open();
    let faq = Scope::Bot(BotName::from("faq"));
    let mut kept = Vec::new();
    for scope in [of_sms(), faq.clone(), of_sms()] {
        kept.push(store.keep_call(call(scope)).await.expect("kept").0);
    }
    assert_eq!(ids(&*store, None).await, [kept[2], kept[1], kept[0]]);
    assert_eq!(ids(&*store, Some(of_sms())).await, [kept[2], kept[0]]);
    assert_eq!(ids(&*store, Some(faq)).await, [kept[1]]);
    let older = store.calls(None, Some(CallId(kept[2])), 1).await;
    assert_eq!(older.expect("listed")[0].0, CallId(kept[1]));
}

/// One that fails all day pushes out its own calls, not another's.
pub async fn a_channel_keeps_its_newest_200_calls(stores: &impl Stores) {
    let store = stores.open();
    let faq = Scope::Bot(BotName::from("faq"));
    store.keep_call(call(faq.clone())).await.expect("kept");
    let mut last = 0;
    for _ in 0..CALLS_MAX + 2 {
        last = store.keep_call(call(of_sms())).await.expect("kept").0;
    }
    let found = store.calls(Some(of_sms()), None, CALLS_MAX * 2).await;
    let found = found.expect("listed");
    assert_eq!(found.len(), CALLS_MAX);
    assert_eq!(found[0].0.0, last);
    assert_eq!(ids(&*store, Some(faq)).await.len(), 1);
}

/// Each of them holds a third of what there is room for.
pub async fn a_channel_keeps_16_mib_of_calls(stores: &impl Stores) {
    let store = stores.open();
    let third = usize::try_from(CALLS_BYTES_MAX / 3).expect("it is small");
    let mut kept = Vec::new();
    for _ in 0..4 {
        let mut large = call(of_sms());
        large.words = json!("x".repeat(third));
        kept.push(store.keep_call(large).await.expect("kept").0);
    }
    assert_eq!(ids(&*store, None).await, [kept[3], kept[2]]);
}
