//! From folder to live, or refused with a reason.

use std::fs;
use std::sync::atomic::Ordering;

use trunkline_engine::{EngineEvent, FileState, Note, Stage, User};
use trunkline_flow::ports::{Plugins, ReceiveError, Request};

use crate::guests::{guest, version, with_manifest, without_manifest};
use crate::world::{NOW, World, file_status, refused, said, until, user};

const ECHO: &str = "url = 'http://127.0.0.1:1'";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_dropped_into_the_folder_becomes_live_by_itself() {
    let world = World::new().channel("test", "echo", ECHO);
    let engine = world.start().await;
    let mut events = engine.events();
    let waiting = engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap_err();
    assert!(matches!(waiting, ReceiveError::NotNow { trapped, .. } if trapped.is_empty()));
    let unserved = engine.status().unserved["channels.test"].clone();
    assert!(unserved.starts_with("no plugin `echo` is live: its file belongs into /"));
    world.drop_file("echo.wasm", &guest("echo"));
    until("the file is live", || engine.status().unserved.is_empty()).await;
    engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap();
    let event = events.recv().await.unwrap();
    assert!(matches!(event, EngineEvent::Live { channels, .. } if channels == ["test".into()]));
    assert_eq!(file_status(&engine, "echo.wasm").used_by, ["channels.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_taken_while_plugins_still_compile() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.begin();
    let waiting = engine.receive(&"test".into(), &said("m1", "hi"), NOW).await;
    assert!(matches!(waiting, Err(ReceiveError::NotNow { .. })));
    engine.settled().await;
    let taken = engine.receive(&"test".into(), &said("m1", "hi"), NOW).await;
    taken.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_takes_its_plugin_along_and_its_ack_stays_known() {
    let acked = with_manifest(&guest("echo"), |text| {
        text + "\n[ack]\nstatus = 202\ncontent-type = \"text/xml\"\nbody = \"<ok/>\"\n"
    });
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &acked);
    let engine = world.start().await;
    fs::remove_file(world.path("echo.wasm")).unwrap();
    engine.settled().await;
    let error = engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap_err();
    let ReceiveError::NotNow { ack: Some(ack), .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (ack.status, ack.body.as_slice()),
        (202, b"<ok/>".as_slice())
    );
    assert_eq!(
        ack.headers,
        [("content-type".to_owned(), "text/xml".to_owned())]
    );
    assert!(engine.status().files.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_calls_of_the_methods_a_manifest_names_are_kept() {
    let kept = |method: &str, named: Option<&str>| {
        let world = World::new().channel("test", "echo", ECHO);
        let ack = named.map(|named| format!("\n[ack]\nmethods = [{named}]\n"));
        let bytes = with_manifest(&guest("echo"), |text| text + &ack.unwrap_or_default());
        world.drop_file("echo.wasm", &bytes);
        let call = Request {
            method: method.to_owned(),
            ..said("m1", "hi")
        };
        async move {
            let engine = world.start().await;
            fs::remove_file(world.path("echo.wasm")).unwrap();
            engine.settled().await;
            match engine.receive(&"test".into(), &call, NOW).await {
                Err(ReceiveError::NotNow { ack, .. }) => ack.is_some(),
                other => panic!("{other:?}"),
            }
        }
    };
    assert!(kept("POST", None).await);
    assert!(!kept("GET", None).await);
    assert!(!kept("HEAD", None).await);
    assert!(kept("GET", Some("\"POST\", \"GET\"")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_file_is_refused_with_its_reason_and_harms_no_other() {
    let echo = guest("echo");
    let replaced = |from: &str, to: &str| with_manifest(&echo, |text| text.replace(from, to));
    let cut = echo[..echo.len() / 2].to_vec();
    let files: [(&str, Vec<u8>, Stage, &str); 9] = [
        (
            "text",
            b"hello".to_vec(),
            Stage::Manifest,
            "not a WebAssembly file",
        ),
        ("cut", cut, Stage::Manifest, "not a WebAssembly file"),
        (
            "module",
            b"\0asm\x01\0\0\0".to_vec(),
            Stage::Manifest,
            "not a component",
        ),
        (
            "bare",
            without_manifest(&echo),
            Stage::Manifest,
            "no manifest",
        ),
        (
            "future",
            replaced("0.1-dev", "7.0"),
            Stage::Contract,
            "built for contract 7.0",
        ),
        (
            "odd-key",
            replaced("kind =", "colour = \"red\"\nkind ="),
            Stage::Manifest,
            "colour",
        ),
        (
            "a-twin",
            version(&echo, "0.2.0"),
            Stage::Name,
            "echo.wasm already provides",
        ),
        (
            "bot",
            replaced("\"channel\"", "\"bot\"").into_iter().collect(),
            Stage::Settings,
            "wants a channel",
        ),
        (
            "picky",
            replaced("\"echo\"", "\"picky\""),
            Stage::Settings,
            "settings.url: is missing",
        ),
    ];
    let world = World::new()
        .channel("test", "echo", ECHO)
        .channel("p", "picky", "")
        .file("echo.wasm", &echo);
    let engine = world.start().await;
    for (name, bytes, _, _) in &files {
        world.drop_file(&format!("{name}.wasm"), bytes);
    }
    engine.settled().await;
    for (name, _, stage, reason) in &files {
        let (found, why) = refused(&engine, &format!("{name}.wasm"));
        assert_eq!(found, *stage, "{name}: {why}");
        assert!(why.contains(reason), "{name}: {why}");
        assert!(!why.contains('\n'), "{name}: {why}");
        let note = fs::read(world.path(&format!("{name}.refused.json"))).unwrap();
        let note: Note = serde_json::from_slice(&note).unwrap();
        assert_eq!(
            (note.file, note.stage),
            (format!("{name}.wasm"), Some(*stage))
        );
        assert_eq!(note.reason, why);
        assert!(!note.what_to_do.is_empty(), "{name}");
        assert_eq!(note.at, NOW);
    }
    engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_in_the_place_of_a_bad_one_takes_the_note_away() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", b"nonsense");
    let engine = world.start().await;
    assert!(world.path("echo.refused.json").exists());
    world.drop_file("echo.wasm", &guest("echo"));
    engine.settled().await;
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);
    assert!(!world.path("echo.refused.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_in_the_place_of_a_good_one_leaves_that_in_service() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    world.drop_file("echo.wasm", b"nonsense");
    engine.settled().await;
    assert_eq!(refused(&engine, "echo.wasm").0, Stage::Manifest);
    engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_traps_in_its_first_call_never_becomes_live() {
    let world = World::new()
        .channel("bad", "trap", "")
        .file("bad.wasm", &guest("trap"));
    let engine = world.start().await;
    let (stage, reason) = refused(&engine, "bad.wasm");
    assert_eq!(stage, Stage::Trial, "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_nobody_uses_says_what_to_paste() {
    let mut world = World::new().file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let paste = file_status(&engine, "echo.wasm").paste.unwrap();
    let pasted: toml::Table = paste.parse().unwrap();
    let channel = &pasted["channels"]["my-echo"];
    let settings = channel["settings"].to_string();
    let wanted = user(
        channel["plugin"].as_str().unwrap(),
        &format!("url = '{}'", "http://x.example"),
    );
    assert!(settings.contains("url"), "{settings}");
    world.config.channels.insert("my-echo".into(), wanted);
    engine.reconfigure(world.config.clone()).await;
    assert_eq!(file_status(&engine, "echo.wasm").paste, None);
    engine
        .receive(&"my-echo".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_could_not_be_kept_is_tried_again_by_itself() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    world.archive.full.store(true, Ordering::SeqCst);
    let engine = world.start().await;
    assert_eq!(refused(&engine, "echo.wasm").0, Stage::Store);
    world.archive.full.store(false, Ordering::SeqCst);
    until("it is live", || {
        file_status(&engine, "echo.wasm").state == FileState::Live
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_file_of_a_name_changes_nothing_about_the_first() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    let first = file_status(&engine, "echo.wasm").sha256;
    let twin = with_manifest(&guest("echo"), |text| text + "\n[ack]\nstatus = 202\n");
    // In quarantine since another day, and without.
    world.drop_file("twin.wasm", &twin);
    engine.settled().await;
    let sha256 = file_status(&engine, "twin.wasm").sha256.unwrap();
    let note = Note {
        file: "other.wasm".to_owned(),
        sha256,
        stage: None,
        reason: "it trapped too often".to_owned(),
        at: NOW,
        what_to_do: "mend it".to_owned(),
        serving: None,
        plugin: None,
    };
    let note = serde_json::to_vec(&note).unwrap();
    fs::write(world.path("other.quarantined.json"), note).unwrap();
    world.drop_file("other.wasm", &twin);
    engine.settled().await;
    for file in ["twin.wasm", "other.wasm"] {
        assert_eq!(refused(&engine, file).0, Stage::Name, "{file}");
    }
    assert_eq!(file_status(&engine, "echo.wasm").state, FileState::Live);
    assert_eq!(file_status(&engine, "echo.wasm").sha256, first);
    assert!(engine.status().unserved.is_empty());

    // The first one's `ack` counts, which says 200.
    fs::remove_file(world.path("twin.wasm")).unwrap();
    fs::remove_file(world.path("other.wasm")).unwrap();
    fs::remove_file(world.path("echo.wasm")).unwrap();
    engine.settled().await;
    let waiting = engine.receive(&"test".into(), &said("m1", "hi"), NOW).await;
    let Err(ReceiveError::NotNow { ack: Some(ack), .. }) = waiting else {
        panic!("{waiting:?}");
    };
    assert_eq!(ack.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_channel_and_setting_before_anything_runs() {
    let mut world = World::new().file("echo.wasm", &guest("echo"));
    world
        .config
        .channels
        .insert("test".into(), user("echo", "ur = 'x'"));
    world
        .config
        .channels
        .insert("later".into(), user("not-there-yet", ""));
    let manifests = trunkline_engine::manifests_in(&world.config.dir).unwrap();
    let complaints = trunkline_engine::complaints(&world.config, &manifests);
    let places: Vec<_> = complaints
        .iter()
        .map(|(user, it)| (user.clone(), it.place.as_str()))
        .collect();
    let test = User::Channel("test".into());
    assert_eq!(
        places,
        [(test.clone(), "settings.ur"), (test, "settings.url")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_finds_the_compiled_plugin_in_a_private_folder() {
    let world = World::new()
        .channel("test", "echo", ECHO)
        .file("echo.wasm", &guest("echo"));
    drop(world.start().await);
    let folders = fs::read_dir(&world.config.cache_dir).unwrap();
    let folder = folders.map(|entry| entry.unwrap().path()).next().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    // A damaged one is compiled anew.
    let kept = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(&kept, b"damaged").unwrap();
    let engine = world.start().await;
    engine
        .receive(&"test".into(), &said("m1", "hi"), NOW)
        .await
        .unwrap();
}
