//! Nobody is there: Z54 to Z56.

use super::agent_available::is;
use super::script::{Script, Stop};
use crate::world::World;

const WELCOME: &str = "Thank you for contacting us.";
const NO_AGENTS: &str = "Sorry! There are no agents available right now.";

/// Plays the use case on SMS: hold, close, discard, then the entry point switched off.
///
/// # Errors
/// The first step that does not happen.
pub async fn play(world: &World, script: &mut Script) -> Result<(), Stop> {
    script.part("Agent unavailable");
    world.ece.set_agent("ann", false, false);
    world.ece.set_agent("bob", false, false);
    hold(world, script).await?;
    world.ece.set_agent("ann", false, false);
    world.ece.set_agent("bob", false, false);
    ended(world, script, "+15550003", "CLOSE please", "close").await?;
    ended(world, script, "+15550004", "DISCARD this", "discard").await?;
    switched_off(world, script).await?;
    world.ece.set_agent("ann", true, true);
    world.ece.set_agent("bob", true, true);
    Ok(())
}

async fn hold(world: &World, script: &mut Script) -> Result<(), Stop> {
    let customer = "+15550002";
    let status = world
        .sms
        .customer_sends(customer, "Anybody there?", Vec::new())
        .await;
    script.step(
        "the customer writes while nobody is signed in",
        is(200, status),
    )?;
    let got = world
        .customer_gets(customer, |text| text == NO_AGENTS)
        .await;
    script.step("Z55 the no-agents message appears", got)?;
    let bodies: Vec<String> = world.sms.with_ledger(|ledger| {
        ledger
            .bodies_to(customer)
            .into_iter()
            .map(str::to_owned)
            .collect()
    });
    let order = if bodies == [WELCOME, NO_AGENTS] {
        Ok(())
    } else {
        Err(format!("{bodies:?}"))
    };
    script.step("Z54 and the welcome message came before it", order)?;
    let status = world
        .sms
        .customer_sends(customer, "I can wait.", Vec::new())
        .await;
    script.step("Z56 hold: the customer writes on", is(200, status))?;
    world.ece.set_agent("ann", true, true);
    let session = world.agent_sees(|text| text == "I can wait.").await;
    let session = script.step(
        "Z56 hold: an agent signs in, and both messages reach ECE",
        session,
    )?;
    let seen = world.ece.with_ledger(|ledger| {
        ledger
            .conversation(&session)
            .map(|record| record.texts().iter().map(|t| (*t).to_owned()).collect())
    });
    let seen: Vec<String> = seen.unwrap_or_default();
    let order = if seen == ["Anybody there?", "I can wait."] {
        Ok(())
    } else {
        Err(format!("{seen:?}"))
    };
    script.step("Z56 hold: in the order written, none twice", order)?;
    script.step("the agent picks it up", world.ece.pick_up(&session, "ann"))?;
    script.step("and completes it", world.ece.complete(&session))
}

async fn ended(
    world: &World,
    script: &mut Script,
    customer: &str,
    text: &str,
    policy: &str,
) -> Result<(), Stop> {
    let status = world.sms.customer_sends(customer, text, Vec::new()).await;
    script.step(
        &format!("Z56 {policy}: the customer writes \"{text}\""),
        is(200, status),
    )?;
    let got = world
        .customer_gets(customer, |text| text == NO_AGENTS)
        .await;
    script.step(&format!("Z56 {policy}: the no-agents message appears"), got)?;
    let dead = dead_letter(world, text).await;
    script.step(
        &format!("Z56 {policy}: the message is a dead letter that can be replayed"),
        dead,
    )?;
    let (says, announced) = match policy {
        "discard" => ("the trace says so, and the channel is told nothing", false),
        _ => ("the channel is told that the conversation is over", true),
    };
    let told = ended_as(world, customer, announced).await;
    script.step(&format!("Z56 {policy}: {says}"), told)?;
    let again = format!("{text}, again");
    let status = world.sms.customer_sends(customer, &again, Vec::new()).await;
    script.step(
        &format!("Z56 {policy}: the customer writes \"{again}\""),
        is(200, status),
    )?;
    script.step(
        &format!("Z56 {policy}: which begins anew, with a welcome"),
        welcomed(world, customer, 2).await,
    )
}

/// What tells the two ends apart: "close" tells the channel, "discard" ends without a word and is called that.
async fn ended_as(world: &World, customer: &str, announced: bool) -> Result<(), String> {
    let trace = world.admin(&format!("trace/{customer}")).await;
    let trace = trace.unwrap_or_default().to_string();
    let told = trace.contains("to the customer: the conversation is over");
    let discarded = trace.contains("closed: discarded");
    if told == announced && discarded != announced {
        Ok(())
    } else {
        Err(trace)
    }
}

/// Waits until the customer has been welcomed so often.
async fn welcomed(world: &World, customer: &str, times: usize) -> Result<(), String> {
    let count = |bodies: Vec<&str>| bodies.into_iter().filter(|text| *text == WELCOME).count();
    let done = world.sms.wait_for(
        |ledger| count(ledger.bodies_to(customer)) >= times,
        crate::world::PATIENCE,
    );
    let _ = done.await;
    match world
        .sms
        .with_ledger(|ledger| count(ledger.bodies_to(customer)))
    {
        welcomes if welcomes == times => Ok(()),
        welcomes => Err(format!("{welcomes} welcomes, not {times}")),
    }
}

/// Waits until a dead letter holds this text.
async fn dead_letter(world: &World, text: &str) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + crate::world::PATIENCE;
    loop {
        let letters = world.admin("dead-letters").await.unwrap_or_default();
        if letters.to_string().contains(text) {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            return Err(format!("the dead letters are {letters:#}"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn switched_off(world: &World, script: &mut Script) -> Result<(), Stop> {
    let customer = "+15550005";
    let status = world
        .sms
        .customer_sends(customer, "CLOSED?", Vec::new())
        .await;
    script.step(
        "the customer writes to an entry point that is switched off",
        is(200, status),
    )?;
    let got = world
        .customer_gets(customer, |text| text == "This service is closed.")
        .await;
    script.step("Z36 the entry-point-disabled message appears", got)
}
