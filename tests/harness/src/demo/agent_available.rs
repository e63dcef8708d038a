//! An agent is there: Z48 to Z53.

use ece_simulator::Act;
use sms_simulator::Picture;

use super::script::{Script, Stop};
use crate::world::{PATIENCE, World};

const CUSTOMER: &str = "+15550001";

/// Plays the use case on SMS.
///
/// # Errors
/// The first step that does not happen.
pub async fn play(world: &World, script: &mut Script) -> Result<(), Stop> {
    script.part("Agent available");
    let session = first_message(world, script).await?;
    conversation(world, script, &session).await?;
    transfers(world, script, &session).await?;
    files(world, script, &session).await?;
    ending(world, script, &session).await
}

async fn first_message(world: &World, script: &mut Script) -> Result<String, Stop> {
    let text = "Hello, where is my order 4711? \u{1f4e6}";
    let status = world.sms.customer_sends(CUSTOMER, text, Vec::new()).await;
    script.step(
        "the customer writes an SMS; the webhook is answered 200",
        is(200, status),
    )?;
    let session = world.agent_sees(|seen| seen == text).await;
    let session = script.step(
        "Z48 the message reaches ECE character for character",
        session,
    )?;
    let welcome = world
        .customer_gets(CUSTOMER, |text| text == "Thank you for contacting us.")
        .await;
    script.step("Z48 the welcome message appears to the customer", welcome)?;
    Ok(session)
}

async fn conversation(world: &World, script: &mut Script, session: &str) -> Result<(), Stop> {
    script.step(
        "an agent picks the chat up",
        world.ece.pick_up(session, "ann"),
    )?;
    let assigned = world.customer_gets(CUSTOMER, |text| text == "You are now chatting with Ann.");
    script.step("Z49 the assigned message names the agent", assigned.await)?;
    let _ = world.ece.say(session, "It left the house this morning.");
    let got = world.customer_gets(CUSTOMER, |text| text == "It left the house this morning.");
    script.step("Z47 what the agent writes goes out as SMS", got.await)
}

async fn transfers(world: &World, script: &mut Script, session: &str) -> Result<(), Stop> {
    let to_bob = world.ece.act(
        session,
        &Act::TransferToAgent {
            agent: "bob".to_owned(),
        },
    );
    script.step("the agent transfers the chat to Bob", to_bob)?;
    let named = world.customer_gets(CUSTOMER, |text| text == "You have been transferred to Bob.");
    script.step("Z50 the transfer message names the agent", named.await)?;
    script.step("Bob picks it up", world.ece.pick_up(session, "bob"))?;
    let to_queue = world
        .ece
        .act(session, &Act::TransferToQueue { entry_point: 1001 });
    script.step("Bob puts it back into a queue", to_queue)?;
    let named = world.customer_gets(CUSTOMER, |text| {
        text == "You have been transferred to the Support queue."
    });
    script.step("Z50 the transfer message names the queue", named.await)?;
    script.step("Ann picks it up again", world.ece.pick_up(session, "ann"))
}

async fn files(world: &World, script: &mut Script, session: &str) -> Result<(), Stop> {
    let bytes: Vec<u8> = [0x89, b'P', b'N', b'G', 13, 10, 26, 10]
        .into_iter()
        .chain(0..=255)
        .collect();
    let picture = || Picture {
        content_type: "image/png".to_owned(),
        bytes: bytes.clone().into(),
    };
    let status = world
        .sms
        .customer_sends(CUSTOMER, "a picture of it", vec![picture()])
        .await;
    script.step("the customer sends a picture", is(200, status))?;
    offered(world, session, 1, script).await?;
    let accepted = world.ece.act(session, &Act::AcceptFile { name: None });
    script.step("the agent accepts it", accepted)?;
    let told = world.customer_gets(CUSTOMER, |text| {
        text == "The agent has accepted your attachment."
    });
    script.step("Z51 the accepted message appears", told.await)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let fetched = world.ece.wait_for(
        |ledger| super::fetched_size(ledger, session) == Some(size),
        PATIENCE,
    );
    script.step(
        "Z51 the agent's click downloads the very bytes",
        fetched.await,
    )?;
    let status = world
        .sms
        .customer_sends(CUSTOMER, "and another", vec![picture()])
        .await;
    script.step("the customer sends another picture", is(200, status))?;
    offered(world, session, 2, script).await?;
    let rejected = world.ece.act(session, &Act::RejectFile { name: None });
    script.step("the agent rejects it", rejected)?;
    let told = world.customer_gets(CUSTOMER, |text| {
        text == "The agent has rejected your attachment."
    });
    script.step("Z51 the rejected message appears", told.await)
}

async fn offered(
    world: &World,
    session: &str,
    count: usize,
    script: &mut Script,
) -> Result<(), Stop> {
    let offered = world.ece.wait_for(
        |ledger| {
            ledger
                .conversation(session)
                .is_some_and(|record| record.files().len() == count)
        },
        PATIENCE,
    );
    script.step("the agent is offered the file", offered.await)
}

async fn ending(world: &World, script: &mut Script, session: &str) -> Result<(), Stop> {
    let page = Act::PushPage {
        url: "https://shop.example/orders/4711".to_owned(),
    };
    script.step("the agent pushes a page", world.ece.act(session, &page))?;
    let shown = world.customer_gets(CUSTOMER, |text| {
        text == "The agent shares a page: https://shop.example/orders/4711"
    });
    script.step("Z52 the page message appears", shown.await)?;
    script.step("the agent completes the chat", world.ece.complete(session))?;
    let closed = world.customer_gets(CUSTOMER, |text| {
        text == "The agent has marked your chat closed."
    });
    script.step("Z53 the closed message appears", closed.await)
}

/// The status that was expected, or a line that says which came.
pub(super) fn is(wanted: u16, status: u16) -> Result<(), String> {
    if status == wanted {
        Ok(())
    } else {
        Err(format!("the host answered {status}"))
    }
}
