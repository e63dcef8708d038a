//! `check`, and a configuration that `serve` does not start with, as an operator reads about them.

use crate::command::{text, trunkline};
use crate::world::{free_address, guest, plugin, toml};

#[test]
fn a_wrong_configuration_ends_with_2_and_every_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    std::fs::write(&file, "[server]\nlisten = 1\nproxi = \"x\"\n").unwrap();
    let file = file.to_str().unwrap();
    for command in ["serve", "check"] {
        let output = trunkline(&[command, "--config", file]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let complaints = text(&output.stderr);
        assert!(complaints.contains("wrong.toml:2:10: "), "{complaints}");
        assert!(complaints.contains("did you mean `proxy`?"), "{complaints}");
        assert!(complaints.contains("2 problems"), "{complaints}");
    }
    let output = trunkline(&["check", "--json", "--config", file]);
    assert_eq!(output.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["complaints"][0]["line"], 2);
}

#[test]
fn a_file_that_is_no_utf8_ends_with_2_and_the_place_where_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin.toml");
    std::fs::write(&file, b"[server]\n# Gr\xfc\xdfe\n").unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("latin.toml:2:5: here the file is not UTF-8"),
        "{said}"
    );
}

#[test]
fn check_says_why_the_store_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, toml(free_address())).unwrap();
    let store = folder.path().join("trunkline.db");
    std::fs::write(store, "this was a database once, and is none any more").unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    let said = text(&output.stdout);
    assert!(said.contains("not a database"), "{said}");
}

/// A guest in the host's plugin folder.
pub(crate) fn bring(name: &str, folder: &std::path::Path) {
    let plugins = folder.join("plugins");
    std::fs::create_dir_all(&plugins).expect("a plugin folder");
    let copied = std::fs::copy(guest(name), plugins.join(format!("{name}.wasm")));
    copied.expect("`cargo xtask plugins --guests` builds the guests");
}

/// Of a plugin that needs a URL.
pub(crate) const UNFIT: &str = r#"
[channels.echo]
plugin = "echo"
settings = { adress = "https://a.example" }

[channels.other]
plugin = "echo"

[channels.other.settings]
url = 5
"#;

#[test]
fn settings_that_do_not_fit_their_plugin_end_with_2_and_their_places() {
    let folder = tempfile::tempdir().unwrap();
    bring("echo", folder.path());
    let file = folder.path().join("unfit.toml");
    std::fs::write(&file, format!("{}{UNFIT}", toml(free_address()))).unwrap();
    let before = toml(free_address()).lines().count();
    for command in ["serve", "check"] {
        let output = trunkline(&[command, "--config", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = text(&output.stderr);
        let at = |line: usize, column: usize| format!("unfit.toml:{}:{column}: ", before + line);
        for part in [
            format!(
                "{}`settings.adress` of [channels.echo] does not fit its plugin\n    plugin `echo` has no such setting; it has: url",
                at(4, 14)
            ),
            format!(
                "{}[channels.echo] needs `settings.url`\n    add it; it is missing: Where answers are posted.",
                at(4, 12)
            ),
            format!(
                "{}`settings.url` of [channels.other] does not fit its plugin\n    must be a URL that begins with https:// or http://, not 5",
                at(10, 1)
            ),
            "3 problems".to_owned(),
        ] {
            assert!(said.contains(&part), "{part}\n{said}");
        }
    }
    assert!(!folder.path().join("trunkline.db").exists(), "nothing ran");
}

#[test]
fn what_plugins_want_is_said_together_with_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    bring("echo", folder.path());
    let file = folder.path().join("wrong.toml");
    let secret = "secrets = { token = \"env:TRUNKLINE_TEST_UNSET\" }";
    let wrong = toml(free_address()).replace("shutdown_s = 5", "shutdown = 5");
    let text_of_file = format!("{wrong}{UNFIT}\n[channels.third]\nplugin = \"echo\"\n{secret}\n");
    std::fs::write(&file, text_of_file).unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    for part in [
        "[server] has no key `shutdown`",
        "the variable TRUNKLINE_TEST_UNSET is not set",
        "`settings.adress` of [channels.echo] does not fit its plugin",
        "[channels.third] needs `settings.url`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn a_keyword_that_means_stop_ends_with_2_and_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stop.toml");
    std::fs::write(&file, toml(free_address()) + "keyword = \"Stop!\"\n").unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let line = toml(free_address()).lines().count() + 1;
    let at = format!("stop.toml:{line}:1: the keyword `Stop!` begins nothing on acme-sms");
    assert!(said.contains(&at), "{said}");
}

#[test]
fn check_says_to_look_where_nothing_can_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, "").unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("no channel is configured"), "{said}");
    assert!(!said.contains("all is well"), "{said}");
    let without = toml(free_address()).replace("[[rules]]", "[[rules]]\nstatus = \"inactive\"");
    std::fs::write(&file, without).unwrap();
    let said = text(&trunkline(&["check", "--config", file.to_str().unwrap()]).stdout);
    let line = said
        .lines()
        .find(|line| line.contains("channel acme-sms: rules"));
    assert!(line.is_some_and(|line| line.starts_with("look")), "{said}");
}

