//! The stand-ins as a connector meets them: over HTTP, with a webhook of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use gateway_simulator::{
    Answer, CustomerMessage, Fault, GatewayConfig, GatewaySimulator, JsonAccount, Tamper,
    VonageAccount, WebhookStyle, Wire,
};
use serde_json::{Value, json};
use stand_in::{Listening, Outage, Server, Times};

const PATIENCE: Duration = Duration::from_secs(60);
const CUSTOMER: &str = "+447700900001";

#[derive(Debug, Clone)]
struct Post {
    method: Method,
    query: String,
    signature: Option<String>,
    body: String,
}

type Posts = Arc<Mutex<Vec<Post>>>;

struct World {
    gateway: GatewaySimulator,
    client: reqwest::Client,
    posts: Posts,
    edge: Server,
}

async fn hook(
    State(posts): State<Posts>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let signature = headers
        .get("x-signature")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let query = uri.query().unwrap_or_default().to_owned();
    posts.lock().expect("no panic").push(Post {
        method,
        query,
        signature,
        body,
    });
    StatusCode::OK
}

async fn world(wire: Wire) -> World {
    let posts = Posts::default();
    let edge = Listening::on(0).await.expect("a port");
    let edge = edge.serve(Router::new().fallback(hook).with_state(Arc::clone(&posts)));
    let config = GatewayConfig {
        wire,
        webhook_url: Some(format!("{}/hook", edge.base_url())),
        ..GatewayConfig::default()
    };
    let gateway = GatewaySimulator::start(config).await.expect("it starts");
    World {
        gateway,
        client: stand_in::client().expect("a client"),
        posts,
        edge,
    }
}

async fn vonage() -> World {
    world(Wire::Vonage(VonageAccount::default())).await
}

async fn json_gateway() -> World {
    world(Wire::Json(JsonAccount::default())).await
}

impl World {
    /// Sends over Vonage's API, with these fields changed; an empty one is left out.
    async fn send(&self, changes: &[(&str, &str)]) -> Result<Value, reqwest::Error> {
        let callback = format!("{}/status", self.edge.base_url());
        let mut fields = vec![
            ("api_key", "abcd1234"),
            ("api_secret", "Secret-0001"),
            ("from", "447700900000"),
            ("to", "447700900001"),
            ("text", "Hello"),
            ("client-ref", "d1"),
            ("callback", &callback),
        ];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let url = format!("{}/sms/json", self.gateway.base_url());
        self.client
            .post(url)
            .form(&fields)
            .send()
            .await?
            .json()
            .await
    }

