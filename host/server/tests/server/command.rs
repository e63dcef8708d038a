//! The built program, as an operator uses it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::checking::{UNFIT, bring};
use crate::world::{PATIENCE, free_address, provide_tls, toml};

pub(crate) fn trunkline(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(arguments).output().expect("it runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A host of its own process; killed when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
    file: PathBuf,
    folder: TempDir,
}

impl Served {
    async fn start() -> Self {
        Self::start_with(toml).await
    }

    /// With another configuration; it gets the address to listen on.
    pub(crate) async fn start_with(toml: impl Fn(SocketAddr) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let file = folder.path().join("trunkline.toml");
        std::fs::write(&file, toml(address)).expect("written");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["serve", "--config"])
            .arg(&file)
            .stderr(Stdio::from(log))
            .spawn()
            .expect("it starts");
        let served = Self {
            child,
            address,
            file,
            folder,
        };
        served.wait_until_alive().await;
        served
    }

    async fn wait_until_alive(&self) {
        provide_tls();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let began = Instant::now();
        let url = format!("http://{}/healthz", self.address);
        while http.get(&url).send().await.is_err() {
            assert!(began.elapsed() < PATIENCE, "the host does not answer");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn config(&self) -> &str {
        self.file.to_str().expect("a plain path")
    }

    /// Where all of it lies.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("it is there")
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "the host does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_fit_their_plugin_do_not_come_into_force_on_a_reload() {
    let served = Served::start().await;
    let right = std::fs::read_to_string(&served.file).unwrap();
    bring("echo", served.folder.path());
    std::fs::write(&served.file, format!("{right}{UNFIT}")).unwrap();
    let refused = |status: &serde_json::Value| {
        let why = status["configuration"]["refused"].as_str();
        why.is_some_and(|why| why.contains("[channels.other] does not fit its plugin"))
    };
    wait_for_status(served.config(), refused);
    let one = |status: &serde_json::Value| status["channels"].as_array().map(Vec::len) == Some(1);
    wait_for_status(served.config(), one);
}

#[test]
fn help_shows_examples_and_a_wrong_command_ends_with_2() {
    for command in [
        "serve",
        "check",
        "status",
        "dead-letters",
        "trace",
        "plugin",
    ] {
        let output = trunkline(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(text(&output.stdout).contains("Example:"), "{command}");
    }
    assert_eq!(trunkline(&["srve"]).status.code(), Some(2));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, "").unwrap();
    for more in [&[][..], &["--json"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command
            .args(["check", "--config"])
            .arg(&file)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0), "{more:?}");
    }
}

#[test]
fn asking_a_host_that_does_not_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, toml(free_address())).unwrap();
    let output = trunkline(&["status", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("is `trunkline serve` running"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_asked_over_the_command_line_and_ends_on_a_signal() {
    let mut served = Served::start().await;
    let config = served.config().to_owned();
    let status = trunkline(&["status", "--config", &config]);
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
    let shown = text(&status.stdout);
    assert!(
        shown.contains("ECE acme") && shown.contains("acme-sms"),
        "{shown}"
    );
    let json = trunkline(&["status", "--json", "--refresh", "--config", &config]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        json["integrations"][0]["entry_points"][0]["agent"]["colour"],
        "unknown"
    );
    let letters = trunkline(&["dead-letters", "list", "--config", &config]);
    assert_eq!(text(&letters.stdout), "no dead letters\n");
    for missing in [
        ["dead-letters", "show", "7"].as_slice(),
        &["dead-letters", "replay", "7"],
        &["dead-letters", "discard", "7"],
        &["trace", "c1-1"],
        &["trace", "+15550199"],
    ] {
        let output = trunkline(&[missing, &["--config", &config]].concat());
        assert_eq!(
            output.status.code(),
            Some(1),
            "{missing:?}: {}",
            text(&output.stdout)
        );
    }
    served.signal("TERM");
    assert_eq!(served.wait(), Some(0));
}

/// Nobody may be looking at the lights when one goes out.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_stands_in_the_log_once() {
    let served = Served::start().await;
    for _ in 0..3 {
        let status = trunkline(&["status", "--refresh", "--config", served.config()]);
        assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
    }
    let log = std::fs::read_to_string(served.folder.path().join("log")).unwrap();
    for of in [
        "of=\"ECE acme\"",
        "of=\"channels.acme-sms\"",
        "of=\"bots.faq\"",
    ] {
        let told = log
            .lines()
            .filter(|line| line.contains("does not work") && line.contains(of));
        assert_eq!(told.count(), 1, "{of} in\n{log}");
    }
}

/// What ECE posts there cannot be read, and is kept as a dead letter.
async fn post_nonsense(served: &Served, body: &'static str) {
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("a client");
    let url = format!("http://{}/ece/acme/callback", served.address);
    let call = http.post(url).basic_auth("ece", Some("knock")).body(body);
    let answer = call.send().await.expect("it is answered");
    assert!(answer.status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_are_dealt_with_can_be_got_rid_of() {
    let served = Served::start().await;
    for body in ["one", "two", "three"] {
        post_nonsense(&served, body).await;
    }
    let letters = |arguments: &[&str]| {
        let mut all = vec!["dead-letters"];
        all.extend(arguments);
        all.extend(["--config", served.config()]);
        trunkline(&all)
    };
    let done = letters(&["discard", "1", "9"]);
    assert_eq!(done.status.code(), Some(1), "there is no 9");
    assert_eq!(text(&done.stdout), "dead letter 1 is discarded\n");
    assert_eq!(text(&done.stderr), "there is no dead letter 9\n");
    let gone = letters(&["show", "1"]);
    assert_eq!(gone.status.code(), Some(1));
    let left = text(&letters(&["list", "--json"]).stdout);
    assert!(
        !left.contains("\"one\"") && left.contains("\"two\""),
        "{left}"
    );
    let young = letters(&["discard", "--older-than", "30d"]);
    assert_eq!(text(&young.stdout), "no dead letter is that old\n");
    let all = letters(&["discard", "--older-than", "0m"]);
    assert_eq!(text(&all.stdout), "2 dead letters are discarded\n");
    assert_eq!(text(&letters(&["list"]).stdout), "no dead letters\n");
    for wrong in [
        &["discard"][..],
        &["discard", "--older-than", "30"],
        &["discard", "--older-than", "d"],
    ] {
        assert_eq!(letters(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let status = text(&trunkline(&["status", "--json", "--config", served.config()]).stdout);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let counts = status["counts"].as_array().unwrap();
    let open = counts
        .iter()
        .find(|count| count["name"] == "dead_letters_open");
    assert_eq!(
        open.map(|count| &count["value"]),
        Some(&serde_json::json!(0))
    );
}

/// Asks for the status until it is as wanted.
fn wait_for_status(config: &str, wanted: impl Fn(&serde_json::Value) -> bool) {
    let began = Instant::now();
    loop {
        let output = trunkline(&["status", "--json", "--config", config]);
        let status = serde_json::from_slice(&output.stdout).expect("JSON");
        if wanted(&status) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the status stays {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_file_comes_into_force_by_itself_and_a_wrong_one_does_not() {
    let served = Served::start().await;
    let config = served.config();
    let right = std::fs::read_to_string(&served.file).unwrap();
    std::fs::write(
        &served.file,
        format!("{right}\n[channels.second]\nplugin = \"sms\"\n"),
    )
    .unwrap();
    let channels = |status: &serde_json::Value| status["channels"].as_array().map(Vec::len);
    wait_for_status(config, |status| channels(status) == Some(2));
    std::fs::write(
        &served.file,
        format!("{right}\n[channels.second]\nplug = \"sms\"\n"),
    )
    .unwrap();
    wait_for_status(config, |status| {
        status["configuration"]["refused"].is_string()
    });
    wait_for_status(config, |status| channels(status) == Some(2));
    std::fs::write(&served.file, right).unwrap();
    served.signal("HUP");
    wait_for_status(config, |status| channels(status) == Some(1));
    wait_for_status(config, |status| {
        status["configuration"]["refused"].is_null()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_file_was_refused_is_found_and_asked_all_the_same() {
    let mut served = Served::start().await;
    let right = std::fs::read_to_string(&served.file).unwrap();
    let moved = right.replace(&served.address.to_string(), &free_address().to_string());
    let refused = |status: &serde_json::Value| status["configuration"]["refused"].is_string();
    for wrong in [
        moved,
        format!("{right}\n[channel]\n"),
        format!("{right}\nthis is no TOML\n"),
        right.replace("listen =", "lissen ="),
    ] {
        std::fs::write(&served.file, &right).unwrap();
        wait_for_status(served.config(), |status| !refused(status));
        std::fs::write(&served.file, wrong).unwrap();
        wait_for_status(served.config(), refused);
        let letters = trunkline(&["dead-letters", "list", "--config", served.config()]);
        assert_eq!(text(&letters.stdout), "no dead letters\n");
    }
    let word = served.folder.path().join("trunkline.db.running");
    assert!(word.exists());
    served.signal("TERM");
    assert_eq!(served.wait(), Some(0));
    assert!(!word.exists(), "it runs no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_learns_what_is_in_its_way() {
    let served = Served::start().await;
    let busy = trunkline(&["serve", "--config", served.config()]);
    assert_eq!(busy.status.code(), Some(1));
    let said = text(&busy.stderr);
    assert!(said.contains("another process listens there"), "{said}");
    let other = served.folder.path().join("other.toml");
    let elsewhere = toml(free_address());
    std::fs::write(&other, elsewhere).unwrap();
    let in_use = trunkline(&["serve", "--config", other.to_str().unwrap()]);
    assert_eq!(in_use.status.code(), Some(1));
    let said = text(&in_use.stderr);
    assert!(said.contains("another Trunkline uses this store"), "{said}");
}
