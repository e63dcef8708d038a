//! The stand-in as a connector meets it: over HTTP, with a webhook of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use stand_in::{Listening, Outage, Server, Times};
use telegram_simulator::{
    Answer, CustomerMessage, Fault, Tamper, TelegramConfig, TelegramSimulator,
};

const PATIENCE: Duration = Duration::from_secs(60);

type Taken = Arc<Mutex<Vec<(Option<String>, Value)>>>;

struct World {
    telegram: TelegramSimulator,
    client: reqwest::Client,
    taken: Taken,
    edge: Server,
}

/// Takes what has the right token; the first `fail` posts with 500.
async fn hook(State(taken): State<Taken>, headers: HeaderMap, body: String) -> StatusCode {
    let token = headers
        .get("x-telegram-bot-api-secret-token")
        .and_then(|token| token.to_str().ok());
    let good = token == Some("hook-0001");
    let update = serde_json::from_str(&body).expect("json");
    taken
        .lock()
        .expect("no panic")
        .push((token.map(str::to_owned), update));
    if good {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    }
}

async fn world() -> World {
    let taken = Taken::default();
    let edge = Listening::on(0).await.expect("a port");
    let edge = edge.serve(Router::new().fallback(hook).with_state(Arc::clone(&taken)));
    let config = TelegramConfig {
        webhook_url: Some(format!("{}/hook", edge.base_url())),
        ..TelegramConfig::default()
    };
    let telegram = TelegramSimulator::start(config).await.expect("it starts");
    World {
        telegram,
        client: stand_in::client().expect("a client"),
        taken,
        edge,
    }
}

impl World {
    async fn call(
        &self,
        token: &str,
        method: &str,
        body: &Value,
    ) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("{}/bot{token}/{method}", self.telegram.base_url());
        let answer = self.client.post(url).json(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn send(&self, text: &str) -> Result<(u16, Value), reqwest::Error> {
        self.call(
            "12345:TOKEN",
            "sendMessage",
            &json!({"chat_id": 7, "text": text}),
        )
        .await
    }
}

#[tokio::test]
async fn a_message_with_buttons_is_answered_as_telegram_does_and_kept() {
    let world = world().await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Red", "callback_data": "red"}]]});
    let body = json!({"chat_id": "7", "text": "Which one?", "reply_markup": keyboard});
    let (status, answer) = world
        .call("12345:TOKEN", "sendMessage", &body)
        .await
        .expect("an answer");
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    world
        .telegram
        .wait_for(|ledger| ledger.messages.len() == 1, PATIENCE)
        .await
        .expect("kept");
    world.telegram.with_ledger(|ledger| {
        assert_eq!(ledger.texts_to(7), ["Which one?"]);
        assert_eq!(ledger.messages[0].id, answer["result"]["message_id"]);
        assert_eq!(
            ledger.messages[0].buttons,
            [("Red".to_owned(), "red".to_owned())]
        );
    });
}

#[tokio::test]
async fn each_bad_call_has_its_error() {
    let world = world().await;
    world.telegram.set_blocked(8, true);
    let keyboard =
        |data: &str| json!({"inline_keyboard": [[{"text": "Red", "callback_data": data}]]});
    for (method, body, status, why) in [
        (
            "sendMessage",
            json!({"chat_id": 7, "text": ""}),
            400,
            "text is empty",
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "😀".repeat(2049)}),
            400,
            "too long",
        ),
        (
            "sendMessage",
            json!({"chat_id": "x", "text": "a"}),
            400,
            "chat not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": 8, "text": "a"}),
            403,
            "blocked by the user",
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "a", "reply_markup": keyboard(&"d".repeat(65))}),
            400,
            "BUTTON_DATA",
        ),
        ("sendPhoto", json!({"chat_id": 7}), 400, "no photo"),
        ("getFile", json!({"file_id": "nobody"}), 400, "file_id"),
        ("fly", json!({}), 404, "Not Found"),
    ] {
        let (found, answer) = world
            .call("12345:TOKEN", method, &body)
            .await
            .expect("an answer");
        let said = answer["description"].as_str().expect("a description");
        assert!(
            found == status && said.contains(why),
            "{method}: {found} {said}"
        );
        assert_eq!(answer["error_code"], status);
    }
    let (status, _) = world
        .call("another", "getMe", &json!({}))
        .await
        .expect("an answer");
    assert_eq!(status, 401);
    world
        .telegram
        .with_ledger(|ledger| assert!(ledger.messages.is_empty()));
}

#[tokio::test]
async fn the_bot_and_its_pictures_are_known_by_its_token() {
    let world = world().await;
    let (_, me) = world
        .call("12345:TOKEN", "getMe", &json!({}))
        .await
        .expect("an answer");
    assert_eq!(me["result"]["username"], "acme_bot");
    let photo = json!({"chat_id": 7, "photo": "https://chat.example.com/a.png", "caption": "Look"});
    world
        .call("12345:TOKEN", "sendPhoto", &photo)
        .await
        .expect("an answer");
    let sent = world.telegram.ledger().messages[0].clone();
    assert_eq!(
        (sent.text.as_str(), sent.photo.as_deref()),
        ("Look", Some("https://chat.example.com/a.png"))
    );
}

