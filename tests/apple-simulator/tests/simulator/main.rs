//! The stand-in over real sockets: what it refuses, what it takes, both directions of files, each fault.
//!
//! The client is plain reqwest, the webhook's receiver a small axum server. Only tokens and the cipher are the
//! stand-in's own, and those are held against worked vectors beside them.
//!
//! Long, because each refusal and each fault is a few lines that are read together.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod plugin;

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apple_simulator::{
    AppleConfig, AppleSimulator, Call, CustomerFile, CustomerMessage, Fault, Outage, Repeats, Said,
    Tamper, Times, cipher, token,
};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);
const ANNA: &str = "urn:mbid:AQAAYW5uYQ/+anna=";
const BID: &str = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.apple.icloud.apps.messages.business.extension";

/// A connector's HTTP edge: keeps what arrives and answers from a list, then 200.
#[derive(Clone, Default)]
struct Edge {
    requests: Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Edge {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/channels/apple", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(any(Self::take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn take(
        State(edge): State<Self>,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let path = uri.path().to_owned();
        edge.requests.lock().unwrap().push((path, headers, body));
        let mut answers = edge.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        StatusCode::from_u16(status).unwrap()
    }

    fn bodies(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|(_, headers, body)| unpacked(headers, body))
            .collect()
    }

    fn header(&self, index: usize, name: &str) -> String {
        let requests = self.requests.lock().unwrap();
        requests[index].1[name].to_str().unwrap().to_owned()
    }
}

fn unpacked(headers: &HeaderMap, body: &Bytes) -> Value {
    if headers
        .get("content-encoding")
        .is_none_or(|value| value != "gzip")
    {
        return serde_json::from_slice(body).unwrap();
    }
    let mut json = String::new();
    flate2::read::GzDecoder::new(body.as_ref())
        .read_to_string(&mut json)
        .unwrap();
    serde_json::from_str(&json).unwrap()
}

struct World {
    apple: AppleSimulator,
    edge: Edge,
    http: reqwest::Client,
}

impl World {
    async fn start(config: AppleConfig) -> Self {
        let apple = AppleSimulator::start(config).await.unwrap();
        let edge = Edge::default();
        apple.set_webhook(&edge.start().await);
        // Starting installed the TLS provider that the client needs.
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { apple, edge, http }
    }

    /// With Anna, who wrote once.
    async fn with_anna() -> Self {
        let world = Self::start(AppleConfig::default()).await;
        assert_eq!(world.apple.customer_sends(ANNA, "hello", vec![]).await, 200);
        world
    }

    fn bearer(&self) -> String {
        let config = self.apple.config();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let claims = json!({ "iss": config.msp_id, "iat": now });
        format!("Bearer {}", token::sign(&config.api_secret, &claims))
    }

    fn message(&self, id: &str, fields: &Value) -> Value {
        let mut message = json!({
            "v": 1, "id": id, "type": "text",
            "sourceId": self.apple.config().business_id, "destinationId": ANNA,
        });
        message
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        message
    }

    async fn post(&self, message: &Value) -> reqwest::Result<(u16, String)> {
        self.post_with(message, &self.bearer()).await
    }

