//! All five channels at one desk: a text and a picture each way, on each provider's own wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ece_simulator::Act;
use sha2::{Digest, Sha256};

use super::script::{Script, Stop};
use crate::phone::{Channel, Phone};
use crate::world::{PATIENCE, World};

/// Plays them one after the other, then one customer on two channels at once (Z43).
///
/// # Errors
/// The first step that does not happen.
pub async fn play(world: &World, script: &mut Script) -> Result<(), Stop> {
    script.part("Five channels, one desk");
    for (channel, number) in Channel::ALL.into_iter().zip(300..) {
        one(world, script, channel, number).await?;
    }
    two_at_once(world, script).await
}

async fn one(
    world: &World,
    script: &mut Script,
    channel: Channel,
    number: u32,
) -> Result<(), Stop> {
    let name = channel.name();
    let phone = Phone::new(world, channel, number);
    let question = format!("Hello by {name}: \u{1f4e6} \"4711\"?");
    let line = format!("{name}: the customer's text reaches the agent character for character");
    script.step(&line, phone.writes(&question).await)?;
    let session = world.agent_sees(|seen| seen == question).await;
    let session = script.step(&format!("{name}: and ECE has it"), session)?;
    script.step(
        &format!("{name}: an agent picks it up"),
        world.ece.pick_up(&session, "ann"),
    )?;
    let answer = format!("Good day on {name}.\nIt left the house this morning.");
    let said = world.ece.say(&session, &answer);
    script.step(&format!("{name}: the agent answers"), said)?;
    let read = phone.until_reads(&answer).await;
    script.step(&format!("{name}: the customer reads it"), read)?;
    files(world, script, &phone, name, &session).await?;
    let completed = world.ece.complete(&session);
    script.step(&format!("{name}: the agent completes the chat"), completed)?;
    let closed = phone.until_reads("The agent has marked your chat closed.");
    script.step(&format!("{name}: and the customer is told"), closed.await)
}

async fn files(
    world: &World,
    script: &mut Script,
    phone: &Phone<'_>,
    name: &str,
    session: &str,
) -> Result<(), Stop> {
    let theirs = picture(1);
    let sent = phone.sends_picture(&theirs).await;
    script.step(&format!("{name}: the customer sends a picture"), sent)?;
    let size = u64::try_from(theirs.len()).unwrap_or(u64::MAX);
    let offered = world.ece.wait_for(
        |ledger| {
            let record = ledger.conversation(session);
            record.is_some_and(|record| !record.files().is_empty())
        },
        PATIENCE,
    );
    script.step(&format!("{name}: the agent is offered it"), offered.await)?;
    let accepted = world.ece.act(session, &Act::AcceptFile { name: None });
    script.step(&format!("{name}: and accepts it"), accepted)?;
    let fetched = world.ece.wait_for(
        |ledger| super::fetched_size(ledger, session) == Some(size),
        PATIENCE,
    );
    let line = format!("{name}: the agent's click downloads every byte");
    script.step(&line, fetched.await)?;
    let ours = picture(2);
    let sent = world.ece.act(
        session,
        &Act::SendFile {
            name: "invoice.png".to_owned(),
            content_type: "image/png".to_owned(),
            base64: STANDARD.encode(&ours),
        },
    );
    script.step(&format!("{name}: the agent sends a picture"), sent)?;
    let hash: String = Sha256::digest(&ours)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let got = phone.until_gets(&hash).await;
    script.step(&format!("{name}: the customer gets the very bytes"), got)
}

/// A picture as its first bytes say, and no two alike.
fn picture(mark: u8) -> Vec<u8> {
    let head = [0x89, b'P', b'N', b'G', 13, 10, 26, 10, mark];
    head.into_iter().chain(0..=255).collect()
}

async fn two_at_once(world: &World, script: &mut Script) -> Result<(), Stop> {
    let sms = Phone::new(world, Channel::Sms, 399);
    let whatsapp = Phone::new(world, Channel::WhatsApp, 399);
    let both = tokio::join!(
        sms.writes("two: by SMS"),
        whatsapp.writes("two: by WhatsApp")
    );
    script.step(
        "Z43 one customer writes on two channels at once",
        both.0.and(both.1),
    )?;
    let by_sms = world.agent_sees(|seen| seen == "two: by SMS").await;
    let by_sms = script.step("Z43 the agents see two chats: SMS", by_sms)?;
    let by_whatsapp = world.agent_sees(|seen| seen == "two: by WhatsApp").await;
    let by_whatsapp = script.step("Z43 and WhatsApp", by_whatsapp)?;
    for session in [&by_sms, &by_whatsapp] {
        let _ = world.ece.pick_up(session, "ann");
    }
    let _ = world.ece.say(&by_sms, "answered by SMS");
    let _ = world.ece.say(&by_whatsapp, "answered by WhatsApp");
    let got = sms.until_reads("answered by SMS").await;
    script.step("Z43 the answer to the SMS goes by SMS", got)?;
    let got = whatsapp.until_reads("answered by WhatsApp").await;
    script.step("Z43 and the other by WhatsApp", got)?;
    let crossed = sms.reads().contains(&"answered by WhatsApp".to_owned())
        || whatsapp.reads().contains(&"answered by SMS".to_owned());
    let alone = if crossed {
        Err("an answer went both ways")
    } else {
        Ok(())
    };
    script.step("Z43 neither went by the other", alone)
}
