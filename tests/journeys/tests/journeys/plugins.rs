//! The plugin folder while customers write: a version swapped in, hostile files, a plugin that is
//! taken away and comes back. Counted from the stand-ins' ledgers.

use std::path::Path;

use trunkline_harness::demo::traffic::{Traffic, settle};
use trunkline_harness::world::{PATIENCE, client, echo};
use trunkline_harness::{World, WorldOptions, sha256_of};

use crate::steps::{chat, log, seen, texts, world, world_with, writes};

async fn echoing() -> World {
    world_with(WorldOptions {
        agents: vec![echo()],
        ..WorldOptions::default()
    })
    .await
}

/// Waits until this many more answers came through: the next step is in the middle of traffic.
async fn flowing(world: &World, more: usize) {
    let before = world.sms.with_ledger(|ledger| ledger.messages.len());
    let flows = world
        .sms
        .wait_for(|ledger| ledger.messages.len() >= before + more, PATIENCE);
    assert!(flows.await.is_ok(), "traffic stopped\n{}", log(world));
}

/// Ends the traffic and asserts that nothing was lost, doubled or out of order in either direction.
async fn assert_all_arrived(world: &World, traffic: Traffic) {
    let said = traffic.end().await;
    let (to_agents, to_customers) = settle(world, &said).await;
    assert!(to_agents.sent > 0, "somebody wrote");
    assert!(
        to_agents.is_clean(),
        "to agents: {to_agents}\n{}",
        log(world)
    );
    assert!(
        to_customers.is_clean(),
        "to customers: {to_customers}\n{}",
        log(world)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_swapped_under_traffic_loses_doubles_and_reorders_nothing() {
    let world = echoing().await;
    let traffic = Traffic::start(&world, "swap", 4);
    for mark in 1..=3 {
        flowing(&world, 8).await;
        let bytes = world.another_sms(mark).expect("it was built");
        world
            .drop_bytes("sms.wasm", &bytes)
            .expect("the folder can be written");
        let hash = sha256_of(&world.plugins().join("sms.wasm"));
        let live = world.until_status(|status| {
            plugin(status, "sms")
                .is_some_and(|one| one["state"] == "live" && one["hash"] == hash.as_str())
        });
        live.await.expect("the new version serves");
    }
    flowing(&world, 8).await;
    assert_all_arrived(&world, traffic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_are_refused_with_a_note_that_says_why_and_disturb_nobody() {
    let guests = ["trap", "endless-loop", "memory-bomb"];
    // A plugin is tried before it serves if a channel wants it.
    let channels = guests.map(|guest| format!("[channels.{guest}]\nplugin = \"{guest}\"\n"));
    let world = world_with(WorldOptions {
        agents: vec![echo()],
        more: channels.concat(),
        ..WorldOptions::default()
    })
    .await;
    let traffic = Traffic::start(&world, "hostile", 2);
    flowing(&world, 4).await;
    world
        .drop_bytes("no-plugin.wasm", b"\0asm this is no plugin")
        .expect("the folder can be written");
    for guest in guests {
        world
            .drop_in(&world.built.guest(guest))
            .expect("the guests were built");
    }
    for name in ["no-plugin", "trap", "endless-loop", "memory-bomb"] {
        let note = note(&world, name).await;
        assert!(
            note["reason"].as_str().is_some_and(|why| !why.is_empty()),
            "{name}: {note:#}"
        );
    }
    flowing(&world, 4).await;
    assert_all_arrived(&world, traffic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_while_the_plugin_is_gone_are_kept_and_run_when_it_is_back() {
    let world = world().await;
    let customer = "+15550005";
    let session = chat(&world, customer, "before").await;
    let file = world.plugins().join("sms.wasm");
    std::fs::remove_file(&file).expect("it is there");
    let gone =
        world.until_status(|status| plugin(status, "sms").is_none_or(|one| one["state"] != "live"));
    gone.await.expect("the host sees that it is gone");
    for line in ["one", "two", "three"] {
        writes(&world, customer, line).await;
    }
    world.ece.say(&session, "meanwhile").expect("Ann has it");
    assert_eq!(
        texts(&world, &session),
        ["before"],
        "nobody can read them yet"
    );
    world
        .drop_in(&world.built.plugin("sms"))
        .expect("the folder can be written");
    seen(&world, "three").await;
    assert_eq!(texts(&world, &session), ["before", "one", "two", "three"]);
    crate::steps::gets(&world, customer, "meanwhile").await;
}

fn plugin<'a>(status: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    let plugins = status["plugins"].as_array()?;
    plugins.iter().find(|one| one["name"] == name)
}

/// `NAME.refused.json`, once it is there.
async fn note(world: &World, name: &str) -> serde_json::Value {
    let path = world.plugins().join(format!("{name}.refused.json"));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(note) = read(&path) {
            return note;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{} does not appear\n{:#}\n{}",
            path.display(),
            world.admin("plugins").await.unwrap_or_default(),
            log(world)
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn read(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The channel works for everybody else, and one customer's message waits for a mended version: who looks is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_its_plugin_failed_on_shows_though_the_channel_is_green() {
    let world = world_with(WorldOptions {
        guests: vec!["trap-on-payload".to_owned()],
        more: "[channels.poison]\nplugin = \"trap-on-payload\"\n".to_owned(),
        ..WorldOptions::default()
    })
    .await;
    world
        .until_live("trap-on-payload")
        .await
        .expect("it is live");
    let url = format!("{}/channels/poison", world.host.url());
    let call = client()
        .post(url)
        .body(r#"{"key":"m1","from":"anna","text":"boom"}"#);
    let answer = call.send().await.expect("it is answered");
    assert_eq!(answer.status(), 200, "it is kept");
    let told = "1 call that its plugin failed on waits for another version: see `trunkline plugin calls poison`";
    let ready = format!("{}/readyz", world.host.url());
    let ready = client().get(ready).send().await.expect("it answers");
    let ready = ready.text().await.expect("a text");
    assert!(ready.contains(told), "{ready}");
    let metrics = format!("{}/metrics", world.host.url());
    let metrics = client().get(metrics).send().await.expect("it answers");
    let metrics = metrics.text().await.expect("a text");
    let counted = "\ntrunkline_channel_calls_waiting{channel=\"poison\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
}