    async fn post_with(&self, message: &Value, bearer: &str) -> reqwest::Result<(u16, String)> {
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let request = self
            .http
            .post(format!("{}/v1/message", self.apple.base_url()))
            .header("authorization", bearer)
            .header("id", text("id"))
            .header("source-id", text("sourceId"))
            .header("destination-id", text("destinationId"))
            .header("auto-reply", "true");
        let answer = request.json(message).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn status(&self, fields: Value) -> u16 {
        self.post(&self.message("m1", &fields)).await.unwrap().0
    }

    async fn get(&self, call: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
        let url = format!("{}/v1/{call}", self.apple.base_url());
        let request = self
            .http
            .get(url)
            .header("authorization", self.bearer())
            .header("source-id", self.apple.config().business_id.as_str());
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Uploads these clear bytes; the attachment that names them.
    async fn uploaded(&self, clear: &[u8]) -> Value {
        let size = clear.len().to_string();
        let (status, slot) = self.get("preUpload", &[("mmcs-size", &size)]).await;
        assert_eq!(status, 200);
        let key = [7; 32];
        let url = slot["upload-url"].as_str().unwrap();
        let answer = self
            .http
            .post(url)
            .body(cipher::apply(&key, clear))
            .send()
            .await
            .unwrap();
        let stored: Value = answer.json().await.unwrap();
        assert_eq!(stored["singleFile"]["size"], clear.len());
        json!({
            "name": "a.txt", "mimeType": "text/plain", "size": size,
            "signature-base64": stored["singleFile"]["fileChecksum"],
            "url": slot["mmcs-url"], "owner": slot["mmcs-owner"], "key": cipher::key_field(&key),
        })
    }
}

#[tokio::test]
async fn a_message_that_is_in_order_is_kept_in_the_ledger() {
    let world = World::with_anna().await;
    assert_eq!(world.status(json!({ "body": "héllo ☕" })).await, 200);
    let ledger = world.apple.ledger();
    assert_eq!(ledger.bodies_to(ANNA), ["héllo ☕"]);
    assert!(ledger.messages[0].auto_reply);
    assert_eq!(world.status(json!({ "type": "typing_start" })).await, 200);
    assert_eq!(world.status(json!({ "type": "typing_end" })).await, 200);
    let typing = world.apple.ledger().typing;
    assert_eq!(typing, [(ANNA.to_owned(), true), (ANNA.to_owned(), false)]);
}

#[tokio::test]
async fn a_token_must_be_there_good_ours_and_fresh() {
    let world = World::with_anna().await;
    let message = world.message("m1", &json!({ "body": "hi" }));
    let config = world.apple.config();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let signed = |secret: &str, iss: &str, iat: u64| {
        format!(
            "Bearer {}",
            token::sign(secret, &json!({ "iss": iss, "iat": iat }))
        )
    };
    let secret = &config.api_secret;
    for bearer in [
        signed("AAAA", &config.msp_id, now),
        signed(secret, &config.business_id, now),
        signed(secret, &config.msp_id, now - 7_200),
        "Basic eA==".to_owned(),
    ] {
        assert_eq!(world.post_with(&message, &bearer).await.unwrap().0, 403);
    }
    let url = format!("{}/v1/message", world.apple.base_url());
    let answer = world.http.post(url).json(&message).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    world.apple.revoke_token(true);
    assert_eq!(world.post(&message).await.unwrap().0, 403);
    world.apple.revoke_token(false);
    assert_eq!(world.post(&message).await.unwrap().0, 200);
    assert_eq!(world.apple.ledger().refused.len(), 6);
}

#[tokio::test]
async fn a_message_that_is_not_in_order_is_refused_with_a_reason() {
    let world = World::with_anna().await;
    for fields in [
        json!({}),
        json!({ "body": "" }),
        json!({ "body": "hi", "v": 2 }),
        json!({ "type": "close" }),
        json!({ "type": "hologram" }),
        json!({ "type": "interactive" }),
        json!({ "type": "richLink", "body": "x" }),
        json!({ "body": "a \u{fffc}", "attachments": [] }),
        json!({ "body": "a", "attachments": [{}] }),
    ] {
        assert_eq!(world.status(fields.clone()).await, 400, "{fields}");
    }
    let mut message = world.message("m1", &json!({ "body": "hi" }));
    message["destinationId"] = json!("urn:mbid:nobody");
    assert_eq!(world.post(&message).await.unwrap().0, 404);
    let long = "x".repeat(world.apple.config().body_bytes_max);
    assert_eq!(world.status(json!({ "body": long })).await, 413);
    assert!(world.apple.ledger().messages.is_empty());
}

#[tokio::test]
async fn a_file_is_decrypted_and_must_be_what_the_message_says() {
    let world = World::with_anna().await;
    let file = world.uploaded(b"the clear bytes").await;
    let sending = |file: Value| json!({ "body": "see \u{fffc}", "attachments": [file] });
    for (field, wrong) in [
        ("size", json!("14")),
        ("size", json!(15)),
        ("key", json!("00ff")),
        ("owner", json!("other")),
        ("url", json!("https://elsewhere.example.com")),
        ("signature-base64", json!("AAAA")),
        ("name", Value::Null),
    ] {
        let mut wrong_file = file.clone();
        wrong_file[field] = wrong;
        assert_eq!(world.status(sending(wrong_file)).await, 400, "{field}");
    }
    assert_eq!(world.status(sending(file)).await, 200);
    let ledger = world.apple.ledger();
    let sent = &ledger.messages[0].files[0];
    assert_eq!(sent.sha256, cipher::sha256_hex(b"the clear bytes"));
    assert_eq!((sent.size, sent.name.as_str()), (15, "a.txt"));
}

#[tokio::test]
async fn an_upload_needs_its_own_slot_the_announced_size_and_no_token() {
    let world = World::with_anna().await;
    assert_eq!(world.get("preUpload", &[]).await.0, 400);
    let too_large = (world.apple.config().file_bytes_max + 1).to_string();
    assert_eq!(
        world.get("preUpload", &[("mmcs-size", &too_large)]).await.0,
        400
    );
    let (_, slot) = world.get("preUpload", &[("mmcs-size", "3")]).await;
    let url = slot["upload-url"].as_str().unwrap();
    let put = |body: &'static str, token: Option<String>| {
        let request = world.http.post(url).body(body);
        let request = match token {
            Some(token) => request.header("authorization", token),
            None => request,
        };
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(put("abc", Some(world.bearer())).await, 400);
    assert_eq!(put("ab", None).await, 400);
    assert_eq!(put("abc", None).await, 404, "the slot is used up");
}

#[tokio::test]
async fn a_customers_file_is_fetched_in_two_steps_and_decrypts() {
    let world = World::start(AppleConfig::default()).await;
    let photo = CustomerFile {
        name: "photo.heic".to_owned(),
        content_type: "image/heic".to_owned(),
        bytes: Bytes::from_static(b"not really a photo"),
    };
    assert_eq!(
        world
            .apple
            .customer_sends(ANNA, "look: ", vec![photo])
            .await,
        200
    );
    let bodies = world.edge.bodies();
    // A first contact types before it writes.
    assert_eq!(bodies[0]["type"], "typing_start");
    assert_eq!(bodies[1]["body"], "look: \u{fffc}");
    let file = &bodies[1]["attachments"][0];
    let text = |field: &str| file[field].as_str().unwrap();
    let digits = text("signature").as_bytes().chunks(2);
    let signature: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(signature.len(), 21);
    let signature = STANDARD.encode(signature);
    let headers = [
        ("mmcs-url", text("url")),
        ("mmcs-owner", text("owner")),
        ("mmcs-signature", signature.as_str()),
    ];
    let mut wrong = headers;
    wrong[1].1 = "other";
    assert_eq!(world.get("preDownload", &wrong).await.0, 404);
    wrong = headers;
    let encoded_twice = text("url").replace(':', "%3A");
    wrong[0].1 = &encoded_twice;
    assert_eq!(world.get("preDownload", &wrong).await.0, 400);
    let (status, place) = world.get("preDownload", &headers).await;
    assert_eq!(status, 200);
    let url = place["download-url"].as_str().unwrap();
    let bytes = world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let clear = cipher::apply(&cipher::key(text("key")).unwrap(), &bytes);
    assert_eq!(clear, b"not really a photo");
    let again = world.http.get(url).send().await.unwrap();
    assert_eq!(again.status(), 410, "an address works once");
    let (_, place) = world.get("preDownload", &headers).await;
    world.apple.expire_file_urls();
    let url = place["download-url"].as_str().unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 410);
    assert_eq!(world.apple.ledger().fetched, ["photo.heic"]);
}

fn buttons(count: usize) -> Value {
    let items: Vec<_> = (0..count)
        .map(|n| json!({ "identifier": format!("c{n}"), "title": format!("Choice {n}") }))
        .collect();
    json!({ "type": "interactive", "interactiveData": { "bid": BID, "data": {
        "version": "1.0", "requestIdentifier": "r1",
        "quick-reply": { "summaryText": "Which?", "items": items },
    } } })
}

fn list() -> Value {
    json!({ "type": "interactive", "interactiveData": { "bid": BID, "data": {
        "version": "1.0", "requestIdentifier": "r1",
        "listPicker": { "sections": [{ "title": "Which?", "order": 0, "items": [
            { "identifier": "a", "title": "A", "order": 0 }, { "identifier": "b", "title": "B", "order": 1 },
        ] }] },
    }, "receivedMessage": { "title": "Which?" }, "replyMessage": { "title": "Which?" } } })
}

#[tokio::test]
async fn choices_are_taken_as_far_as_the_device_shows_them() {
    let world = World::with_anna().await;
    assert_eq!(world.status(buttons(1)).await, 400);
    assert_eq!(world.status(buttons(6)).await, 400);
    assert_eq!(world.status(buttons(2)).await, 200);
    let mut without_reply = list();
    without_reply["interactiveData"]["replyMessage"] = Value::Null;
    assert_eq!(world.status(without_reply).await, 400);
    let old_device = CustomerMessage {
        capabilities: Some("TIME".to_owned()),
        ..CustomerMessage::text(ANNA, "from my old phone")
    };
    world.apple.deliver(old_device).await;
    assert_eq!(world.status(buttons(2)).await, 400);
    assert_eq!(world.status(list()).await, 400);
    assert_eq!(world.apple.ledger().bodies_to(ANNA), ["Which?"]);
}

#[tokio::test]
async fn a_pick_comes_back_with_the_choices_id() {
    let world = World::with_anna().await;
    assert_eq!(
        world.apple.customer_picks(ANNA, "c1").await,
        0,
        "nothing to pick from"
    );
    assert_eq!(world.status(buttons(3)).await, 200);
    assert_eq!(world.apple.customer_picks(ANNA, "c2").await, 200);
    let message = world.message("m2", &list());
    assert_eq!(world.post(&message).await.unwrap().0, 200);
    assert_eq!(world.apple.customer_picks(ANNA, "b").await, 200);
    let bodies = world.edge.bodies();
    let picks: Vec<_> = bodies
        .iter()
        .filter(|body| body["type"] == "interactive")
        .collect();
    let reply = &picks[0]["interactiveData"]["data"]["quick-reply"];
    assert_eq!(
        (&reply["selectedIndex"], &reply["selectedIdentifier"]),
        (&json!(2), &json!("c2"))
    );
    let data = &picks[1]["interactiveData"]["data"];
    assert_eq!(data["replyMessage"]["title"], "B");
    assert_eq!(
        data["listPicker"]["sections"][0]["items"][0]["identifier"],
        "b"
    );
}

#[tokio::test]
async fn a_large_pick_comes_by_reference_and_is_decoded() {
    let world = World::with_anna().await;
    assert_eq!(world.status(list()).await, 200);
    let said = Said::PicksByReference("a".to_owned());
    assert_eq!(
        world
            .apple
            .deliver(CustomerMessage::new(ANNA, said))
            .await
            .status(),
        200
    );
    let body = world.edge.bodies().pop().unwrap();
    assert_eq!(body["interactiveData"], Value::Null);
    assert_eq!(body["interactiveDataRef"]["bid"], BID);
    let url = format!("{}/v1/decodePayload", world.apple.base_url());
    let business = world.apple.config().business_id.clone();
    let decode = |bytes: &'static [u8]| {
        let request = world
            .http
            .post(&url)
            .header("authorization", world.bearer());
        let request = request
            .header("source-id", &business)
            .header("bid", BID)
            .body(bytes);
        async move { request.send().await.unwrap() }
    };
    assert_eq!(decode(b"something else").await.status(), 400);
    let answer: Value = decode(b"bplist00\x01{\"data\":1}")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(answer["data"], 1);
}

