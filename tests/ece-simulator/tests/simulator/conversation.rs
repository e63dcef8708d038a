//! A whole conversation, from the token to `complete`.

use ece_simulator::ledger::{Fetched, FileState};
use ece_simulator::{Act, EceConfig, Phase, What};
use serde_json::json;

use crate::world::{DEADLINE, World, kinds, outcome};

const SHA256: &str = "e90137d39de304eefbbe788bc535c7e82f27abbf8069505fbbd8a9dcdc4f2024";

#[tokio::test]
async fn a_conversation_goes_from_start_to_complete_with_callbacks() {
    let world = World::new().await;
    let id = world.start().await;
    assert_eq!(
        world.ece.ledger().conversation(&id).unwrap().phase,
        Phase::Queued
    );
    world.ece.pick_up(&id, "ann").unwrap();
    let assigned = &world.edge.wait_for_messages(1).await[0];
    assert_eq!(assigned["type"]["value"], "assigned");
    assert_eq!(assigned["content"], "You are now chatting with ann");
    assert_eq!(
        (&assigned["sender"]["type"], &assigned["conversation"]["id"]),
        (&json!("system"), &json!(id))
    );
    assert!(assigned["timeStamp"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(assigned["id"].as_str().unwrap().parse::<u64>().is_ok());
    let awkward = "\"quotes\" \\ \u{1}\t\r\n emoji 👩‍👩‍👧 עברית <b>";
    assert_eq!(world.send(&id, "text/plain", awkward).await.0, 200);
    assert_eq!(world.send(&id, "text/html", "<i>hi</i>").await.0, 200);
    world.ece.say(&id, awkward).unwrap();
    world
        .ece
        .act(
            &id,
            &Act::Say {
                text: "<b>hi</b>".to_owned(),
                html: true,
            },
        )
        .unwrap();
    world
        .ece
        .act(
            &id,
            &Act::PushPage {
                url: "https://example.com/".to_owned(),
            },
        )
        .unwrap();
    world.ece.complete(&id).unwrap();
    let messages = world.edge.wait_for_messages(5).await;
    let expected = [
        ("text/plain", awkward),
        ("text/html", "<b>hi</b>"),
        ("pagePush", "https://example.com/"),
        ("complete", "ann has ended the chat"),
    ];
    assert_eq!(kinds(&messages)[1..], expected);
    assert_eq!(
        messages[1]["sender"],
        json!({"type": "user", "user": {"id": "1001", "screenName": "ann", "userName": "ann"}})
    );
    let ledger = world.ece.ledger();
    let record = ledger.conversation(&id).unwrap();
    assert_eq!(record.texts(), [awkward, "<i>hi</i>"]);
    assert!(record.is_finished());
    assert!(
        record
            .seen
            .windows(2)
            .all(|pair| pair[0].arrival < pair[1].arrival)
    );
}

#[tokio::test]
async fn a_start_keeps_the_contact_the_attributes_and_the_language() {
    let world = World::new().await;
    let mut body = world.start_body(1001).await;
    body["entryPointConfiguration"]["entryPoint"]["id"] = json!(1001);
    body["activity"]["customAttributes"] = json!({"customAttribute": [
        {"attribName": "activity_topic", "attribValues": {"attribValue": [{"value": "orders"}, {"value": "é"}]}}]});
    let contact = json!({"firstName": "Ann", "phone": [{"type": {"value": "mobile"}, "phoneNumber": "15550100"}]});
    body["activity"]["customer"]["contacts"] = json!({"contact": [contact]});
    let request = world.post(
        "messaging/conversation/start?searchContactOnAttribute=phone.phoneNumber",
        &body,
    );
    let (status, answer) = outcome(request.header("Accept-Language", "en-us")).await;
    assert_eq!((status, &answer["activity"]["id"]), (201, &json!("2001")));
    let ledger = world.ece.ledger();
    let record = ledger.last().unwrap();
    assert_eq!(record.id, answer["id"].as_str().unwrap());
    assert_eq!(
        record.custom_attributes,
        [(
            "activity_topic".to_owned(),
            vec!["orders".to_owned(), "é".to_owned()]
        )]
    );
    assert_eq!(record.customer["contacts"]["contact"][0], contact);
    assert_eq!(
        record.search_attribute.as_deref(),
        Some("phone.phoneNumber")
    );
    assert_eq!(
        (
            record.language.as_deref(),
            record.anonymous,
            record.subject.as_str()
        ),
        (Some("en-us"), false, "hello")
    );
}

#[tokio::test]
async fn a_customers_file_is_downloaded_when_the_agent_accepts_it() {
    let world = World::new().await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    assert_eq!(world.offer_file(&id, "cat.png").await.0, 200);
    assert_eq!(world.offer_file(&id, "virus.exe").await.0, 200);
    world.ece.act(&id, &Act::RejectFile { name: None }).unwrap();
    world
        .ece
        .act(
            &id,
            &Act::AcceptFile {
                name: Some("cat.png".to_owned()),
            },
        )
        .unwrap();
    assert!(world.ece.act(&id, &Act::AcceptFile { name: None }).is_err());
    let messages = world.edge.wait_for_messages(3).await;
    let expected = [
        ("rejectAttachment", "ann rejected attachment virus.exe"),
        ("acceptAttachment", "ann accepted attachment cat.png"),
    ];
    assert_eq!(kinds(&messages)[1..], expected);
    world
        .ece
        .wait_for(
            |ledger| ledger.last().unwrap().files()[0].fetched.is_some(),
            DEADLINE,
        )
        .await
        .unwrap();
    let ledger = world.ece.ledger();
    let files = ledger.last().unwrap().files();
    assert_eq!(
        (files[0].state, files[1].state),
        (FileState::Accepted, FileState::Rejected)
    );
    assert_eq!(files[0].size, "32");
    let found = Fetched {
        sha256: SHA256.to_owned(),
        size: 16,
        content_type: "image/png".to_owned(),
    };
    assert_eq!(files[0].fetched, Some(Ok(found)));
}

#[tokio::test]
async fn an_agents_file_is_offered_by_url_and_served_with_the_token() {
    let world = World::new().await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    let file = Act::SendFile {
        name: "a.txt".to_owned(),
        content_type: "text/plain".to_owned(),
        base64: "aGVsbG8=".to_owned(),
    };
    world.ece.act(&id, &file).unwrap();
    let offer = world.edge.wait_for_messages(2).await.remove(1);
    let attachment = &offer["attachments"]["attachment"][0];
    assert_eq!(
        (&attachment["fileName"], &attachment["size"]),
        (&json!("a.txt"), &json!("5"))
    );
    let url = attachment["contentUrl"].as_str().unwrap();
    assert_eq!(
        world.http.get(url).send().await.unwrap().status().as_u16(),
        401
    );
    let answer = world
        .http
        .get(url)
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.headers()["content-type"].to_str().unwrap(),
            answer.status().as_u16()
        ),
        ("text/plain", 200)
    );
    assert_eq!(answer.text().await.unwrap(), "hello");
    world.ece.change_variants(|variants| {
        variants.file_needs_bearer = false;
        variants.file_needs_accept = true;
    });
    assert_eq!(
        world.http.get(url).send().await.unwrap().status().as_u16(),
        403
    );
    assert_eq!(world.send(&id, "acceptAttachment", "").await.0, 200);
    assert_eq!(
        world.http.get(url).send().await.unwrap().status().as_u16(),
        200
    );
    let seen = world
        .ece
        .ledger()
        .last()
        .unwrap()
        .seen
        .last()
        .unwrap()
        .what
        .clone();
    assert_eq!(
        seen,
        What::FileAccepted {
            name: "a.txt".to_owned()
        }
    );
}