#[test]
fn check_tells_what_does_not_work_apart_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, toml(free_address())).unwrap();
    std::fs::create_dir(folder.path().join("plugins")).unwrap();
    std::fs::write(folder.path().join("plugins/broken.wasm"), "no component").unwrap();
    let output = trunkline(&["check", "--json", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdict = |of: &str| {
        let lines = report["lines"].as_array().expect("lines").iter();
        let mut found = lines
            .filter(|line| line["of"] == of)
            .map(|line| line["verdict"].clone());
        found.next_back().unwrap_or_default()
    };
    assert_eq!(verdict("store"), "good", "{report}");
    assert_eq!(verdict("plugin broken.wasm"), "bad", "{report}");
    assert_eq!(verdict("channel acme-sms"), "bad", "{report}");
    assert_eq!(verdict("ECE acme"), "bad", "{report}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("plugins"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!folder.path().join("trunkline.db").exists());
}

/// Plugins are looked at in a copy of the folder, which is gone when anybody reads about it.
#[test]
fn check_names_the_configured_folder_and_says_when_it_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    let toml = format!("[plugins]\ndir = \"plugin\"\n{}", toml(free_address()));
    std::fs::write(&file, toml).unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    let said = text(&output.stdout);
    let meant = folder.path().join("plugin");
    let meant = meant.to_str().unwrap();
    assert!(
        said.contains(&format!("{meant} does not exist yet")),
        "{said}"
    );
    assert!(
        said.contains(&format!("its file belongs into {meant}\n")),
        "{said}"
    );
}

#[test]
fn check_says_when_a_token_cannot_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trunkline.toml");
    let token = r#"
        [channels.acme-sms.secrets.auth_token.oauth2]
        token_url = "http://127.0.0.1:9/token"
        client_id = "trunkline"
        client_secret = "plain:hunter2"
    "#;
    std::fs::write(&file, toml(free_address()) + token).unwrap();
    let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let line = said.lines().find(|line| line.contains("secret auth_token"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(line.starts_with("BAD"), "{line}");
    assert!(
        line.contains("127.0.0.1, which gives the token, does not answer"),
        "{line}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn check_says_what_stands_between_this_machine_and_a_provider() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    let copied = std::fs::copy(plugin("sms"), plugins.join("sms.wasm"));
    copied.expect("`cargo xtask plugins` builds the plugins");
    let file = folder.path().join("trunkline.toml");
    let refused = "127.0.0.1 on port 9 refuses connections";
    let proxy = "the proxy http://127.0.0.1:9/ cannot be reached";
    for (server, api_base, wanted) in [
        ("", "http://127.0.0.1:9", refused),
        (
            "\nproxy = \"http://127.0.0.1:9\"",
            "https://api.example.com",
            proxy,
        ),
    ] {
        let channel = format!(
            "plugin = \"sms\"\n\
             settings = {{ account_sid = \"AC1\", number = \"+15550100\", api_base = \"{api_base}\" }}\n\
             secrets = {{ auth_token = \"plain:x\" }}"
        );
        let config = toml(free_address())
            .replace("shutdown_s = 5", &format!("shutdown_s = 5{server}"))
            .replace("plugin = \"sms\"", &channel);
        std::fs::write(&file, config).unwrap();
        let output = trunkline(&["check", "--config", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let line = said
            .lines()
            .find(|line| line.contains("channel acme-sms: account"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(line.starts_with("BAD") && line.contains(wanted), "{line}");
    }
}