#[tokio::test]
async fn an_update_carries_the_secret_token_and_is_repeated_until_it_is_taken() {
    let world = world().await;
    world.edge.set_outage(Outage::Unavailable);
    let message = CustomerMessage {
        retries: 2,
        ..CustomerMessage::text(7, "Hello")
    };
    let answers = world.telegram.deliver(message.clone()).await;
    assert_eq!(answers, vec![Answer::Status(503); 3]);
    world.edge.set_outage(Outage::None);
    let again = CustomerMessage {
        duplicates: 1,
        ..message
    };
    assert_eq!(
        world.telegram.deliver(again).await,
        vec![Answer::Status(200); 2]
    );
    let taken = world.taken.lock().expect("no panic").clone();
    assert_eq!(taken[0], taken[1]);
    assert_eq!(taken[0].0.as_deref(), Some("hook-0001"));
    assert_eq!(taken[0].1["message"]["text"], "Hello");
    assert_eq!(taken[0].1["message"]["chat"]["id"], 7);
}

#[tokio::test]
async fn a_button_that_is_pressed_comes_as_callback_query() {
    let world = world().await;
    world
        .telegram
        .deliver(CustomerMessage::press(7, "red"))
        .await;
    let taken = world.taken.lock().expect("no panic").clone();
    assert_eq!(taken[0].1["callback_query"]["data"], "red");
    assert_eq!(taken[0].1["callback_query"]["message"]["chat"]["id"], 7);
}

#[tokio::test]
async fn a_customers_photo_is_found_by_its_largest_size() {
    let world = world().await;
    world
        .telegram
        .deliver(CustomerMessage::photo(7, b"jpeg".as_slice(), "Mine"))
        .await;
    let update = world.taken.lock().expect("no panic")[0].1.clone();
    let id = update["message"]["photo"][1]["file_id"].clone();
    let (_, file) = world
        .call("12345:TOKEN", "getFile", &json!({"file_id": id}))
        .await
        .expect("an answer");
    let path = file["result"]["file_path"].as_str().expect("a path");
    let get = async |token: &str| {
        let url = format!("{}/file/bot{token}/{path}", world.telegram.base_url());
        world.client.get(url).send().await.expect("an answer")
    };
    assert_eq!(
        get("12345:TOKEN")
            .await
            .bytes()
            .await
            .expect("bytes")
            .as_ref(),
        b"jpeg"
    );
    assert_eq!(get("another").await.status(), 404);
}

#[tokio::test]
async fn tampered_updates_are_broken_in_the_way_named() {
    let world = world().await;
    for (tamper, token) in [
        (Tamper::WrongToken, Some("another-token")),
        (Tamper::NoToken, None),
    ] {
        let message = CustomerMessage {
            tamper,
            ..CustomerMessage::text(7, "Hello")
        };
        assert_eq!(world.telegram.deliver(message).await, [Answer::Status(403)]);
        let last = world
            .taken
            .lock()
            .expect("no panic")
            .last()
            .cloned()
            .expect("a post");
        assert_eq!(last.0.as_deref(), token);
    }
}

#[tokio::test]
async fn faults_hold_for_as_many_calls_as_told() {
    let world = world().await;
    world
        .telegram
        .set_fault(Fault::TooManyRequests { retry_after_s: 5 }, Times::Once);
    let (status, answer) = world.send("a").await.expect("an answer");
    assert_eq!(
        (status, &answer["parameters"]["retry_after"]),
        (429, &json!(5))
    );
    world
        .telegram
        .set_fault(Fault::ServerError { status: 502 }, Times::Next(2));
    assert_eq!(world.send("b").await.expect("an answer").0, 502);
    assert_eq!(world.send("b").await.expect("an answer").0, 502);
    world
        .telegram
        .set_fault(Fault::DropBeforeAccept, Times::Once);
    assert!(world.send("c").await.is_err());
    world
        .telegram
        .set_fault(Fault::DropAfterAccept, Times::Once);
    assert!(world.send("d").await.is_err());
    assert_eq!(world.send("e").await.expect("an answer").0, 200);
    world
        .telegram
        .with_ledger(|ledger| assert_eq!(ledger.texts_to(7), ["d", "e"]));
}

#[tokio::test]
async fn another_process_drives_it_over_http() {
    let world = world().await;
    let control = async |path: &str, body: Value| {
        let url = format!("{}/_sim/{path}", world.telegram.base_url());
        world
            .client
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("an answer")
            .status()
    };
    assert_eq!(
        control("customer", json!({"chat": 7, "text": "Hello"})).await,
        200
    );
    assert_eq!(
        control(
            "fault",
            json!({"fault": {"kind": "drop_before_accept"}, "times": "once"})
        )
        .await,
        204
    );
    assert!(world.send("a").await.is_err());
    assert_eq!(
        control("outage", json!({"outage": "unavailable"})).await,
        204
    );
    assert!(world.send("a").await.is_err(), "the answer is no JSON");
    let url = format!("{}/_sim/ledger", world.telegram.base_url());
    let ledger: Value = world
        .client
        .get(url)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("json");
    assert_eq!(ledger["received"][0]["body"]["message"]["text"], "Hello");
}
