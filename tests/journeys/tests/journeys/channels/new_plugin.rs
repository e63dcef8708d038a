//! From an empty folder to a first message, as `docs/write-a-channel.md` and `write-a-bot.md` tell it: `trunkline plugin new`, its tests, the
//! component, dropped into a world that runs. Needs no network: the crates are those of the workspace.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use stand_in::{Listening, Server, Watched};
use trunkline_harness::world::{PATIENCE, client, echo};
use trunkline_harness::{World, WorldOptions};

use super::{rule, webhook};
use crate::steps::{agent_reads, gets, log, picked_up, world_with, writes};

const NAME: &str = "corner-shop";
const CHANNEL: &str = "shop";
const CUSTOMER: &str = "+15550077";

/// The gateway of the template: takes `{to, text, key}`.
struct Gateway {
    server: Server,
    taken: Arc<Watched<Vec<Value>>>,
}

impl Gateway {
    async fn start() -> Self {
        let taken = Arc::new(Watched::new(Vec::new()));
        let router = Router::new().route("/messages", post(take));
        let listening = Listening::on(0).await.expect("a free port");
        Self {
            server: listening.serve(router.with_state(Arc::clone(&taken))),
            taken,
        }
    }

    async fn gets(&self, world: &World, text: &str) {
        let got = |taken: &Vec<Value>| {
            taken
                .iter()
                .any(|one| one["text"] == text && one["to"] == CUSTOMER)
        };
        let waited = self
            .taken
            .wait_for(got, PATIENCE, |taken| format!("{taken:?}"));
        let waited = waited.await;
        assert!(waited.is_ok(), "no `{text}`: {waited:?}\n{}", log(world));
    }
}

async fn take(
    State(taken): State<Arc<Watched<Vec<Value>>>>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let number = taken.change(|taken| {
        taken.push(body);
        taken.len()
    });
    Json(json!({ "id": format!("g{number}") }))
}

/// Runs it to its end, with the crates that are here.
fn run(command: &mut Command) {
    let output = command.env("CARGO_NET_OFFLINE", "true").output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What the guide has a newcomer type. Gives the bytes of the component.
fn built_from_nothing(world: &World, empty: &Path, name: &str, more: &[&str]) -> Vec<u8> {
    let host = &world.built.host;
    run(Command::new(host)
        .args(["plugin", "new", name])
        .args(more)
        .current_dir(empty));
    let folder = empty.join(name);
    let target = host.ancestors().nth(2).expect("it is in target/PROFILE");
    // Shared, so that a second run of this test builds little.
    let target = target.join("new-plugin");
    run(Command::new("cargo")
        .arg("test")
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target));
    let tasks = host.with_file_name("tasks");
    run(Command::new(tasks)
        .args(["plugins", "--folder"])
        .arg(&folder)
        .env("CARGO_TARGET_DIR", &target));
    std::fs::read(folder.join(format!("{name}.wasm"))).expect("the component")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_begun_in_an_empty_folder_builds_and_carries_a_first_message() {
    let gateway = Gateway::start().await;
    let channel = format!(
        "\n[channels.{CHANNEL}]\nplugin = \"{NAME}\"\nsettings = {{ number = \"+15550100\", send_url = \"{}/messages\" }}\n\
         secrets = {{ token = \"plain:word\" }}\n",
        gateway.server.base_url()
    );
    let world = world_with(WorldOptions {
        more: channel + &rule(&[CHANNEL]),
        ..WorldOptions::default()
    })
    .await;
    let empty = tempfile::tempdir().expect("a folder");
    let bytes = built_from_nothing(&world, empty.path(), NAME, &[]);
    world
        .drop_bytes(&format!("{NAME}.wasm"), &bytes)
        .expect("the folder can be written");
    world.until_live(NAME).await.expect("it is live");
    let first = json!({ "id": "m1", "from": CUSTOMER, "text": "Are you open?" });
    let said = client()
        .post(webhook(&world, CHANNEL))
        .header("x-token", "word")
        .json(&first);
    let answer = said.send().await.expect("it answers");
    assert_eq!(answer.status(), 200, "{}", log(&world));
    let session = picked_up(&world, "Are you open?").await;
    world.ece.say(&session, "Until six").expect("Ann has it");
    gateway.gets(&world, "Until six").await;
}

const BOT: &str = "front-desk";

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_begun_in_an_empty_folder_builds_talks_and_hands_over() {
    let stages = r#"[ { bot = "desk" }, { ece = "acme", entry_point = "support" } ]"#;
    let world = world_with(WorldOptions {
        agents: vec![echo()],
        stages: stages.to_owned(),
        more: format!(
            "[bots.desk]\nplugin = \"{BOT}\"\nsettings = {{ greeting = \"Good day.\" }}\n"
        ),
        ..WorldOptions::default()
    })
    .await;
    let empty = tempfile::tempdir().expect("a folder");
    let bytes = built_from_nothing(&world, empty.path(), BOT, &["--bot"]);
    let file = format!("{BOT}.wasm");
    world
        .drop_bytes(&file, &bytes)
        .expect("the folder can be written");
    world.until_live(BOT).await.expect("it is live");
    writes(&world, CUSTOMER, "Hello").await;
    let menu = "Good day.\n1. Opening hours\n2. Talk to somebody";
    gets(&world, CUSTOMER, menu).await;
    writes(&world, CUSTOMER, "1").await;
    gets(&world, CUSTOMER, "We are open from 8 to 6.").await;
    writes(&world, CUSTOMER, "2").await;
    gets(&world, CUSTOMER, "An agent has been asked.").await;
    agent_reads(&world, "The customer wants an agent.").await;
    agent_reads(&world, "We are open from 8 to 6.").await;
    writes(&world, CUSTOMER, "Finally").await;
    gets(&world, CUSTOMER, "echo: Finally").await;
}
