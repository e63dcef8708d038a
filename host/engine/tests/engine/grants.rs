//! What a file or version may have, and what serves where a file may not.

use std::fs;

use trunkline_engine::{FileState, Stage, User, complaints, manifests_in};
use trunkline_flow::ports::{PluginVersion, Plugins, ReceiveError};

use crate::guests::{guest, version, with_manifest};
use crate::world::{NOW, World, file_status, post, refused, said};

const ECHO: &str = "url = 'http://127.0.0.1:1'";

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_in_the_place_of_a_good_one_leaves_that_in_service_over_a_restart() {
    // Called after its plugin, and not; read as far as its manifest, and not.
    let future = with_manifest(&guest("echo"), |text| text.replace("0.1-dev", "7.0"));
    for (name, bad) in [
        ("echo.wasm", b"nonsense".as_slice()),
        ("echo-2.wasm", b"nonsense"),
        ("echo-3.wasm", &future),
    ] {
        let world = World::new()
            .channel("test", "echo", ECHO)
            .file(name, &guest("echo"));
        let engine = world.start().await;
        let good = file_status(&engine, name);
        world.drop_file(name, bad);
        engine.settled().await;
        drop(engine);

        let engine = world.start().await;
        refused(&engine, name);
        let status = file_status(&engine, name);
        let serving = status.serving.expect("a version serves in its place");
        assert_eq!(Some(serving.sha256), good.sha256, "{name}");
        assert_eq!(Some(serving.version), good.version, "{name}");
        assert_eq!(status.used_by, ["channels.test"], "{name}");
        assert!(engine.status().unserved.is_empty(), "{name}");
        engine
            .receive(&"test".into(), &said("m1", "hi"), NOW)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_serves_for_a_bad_file_gives_way_to_a_good_one_and_goes_with_its_file() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    drop(world.start().await);
    world.drop_file("echo.wasm", b"nonsense");
    let engine = world.start().await;
    assert!(file_status(&engine, "echo.wasm").serving.is_some());

    world.drop_file("new-echo.wasm", &version(&guest("echo"), "0.2.0"));
    engine.settled().await;
    assert_eq!(file_status(&engine, "new-echo.wasm").state, FileState::Live);
    fs::remove_file(world.path("new-echo.wasm")).unwrap();
    fs::remove_file(world.path("echo.wasm")).unwrap();
    engine.settled().await;
    let why = engine.status().unserved["channels.test"].clone();
    assert!(why.starts_with("no plugin `echo` is live"), "{why}");

    // A file that was removed while nothing ran does not come back either.
    drop(engine);
    let engine = world.start().await;
    assert!(engine.status().unserved.contains_key("channels.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_asks_for_more_waits_until_the_operator_grants_it() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let before = file_status(&engine, "echo.wasm").sha256;
    world.drop_file("echo.wasm", &greedier());
    engine.settled().await;
    let (stage, reason) = refused(&engine, "echo.wasm");
    assert_eq!(stage, Stage::Grants);
    assert!(reason.contains("more.example.com"), "{reason}");
    engine
        .receive(&"test".into(), &said("m1", "the old one serves"), NOW)
        .await
        .unwrap();

    let channel = world.config.channels.get_mut(&"test".into()).unwrap();
    channel.hosts.push("more.example.com".to_owned());
    engine.reconfigure(world.config.clone()).await;
    let status = file_status(&engine, "echo.wasm");
    assert_eq!(status.state, FileState::Live);
    assert_ne!(status.sha256, before);
}

/// Asks for a host that echo does not.
fn greedier() -> Vec<u8> {
    with_manifest(&guest("echo"), |text| {
        text.replace(
            "kind = \"channel\"",
            "hosts = [\"more.example.com\"]\nkind = \"channel\"",
        )
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_was_taken_back_is_taken_back_also_over_a_restart() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let first = file_status(&engine, "echo.wasm").sha256;
    let without = world.config.clone();
    let channel = world.config.channels.get_mut(&"test".into()).unwrap();
    channel.hosts.push("more.example.com".to_owned());
    engine.reconfigure(world.config.clone()).await;
    world.drop_file("echo.wasm", &greedier());
    engine.settled().await;
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);

    // A reload is told before anything changes.
    assert!(engine.taken_away(&world.config).is_empty());
    let taken = engine.taken_away(&without);
    let [(user, complaint)] = taken.as_slice() else {
        panic!("{taken:?}");
    };
    assert_eq!(*user, User::Channel("test".into()));
    assert_eq!(complaint.place, "hosts");
    assert!(complaint.text.contains("more.example.com"), "{complaint:?}");

    // A start is not: the file waits, and the version that needs no grant serves.
    drop(engine);
    world.config = without;
    let engine = world.start().await;
    assert_eq!(refused(&engine, "echo.wasm").0, Stage::Grants);
    let serving = file_status(&engine, "echo.wasm").serving;
    assert_eq!(serving.map(|serving| serving.sha256), first);
    assert!(engine.status().unserved.is_empty());
}

/// Else one bad file keeps secrets from being changed, and whatever else has nothing to do with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_is_not_asked_whether_another_configuration_fits() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let bad = with_manifest(&guest("echo"), |text| {
        text.replace("kind = \"channel\"", "kind = \"bot\"")
    });
    world.drop_file("echo.wasm", &bad);
    engine.settled().await;
    assert!(matches!(
        file_status(&engine, "echo.wasm").state,
        FileState::Refused(_)
    ));
    let manifests = manifests_in(&world.config.dir).unwrap();
    assert!(!complaints(&world.config, &manifests).is_empty());
    assert_eq!(engine.complaints(&world.config, &manifests), []);

    let channel = world.config.channels.get_mut(&"test".into()).unwrap();
    channel.settings.insert("ulr".to_owned(), "x".into());
    let all = engine.complaints(&world.config, &manifests);
    assert!(!all.is_empty(), "neither takes this setting");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_serves_is_judged_anew_when_other_keys_are_trusted() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let shipped = file_status(&engine, "echo.wasm").sha256.unwrap();
    world.config.trust.trusted_keys =
        vec!["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".to_owned()];
    world.config.trust.require_signature = true;
    engine.reconfigure(world.config.clone()).await;
    assert_eq!(refused(&engine, "echo.wasm").0, Stage::Signature);
    assert!(engine.status().unserved.contains_key("channels.test"));

    let version = PluginVersion(shipped);
    world.config.trust.shipped.insert(version);
    engine.reconfigure(world.config.clone()).await;
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);
    assert!(engine.status().unserved.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_files_are_refused_where_signatures_are_required() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    world.config.trust.require_signature = true;
    let engine = world.start().await;
    assert_eq!(refused(&engine, "echo.wasm").0, Stage::Signature);
    assert!(matches!(
        engine.receive(&"test".into(), &post("{}"), NOW).await,
        Err(ReceiveError::NotNow { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_its_way_is_judged_by_the_newest_configuration() {
    let mut world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    for round in 0..2 {
        // Refused by the configuration it may be judged by first; the reload comes at some moment of its loading.
        let channel = world.config.channels.get_mut(&"test".into()).unwrap();
        channel.hosts.clear();
        engine.reconfigure(world.config.clone()).await;
        let next = version(&greedier(), &format!("0.2.{round}"));
        world.drop_file("echo.wasm", &next);
        let channel = world.config.channels.get_mut(&"test".into()).unwrap();
        channel.hosts.push("more.example.com".to_owned());
        engine.reconfigure(world.config.clone()).await;
        engine.settled().await;
        let status = file_status(&engine, "echo.wasm");
        assert_eq!(status.state, FileState::Live, "round {round}");
        world.drop_file("echo.wasm", &guest("echo"));
        engine.settled().await;
    }
}
