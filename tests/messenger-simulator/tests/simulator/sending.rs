//! `POST /{page}/messages`.

use messenger_simulator::{Fault, MessengerConfig, Outage, Problem, Times};
use serde_json::{Value, json};
use std::time::Duration;

use crate::world::{CUSTOMER, DEADLINE, PAGE, with, world};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn an_accepted_message_is_answered_as_meta_does_and_kept() {
    let world = world().await;
    let message = json!({ "text": "héllo ☕ & more", "metadata": "ours-1" });
    let (status, answer) = world.send(message, json!({})).await.unwrap();
    assert_eq!((status, &answer["recipient_id"]), (200, &json!(CUSTOMER)));
    let ledger = world.meta.ledger();
    assert_eq!(ledger.texts_to(PAGE, CUSTOMER), ["héllo ☕ & more"]);
    assert_eq!(
        ledger.messages[0].mid,
        answer["message_id"].as_str().unwrap()
    );
}

#[tokio::test]
async fn echo_delivery_and_read_follow_a_message() {
    let world = world().await;
    let message = json!({ "text": "hi", "metadata": "ours-1" });
    let (_, answer) = world.send(message, json!({})).await.unwrap();
    world.edge.wait_for_posts(4).await;
    let events = world.edge.events();
    let echo = &events[1];
    assert_eq!(echo["message"]["metadata"], "ours-1");
    assert_eq!(echo["message"]["mid"], answer["message_id"]);
    assert_eq!(echo["message"]["is_echo"], true);
    assert_eq!(echo["sender"]["id"], PAGE);
    assert_eq!(echo["recipient"]["id"], CUSTOMER);
    assert_eq!(events[2]["delivery"]["mids"][0], answer["message_id"]);
    assert!(events[2]["timestamp"].is_null());
    let sent_at = world.meta.ledger().messages[0].at_ms;
    assert!(events[3]["read"]["watermark"].as_u64().unwrap() >= sent_at);
    let reported = |ledger: &messenger_simulator::Ledger| ledger.messages[0].reports.len() == 3;
    world.meta.wait_for(reported, DEADLINE).await.unwrap();
}

#[tokio::test]
async fn a_report_is_tried_again_at_once_and_a_few_times() {
    let world = world().await;
    world.edge.answer_with(&[500, 503]);
    world
        .send(json!({ "text": "hi" }), json!({}))
        .await
        .unwrap();
    world.edge.wait_for_posts(6).await;
    let events = world.edge.events();
    assert_eq!(events[1], events[2]);
    assert_eq!(events[2], events[3]);
    assert!(events[4]["delivery"].is_object());
}

#[tokio::test]
async fn each_bad_message_has_its_error() {
    let world = world().await;
    let none = || json!({});
    let quick = |count: usize, title: &str| {
        let reply = json!({ "content_type": "text", "title": title, "payload": "p" });
        json!({ "text": "?", "quick_replies": vec![reply; count] })
    };
    let buttons = |count: usize, text: &str| {
        let button = json!({ "type": "postback", "title": "t", "payload": "p" });
        let payload =
            json!({ "template_type": "button", "text": text, "buttons": vec![button; count] });
        json!({ "attachment": { "type": "template", "payload": payload } })
    };
    let text = || json!({ "text": "hi" });
    let cases: [(Value, Value, (u64, u64)); 13] = [
        (json!({ "text": "x".repeat(2_001) }), none(), (100, 0)),
        (json!({ "text": "" }), none(), (100, 0)),
        (json!({}), none(), (100, 0)),
        (
            json!({ "text": "hi", "metadata": "x".repeat(1_001) }),
            none(),
            (100, 0),
        ),
        (quick(14, "t"), none(), (100, 0)),
        (quick(1, "a title of 21 letters"), none(), (100, 0)),
        (buttons(4, "?"), none(), (100, 0)),
        (buttons(1, &"x".repeat(641)), none(), (100, 0)),
        (text(), json!({ "messaging_type": "LOUD" }), (100, 0)),
        (
            text(),
            json!({ "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE" }),
            (100, 1_893_061),
        ),
        (
            text(),
            json!({ "recipient": { "id": "1" } }),
            (100, 2_018_001),
        ),
        (text(), json!({ "sender_action": "typing_on" }), (100, 0)),
        (text(), json!({ "recipient": 7 }), (100, 2_018_001)),
    ];
    for (message, more, expected) in cases {
        let told = format!("{message} {more}");
        assert_eq!(world.refused(message, more).await, expected, "{told}");
    }
    assert_eq!(world.meta.ledger().refused.len(), 13);
    assert!(world.meta.ledger().messages.is_empty());
    for (message, choices) in [
        (quick(13, "t"), 13),
        (buttons(3, "?"), 3),
        (json!({ "text": "x".repeat(2_000) }), 0),
    ] {
        assert_eq!(world.send(message, none()).await.unwrap().0, 200);
        let ledger = world.meta.ledger();
        assert_eq!(ledger.messages.last().unwrap().choices.len(), choices);
    }
}

