//! Tokens, the Page, the app, profiles and subscriptions.

use messenger_simulator::{MessengerConfig, Page, Profile};
use serde_json::json;

use crate::world::{CUSTOMER, PAGE, with, world};

#[tokio::test]
async fn a_wrong_or_revoked_token_is_190() {
    let world = world().await;
    for token in ["", "wrong"] {
        let request = world.http.get(world.url(PAGE)).bearer_auth(token);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 400);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["error"]["code"], 190);
        assert_eq!(answer["error"]["type"], "OAuthException");
    }
    world.meta.set_revoked(PAGE, true);
    assert_eq!(world.get(PAGE).await.1["error"]["code"], 190);
    world.meta.set_revoked(PAGE, false);
    assert_eq!(world.get(PAGE).await.1["id"], PAGE);
    let by_query = format!("{PAGE}?access_token={}", world.token());
    let answer = world.http.get(world.url(&by_query)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test]
async fn a_token_is_good_for_its_own_page_alone() {
    let config = MessengerConfig {
        pages: vec![Page::new(PAGE), Page::new("900100200301")],
        ..MessengerConfig::default()
    };
    let world = with(config).await;
    let (status, answer) = world.get("900100200301/subscribed_apps").await;
    assert_eq!(
        (status, &answer["error"]["error_subcode"]),
        (400, &json!(33))
    );
    assert_eq!(world.get("app").await.1["id"], world.meta.config().app_id);
}

#[tokio::test]
async fn a_profile_tells_what_was_asked_and_is_known() {
    let world = world().await;
    let path = format!("{CUSTOMER}?fields=first_name,last_name,locale,timezone");
    assert_eq!(world.get(&path).await, (200, json!({})));
    let profile = Profile {
        first_name: Some("Noor".to_owned()),
        locale: Some("nl_NL".to_owned()),
        ..Profile::default()
    };
    world.meta.set_profile(CUSTOMER, profile);
    let told = json!({ "id": CUSTOMER, "first_name": "Noor", "locale": "nl_NL" });
    assert_eq!(world.get(&path).await, (200, told));
    let names = format!("{CUSTOMER}?fields=first_name");
    assert_eq!(world.get(&names).await.1["locale"], json!(null));
    assert_eq!(world.meta.ledger().profiles_asked.len(), 3);
    let absent = Profile {
        absent: true,
        ..Profile::default()
    };
    world.meta.set_profile(CUSTOMER, absent);
    assert_eq!(
        world.get(&path).await.1["error"]["error_subcode"],
        2_018_218
    );
    assert_eq!(world.get("71?fields=first_name").await.0, 400);
}

#[tokio::test]
async fn the_locale_needs_a_permission() {
    let config = MessengerConfig {
        locale_permitted: false,
        ..MessengerConfig::default()
    };
    let world = with(config).await;
    let path = |fields: &str| format!("{CUSTOMER}?fields={fields}");
    assert_eq!(
        world.get(&path("first_name,locale")).await.1["error"]["code"],
        10
    );
    assert_eq!(world.get(&path("first_name")).await.0, 200);
}

#[tokio::test]
async fn a_subscription_can_be_lost_and_renewed() {
    let world = world().await;
    let path = format!("{PAGE}/subscribed_apps");
    let (_, answer) = world.get(&path).await;
    assert_eq!(answer["data"][0]["id"], world.meta.config().app_id);
    world.meta.unsubscribe(PAGE);
    assert_eq!(world.get(&path).await.1, json!({ "data": [] }));
    let renewing = format!("{path}?subscribed_fields=messages,message_echoes");
    let renewed = world.post(&renewing, &json!({})).await.unwrap();
    assert_eq!(renewed, (200, json!({ "success": true })));
    assert!(world.meta.is_subscribed(PAGE, "message_echoes"));
    assert!(!world.meta.is_subscribed(PAGE, "message_reads"));
    let unknown = format!("{path}?subscribed_fields=messages,gossip");
    assert_eq!(world.post(&unknown, &json!({})).await.unwrap().0, 400);
    let deleting = world
        .http
        .delete(world.url(&path))
        .bearer_auth(world.token());
    assert_eq!(deleting.send().await.unwrap().status().as_u16(), 200);
    assert!(!world.meta.is_subscribed(PAGE, "messages"));
}

#[tokio::test]
async fn the_callback_url_is_verified_with_the_word() {
    let world = world().await;
    assert_eq!(world.meta.verify_webhook().await, Ok(()));
    let config = MessengerConfig {
        verify_token: "another word".to_owned(),
        ..MessengerConfig::default()
    };
    let stranger = crate::world::World::start(config).await;
    assert!(stranger.meta.verify_webhook().await.is_err());
}
