//! Another process drives the stand-in: the control API, and the program itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use ece_simulator::{EceConfig, Outage};
use serde_json::{Value, json};

use crate::world::{World, kinds, outcome};

#[tokio::test]
async fn a_conversation_can_be_played_over_http() {
    let world = World::new().await;
    let id = world.start().await;
    let act = format!("conversations/{id}/act");
    assert_eq!(
        world
            .sim(&act, &json!({"do": "say", "text": "too early"}))
            .await,
        409
    );
    for step in [
        json!({"do": "pick_up", "agent": "ann"}),
        json!({"do": "say", "text": "hi"}),
        json!({"do": "push_page", "url": "https://example.com"}),
        json!({"do": "transfer_to_queue", "entry_point": 1002}),
        json!({"do": "pick_up"}),
        json!({"do": "complete"}),
    ] {
        assert_eq!(world.sim(&act, &step).await, 204, "{step}");
    }
    let messages = world.edge.wait_for_messages(6).await;
    let words: Vec<&str> = kinds(&messages).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        words,
        [
            "assigned",
            "text/plain",
            "pagePush",
            "transfer",
            "assigned",
            "complete"
        ]
    );
    let (_, ledger) = outcome(
        world
            .http
            .get(format!("{}/_sim/ledger", world.ece.origin())),
    )
    .await;
    assert_eq!(ledger["conversations"][0]["phase"], "finished");
    let (_, rest) = outcome(
        world
            .http
            .get(format!("{}/_sim/ledger?after=1", world.ece.origin())),
    )
    .await;
    assert_eq!(rest["conversations"], json!([]));
}

#[tokio::test]
async fn every_knob_can_be_turned_over_http() {
    let world = World::new().await;
    let body = world.start_body(1001).await;
    let start = || world.start_with("?anonymousCustomer=yes", &body);
    assert_eq!(
        world.sim("agents/ann", &json!({"signed_in": false})).await,
        204
    );
    assert_eq!(start().await.0, 400);
    assert_eq!(
        world
            .sim("agents/ann", &json!({"signed_in": true, "capacity": 9}))
            .await,
        204
    );
    assert_eq!(world.sim("agents/zoe", &json!({})).await, 404);
    let fault = json!({"on": "start", "fault": {"kind": "refuse", "refusal": {"status": 500, "code": "500-1", "message": "m"}}, "times": "once"});
    assert_eq!(world.sim("fault", &fault).await, 204);
    assert_eq!(start().await.0, 500);
    assert_eq!(
        world.sim("outage", &json!({"outage": "unavailable"})).await,
        204
    );
    assert_eq!(start().await.0, 503);
    assert_eq!(world.sim("outage", &json!({"outage": "none"})).await, 204);
    assert_eq!(
        world.sim("variants", &json!({"start_status": 200})).await,
        204
    );
    assert_eq!(start().await.0, 200);
    assert_eq!(
        world
            .sim("entry-points/1001", &json!({"wait_time_s": 3.0}))
            .await,
        204
    );
    assert_eq!(start().await.0, 409);
    assert_eq!(world.sim("tokens/expire", &json!({})).await, 204);
    assert_eq!(start().await.0, 401);
    assert_eq!(
        world
            .sim(
                "webhook",
                &json!({"url": "http://127.0.0.1:9/", "reactivate": true})
            )
            .await,
        204
    );
    let (_, state) = outcome(world.http.get(format!("{}/_sim/state", world.ece.origin()))).await;
    assert_eq!(
        (&state["agents"][0]["capacity"], &state["webhook"]["url"]),
        (&json!(9), &json!("http://127.0.0.1:9/"))
    );
    assert_eq!(state["outage"], "none");
}

#[tokio::test]
async fn the_control_address_stays_in_reach_while_the_port_is_closed() {
    let config = EceConfig {
        control_listen: Some(([127, 0, 0, 1], 0).into()),
        ..EceConfig::default()
    };
    let world = World::with(config).await;
    world.ece.set_outage(Outage::Refuses);
    let get = || {
        world
            .http
            .get(world.url("messaging/configuration?entrypoint=1001"))
            .send()
    };
    while !get().await.unwrap_err().is_connect() {
        tokio::task::yield_now().await;
    }
    let url = format!("{}/_sim/outage", world.ece.control_url().unwrap());
    assert_eq!(
        outcome(world.http.post(url).json(&json!({"outage": "none"})))
            .await
            .0,
        204
    );
    while get().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_program_serves_and_says_how_to_reach_it() {
    let world = World::new().await;
    let script = std::env::temp_dir().join(format!("ece-simulator-{}.toml", std::process::id()));
    std::fs::write(&script, "[[entry_points]]\nid = 7\nname = \"seven\"\n").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_ece-simulator"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--callback",
            "http://127.0.0.1:9/hook",
            "--config",
        ])
        .arg(&script)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut said: Vec<String> = Vec::new();
    for line in lines {
        said.push(line.unwrap());
        if said.last().unwrap().starts_with("drive it at") {
            break;
        }
    }
    let value = |name: &str| {
        said.iter()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    let (status, state): (u16, Value) = outcome(world.http.get(value("drive it at"))).await;
    assert_eq!(
        (
            status,
            &state["entry_points"][0]["id"],
            &state["webhook"]["url"]
        ),
        (200, &json!(7), &json!("http://127.0.0.1:9/hook"))
    );
    let token = world.http.post(format!(
        "{}/ws/v19/authentication/oauth2/token",
        value("base URL")
    ));
    let token = token.basic_auth(value("client key"), Some(value("client secret")));
    assert_eq!(
        outcome(token.form(&[("grant_type", "client_credentials")]))
            .await
            .0,
        200
    );
    program.kill().unwrap();
    program.wait().unwrap();
    std::fs::remove_file(script).unwrap();
}
