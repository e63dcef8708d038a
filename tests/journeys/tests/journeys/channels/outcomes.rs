//! Unknown outcomes: the provider takes the message, and the connection breaks before it says so. Whether the customer
//! has it the host finds out by the channel's own means: an echo, a status, a list, an id that may be repeated.

use stand_in::Times;
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};

use super::five_channels;
use crate::steps::{log, phone_chat, phone_reads};

/// The channel's provider takes the next message and breaks the connection.
fn break_after_the_next(world: &World, channel: Channel) {
    let channels = world.channels.as_ref().expect("it has them");
    match channel {
        Channel::Sms => {
            let fault = sms_simulator::Fault::DropAfterAccept;
            world.sms.set_fault(fault, Times::Once);
        }
        Channel::WhatsApp => {
            let fault = whatsapp_simulator::Fault::DropAfterAccept;
            channels.whatsapp.set_fault(fault, Times::Once);
        }
        Channel::Messenger => {
            let fault = messenger_simulator::Fault::DropAfterAccept;
            channels.messenger.set_fault(fault, Times::Once);
        }
        Channel::Apple => {
            let fault = apple_simulator::Fault::DropAfterAccept;
            channels.apple.set_fault(fault, Times::Once);
        }
        Channel::InApp => unreachable!("it has no provider between"),
    }
}

/// The host did not know for a while what became of a message to this customer, and says so.
pub(super) async fn assert_was_unknown(world: &World, address: &str) {
    let address = address.replace('+', "%2B");
    let trace = world.admin(&format!("trace/{address}")).await;
    let trace = trace.expect("the customer is known").to_string();
    assert!(trace.contains("unknown outcome"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_is_lost_is_at_the_customer_once_on_every_channel() {
    let world = five_channels().await;
    for channel in [
        Channel::Sms,
        Channel::WhatsApp,
        Channel::Messenger,
        Channel::Apple,
    ] {
        let name = channel.name();
        let phone = Phone::new(&world, channel, 20);
        let session = phone_chat(&world, &phone, &format!("Hello by {name}")).await;
        let before = phone.reads();
        break_after_the_next(&world, channel);
        world.ece.say(&session, "Once.").expect("Ann has it");
        world.ece.say(&session, "Then this.").expect("Ann has it");
        phone_reads(&world, &phone, "Then this.").await;
        let wanted = [before, vec!["Once.".to_owned(), "Then this.".to_owned()]].concat();
        assert_eq!(phone.reads(), wanted, "{name}\n{}", log(&world));
        assert_was_unknown(&world, phone.address()).await;
        let letters = world.admin("dead-letters").await;
        assert_eq!(letters, Some(serde_json::json!([])), "{name}");
    }
}

/// Meta's status names the part that it has. Without that being told, the part would go again half a minute later.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_goes_on_behind_a_part_whose_answer_is_lost() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::WhatsApp, 21);
    let session = phone_chat(&world, &phone, "Hello in parts").await;
    let before = phone.reads().len();
    break_after_the_next(&world, Channel::WhatsApp);
    let long = "All of it matters. ".repeat(300);
    world.ece.say(&session, &long).expect("Ann has it");
    world.ece.say(&session, "Then this.").expect("Ann has it");
    phone_reads(&world, &phone, "Then this.").await;
    let got = phone.reads()[before..].to_vec();
    assert_eq!(got.len(), 3, "two parts and the next: {got:?}");
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(letters(&got.concat()), letters(&(long + "Then this.")));
    assert_was_unknown(&world, phone.address()).await;
}
