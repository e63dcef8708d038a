//! The sms plugin: two accounts behind one URL, signatures, and a secret that reaches the provider.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use trunkline_core::message::Address;
use trunkline_engine::Engine;
use trunkline_flow::ports::{Plugins, ReceiveError, Request};

use crate::guests::plugin;
use crate::provider::Provider;
use crate::world::{NOW, World, leaving, text};

const ACCOUNT: &str = "AC00000000000000000000000000000001";

fn settings(number: &str, api: &str) -> String {
    format!("account_sid = '{ACCOUNT}'\nnumber = '{number}'\napi_base = '{api}'")
}

pub(crate) async fn with_sms(api: &str) -> (World, Engine) {
    let world = World::new()
        .channel("one", "sms", &settings("+15005550006", api))
        .secret("one", "auth_token", "tok:en")
        .channel("two", "sms", &settings("+15005550007", api))
        .secret("two", "auth_token", "tok:en")
        .channel("foreign", "sms", &settings("+15005550008", api))
        .secret("foreign", "auth_token", "another")
        .file("sms.wasm", &plugin("sms"));
    let engine = world.start().await;
    (world, engine)
}

pub(crate) fn webhook(to: &str, token: &str) -> Request {
    let url = "https://chat.example.com/channels/one";
    let pairs = [
        ("AccountSid", ACCOUNT),
        ("Body", "Hi"),
        ("From", "+15005550010"),
        ("MessageSid", "SM00000000000000000000000000000001"),
        ("NumMedia", "0"),
        ("To", to),
    ];
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: "POST".to_owned(),
        url: url.to_owned(),
        path: String::new(),
        query: String::new(),
        headers: vec![
            header("content-type", "application/x-www-form-urlencoded"),
            header("x-twilio-signature", &signature),
        ],
        body: body.finish().into_bytes(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_to_the_channel_with_its_account_and_the_same_signing_secret() {
    let (_world, engine) = with_sms("http://127.0.0.1:1").await;
    for (to, channel) in [
        ("+15005550006", Some("one".into())),
        ("+15005550007", Some("two".into())),
        // Another secret: whoever signs for `one` does not speak for it.
        ("+15005550008", None),
        ("+15005550009", None),
    ] {
        let request = webhook(to, "tok:en");
        let reception = engine.receive(&"one".into(), &request, NOW).await.unwrap();
        assert_eq!(reception.events[0].channel, channel, "{to}");
        assert_eq!(reception.events[0].account, to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_answered_403() {
    let (_world, engine) = with_sms("http://127.0.0.1:1").await;
    let request = webhook("+15005550006", "wrong");
    let error = engine
        .receive(&"one".into(), &request, NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ReceiveError::Rejected { answer, .. } if answer.status == 403),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_puts_the_secret_into_the_request_and_nowhere_else() {
    let provider = Provider::start().await;
    let (_world, engine) = with_sms(&provider.url()).await;
    let mut call = text("one", 1, "hello");
    call.outbound.customer = vec![Address {
        kind: "phone".to_owned(),
        value: "+15005550010".to_owned(),
    }];
    // Whatever the plugin makes of this provider's answer: the request is what counts here.
    let _ = engine.send(call, leaving().0).await;
    // Before it the plugin's check asked, for each channel.
    let got = provider.got();
    let got = got.last().unwrap();
    assert!(got.line.starts_with("POST /2010-04-01/"), "{}", got.line);
    let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:tok:en")));
    assert_eq!(got.headers["authorization"], expected);
    assert!(!String::from_utf8_lossy(&got.body).contains("tok:en"));
    assert!(!format!("{:?} {engine:?}", engine.status()).contains("tok:en"));
}
