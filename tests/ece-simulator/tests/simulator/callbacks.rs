//! How events reach the webhook: retries, deactivation, batches, doubling, the race, authorisation.

use ece_simulator::variants::{SenderUser, Texts, TypeNames};
use ece_simulator::{Act, CallbackAuth, CallbackFormat, EceConfig};
use serde_json::{Value, json};

use crate::world::{DEADLINE, World, kinds};

async fn world_with(change: impl FnOnce(&mut EceConfig)) -> World {
    let mut config = EceConfig::default();
    change(&mut config);
    World::with(config).await
}

#[tokio::test]
async fn a_failed_callback_is_repeated_and_nothing_overtakes_it() {
    let world = World::new().await;
    let id = world.start().await;
    world.edge.answer_next_with(&[500, 302, 404]);
    world.ece.pick_up(&id, "ann").unwrap();
    world
        .ece
        .wait_for(|ledger| ledger.posts.len() == 4, DEADLINE)
        .await
        .unwrap();
    world.ece.say(&id, "one").unwrap();
    world.ece.say(&id, "two").unwrap();
    world
        .ece
        .wait_for(
            |ledger| {
                ledger
                    .last()
                    .unwrap()
                    .sent
                    .iter()
                    .all(|sent| sent.delivered)
            },
            DEADLINE,
        )
        .await
        .unwrap();
    let messages = world.edge.messages();
    assert_eq!(
        messages[..4]
            .iter()
            .filter(|message| **message == messages[0])
            .count(),
        4
    );
    assert_eq!(
        kinds(&messages[4..]),
        [("text/plain", "one"), ("text/plain", "two")]
    );
    let statuses: Vec<u16> = world
        .ece
        .ledger()
        .posts
        .iter()
        .map(|post| post.status)
        .collect();
    assert_eq!(statuses[..4], [500, 302, 404, 200]);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_a_failure() {
    let world = world_with(|config| config.callback.timeout_ms = 50).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Takes connections and never answers.
    world
        .ece
        .set_callback_url(&format!("http://{}", listener.local_addr().unwrap()));
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    world
        .ece
        .wait_for(
            |ledger| ledger.posts.iter().any(|post| post.status == 0),
            DEADLINE,
        )
        .await
        .unwrap();
    world.ece.set_callback_url(&world.edge.url);
    world.edge.wait_for_messages(1).await;
}

#[tokio::test]
async fn too_many_failures_deactivate_the_webhook_until_it_is_reactivated() {
    let world = world_with(|config| config.callback.failures_max = Some(3)).await;
    let id = world.start().await;
    world.edge.answer_next_with(&[503; 3]);
    world.ece.pick_up(&id, "ann").unwrap();
    world
        .ece
        .wait_for(|ledger| ledger.notices.len() == 1, DEADLINE)
        .await
        .unwrap();
    assert!(world.ece.is_webhook_deactivated());
    let body = world.start_body(1001).await;
    let (status, answer) = world.start_with("?anonymousCustomer=yes", &body).await;
    assert_eq!((status, &answer["code"]), (403, &json!("403-204")));
    world.ece.say(&id, "meanwhile").unwrap();
    assert_eq!(world.edge.posts().len(), 3);
    world.ece.reactivate_webhook();
    let messages = world.edge.wait_for_messages(5).await;
    assert_eq!(
        kinds(&messages[3..]),
        [
            ("assigned", "You are now chatting with ann"),
            ("text/plain", "meanwhile")
        ]
    );
    world.start().await;
}

#[tokio::test]
async fn waiting_events_come_in_batches_of_the_size_allowed() {
    let world = world_with(|config| {
        config.callback.batch_max = 100;
        config.callback.lanes = 1;
    })
    .await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    world.edge.wait_for_messages(1).await;
    world.ece.set_outage(ece_simulator::Outage::Closes);
    for number in 0..250 {
        world.ece.say(&id, &number.to_string()).unwrap();
    }
    world.ece.set_outage(ece_simulator::Outage::None);
    let messages = world.edge.wait_for_messages(251).await;
    let numbers: Vec<String> = (0..250).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = kinds(&messages)[1..]
        .iter()
        .map(|(_, text)| *text)
        .collect();
    assert_eq!(texts, numbers);
    let largest = world
        .ece
        .ledger()
        .posts
        .iter()
        .map(|post| post.messages)
        .max();
    assert_eq!(largest, Some(100));
}

#[tokio::test]
async fn doubled_callbacks_come_twice() {
    let world = world_with(|config| config.callback.doubled = true).await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    let messages = world.edge.wait_for_messages(2).await;
    assert_eq!(messages[0], messages[1]);
}

#[tokio::test]
async fn in_a_race_the_first_events_come_before_the_starts_answer() {
    let mut config = EceConfig::with_echo_agent();
    config.callback.before_start_answer = true;
    let world = World::with(config).await;
    let id = world.start().await;
    let messages = world.edge.messages();
    assert_eq!(
        (messages.len(), &messages[0]["conversation"]["id"]),
        (1, &json!(id))
    );
}

#[tokio::test]
async fn callbacks_carry_the_configured_authorisation() {
    let basic = CallbackAuth::Basic {
        username: "ece".to_owned(),
        password: "p".to_owned(),
    };
    let bearer = CallbackAuth::Bearer {
        token: "t0k3n".to_owned(),
    };
    for (auth, header) in [
        (basic, Some("Basic ZWNlOnA=")),
        (bearer, Some("Bearer t0k3n")),
        (CallbackAuth::None, None),
    ] {
        let world = world_with(|config| config.callback.auth = auth).await;
        let id = world.start().await;
        world.ece.pick_up(&id, "ann").unwrap();
        world.edge.wait_for_messages(1).await;
        let (headers, _) = world.edge.posts().remove(0);
        assert_eq!(
            headers
                .get("authorization")
                .map(|value| value.to_str().unwrap()),
            header
        );
        assert_eq!(headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn callbacks_can_be_xml() {
    let world = world_with(|config| config.callback.format = CallbackFormat::Xml).await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    world.ece.say(&id, "a < b & \"c\"").unwrap();
    let all = || {
        world
            .edge
            .posts()
            .iter()
            .map(|(_, body)| String::from_utf8_lossy(body).into_owned())
            .collect::<String>()
    };
    world.edge.wait_until(|| all().contains("text/plain")).await;
    let text = all();
    assert!(text.contains("<messages xmlns=\"http://bindings.egain.com/ws/model/v19/gen/clientapplications/messaging\"><message><id>"));
    assert!(text.contains(&format!(
        "<conversation id=\"{id}\"/><type><value>assigned</value></type>"
    )));
    assert!(text.contains("<content>a &lt; b &amp; &quot;c&quot;</content>"));
    assert!(text.contains("<sender><type>user</type><user><id>1001</id>"));
    assert_eq!(world.edge.posts()[0].0["content-type"], "application/xml");
}

#[tokio::test]
async fn words_texts_and_senders_follow_the_variants() {
    let world = world_with(|config| {
        config.agents[0].screen_name = Some("Ann Lee".to_owned());
        let names = TypeNames {
            assigned: "agentJoin".to_owned(),
            complete: "conversation.end".to_owned(),
            ..TypeNames::default()
        };
        let texts = Texts {
            assigned: "Sie chatten mit {0}".to_owned(),
            transfer_queue: String::new(),
            ..Texts::default()
        };
        config.variants.type_names = names;
        config.variants.texts = texts;
        config.variants.sender_user = SenderUser::FirstLast;
        config.variants.transfer_type_member = true;
        config.variants.file_url_member = "href".to_owned();
    })
    .await;
    let id = world.start().await;
    world.ece.pick_up(&id, "ann").unwrap();
    world.ece.say(&id, "hi").unwrap();
    let file = Act::SendFile {
        name: "a".to_owned(),
        content_type: "b".to_owned(),
        base64: String::new(),
    };
    world.ece.act(&id, &file).unwrap();
    world
        .ece
        .act(&id, &Act::TransferToQueue { entry_point: 1002 })
        .unwrap();
    world.ece.act(&id, &Act::CloseBySystem).unwrap();
    let messages = world.edge.wait_for_messages(5).await;
    assert_eq!(
        (&messages[0]["type"]["value"], &messages[0]["content"]),
        (&json!("agentJoin"), &json!("Sie chatten mit Ann Lee"))
    );
    assert_eq!(
        messages[1]["sender"]["user"],
        json!({"firstName": "Ann", "lastName": "Lee"})
    );
    assert!(messages[2]["attachments"]["attachment"][0]["href"].is_string());
    assert_eq!(
        (&messages[3]["content"], &messages[3]["transferType"]),
        (&json!(""), &json!("queue"))
    );
    assert_eq!(
        messages[4]["type"]["value"],
        Value::from("conversation.end")
    );
}
