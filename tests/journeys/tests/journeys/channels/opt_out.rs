//! Opting out at a channel's edge: however the provider spells it, it is the one event. Nothing more goes out there, and
//! the agent is told.

use serde_json::json;
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};

use super::five_channels;
use crate::steps::{agent_reads, dead_letters, log, phone_chat, phone_reads, phone_writes};

/// How many sends the channel's provider refused.
fn refused(world: &World, channel: Channel) -> usize {
    let channels = world.channels.as_ref().expect("it has them");
    match channel {
        Channel::Sms => world.sms.with_ledger(|ledger| ledger.refused.len()),
        Channel::WhatsApp => channels.whatsapp.with_ledger(|it| it.refused.len()),
        Channel::Messenger => channels.messenger.with_ledger(|it| it.refused.len()),
        Channel::Apple => channels.apple.with_ledger(|it| it.refused.len()),
        Channel::InApp => 0,
    }
}

/// The agent's words reach nobody, and the provider is not even asked.
async fn assert_silence(
    world: &World,
    phone: &Phone<'_>,
    channel: Channel,
    session: &str,
    words: &str,
) {
    let (before, refusals) = (phone.reads(), refused(world, channel));
    world.ece.say(session, words).expect("Ann has it");
    let kept = |letters: &serde_json::Value| letters.to_string().contains(words);
    dead_letters(world, kept).await;
    assert_eq!(phone.reads(), before, "{}", log(world));
    assert_eq!(refused(world, channel), refusals, "not even tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_twilios_opt_out_list_is_an_opt_out_that_the_agent_is_told() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::Sms, 50);
    let session = phone_chat(&world, &phone, "Hello").await;
    world.sms.set_opted_out("+15550050", true);
    world
        .ece
        .say(&session, "Are you there?")
        .expect("Ann has it");
    agent_reads(&world, "opted out").await;
    assert_eq!(refused(&world, Channel::Sms), 1);
    assert_silence(&world, &phone, Channel::Sms, &session, "Nobody hears this").await;
    phone_writes(&world, &phone, "START").await;
    agent_reads(&world, "opted in").await;
    world.ece.say(&session, "Welcome back").expect("Ann has it");
    phone_reads(&world, &phone, "Welcome back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_customer_who_stops_all_messages_hears_no_more_until_they_resume() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::WhatsApp, 51);
    let session = phone_chat(&world, &phone, "Hello").await;
    let whatsapp = &world.channels.as_ref().expect("it has them").whatsapp;
    let wish = async |value: &str| {
        let wish = json!({"wa_id": "49155500051", "category": "all_messages", "value": value, "timestamp": 1_795_000_000});
        let holds = json!({"user_preferences": [wish]});
        let answers = whatsapp.post_webhook("user_preferences", holds).await;
        let taken = [whatsapp_simulator::WebhookAnswer::Status(200)];
        assert_eq!(answers, taken, "{}", log(&world));
    };
    wish("stop").await;
    agent_reads(&world, "opted out").await;
    assert_silence(
        &world,
        &phone,
        Channel::WhatsApp,
        &session,
        "Nobody hears this",
    )
    .await;
    wish("resume").await;
    agent_reads(&world, "opted in").await;
    world.ece.say(&session, "Welcome back").expect("Ann has it");
    phone_reads(&world, &phone, "Welcome back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_blocks_the_page_on_messenger_opted_out_until_they_unblock_it_and_write() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::Messenger, 52);
    let session = phone_chat(&world, &phone, "Hello").await;
    let messenger = &world.channels.as_ref().expect("it has them").messenger;
    let page = messenger.config().pages[0].id.clone();
    messenger.set_blocked(&page, "770000052", true);
    world
        .ece
        .say(&session, "Are you there?")
        .expect("Ann has it");
    agent_reads(&world, "opted out").await;
    assert_silence(
        &world,
        &phone,
        Channel::Messenger,
        &session,
        "Nobody hears this",
    )
    .await;
    messenger.set_blocked(&page, "770000052", false);
    phone_writes(&world, &phone, "Sorry, that was a slip").await;
    agent_reads(&world, "opted in").await;
    world.ece.say(&session, "Welcome back").expect("Ann has it");
    phone_reads(&world, &phone, "Welcome back").await;
    phone_writes(&world, &phone, "STOP").await;
    phone_writes(&world, &phone, "But one more thing").await;
    agent_reads(&world, "But one more thing").await;
    assert_silence(&world, &phone, Channel::Messenger, &session, "Nor this").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apple_customer_who_deletes_the_thread_hears_nothing_until_they_write_again() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::Apple, 53);
    let session = phone_chat(&world, &phone, "Hello").await;
    let apple = &world.channels.as_ref().expect("it has them").apple;
    let before = phone.reads();
    let closed = apple.customer_closes("urn:mbid:customer-0053").await;
    assert_eq!(closed, 200);
    agent_reads(&world, "opted out").await;
    // ECE may have ended the chat by now: then there is nobody left to say anything.
    let _ = world.ece.say(&session, "Nobody hears this");
    phone_writes(&world, &phone, "Back again").await;
    let again = crate::steps::picked_up(&world, "Back again").await;
    world.ece.say(&again, "Welcome back").expect("Ann has it");
    phone_reads(&world, &phone, "Welcome back").await;
    let after = phone.reads();
    assert!(after.starts_with(&before));
    assert!(
        !after.contains(&"Nobody hears this".to_owned()),
        "{after:?}"
    );
    assert_eq!(refused(&world, Channel::Apple), 0, "nothing was even tried");
}
