//! What a call may not do. Each guest is let in while nothing uses it (its first call would refuse
//! it), then gets a channel.

use axum::http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::id::PluginName;
use trunkline_engine::{CALL_TIME, Engine};
use trunkline_flow::ports::{Plugins, ReceiveError, SendError};

use crate::guests::guest;
use crate::provider::Provider;
use crate::world::{NOW, World, leaving, post, said, text, user};

/// An engine with this guest behind channel `bad`, and echo behind channel `test`.
async fn with_guest(name: &str, settings: &str) -> (World, Engine) {
    let provider = Provider::start().await;
    let mut world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"))
        .file("bad.wasm", &guest(name));
    let engine = world.start().await;
    world
        .config
        .channels
        .insert("bad".into(), user(name, settings));
    engine.reconfigure(world.config.clone()).await;
    (world, engine)
}

async fn both_fail_with(name: &str, reason: &str) {
    let (_world, engine) = with_guest(name, "").await;
    let error = engine
        .receive(&"bad".into(), &post("{}"), NOW)
        .await
        .unwrap_err();
    let ReceiveError::NotNow {
        reason: why,
        trapped,
        ack,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(why.contains(reason), "{why}");
    assert_eq!(trapped.len(), 1);
    assert_eq!(ack.map(|ack| ack.status), Some(200));
    let error = engine
        .send(text("bad", 1, "x"), leaving().0)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Plugin(why) if why.contains(reason)),
        "{error:?}"
    );
    engine
        .receive(&"test".into(), &said("m1", "others go on"), NOW)
        .await
        .unwrap();
    engine
        .send(text("test", 1, "others go on"), leaving().0)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_ends_its_call_alone() {
    both_fail_with("trap", "unreachable").await;
}

/// Whoever reads a dead letter or a list of failed calls wants to know where.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_told_with_its_place() {
    let why = r#"it said "the plugin panicked at tests/guests/trap/src/lib.rs:"#;
    both_fail_with("trap", why).await;
}

/// Every request is answered, and none is slow enough to be given up: together they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_at_its_limit_of_time_and_no_plugin_is_blamed() {
    let slow = Provider::answering(Arc::new(|_| {
        std::thread::sleep(Duration::from_millis(200));
        (StatusCode::OK, Vec::new(), "{}".to_owned())
    }))
    .await;
    let mut world = World::new().file("bad.wasm", &guest("greedy-fetcher"));
    world.config.call_time = Duration::from_millis(500);
    let engine = world.start().await;
    let settings = format!("url = '{}'", slow.url());
    let bad = user("greedy-fetcher", &settings);
    world.config.channels.insert("bad".into(), bad);
    engine.reconfigure(world.config.clone()).await;
    let error = engine
        .send(text("bad", 1, "many"), leaving().0)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("the call took more than 500ms"),
        "{error:?}"
    );
    let asked = slow.got().len();
    assert!((1..17).contains(&asked), "{asked} requests were made");
    let name = PluginName::from("greedy-fetcher");
    assert_eq!(engine.metrics()[&name].traps, 0);
    assert_eq!(CALL_TIME, Duration::from_secs(60), "what the documents say");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_at_its_cpu_limit() {
    both_fail_with("endless-loop", "used more than 1000 ms of CPU").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_bomb_ends_at_its_memory_limit() {
    // The guest's allocator gives up, and the guest with it: its trap alone does not say why.
    let why =
        "it was refused more than 64 MiB of memory (`memory-mib` of its manifest), then wasm trap";
    both_fail_with("memory-bomb", why).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_ends_at_the_stack_limit() {
    both_fail_with("deep-recursion", "call stack exhausted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_loops_on_every_thread_leave_room_for_others() {
    let (_world, engine) = with_guest("endless-loop", "").await;
    for number in 0..8 {
        let engine = engine.clone();
        tokio::spawn(async move { engine.send(text("bad", number, "x"), leaving().0).await });
    }
    for number in 0..8 {
        engine
            .send(text("test", number, "others go on"), leaving().0)
            .await
            .unwrap();
    }
}

async fn greedy(provider: &Provider, crime: &str) -> String {
    let settings = format!("url = '{}'", provider.url());
    let (_world, engine) = with_guest("greedy-fetcher", &settings).await;
    match engine.send(text("bad", 1, crime), leaving().0).await {
        Ok(sent) => format!("{sent:?}"),
        Err(SendError::Refused(why)) => why,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seventeenth_request_of_a_call_is_denied() {
    let provider = Provider::start().await;
    let why = greedy(&provider, "many").await;
    assert!(why.contains("more than 16 requests"), "{why}");
    assert_eq!(provider.got().len(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_secrets_that_were_not_granted_are_denied() {
    let provider = Provider::start().await;
    for (crime, reason) in [
        (
            "ungranted",
            "ungranted.example is not granted: name it in `hosts` of plugin.toml, or of the channel or bot",
        ),
        ("private", "169.254.169.254:80 is not granted"),
        (
            "secret",
            "no value is configured for the secret `not_in_the_manifest`",
        ),
    ] {
        let why = greedy(&provider, crime).await;
        assert!(why.contains(reason), "{crime}: {why}");
    }
    assert_eq!(provider.got().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_above_a_mebibyte_is_too_large() {
    let provider = Provider::answering(Arc::new(|_| {
        (StatusCode::OK, Vec::new(), "x".repeat((1 << 20) + 1))
    }))
    .await;
    let why = greedy(&provider, "one request").await;
    assert!(why.contains("1 MiB") || why.contains("large"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_one_call_above_four_mebibytes_end_it() {
    let half = "x".repeat(600 << 10);
    let answer = move |_: &_| (StatusCode::OK, Vec::new(), half.clone());
    let provider = Provider::answering(Arc::new(answer)).await;
    let settings = format!("url = '{}'", provider.url());
    let (_world, engine) = with_guest("greedy-fetcher", &settings).await;
    let error = engine
        .send(text("bad", 1, "many"), leaving().0)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Plugin(why) if why.contains("4 MiB")),
        "{error:?}"
    );
    assert_eq!(provider.got().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_too_large_for_the_journal_never_leaves() {
    let provider = Provider::start().await;
    let settings = format!("url = '{}'", provider.url());
    let world = World::new()
        .channel("test", "echo", &settings)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let (leaving, left) = leaving();
    let words = "x".repeat(5 << 20);
    let error = engine.send(text("test", 1, &words), leaving).await;
    assert!(
        matches!(&error, Err(SendError::Plugin(why)) if why.contains("4 MiB")),
        "{error:?}"
    );
    assert_eq!(provider.got().len(), 0);
    assert_eq!(left.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn receive_may_not_fetch() {
    let provider = Provider::start().await;
    let (_world, engine) =
        with_guest("greedy-fetcher", &format!("url = '{}'", provider.url())).await;
    let error = engine
        .receive(&"bad".into(), &post("{}"), NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ReceiveError::NotNow { reason, .. } if reason.contains("may not make requests")),
        "{error:?}"
    );
    assert_eq!(provider.got().len(), 0);
}
