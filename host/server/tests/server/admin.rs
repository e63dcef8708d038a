//! The admin API: closed, described, and able to reload.

use reqwest::{Method, StatusCode};
use trunkline_core::id::IntegrationName;

use crate::world::{TOKEN, World, guest};

/// Every method and path of the document, with something in place of its parameters.
fn described(openapi: &serde_json::Value) -> Vec<(Method, String)> {
    let paths = openapi["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(operation["x-role"].is_string(), "{path} names no role");
            let method = method.to_uppercase().parse().expect("a method");
            let path = ["{id}", "{hash}", "{name}"]
                .iter()
                .fold(path.clone(), |path, part| path.replace(part, "7"));
            all.push((method, path));
        }
    }
    all
}

#[tokio::test]
async fn every_path_is_closed_without_the_token_and_there_with_it() {
    let world = World::start().await;
    let openapi = world.admin("/openapi.json").await;
    let described = described(&openapi);
    assert!(described.len() >= 8, "{described:?}");
    for (method, path) in described {
        let url = world.url(&format!("/api/v1{path}"));
        for token in [None, Some("wrong"), Some("")] {
            let mut call = world.http.request(method.clone(), &url);
            if let Some(token) = token {
                call = call.bearer_auth(token);
            }
            let status = call.send().await.unwrap().status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
        let open = world.http.request(method.clone(), &url).bearer_auth(TOKEN);
        let answer = open.send().await.unwrap();
        assert_ne!(
            answer.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        let known = answer.text().await.unwrap();
        assert!(!known.contains("there is no such path"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_closed_as_well() {
    let world = World::start().await;
    let closed = world
        .http
        .get(world.url("/api/v1/secrets"))
        .send()
        .await
        .unwrap();
    assert_eq!(closed.status(), StatusCode::UNAUTHORIZED);
    let open = world
        .http
        .get(world.url("/api/v1/secrets"))
        .bearer_auth(TOKEN);
    assert_eq!(open.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_in_json_and_the_document_says_so() {
    let world = World::start().await;
    let openapi = world.admin("/openapi.json").await;
    for (method, path, described) in [
        (Method::GET, "/dead-letters/seven", "/dead-letters/{id}"),
        (
            Method::POST,
            "/dead-letters/7x/replay",
            "/dead-letters/{id}/replay",
        ),
        (Method::GET, "/dead-letters?limit=many", "/dead-letters"),
        (Method::GET, "/status?refresh=maybe", "/status"),
    ] {
        let url = world.url(&format!("/api/v1{path}"));
        let call = world.http.request(method.clone(), url).bearer_auth(TOKEN);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        let problem: serde_json::Value = answer.json().await.expect("JSON");
        let text = problem["error"].as_str().expect("a text");
        assert!(text.ends_with("; see /api/v1/openapi.json"), "{text}");
        let operation = &openapi["paths"][described][method.as_str().to_lowercase()];
        assert!(operation["responses"]["400"].is_object(), "{described}");
    }
}

#[tokio::test]
async fn the_status_holds_no_secret() {
    let world = World::start().await;
    let status = world.admin("/status?refresh=true").await.to_string();
    for secret in [TOKEN, "knock", "plain:"] {
        assert!(!status.contains(secret), "{secret} in {status}");
    }
}

async fn reload(world: &World) -> (StatusCode, String) {
    let call = world
        .http
        .post(world.url("/api/v1/reload"))
        .bearer_auth(TOKEN);
    let answer = call.send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_the_status_says_so_until_it_is_right() {
    let world = World::start().await;
    let right = std::fs::read_to_string(&world.file).unwrap();
    std::fs::write(&world.file, format!("{right}\n[channel]\n")).unwrap();
    let (status, text) = reload(&world).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("did you mean `channels`?"), "{text}");
    let refused = world.admin("/status").await["configuration"]["refused"].clone();
    assert!(
        refused
            .as_str()
            .is_some_and(|text| text.contains("`channel`")),
        "{refused}"
    );
    let more = right.replace(
        "[channels.acme-sms]",
        "[channels.second]\nplugin = \"sms\"\n[channels.acme-sms]",
    );
    std::fs::write(&world.file, more).unwrap();
    assert_eq!(reload(&world).await.0, StatusCode::OK);
    let report = world.admin("/status").await;
    assert!(report["configuration"]["refused"].is_null());
    assert_eq!(report["channels"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_needs_a_restart_is_refused_as_a_whole() {
    let world = World::start().await;
    let before = std::fs::read_to_string(&world.file).unwrap();
    let after = before
        .replace(
            "shutdown_s = 5",
            "shutdown_s = 5\nproxy = \"http://127.0.0.1:1\"",
        )
        .replace("id = \"1001\"", "id = \"2002\"");
    std::fs::write(&world.file, after).unwrap();
    let (status, text) = reload(&world).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("needs a restart"), "{text}");
    let config = world.host.config();
    let acme = &config.integrations[&IntegrationName::from("acme")];
    assert!(acme.ece.entry_points.values().any(|id| id == "1001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_light_of_a_bot_is_what_its_plugin_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).expect("made");
    std::fs::copy(guest("echo-bot"), plugins.join("echo-bot.wasm"))
        .expect("`cargo xtask plugins --guests` builds it");
    let world = World::start_in(folder).await;
    world.host.refresh_lights().await;
    let report = world.host.report().await;
    let light = &report.bots[0].light;
    assert_eq!(light.why, "live; its plugin has no check");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_what_does_not_serve_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).expect("made");
    std::fs::write(plugins.join("sms.wasm"), "nonsense").expect("written");
    let world = World::start_in(folder).await;
    for number in 0..3 {
        let call = world.http.post(world.url("/channels/acme-sms"));
        let answer = call.body(number.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    // It would be answered, not read.
    let call = world.http.get(world.url("/channels/acme-sms"));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);

    let report = world.host.report().await;
    assert_eq!(report.channels[0].waiting, 3);
    assert_eq!(report.bots[0].waiting, 0);
    let reason = report.plugins[0].reason.as_deref().unwrap_or_default();
    assert!(reason.ends_with("nothing serves instead"), "{reason}");
    let problems = world.host.problems().await;
    let of_file = problems
        .iter()
        .any(|it| it.contains("plugin file sms.wasm is refused"));
    assert!(of_file, "{problems:?}");
}
