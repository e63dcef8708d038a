//! ECE refuses connections for a while: what customers write is answered 200, waits, and arrives once
//! and in order when ECE is back.

use ece_simulator::Outage;
use trunkline_harness::WorldOptions;
use trunkline_harness::world::{by_hand, echo};

use crate::steps::{chat, gets, log, seen, texts, world_with, writes};

#[tokio::test(flavor = "multi_thread")]
async fn while_ece_is_down_messages_of_running_and_new_conversations_wait_in_order() {
    let world = world_with(WorldOptions {
        agents: vec![by_hand("ann", "Ann")],
        ..WorldOptions::default()
    })
    .await;
    let (known, new) = ("+15550011", "+15550012");
    let session = chat(&world, known, "before").await;
    world.ece.set_outage(Outage::Refuses);
    for number in 1..=5 {
        writes(&world, known, &format!("known {number}")).await;
        writes(&world, new, &format!("new {number}")).await;
    }
    world.ece.set_outage(Outage::None);
    seen(&world, "known 5").await;
    let another = seen(&world, "new 5").await;
    let lines = |who: &str| {
        (1..=5)
            .map(move |n| format!("{who} {n}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&world, &session)[1..], lines("known"));
    assert_eq!(texts(&world, &another), lines("new"));
    world.ece.say(&session, "back again").expect("Ann has it");
    gets(&world, known, "back again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_in_the_middle_of_an_answer_loses_nothing() {
    let world = world_with(WorldOptions {
        agents: vec![echo()],
        ..WorldOptions::default()
    })
    .await;
    let customer = "+15550013";
    writes(&world, customer, "one").await;
    gets(&world, customer, "echo: one").await;
    for round in 0..3 {
        world.ece.set_outage(Outage::Unavailable);
        let line = format!("round {round}");
        writes(&world, customer, &line).await;
        world.ece.set_outage(Outage::None);
        gets(&world, customer, &format!("echo: {line}")).await;
    }
    let said: Vec<String> = (0..3).map(|round| format!("round {round}")).collect();
    let count = world.to_agents(customer, &said);
    assert!(count.is_clean(), "{count}\n{}", log(&world));
}
