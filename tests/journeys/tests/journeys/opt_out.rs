//! STOP and START: after a customer opted out nothing more goes to them, the agent is told, and
//! opting in opens the channel again. The provider's stand-in records also what it refuses.

use trunkline_harness::world::PATIENCE;

use crate::steps::{bodies, chat, gets, log, seen, texts, world, writes};

const CUSTOMER: &str = "+15550004";

#[tokio::test(flavor = "multi_thread")]
async fn after_stop_nothing_goes_out_and_the_agent_is_told_until_start_reopens() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    writes(&world, CUSTOMER, "STOP").await;
    told(&world, "opted out").await;
    let before = bodies(&world, CUSTOMER);
    world.ece.say(&session, "Too late").expect("Ann has it");
    world
        .ece
        .say(&session, "Too late again")
        .expect("Ann has it");
    writes(&world, CUSTOMER, "I can still write").await;
    seen(&world, "I can still write").await;
    let told_each_time = world.ece.wait_for(
        |ledger| {
            let record = ledger.conversation(&session).expect("it was started");
            let texts = record.texts().into_iter();
            texts.filter(|text| text.contains("not delivered")).count() == 2
        },
        PATIENCE,
    );
    let told_each_time = told_each_time.await;
    assert!(
        told_each_time.is_ok(),
        "the agent hears of each: {:?}\n{}",
        texts(&world, &session),
        log(&world)
    );
    let letters = world
        .admin("dead-letters")
        .await
        .expect("it answers")
        .to_string();
    assert!(
        letters.contains("Too late again") && letters.contains("the customer opted out"),
        "{letters}"
    );
    writes(&world, CUSTOMER, "START").await;
    told(&world, "opted in").await;
    world.ece.say(&session, "Welcome back").expect("Ann has it");
    gets(&world, CUSTOMER, "Welcome back").await;
    let after = [before, vec!["Welcome back".to_owned()]].concat();
    assert_eq!(
        bodies(&world, CUSTOMER),
        after,
        "nothing between STOP and START"
    );
    let refused = world.sms.with_ledger(|ledger| ledger.refused.clone());
    assert_eq!(refused, [], "nothing was even tried\n{}", log(&world));
    assert!(texts(&world, &session).contains(&"I can still write".to_owned()));
}

/// The agent reads a line about the customer's choice.
async fn told(world: &trunkline_harness::World, words: &str) {
    let told = world.agent_sees(|text| text.contains(words)).await;
    assert!(
        told.is_ok(),
        "the agent does not read `{words}`\n{}",
        log(world)
    );
}