#[tokio::test]
async fn the_window_shuts_after_a_day_and_for_people_after_a_week() {
    let world = world().await;
    let text = || json!({ "text": "hi" });
    let as_person = || json!({ "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT" });
    world
        .meta
        .age_window(PAGE, CUSTOMER, DAY + Duration::from_secs(60));
    assert_eq!(world.refused(text(), json!({})).await, (10, 2_018_278));
    assert_eq!(world.send(text(), as_person()).await.unwrap().0, 200);
    let ledger = world.meta.ledger();
    assert_eq!(ledger.messages[0].tag.as_deref(), Some("HUMAN_AGENT"));
    world
        .meta
        .age_window(PAGE, CUSTOMER, 7 * DAY + Duration::from_secs(60));
    assert_eq!(world.refused(text(), as_person()).await, (10, 2_018_278));
    world
        .meta
        .customer_sends(PAGE, CUSTOMER, "still there?")
        .await;
    assert_eq!(world.send(text(), json!({})).await.unwrap().0, 200);
}

#[tokio::test]
async fn the_tag_needs_metas_approval() {
    let config = MessengerConfig {
        human_agent_approved: false,
        ..MessengerConfig::default()
    };
    let world = with(config).await;
    let as_person = json!({ "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT" });
    assert_eq!(
        world.refused(json!({ "text": "hi" }), as_person).await,
        (10, 0)
    );
}

#[tokio::test]
async fn a_customer_who_blocked_the_page_gets_nothing() {
    let world = world().await;
    world.meta.set_blocked(PAGE, CUSTOMER, true);
    assert_eq!(
        world.refused(json!({ "text": "hi" }), json!({})).await,
        (551, 0)
    );
    world.meta.set_blocked(PAGE, CUSTOMER, false);
    assert_eq!(
        world
            .send(json!({ "text": "hi" }), json!({}))
            .await
            .unwrap()
            .0,
        200
    );
}

#[tokio::test]
async fn another_apps_conversation_must_be_taken_first() {
    let world = world().await;
    world.meta.pass_elsewhere(PAGE, CUSTOMER);
    assert_eq!(
        world.refused(json!({ "text": "hi" }), json!({})).await,
        (10, 2_018_300)
    );
    let taking = json!({ "recipient": { "id": CUSTOMER } });
    let taken = world
        .post(&format!("{PAGE}/take_thread_control"), &taking)
        .await;
    assert_eq!(taken.unwrap(), (200, json!({ "success": true })));
    assert_eq!(
        world
            .send(json!({ "text": "hi" }), json!({}))
            .await
            .unwrap()
            .0,
        200
    );
}

#[tokio::test]
async fn signs_are_kept_apart_and_need_an_open_window() {
    let world = world().await;
    let path = format!("{PAGE}/messages");
    for action in ["typing_on", "typing_off", "mark_seen"] {
        let body = json!({ "recipient": { "id": CUSTOMER }, "sender_action": action });
        assert_eq!(world.post(&path, &body).await.unwrap().0, 200);
    }
    let signs: Vec<_> = world
        .meta
        .ledger()
        .signs
        .into_iter()
        .map(|(_, _, sign)| sign)
        .collect();
    assert_eq!(signs, ["typing_on", "typing_off", "mark_seen"]);
    world.meta.age_window(PAGE, CUSTOMER, 2 * DAY);
    let body = json!({ "recipient": { "id": CUSTOMER }, "sender_action": "typing_on" });
    assert_eq!(world.post(&path, &body).await.unwrap().0, 400);
}