#[tokio::test]
async fn after_a_close_or_a_block_nothing_is_taken_until_the_customer_writes() {
    let world = World::with_anna().await;
    assert_eq!(world.apple.customer_closes(ANNA).await, 200);
    assert_eq!(world.edge.bodies().pop().unwrap()["type"], "close");
    let hi = || json!({ "body": "hi" });
    assert_eq!(world.status(hi()).await, 404);
    let typing = CustomerMessage::new(ANNA, Said::Typing(true));
    world.apple.deliver(typing).await;
    assert_eq!(world.status(hi()).await, 404, "typing is no consent");
    world.apple.customer_sends(ANNA, "back again", vec![]).await;
    assert_eq!(world.status(hi()).await, 200);
    world.apple.set_blocked(ANNA, true);
    assert_eq!(world.status(hi()).await, 404);
}

#[tokio::test]
async fn webhooks_are_signed_gzipped_and_say_the_same_twice() {
    let world = World::start(AppleConfig::default()).await;
    let message = CustomerMessage {
        intent: Some("billing".to_owned()),
        group: Some("Sales".to_owned()),
        duplicates: 1,
        ..CustomerMessage::text(ANNA, "Grüße ☕")
    };
    let receipt = world.apple.deliver(message).await;
    assert_eq!(receipt.answers.len(), 2);
    let bodies = world.edge.bodies();
    assert_eq!(bodies[1], bodies[2]);
    assert_eq!(
        (&bodies[1]["body"], &bodies[1]["intent"]),
        (&json!("Grüße ☕"), &json!("billing"))
    );
    let config = world.apple.config();
    assert_eq!(world.edge.header(1, "id"), receipt.id);
    assert_eq!(world.edge.header(1, "source-id"), ANNA);
    assert_eq!(world.edge.header(1, "destination-id"), config.business_id);
    assert_eq!(world.edge.header(1, "content-encoding"), "gzip");
    assert!(world.edge.header(1, "capability-list").contains("QUICK"));
    let bearer = world.edge.header(1, "authorization");
    let claims = token::verify(&config.api_secret, bearer.strip_prefix("Bearer ").unwrap());
    assert_eq!(claims.unwrap()["aud"], config.msp_id.as_str());
    assert_eq!(
        world.edge.requests.lock().unwrap()[1].0,
        "/channels/apple/message"
    );
}

