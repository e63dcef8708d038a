//! Several accounts behind one address: Meta has one callback URL an app, for all its Pages.

use messenger_simulator::config::Page;
use messenger_simulator::{CustomerMessage, MessengerConfig, MessengerSimulator};
use trunkline_harness::World;
use trunkline_harness::world::PATIENCE;

use super::{rule, webhook, world_with_channels};
use crate::steps::{dead_letters, log, picked_up};

const BERLIN: &str = "100100100";
const PARIS: &str = "200200200";
/// A Page of the app that has no channel here.
const ROME: &str = "300300300";
/// The same digits at every Page: people there have nothing to do with each other.
const CUSTOMER: &str = "7700001";

/// One app with three Pages, of which two are channels; all of Meta's calls come to the first.
async fn two_pages() -> (World, MessengerSimulator) {
    let config = MessengerConfig {
        pages: [BERLIN, PARIS, ROME].map(Page::new).to_vec(),
        ..MessengerConfig::default()
    };
    let messenger = MessengerSimulator::start(config).await;
    let messenger = messenger.expect("the stand-in starts");
    let channels = [
        channel(&messenger, "berlin", 0),
        channel(&messenger, "paris", 1),
    ];
    let more = channels.concat() + &rule(&["berlin", "paris"]);
    let world = world_with_channels("messenger", more).await;
    messenger.set_webhook(&webhook(&world, "berlin"));
    (world, messenger)
}

fn channel(messenger: &MessengerSimulator, name: &str, page: usize) -> String {
    let config = messenger.config();
    let page = &config.pages[page];
    format!(
        r#"
[channels.{name}]
plugin = "messenger"
settings = {{ page_id = "{id}", api_base = "{base}" }}
secrets = {{ page_access_token = "plain:{token}", app_secret = "plain:{secret}", verify_token = "plain:{verify}" }}
"#,
        id = page.id,
        base = messenger.base_url(),
        token = page.access_token,
        secret = config.app_secret,
        verify = config.verify_token,
    )
}

async fn reads(world: &World, messenger: &MessengerSimulator, page: &str, text: &str) {
    let read = |ledger: &messenger_simulator::Ledger| {
        let texts = ledger.texts_to(page, CUSTOMER);
        texts.iter().any(|read| read == text)
    };
    let arrived = messenger.wait_for(read, PATIENCE).await;
    assert!(arrived.is_ok(), "no `{text}` from {page}\n{}", log(world));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_with_the_events_of_two_pages_reaches_both_channels() {
    let (world, messenger) = two_pages().await;
    let to = |page, text| CustomerMessage::text(page, CUSTOMER, text);
    let both = vec![to(BERLIN, "to Berlin"), to(PARIS, "to Paris")];
    assert_eq!(messenger.deliver_together(both).await.status(), 200);
    for (page, asked, answer) in [
        (BERLIN, "to Berlin", "Berlin answers"),
        (PARIS, "to Paris", "Paris answers"),
    ] {
        let session = picked_up(&world, asked).await;
        let texts = crate::steps::texts(&world, &session);
        assert_eq!(texts, [asked], "each has a conversation of its own");
        world.ece.say(&session, answer).expect("Ann has it");
        reads(&world, &messenger, page, answer).await;
    }
    let crossed = messenger.with_ledger(|ledger| ledger.texts_to(BERLIN, CUSTOMER));
    assert!(
        !crossed.contains(&"Paris answers".to_owned()),
        "{crossed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_for_a_page_that_nobody_configured_is_taken_and_kept_as_a_dead_letter() {
    let (world, messenger) = two_pages().await;
    let to = |page, text| CustomerMessage::text(page, CUSTOMER, text);
    let mixed = vec![to(ROME, "to Rome"), to(PARIS, "to Paris")];
    assert_eq!(messenger.deliver_together(mixed).await.status(), 200);
    picked_up(&world, "to Paris").await;
    let kept = |letters: &serde_json::Value| letters.to_string().contains("to Rome");
    let letters = dead_letters(&world, kept).await;
    assert_eq!(letters[0]["kind"], "unknown_account", "{letters:#}");
    let why = letters[0]["reason"].as_str().unwrap_or_default();
    assert!(why.contains(ROME), "it says which: {why}");
}
