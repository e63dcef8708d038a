//! What providers, ECE and probes get.

use std::time::Instant;

use bytes::Bytes;
use reqwest::StatusCode;
use trunkline_flow::ports::{Clock, Download, KeepFile, Scope, Store};
use trunkline_server::edge::WEBHOOK_BODY_BYTES_MAX;

use crate::world::{PATIENCE, World, guest};

#[tokio::test]
async fn a_call_for_a_channel_without_a_plugin_is_kept_as_it_came_before_it_is_answered() {
    let world = World::start().await;
    let call = world.http.post(world.url("/channels/acme-sms/in?a=%2B1&b"));
    let call = call.header("x-own", "Yes").body("From=1");
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    let channel = Scope::Channel("acme-sms".into());
    let kept = world.host.store().raw_calls(&channel, 10).await.unwrap();
    let [call] = kept.as_slice() else {
        panic!("kept: {kept:?}");
    };
    let request = &call.request;
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url,
        "https://chat.example.com/channels/acme-sms/in?a=%2B1&b"
    );
    assert_eq!(
        (request.path.as_str(), request.query.as_str()),
        ("/in", "a=%2B1&b")
    );
    assert_eq!(request.body, b"From=1");
    assert!(
        request
            .headers
            .contains(&("x-own".to_owned(), "Yes".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_a_bot_without_a_plugin_is_kept_and_read_when_one_comes() {
    let world = World::start().await;
    let call = world.http.post(world.url("/bots/faq")).body("done");
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    let store = world.host.store();
    let faq = Scope::Bot("faq".into());
    assert_eq!(store.raw_calls(&faq, 10).await.unwrap().len(), 1);
    let plugins = world.file.with_file_name("plugins");
    let (part, whole) = (plugins.join(".part"), plugins.join("echo-bot.wasm"));
    std::fs::copy(guest("echo-bot"), &part).expect("`cargo xtask plugins --guests` builds it");
    std::fs::rename(part, whole).unwrap();
    // This plugin takes no callbacks: what waited is dropped, and traced.
    let began = Instant::now();
    while !store.raw_calls(&faq, 10).await.unwrap().is_empty() {
        assert!(began.elapsed() < PATIENCE, "it waits on");
        tokio::task::yield_now().await;
    }
    let later = world.http.post(world.url("/bots/faq")).send().await;
    assert_eq!(later.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_channel_that_nobody_configured_is_not_found() {
    let world = World::start().await;
    let answer = world.http.post(world.url("/channels/other")).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let text = answer.text().await.unwrap();
    assert_eq!(text, "nothing of this name is configured\n");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_nothing_is_kept() {
    let world = World::start().await;
    for (size, status) in [
        (WEBHOOK_BODY_BYTES_MAX + 1, StatusCode::PAYLOAD_TOO_LARGE),
        (WEBHOOK_BODY_BYTES_MAX, StatusCode::OK),
    ] {
        let call = world.http.post(world.url("/channels/acme-sms"));
        let answer = call.body(vec![b'a'; size]).send().await.unwrap();
        assert_eq!(answer.status(), status, "{size} bytes");
    }
    let channel = Scope::Channel("acme-sms".into());
    let kept = world.host.store().raw_calls(&channel, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn a_call_that_cannot_be_kept_is_not_answered_as_taken() {
    let world = World::start().await;
    world.host.store().limit_pages(Some(1)).await.unwrap();
    let url = world.url("/channels/acme-sms");
    let full = world
        .http
        .post(&url)
        .body(vec![b'a'; 100_000])
        .send()
        .await
        .unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers().contains_key("retry-after"));
    let callback = world.http.post(world.url("/ece/acme/callback"));
    let callback = callback
        .basic_auth("ece", Some("knock"))
        .body(vec![b'a'; 100_000]);
    let callback = callback.send().await.unwrap();
    assert_eq!(callback.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(callback.headers().contains_key("retry-after"));
    world.host.store().limit_pages(None).await.unwrap();
    let again = world.http.post(&url).body("a").send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_callback_without_the_configured_authorisation_is_refused() {
    let world = World::start().await;
    let url = world.url("/ece/acme/callback");
    let bare = world.http.post(&url).body("{}").send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    assert!(bare.headers().contains_key("www-authenticate"));
    let wrong = world
        .http
        .post(&url)
        .basic_auth("ece", Some("nock"))
        .body("{}");
    assert_eq!(
        wrong.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let elsewhere = world.http.post(world.url("/ece/other/callback")).body("{}");
    assert_eq!(
        elsewhere.send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_callback_that_can_be_read_is_taken() {
    let world = World::start().await;
    let body = r#"{"message":[{"conversation":{"id":"c1"},"type":{"value":"text/plain"},"content":"hello","sender":{"type":"user"},"timeStamp":1624144754000,"id":"1"}]}"#;
    let call = world.http.post(world.url("/ece/acme/callback"));
    let call = call
        .basic_auth("ece", Some("knock"))
        .header("content-type", "application/json");
    assert_eq!(
        call.body(body).send().await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(
        world.host.flow().status().parked,
        1,
        "its conversation is not known yet"
    );
}

#[tokio::test]
async fn a_callback_that_cannot_be_read_becomes_a_dead_letter() {
    let world = World::start().await;
    let call = world.http.post(world.url("/ece/acme/callback"));
    let call = call.basic_auth("ece", Some("knock")).body("not a callback");
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    let letters = world.admin("/dead-letters").await;
    assert_eq!(letters[0]["kind"], "unreadable");
    assert_eq!(letters[0]["content"], "not a callback");
}

#[tokio::test]
async fn a_callback_in_xml_is_taken_like_one_in_json() {
    let world = World::start().await;
    let post = |body: &'static str| {
        let call = world.http.post(world.url("/ece/acme/callback"));
        let call = call.header("content-type", "application/xml").body(body);
        call.basic_auth("ece", Some("knock")).send()
    };
    let body = "<messages><message><id>1</id><conversation id=\"c1\"/><type><value>text/plain</value></type>\
        <content>hello</content></message></messages>";
    assert_eq!(post(body).await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        world.host.flow().status().parked,
        1,
        "its conversation is not known yet"
    );
    let entity = "<!DOCTYPE m [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><messages>&f;</messages>";
    assert_eq!(post(entity).await.unwrap().status(), StatusCode::OK);
    let letters = world.admin("/dead-letters").await;
    assert_eq!(letters[0]["kind"], "unreadable");
    assert_eq!(letters[0]["content"], entity);
}

#[tokio::test]
async fn a_file_that_nobody_has_a_token_for_is_not_found() {
    let world = World::start().await;
    let answer = world.http.get(world.url("/media/guess")).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_ece_that_is_down_makes_the_host_degraded_and_not_dead() {
    let world = World::start().await;
    world.host.refresh_lights().await;
    let alive = world.http.get(world.url("/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK);
    let ready = world.http.get(world.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    let ready: serde_json::Value = ready.json().await.unwrap();
    assert_eq!(ready["state"], "degraded");
    let problems = ready["problems"].to_string();
    assert!(
        problems.contains("ECE acme") && problems.contains("acme-sms"),
        "{problems}"
    );
}

#[tokio::test]
async fn counts_are_told_as_prometheus_reads_them() {
    let world = World::start().await;
    let call = world.http.post(world.url("/channels/acme-sms")).body("x");
    call.send().await.unwrap();
    let metrics = world.http.get(world.url("/metrics")).send().await.unwrap();
    let text = metrics.text().await.unwrap();
    assert!(
        text.contains("\ntrunkline_calls_kept_raw_total 1\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# TYPE trunkline_plugin_memory_bytes_max gauge\n"),
        "{text}"
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn a_file_is_a_download_under_its_name_and_nothing_a_browser_runs() {
    let world = World::start().await;
    let mut pieces = vec![
        Bytes::from_static(b"<script>"),
        Bytes::from_static(b"hello"),
    ]
    .into_iter();
    let download = Download {
        name: None,
        content_type: None,
        size: None,
        next: Box::new(move || {
            let piece = pieces.next().map(Ok);
            Box::pin(std::future::ready(piece))
        }),
    };
    let keep = KeepFile {
        name: Some("a \"b\".html".to_owned()),
        content_type: Some("text/html".to_owned()),
        download,
        size_max: 100,
        expires: world.host.clock().now().plus_ms(60_000),
    };
    let kept = world.host.store().keep_file(keep).await.unwrap();
    let url = world.url(&format!("/media/{}", kept.token));
    let head = world.http.head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "13");
    let answer = world.http.get(&url).send().await.unwrap();
    let headers = answer.headers().clone();
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=")
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["content-length"], "13");
    assert_eq!(answer.bytes().await.unwrap(), "<script>hello");
}
