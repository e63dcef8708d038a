//! Tokens that the host fetches: one for all, renewed early, and once when a provider refuses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use trunkline_engine::{ClientAuth, Engine, Oauth2, Secret, SecretSource, TokenError, User};
use trunkline_flow::ports::{Plugins, SendError};

use crate::guests::guest;
use crate::provider::{Got, Provider};
use crate::world::{World, leaving, text};

/// Lives this long.
const LIFE_S: usize = 3_600;

/// A provider that gives `t1`, `t2`, … and takes messages as `takes` says.
async fn giving(takes: fn(bearer: &str) -> bool) -> Provider {
    let given = AtomicUsize::new(0);
    Provider::answering(Arc::new(move |got| {
        if got.line == "POST /token" {
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            let token = format!(r#"{{"access_token":"t{number}","expires_in":{LIFE_S}}}"#);
            return (StatusCode::OK, Vec::new(), token);
        }
        let status = if takes(bearer(got)) {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        (status, Vec::new(), "{}".to_owned())
    }))
    .await
}

fn bearer(got: &Got) -> &str {
    let value = got.headers.get("authorization").unwrap();
    value.to_str().unwrap().strip_prefix("Bearer ").unwrap()
}

fn lines(provider: &Provider) -> Vec<String> {
    let got = provider.got();
    let one = |got: &Got| match got.line.as_str() {
        "POST /token" => "token".to_owned(),
        _ => bearer(got).to_owned(),
    };
    got.iter().map(one).collect()
}

fn world(provider: &Provider, client_auth: ClientAuth) -> World {
    let settings = format!("url = '{}/messages'\nauthorised = true", provider.url());
    let mut world = World::new()
        .channel("test", "echo", &settings)
        .file("echo.wasm", &guest("echo"));
    let oauth2 = Oauth2 {
        token_url: format!("{}/token", provider.url()).parse().unwrap(),
        client_id: "trunk line".to_owned(),
        client_secret: Secret::new("hunter2:+"),
        scope: Some("messages.send".to_owned()),
        client_auth,
    };
    let channel = world.config.channels.get_mut(&"test".into()).unwrap();
    let source = SecretSource::Oauth2(Box::new(oauth2));
    channel.secrets.insert("token".to_owned(), source);
    world
}

async fn send(engine: &Engine, number: u32) -> Result<(), SendError> {
    let sent = engine.send(text("test", number, "hi"), leaving().0).await;
    sent.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_at_the_same_time_wait_for_one_token_and_bear_it() {
    let provider = giving(|_| true).await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    let all = (1..=4).map(|number| send(&engine, number));
    for sent in futures::future::join_all(all).await {
        sent.unwrap();
    }
    assert_eq!(lines(&provider), ["token", "t1", "t1", "t1", "t1"]);
    let asked = &provider.got()[0];
    assert_eq!(
        asked.body,
        "grant_type=client_credentials&scope=messages.send"
    );
    // `trunk+line:hunter2%3A%2B`, as RFC 6749 wants it.
    let basic = "Basic dHJ1bmsrbGluZTpodW50ZXIyJTNBJTJC";
    assert_eq!(asked.headers["authorization"], basic);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_wants_the_client_in_the_form_gets_it_there() {
    let provider = giving(|_| true).await;
    let world = world(&provider, ClientAuth::Body);
    let engine = world.start().await;
    send(&engine, 1).await.unwrap();
    let asked = &provider.got()[0];
    let body = "grant_type=client_credentials&client_id=trunk+line&client_secret=hunter2%3A%2B&scope=messages.send";
    assert_eq!(asked.body, body);
    assert!(!asked.headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_it_expires() {
    let provider = giving(|_| true).await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    send(&engine, 1).await.unwrap();
    world.clock.pass_ms(LIFE_S as i64 * 1_000 - 60_000);
    send(&engine, 2).await.unwrap();
    assert_eq!(lines(&provider), ["token", "t1", "token", "t2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_the_provider_refuses_is_renewed_and_the_request_made_again() {
    let provider = giving(|bearer| bearer != "t1").await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    send(&engine, 1).await.unwrap();
    assert_eq!(lines(&provider), ["token", "t1", "token", "t2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_refuses_every_token_is_asked_twice_and_no_more() {
    let provider = giving(|_| false).await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    let error = send(&engine, 1).await.unwrap_err();
    assert_eq!(error, SendError::Refused("status 401".to_owned()));
    assert_eq!(lines(&provider), ["token", "t1", "token", "t2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_is_told_with_its_place_and_without_the_secret() {
    let provider = Provider::answering(Arc::new(|_| {
        let echoes = r#"{"error":"invalid_client","error_description":"hunter2:+ is wrong"}"#;
        (StatusCode::UNAUTHORIZED, Vec::new(), echoes.to_owned())
    }))
    .await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    let (leaving, left) = leaving();
    let error = engine.send(text("test", 1, "hi"), leaving).await;
    let SendError::Credentials(told) = error.unwrap_err() else {
        panic!("it is about credentials");
    };
    let wanted = "secret `token`: 127.0.0.1 gives no token: 401 invalid_client";
    assert!(told.contains(wanted), "{told}");
    assert!(left.lock().unwrap().is_empty(), "nothing left");
    let checked = engine.check_tokens().await;
    let refused = TokenError::Refused {
        host: "127.0.0.1".to_owned(),
        status: 401,
        code: " invalid_client".to_owned(),
    };
    let user = User::Channel("test".into());
    assert_eq!(checked, [(user, "token".to_owned(), Err(refused))]);
    assert!(!format!("{told}{checked:?}").contains("hunter2"));
    assert!(!format!("{:?}", engine.status()).contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_host_in_trouble_is_asked_again_later() {
    let provider = Provider::answering(Arc::new(|_| {
        (StatusCode::BAD_GATEWAY, Vec::new(), String::new())
    }))
    .await;
    let world = world(&provider, ClientAuth::Basic);
    let engine = world.start().await;
    let error = send(&engine, 1).await.unwrap_err();
    assert!(matches!(error, SendError::Again { .. }), "{error:?}");
}
