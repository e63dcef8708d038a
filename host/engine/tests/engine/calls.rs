//! Calls: suspend, replay, leave.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use trunkline_core::event::Happening;
use trunkline_core::message::Content;
use trunkline_flow::ports::{
    Leaving, Plugins, ReceiveError, ReceivedHappening, SendError, SendProgress, StoreError,
};

use crate::guests::{guest, version};
use crate::provider::{Provider, hanging_up};
use crate::world::{NOW, World, leaving, post, said, text};

fn echo(url: &str) -> World {
    World::new()
        .channel("test", "echo", &format!("url = '{url}'"))
        .file("echo.wasm", &guest("echo"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_becomes_events_of_its_channel() {
    let world = echo("http://127.0.0.1:1");
    let engine = world.start().await;
    let reception = engine
        .receive(&"test".into(), &said("m1", "hello"), NOW)
        .await
        .unwrap();
    assert_eq!(reception.answer.status, 200);
    let event = &reception.events[0];
    assert_eq!(event.key.as_str(), "m1");
    assert_eq!(event.channel, Some("test".into()));
    assert_eq!(event.at, NOW, "the guest's clock is the time of arrival");
    let hello = Content::Text("hello".to_owned());
    assert_eq!(
        event.happening,
        ReceivedHappening::Customer(Happening::Said(hello))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_the_plugin_refuses_is_answered_and_gives_nothing() {
    let world = echo("http://127.0.0.1:1");
    let engine = world.start().await;
    let refused = engine
        .receive(&"test".into(), &post("{"), NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, ReceiveError::Rejected { answer, .. } if answer.status == 400),
        "{refused:?}"
    );
    let unknown = engine
        .receive(&"nobody".into(), &post("{}"), NOW)
        .await
        .unwrap_err();
    assert_eq!(unknown, ReceiveError::UnknownChannel);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_waits_without_an_instance_and_is_replayed_with_the_answer() {
    let provider = Provider::start().await;
    let world = echo(&provider.url());
    let engine = world.start().await;
    let before = engine.metrics()[&"echo".into()];
    let (leaving, asked) = leaving();
    let sent = engine.send(text("test", 7, "hi"), leaving).await.unwrap();
    assert_eq!(sent.ids, ["d1-1-7"]);
    assert_eq!(sent.progress, SendProgress::All);
    assert_eq!(asked.lock().unwrap().as_slice(), [Some(sent.version)]);
    let got = provider.got();
    assert_eq!(got.len(), 1, "a replay asks nobody again");
    let body: serde_json::Value = serde_json::from_slice(&got[0].body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({ "delivery": "d1-1-7", "to": "anna", "text": "hi" })
    );
    let after = engine.metrics()[&"echo".into()];
    assert_eq!(
        (after.calls - before.calls, after.replays - before.replays),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_once_request_leaves_only_after_that_is_durable() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let at_provider = order.clone();
    let provider = Provider::answering(Arc::new(move |_| {
        at_provider.lock().unwrap().push("provider");
        (StatusCode::OK, Vec::new(), String::new())
    }))
    .await;
    let world = echo(&provider.url());
    let engine = world.start().await;
    let at_store = order.clone();
    let leaving = Leaving(Arc::new(move |_| {
        let order = at_store.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            order.lock().unwrap().push("store");
            Ok(())
        })
    }));
    engine.send(text("test", 1, "hi"), leaving).await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["store", "provider"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_when_the_store_cannot_write() {
    let provider = Provider::start().await;
    let world = echo(&provider.url());
    let engine = world.start().await;
    let full = Leaving(Arc::new(|_| {
        Box::pin(async { Err(StoreError::Unavailable("disk full".to_owned())) })
    }));
    let error = engine.send(text("test", 1, "hi"), full).await.unwrap_err();
    assert!(matches!(error, SendError::Store(_)), "{error:?}");
    assert_eq!(provider.got().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_got_lost_is_unknown_and_no_connection_is_certain() {
    let silent = hanging_up().await;
    let world = echo(&format!("http://{silent}"));
    let engine = world.start().await;
    let error = engine
        .send(text("test", 1, "hi"), leaving().0)
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Unknown(_)), "{error:?}");

    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let world = echo(&format!("http://{nobody}"));
    let engine = world.start().await;
    let error = engine
        .send(text("test", 1, "hi"), leaving().0)
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Again { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_on_the_version_it_began_on_even_after_a_restart() {
    let provider = Provider::start().await;
    let world = echo(&provider.url());
    let engine = world.start().await;
    let old = engine
        .send(text("test", 1, "a"), leaving().0)
        .await
        .unwrap()
        .version;
    world.drop_file("echo.wasm", &version(&guest("echo"), "0.2.0"));
    engine.settled().await;
    let new = engine
        .send(text("test", 2, "b"), leaving().0)
        .await
        .unwrap()
        .version;
    assert_ne!(old, new);
    let mut pinned = text("test", 3, "c");
    pinned.pinned = Some(old.clone());
    let sent = engine.send(pinned.clone(), leaving().0).await.unwrap();
    assert_eq!(sent.version, old);

    drop(engine);
    let engine = world.start().await;
    let (leaving, asked) = leaving();
    let sent = engine.send(pinned, leaving).await.unwrap();
    assert_eq!(sent.version, old);
    assert_eq!(asked.lock().unwrap().as_slice(), [Some(old)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_wait_at_once_on_few_threads() {
    // Nobody is answered before everybody has asked: more calls wait than there are threads.
    const CALLS: u32 = 64;
    let asked = Arc::new(tokio::sync::Barrier::new(CALLS as usize));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(move || {
        let asked = asked.clone();
        async move {
            asked.wait().await;
            "{}"
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let world = echo(&url);
    let engine = world.start().await;
    let calls = (0..CALLS).map(|number| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.send(text("test", number, "x"), leaving().0).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}
