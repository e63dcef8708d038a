//! A plugin's `check` on the way to live, and what a refused `send` says about a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use trunkline_engine::{FileState, Stage, User};
use trunkline_flow::ports::{Plugins, SendError};

use crate::guests::{plugin, version};
use crate::provider::{Got, Provider};
use crate::world::{World, file_status, leaving, refused, text};

/// Twilio, whose answers have these statuses, the last one for ever. It lists no numbers: nothing hangs on that here.
async fn twilio(statuses: &'static [u16]) -> Provider {
    let asked = AtomicUsize::new(0);
    Provider::answering(Arc::new(move |got| {
        if is_list(got) {
            return (StatusCode::NOT_FOUND, Vec::new(), String::new());
        }
        let number = asked.fetch_add(1, Ordering::SeqCst).min(statuses.len() - 1);
        let status = StatusCode::from_u16(statuses[number]).unwrap();
        let body = match status {
            StatusCode::OK => r#"{"friendly_name":"Acme","status":"active"}"#,
            _ => r#"{"code":20003,"message":"Authenticate"}"#,
        };
        (status, Vec::new(), body.to_owned())
    }))
    .await
}

fn is_list(got: &Got) -> bool {
    got.line.contains("/IncomingPhoneNumbers.json")
}

/// How often it was asked, lists of numbers apart.
fn asked(provider: &Provider) -> usize {
    provider.got().iter().filter(|got| !is_list(got)).count()
}

fn world(provider: &Provider) -> World {
    let settings = format!(
        "provider = 'twilio'\naccount_sid = 'AC00000000000000000000000000000001'\n\
         number = '+15550100'\napi_base = '{}'",
        provider.url()
    );
    World::new()
        .channel("test", "sms", &settings)
        .secret("test", "auth_token", "hunter2")
        .file("sms.wasm", &plugin("sms"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_stays_out_that_is_refused_what_the_one_before_is_given() {
    // The first version, the second one, and the first again beside it.
    let provider = twilio(&[200, 401, 200]).await;
    let world = world(&provider);
    let engine = world.start().await;
    assert_eq!(file_status(&engine, "sms.wasm").state, FileState::Live);
    world.drop_file("sms.wasm", &version(&plugin("sms"), "0.1.1"));
    engine.settled().await;
    let (stage, reason) = refused(&engine, "sms.wasm");
    assert_eq!(stage, Stage::Trial);
    assert!(reason.contains("channels.test"), "{reason}");
    assert_eq!(asked(&provider), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_a_provider_that_is_away_keep_no_version_out() {
    for statuses in [&[401], &[503]] {
        let provider = twilio(statuses).await;
        let world = world(&provider);
        let engine = world.start().await;
        assert_eq!(file_status(&engine, "sms.wasm").state, FileState::Live);
        assert_eq!(asked(&provider), 1, "it was asked");
        world.drop_file("sms.wasm", &version(&plugin("sms"), "0.1.1"));
        engine.settled().await;
        assert_eq!(file_status(&engine, "sms.wasm").state, FileState::Live);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_with_refused_credentials_is_known_until_a_check_goes_well() {
    let provider = twilio(&[200, 401, 200]).await;
    let world = world(&provider);
    let engine = world.start().await;
    let channel = "test".into();
    assert_eq!(engine.credentials_refused(&channel), None);
    let mut call = text("test", 1, "hi");
    call.outbound.customer[0].kind = "phone".to_owned();
    call.outbound.customer[0].value = "+15550199".to_owned();
    let sent = engine.send(call, leaving().0).await;
    assert!(matches!(sent, Err(SendError::Credentials(_))), "{sent:?}");
    let why = engine.credentials_refused(&channel).unwrap();
    assert!(why.contains("20003"), "{why}");
    engine.check(&User::Channel(channel.clone())).await.unwrap();
    assert_eq!(engine.credentials_refused(&channel), None);
}
