//! Every file in `tests/config` is broken; beside it stands what an operator reads about it.
//! `TRUNKLINE_BLESS=1` writes the expected texts anew.

use std::path::{Path, PathBuf};

use trunkline_core::event::Unavailable;
use trunkline_core::id::{BotName, ChannelName, EntryPointName, IntegrationName, JourneyName};
use trunkline_core::settings::{PickEntryPoint, Policy, RuleEvent, Stage};
use trunkline_server::config::{Complaints, Config, PluginSecret, Sources, parse};

/// A root of nobody's, without its key.
const CA: &[u8] = include_bytes!("corp-ca.pem");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn example_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/example.toml")
}

/// A file, with an environment that has what the example asks for.
fn read(path: &Path, folder: &Path) -> Result<Config, Complaints> {
    let known = [
        "ECE_CLIENT_ID",
        "ECE_CLIENT_SECRET",
        "ECE_CB_USER",
        "ECE_CB_PASS",
        "TWILIO_TOKEN",
    ];
    let variable = |name: &str| known.contains(&name).then(|| format!("value of {name}"));
    let sources = Sources {
        variable: &variable,
        folder: folder.to_owned(),
    };
    let text = std::fs::read_to_string(path).expect("the file is there");
    let name = path.file_name().expect("it has a name");
    parse(&text, Path::new(name), &sources)
}

fn broken_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_complaint_about_a_broken_file_comes_at_once_with_its_place() {
    let mut wrong = Vec::new();
    let files = broken_files();
    assert!(files.len() >= 10, "the broken files are gone");
    for file in files {
        let complaints = read(&file, Path::new("")).expect_err("the file is broken");
        let expected_path = file.with_extension("expected.txt");
        let found = format!("{complaints}\n");
        if std::env::var_os("TRUNKLINE_BLESS").is_some() {
            std::fs::write(&expected_path, &found).expect("written");
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn example() -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("corp-ca.pem"), CA).expect("written");
    match read(&example_path(), folder.path()) {
        Ok(config) => config,
        Err(complaints) => panic!("{complaints}"),
    }
}

#[test]
fn a_service_that_is_switched_off_takes_its_rules_along() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("corp-ca.pem"), CA).expect("written");
    let file = folder.path().join("trunkline.toml");
    let example = std::fs::read_to_string(example_path()).expect("it is there");
    let switched = format!("{example}\n[services.MyCiscoECEService]\nstatus = \"inactive\"\n");
    std::fs::write(&file, switched).expect("written");
    let config = read(&file, folder.path()).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert!(!config.rules[0].active);
    assert!(example_rule_is_on());
}

fn example_rule_is_on() -> bool {
    example().rules[0].active
}

/// A rotation is done in a hurry, and rarely: what the example shows of it must work as it stands.
#[test]
fn both_values_of_a_secret_that_is_rotated_are_written_as_the_example_shows() {
    let text = std::fs::read_to_string(example_path()).expect("the file is there");
    let plain = "secrets = { auth_token = \"env:TWILIO_TOKEN\" }";
    let both = text.lines().find_map(|line| {
        line.strip_prefix("# ")
            .filter(|line| line.contains("auth_token = ["))
    });
    let text = text.replace(plain, both.expect("it is shown"));
    let text = text.replace("\"corp-ca.pem\"", "\"../server/corp-ca.pem\"");
    let sources = Sources {
        variable: &|name| Some(name.to_owned()),
        folder: folder(),
    };
    let config = parse(&text, Path::new("example.toml"), &sources).expect("it is right");
    let sms = &config.channels[&ChannelName::from("acme-sms")];
    let PluginSecret::Kept { current, previous } = &sms.secrets["auth_token"] else {
        panic!("it is a text");
    };
    assert_eq!(current.reveal(), "TWILIO_TOKEN");
    let previous = previous.as_ref().map(|secret| secret.reveal());
    assert_eq!(previous, Some("TWILIO_TOKEN_BEFORE"));
}

#[test]
fn the_example_is_read_whole() {
    let config = example();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url, "https://chat.example.com");
    assert_eq!(config.server.time_zone, "Europe/Berlin");
    let acme = &config.integrations[&IntegrationName::from("acme")];
    assert_eq!(acme.ece.callback_url, "https://trunkline.corp");
    assert_eq!(acme.ece.ca_file.as_deref(), Some(CA));
    let ids: Vec<&str> = acme.ece.entry_points.values().map(String::as_str).collect();
    assert_eq!(ids, ["1001", "1002"]);
    let support = &acme.core.entry_points[&EntryPointName::from("support")];
    let hours = support.hours.as_ref().expect("it has hours");
    assert_eq!(hours.time_zone, "Europe/Berlin");
    assert_eq!(hours.week[4], [(480, 1_200)]);
    assert_eq!(hours.week[5], [(540, 780)]);
    assert_eq!(hours.week[6], []);
    assert_eq!(hours.closed, [(2026, 12, 25)]);
    let messages = &acme.core.messages["default"];
    assert_eq!(messages.unavailable.len(), 2);
    assert!(messages.page_push.is_some());
    let sms = &config.channels[&ChannelName::from("acme-sms")];
    assert_eq!(sms.plugin.as_str(), "sms");
    assert_eq!(sms.settings["number"].as_str(), Some("+15550100"));
    assert!(config.bots.contains_key(&BotName::from("csat")));
}

#[test]
fn the_journey_of_the_example_goes_bot_agents_bot() {
    let config = example();
    let journey = &config.journeys[&JourneyName::from("support")];
    let [Stage::Bot(first), Stage::Ece(ece), Stage::Bot(last)] = journey.stages.as_slice() else {
        panic!("other stages: {:?}", journey.stages);
    };
    assert_eq!((first.as_str(), last.as_str()), ("faq", "csat"));
    let fallback = EntryPointName::from("support");
    assert_eq!(ece.entry_point, PickEntryPoint::ByLanguage { fallback });
    assert_eq!(ece.attributes, [("topic".to_owned(), "orders".to_owned())]);
    let policies = &journey.on_unavailable;
    assert_eq!(policies.on[&Unavailable::EntryPointDisabled], Policy::Close);
    assert_eq!(policies.on[&Unavailable::NoAgents], Policy::Hold);
    assert_eq!(policies.hold_ms, 900_000);
    assert_eq!(policies.nobody_answers_ms, 3_600_000);
}

#[test]
fn the_dates_of_a_rule_begin_at_midnight_where_the_host_says_it_is() {
    let config = example();
    let rule = &config.rules[0];
    assert_eq!(rule.event, RuleEvent::Message);
    assert_eq!(rule.keyword.as_deref(), Some("ORDERS"));
    // 2026-01-01T00:00 in Berlin is an hour before midnight UTC.
    assert_eq!(rule.starts.map(|at| at.0), Some(1_767_222_000_000));
}

#[test]
fn the_ece_guide_has_a_row_for_every_key_of_wire_and_no_other() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ece.md");
    let guide = std::fs::read_to_string(guide).expect("the guide is there");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let refused = toml::from_str::<trunkline_ece::Unknowns>("no_such_key = 1");
    let refused = refused.expect_err("it is no key");
    let (_, keys) = refused
        .message()
        .split_once(", expected one of ")
        .expect("the keys");
    let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
    assert_eq!(rows, keys);
}

#[test]
fn a_configuration_prints_no_secret() {
    let printed = format!("{:?}", example());
    assert!(!printed.contains("value of"), "{printed}");
}
