//! SMS through other gateways than Twilio: Vonage, and one that the settings describe.

use gateway_simulator::{
    Answer, Fault, GatewayConfig, GatewaySimulator, JsonAccount, Ledger, VonageAccount, Wire,
};
use stand_in::Times;
use trunkline_harness::World;
use trunkline_harness::world::PATIENCE;

use super::{outcomes, rule, webhook, world_with_channels};
use crate::steps::{agent_reads, log, picked_up, seen, texts, until};

const CHANNEL: &str = "acme-gateway";
const CUSTOMER: &str = "+447700900123";

fn vonage() -> Wire {
    Wire::Vonage(VonageAccount::default())
}

fn json() -> Wire {
    Wire::Json(JsonAccount::default())
}

async fn gateway(wire: Wire) -> (World, GatewaySimulator) {
    let config = GatewayConfig {
        wire,
        ..GatewayConfig::default()
    };
    let gateway = GatewaySimulator::start(config).await;
    let gateway = gateway.expect("the stand-in starts");
    let mut more = gateway.channel_toml(CHANNEL);
    for (name, value) in gateway.config().environment() {
        more = more.replace(&format!("env:{name}"), &format!("plain:{value}"));
    }
    let world = world_with_channels("sms", more + &rule(&[CHANNEL])).await;
    gateway.set_webhook(&webhook(&world, CHANNEL));
    (world, gateway)
}

/// The customer writes and Ann picks it up; gives ECE's id of the conversation.
async fn chat(world: &World, gateway: &GatewaySimulator, text: &str) -> String {
    writes(world, gateway, text).await;
    let session = picked_up(world, text).await;
    gets(world, gateway, "You are now chatting with Ann.").await;
    session
}

async fn writes(world: &World, gateway: &GatewaySimulator, text: &str) {
    let status = gateway.customer_sends(CUSTOMER, text).await;
    assert!((200..300).contains(&status), "{status}\n{}", log(world));
}

fn bodies(gateway: &GatewaySimulator) -> Vec<String> {
    let owned = |ledger: &Ledger| {
        let bodies = ledger.bodies_to(CUSTOMER).into_iter();
        bodies.map(str::to_owned).collect()
    };
    gateway.with_ledger(owned)
}

async fn gets(world: &World, gateway: &GatewaySimulator, text: &str) {
    let got = |ledger: &Ledger| ledger.bodies_to(CUSTOMER).contains(&text);
    let arrived = gateway.wait_for(got, PATIENCE).await;
    assert!(
        arrived.is_ok(),
        "no `{text}` but {:?}\n{}",
        bodies(gateway),
        log(world)
    );
}

/// Longer than any gateway takes at once, with a number in each sentence, so that no two parts are alike.
fn long(sentences: usize, beginning: &str) -> String {
    let sentence = |number| format!("{beginning} This is sentence {number} of a long story.");
    (1..=sentences).map(sentence).collect::<Vec<_>>().join(" ")
}

async fn carries_text_both_ways(wire: Wire) {
    let (world, gateway) = gateway(wire).await;
    let text = "Where is \"4711\"? \u{e4}\u{f6}\u{20ac} \u{1f4e6} & <b>\n\u{645}\u{631}\u{62d}\u{628}\u{627}";
    let session = chat(&world, &gateway, text).await;
    let answer = "On its way: \u{20ac} 5 {ok} \u{1f642}";
    world.ece.say(&session, answer).expect("Ann has it");
    gets(&world, &gateway, answer).await;
    for story in [long(12, "Plain."), long(12, "With \u{1f4e6}.")] {
        writes(&world, &gateway, &story).await;
        assert_eq!(
            seen(&world, &story).await,
            session,
            "one message, not parts"
        );
    }
    assert_eq!(texts(&world, &session).len(), 3);
    let before = bodies(&gateway).len();
    let story = long(60, "Out.");
    world.ece.say(&session, &story).expect("Ann has it");
    world.ece.say(&session, "The end.").expect("Ann has it");
    gets(&world, &gateway, "The end.").await;
    let sent = bodies(&gateway);
    let parts = &sent[before..sent.len() - 1];
    assert!(parts.len() > 1, "no gateway takes it whole: {parts:?}");
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(&parts.join(" ")),
        words(&story),
        "nothing lost, in order"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn vonage_carries_text_both_ways_and_long_texts_whole() {
    carries_text_both_ways(vonage()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_described_gateway_carries_text_both_ways_and_long_texts_whole() {
    carries_text_both_ways(json()).await;
}

/// A receipt is taken; one that says it failed is told to the agent.
async fn receipts_count(wire: Wire) {
    let (world, gateway) = gateway(wire).await;
    let session = chat(&world, &gateway, "Hello").await;
    let taken = |ledger: &Ledger| {
        let mut receipts = ledger.messages.iter().flat_map(|one| &one.receipts);
        receipts.any(|(told, answer)| {
            told == "delivered" && matches!(answer, Answer::Status(200..=299))
        })
    };
    until(&world, "a receipt is taken", || gateway.with_ledger(taken)).await;
    gateway.set_undeliverable(CUSTOMER, Some(1));
    world
        .ece
        .say(&session, "Lost on the way")
        .expect("Ann has it");
    agent_reads(&world, "not delivered").await;
    let sent = bodies(&gateway);
    let times = sent
        .iter()
        .filter(|body| *body == "Lost on the way")
        .count();
    assert_eq!(times, 1, "a message that failed for good is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn vonages_receipts_tell_the_agent_what_was_not_delivered() {
    receipts_count(vonage()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_described_gateways_receipts_tell_the_agent_what_was_not_delivered() {
    receipts_count(json()).await;
}

async fn stop_is_final(wire: Wire) {
    let (world, gateway) = gateway(wire).await;
    let session = chat(&world, &gateway, "Hello").await;
    writes(&world, &gateway, "STOP").await;
    agent_reads(&world, "opted out").await;
    let before = bodies(&gateway);
    world.ece.say(&session, "Too late").expect("Ann has it");
    agent_reads(&world, "not delivered").await;
    writes(&world, &gateway, "START").await;
    agent_reads(&world, "opted in").await;
    world.ece.say(&session, "Welcome back").expect("Ann has it");
    gets(&world, &gateway, "Welcome back").await;
    let after = bodies(&gateway);
    assert!(!after.contains(&"Too late".to_owned()), "{after:?}");
    assert!(after.len() > before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_stop_nothing_more_goes_out_by_vonage() {
    stop_is_final(vonage()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_stop_nothing_more_goes_out_by_a_described_gateway() {
    stop_is_final(json()).await;
}

async fn a_lost_answer_is_no_second_message(wire: Wire) {
    let (world, gateway) = gateway(wire).await;
    let session = chat(&world, &gateway, "Hello").await;
    let before = bodies(&gateway).len();
    gateway.set_fault(Fault::DropAfterAccept, Times::Once);
    world.ece.say(&session, "Once.").expect("Ann has it");
    world.ece.say(&session, "Then this.").expect("Ann has it");
    gets(&world, &gateway, "Then this.").await;
    assert_eq!(bodies(&gateway)[before..], ["Once.", "Then this."]);
    outcomes::assert_was_unknown(&world, CUSTOMER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_vonage_lost_is_at_the_customer_once() {
    a_lost_answer_is_no_second_message(vonage()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_a_described_gateway_lost_is_at_the_customer_once() {
    a_lost_answer_is_no_second_message(json()).await;
}
