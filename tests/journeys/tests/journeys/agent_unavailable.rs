//! The use case "agent unavailable": nobody is signed in, or the entry point is switched off, and
//! the configuration says what becomes of the customer. Read from the stand-ins' ledgers.

use trunkline_harness::{World, WorldOptions};

use crate::steps::{WELCOME, bodies, dead_letters, gets, log, seen, texts, world_with, writes};

const CUSTOMER: &str = "+15550002";
const NO_AGENTS: &str = "Sorry! There are no agents available right now.";

/// A world in which Ann is signed out.
async fn deserted(no_agents: &str) -> World {
    let options = WorldOptions {
        on: format!(r#"{{ no-agents = "{no_agents}", hold_s = 900, then = "close" }}"#),
        ..WorldOptions::default()
    };
    let mut world = World::prepare(options)
        .await
        .expect("the world comes about");
    world.ece.set_agent("ann", false, false);
    world.host.start().await.expect("the host starts");
    world.until_live("sms").await.expect("the plugin is live");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_is_there_the_welcome_comes_first_and_then_the_no_agents_message() {
    let world = deserted("hold").await;
    writes(&world, CUSTOMER, "Anybody there?").await;
    gets(&world, CUSTOMER, NO_AGENTS).await;
    assert_eq!(bodies(&world, CUSTOMER), [WELCOME, NO_AGENTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_keeps_what_was_written_in_order_until_an_agent_signs_in() {
    let world = deserted("hold").await;
    writes(&world, CUSTOMER, "Anybody there?").await;
    gets(&world, CUSTOMER, NO_AGENTS).await;
    let lines = ["I can wait.", "Still here.", "And here."];
    for line in lines {
        writes(&world, CUSTOMER, line).await;
    }
    world.ece.set_agent("ann", true, true);
    let session = seen(&world, "And here.").await;
    let wanted = [&["Anybody there?"][..], &lines[..]].concat();
    assert_eq!(texts(&world, &session), wanted);
    world.ece.pick_up(&session, "ann").expect("it is queued");
    gets(&world, CUSTOMER, "You are now chatting with Ann.").await;
    let welcomes = bodies(&world, CUSTOMER);
    let welcomes = welcomes.iter().filter(|text| *text == WELCOME).count();
    assert_eq!(welcomes, 1, "welcome once a conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_the_conversation_and_the_next_message_begins_another() {
    let world = deserted("close").await;
    writes(&world, CUSTOMER, "Anybody there?").await;
    gets(&world, CUSTOMER, NO_AGENTS).await;
    dead_letters(&world, |letters| {
        letters.to_string().contains("Anybody there?")
    })
    .await;
    world.ece.set_agent("ann", true, true);
    writes(&world, CUSTOMER, "And now?").await;
    let session = seen(&world, "And now?").await;
    assert_eq!(
        texts(&world, &session),
        ["And now?"],
        "another conversation"
    );
    let welcomes = bodies(&world, CUSTOMER);
    let welcomes = welcomes.iter().filter(|text| *text == WELCOME).count();
    assert_eq!(welcomes, 2, "each conversation has its welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_makes_the_message_a_dead_letter_that_can_be_replayed() {
    let world = deserted("discard").await;
    writes(&world, CUSTOMER, "Anybody there?").await;
    let kept = |letters: &serde_json::Value| letters.to_string().contains("Anybody there?");
    let letters = dead_letters(&world, kept).await;
    let id = letters[0]["id"].as_i64().expect("a dead letter has an id");
    world.ece.set_agent("ann", true, true);
    let url = format!("{}/api/v1/dead-letters/{id}/replay", world.host.url());
    let answer = trunkline_harness::world::client()
        .post(url)
        .bearer_auth(trunkline_harness::world::ADMIN_TOKEN)
        .send()
        .await
        .expect("the admin API answers");
    assert_eq!(answer.status(), 200, "{letters:#}\n{}", log(&world));
    seen(&world, "Anybody there?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_point_that_is_switched_off_is_told_to_the_customer() {
    let world = world_with(WorldOptions {
        stages: r#"[ { ece = "acme", entry_point = "closed" } ]"#.to_owned(),
        ..WorldOptions::default()
    })
    .await;
    writes(&world, CUSTOMER, "Open?").await;
    gets(&world, CUSTOMER, "This service is closed.").await;
    assert_eq!(
        bodies(&world, CUSTOMER),
        [WELCOME, "This service is closed."]
    );
}
