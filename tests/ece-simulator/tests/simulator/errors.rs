//! Each error of family M, and the faults made on purpose.

use ece_simulator::variants::{NoAgent, TextLimit};
use ece_simulator::{
    Account, EceConfig, EntryPointConfig, Fault, Operation, Outage, Refusal, Times,
};
use serde_json::{Value, json};

use crate::world::{DEADLINE, World, kinds, outcome};

const ANONYMOUS: &str = "?anonymousCustomer=yes";

fn refusal(status: u16) -> Refusal {
    Refusal {
        status,
        code: format!("{status}-999"),
        message: "as told".to_owned(),
    }
}

fn found(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn configuration_has_an_error_for_each_reason() {
    let unbound = EntryPointConfig {
        bound: false,
        ..EntryPointConfig::new(1003, "unbound")
    };
    let inactive = EntryPointConfig {
        active: false,
        ..EntryPointConfig::new(1004, "inactive")
    };
    let mut config = EceConfig::default();
    config.entry_points.extend([unbound, inactive]);
    let world = World::with(config).await;
    for (query, status, code) in [
        ("?entrypoint=9999", 404, "404-103"),
        ("?entrypoint=1003", 403, "403-102"),
        ("?entrypoint=1004", 400, "400-203"),
        ("?entrypoint=abc", 400, "400-108"),
        ("", 400, "400-106"),
    ] {
        assert_eq!(
            found(&world.get(&format!("messaging/configuration{query}")).await),
            (status, code),
            "{query}"
        );
    }
    world
        .ece
        .change_variants(|variants| variants.inactive = refusal(403));
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1004").await.0,
        403
    );
    let url = world.url("messaging/configuration?entrypoint=1001");
    let json = |request: reqwest::RequestBuilder| request.header("Accept", "application/json");
    assert_eq!(
        found(&outcome(json(world.http.get(&url))).await),
        (401, "401-100")
    );
    assert_eq!(
        found(
            &outcome(json(
                world.http.get(&url).header("Authorization", "Token x")
            ))
            .await
        ),
        (401, "401-100")
    );
    assert_eq!(
        found(&outcome(json(world.http.get(&url).bearer_auth("unknown"))).await),
        (401, "401-101")
    );
    assert_eq!(
        outcome(
            world
                .http
                .get(&url)
                .bearer_auth(&world.token)
                .header("Accept", "image/png")
        )
        .await
        .0,
        406
    );
    assert_eq!(
        outcome(world.http.get(world.url("messaging/nothing")))
            .await
            .0,
        404
    );
    assert_eq!(
        outcome(world.http.get(world.url("messaging/sendmessage")))
            .await
            .0,
        405
    );
}

#[tokio::test]
async fn errors_are_xml_unless_json_is_asked_for() {
    let world = World::new().await;
    let url = world.url("messaging/configuration?entrypoint=9999");
    let answer = world
        .http
        .get(&url)
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/xml")
    );
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("<code>404-103</code><developerMessage>"),
        "{text}"
    );
    world
        .ece
        .change_variants(|variants| variants.error_member = "message".to_owned());
    let (_, body) = world.get("messaging/configuration?entrypoint=9999").await;
    assert_eq!(body["message"], "There is no entry point 9999.");
}

#[tokio::test]
async fn a_start_is_refused_for_each_precondition() {
    let world = World::new().await;
    let good = world.start_body(1001).await;
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let attribute = |value: &str| {
        let values = json!({"attribValue": [{"value": value}]});
        json!({"customAttribute": [{"attribName": "a", "attribValues": values}]})
    };
    let stale = broken(&|body| {
        body["entryPointConfiguration"]["lastModified"]["date"] = json!("2001-01-01T00:00:00.000Z");
    });
    let plus = broken(&|body| body["activity"]["customAttributes"] = attribute("+15550100"));
    let long = broken(&|body| body["activity"]["subject"] = json!("x".repeat(256)));
    let nowhere =
        broken(&|body| body["entryPointConfiguration"]["entryPoint"]["id"] = json!("9999"));
    for (query, body, status, code) in [
        ("", &good, 400, "400-110"),
        ("?searchContactOnAttribute=phone", &good, 400, "400-111"),
        (ANONYMOUS, &stale, 409, "409-100"),
        (ANONYMOUS, &plus, 400, "400-112"),
        (ANONYMOUS, &long, 400, "400-109"),
        (ANONYMOUS, &nowhere, 404, "404-103"),
        (ANONYMOUS, &json!({"activity": {}}), 400, "400-101"),
    ] {
        assert_eq!(
            found(&world.start_with(query, body).await),
            (status, code),
            "{query} {body}"
        );
    }
    world.ece.change_variants(|variants| {
        variants.search_attributes = Some(vec!["phone.phoneNumber".to_owned()]);
    });
    assert_eq!(
        found(
            &world
                .start_with("?searchContactOnAttribute=email.emailAddress", &good)
                .await
        ),
        (400, "400-111")
    );
    assert_eq!(world.ece.ledger().conversations.len(), 0);
    assert_eq!(
        world
            .start_with("?searchContactOnAttribute=phone.phoneNumber", &good)
            .await
            .0,
        201
    );
}

