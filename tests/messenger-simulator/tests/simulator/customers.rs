//! What customers do, as it arrives at the webhook.

use messenger_simulator::signature::sign;
use messenger_simulator::{
    CustomerFile, CustomerMessage, MessengerConfig, Page, Said, Tamper, WebhookAnswer,
};
use serde_json::{Value, json};

use crate::world::{CUSTOMER, PAGE, World, with, world};

#[tokio::test]
async fn a_text_arrives_escaped_and_signed_over_its_bytes() {
    let world = world().await;
    world
        .meta
        .customer_sends(PAGE, CUSTOMER, "Café 🙂 https://x/a")
        .await;
    let (headers, body) = world.edge.raw().pop().unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(
        text.contains(r#""Caf\u00e9 \ud83d\ude42 https:\/\/x\/a""#),
        "{text}"
    );
    let secret = &world.meta.config().app_secret;
    assert_eq!(headers["x-hub-signature-256"], sign(secret, &body).as_str());
    let event = world.edge.events().pop().unwrap();
    assert_eq!(event["message"]["text"], "Café 🙂 https://x/a");
    assert_eq!(event["sender"]["id"], CUSTOMER);
    assert_eq!(world.edge.bodies()[0]["object"], "page");
}

#[tokio::test]
async fn each_tampering_breaks_what_it_says() {
    let world = world().await;
    let secret = world.meta.config().app_secret.clone();
    for tamper in [Tamper::BadSignature, Tamper::NoSignature, Tamper::Truncated] {
        let message = CustomerMessage {
            tamper,
            ..CustomerMessage::text(PAGE, CUSTOMER, "hi")
        };
        world.meta.deliver(message).await;
        let (headers, body) = world.edge.raw().pop().unwrap();
        let signature = headers.get("x-hub-signature-256");
        let good = signature.is_some_and(|it| it == sign(&secret, &body).as_str());
        let whole = serde_json::from_slice::<Value>(&body).is_ok();
        match tamper {
            Tamper::BadSignature => assert!(signature.is_some() && !good && whole),
            Tamper::NoSignature => assert!(signature.is_none() && whole),
            Tamper::Truncated => assert!(good && !whole),
            Tamper::Nothing => unreachable!("not among the cases"),
        }
    }
}

#[tokio::test]
async fn each_thing_a_customer_does_has_its_shape() {
    let world = world().await;
    let text = str::to_owned;
    let cases = [
        (
            Said::QuickReply(text("An order"), text("orders")),
            "/message/quick_reply/payload",
            json!("orders"),
        ),
        (
            Said::Postback(text("An order"), text("orders")),
            "/postback/payload",
            json!("orders"),
        ),
        (
            Said::Reaction(text("m_1"), Some(text("👍"))),
            "/reaction/emoji",
            json!("👍"),
        ),
        (
            Said::Reaction(text("m_1"), None),
            "/reaction/action",
            json!("unreact"),
        ),
        (
            Said::Edit(text("m_1"), text("better"), 2),
            "/message_edit/num_edit",
            json!(2),
        ),
        (
            Said::Location(52.5, 4.9),
            "/message/attachments/0/payload/coordinates/long",
            json!(4.9),
        ),
        (
            Said::Raw("messaging_optins", json!({ "optin": { "ref": "r" } })),
            "/optin/ref",
            json!("r"),
        ),
    ];
    for (said, pointer, expected) in cases {
        let message = CustomerMessage {
            at_ms: Some(1_795_428_000_000),
            ..CustomerMessage::said(PAGE, CUSTOMER, said)
        };
        assert_eq!(world.meta.deliver(message).await.status(), 200);
        let event = world.edge.events().pop().unwrap();
        assert_eq!(event.pointer(pointer), Some(&expected), "{event}");
        assert_eq!(event["timestamp"], 1_795_428_000_000_u64);
    }
}

#[tokio::test]
async fn a_reply_names_its_message_and_standby_tells_no_payload() {
    let world = world().await;
    let reply = CustomerMessage {
        reply_to: Some("m_0".to_owned()),
        ..CustomerMessage::text(PAGE, CUSTOMER, "that one")
    };
    world.meta.deliver(reply).await;
    let event = world.edge.events().pop().unwrap();
    assert_eq!(event["message"]["reply_to"]["mid"], "m_0");
    let tapped = Said::Postback("Menu".to_owned(), "MENU".to_owned());
    let elsewhere = CustomerMessage {
        standby: true,
        ..CustomerMessage::said(PAGE, CUSTOMER, tapped)
    };
    world.meta.deliver(elsewhere).await;
    let body = world.edge.bodies().pop().unwrap();
    assert!(body["entry"][0]["messaging"].is_null());
    let postback = &body["entry"][0]["standby"][0]["postback"];
    assert_eq!(
        (&postback["title"], &postback["payload"]),
        (&json!("Menu"), &Value::Null)
    );
}

#[tokio::test]
async fn events_of_two_pages_share_one_post() {
    let config = MessengerConfig {
        pages: vec![Page::new(PAGE), Page::new("900100200301")],
        ..MessengerConfig::default()
    };
    let world = with(config).await;
    let receipt = world
        .meta
        .deliver_together(vec![
            CustomerMessage::text(PAGE, CUSTOMER, "one"),
            CustomerMessage::text("900100200301", "7200000000000001", "two"),
            CustomerMessage::text(PAGE, CUSTOMER, "three"),
        ])
        .await;
    assert_eq!((receipt.status(), receipt.mids.len()), (200, 3));
    let body = world.edge.bodies().pop().unwrap();
    assert_eq!(body["entry"].as_array().unwrap().len(), 2);
    assert_eq!(body["entry"][0]["messaging"][1]["message"]["text"], "three");
    assert_eq!(body["entry"][1]["id"], "900100200301");
    assert_eq!(world.meta.ledger().received.len(), 4);
}

#[tokio::test]
async fn duplicates_and_retries_are_the_same_post_again() {
    let world = world().await;
    world.edge.answer_with(&[500, 200, 200]);
    let message = CustomerMessage {
        duplicates: 1,
        retries: 2,
        ..CustomerMessage::text(PAGE, CUSTOMER, "hi")
    };
    let receipt = world.meta.deliver(message).await;
    let answers = [500, 200, 200].map(WebhookAnswer::Status);
    assert_eq!(receipt.answers, answers);
    let posts = world.edge.bodies();
    assert_eq!(posts[1], posts[2]);
    assert_eq!(posts[2], posts[3]);
    assert_eq!(world.meta.ledger().received[1].answers, answers);
}

#[tokio::test]
async fn an_unsubscribed_page_posts_nothing() {
    let world = world().await;
    world.meta.unsubscribe(PAGE);
    let receipt = world
        .meta
        .deliver(CustomerMessage::text(PAGE, CUSTOMER, "lost"))
        .await;
    assert_eq!(receipt.answers, [WebhookAnswer::NotSubscribed]);
    assert_eq!(world.edge.raw().len(), 1);
}

#[tokio::test]
async fn without_a_webhook_the_receipt_says_what_to_do() {
    let meta = messenger_simulator::MessengerSimulator::start(MessengerConfig::default()).await;
    let receipt = meta
        .unwrap()
        .deliver(CustomerMessage::text(PAGE, CUSTOMER, "hi"))
        .await;
    assert_eq!(receipt.status(), 0);
    assert!(format!("{:?}", receipt.answers).contains("set_webhook"));
}

fn file(expired: bool) -> CustomerFile {
    CustomerFile {
        name: "bill.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        bytes: "%PDF-1.7".into(),
        expired,
    }
}

async fn fetch(world: &World, url: &str) -> (u16, Vec<u8>) {
    let answer = world.http.get(url).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_file_is_behind_its_url_without_credentials() {
    let world = world().await;
    assert_eq!(
        world
            .meta
            .customer_sends_file(PAGE, CUSTOMER, file(false))
            .await,
        200
    );
    let event = world.edge.events().pop().unwrap();
    let attachment = &event["message"]["attachments"][0];
    assert_eq!(attachment["type"], "file");
    let url = attachment["payload"]["url"].as_str().unwrap();
    assert!(url.contains("/bill.pdf?oe="), "{url}");
    assert_eq!(fetch(&world, url).await, (200, b"%PDF-1.7".to_vec()));
}

#[tokio::test]
async fn an_expired_url_is_renewed_by_the_message() {
    let world = world().await;
    world
        .meta
        .customer_sends_file(PAGE, CUSTOMER, file(true))
        .await;
    let event = world.edge.events().pop().unwrap();
    let url = event["message"]["attachments"][0]["payload"]["url"]
        .as_str()
        .unwrap();
    assert_eq!(fetch(&world, url).await.0, 403);
    let mid = event["message"]["mid"].as_str().unwrap();
    let (status, message) = world.get(&format!("{mid}?fields=attachments")).await;
    assert_eq!(status, 200);
    let fresh = message["attachments"]["data"][0]["file_url"]
        .as_str()
        .unwrap();
    assert_eq!(fetch(&world, fresh).await, (200, b"%PDF-1.7".to_vec()));
}

#[tokio::test]
async fn a_tap_brings_the_choices_payload_back_as_it_was_offered() {
    let world = world().await;
    let reply = json!({ "content_type": "text", "title": "An order", "payload": "orders" });
    let message = json!({ "text": "What is it about?", "quick_replies": [reply] });
    world.send(message, json!({})).await.unwrap();
    world.edge.wait_for_posts(4).await;
    assert_eq!(
        world.meta.customer_taps(PAGE, CUSTOMER, "An order").await,
        200
    );
    let event = world.edge.events().pop().unwrap();
    assert_eq!(event["message"]["quick_reply"]["payload"], "orders");
    let button = json!({ "type": "postback", "title": "Delivery", "payload": "delivery" });
    let template = json!({ "template_type": "button", "text": "?", "buttons": [button] });
    let message = json!({ "attachment": { "type": "template", "payload": template } });
    world.send(message, json!({})).await.unwrap();
    world.edge.wait_for_posts(8).await;
    assert_eq!(
        world.meta.customer_taps(PAGE, CUSTOMER, "Delivery").await,
        200
    );
    let event = world.edge.events().pop().unwrap();
    assert_eq!(event["postback"]["payload"], "delivery");
    assert_eq!(world.meta.customer_taps(PAGE, CUSTOMER, "Nothing").await, 0);
}