#[tokio::test]
async fn typing_is_told_only_when_the_start_asked_for_it() {
    let world = World::new().await;
    let mut body = world.start_body(1001).await;
    body["activity"]["sendTypingEvents"] = json!({"value": "true"});
    let (_, asked) = world.start_with("?anonymousCustomer=yes", &body).await;
    let asked = asked["id"].as_str().unwrap().to_owned();
    let silent = world.start().await;
    for id in [&asked, &silent] {
        world.ece.pick_up(id, "ann").unwrap();
        for act in [Act::StartTyping, Act::EndTyping] {
            world.ece.act(id, &act).unwrap();
        }
        world.send(id, "startTyping", "").await;
        world.send(id, "endTyping", "").await;
        world.ece.complete(id).unwrap();
    }
    let sent = |id: &str| {
        let ledger = world.ece.ledger();
        ledger
            .conversation(id)
            .unwrap()
            .sent
            .iter()
            .map(|sent| sent.kind.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        sent(&asked),
        ["assigned", "startTyping", "endTyping", "complete"]
    );
    assert_eq!(sent(&silent), ["assigned", "complete"]);
    let seen: Vec<_> = world
        .ece
        .ledger()
        .last()
        .unwrap()
        .seen
        .iter()
        .map(|seen| seen.what.clone())
        .collect();
    assert_eq!(seen, [What::TypingStarted, What::TypingStopped]);
}

#[tokio::test]
async fn the_customers_side_ends_in_each_spelling() {
    let world = World::new().await;
    for attempt in ["post-body", "put-body", "post-path", "put-path"] {
        let id = world.start().await;
        let path = if attempt.ends_with("path") {
            format!("messaging/conversation/{id}/end")
        } else {
            "messaging/conversation/end".to_owned()
        };
        let method = if attempt.starts_with("put") {
            reqwest::Method::PUT
        } else {
            reqwest::Method::POST
        };
        let request = world
            .http
            .request(method, world.url(&path))
            .bearer_auth(&world.token);
        assert_eq!(
            outcome(request.json(&json!({"id": id}))).await.0,
            200,
            "{attempt}"
        );
        assert!(world.ece.ledger().conversation(&id).unwrap().is_finished());
    }
    let messages = world.edge.wait_for_messages(4).await;
    assert!(
        kinds(&messages)
            .iter()
            .all(|kind| *kind == ("complete", "System has closed the chat"))
    );
    let id = world.start().await;
    world.ece.change_variants(|variants| {
        variants.complete_after_end = false;
        variants.end_call = ece_simulator::variants::EndCall::Path;
    });
    let by_body = outcome(world.post("messaging/conversation/end", &json!({"id": id}))).await;
    let by_path =
        outcome(world.post(&format!("messaging/conversation/{id}/end"), &json!({}))).await;
    assert_eq!((by_body.0, by_path.0), (404, 200));
    assert!(
        world
            .ece
            .ledger()
            .conversation(&id)
            .unwrap()
            .sent
            .is_empty()
    );
}

#[tokio::test]
async fn an_echo_agent_answers_many_conversations_in_order() {
    let world = World::with(EceConfig::with_echo_agent()).await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(world.start().await);
    }
    for number in 0..30 {
        for id in &ids {
            assert_eq!(
                world.send(id, "text/plain", &number.to_string()).await.0,
                200
            );
        }
    }
    let messages = world.edge.wait_for_messages(10 * 31).await;
    let expected: Vec<String> = (0..30).map(|number| format!("echo: {number}")).collect();
    for id in &ids {
        let own: Vec<_> = messages
            .iter()
            .filter(|message| message["conversation"]["id"] == json!(id))
            .cloned()
            .collect();
        let texts: Vec<&str> = kinds(&own)[1..].iter().map(|(_, text)| *text).collect();
        assert_eq!(texts, expected);
    }
}
