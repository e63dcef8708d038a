//! Who a customer is when their address changes: WhatsApp's customers move to another number, or hide it.

use std::sync::Arc;

use trunkline_harness::World;
use trunkline_harness::world::PATIENCE;
use whatsapp_simulator::{SentMessage, WhatsAppSimulator};

use super::five_channels;
use crate::steps::{log, picked_up, seen, texts};

fn whatsapp(world: &World) -> &WhatsAppSimulator {
    &world.channels.as_ref().expect("it has them").whatsapp
}

async fn writes(world: &World, number: &str, text: &str) {
    let status = whatsapp(world)
        .customer_sends(number, text, Vec::new())
        .await;
    assert_eq!(status, 200, "{}", log(world));
}

/// The message with this text, once the customer of this number has it.
async fn gets(world: &World, number: &str, text: &str) -> Arc<SentMessage> {
    let find = |ledger: &whatsapp_simulator::Ledger| {
        let mut messages = ledger.messages.iter();
        let theirs = messages.find(|one| one.to == number && one.body == text);
        theirs.cloned()
    };
    let arrived = whatsapp(world).wait_for(|ledger| find(ledger).is_some(), PATIENCE);
    let arrived = arrived.await;
    assert!(
        arrived.is_ok(),
        "{number} does not get `{text}`\n{}",
        log(world)
    );
    whatsapp(world).with_ledger(find).expect("it was there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_customer_who_moves_to_another_number_stays_in_the_same_conversation() {
    let world = five_channels().await;
    let (old, new) = ("491555000001", "491555000002");
    writes(&world, old, "Hello from the old number").await;
    let session = picked_up(&world, "Hello from the old number").await;
    let moved = whatsapp(&world).customer_changes_number(old, new).await;
    assert_eq!(moved.status(), 200);
    writes(&world, new, "And from the new one").await;
    assert_eq!(seen(&world, "And from the new one").await, session);
    world
        .ece
        .say(&session, "We have both.")
        .expect("Ann has it");
    gets(&world, new, "We have both.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_customer_who_hides_the_number_stays_in_the_same_conversation() {
    let world = five_channels().await;
    let number = "491555000003";
    writes(&world, number, "Here is my number").await;
    let session = picked_up(&world, "Here is my number").await;
    whatsapp(&world).hide_number(number, true);
    writes(&world, number, "Now you see it no more").await;
    assert_eq!(seen(&world, "Now you see it no more").await, session);
    world
        .ece
        .say(&session, "But we know you.")
        .expect("Ann has it");
    gets(&world, number, "But we know you.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_customer_who_never_showed_a_number_is_answered_by_their_id() {
    let world = five_channels().await;
    let number = "491555000004";
    whatsapp(&world).hide_number(number, true);
    writes(&world, number, "Guess who").await;
    let session = picked_up(&world, "Guess who").await;
    world.ece.say(&session, "A customer.").expect("Ann has it");
    let answer = gets(&world, number, "A customer.").await;
    assert!(answer.by_bsuid, "there is no other address");
    whatsapp(&world).hide_number(number, false);
    writes(&world, number, "Here it is").await;
    assert_eq!(seen(&world, "Here it is").await, session);
    assert_eq!(texts(&world, &session), ["Guess who", "Here it is"]);
}