#[tokio::test]
async fn a_changed_entry_point_meets_stale_clients_with_409_and_inactive_ones_are_refused() {
    let world = World::new().await;
    let stale = world.start_body(1001).await;
    world
        .ece
        .change_entry_point(1001, |point| point.active = false);
    assert_eq!(
        found(&world.start_with(ANONYMOUS, &stale).await),
        (400, "400-203")
    );
    world
        .ece
        .change_entry_point(1001, |point| point.active = true);
    assert_eq!(
        found(&world.start_with(ANONYMOUS, &stale).await),
        (409, "409-100")
    );
    world.start().await;
}

#[tokio::test]
async fn without_an_agent_a_start_is_refused_completed_or_queued() {
    let world = World::new().await;
    world.ece.set_agent("ann", true, false);
    let body = world.start_body(1001).await;
    assert_eq!(
        found(&world.start_with(ANONYMOUS, &body).await),
        (400, "400-201")
    );
    world
        .ece
        .change_variants(|variants| variants.no_agent = NoAgent::Refuse(refusal(500)));
    assert_eq!(world.start_with(ANONYMOUS, &body).await.0, 500);
    world
        .ece
        .change_variants(|variants| variants.no_agent = NoAgent::CompleteUnassigned);
    world.start().await;
    assert_eq!(
        kinds(&world.edge.wait_for_messages(1).await),
        [("complete", "System has closed the chat")]
    );
    world
        .ece
        .change_variants(|variants| variants.no_agent = NoAgent::Queue);
    let id = world.start().await;
    world.ece.set_agent("ann", true, true);
    world.ece.pick_up(&id, "ann").unwrap();
}

#[tokio::test]
async fn a_full_queue_refuses_a_start() {
    let world = World::new().await;
    world.ece.set_capacity("ann", 1);
    world
        .ece
        .change_entry_point(1001, |point| point.queue_depth_max = Some(1));
    let first = world.start().await;
    world.ece.pick_up(&first, "ann").unwrap();
    world.start().await;
    let body = world.start_body(1001).await;
    assert_eq!(
        found(&world.start_with(ANONYMOUS, &body).await),
        (400, "400-202")
    );
}

#[tokio::test]
async fn sendmessage_has_an_error_for_each_reason() {
    let other = Account {
        name: "other".to_owned(),
        secret: "s".to_owned(),
    };
    let mut world = World::with(EceConfig {
        other_clients: vec![other],
        ..EceConfig::default()
    })
    .await;
    let id = world.start().await;
    assert_eq!(
        found(&world.send("no-such", "text/plain", "x").await),
        (404, "404-101")
    );
    assert_eq!(
        found(&world.send(&id, "video", "x").await),
        (400, "400-114")
    );
    assert_eq!(
        found(&world.send(&id, "acceptAttachment", "").await),
        (400, "400-205")
    );
    assert_eq!(
        found(&world.send(&id, "uploadAttachment", "").await),
        (400, "400-116")
    );
    let no_content = json!({"conversation": {"id": id}, "type": {"value": "text/plain"}});
    assert_eq!(
        found(&outcome(world.post("messaging/sendmessage", &no_content)).await),
        (400, "400-113")
    );
    let raw = format!(
        r#"{{"conversation":{{"id":"{id}"}},"type":{{"value":"text/plain"}},"content":"a{}b"}}"#,
        '\n'
    );
    let request = world.post("messaging/sendmessage", &json!({})).body(raw);
    let illegal = outcome(request).await;
    assert_eq!(found(&illegal), (400, "400-102"));
    assert!(
        illegal.1["developerMessage"]
            .as_str()
            .unwrap()
            .starts_with("Illegal unquoted character")
    );
    let request = world
        .post("messaging/sendmessage", &json!({}))
        .body("{\"conv");
    assert_eq!(found(&outcome(request).await), (400, "400-101"));
    world.ece.change_variants(|variants| {
        variants.text_limit = Some(TextLimit {
            characters: 3,
            refusal: refusal(413),
        });
    });
    assert_eq!(world.send(&id, "text/plain", "ééé").await.0, 200);
    assert_eq!(world.send(&id, "text/plain", "éééé").await.0, 413);
    let own = std::mem::take(&mut world.token);
    world.token = world.token_of("other", "s", "").await.1["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        found(&world.send(&id, "text/plain", "x").await),
        (403, "403-103")
    );
    assert_eq!(
        found(&world.get("messaging/configuration?entrypoint=1001").await),
        (403, "403-102")
    );
    world.token = own;
    world.ece.pick_up(&id, "ann").unwrap();
    world.ece.complete(&id).unwrap();
    assert_eq!(
        found(&world.send(&id, "text/plain", "x").await),
        (400, "400-115")
    );
    world
        .ece
        .change_variants(|variants| variants.finished = refusal(409));
    assert_eq!(world.send(&id, "text/plain", "x").await.0, 409);
    assert_eq!(world.ece.ledger().last().unwrap().texts(), ["ééé"]);
    assert!(
        world
            .ece
            .ledger()
            .refused
            .contains(&(400, "400-102".to_owned()))
    );
}

