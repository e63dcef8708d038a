//! A bot's choices: on each channel in the richest form it has, and what the customer taps comes back as the choice.

use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::{World, WorldOptions};
use whatsapp_simulator::{CustomerMessage, Said};

use crate::steps::{log, phone_reads, phone_writes, world_with};

const QUESTION: &str = "What is it about?";
const TITLES: [&str; 3] = ["An order", "A return", "Something else"];
/// What the bot says to the second choice, the customer's second message.
const CHOSEN: &str = "2: A return (topic-return)";

async fn world_with_menu() -> World {
    let world = world_with(WorldOptions {
        channels: true,
        guests: vec!["echo-bot".to_owned()],
        stages: r#"[ { bot = "echo" }, { ece = "acme", entry_point = "support" } ]"#.to_owned(),
        more: "[bots.echo]\nplugin = \"echo-bot\"\n".to_owned(),
        ..WorldOptions::default()
    })
    .await;
    world.until_live("echo-bot").await.expect("the bot is live");
    world
}

/// The customer has asked for the menu and reads the question.
async fn asked<'a>(world: &'a World, channel: Channel) -> Phone<'a> {
    let phone = Phone::new(world, channel, 70);
    phone_writes(world, &phone, "menu").await;
    phone_reads(world, &phone, QUESTION).await;
    phone
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_buttons_on_whatsapp_and_the_tap_comes_back_as_the_choice() {
    let world = world_with_menu().await;
    let phone = asked(&world, Channel::WhatsApp).await;
    let whatsapp = &world.channels.as_ref().expect("it has them").whatsapp;
    let number = "49155500070";
    let sent = whatsapp.with_ledger(|ledger| {
        let mut messages = ledger.messages_to(number);
        messages.find(|one| one.body == QUESTION).cloned()
    });
    let sent = sent.expect("it was read");
    assert_eq!(
        (sent.kind.as_str(), &sent.choices[..]),
        ("interactive", &TITLES.map(str::to_owned)[..])
    );
    let tap = Said::Button("topic-return".to_owned(), "A return".to_owned());
    let answer = whatsapp.deliver(CustomerMessage::new(number, tap)).await;
    assert_eq!(answer.status(), 200, "{}", log(&world));
    phone_reads(&world, &phone, CHOSEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_tapped_on_messenger_and_come_back_as_the_choice() {
    let world = world_with_menu().await;
    let phone = asked(&world, Channel::Messenger).await;
    let messenger = &world.channels.as_ref().expect("it has them").messenger;
    let page = messenger.config().pages[0].id.clone();
    let titles = messenger.with_ledger(|ledger| {
        let mut sent = ledger.to(&page, "770000070");
        let asked = sent
            .find(|one| one.line() == QUESTION)
            .expect("it was read");
        let choices = asked.choices.iter();
        choices.map(|(title, _)| title.clone()).collect::<Vec<_>>()
    });
    assert_eq!(titles, TITLES);
    let status = messenger
        .customer_taps(&page, "770000070", "A return")
        .await;
    assert_eq!(status, 200, "{}", log(&world));
    phone_reads(&world, &phone, CHOSEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_picked_on_apple_messages_and_come_back_as_the_choice() {
    let world = world_with_menu().await;
    let phone = asked(&world, Channel::Apple).await;
    let apple = &world.channels.as_ref().expect("it has them").apple;
    let rich = apple.with_ledger(|ledger| {
        let mut messages = ledger.messages.iter();
        let asked = messages
            .find(|one| one.body == QUESTION)
            .expect("it was read");
        asked.interactive.as_ref().map(ToString::to_string)
    });
    let rich = rich.expect("it is more than text");
    assert!(TITLES.iter().all(|title| rich.contains(title)), "{rich}");
    let status = apple
        .customer_picks("urn:mbid:customer-0070", "topic-return")
        .await;
    assert_eq!(status, 200, "{}", log(&world));
    phone_reads(&world, &phone, CHOSEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_buttons_in_the_app_and_the_click_comes_back_as_the_choice() {
    let world = world_with_menu().await;
    let phone = asked(&world, Channel::InApp).await;
    let app = phone.app().expect("an in-app customer");
    let choices = app.choices(QUESTION);
    let titles: Vec<_> = choices.iter().map(|(_, title)| title.as_str()).collect();
    assert_eq!(titles, TITLES);
    let (id, title) = &choices[1];
    app.chooses(id, title);
    phone_reads(&world, &phone, CHOSEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_numbered_text_by_sms_and_the_number_comes_back_as_the_choice() {
    let world = world_with_menu().await;
    let phone = Phone::new(&world, Channel::Sms, 70);
    phone_writes(&world, &phone, "menu").await;
    let numbered = format!("{QUESTION}\n1. An order\n2. A return\n3. Something else");
    phone_reads(&world, &phone, &numbered).await;
    phone_writes(&world, &phone, "2").await;
    phone_reads(&world, &phone, CHOSEN).await;
}
