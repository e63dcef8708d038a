//! Read marks: a customer sees that an agent has what they wrote, and not before one has.

use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};

use super::five_channels;
use crate::steps::{agent_reads, log, phone_reads, phone_writes, seen, until};

/// Nothing is under way that a mark would give way to.
async fn at_rest(world: &World) {
    let nobody_in_work = |count: &serde_json::Value| {
        count["name"] == "customers_in_work" && count["value"].as_u64() == Some(0)
    };
    let settled = world.until_status(|status| {
        let counts = status["counts"].as_array();
        counts.is_some_and(|counts| counts.iter().any(nobody_in_work))
    });
    settled.await.expect("all that was to be done is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_wrote_is_marked_as_seen_once_an_agent_has_it() {
    let world = five_channels().await;
    for channel in [Channel::WhatsApp, Channel::Messenger, Channel::InApp] {
        let name = channel.name();
        let phone = Phone::new(&world, channel, 30);
        let hello = format!("Hello by {name}");
        phone_writes(&world, &phone, &hello).await;
        let session = seen(&world, &hello).await;
        at_rest(&world).await;
        assert_eq!(phone.seen(), 0, "{name}: it waits in a queue");

        world.ece.pick_up(&session, "ann").expect("it is queued");
        let what = format!("{name}: a mark for what waited");
        until(&world, &what, || phone.seen() == 1).await;

        phone_reads(&world, &phone, "You are now chatting with Ann.").await;
        at_rest(&world).await;
        let more = format!("And this by {name}");
        phone_writes(&world, &phone, &more).await;
        agent_reads(&world, &more).await;
        let what = format!("{name}: a mark for what came to her");
        until(&world, &what, || phone.seen() == 2).await;

        world.ece.complete(&session).expect("she has it");
        phone_reads(&world, &phone, "The agent has marked your chat closed.").await;
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
