//! A plugin's failed call, from the log line to its replay, as its author works through it with the built program.

use std::net::SocketAddr;

use crate::command::{Served, text, trunkline};
use crate::world::{PATIENCE, guest, toml};

/// The channel's plugin traps on some texts.
fn with_trap(listen: SocketAddr) -> String {
    toml(listen).replace("plugin = \"sms\"", "plugin = \"trap-on-payload\"")
}

struct Author {
    served: Served,
    http: reqwest::Client,
}

impl Author {
    async fn start() -> Self {
        let served = Served::start_with(with_trap).await;
        let folder = served.folder().join("plugins");
        std::fs::copy(guest("trap-on-payload"), folder.join("trap.wasm")).expect("copied");
        let author = Self {
            served,
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
        };
        author.until_logged("plugin is live").await;
        author
    }

    async fn say(&self, key: &str, words: &str) {
        let url = format!("http://{}/channels/acme-sms", self.served.address);
        let body = format!(r#"{{"key":"{key}","from":"anna","text":"{words}"}}"#);
        let answer = self
            .http
            .post(url)
            .body(body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success());
    }

    async fn until_logged(&self, what: &str) {
        let wait = async {
            while !self.served.log().contains(what) {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, wait).await;
        assert!(came.is_ok(), "{what} is not in {}", self.served.log());
    }

    /// `trunkline plugin …` and its exit code.
    fn plugin(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let mut all = vec!["plugin"];
        all.extend(arguments);
        all.extend(["--config", self.served.config()]);
        let output = trunkline(&all);
        let said = text(&output.stdout) + &text(&output.stderr);
        (said, output.status.code())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_is_listed_replayed_mended_and_exported() {
    let author = Author::start().await;
    author.say("m1", "boom at Elm Street").await;
    author.until_logged("kept_as=1").await;

    let (list, code) = author.plugin(&["calls", "acme-sms"]);
    assert_eq!(code, Some(0), "{list}");
    assert!(list.contains("channel acme-sms"), "{list}");
    assert!(list.contains("trap-on-payload 0.1.0  receive"), "{list}");

    let (again, code) = author.plugin(&["replay", "1"]);
    assert_eq!(code, Some(3), "{again}");
    assert!(again.contains("It ends as it did."), "{again}");

    // `echo` reads the same webhooks and stands for the mended version.
    let mended = guest("echo");
    let mended = mended.to_str().unwrap();
    let (now, code) = author.plugin(&["replay", "1", "--with", mended]);
    assert_eq!(code, Some(0), "{now}");
    assert!(now.contains("boom at Elm Street"), "{now}");
    assert!(now.contains("It ends otherwise than it did."), "{now}");

    let file = author.served.folder().join("call.json");
    let file = file.to_str().unwrap();
    let (told, code) = author.plugin(&["replay", "1", "--export", file]);
    assert_eq!(code, Some(0), "{told}");
    let exported = std::fs::read_to_string(file).unwrap();
    assert!(!exported.contains("Elm"), "{exported}");
    assert!(exported.contains("\"redacted\": true"), "{exported}");
    let (told, code) = author.plugin(&["replay", "1", "--export", file]);
    assert_eq!(code, Some(1), "an existing file is left alone: {told}");
    let (told, code) = author.plugin(&["replay", file]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("--with FILE.wasm"), "{told}");
    let (elsewhere, code) = author.plugin(&["replay", file, "--with", mended]);
    assert_eq!(code, Some(0), "{elsewhere}");
    assert!(elsewhere.contains("made unreadable"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_kept_while_an_operator_records() {
    let author = Author::start().await;
    author.say("m1", "hello").await;
    assert!(author.plugin(&["calls"]).0.starts_with("no recorded calls"));
    let (told, code) = author.plugin(&["record", "acme-sms", "--minutes", "5"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("channels.acme-sms: every plugin call is kept until"));
    author.say("m2", "hello again").await;
    let (status, _) = {
        let output = trunkline(&["status", "--config", author.served.config()]);
        (text(&output.stdout), output.status.code())
    };
    assert!(
        status.contains("Every plugin call of channels.acme-sms is kept"),
        "{status}"
    );
    let (again, code) = author.plugin(&["replay", "1"]);
    assert_eq!(code, Some(0), "{again}");
    assert!(again.contains("hello again"), "{again}");
    let (told, _) = author.plugin(&["record", "acme-sms", "--stop"]);
    assert_eq!(told, "nothing is recorded now\n");
    author.say("m3", "bye").await;
    assert!(!author.plugin(&["calls"]).0.contains("\n2 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_told() {
    let author = Author::start().await;
    for (arguments, what) in [
        (&["replay", "7"][..], "there is no recorded call 7"),
        (&["replay", "no-such.json"], "no-such.json: "),
        (
            &["record", "nobody"],
            "no channel or bot `nobody` is configured",
        ),
        (
            &["calls", "nobody"],
            "no channel or bot `nobody` is configured",
        ),
    ] {
        let (told, code) = author.plugin(arguments);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(what), "{told}");
    }
}