#[tokio::test]
async fn a_failed_webhook_is_tried_again_under_the_same_id() {
    let world = World::with_anna().await;
    world.edge.answers.lock().unwrap().extend([503, 500]);
    let message = CustomerMessage {
        retries: 3,
        ..CustomerMessage::text(ANNA, "are you there?")
    };
    let receipt = world.apple.deliver(message).await;
    assert_eq!((receipt.status(), receipt.answers.len()), (200, 3));
    let ledger = world.apple.ledger();
    assert_eq!(ledger.received.last().unwrap().answers, receipt.answers);
}

#[tokio::test]
async fn a_tampered_webhook_is_what_it_says() {
    let world = World::with_anna().await;
    let config = world.apple.config();
    for (tamper, good) in [
        (Tamper::BadSignature, false),
        (Tamper::OtherAudience, true),
        (Tamper::OldToken, true),
        (Tamper::Truncated, true),
        (Tamper::Bomb, true),
    ] {
        let message = CustomerMessage {
            tamper,
            ..CustomerMessage::text(ANNA, "x")
        };
        world.apple.deliver(message).await;
        let last = world.edge.requests.lock().unwrap().len() - 1;
        let bearer = world.edge.header(last, "authorization");
        let claims = token::verify(&config.api_secret, bearer.strip_prefix("Bearer ").unwrap());
        assert_eq!(claims.is_some(), good, "{tamper:?}");
    }
    let without = CustomerMessage {
        tamper: Tamper::NoToken,
        ..CustomerMessage::text(ANNA, "x")
    };
    world.apple.deliver(without).await;
    let requests = world.edge.requests.lock().unwrap();
    assert!(!requests.last().unwrap().1.contains_key("authorization"));
    let bomb = &requests[requests.len() - 2];
    assert!(bomb.2.len() < 1 << 20, "{} bytes", bomb.2.len());
}

