//! The demo as text: both use cases of the product we replace, then four buttons pressed during
//! conversations. One line a step; the first that fails ends it with a non-zero status.

/// Prints steps and stops at the first that fails.
pub mod script;

/// An agent is there: Z48 to Z53.
pub mod agent_available;

/// Nobody is there: Z54 to Z56.
pub mod agent_unavailable;

/// SMS, WhatsApp, Messenger, Apple Messages and In-app.
pub mod channels;

/// kill -9, swap, hostile plugin, ECE down: nothing lost, doubled or out of order.
pub mod buttons;

/// Customers who write, and what they said.
pub mod traffic;

use crate::built::Built;
use crate::world::{World, WorldError, WorldOptions, by_hand, echo};

/// Journeys for Z56 beside the usual one: what happens to a customer nobody can take is configured. And channels
/// for the hostile plugins: one that no channel uses is never called.
const MORE: &str = r#"
[journeys.close-it]
stages = [ { ece = "acme", entry_point = "support" } ]
on = { no-agents = "close" }

[journeys.discard-it]
stages = [ { ece = "acme", entry_point = "support" } ]
on = { no-agents = "discard" }

[journeys.switched-off]
stages = [ { ece = "acme", entry_point = "closed" } ]
on = { entry-point-disabled = "close" }

[[rules]]
name = "close"
channels = ["acme-sms"]
event = "message"
keyword = "CLOSE"
journey = "close-it"

[[rules]]
name = "discard"
channels = ["acme-sms"]
event = "message"
keyword = "DISCARD"
journey = "discard-it"

[[rules]]
name = "switched off"
channels = ["acme-sms"]
event = "message"
keyword = "CLOSED"
journey = "switched-off"

[channels.endless-loop]
plugin = "endless-loop"

[channels.memory-bomb]
plugin = "memory-bomb"

[channels.trap]
plugin = "trap"

[channels.trap-on-payload]
plugin = "trap-on-payload"
"#;

/// A world with Ann and Bob, who are driven by hand, and Echo, who is signed out until the buttons.
///
/// # Errors
/// It does not come about.
pub async fn world(built: Built, folder: Option<std::path::PathBuf>) -> Result<World, WorldError> {
    let options = WorldOptions {
        agents: vec![by_hand("ann", "Ann"), by_hand("bob", "Bob"), echo()],
        more: MORE.to_owned(),
        folder,
        channels: true,
        ..WorldOptions::default()
    };
    let mut world = World::prepare_with(built, options).await?;
    world.ece.set_agent("echo", false, false);
    world.host.start().await?;
    world.until_live("sms").await?;
    Ok(world)
}

/// The hash of the live version of a plugin, as the host's status tells it.
pub(crate) fn live_hash<'a>(status: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let plugins = status["plugins"].as_array()?;
    let live = |one: &&serde_json::Value| one["name"] == name && one["state"] == "live";
    plugins.iter().find(live)?["hash"].as_str()
}

/// Bytes of the first file of a conversation that an agent downloaded.
pub(crate) fn fetched_size(ledger: &ece_simulator::Ledger, session: &str) -> Option<u64> {
    let files = ledger.conversation(session)?.files();
    files
        .first()?
        .fetched
        .as_ref()?
        .as_ref()
        .ok()
        .map(|fetched| fetched.size)
}
