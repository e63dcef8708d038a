//! Calls that are kept, and run again with nothing around them.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;
use trunkline_engine::{Ending, Engine, RecordedCall, User, replay};
use trunkline_flow::ports::{Plugins, ReceiveError, SendError};

use crate::accounts::{webhook, with_sms};
use crate::guests::{guest, plugin};
use crate::provider::Provider;
use crate::world::{NOW, World, leaving, post, said, text};

const WORDS: &str = "I live in Elm Street";

async fn refusing() -> Provider {
    Provider::answering(Arc::new(|_| {
        let body = r#"{"code":21211,"to":"anna","id":15005550010}"#;
        (StatusCode::BAD_REQUEST, Vec::new(), body.to_owned())
    }))
    .await
}

/// A send that its provider refused, and the provider.
async fn refused_send() -> (Provider, RecordedCall) {
    let provider = refusing().await;
    let world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let call = text("test", 7, WORDS);
    let error = engine.send(call, leaving().0).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(_)), "{error:?}");
    (provider, only(&world))
}

fn only(world: &World) -> RecordedCall {
    let mut kept = world.calls.kept();
    assert_eq!(kept.len(), 1, "{kept:?}");
    kept.remove(0)
}

fn everything(record: &RecordedCall) -> String {
    serde_json::to_string(record).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_trapped_is_run_again_on_the_version_it_trapped_and_on_a_mended_one() {
    let world = World::new()
        .channel("test", "trap-on-payload", "")
        .file("trap.wasm", &guest("trap-on-payload"));
    let engine = world.start().await;
    let error = engine
        .receive(&"test".into(), &said("m1", "boom"), NOW)
        .await
        .unwrap_err();
    let record = only(&world);
    assert!(record.head.failed);
    assert_eq!(record.ending(), Some(Ending::Trap));
    // Whoever reads why finds the call by its number.
    assert!(
        matches!(&error, ReceiveError::NotNow { reason, .. } if reason.ends_with("[call 1]")),
        "{error:?}"
    );
    drop(engine);

    let again = replay(&record, &guest("trap-on-payload")).unwrap();
    assert_eq!(
        (again.ending, &again.outcome),
        (Ending::Trap, &record.head.outcome)
    );
    // Another plugin that reads the same webhooks stands for the mended version.
    let mended = replay(&record, &guest("echo")).unwrap();
    assert_eq!(mended.ending, Ending::Result, "{mended:?}");
    assert!(mended.outcome.contains("boom"), "{mended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_send_is_run_again_with_the_answers_it_had_and_nobody_is_asked() {
    let (provider, record) = refused_send().await;
    assert_eq!(record.asked(), [format!("POST {}: 400", provider.url())]);
    let again = replay(&record, &guest("echo")).unwrap();
    assert_eq!((again.asked, again.recorded), (1, 1));
    assert_eq!(again.outcome, record.head.outcome);
    assert_eq!(again.ending, Ending::Result);
    assert_eq!(provider.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_asks_for_more_than_was_recorded_says_for_what() {
    let (provider, mut record) = refused_send().await;
    record.words["journal"] = json!([]);
    let again = replay(&record, &guest("echo")).unwrap();
    let asks = format!("POST {}", provider.url());
    assert_eq!((again.ending, again.outcome), (Ending::Asks, asks));
}

async fn kept_of_a_good_send(engine: &Engine, world: &World) -> usize {
    let before = world.calls.kept().len();
    engine
        .send(text("test", 1, "hi"), leaving().0)
        .await
        .unwrap();
    world.calls.kept().len() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_went_well_are_kept_while_they_are_recorded() {
    let provider = Provider::start().await;
    let world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let test = User::Channel("test".into());
    assert_eq!(kept_of_a_good_send(&engine, &world).await, 0);
    engine.record(test.clone(), 60_000);
    assert_eq!(kept_of_a_good_send(&engine, &world).await, 1);
    assert_eq!(engine.recording().keys().collect::<Vec<_>>(), [&test]);
    world.clock.pass_ms(60_000);
    assert_eq!(kept_of_a_good_send(&engine, &world).await, 0);
    assert!(engine.recording().is_empty());
    engine.record(test.clone(), 60_000);
    engine.record(test, 0);
    assert_eq!(kept_of_a_good_send(&engine, &world).await, 0);
}

/// A list of calls shows the beginning of an outcome.
#[tokio::test(flavor = "multi_thread")]
async fn why_a_call_was_refused_stands_at_the_beginning_of_its_outcome() {
    let provider = Provider::start().await;
    let world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    engine.record(User::Channel("test".into()), 60_000);
    let refused = engine.receive(&"test".into(), &post("no JSON"), NOW).await;
    assert!(matches!(refused, Err(ReceiveError::Rejected { .. })));
    let outcome = only(&world).head.outcome;
    assert!(outcome.starts_with("Err(Rejection { reason: "), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_flood_of_failing_calls_thirty_a_minute_are_kept() {
    let provider = refusing().await;
    let world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let send = async |number| {
        let sent = engine.send(text("test", number, "hi"), leaving().0).await;
        assert!(sent.is_err());
    };
    for number in 0..32 {
        send(number).await;
    }
    assert_eq!(world.calls.kept().len(), 30);
    world.clock.pass_ms(60_000);
    send(32).await;
    assert_eq!(world.calls.kept().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_kept_and_none_is_needed_to_run_it_again() {
    let (world, engine) = with_sms("http://127.0.0.1:1").await;
    engine.record(User::Channel("one".into()), 60_000);
    let mut request = webhook("+15005550006", "tok:en");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    request
        .headers
        .push(header("authorization", "Basic b25lOnR3bw=="));
    request
        .headers
        .push(header("x-odd", "it sends tok:en along"));
    engine.receive(&"one".into(), &request, NOW).await.unwrap();
    let record = only(&world);
    let all = everything(&record);
    for secret in ["tok:en", "dG9rOmVu", "b25lOnR3bw=="] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let again = replay(&record, &plugin("sms")).unwrap();
    assert_eq!(
        (again.ending, again.outcome),
        (Ending::Result, record.head.outcome)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_call_holds_no_words_of_people_and_can_be_run() {
    let (_provider, record) = refused_send().await;
    assert!(everything(&record).contains("Elm"));
    let redacted = record.redacted();
    assert!(redacted.redacted);
    let all = everything(&redacted);
    for word in ["Elm", "anna", "15005550010"] {
        assert!(!all.contains(word), "{word} in {all}");
    }
    let again = replay(&redacted, &guest("echo")).unwrap();
    assert_eq!(again.recorded, 1);
}
