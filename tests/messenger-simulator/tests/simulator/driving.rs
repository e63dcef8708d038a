//! `/_sim/…`, as another process drives it.

use messenger_simulator::Reports;
use serde_json::{Value, json};

use crate::world::{CUSTOMER, PAGE, world};

#[tokio::test]
async fn another_process_writes_taps_and_reads_the_ledger() {
    let world = world().await;
    world.meta.set_reports(Reports {
        echoes: false,
        deliveries: false,
        reads: false,
        ..Reports::default()
    });
    let url = |path: &str| format!("{}/_sim/{path}", world.meta.base_url());
    let act = async |more: Value| {
        let mut body = json!({ "page": PAGE, "from": CUSTOMER });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = world
            .http
            .post(url("customer"))
            .json(&body)
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    assert_eq!(act(json!({ "text": "hello" })).await, 200);
    assert_eq!(act(json!({ "tap": "An order" })).await, 400);
    let reply = json!({ "content_type": "text", "title": "An order", "payload": "orders" });
    let message = json!({ "text": "?", "quick_replies": [reply] });
    world.send(message, json!({})).await.unwrap();
    assert_eq!(act(json!({ "tap": "An order" })).await, 200);
    let event = world.edge.events().pop().unwrap();
    assert_eq!(event["message"]["quick_reply"]["payload"], "orders");
    let file = json!({ "name": "a.txt", "content_type": "text/plain", "base64": "aGk=" });
    assert_eq!(act(json!({ "file": file })).await, 200);
    let broken = json!({ "name": "a.txt", "content_type": "text/plain", "base64": "?" });
    assert_eq!(act(json!({ "file": broken })).await, 400);
    assert_eq!(act(json!({})).await, 400);
    let ledger = world.http.get(url("ledger")).send().await.unwrap();
    let ledger: Value = ledger.json().await.unwrap();
    assert_eq!(ledger["messages"][0]["text"], "?");
    assert_eq!(ledger["received"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn another_process_sets_the_webhook_and_a_profile() {
    let world = world().await;
    let post = async |path: &str, body: Value| {
        let url = format!("{}/_sim/{path}", world.meta.base_url());
        let answer = world.http.post(url).json(&body).send().await.unwrap();
        answer.status().as_u16()
    };
    let profile = json!({ "psid": CUSTOMER, "profile": { "first_name": "Noor" } });
    assert_eq!(post("profile", profile).await, 204);
    let told = world.get(&format!("{CUSTOMER}?fields=first_name")).await.1;
    assert_eq!(told["first_name"], "Noor");
    assert_eq!(
        post("webhook", json!({ "url": "http://127.0.0.1:1" })).await,
        204
    );
    assert_eq!(world.meta.customer_sends(PAGE, CUSTOMER, "hi").await, 0);
}
