//! What each channel has of its own, over the built host: several accounts behind one address, broken connections,
//! windows, choices, files as large as they come, other gateways, an example plugin.

mod accounts;
mod choices;
mod customers;
mod everyday;
mod gateways;
mod in_app;
mod large_files;
mod lights;
mod new_plugin;
mod opt_out;
mod outcomes;
mod seen;
mod telegram;
mod windows;

use trunkline_harness::{World, WorldOptions};

use crate::steps::world_with;

/// A world with all five channels, and Ann.
async fn five_channels() -> World {
    world_with(WorldOptions {
        channels: true,
        ..WorldOptions::default()
    })
    .await
}

/// A world with one more channel, or several, of this plugin.
async fn world_with_channels(plugin: &str, more: String) -> World {
    world_that(plugin, more, WorldOptions::default()).await
}

/// As `world_with_channels`, and otherwise as the options say.
async fn world_that(plugin: &str, more: String, options: WorldOptions) -> World {
    let more = format!("{}\n{more}", options.more);
    let world = World::prepare(WorldOptions { more, ..options }).await;
    let mut world = world.expect("the world comes about");
    let file = world.built.plugin(plugin);
    world.drop_in(&file).expect("the plugin was built");
    world.host.start().await.expect("the host starts");
    world.until_live(plugin).await.expect("the plugin is live");
    world
}

/// The address that a channel's provider calls.
fn webhook(world: &World, channel: &str) -> String {
    format!("{}/channels/{channel}", world.host.url())
}

/// The rule by which these channels lead to the agents.
fn rule(channels: &[&str]) -> String {
    format!(
        "\n[[rules]]\nname = \"more channels\"\nchannels = {channels:?}\nevent = \"message\"\njourney = \"support\"\n"
    )
}