#[tokio::test]
async fn a_repeat_is_dropped_or_delivered_as_configured() {
    for (repeats, delivered) in [(Repeats::Dropped, 1), (Repeats::Delivered, 2)] {
        let config = AppleConfig {
            repeats,
            ..AppleConfig::default()
        };
        let world = World::start(config).await;
        world.apple.customer_sends(ANNA, "hello", vec![]).await;
        assert_eq!(world.status(json!({ "body": "hi" })).await, 200);
        assert_eq!(world.status(json!({ "body": "hi" })).await, 200);
        let ledger = world.apple.ledger();
        assert_eq!(ledger.messages.len(), delivered);
        assert_eq!(ledger.repeated.len(), 2 - delivered);
    }
}

#[tokio::test]
async fn each_fault_does_what_it_says_to_its_own_call() {
    let world = World::with_anna().await;
    let hi = |id: &str| world.message(id, &json!({ "body": "hi" }));
    let throttled = Fault::Status {
        call: Call::Message,
        status: 429,
        retry_after_s: Some(7),
    };
    world.apple.set_fault(throttled, Times::Once);
    assert_eq!(world.get("preUpload", &[("mmcs-size", "1")]).await.0, 200);
    assert_eq!(world.post(&hi("a")).await.unwrap().0, 429);
    world.apple.set_fault(
        Fault::DropBeforeAccept {
            call: Call::Message,
        },
        Times::Once,
    );
    assert!(world.post(&hi("b")).await.is_err());
    assert!(world.apple.ledger().messages.is_empty());
    world.apple.set_fault(Fault::DropAfterAccept, Times::Once);
    assert!(world.post(&hi("c")).await.is_err());
    world
        .apple
        .set_fault(Fault::StatusAfterAccept { status: 500 }, Times::Once);
    assert_eq!(world.post(&hi("d")).await.unwrap().0, 500);
    world
        .apple
        .set_fault(Fault::AnswerLate { ms: 1 }, Times::Once);
    assert_eq!(world.post(&hi("e")).await.unwrap().0, 200);
    let ids = world.apple.ledger();
    let ids: Vec<_> = ids
        .messages
        .iter()
        .map(|message| message.id.as_str())
        .collect();
    assert_eq!(ids, ["c", "d", "e"]);
    world.apple.set_outage(Outage::Unavailable);
    assert_eq!(world.post(&hi("f")).await.unwrap().0, 503);
    world.apple.set_outage(Outage::None);
    assert_eq!(world.post(&hi("f")).await.unwrap().0, 200);
}

