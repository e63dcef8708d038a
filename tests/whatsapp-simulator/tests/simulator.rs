//! The stand-in over real sockets: each check, each fault, both directions.
//!
//! The client is plain reqwest, the webhook's receiver a small axum server; both are other programs' code, so that the
//! stand-in is not tested against itself. Long, because all tests share this one world.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use whatsapp_simulator::signature::sign;
use whatsapp_simulator::{
    CustomerFile, CustomerMessage, Fault, Ledger, Outage, Retries, Said, Statuses, Tamper, Times,
    WebhookAnswer, WhatsAppConfig, WhatsAppSimulator, WindowRefusal,
};

const DEADLINE: Duration = Duration::from_secs(60);
const CUSTOMER: &str = "15550123";
const BSUID: &str = "US.32105551";

/// A connector's HTTP edge: keeps what arrives and answers from a list, then 200.
#[derive(Clone, Default)]
struct Edge {
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Edge {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let picture = || async { ([("content-type", "image/png")], "not really a png") };
        let router = Router::new()
            .route("/picture", get(picture))
            .fallback(any(Self::take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn take(
        State(edge): State<Self>,
        method: Method,
        Query(query): Query<HashMap<String, String>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        if method == Method::GET {
            let fits = query
                .get("hub.verify_token")
                .is_some_and(|it| it == "a verify token");
            return match query.get("hub.challenge").filter(|_| fits) {
                Some(challenge) => challenge.clone().into_response(),
                None => StatusCode::FORBIDDEN.into_response(),
            };
        }
        edge.requests.lock().unwrap().push((headers, body));
        let mut answers = edge.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        StatusCode::from_u16(status).unwrap().into_response()
    }

    /// The `value` of each change of each webhook.
    fn values(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        let changes = |body: &Bytes| {
            let webhook: Value = serde_json::from_slice(body).unwrap();
            let changes = webhook["entry"][0]["changes"].as_array().unwrap().clone();
            changes.into_iter().map(|change| change["value"].clone())
        };
        requests
            .iter()
            .flat_map(|(_, body)| changes(body))
            .collect()
    }

    fn statuses(&self) -> Vec<Value> {
        let statuses = |value: &Value| value["statuses"][0].clone();
        let all = self.values();
        all.iter()
            .map(statuses)
            .filter(|it| !it.is_null())
            .collect()
    }
}

struct World {
    whatsapp: WhatsAppSimulator,
    http: reqwest::Client,
    edge: Edge,
}

async fn world() -> World {
    World::start(WhatsAppConfig {
        retries: Retries {
            count: 2,
            first_pause_ms: 1,
        },
        ..WhatsAppConfig::default()
    })
    .await
}

impl World {
    async fn start(config: WhatsAppConfig) -> Self {
        let edge = Edge::default();
        let whatsapp = WhatsAppSimulator::start(config).await.unwrap();
        whatsapp.set_webhook(&edge.start().await);
        // Starting installed the TLS provider that the client needs.
        Self {
            whatsapp,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            edge,
        }
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/v25.0/{rest}", self.whatsapp.base_url())
    }

    fn edge_url(&self, edge: &str) -> String {
        self.url(&format!(
            "{}/{edge}",
            self.whatsapp.config().phone_number_id
        ))
    }

    async fn post(&self, message: Value) -> Result<(u16, Value), reqwest::Error> {
        let mut body = json!({"messaging_product": "whatsapp", "to": CUSTOMER});
        for (name, value) in message.as_object().unwrap() {
            body[name] = value.clone();
        }
        let request = self
            .http
            .post(self.edge_url("messages"))
            .bearer_auth(&self.whatsapp.config().access_token);
        let answer = request.json(&body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    async fn send(&self, text: &str) -> Result<(u16, Value), reqwest::Error> {
        self.post(json!({"type": "text", "text": {"body": text}, "biz_opaque_callback_data": "d1"}))
            .await
    }

    /// The code with which a message is refused.
    async fn refused(&self, message: Value) -> u64 {
        let (status, answer) = self.post(message).await.unwrap();
        assert!(status >= 400, "{answer}");
        answer["error"]["code"].as_u64().unwrap()
    }

    async fn get(&self, url: &str) -> reqwest::Response {
        let token = &self.whatsapp.config().access_token;
        self.http.get(url).bearer_auth(token).send().await.unwrap()
    }

    async fn upload(&self, name: &str, content_type: &str, bytes: Vec<u8>) -> (u16, Value) {
        let part = Part::bytes(bytes)
            .file_name(name.to_owned())
            .mime_str(content_type)
            .unwrap();
        let form = Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", content_type.to_owned())
            .part("file", part);
        let request = self.http.post(self.edge_url("media")).multipart(form);
        let request = request.bearer_auth(&self.whatsapp.config().access_token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn until(&self, wanted: impl FnMut(&Ledger) -> bool) {
        self.whatsapp.wait_for(wanted, DEADLINE).await.unwrap();
    }

    /// Until a message has this many statuses reported.
    async fn until_reported(&self, place: usize, count: usize) {
        let reported = |ledger: &Ledger| {
            let message = ledger.messages.get(place);
            message.is_some_and(|message| message.statuses.len() >= count)
        };
        self.until(reported).await;
    }

    async fn customer_writes(&self) -> String {
        let message = CustomerMessage::text(CUSTOMER, "hi");
        self.whatsapp.deliver(message).await.ids.remove(0)
    }
}

#[tokio::test]
async fn a_message_is_taken_and_its_statuses_are_signed_and_carry_our_data() {
    let world = world().await;
    world.customer_writes().await;
    let (status, answer) = world.send("Café ☕ https://ex.test").await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
    world.until_reported(0, 2).await;
    let ledger = world.whatsapp.ledger();
    assert_eq!(ledger.bodies_to(CUSTOMER), ["Café ☕ https://ex.test"]);
    assert_eq!(ledger.messages[0].callback_data.as_deref(), Some("d1"));
    let statuses = world.edge.statuses();
    let told: Vec<_> = statuses.iter().map(|it| it["status"].as_str()).collect();
    assert_eq!(told, [Some("sent"), Some("delivered")]);
    assert_eq!(statuses[0]["id"], answer["messages"][0]["id"]);
    assert_eq!(statuses[0]["biz_opaque_callback_data"], "d1");
    let requests = world.edge.requests.lock().unwrap();
    for (headers, body) in requests.iter() {
        let signature = sign(&world.whatsapp.config().app_secret, body);
        assert_eq!(headers["x-hub-signature-256"], signature.as_str());
        assert!(body.is_ascii() && !body.windows(3).any(|it| it == b"://"));
    }
}

#[tokio::test]
async fn a_customer_is_reached_by_number_and_by_user_id() {
    let world = world().await;
    world.customer_writes().await;
    let by_id = json!({"to": null, "recipient": BSUID, "type": "text", "text": {"body": "b"}});
    assert_eq!(world.post(by_id).await.unwrap().0, 200);
    assert_eq!(world.send("a").await.unwrap().0, 200);
    let ledger = world.whatsapp.ledger();
    assert_eq!(ledger.bodies_to(CUSTOMER), ["b", "a"]);
    let by_bsuid: Vec<_> = ledger.messages.iter().map(|it| it.by_bsuid).collect();
    assert_eq!(by_bsuid, [true, false]);
    let nobody = json!({"to": null, "recipient": "x", "type": "text", "text": {"body": "b"}});
    assert_eq!(world.refused(nobody).await, 131_009);
}

#[tokio::test]
async fn a_wrong_or_revoked_token_is_refused_with_190() {
    let world = world().await;
    let wrong = world.http.post(world.edge_url("messages")).bearer_auth("x");
    let answer = wrong.json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], 190);
    assert_eq!(body["error"]["type"], "OAuthException");
    world.whatsapp.revoke_token(true);
    let number = world.url(&world.whatsapp.config().phone_number_id);
    assert_eq!(world.get(&number).await.status().as_u16(), 401);
    world.whatsapp.revoke_token(false);
    let answer: Value = world.get(&number).await.json().await.unwrap();
    assert_eq!(answer["quality_rating"], "GREEN");
}

#[tokio::test]
async fn another_number_or_version_does_not_exist() {
    let world = world().await;
    for path in ["v25.0/999", "25/555000111222", "v25.0/none"] {
        let url = format!("{}/{path}", world.whatsapp.base_url());
        let answer: Value = world.get(&url).await.json().await.unwrap();
        assert_eq!(answer["error"]["code"], 100, "{path}");
    }
}

#[tokio::test]
async fn limits_of_texts_and_choices_are_enforced() {
    let world = world().await;
    world.customer_writes().await;
    let text = |body: String| json!({"type": "text", "text": {"body": body}});
    assert_eq!(world.post(text("a".repeat(4096))).await.unwrap().0, 200);
    assert_eq!(world.refused(text("a".repeat(4097))).await, 100);
    assert_eq!(world.refused(text(" \n".to_owned())).await, 100);
    let buttons = |titles: &[&str]| {
        let buttons: Vec<_> = titles
            .iter()
            .map(|title| json!({"type": "reply", "reply": {"id": title, "title": title}}))
            .collect();
        json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": buttons}}})
    };
    assert_eq!(world.post(buttons(&["a", "b", "c"])).await.unwrap().0, 200);
    assert_eq!(world.refused(buttons(&["a", "b", "c", "d"])).await, 131_009);
    assert_eq!(world.refused(buttons(&["a", "a"])).await, 131_009);
    assert_eq!(
        world.refused(buttons(&["a title beyond twenty"])).await,
        100
    );
    let rows = |count: usize| {
        let rows: Vec<_> = (0..count)
            .map(|row| json!({"id": row.to_string(), "title": format!("Row {row}")}))
            .collect();
        json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"}, "action": {"button": "Choose", "sections": [{"rows": rows}]}}})
    };
    assert_eq!(world.post(rows(10)).await.unwrap().0, 200);
    assert_eq!(world.refused(rows(11)).await, 131_009);
    let ledger = world.whatsapp.ledger();
    assert_eq!(ledger.messages[1].choices, ["a", "b", "c"]);
    assert_eq!(ledger.messages[2].choices.len(), 10);
    assert_eq!(ledger.refused.len(), 6);
}

#[tokio::test]
async fn outside_the_window_only_templates_go() {
    let world = world().await;
    assert_eq!(world.send("too late").await.unwrap().0, 200);
    world.until_reported(0, 1).await;
    assert_eq!(world.edge.statuses()[0]["status"], "failed");
    assert_eq!(world.edge.statuses()[0]["errors"][0]["code"], 131_047);
    let template = |values: &[&str]| {
        let parameters: Vec<_> = values
            .iter()
            .map(|value| json!({"type": "text", "text": value}))
            .collect();
        json!({"type": "template", "template": {"name": "reopen", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": parameters}]}})
    };
    assert_eq!(world.post(template(&["Hello"])).await.unwrap().0, 200);
    world.until_reported(1, 2).await;
    assert_eq!(world.whatsapp.ledger().messages[1].body, "Hello");
    assert_eq!(world.refused(template(&["a", "b"])).await, 132_000);
    assert_eq!(world.refused(template(&["a\nb"])).await, 132_018);
    let unknown =
        json!({"type": "template", "template": {"name": "reopen", "language": {"code": "nl"}}});
    assert_eq!(world.refused(unknown).await, 132_001);
}

#[tokio::test]
async fn the_window_opens_with_a_message_and_shuts_after_a_day() {
    let world = World::start(WhatsAppConfig {
        window_refusal: WindowRefusal::AtOnce,
        ..WhatsAppConfig::default()
    })
    .await;
    let text = || json!({"type": "text", "text": {"body": "x"}});
    assert_eq!(world.refused(text()).await, 131_047);
    world.customer_writes().await;
    assert_eq!(world.post(text()).await.unwrap().0, 200);
    let day = Duration::from_secs(24 * 60 * 60);
    world.whatsapp.set_last_wrote(CUSTOMER, day);
    assert_eq!(world.refused(text()).await, 131_047);
}

#[tokio::test]
async fn read_marks_and_typing_signs_must_name_a_message() {
    let world = world().await;
    let id = world.customer_writes().await;
    let mark = |id: &str| json!({"status": "read", "message_id": id});
    assert_eq!(world.post(mark(&id)).await.unwrap().1["success"], true);
    let mut typing = mark(&id);
    typing["typing_indicator"] = json!({"type": "text"});
    assert_eq!(world.post(typing).await.unwrap().0, 200);
    assert_eq!(world.refused(mark("wamid.none")).await, 131_009);
    let signals = world.whatsapp.ledger().signals;
    let typing: Vec<_> = signals.iter().map(|signal| signal.typing).collect();
    assert_eq!(typing, [false, true]);
}

#[tokio::test]
async fn an_uploaded_file_is_sent_by_its_id() {
    let world = world().await;
    world.customer_writes().await;
    let (status, answer) = world.upload("map.png", "image/png", vec![7; 1000]).await;
    assert_eq!(status, 200);
    let image = json!({"type": "image", "image": {"id": answer["id"], "caption": "The way"}});
    assert_eq!(world.post(image).await.unwrap().0, 200);
    world.until_reported(0, 2).await;
    let message = Arc::clone(&world.whatsapp.ledger().messages[0]);
    let file = message.file.clone().unwrap();
    assert_eq!(
        (file.name.as_str(), file.content_type.as_str(), file.size),
        ("map.png", "image/png", 1000)
    );
    assert_eq!(message.body, "The way");
    // The same bytes as a kind they are not: Meta says so later.
    let audio = json!({"type": "audio", "audio": {"id": answer["id"]}});
    assert_eq!(world.post(audio).await.unwrap().0, 200);
    world.until_reported(1, 1).await;
    let failed = world.edge.statuses().pop().unwrap();
    assert_eq!(failed["errors"][0]["code"], 131_053);
    let unknown = json!({"type": "image", "image": {"id": "1"}});
    assert_eq!(world.refused(unknown).await, 100);
    let captioned = json!({"type": "audio", "audio": {"id": answer["id"], "caption": "x"}});
    assert_eq!(world.refused(captioned).await, 131_009);
}

#[tokio::test]
async fn an_upload_can_be_refused() {
    let world = world().await;
    world
        .whatsapp
        .set_fault(Fault::UploadError { code: 131_053 }, Times::Once);
    let (status, answer) = world.upload("a.pdf", "application/pdf", vec![1]).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(131_053)));
    assert_eq!(
        world.upload("a.pdf", "application/pdf", vec![1]).await.0,
        200
    );
}

#[tokio::test]
async fn a_linked_file_is_fetched() {
    let world = world().await;
    world.customer_writes().await;
    let origin = world.edge.start().await;
    for (path, statuses) in [("picture", 2), ("nothing", 1)] {
        let image = json!({"type": "image", "image": {"link": format!("{origin}/{path}")}});
        assert_eq!(world.post(image).await.unwrap().0, 200);
        let place = world.whatsapp.with_ledger(|ledger| ledger.messages.len()) - 1;
        world.until_reported(place, statuses).await;
    }
    let ledger = world.whatsapp.ledger();
    assert_eq!(ledger.messages[0].file.as_ref().unwrap().size, 16);
    assert_eq!(ledger.messages[1].statuses[0].0, "failed");
}

#[tokio::test]
async fn a_customers_file_is_behind_a_url_that_wants_the_token_and_expires() {
    let world = world().await;
    let file = CustomerFile::new("application/pdf", "%PDF-1.4").named("a.pdf");
    world
        .whatsapp
        .customer_sends(CUSTOMER, "look", vec![file])
        .await;
    let message = world.edge.values()[0]["messages"][0].clone();
    assert_eq!(message["type"], "document");
    assert_eq!(message["document"]["filename"], "a.pdf");
    assert_eq!(message["document"]["caption"], "look");
    let id = message["document"]["id"].as_str().unwrap();
    let place = async || -> Value { world.get(&world.url(id)).await.json().await.unwrap() };
    let found = place().await;
    assert_eq!(found["sha256"], message["document"]["sha256"]);
    assert_eq!(found["file_size"], "8");
    let url = found["url"].as_str().unwrap();
    let bare = world.http.get(url).send().await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    let answer = world.get(url).await;
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(answer.bytes().await.unwrap().as_ref(), b"%PDF-1.4");
    world.whatsapp.expire_file_urls();
    assert_eq!(world.get(url).await.status().as_u16(), 404);
    let anew = place().await;
    assert_eq!(world.get(anew["url"].as_str().unwrap()).await.status(), 200);
    assert_eq!(world.whatsapp.ledger().fetched, [(id.to_owned(), 2)]);
}

#[tokio::test]
async fn a_files_url_may_redirect_to_where_no_token_belongs() {
    let edge = Edge::default();
    let world = World::start(WhatsAppConfig {
        media_redirect_origin: Some("http://files.example".to_owned()),
        ..WhatsAppConfig::default()
    })
    .await;
    world.whatsapp.set_webhook(&edge.start().await);
    let file = CustomerFile::of_size("image/png", "head", 200_000);
    world
        .whatsapp
        .customer_sends(CUSTOMER, "", vec![file])
        .await;
    let id = edge.values()[0]["messages"][0]["image"]["id"].clone();
    let found: Value = world
        .get(&world.url(id.as_str().unwrap()))
        .await
        .json()
        .await
        .unwrap();
    let still = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let request = still.get(found["url"].as_str().unwrap());
    let answer = request
        .bearer_auth(&world.whatsapp.config().access_token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    let here = location.replace("http://files.example", world.whatsapp.base_url());
    assert_eq!(world.get(&here).await.status().as_u16(), 400);
    let bytes = world.http.get(&here).send().await.unwrap().bytes().await;
    let bytes = bytes.unwrap();
    assert_eq!(bytes.len(), 200_000);
    assert!(bytes.starts_with(b"head....") && bytes.ends_with(b"."));
}

#[tokio::test]
async fn faults_hold_as_often_as_told() {
    let world = world().await;
    world.customer_writes().await;
    let limit = Fault::Error {
        code: 130_429,
        status: 400,
    };
    world.whatsapp.set_fault(limit, Times::Next(2));
    world
        .whatsapp
        .set_fault(Fault::DropBeforeAccept, Times::Once);
    world
        .whatsapp
        .set_fault(Fault::DropAfterAccept, Times::Once);
    let lost = Fault::ServerErrorAfterAccept { status: 502 };
    world.whatsapp.set_fault(lost, Times::Once);
    for _ in 0..2 {
        let (status, answer) = world.send("a").await.unwrap();
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(130_429)));
    }
    assert!(world.send("b").await.is_err());
    assert!(world.send("c").await.is_err());
    assert_eq!(world.send("d").await.unwrap().0, 502);
    assert_eq!(world.send("e").await.unwrap().0, 200);
    let ledger = world.whatsapp.ledger();
    assert_eq!(ledger.bodies_to(CUSTOMER), ["c", "d", "e"]);
    assert_eq!(ledger.refused.len(), 2);
}

#[tokio::test]
async fn a_late_answer_comes_after_the_message_was_taken() {
    let world = world().await;
    world.customer_writes().await;
    let late = Fault::AnswerLate { ms: 600_000 };
    world.whatsapp.set_fault(late, Times::Once);
    tokio::select! {
        answered = world.send("slow") => panic!("answered early: {answered:?}"),
        () = world.until_reported(0, 2) => {}
    }
    assert_eq!(world.whatsapp.ledger().bodies_to(CUSTOMER), ["slow"]);
}

#[tokio::test]
async fn an_outage_ends_when_told() {
    let world = world().await;
    world.whatsapp.set_outage(Outage::Unavailable);
    assert_eq!(world.send("x").await.unwrap().0, 503);
    world.whatsapp.set_outage(Outage::Closes);
    assert!(world.send("x").await.is_err());
    world.whatsapp.set_outage(Outage::None);
    assert_eq!(world.send("x").await.unwrap().0, 200);
}

#[tokio::test]
async fn numbers_are_refused_or_fail_later_with_the_code_set() {
    let world = world().await;
    world.customer_writes().await;
    world.whatsapp.refuse_number(CUSTOMER, Some(131_026));
    let text = json!({"type": "text", "text": {"body": "x"}});
    assert_eq!(world.refused(text).await, 131_026);
    world.whatsapp.refuse_number(CUSTOMER, None);
    world.whatsapp.set_undeliverable(CUSTOMER, Some(131_049));
    assert_eq!(world.send("x").await.unwrap().0, 200);
    world.until_reported(0, 1).await;
    let failed = world.edge.statuses().pop().unwrap();
    assert_eq!(failed["errors"][0]["code"], 131_049);
    let refused = world.whatsapp.ledger().refused;
    assert_eq!(refused, [(131_026, CUSTOMER.to_owned())]);
}

#[tokio::test]
async fn statuses_misbehave_as_told() {
    let world = world().await;
    world.customer_writes().await;
    let plain = Statuses::default();
    let cases = [
        (
            Statuses {
                read: true,
                ..plain
            },
            vec!["sent", "delivered", "read"],
        ),
        (
            Statuses {
                out_of_order: true,
                ..plain
            },
            vec!["delivered", "sent"],
        ),
        (
            Statuses {
                doubled: true,
                delay_ms: 1,
                ..plain
            },
            vec!["sent", "sent", "delivered", "delivered"],
        ),
    ];
    for (place, (how, expected)) in cases.into_iter().enumerate() {
        world.whatsapp.set_statuses(how);
        world.send("x").await.unwrap();
        world.until_reported(place, expected.len()).await;
        let message = Arc::clone(&world.whatsapp.ledger().messages[place]);
        let told: Vec<_> = message.statuses.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_webhook_is_tried_again_until_it_is_answered_200() {
    let world = world().await;
    *world.edge.answers.lock().unwrap() = vec![503, 202];
    let receipt = world
        .whatsapp
        .deliver(CustomerMessage::text(CUSTOMER, "hi"))
        .await;
    let statuses = [503, 202, 200].map(WebhookAnswer::Status);
    assert_eq!(receipt.answers, statuses);
    let values = world.edge.values();
    assert_eq!(values[0], values[2]);
    *world.edge.answers.lock().unwrap() = vec![403, 403, 403];
    let status = world
        .whatsapp
        .customer_sends(CUSTOMER, "lost", vec![])
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn customers_say_everything_in_metas_shape() {
    let world = world().await;
    let said = [
        Said::Button("yes".to_owned(), "Yes".to_owned()),
        Said::Row("d1".to_owned(), "Day 1".to_owned()),
        Said::TemplateButton("p".to_owned(), "Track".to_owned()),
        Said::Reaction("wamid.1".to_owned(), "👍".to_owned()),
        Said::Location(52.5, 4.9, "Dam".to_owned()),
        Said::File(CustomerFile::new("audio/ogg", "OggS"), None),
        Said::Other("unsupported".to_owned(), json!({"type": "poll"})),
    ];
    for said in said {
        let message = CustomerMessage {
            reply_to: Some("wamid.0".to_owned()),
            ..CustomerMessage::new(CUSTOMER, said)
        };
        assert_eq!(world.whatsapp.deliver(message).await.status(), 200);
    }
    let values = world.edge.values();
    let message = |place: usize| &values[place]["messages"][0];
    assert_eq!(message(0)["interactive"]["button_reply"]["id"], "yes");
    assert_eq!(message(1)["interactive"]["list_reply"]["title"], "Day 1");
    assert_eq!(message(2)["button"]["payload"], "p");
    assert_eq!(message(3)["reaction"]["emoji"], "👍");
    assert_eq!(message(4)["location"]["latitude"], 52.5);
    assert_eq!(message(5)["audio"]["mime_type"], "audio/ogg; codecs=opus");
    assert_eq!(message(6)["unsupported"]["type"], "poll");
    assert_eq!(message(0)["context"]["id"], "wamid.0");
    assert_eq!(message(0)["from"], CUSTOMER);
    assert_eq!(message(0)["from_user_id"], BSUID);
    assert_eq!(values[0]["contacts"][0]["wa_id"], CUSTOMER);
    assert_eq!(values[0]["metadata"]["phone_number_id"], "555000111222");
}

#[tokio::test]
async fn a_hidden_number_is_nowhere_in_the_webhook() {
    let world = world().await;
    world.whatsapp.hide_number(CUSTOMER, true);
    world.customer_writes().await;
    let text = String::from_utf8(world.edge.requests.lock().unwrap()[0].1.to_vec()).unwrap();
    assert!(!text.contains(CUSTOMER) && text.contains(BSUID), "{text}");
}

#[tokio::test]
async fn a_changed_number_is_told_with_both_user_ids() {
    let world = world().await;
    world
        .whatsapp
        .customer_changes_number(CUSTOMER, "15550199")
        .await;
    let system = world.edge.values()[0]["messages"][0]["system"].clone();
    assert_eq!(system["type"], "user_changed_number");
    assert_eq!(system["wa_id"], "15550199");
    assert_eq!(system["previous_user_id"], BSUID);
}

#[tokio::test]
async fn one_webhook_may_be_about_several_customers_and_numbers() {
    let world = world().await;
    let other = CustomerMessage {
        account: Some("555000333444".to_owned()),
        ..CustomerMessage::text("15550124", "two")
    };
    let together = [CustomerMessage::text(CUSTOMER, "one"), other];
    let receipt = world.whatsapp.deliver_together(&together).await;
    assert_eq!((receipt.ids.len(), receipt.answers.len()), (2, 1));
    let values = world.edge.values();
    let accounts = [0, 1].map(|it: usize| values[it]["metadata"]["phone_number_id"].clone());
    assert_eq!(accounts, ["555000111222", "555000333444"]);
}

#[tokio::test]
async fn tampered_webhooks_are_broken_in_the_way_named() {
    let world = world().await;
    for tamper in [Tamper::BadSignature, Tamper::NoSignature, Tamper::Truncated] {
        let message = CustomerMessage {
            tamper,
            ..CustomerMessage::text(CUSTOMER, "hi")
        };
        world.whatsapp.deliver(message).await;
    }
    let requests = world.edge.requests.lock().unwrap();
    let right = |place: usize| sign(&world.whatsapp.config().app_secret, &requests[place].1);
    assert_ne!(requests[0].0["x-hub-signature-256"], right(0).as_str());
    assert!(!requests[1].0.contains_key("x-hub-signature-256"));
    assert_eq!(requests[2].0["x-hub-signature-256"], right(2).as_str());
    assert!(serde_json::from_slice::<Value>(&requests[2].1).is_err());
}

#[tokio::test]
async fn other_webhooks_and_the_handshake_reach_the_connector() {
    let world = world().await;
    assert!(world.whatsapp.verify_webhook("a verify token").await);
    assert!(!world.whatsapp.verify_webhook("a guess").await);
    let holds = json!({"user_preferences": [{"category": "marketing_messages", "value": "stop"}]});
    let answers = world.whatsapp.post_webhook("user_preferences", holds).await;
    assert_eq!(answers, [WebhookAnswer::Status(200)]);
    assert_eq!(
        world.edge.values()[0]["user_preferences"][0]["value"],
        "stop"
    );
}

#[tokio::test]
async fn another_process_plays_a_customer_over_http() {
    let world = world().await;
    let edge = Edge::default();
    let url = edge.start().await;
    let post = async |path: &str, body: Value| {
        let url = format!("{}/_sim/{path}", world.whatsapp.base_url());
        world.http.post(url).json(&body).send().await.unwrap()
    };
    assert_eq!(post("webhook", json!({"url": url})).await.status(), 204);
    let picture = json!({"content_type": "image/gif", "base64": "R0lG"});
    let wrote = json!({"from": CUSTOMER, "body": "look", "files": [picture], "duplicates": 1});
    let receipt: Value = post("customer", wrote).await.json().await.unwrap();
    assert_eq!(
        receipt["answers"],
        json!([{"status": 200}, {"status": 200}])
    );
    let tapped = json!({"from": CUSTOMER, "choose": {"id": "y", "title": "Yes"}});
    assert_eq!(post("customer", tapped).await.status(), 200);
    world.send("answer").await.unwrap();
    let url = format!("{}/_sim/ledger", world.whatsapp.base_url());
    let ledger: Value = world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(ledger["messages"][0]["body"], "answer");
    assert_eq!(ledger["received"][1]["body"], "Yes");
    assert_eq!(edge.values()[2]["messages"][0]["type"], "interactive");
}

#[tokio::test]
async fn waiting_in_vain_says_how_far_it_got() {
    let world = world().await;
    world.send("a").await.unwrap();
    let waited = world
        .whatsapp
        .wait_for(
            |ledger| ledger.messages.len() == 2,
            Duration::from_millis(20),
        )
        .await;
    assert!(waited.unwrap_err().to_string().contains("1 sent"));
}
