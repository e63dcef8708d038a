//! Tokens of client applications, sessions of users.

use ece_simulator::EceConfig;
use serde_json::json;

use crate::world::{World, outcome};

#[tokio::test]
async fn a_token_is_an_opaque_guid_with_a_lifetime() {
    let world = World::new().await;
    let (status, body) = world.new_token("").await;
    assert_eq!(
        (status, &body["expires_in"], &body["token_type"]),
        (200, &json!(86400), &json!("Bearer"))
    );
    assert_eq!(body["access_token"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn bad_credentials_and_grants_get_no_token() {
    let world = World::new().await;
    assert_eq!(world.token_of("trunkline-key", "wrong", "").await.0, 401);
    assert_eq!(world.token_of("finesse", "finesse-pass", "").await.0, 401);
    let request = world
        .http
        .post(world.url("authentication/oauth2/token"))
        .basic_auth("trunkline-key", Some("trunkline-secret"));
    assert_eq!(
        outcome(request.form(&[("grant_type", "password")])).await.0,
        400
    );
}

#[tokio::test]
async fn the_eleventh_session_needs_force_login_which_evicts_the_oldest() {
    let world = World::new().await;
    for _ in 0..9 {
        assert_eq!(world.new_token("").await.0, 200);
    }
    assert_eq!(world.new_token("").await.0, 401);
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1001").await.0,
        200
    );
    assert_eq!(world.new_token("?forceLogin=yes").await.0, 200);
    let (status, body) = world.get("messaging/configuration?entrypoint=1001").await;
    assert_eq!((status, &body["code"]), (401, &json!("401-101")));
}

#[tokio::test]
async fn a_token_dies_by_revocation_on_demand_and_with_time() {
    let mut world = World::new().await;
    let revoke = world
        .http
        .post(world.url("authentication/oauth2/revoke"))
        .bearer_auth(&world.token);
    assert_eq!(outcome(revoke).await.0, 204);
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1001").await.0,
        401
    );
    world.token = world.new_token("").await.1["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1001").await.0,
        200
    );
    world.ece.expire_tokens();
    assert_eq!(
        world.get("messaging/configuration?entrypoint=1001").await.0,
        401
    );
    let short = World::with(EceConfig {
        token_lifetime_s: 0,
        ..EceConfig::default()
    })
    .await;
    assert_eq!(
        short.get("messaging/configuration?entrypoint=1001").await.0,
        401
    );
}

#[tokio::test]
async fn a_users_session_works_like_a_token_unless_told_otherwise() {
    let world = World::new().await;
    let login = |name: &str, password: &str| {
        let url = format!("{}/ws/v12/authentication/user/login", world.ece.base_url());
        world
            .http
            .post(url)
            .json(&json!({"userName": name, "password": password}))
    };
    let refused = outcome(login("finesse", "wrong").header("Accept", "application/json")).await;
    assert_eq!(refused.0, 401);
    let answer = login("finesse", "finesse-pass").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    let session = answer.headers()["x-egain-session"].clone();
    let configuration = || {
        world
            .http
            .get(world.url("messaging/configuration?entrypoint=1001"))
            .header("X-egain-session", &session)
    };
    assert_eq!(outcome(configuration()).await.0, 200);
    world
        .ece
        .change_variants(|variants| variants.user_sessions_message = false);
    assert_eq!(outcome(configuration()).await.0, 401);
    world
        .ece
        .change_variants(|variants| variants.user_sessions_message = true);
    let logout = format!("{}/ws/v12/authentication/user/logout", world.ece.base_url());
    assert_eq!(
        outcome(
            world
                .http
                .delete(&logout)
                .header("X-egain-session", &session)
        )
        .await
        .0,
        204
    );
    assert_eq!(outcome(configuration()).await.0, 401);
    for _ in 0..5 {
        assert_eq!(outcome(login("finesse", "finesse-pass")).await.0, 204);
    }
    assert_eq!(outcome(login("finesse", "finesse-pass")).await.0, 401);
}
