//! The light of a channel: what an operator sees when the provider no longer takes the credentials.

use serde_json::Value;
use trunkline_harness::World;

use crate::steps::{WELCOME, gets, log, world, writes};

const CUSTOMER: &str = "+15550005";

/// The channel's light, read anew.
async fn light(world: &World) -> (String, String) {
    let status = world.admin("status?refresh=true").await;
    let status = status.unwrap_or_else(|| panic!("no status\n{}", log(world)));
    let light = &status["channels"][0]["light"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&light["colour"]), text(&light["why"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_a_red_light_that_names_the_reason_until_it_is_good_again() {
    let world = world().await;
    writes(&world, CUSTOMER, "Hello").await;
    gets(&world, CUSTOMER, WELCOME).await;
    assert_eq!(light(&world).await.0, "green");
    world.sms.set_token_revoked(true);
    let (colour, why) = light(&world).await;
    assert_eq!(colour, "red", "{why}");
    assert!(why.contains("20003") || why.contains("401"), "{why}");
    world.sms.set_token_revoked(false);
    assert_eq!(light(&world).await.0, "green");
}
