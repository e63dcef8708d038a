//! Each channel's light: red with a reason while its provider takes the credentials no more, green again afterwards.

use serde_json::Value;
use trunkline_harness::World;
use trunkline_harness::phone::{Channel, Phone};

use super::five_channels;
use crate::steps::{log, phone_chat};

/// A channel's light, read anew.
async fn light(world: &World, channel: &str) -> (String, String) {
    let status = world.admin("status?refresh=true").await;
    let status = status.unwrap_or_else(|| panic!("no status\n{}", log(world)));
    let channels = status["channels"].as_array().expect("a list");
    let one = channels.iter().find(|one| one["name"] == channel);
    let light = &one.expect("it is configured")["light"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&light["colour"]), text(&light["why"]))
}

fn revoke(world: &World, channel: Channel, revoked: bool) {
    let channels = world.channels.as_ref().expect("it has them");
    match channel {
        Channel::Sms => world.sms.set_token_revoked(revoked),
        Channel::WhatsApp => channels.whatsapp.revoke_token(revoked),
        Channel::Messenger => {
            let page = channels.messenger.config().pages[0].id.clone();
            channels.messenger.set_revoked(&page, revoked);
        }
        Channel::Apple => channels.apple.revoke_token(revoked),
        Channel::InApp => unreachable!("it has no provider"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_a_red_light_with_a_reason_on_every_channel_until_it_is_good_again() {
    let world = five_channels().await;
    for (channel, name) in [
        (Channel::Sms, "acme-sms"),
        (Channel::WhatsApp, "acme-whatsapp"),
        (Channel::Messenger, "acme-messenger"),
        (Channel::Apple, "acme-apple"),
    ] {
        let phone = Phone::new(&world, channel, 30);
        phone_chat(&world, &phone, &format!("Hello by {name}")).await;
        assert_eq!(light(&world, name).await.0, "green", "{name}");
        revoke(&world, channel, true);
        let (colour, why) = light(&world, name).await;
        assert_eq!(colour, "red", "{name}: {why}");
        assert!(why.len() > 10, "{name} says why: `{why}`");
        revoke(&world, channel, false);
        let (colour, why) = light(&world, name).await;
        assert_eq!(colour, "green", "{name}: {why}\n{}", log(&world));
    }
}
