//! What real clients do differently and must not be refused for.

use ece_simulator::EceConfig;
use serde_json::json;

use crate::world::{World, outcome};

#[tokio::test]
async fn a_client_with_two_blanks_another_version_and_odd_ids_is_served() {
    let world = World::with(EceConfig {
        context_root: "/ece/system".to_owned(),
        ..EceConfig::default()
    })
    .await;
    assert!(world.ece.base_url().ends_with("/ece/system"));
    let request = |method: reqwest::Method, rest: &str| {
        let request = world
            .http
            .request(method, format!("{}/ws/v20/{rest}", world.ece.base_url()));
        request
            .header("Authorization", format!("Bearer  {}", world.token))
            .header("Accept-Language", "en-us")
    };
    let (status, body) = outcome(request(
        reqwest::Method::GET,
        "messaging/configuration?entryPoint=1001",
    ))
    .await;
    assert_eq!(status, 200);
    let configuration = &body["entryPointConfiguration"][0];
    assert!(configuration["entryPoint"]["id"].is_number());
    let start =
        json!({"entryPointConfiguration": configuration, "activity": {"unknownMember": [1, 2]}});
    let path = "messaging/conversation/start?searchContactOnAttribute=social.instagramId&conversationContact=social.instagramId";
    let (status, body) = outcome(request(reqwest::Method::POST, path).json(&start)).await;
    assert_eq!(status, 201, "{body}");
    let message = json!({"conversation": {"id": body["id"]}, "type": "text/plain", "content": "x", "extra": null});
    let (status, _) =
        outcome(request(reqwest::Method::POST, "Messaging/SendMessage").json(&message)).await;
    assert_eq!(status, 200);
    let upload = json!({
        "conversation": {"id": body["id"]}, "type": {"value": "uploadAttachment"},
        "attachments": {"attachment": [{"fileName": "a", "contentType": "b", "size": 32, "url": "https://example.com/a"}]},
    });
    assert_eq!(
        outcome(request(reqwest::Method::POST, "messaging/sendmessage").json(&upload))
            .await
            .0,
        200
    );
    assert_eq!(world.ece.ledger().last().unwrap().files()[0].size, "32");
}

#[tokio::test]
async fn a_client_may_send_its_key_and_secret_in_the_form() {
    let world = World::new().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "trunkline-key"),
        ("client_secret", "trunkline-secret"),
    ];
    let request = world
        .http
        .post(world.url("authentication/oauth2/token"))
        .form(&form);
    assert_eq!(outcome(request).await.0, 200);
}
