//! The use case "agent available", one promise a test: a customer writes SMS, Ann answers in ECE.
//! Shown by what the provider's and ECE's stand-ins have in their ledgers.

use base64::Engine as _;
use ece_simulator::ledger::{CustomerFile, FileState};
use ece_simulator::{Act, AgentConfig};
use sha2::{Digest, Sha256};
use sms_simulator::Picture;
use trunkline_harness::world::{PATIENCE, by_hand, client, echo};
use trunkline_harness::{World, WorldOptions};

use crate::steps::{WELCOME, bodies, chat, gets, log, seen, world, world_with, writes};

const CUSTOMER: &str = "+15550001";

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_text_reaches_ece_character_for_character_and_is_welcomed() {
    let world = world().await;
    let text = "\u{feff}Where is my \"order\" <4711>?\n\t\u{645}\u{631}\u{62d}\u{628}\u{627} \u{1f4e6} & \\u0041";
    writes(&world, CUSTOMER, text).await;
    seen(&world, text).await;
    gets(&world, CUSTOMER, WELCOME).await;
    assert_eq!(bodies(&world, CUSTOMER), [WELCOME], "one welcome, no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_number_reaches_ece_as_a_custom_attribute() {
    let world = world().await;
    writes(&world, CUSTOMER, "Hello").await;
    let session = seen(&world, "Hello").await;
    let attributes = world.ece.with_ledger(|ledger| {
        let record = ledger.conversation(&session).expect("it was started");
        record.custom_attributes.clone()
    });
    // ECE allows no plus in custom attributes.
    let digits = CUSTOMER.trim_start_matches('+').to_owned();
    let number = ("activity_mobile".to_owned(), vec![digits]);
    assert!(attributes.contains(&number), "{attributes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_picks_the_chat_up_is_named_to_the_customer() {
    let world = world().await;
    writes(&world, CUSTOMER, "Hello").await;
    let session = seen(&world, "Hello").await;
    gets(&world, CUSTOMER, WELCOME).await;
    assert_eq!(
        bodies(&world, CUSTOMER),
        [WELCOME],
        "nobody has joined before"
    );
    world.ece.pick_up(&session, "ann").expect("it is queued");
    gets(&world, CUSTOMER, "You are now chatting with Ann.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_picks_up_before_ece_has_answered_the_start_is_named_too() {
    let world = world_with(WorldOptions {
        agents: vec![AgentConfig {
            screen_name: Some("Ann".to_owned()),
            ..echo()
        }],
        ..WorldOptions::default()
    })
    .await;
    world
        .ece
        .change_callback(|callback| callback.before_start_answer = true);
    writes(&world, CUSTOMER, "Hello").await;
    gets(&world, CUSTOMER, "You are now chatting with Ann.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_agent_message_goes_out_as_sms_and_every_sms_reaches_the_agent() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let said = [
        "One.",
        "Zwei: \u{e4}\u{f6}\u{fc} \u{20ac}",
        "\u{1f642} three",
    ];
    for text in said {
        world.ece.say(&session, text).expect("Ann has it");
    }
    gets(&world, CUSTOMER, said[2]).await;
    let wanted = [WELCOME, "You are now chatting with Ann."];
    assert_eq!(
        bodies(&world, CUSTOMER),
        [&wanted[..], &said[..]].concat(),
        "in order, once"
    );
    writes(&world, CUSTOMER, "Thanks").await;
    assert_eq!(
        seen(&world, "Thanks").await,
        session,
        "the same conversation goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_an_agent_names_the_agent() {
    let world = world_with(WorldOptions {
        agents: vec![by_hand("ann", "Ann"), by_hand("bob", "Bob")],
        ..WorldOptions::default()
    })
    .await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let agent = "bob".to_owned();
    let act = Act::TransferToAgent { agent };
    world.ece.act(&session, &act).expect("Bob can take it");
    gets(&world, CUSTOMER, "You have been transferred to Bob.").await;
    world
        .ece
        .pick_up(&session, "bob")
        .expect("it waits for Bob");
    world.ece.say(&session, "Bob here.").expect("Bob has it");
    gets(&world, CUSTOMER, "Bob here.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_a_queue_names_the_queue() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let act = Act::TransferToQueue { entry_point: 1001 };
    world.ece.act(&session, &act).expect("the queue exists");
    let told = "You have been transferred to the Support queue.";
    gets(&world, CUSTOMER, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_the_agent_accepts_is_downloaded_byte_for_byte_and_the_customer_is_told() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let bytes = picture();
    offers(&world, &session, &bytes).await;
    let act = Act::AcceptFile { name: None };
    world.ece.act(&session, &act).expect("it is offered");
    gets(&world, CUSTOMER, "The agent has accepted your attachment.").await;
    let file = file_once(&world, &session, |file| file.fetched.is_some()).await;
    let fetched = file
        .fetched
        .and_then(Result::ok)
        .expect("the download works");
    assert_eq!(fetched.sha256, sha256(&bytes));
    assert_eq!(fetched.content_type, "image/png");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_the_agent_rejects_is_told_to_the_customer() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    offers(&world, &session, &picture()).await;
    let act = Act::RejectFile { name: None };
    world.ece.act(&session, &act).expect("it is offered");
    gets(&world, CUSTOMER, "The agent has rejected your attachment.").await;
    let file = file_once(&world, &session, |_| true).await;
    assert_eq!(file.state, FileState::Rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_picture_goes_out_natively_byte_for_byte_and_is_announced() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let bytes = picture();
    agent_sends(&world, &session, "parcel.png", "image/png", &bytes);
    let arrived = world.sms.wait_for(
        |ledger| {
            let mut media = ledger.messages.iter().flat_map(|message| &message.media);
            media.any(|media| media.fetched.is_some())
        },
        PATIENCE,
    );
    let arrived = arrived.await;
    assert!(
        arrived.is_ok(),
        "no picture: {:?}\n{}",
        bodies(&world, CUSTOMER),
        log(&world)
    );
    let fetched = world.sms.with_ledger(|ledger| {
        let mut media = ledger.messages.iter().flat_map(|message| &message.media);
        media.find_map(|media| media.fetched.clone())
    });
    let fetched = fetched
        .and_then(Result::ok)
        .expect("the provider can fetch it");
    assert_eq!(fetched.sha256, sha256(&bytes));
    let told = world.customer_gets(CUSTOMER, |text| {
        text.contains("The agent has sent you parcel.png.")
    });
    assert!(told.await.is_ok(), "{:?}", bodies(&world, CUSTOMER));
    let accepted = world.ece.with_ledger(|ledger| ledger.refused.clone());
    assert!(
        accepted.is_empty(),
        "ECE was told properly that it went: {accepted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_file_that_the_channel_cannot_carry_goes_out_as_a_link() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let bytes = b"%PDF-1.4\nan invoice\n%%EOF\n";
    agent_sends(&world, &session, "invoice.pdf", "application/pdf", bytes);
    let link = |text: &str| text.contains("/media/");
    let got = world.customer_gets(CUSTOMER, link).await;
    assert!(
        got.is_ok(),
        "no link: {:?}\n{}",
        bodies(&world, CUSTOMER),
        log(&world)
    );
    let text = bodies(&world, CUSTOMER).into_iter().find(|text| link(text));
    let text = text.expect("it was found before");
    let mut words = text.split_whitespace();
    let url = words
        .find(|word| word.starts_with("http"))
        .expect("a whole URL");
    let answer = client()
        .get(url)
        .send()
        .await
        .expect("the host serves the file");
    assert_eq!(answer.status(), 200, "{url}");
    let served = answer.bytes().await.expect("the whole file");
    assert_eq!(sha256(&served), sha256(bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_the_agent_pushes_is_shown_to_the_customer() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let url = "https://shop.example/orders/4711?a=1&b=2".to_owned();
    let act = Act::PushPage { url: url.clone() };
    world.ece.act(&session, &act).expect("Ann has it");
    gets(&world, CUSTOMER, &format!("The agent shares a page: {url}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_chat_is_told_to_the_customer_and_the_next_message_begins_another() {
    let world = world().await;
    let first = chat(&world, CUSTOMER, "Hello").await;
    world.ece.complete(&first).expect("Ann has it");
    gets(&world, CUSTOMER, "The agent has marked your chat closed.").await;
    writes(&world, CUSTOMER, "One more thing").await;
    let second = seen(&world, "One more thing").await;
    assert_ne!(first, second);
    assert_eq!(crate::steps::texts(&world, &first), ["Hello"]);
}

/// The customer sends a picture, and the agent is offered it.
async fn offers(world: &World, session: &str, bytes: &[u8]) {
    let picture = Picture {
        content_type: "image/png".to_owned(),
        bytes: bytes::Bytes::copy_from_slice(bytes),
    };
    let status = world
        .sms
        .customer_sends(CUSTOMER, "a picture", vec![picture])
        .await;
    assert_eq!(status, 200);
    file_once(world, session, |_| true).await;
}

/// The customer's newest file, once it satisfies `wanted`.
async fn file_once(
    world: &World,
    session: &str,
    wanted: impl Fn(&CustomerFile) -> bool,
) -> CustomerFile {
    let find = |ledger: &ece_simulator::Ledger| {
        let files = ledger.conversation(session)?.files();
        files.last().copied().filter(|file| wanted(file)).cloned()
    };
    let there = world
        .ece
        .wait_for(|ledger| find(ledger).is_some(), PATIENCE);
    assert!(there.await.is_ok(), "no such file\n{}", log(world));
    world.ece.with_ledger(find).expect("it was there")
}

fn agent_sends(world: &World, session: &str, name: &str, content_type: &str, bytes: &[u8]) {
    let act = Act::SendFile {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(bytes),
    };
    world.ece.act(session, &act).expect("Ann has it");
}

/// Begins as a PNG does, so that who sniffs agrees.
fn picture() -> Vec<u8> {
    let head = [0x89, b'P', b'N', b'G', 13, 10, 26, 10];
    head.into_iter()
        .chain((0..=255).cycle().take(70_000))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    let hex = |byte: &u8| format!("{byte:02x}");
    Sha256::digest(bytes).iter().map(hex).collect()
}
