//! The steps that journeys share. Each waits for its fact and, where the fact does not come, panics
//! with what the stand-ins saw and the end of the host's log.

use sms_simulator::CustomerMessage;
use trunkline_harness::phone::Phone;
use trunkline_harness::world::{ADMIN_TOKEN, PATIENCE, client};
use trunkline_harness::{World, WorldOptions};

pub(crate) const WELCOME: &str = "Thank you for contacting us.";

/// A world with Ann, who does what she is told.
pub(crate) async fn world() -> World {
    world_with(WorldOptions::default()).await
}

pub(crate) async fn world_with(options: WorldOptions) -> World {
    World::start(options).await.expect("the world comes about")
}

/// The customer writes, and the webhook is answered 200.
pub(crate) async fn writes(world: &World, customer: &str, text: &str) {
    let status = world.sms.customer_sends(customer, text, Vec::new()).await;
    assert_eq!(status, 200, "`{text}` was not taken\n{}", log(world));
}

/// Posts a message in whatever state it is; gives the answer's status.
pub(crate) async fn posts(world: &World, message: CustomerMessage) -> u16 {
    world.sms.deliver(message).await.status()
}

/// Agents see this text; gives ECE's id of the conversation.
pub(crate) async fn seen(world: &World, text: &str) -> String {
    match world.agent_sees(|seen| seen == text).await {
        Ok(session) => session,
        Err(late) => {
            let all = world.ece.with_ledger(|ledger| {
                let records = ledger.conversations.iter();
                records
                    .flat_map(|record| record.texts())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            });
            panic!(
                "no agent sees `{text}` ({late}), but {all:?}\n{}",
                log(world)
            )
        }
    }
}

/// The customer gets this text.
pub(crate) async fn gets(world: &World, customer: &str, text: &str) {
    if let Err(late) = world.customer_gets(customer, |got| got == text).await {
        let all = bodies(world, customer);
        panic!(
            "{customer} does not get `{text}` ({late}), but {all:?}\n{}",
            log(world)
        );
    }
}

/// The customer of whatever channel writes.
pub(crate) async fn phone_writes(world: &World, phone: &Phone<'_>, text: &str) {
    if let Err(why) = phone.writes(text).await {
        panic!("`{text}` was not taken: {why}\n{}", log(world));
    }
}

/// The customer of whatever channel reads this.
pub(crate) async fn phone_reads(world: &World, phone: &Phone<'_>, text: &str) {
    if let Err(why) = phone.until_reads(text).await {
        panic!("nobody reads `{text}`: {why}\n{}", log(world));
    }
}

/// As `chat`, of a customer of whatever channel.
pub(crate) async fn phone_chat(world: &World, phone: &Phone<'_>, text: &str) -> String {
    phone_writes(world, phone, text).await;
    let session = picked_up(world, text).await;
    phone_reads(world, phone, "You are now chatting with Ann.").await;
    session
}

/// Agents see this text and Ann picks it up; gives ECE's id of the conversation.
pub(crate) async fn picked_up(world: &World, text: &str) -> String {
    let session = seen(world, text).await;
    world.ece.pick_up(&session, "ann").expect("it is queued");
    session
}

/// Agents see a text that holds these words.
pub(crate) async fn agent_reads(world: &World, words: &str) {
    let told = world.agent_sees(|text| text.contains(words)).await;
    assert!(told.is_ok(), "no agent reads `{words}`\n{}", log(world));
}

/// Waits for a fact that no ledger announces.
pub(crate) async fn until(world: &World, what: &str, fact: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !fact() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what}: it does not come\n{}",
            log(world)
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The customer writes this and Ann picks it up; gives ECE's id of the conversation.
pub(crate) async fn chat(world: &World, customer: &str, text: &str) -> String {
    writes(world, customer, text).await;
    let session = seen(world, text).await;
    world.ece.pick_up(&session, "ann").expect("it is queued");
    gets(world, customer, "You are now chatting with Ann.").await;
    session
}

/// What the customer got, in order.
pub(crate) fn bodies(world: &World, customer: &str) -> Vec<String> {
    let owned = |body: &str| body.to_owned();
    world
        .sms
        .with_ledger(|ledger| ledger.bodies_to(customer).into_iter().map(owned).collect())
}

/// What agents saw in this conversation, in order.
pub(crate) fn texts(world: &World, session: &str) -> Vec<String> {
    world.ece.with_ledger(|ledger| {
        let record = ledger.conversation(session).expect("it was started");
        record.texts().into_iter().map(str::to_owned).collect()
    })
}

/// The dead letters, once they satisfy `wanted`.
pub(crate) async fn dead_letters(
    world: &World,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let letters = world.admin("dead-letters").await.unwrap_or_default();
        if wanted(&letters) {
            return letters;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the dead letters are {letters:#}\n{}",
            log(world)
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Nothing is known of this customer: no conversation, no dead letter, nothing in ECE.
pub(crate) async fn assert_nothing_stored(world: &World, customer: &str) {
    let letters = world.admin("dead-letters").await;
    assert_eq!(letters, Some(serde_json::json!([])), "no dead letter");
    let plus = customer.replace('+', "%2B");
    let trace = world.admin(&format!("trace/{plus}")).await;
    assert_eq!(trace, None, "nothing is known by {customer}");
    let started = world.ece.with_ledger(|ledger| ledger.conversations.len());
    assert_eq!(started, 0, "no conversation in ECE");
}

/// Asks the host to read its configuration again; gives the answer's status and body.
pub(crate) async fn reload(world: &World) -> (u16, String) {
    let url = format!("{}/api/v1/reload", world.host.url());
    let answer = client().post(url).bearer_auth(ADMIN_TOKEN).send().await;
    let answer = answer.expect("the admin API answers");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a text"))
}

/// The end of the host's log.
pub(crate) fn log(world: &World) -> String {
    let text = std::fs::read_to_string(world.host.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