#[tokio::test]
async fn success_has_the_status_that_the_variants_say() {
    let world = World::new().await;
    world.ece.change_variants(|variants| {
        variants.start_status = 200;
        variants.send_status = 204;
    });
    let body = world.start_body(1001).await;
    let (status, answer) = world.start_with(ANONYMOUS, &body).await;
    assert_eq!(status, 200);
    assert_eq!(
        world
            .send(answer["id"].as_str().unwrap(), "text/plain", "x")
            .await,
        (204, json!(""))
    );
}

#[tokio::test]
async fn faults_hold_for_the_calls_they_are_for() {
    let world = World::new().await;
    let id = world.start().await;
    let once = |fault: Fault| world.ece.set_fault(Operation::Send, fault, Times::Once);
    world.ece.set_fault(
        Operation::Send,
        Fault::Refuse {
            refusal: refusal(503),
        },
        Times::Next(2),
    );
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1001").await.0,
        200
    );
    for status in [503, 503, 200] {
        assert_eq!(world.send(&id, "text/plain", "a").await.0, status);
    }
    once(Fault::RefuseAfterAccept {
        refusal: refusal(500),
    });
    assert_eq!(world.send(&id, "text/plain", "b").await.0, 500);
    let send = |text: &str| {
        let body =
            json!({"conversation": {"id": id}, "type": {"value": "text/plain"}, "content": text});
        world.post("messaging/sendmessage", &body).send()
    };
    once(Fault::DropAfterAccept);
    assert!(send("c").await.is_err());
    once(Fault::DropBeforeAccept);
    assert!(send("d").await.is_err());
    world.ece.set_fault(
        Operation::Any,
        Fault::AnswerLate { ms: 600_000 },
        Times::Always,
    );
    tokio::select! {
        answered = send("e") => panic!("answered early: {answered:?}"),
        taken = world.ece.wait_for(|ledger| ledger.last().unwrap().texts().len() == 4, DEADLINE) => taken.unwrap(),
    }
    world.ece.clear_faults();
    assert_eq!(world.send(&id, "text/plain", "f").await.0, 200);
    assert_eq!(
        world.ece.ledger().last().unwrap().texts(),
        ["a", "b", "c", "e", "f"]
    );
}

#[tokio::test]
async fn an_outage_stops_calls_and_callbacks_until_it_ends() {
    let world = World::new().await;
    let id = world.start().await;
    world.ece.set_outage(Outage::Unavailable);
    assert_eq!(world.send(&id, "text/plain", "x").await.0, 503);
    world.ece.pick_up(&id, "ann").unwrap();
    let get = || {
        world
            .http
            .get(world.url("messaging/configuration?entrypoint=1001"))
            .send()
    };
    world.ece.set_outage(Outage::Closes);
    assert!(!get().await.unwrap_err().is_connect());
    world.ece.set_outage(Outage::Refuses);
    while !get().await.unwrap_err().is_connect() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.edge.posts().len(), 0);
    world.ece.set_outage(Outage::None);
    world.edge.wait_for_messages(1).await;
    while get().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.send(&id, "text/plain", "x").await.0, 200);
}
