//! Files as large as each channel takes them, both ways: every byte arrives, and the host's memory does not grow with
//! them. It is read from /proc, so these run on Linux.

#![cfg(target_os = "linux")]

use base64::Engine as _;
use bytes::Bytes;
use ece_simulator::Act;
use sha2::{Digest as _, Sha256};
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::world::PATIENCE;

use super::five_channels;
use crate::steps::{log, phone_chat};

const MIB: usize = 1 << 20;
/// One file at a time: what a file adds to the host's memory is then its own.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// A file is never whole in memory: this much is allowed for everything else.
const GROWTH_MIB_MAX: u64 = 64;
/// Customers of these journeys have this number.
const NUMBER: u32 = 90;

const PDF: (&str, &str, &[u8]) = ("large.pdf", "application/pdf", b"%PDF-1.4\n");
const JPEG: (&str, &str, &[u8]) = ("large.jpg", "image/jpeg", &[0xff, 0xd8, 0xff, 0xe0]);

/// A line of `/proc/PID/status`, in MiB.
fn memory(world: &World, line: &str) -> u64 {
    let id = world.host.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux tells");
    let mut lines = status.lines();
    let line = lines
        .find_map(|one| one.strip_prefix(line))
        .expect("it is there");
    let number = line.split_whitespace().next().expect("a number");
    number.parse::<u64>().expect("a number") / 1_024
}

/// The peak of memory counts from now on.
fn forget_the_peak(world: &World) {
    let id = world.host.id().expect("it runs");
    std::fs::write(format!("/proc/{id}/clear_refs"), "5").expect("it is our process");
}

/// These first bytes, and after them what no two places have alike.
fn file(head: &[u8], size: usize) -> Bytes {
    let counting = (0_u32..).flat_map(u32::to_le_bytes);
    head.iter().copied().chain(counting).take(size).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let hex = |byte: &u8| format!("{byte:02x}");
    Sha256::digest(bytes).iter().map(hex).collect()
}

async fn customer_sends(
    world: &World,
    phone: &Phone<'_>,
    channel: Channel,
    (name, kind): (&str, &str),
    bytes: Bytes,
) {
    if let Some(app) = phone.app() {
        let sent = app.sends_file(name, kind, &bytes).await;
        return sent.unwrap_or_else(|why| panic!("{why}\n{}", log(world)));
    }
    let channels = world.channels.as_ref().expect("it has them");
    let (name, content_type) = (name.to_owned(), kind.to_owned());
    let status = match channel {
        Channel::Sms => {
            let picture = sms_simulator::Picture {
                content_type,
                bytes,
            };
            let customer = format!("+1555{NUMBER:04}");
            world.sms.customer_sends(&customer, "", vec![picture]).await
        }
        Channel::WhatsApp => {
            let file = whatsapp_simulator::CustomerFile::new(content_type, bytes).named(name);
            let customer = format!("4915550{NUMBER:04}");
            channels
                .whatsapp
                .customer_sends(&customer, "", vec![file])
                .await
        }
        Channel::Messenger => {
            let file = messenger_simulator::CustomerFile {
                name,
                content_type,
                bytes,
                expired: false,
            };
            let page = channels.messenger.config().pages[0].id.clone();
            let customer = format!("77000{NUMBER:04}");
            let messenger = &channels.messenger;
            messenger.customer_sends_file(&page, &customer, file).await
        }
        Channel::Apple => {
            let file = apple_simulator::CustomerFile {
                name,
                content_type,
                bytes,
            };
            let customer = format!("urn:mbid:customer-{NUMBER:04}");
            channels
                .apple
                .customer_sends(&customer, "", vec![file])
                .await
        }
        Channel::InApp => unreachable!("the app uploads to the host itself"),
    };
    assert_eq!(status, 200, "{}", log(world));
}

/// The agent is offered the customer's file and downloads it: SHA-256 of what came.
async fn agent_gets(world: &World, session: &str) -> String {
    let offered = |ledger: &ece_simulator::Ledger| {
        let record = ledger.conversation(session);
        record.is_some_and(|record| !record.files().is_empty())
    };
    let there = world.ece.wait_for(offered, PATIENCE).await;
    assert!(
        there.is_ok(),
        "the agent is offered nothing\n{}",
        log(world)
    );
    let act = Act::AcceptFile { name: None };
    world.ece.act(session, &act).expect("it is offered");
    let fetched = |ledger: &ece_simulator::Ledger| {
        let files = ledger.conversation(session)?.files();
        files.first()?.fetched.clone()
    };
    let there = world
        .ece
        .wait_for(|ledger| fetched(ledger).is_some(), PATIENCE);
    assert!(there.await.is_ok(), "no download\n{}", log(world));
    let fetched = world.ece.with_ledger(fetched).expect("it was there");
    fetched.expect("the download works").sha256
}

async fn both_ways(channel: Channel, size: usize, (name, kind, head): (&str, &str, &[u8])) {
    let _turn = TURN.lock().await;
    let world = five_channels().await;
    let phone = Phone::new(&world, channel, NUMBER);
    let session = phone_chat(&world, &phone, "A large file follows").await;
    let theirs = file(head, size);
    let ours = file(&[head, b"ours"].concat(), size);
    let before = memory(&world, "VmRSS:");
    forget_the_peak(&world);
    customer_sends(&world, &phone, channel, (name, kind), theirs.clone()).await;
    assert_eq!(
        agent_gets(&world, &session).await,
        sha256(&theirs),
        "to the agent"
    );
    let act = Act::SendFile {
        name: name.to_owned(),
        content_type: kind.to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(&ours),
    };
    world.ece.act(&session, &act).expect("Ann has it");
    let got = phone.until_gets(&sha256(&ours)).await;
    assert!(got.is_ok(), "to the customer: {got:?}\n{}", log(&world));
    let grown = memory(&world, "VmHWM:").saturating_sub(before);
    assert!(
        grown < GROWTH_MIB_MAX,
        "{before} MiB grew by {grown} MiB over files of {} MiB",
        size / MIB
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_document_of_100_mib_goes_both_ways_on_whatsapp_without_filling_memory() {
    both_ways(Channel::WhatsApp, 100 * MIB, PDF).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_file_of_100_mib_goes_both_ways_on_apple_messages_without_filling_memory() {
    both_ways(Channel::Apple, 100 * MIB, PDF).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_file_of_25_mib_goes_both_ways_on_messenger_without_filling_memory() {
    both_ways(Channel::Messenger, 25 * MIB, PDF).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_picture_of_5_mib_goes_both_ways_by_sms_without_filling_memory() {
    both_ways(Channel::Sms, 5 * MIB, JPEG).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_file_of_20_mib_goes_both_ways_in_the_app_without_filling_memory() {
    both_ways(Channel::InApp, 20 * MIB, PDF).await;
}
