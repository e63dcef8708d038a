//! The 24 hours after a customer's message in which Meta takes any answer, and what happens to a later one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use messenger_simulator::CustomerMessage as MessengerMessage;
use serde_json::json;
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::world::PATIENCE;
use whatsapp_simulator::{CustomerMessage, WhatsAppConfig, WhatsAppSimulator};

use super::{five_channels, rule, webhook, world_with_channels};
use crate::steps::{agent_reads, dead_letters, log, picked_up};

const HOUR: Duration = Duration::from_secs(3_600);
const NUMBER: &str = "491555000601";

fn seconds_ago(ago: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    (now.expect("the clock is set") - ago).as_secs()
}

async fn whatsapp(template: Option<&str>) -> (World, WhatsAppSimulator) {
    let whatsapp = WhatsAppSimulator::start(WhatsAppConfig::default()).await;
    let whatsapp = whatsapp.expect("the stand-in starts");
    let config = whatsapp.config();
    let template = template.map(|name| format!(", default_template = \"{name}\""));
    let more = format!(
        r#"
[channels.late]
plugin = "whatsapp"
settings = {{ phone_number_id = "{number}", api_base = "{base}"{template} }}
secrets = {{ access_token = "plain:{token}", app_secret = "plain:{secret}", verify_token = "plain:{verify}" }}
"#,
        number = config.phone_number_id,
        base = whatsapp.base_url(),
        template = template.unwrap_or_default(),
        token = config.access_token,
        secret = config.app_secret,
        verify = config.verify_token,
    );
    let world = world_with_channels("whatsapp", more + &rule(&["late"])).await;
    whatsapp.set_webhook(&webhook(&world, "late"));
    (world, whatsapp)
}

/// What a customer wrote 25 hours ago comes only now; Ann picks it up.
async fn late_chat(world: &World, whatsapp: &WhatsAppSimulator) -> String {
    let mut hello = CustomerMessage::text(NUMBER, "Written yesterday");
    let written = seconds_ago(25 * HOUR).to_string();
    hello.extra.insert("timestamp".to_owned(), json!(written));
    let delivered = whatsapp.deliver(hello).await;
    whatsapp.set_last_wrote(NUMBER, 25 * HOUR);
    assert_eq!(delivered.status(), 200);
    picked_up(world, "Written yesterday").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_whatsapps_window_goes_out_as_the_configured_template() {
    let (world, whatsapp) = whatsapp(Some("reopen:en_US")).await;
    let session = late_chat(&world, &whatsapp).await;
    world
        .ece
        .say(&session, "Sorry for the wait.")
        .expect("Ann has it");
    let got = |ledger: &whatsapp_simulator::Ledger| {
        let mut messages = ledger.messages_to(NUMBER);
        messages.any(|one| one.kind == "template" && one.body == "Sorry for the wait.")
    };
    let arrived = whatsapp.wait_for(got, PATIENCE).await;
    let sent = whatsapp.with_ledger(|ledger| format!("{:?}", ledger.messages));
    assert!(arrived.is_ok(), "{sent}\n{}", log(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_whatsapps_window_without_a_template_is_a_dead_letter_and_the_agent_reads_why()
 {
    let (world, whatsapp) = whatsapp(None).await;
    let session = late_chat(&world, &whatsapp).await;
    world
        .ece
        .say(&session, "Sorry for the wait.")
        .expect("Ann has it");
    let kept = |letters: &serde_json::Value| letters.to_string().contains("Sorry for the wait.");
    dead_letters(&world, kept).await;
    agent_reads(&world, "24 hours").await;
    let texts = whatsapp.with_ledger(|ledger| ledger.bodies_to(NUMBER).len());
    assert_eq!(texts, 0, "nothing reached the customer");
}

/// A message on Messenger that was written so long ago; Ann picks it up.
async fn late_on_messenger(world: &World, ago: Duration, number: u32) -> (String, String) {
    let messenger = &world.channels.as_ref().expect("it has them").messenger;
    let page = messenger.config().pages[0].id.clone();
    let customer = format!("77000{number:04}");
    let text = format!("Written long ago by {number}");
    let hello = MessengerMessage {
        at_ms: Some(seconds_ago(ago) * 1_000),
        ..MessengerMessage::text(&page, &customer, &text)
    };
    let delivered = messenger.deliver(hello).await;
    messenger.age_window(&page, &customer, ago);
    assert_eq!(delivered.status(), 200);
    (picked_up(world, &text).await, customer)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_answer_within_a_week_goes_out_on_messenger_with_the_human_agent_tag() {
    let world = five_channels().await;
    let (session, customer) = late_on_messenger(&world, 48 * HOUR, 62).await;
    world
        .ece
        .say(&session, "Sorry for the wait.")
        .expect("Ann has it");
    let phone = Phone::new(&world, Channel::Messenger, 62);
    crate::steps::phone_reads(&world, &phone, "Sorry for the wait.").await;
    let messenger = &world.channels.as_ref().expect("it has them").messenger;
    let page = messenger.config().pages[0].id.clone();
    let tag = messenger.with_ledger(|ledger| {
        let mut sent = ledger.to(&page, &customer);
        let answer = sent.find(|one| one.line() == "Sorry for the wait.");
        answer.and_then(|one| one.tag.clone())
    });
    assert_eq!(tag.as_deref(), Some("HUMAN_AGENT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_answer_after_a_week_on_messenger_is_a_dead_letter_and_the_agent_reads_why() {
    let world = five_channels().await;
    let (session, _) = late_on_messenger(&world, 8 * 24 * HOUR, 63).await;
    world
        .ece
        .say(&session, "Sorry for the wait.")
        .expect("Ann has it");
    let kept = |letters: &serde_json::Value| letters.to_string().contains("Sorry for the wait.");
    dead_letters(&world, kept).await;
    agent_reads(&world, "not delivered").await;
    let phone = Phone::new(&world, Channel::Messenger, 63);
    let reads = phone.reads();
    assert!(
        !reads.contains(&"Sorry for the wait.".to_owned()),
        "{reads:?}"
    );
}
