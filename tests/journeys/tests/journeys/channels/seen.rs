//! Read marks: a customer sees that an agent has what they wrote, and not before one has.

use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};

use super::five_channels;
use crate::steps::{agent_reads, log, phone_reads, phone_writes, seen, until};

/// The host has settled so many messages to customers: nothing is under way that a mark would give way to.
async fn delivered(world: &World, messages: usize) {
    let enough = |count: &serde_json::Value| {
        count["name"] == "delivered_to_customers"
            && count["value"].as_u64() >= Some(messages as u64)
    };
    let settled = world.until_status(|status| {
        let counts = status["counts"].as_array();
        counts.is_some_and(|counts| counts.iter().any(enough))
    });
    settled.await.expect("all that is on phones is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_wrote_is_marked_as_seen_once_an_agent_has_it() {
    let world = five_channels().await;
    let mut on_phones = 0;
    for channel in [Channel::WhatsApp, Channel::Messenger, Channel::InApp] {
        let name = channel.name();
        let phone = Phone::new(&world, channel, 30);
        let hello = format!("Hello by {name}");
        phone_writes(&world, &phone, &hello).await;
        let session = seen(&world, &hello).await;
        delivered(&world, on_phones + phone.reads().len()).await;
        assert_eq!(phone.seen(), 0, "{name}: it waits in a queue");

        world.ece.pick_up(&session, "ann").expect("it is queued");
        let what = format!("{name}: a mark for what waited");
        until(&world, &what, || phone.seen() == 1).await;

        phone_reads(&world, &phone, "You are now chatting with Ann.").await;
        delivered(&world, on_phones + phone.reads().len()).await;
        let more = format!("And this by {name}");
        phone_writes(&world, &phone, &more).await;
        agent_reads(&world, &more).await;
        let what = format!("{name}: a mark for what came to her");
        until(&world, &what, || phone.seen() == 2).await;

        world.ece.complete(&session).expect("she has it");
        phone_reads(&world, &phone, "The agent has marked your chat closed.").await;
        on_phones += phone.reads().len();
    }
    let whatsapp = &world.channels.as_ref().expect("it has them").whatsapp;
    let (marked, received) = whatsapp.with_ledger(|ledger| {
        let marked = ledger
            .signals
            .iter()
            .map(|signal| signal.message_id.clone());
        let received = ledger.received.iter().map(|message| message.id.clone());
        (marked.collect::<Vec<_>>(), received.collect::<Vec<_>>())
    });
    assert_eq!(marked, received, "each by its own id\n{}", log(&world));
}
