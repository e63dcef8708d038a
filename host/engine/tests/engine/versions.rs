//! New versions, old versions, bad versions.

use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunkline_engine::{Engine, EngineEvent, FileState};
use trunkline_flow::ports::{Plugins, ReceiveError};

use crate::guests::{guest, version, with_manifest};
use crate::provider::Provider;
use crate::world::{NOW, World, file_status, leaving, said, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn swaps_under_load_lose_and_double_nothing() {
    const SENDERS: u32 = 4;
    const EACH: u32 = 50;
    let provider = Provider::start().await;
    let world = World::new()
        .channel("test", "echo", &format!("url = '{}'", provider.url()))
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let sending = Arc::new(AtomicBool::new(true));
    let senders = (0..SENDERS).map(|sender| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in sender * EACH..(sender + 1) * EACH {
                engine
                    .send(text("test", number, "x"), leaving().0)
                    .await
                    .unwrap();
                let key = format!("m{number}");
                engine
                    .receive(&"test".into(), &said(&key, "x"), NOW)
                    .await
                    .unwrap();
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    let swapping = tokio::spawn(swap_while(world, engine, sending.clone()));
    for sender in senders {
        sender.await.unwrap();
    }
    sending.store(false, Ordering::SeqCst);
    let swaps = swapping.await.unwrap();
    assert!(swaps > 0, "the load was over before the first swap");
    let mut delivered: Vec<_> = provider
        .got()
        .iter()
        .map(|got| String::from_utf8(got.body.to_vec()).unwrap())
        .collect();
    delivered.sort();
    delivered.dedup();
    assert_eq!(delivered.len(), (SENDERS * EACH) as usize);
    assert_eq!(
        provider.got().len(),
        delivered.len(),
        "something went out twice"
    );
}

async fn swap_while(world: World, engine: Engine, sending: Arc<AtomicBool>) -> u32 {
    let mut swaps = 0;
    while sending.load(Ordering::SeqCst) || swaps == 0 {
        swaps += 1;
        world.drop_file(
            "echo.wasm",
            &version(&guest("echo"), &format!("1.0.{swaps}")),
        );
        engine.settled().await;
    }
    swaps
}

/// `trap-on-payload` under echo's name and with its settings.
fn bad_echo() -> Vec<u8> {
    with_manifest(&guest("trap-on-payload"), |text| {
        let text = text.replace("\"trap-on-payload\"", "\"echo\"");
        text + "\n[[settings]]\nname = \"url\"\ntype = \"url\"\nrequired = true\n"
    })
}

async fn trap_often(engine: &Engine) {
    trap_on(engine, 0..5).await;
}

async fn trap_on(engine: &Engine, numbers: Range<u32>) {
    for number in numbers {
        let request = said(&format!("m{number}"), "boom");
        let result = engine.receive(&"test".into(), &request, NOW).await;
        assert!(
            matches!(&result, Err(ReceiveError::NotNow { trapped, .. }) if trapped.len() == 1),
            "{result:?}"
        );
    }
}

fn quarantined(engine: &Engine) -> bool {
    matches!(
        file_status(engine, "echo.wasm").state,
        FileState::Quarantined { .. }
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_too_often_gives_way_to_the_one_before() {
    let world = World::new()
        .channel("test", "echo", "url = 'http://127.0.0.1:1'")
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let good = file_status(&engine, "echo.wasm").sha256;
    world.drop_file("echo.wasm", &bad_echo());
    engine.settled().await;
    let mut events = engine.events();
    trap_often(&engine).await;
    until("quarantine", || quarantined(&engine)).await;
    engine
        .receive(&"test".into(), &said("m9", "boom"), NOW)
        .await
        .unwrap();
    assert_eq!(
        file_status(&engine, "echo.wasm").state,
        FileState::Quarantined { serving: good }
    );
    assert!(matches!(
        events.recv().await,
        Ok(EngineEvent::Quarantined { .. })
    ));
    assert!(
        matches!(events.recv().await, Ok(EngineEvent::Live { channels, .. }) if channels == ["test".into()]),
        "raw calls can be run again"
    );

    // It stays there over a restart …
    drop(engine);
    let engine = world.start().await;
    assert!(quarantined(&engine));
    engine
        .receive(&"test".into(), &said("m10", "boom"), NOW)
        .await
        .unwrap();

    // … until somebody takes the note away.
    fs::remove_file(world.path("echo.quarantined.json")).unwrap();
    engine.settled().await;
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);
    assert!(
        engine
            .receive(&"test".into(), &said("m11", "boom"), NOW)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_on_every_message_of_a_quiet_channel_gives_way() {
    let world = World::new()
        .channel("test", "echo", "url = 'http://127.0.0.1:1'")
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    world.drop_file("echo.wasm", &bad_echo());
    engine.settled().await;
    // Each is quarter of an hour after the last; one that goes well makes a new beginning.
    for number in 0..4 {
        trap_on(&engine, number..number + 1).await;
        engine.settled().await;
        world.clock.pass_ms(900_000);
    }
    engine
        .receive(&"test".into(), &said("m4", "hi"), NOW)
        .await
        .unwrap();
    for number in 5..10 {
        assert!(!quarantined(&engine), "before message {number}");
        trap_on(&engine, number..number + 1).await;
        engine.settled().await;
        world.clock.pass_ms(900_000);
    }
    until("quarantine", || quarantined(&engine)).await;
    engine
        .receive(&"test".into(), &said("m10", "boom"), NOW)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_version_before_the_webhooks_of_a_quarantined_plugin_wait() {
    let world = World::new()
        .channel("test", "echo", "url = 'http://127.0.0.1:1'")
        .file("echo.wasm", &bad_echo());
    let engine = world.start().await;
    trap_often(&engine).await;
    until("quarantine", || quarantined(&engine)).await;
    let waiting = engine
        .receive(&"test".into(), &said("m9", "hi"), NOW)
        .await
        .unwrap_err();
    assert!(matches!(waiting, ReceiveError::NotNow { trapped, .. } if trapped.is_empty()));
    // A mended file ends it.
    world.drop_file("echo.wasm", &guest("echo"));
    engine.settled().await;
    engine
        .receive(&"test".into(), &said("m9", "boom"), NOW)
        .await
        .unwrap();
    assert!(!world.path("echo.quarantined.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_that_traps_again_and_again_quarantines_nothing() {
    let world = World::new()
        .channel("test", "echo", "url = 'http://127.0.0.1:1'")
        .file("echo.wasm", &bad_echo());
    let engine = world.start().await;
    for _ in 0..20 {
        let request = said("m1", "boom");
        assert!(engine.receive(&"test".into(), &request, NOW).await.is_err());
    }
    // The traps are in the keeper's queue before this is.
    engine.settled().await;
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);
}