#[tokio::test]
async fn each_fault_does_what_it_says_and_is_used_up() {
    let world = world().await;
    let send = async || world.send(json!({ "text": "hi" }), json!({})).await;
    world.meta.set_fault(Fault::DropBeforeAccept, Times::Once);
    assert!(send().await.is_err());
    assert!(world.meta.ledger().messages.is_empty());
    world.meta.set_fault(Fault::DropAfterAccept, Times::Once);
    assert!(send().await.is_err());
    assert_eq!(world.meta.ledger().messages.len(), 1);
    let problem = Problem {
        status: 500,
        retry_after_s: Some(7),
        ..Problem::new(2, None)
    };
    world.meta.set_fault(
        Fault::Refused {
            problem: problem.clone(),
        },
        Times::Once,
    );
    let (status, answer) = send().await.unwrap();
    assert_eq!((status, &answer["error"]["code"]), (500, &json!(2)));
    assert_eq!(world.meta.ledger().messages.len(), 1);
    world
        .meta
        .set_fault(Fault::RefusedAfterAccept { problem }, Times::Once);
    assert_eq!(send().await.unwrap().0, 500);
    assert_eq!(world.meta.ledger().messages.len(), 2);
    world
        .meta
        .set_fault(Fault::AnswerLate { ms: 1 }, Times::Always);
    assert_eq!(send().await.unwrap().0, 200);
    world.meta.clear_faults();
    assert_eq!(send().await.unwrap().0, 200);
}

#[tokio::test]
async fn an_outage_ends_when_it_is_over() {
    let world = world().await;
    world.meta.set_outage(Outage::Refuses);
    let refused = world.send(json!({ "text": "hi" }), json!({})).await;
    assert!(refused.is_err());
    world.meta.set_outage(Outage::None);
    let sent = async {
        while world
            .send(json!({ "text": "hi" }), json!({}))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, sent).await.unwrap();
}

fn upload(name: &str, content_type: &str, bytes: Vec<u8>, kind: &str) -> reqwest::multipart::Form {
    let file = reqwest::multipart::Part::bytes(bytes)
        .file_name(name.to_owned())
        .mime_str(content_type)
        .unwrap();
    let message = json!({ "attachment": { "type": kind, "payload": { "is_reusable": false } } });
    reqwest::multipart::Form::new()
        .text("recipient", json!({ "id": CUSTOMER }).to_string())
        .text("messaging_type", "RESPONSE")
        .text("message", message.to_string())
        .part("filedata", file)
}

#[tokio::test]
async fn a_file_is_measured_and_must_fit_its_kind() {
    let world = world().await;
    let post = async |form| {
        let request = world.http.post(world.url(&format!("{PAGE}/messages")));
        let answer = request
            .bearer_auth(world.token())
            .multipart(form)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["error"]["error_subcode"].as_u64()
    };
    assert_eq!(
        post(upload(
            "map.png",
            "image/png",
            b"not really".to_vec(),
            "image"
        ))
        .await,
        None
    );
    let ledger = world.meta.ledger();
    let file = ledger.messages[0].file.as_ref().unwrap();
    assert_eq!(
        (file.name.as_str(), file.size, file.kind.as_str()),
        ("map.png", 10, "image")
    );
    assert_eq!(ledger.texts_to(PAGE, CUSTOMER), ["[map.png]"]);
    let mib = 1024 * 1024;
    for (form, expected) in [
        (
            upload("a.pdf", "application/pdf", b"x".to_vec(), "image"),
            Some(2_018_047),
        ),
        (
            upload("a.png", "image/png", vec![0; 9 * mib], "image"),
            Some(2_018_047),
        ),
        (
            upload("a.mp3", "video/mp4", b"x".to_vec(), "audio"),
            Some(2_018_047),
        ),
        (
            upload("a.pdf", "application/pdf", Vec::new(), "file"),
            Some(2_018_047),
        ),
        (
            upload("a.zip", "application/zip", vec![0; 25 * mib + 1], "file"),
            Some(2_018_047),
        ),
        (
            upload("a.zip", "application/zip", vec![0; 25 * mib], "file"),
            None,
        ),
    ] {
        assert_eq!(post(form).await, expected);
    }
}