    /// Sends over the other API.
    async fn send_json(&self, token: &str, body: &Value) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("{}/v1/messages", self.gateway.base_url());
        let answer = self
            .client
            .post(url)
            .bearer_auth(token)
            .json(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    fn posts(&self) -> Vec<Post> {
        self.posts.lock().expect("no panic").clone()
    }
}

#[tokio::test]
async fn vonage_answers_one_status_a_part_and_reports_each() {
    let world = vonage().await;
    let answer = world
        .send(&[("text", &"a".repeat(161))])
        .await
        .expect("an answer");
    assert_eq!(answer["message-count"], "2");
    assert_eq!(answer["messages"][1]["status"], "0");
    assert_eq!(answer["messages"][1]["client-ref"], "d1");
    let told = |ledger: &gateway_simulator::Ledger| {
        ledger
            .messages
            .iter()
            .any(|message| message.receipts.len() == 2)
    };
    world
        .gateway
        .wait_for(told, PATIENCE)
        .await
        .expect("receipts");
    let posts = world.posts();
    assert!(
        posts
            .iter()
            .all(|post| post.body.contains("status=delivered") && post.body.contains("sig="))
    );
    assert_eq!(
        world.gateway.ledger().bodies_to(CUSTOMER),
        ["a".repeat(161)]
    );
}

#[tokio::test]
async fn vonage_refuses_with_status_200_and_a_code() {
    let world = vonage().await;
    world.gateway.refuse_number("+447700900007", Some(7));
    let (long, reference) = ("a".repeat(3201), "r".repeat(101));
    for (change, status) in [
        (("api_secret", "wrong"), "4"),
        (("to", ""), "2"),
        (("to", "+447700900001"), "3"),
        (("from", "4477"), "15"),
        (("text", long.as_str()), "12"),
        (("callback", "nowhere"), "23"),
        (("client-ref", reference.as_str()), "3"),
        (("to", "447700900007"), "7"),
    ] {
        let answer = world.send(&[change]).await.expect("an answer");
        assert_eq!(answer["messages"][0]["status"], status, "{change:?}");
        assert!(answer["messages"][0]["error-text"].is_string());
    }
    assert!(world.gateway.ledger().messages.is_empty());
    assert_eq!(world.gateway.ledger().refused.len(), 8);
}

#[tokio::test]
async fn vonage_shows_question_marks_for_what_was_not_sent_as_unicode() {
    let world = vonage().await;
    world.send(&[("text", "caf☕")]).await.expect("an answer");
    world
        .send(&[("text", "caf☕"), ("type", "unicode")])
        .await
        .expect("an answer");
    assert_eq!(
        world.gateway.ledger().bodies_to(CUSTOMER),
        ["caf?", "caf☕"]
    );
}

#[tokio::test]
async fn vonage_reports_an_opt_out_as_code_9() {
    let world = vonage().await;
    assert_eq!(world.gateway.customer_sends(CUSTOMER, "STOP").await, 200);
    world.send(&[]).await.expect("an answer");
    let told = |ledger: &gateway_simulator::Ledger| !ledger.messages[0].receipts.is_empty();
    world
        .gateway
        .wait_for(told, PATIENCE)
        .await
        .expect("a receipt");
    let receipt = world.posts().pop().expect("a post");
    assert!(
        receipt.body.contains("status=failed") && receipt.body.contains("err-code=9"),
        "{receipt:?}"
    );
}

#[tokio::test]
async fn vonage_brings_a_long_text_in_parts_and_each_way_it_can() {
    for webhooks in [WebhookStyle::Form, WebhookStyle::Get, WebhookStyle::Json] {
        let world = world(Wire::Vonage(VonageAccount {
            webhooks,
            ..VonageAccount::default()
        }))
        .await;
        world
            .gateway
            .customer_sends(CUSTOMER, &"hello ".repeat(30))
            .await;
        let posts = world.posts();
        assert_eq!(posts.len(), 2);
        let said = posts[1].query.clone() + &posts[1].body;
        assert!(
            said.contains("concat-part") && said.contains("HELLO") && said.contains("sig"),
            "{said}"
        );
        assert_eq!(
            posts[0].method == Method::GET,
            webhooks == WebhookStyle::Get
        );
    }
}

#[tokio::test]
async fn vonage_tells_its_balance_to_its_account_alone() {
    let world = vonage().await;
    let ask = async |secret: &str| {
        let url = format!(
            "{}/account/get-balance?api_key=abcd1234&api_secret={secret}",
            world.gateway.base_url()
        );
        world.client.get(url).send().await.expect("an answer")
    };
    let balance: Value = ask("Secret-0001").await.json().await.expect("json");
    assert_eq!(balance["value"], 10.0);
    assert_eq!(ask("wrong").await.status(), 401);
}

#[tokio::test]
async fn faults_hold_for_as_many_sends_as_told() {
    let world = vonage().await;
    let long = "a".repeat(161);
    world.gateway.set_fault(Fault::Throttled, Times::Once);
    assert_eq!(
        world.send(&[]).await.expect("an answer")["messages"][0]["status"],
        "1"
    );
    world.gateway.set_fault(Fault::PartThrottled, Times::Once);
    let answer = world.send(&[("text", &long)]).await.expect("an answer");
    assert_eq!(
        (
            &answer["messages"][0]["status"],
            &answer["messages"][1]["status"]
        ),
        (&json!("0"), &json!("1"))
    );
    for fault in [
        Fault::DropBeforeAccept,
        Fault::ServerError { status: 503 },
        Fault::DropAfterAccept,
    ] {
        world.gateway.set_fault(fault, Times::Once);
        assert!(world.send(&[("text", "b")]).await.is_err(), "{fault:?}");
    }
    world.send(&[("text", "c")]).await.expect("an answer");
    assert_eq!(
        world.gateway.ledger().bodies_to(CUSTOMER),
        [&long[..153], "b", "c"]
    );
}

#[tokio::test]
async fn a_webhook_is_repeated_until_it_is_taken() {
    let world = vonage().await;
    world.edge.set_outage(Outage::Unavailable);
    let answers = world
        .gateway
        .deliver(CustomerMessage::text(CUSTOMER, "Hello"))
        .await;
    assert_eq!(answers, vec![Answer::Status(503); 3]);
    world.edge.set_outage(Outage::None);
    let twice = CustomerMessage {
        duplicates: 1,
        ..CustomerMessage::text(CUSTOMER, "Hello")
    };
    assert_eq!(
        world.gateway.deliver(twice).await,
        vec![Answer::Status(200); 2]
    );
    assert_eq!(world.gateway.ledger().received[1].answers.len(), 2);
}

#[tokio::test]
async fn the_json_gateway_takes_refuses_and_reports() {
    let world = json_gateway().await;
    let callback = format!("{}/status", world.edge.base_url());
    let body = json!({"to": CUSTOMER, "from": "+447700900000", "message": {"text": "Hello"}, "reference": "d1", "callback": callback});
    let (status, answer) = world
        .send_json("gateway-token", &body)
        .await
        .expect("an answer");
    assert_eq!(status, 202);
    world
        .gateway
        .wait_for(|ledger| !ledger.messages[0].receipts.is_empty(), PATIENCE)
        .await
        .expect("a receipt");
    let receipt: Value = serde_json::from_str(&world.posts()[0].body).expect("json");
    assert_eq!(
        (&receipt["reference"], &receipt["state"]),
        (&json!("d1"), &json!("delivered"))
    );
    assert_eq!(receipt["id"], answer["messages"][0]["id"]);
    assert_eq!(
        world
            .send_json("another", &body)
            .await
            .expect("an answer")
            .0,
        401
    );
    for (pointer, value, status) in [
        ("to", json!("1"), 400),
        ("from", json!("+1"), 403),
        ("message", json!({"text": "a".repeat(1601)}), 422),
    ] {
        let mut wrong = body.clone();
        wrong[pointer] = value;
        assert_eq!(
            world
                .send_json("gateway-token", &wrong)
                .await
                .expect("an answer")
                .0,
            status,
            "{pointer}"
        );
    }
    world.gateway.set_fault(Fault::Throttled, Times::Once);
    assert_eq!(
        world
            .send_json("gateway-token", &body)
            .await
            .expect("an answer")
            .0,
        429
    );
}

#[tokio::test]
async fn the_json_gateways_webhooks_are_signed_or_broken_as_named() {
    let world = json_gateway().await;
    for tamper in [Tamper::Nothing, Tamper::BadSignature, Tamper::NoSignature] {
        world
            .gateway
            .deliver(CustomerMessage {
                tamper,
                ..CustomerMessage::text(CUSTOMER, "Hello")
            })
            .await;
    }
    let posts = world.posts();
    let lengths: Vec<_> = posts
        .iter()
        .map(|post| post.signature.as_ref().map(String::len))
        .collect();
    assert_eq!(lengths, [Some(64), Some(64), None]);
    let message: Value = serde_json::from_str(&posts[0].body).expect("json");
    assert_eq!(
        (&message["sender"], &message["message"]["text"]),
        (&json!("447700900001"), &json!("Hello"))
    );
}

#[tokio::test]
async fn another_process_drives_it_over_http() {
    let world = vonage().await;
    let url = format!("{}/_sim/customer", world.gateway.base_url());
    let message = json!({"from": CUSTOMER, "body": "Hello"});
    let answers: Value = world
        .client
        .post(url)
        .json(&message)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("json");
    assert_eq!(answers, json!([{"status": 200}]));
    let url = format!("{}/_sim/ledger", world.gateway.base_url());
    let ledger: Value = world
        .client
        .get(url)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("json");
    assert_eq!(ledger["received"][0]["body"], "Hello");
}
