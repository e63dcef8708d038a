//! The agents' page and what it needs of the control API: signing in, files as bytes, switches.

use std::time::Duration;

use ece_simulator::{EceConfig, EceSimulator, Variants};
use serde_json::{Value, json};

use crate::world::{DEADLINE, World, outcome};

#[tokio::test]
async fn the_page_comes_with_all_it_loads_and_a_strict_policy() {
    let world = World::new().await;
    let get = |path: &str| {
        world
            .http
            .get(format!("{}{path}", world.ece.origin()))
            .send()
    };
    let page = get("/?agent=ann&frame").await.unwrap();
    assert_eq!(page.url().path(), "/_sim/agent");
    assert_eq!(page.url().query(), Some("agent=ann&frame"));
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let mut waiting = linked(&page.text().await.unwrap(), "\"/_sim/agent/");
    let mut seen = Vec::new();
    while let Some(file) = waiting.pop() {
        let answer = get(&format!("/_sim/agent/{file}")).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{file}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("innerHTML"), "{file}");
        seen.push(file);
        for found in linked(&text, " from \"./") {
            if !seen.contains(&found) && !waiting.contains(&found) {
                waiting.push(found);
            }
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    assert_eq!(
        get("/_sim/agent/Cargo.toml")
            .await
            .unwrap()
            .status()
            .as_u16(),
        404
    );
}

/// What stands between this mark and the next quote.
fn linked(text: &str, mark: &str) -> Vec<String> {
    let parts = text.split(mark).skip(1);
    parts
        .filter_map(|part| part.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn the_page_has_a_switch_for_every_variant() {
    let switches = include_str!("../../page/unknowns.js");
    let variants = json!(Variants::default());
    for (name, value) in variants.as_object().unwrap() {
        assert!(switches.contains(&format!("\"{name}\"")), "{name}");
        if matches!(name.as_str(), "type_names" | "texts") {
            for inner in value.as_object().unwrap().keys() {
                assert!(switches.contains(&format!("\"{inner}\"")), "{name}.{inner}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_stays_in_reach_while_ece_is_down() {
    let world = World::new().await;
    world.ece.set_outage(ece_simulator::Outage::Closes);
    let page = world.http.get(world.ece.page_url()).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
}

#[tokio::test]
async fn an_agent_signs_in_by_name_and_a_new_one_is_made() {
    let world = World::new().await;
    let put = |name: &str, body: &Value| {
        let url = format!("{}/_sim/agents/{name}", world.ece.origin());
        outcome(world.http.put(url).json(body))
    };
    world.ece.set_agent("ann", false, false);
    assert_eq!(put("ann", &json!({})).await.0, 204);
    let new = json!({"screen_name": "Zoë", "entry_points": [1002], "capacity": 1});
    assert_eq!(put("zo%C3%AB", &new).await.0, 201);
    assert_eq!(put("x", &json!({"entry_points": [7]})).await.0, 422);
    assert_eq!(put("%20", &json!({})).await.0, 422);
    assert_eq!(
        world.sim("agents/ann", &json!({"pick_up": "auto"})).await,
        204
    );
    assert_eq!(
        world.sim("agents/ann", &json!({"entry_points": [7]})).await,
        422
    );
    let (_, state) = outcome(world.http.get(format!("{}/_sim/state", world.ece.origin()))).await;
    let agents = state["agents"].as_array().unwrap();
    assert_eq!(
        (
            &agents[0]["signed_in"],
            &agents[0]["ready"],
            &agents[0]["pick_up"]
        ),
        (&json!(true), &json!(true), &json!("auto"))
    );
    assert_eq!(agents.len(), 2, "the refused ones were not made");
    assert_eq!(
        (
            &agents[1]["name"],
            &agents[1]["screen_name"],
            &agents[1]["pick_up"],
            &agents[1]["entry_points"]
        ),
        (
            &json!("zoë"),
            &json!("Zoë"),
            &json!("manual"),
            &json!([1002])
        )
    );
}

#[tokio::test]
async fn files_go_both_ways_as_bytes() {
    let world = World::new().await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    let of = |rest: &str| format!("{}/_sim/{rest}", world.ece.origin());
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let upload = |name: &str| {
        let request = world.http.post(of(&format!("conversations/{id}/files")));
        request
            .header("x-file-name", name)
            .header("content-type", "application/pdf")
            .body(bytes.clone())
    };
    assert_eq!(
        upload("r%C3%A9sum%C3%A9%20+1&2.pdf")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        204
    );
    let bare = world
        .http
        .post(of(&format!("conversations/{id}/files")))
        .body("x");
    assert_eq!(bare.send().await.unwrap().status().as_u16(), 400);
    let offer = &world.edge.wait_for_messages(2).await[1];
    assert_eq!(
        offer["attachments"]["attachment"][0]["fileName"],
        "résumé +1&2.pdf"
    );
    let sent = world.ece.ledger().last().unwrap().sent[1].clone();
    let ece_simulator::ledger::Told::File { id: file, size, .. } = &sent.told else {
        panic!("{sent:?}")
    };
    assert_eq!(*size, bytes.len());
    let answer = world
        .http
        .get(of(&format!("files/{file}")))
        .send()
        .await
        .unwrap();
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(
        disposition,
        "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9%20%2B1%262.pdf"
    );
    assert_eq!(answer.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn of_two_files_of_a_name_each_is_decided_for_itself() {
    let world = World::new().await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    world.offer_file(&id, "a.png").await;
    world.offer_file(&id, "a.png").await;
    let path = |arrival: u64| format!("conversations/{id}/files/{arrival}");
    let get = |arrival: u64| {
        world
            .http
            .get(format!("{}/_sim/{}", world.ece.origin(), path(arrival)))
    };
    assert_eq!(
        get(1).send().await.unwrap().status().as_u16(),
        409,
        "not accepted yet"
    );
    assert_eq!(world.sim(&path(1), &json!({"accept": true})).await, 204);
    assert_eq!(world.sim(&path(2), &json!({"accept": false})).await, 204);
    assert_eq!(world.sim(&path(2), &json!({"accept": true})).await, 409);
    assert_eq!(world.sim(&path(9), &json!({"accept": true})).await, 409);
    let downloaded =
        |ledger: &ece_simulator::Ledger| ledger.last().unwrap().files()[0].fetched.is_some();
    world.ece.wait_for(downloaded, DEADLINE).await.unwrap();
    let file = get(1).send().await.unwrap();
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(file.text().await.unwrap(), "not really a png");
    assert_eq!(get(9).send().await.unwrap().status().as_u16(), 404);
}

#[tokio::test]
async fn a_transcript_can_be_told_in_order() {
    let world = World::new().await;
    let id = world.start().await;
    world.send(&id, "text/plain", "one").await;
    world.ece.pick_up(&id, "ann").unwrap();
    world.ece.say(&id, "two").unwrap();
    world.send(&id, "text/plain", "three").await;
    world.ece.say(&id, "four").unwrap();
    let record = world.ece.ledger().last().unwrap().clone();
    let after: Vec<(usize, Option<&str>)> = record
        .sent
        .iter()
        .map(|sent| (sent.after, sent.by.as_deref()))
        .collect();
    assert_eq!(
        after,
        [(1, Some("ann")), (1, Some("ann")), (2, Some("ann"))]
    );
}

#[tokio::test]
async fn some_variants_change_and_the_others_stay() {
    let world = World::new().await;
    let url = format!("{}/_sim/variants", world.ece.origin());
    let patch = |body: &Value| outcome(world.http.patch(&url).json(body));
    for change in [
        json!({"start_status": 200}),
        json!({"texts": {"assigned": "Hallo, hier ist {0}"}}),
        json!({"no_agent": "queue"}),
        json!({"text_limit": {"characters": 5, "refusal": {"status": 413, "code": "413-100", "message": "long"}}}),
    ] {
        assert_eq!(patch(&change).await.0, 204, "{change}");
    }
    assert_eq!(patch(&json!({"start_statuss": 1})).await.0, 422);
    let (_, both) = outcome(world.http.get(&url)).await;
    let (now, default) = (&both["now"], &both["default"]);
    assert_eq!(
        (
            &now["start_status"],
            &now["texts"]["assigned"],
            &now["no_agent"],
            &now["text_limit"]["characters"]
        ),
        (
            &json!(200),
            &json!("Hallo, hier ist {0}"),
            &json!("queue"),
            &json!(5)
        )
    );
    assert_eq!(
        now["texts"]["ended_by_agent"],
        default["texts"]["ended_by_agent"]
    );
    assert_eq!(default["start_status"], 201);
    assert_eq!(patch(&json!({"text_limit": null})).await.0, 204);
    let (_, both) = outcome(world.http.get(&url)).await;
    assert_eq!(both["now"]["text_limit"], Value::Null);
}

#[tokio::test]
async fn limits_can_be_set_and_taken_away() {
    let world = World::new().await;
    let state = || outcome(world.http.get(format!("{}/_sim/state", world.ece.origin())));
    assert_eq!(
        world
            .sim(
                "entry-points/1001",
                &json!({"queue_depth_max": 0, "wait_time_s": 3.5})
            )
            .await,
        204
    );
    assert_eq!(world.sim("webhook", &json!({"failures_max": null, "format": "xml", "auth": {"kind": "bearer", "token": "t"}})).await, 204);
    let (_, now) = state().await;
    assert_eq!(
        (
            &now["entry_points"][0]["queue_depth_max"],
            &now["entry_points"][0]["wait_time_s"]
        ),
        (&json!(0), &json!(3.5))
    );
    assert_eq!(
        (
            &now["webhook"]["failures_max"],
            &now["webhook"]["format"],
            &now["webhook"]["auth"]["token"]
        ),
        (&Value::Null, &json!("xml"), &json!("t"))
    );
    assert_eq!(
        world
            .sim("entry-points/1001", &json!({"queue_depth_max": null}))
            .await,
        204
    );
    let (_, now) = state().await;
    assert_eq!(
        (
            &now["entry_points"][0]["queue_depth_max"],
            &now["entry_points"][0]["wait_time_s"]
        ),
        (&Value::Null, &json!(3.5))
    );
}

#[tokio::test]
async fn paths_can_be_as_strict_as_some_server_may_be() {
    let world = World::new().await;
    let configuration = |version: &str| {
        let url = format!(
            "{}/ws/{version}/clientapplications/messaging/configuration?entrypoint=1001",
            world.ece.base_url()
        );
        outcome(world.http.get(url).bearer_auth(&world.token))
    };
    let allowed = |word: &str| {
        let url = format!("{}/egain/chat/entrypoint/{word}/1001", world.ece.base_url());
        outcome(world.http.get(url))
    };
    assert_eq!(
        (configuration("v20").await.0, allowed("chatallowed").await.0),
        (200, 200)
    );
    world.ece.change_variants(|variants| {
        variants.api_version = Some("v19".to_owned());
        variants.status_paths_exact = true;
    });
    assert_eq!(
        (configuration("v20").await.0, allowed("chatallowed").await.0),
        (404, 404)
    );
    assert_eq!(
        (configuration("v19").await.0, allowed("chatAllowed").await.0),
        (200, 200)
    );
}

#[tokio::test]
async fn the_page_is_on_the_address_that_no_outage_closes() {
    let ece = EceSimulator::start(EceConfig {
        control_listen: Some(([127, 0, 0, 1], 0).into()),
        ..EceConfig::default()
    });
    let ece = ece.await.unwrap();
    assert!(ece.page_url().starts_with(ece.control_url().unwrap()));
    let wait = Duration::from_secs(20);
    ece.set_outage(ece_simulator::Outage::Refuses);
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(wait)
        .build()
        .unwrap();
    assert_eq!(
        client
            .get(ece.page_url())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
}
