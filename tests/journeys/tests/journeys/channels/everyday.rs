//! What a chat is made of, on each of the five channels: text and files both ways, and the messages about them.

use base64::Engine as _;
use ece_simulator::Act;
use sha2::{Digest as _, Sha256};
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::world::PATIENCE;

use super::five_channels;
use crate::steps::{log, phone_chat, phone_reads, phone_writes, picked_up};

/// A picture as its first bytes say, and no two alike.
fn picture(mark: u8) -> Vec<u8> {
    let head = [0x89, b'P', b'N', b'G', 13, 10, 26, 10, mark];
    head.into_iter().chain(0..=255).collect()
}

/// The agent is offered so many files by now.
async fn offered(world: &World, session: &str, files: usize) {
    let there = |ledger: &ece_simulator::Ledger| {
        let record = ledger.conversation(session);
        record.is_some_and(|record| record.files().len() == files)
    };
    let there = world.ece.wait_for(there, PATIENCE).await;
    assert!(there.is_ok(), "no file is offered\n{}", log(world));
}

/// Both ways, and what the agent does with it.
async fn files(world: &World, phone: &Phone<'_>, session: &str) {
    for (number, act, told) in [
        (
            1_u8,
            Act::AcceptFile { name: None },
            "The agent has accepted your attachment.",
        ),
        (
            2,
            Act::RejectFile { name: None },
            "The agent has rejected your attachment.",
        ),
    ] {
        let sent = phone.sends_picture(&picture(number)).await;
        assert_eq!(sent, Ok(()), "{}", log(world));
        offered(world, session, number.into()).await;
        world.ece.act(session, &act).expect("it is offered");
        phone_reads(world, phone, told).await;
    }
    let ours = picture(3);
    let act = Act::SendFile {
        name: "parcel.png".to_owned(),
        content_type: "image/png".to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(&ours),
    };
    world.ece.act(session, &act).expect("Ann has it");
    let hex = |byte: &u8| format!("{byte:02x}");
    let hash: String = Sha256::digest(&ours).iter().map(hex).collect();
    let got = phone.until_gets(&hash).await;
    assert!(got.is_ok(), "{got:?}\n{}", log(world));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_pictures_go_both_ways_on_every_channel_with_their_messages() {
    let world = five_channels().await;
    for channel in Channel::ALL {
        let name = channel.name();
        let phone = Phone::new(&world, channel, 10);
        let hello = format!(
            "Hello by {name}: \u{1f4e6} \"4711\" <b>\u{645}\u{631}\u{62d}\u{628}\u{627}</b>?"
        );
        let session = phone_chat(&world, &phone, &hello).await;
        let answer = format!("Good day on {name}.\nIt left \u{1f642} this morning.");
        world.ece.say(&session, &answer).expect("Ann has it");
        phone_reads(&world, &phone, &answer).await;
        files(&world, &phone, &session).await;
        world.ece.complete(&session).expect("Ann has it");
        phone_reads(&world, &phone, "The agent has marked your chat closed.").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_on_two_channels_is_answered_on_the_one_they_wrote_on() {
    let world = five_channels().await;
    let channels = [Channel::Sms, Channel::WhatsApp, Channel::Messenger];
    let phones = channels.map(|channel| Phone::new(&world, channel, 11));
    for (phone, channel) in phones.iter().zip(channels) {
        phone_writes(&world, phone, &format!("By {}", channel.name())).await;
    }
    for (phone, channel) in phones.iter().zip(channels) {
        let session = picked_up(&world, &format!("By {}", channel.name())).await;
        let answer = format!("Answered by {}", channel.name());
        world.ece.say(&session, &answer).expect("Ann has it");
        phone_reads(&world, phone, &answer).await;
    }
    for (phone, channel) in phones.iter().zip(channels) {
        let read = phone.reads().into_iter();
        let answers: Vec<_> = read.filter(|text| text.starts_with("Answered")).collect();
        assert_eq!(answers, [format!("Answered by {}", channel.name())]);
    }
}
