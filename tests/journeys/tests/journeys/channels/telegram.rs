//! A sixth channel, by a plugin that the host's makers never saw: the example of the SDK, dropped into a world that runs.

use telegram_simulator::{CustomerMessage, Ledger, TelegramConfig, TelegramSimulator};
use trunkline_harness::world::PATIENCE;
use trunkline_harness::{World, WorldOptions};

use super::{rule, webhook};
use crate::steps::{log, picked_up, seen, world_with};

const CHANNEL: &str = "acme-telegram";
const CHAT: i64 = 4711;

fn channel(telegram: &TelegramSimulator) -> String {
    let config = telegram.config();
    format!(
        r#"
[channels.{CHANNEL}]
plugin = "telegram"
settings = {{ bot = "{bot}", api_base = "{base}" }}
secrets = {{ token = "plain:{token}", secret_token = "plain:{secret}" }}
"#,
        bot = config.username,
        base = telegram.base_url(),
        token = config.token,
        secret = config.secret_token,
    )
}

async fn gets(world: &World, telegram: &TelegramSimulator, text: &str) {
    let got = |ledger: &Ledger| ledger.texts_to(CHAT).contains(&text);
    let arrived = telegram.wait_for(got, PATIENCE).await;
    assert!(arrived.is_ok(), "no `{text}`\n{}", log(world));
}

#[tokio::test(flavor = "multi_thread")]
async fn telegrams_example_plugin_dropped_into_a_running_world_is_live_and_talks() {
    let telegram = TelegramSimulator::start(TelegramConfig::default()).await;
    let telegram = telegram.expect("the stand-in starts");
    let world = world_with(WorldOptions {
        more: channel(&telegram) + &rule(&[CHANNEL]),
        ..WorldOptions::default()
    })
    .await;
    telegram.set_webhook(&webhook(&world, CHANNEL));
    let customer = "+15550041";
    let by_sms = crate::steps::chat(&world, customer, "Hello by SMS").await;
    let file = world.built.example("telegram");
    world.drop_in(&file).expect("the example was built");
    world.until_live("telegram").await.expect("it is live");
    let hello = CustomerMessage::text(CHAT, "Hello by \u{2708} Telegram");
    telegram.deliver(hello).await;
    let session = picked_up(&world, "Hello by \u{2708} Telegram").await;
    gets(&world, &telegram, "You are now chatting with Ann.").await;
    world
        .ece
        .say(&session, "Hello there \u{1f642}")
        .expect("Ann has it");
    gets(&world, &telegram, "Hello there \u{1f642}").await;
    crate::steps::writes(&world, customer, "And still by SMS").await;
    assert_eq!(seen(&world, "And still by SMS").await, by_sms);
}