#[tokio::test]
async fn another_process_can_drive_customers_and_read_the_ledger() {
    let world = World::with_anna().await;
    let control = |path: &str| format!("{}/_sim/{path}", world.apple.base_url());
    let customer = json!({
        "from": ANNA, "body": "a file", "files": [{ "name": "a", "content_type": "text/plain", "base64": "YQ==" }],
    });
    let answer = world
        .http
        .post(control("customer"))
        .json(&customer)
        .send()
        .await
        .unwrap();
    let receipt: Value = answer.json().await.unwrap();
    assert_eq!(receipt["answers"], json!([{ "status": 200 }]));
    let fault = json!({ "fault": { "kind": "status", "call": "message", "status": 500 }, "times": "always" });
    let set = world
        .http
        .post(control("fault"))
        .json(&fault)
        .send()
        .await
        .unwrap();
    assert_eq!(set.status(), 204);
    assert_eq!(world.status(json!({ "body": "hi" })).await, 500);
    let cleared = world.http.delete(control("fault")).send().await.unwrap();
    assert_eq!(cleared.status(), 204);
    assert_eq!(world.status(json!({ "body": "hi" })).await, 200);
    world
        .apple
        .wait_for(|ledger| ledger.messages.len() == 1, DEADLINE)
        .await
        .unwrap();
    let ledger = world
        .http
        .get(control("ledger?after=1"))
        .send()
        .await
        .unwrap();
    let ledger: Value = ledger.json().await.unwrap();
    assert_eq!(ledger["messages"], json!([]));
    assert_eq!(ledger["received"].as_array().unwrap().len(), 2);
}
