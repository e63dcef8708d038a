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

use std::collections::BTreeSet;
use std::path::Path;

use crate::built::Built;
use crate::world::{World, WorldError, WorldOptions, by_hand, echo};

/// Whether a demo may remove what is in this folder before it begins: it is not there, empty, or an earlier demo's.
///
/// # Errors
/// It holds something else; the text says what.
pub fn may_be_emptied(folder: &Path) -> Result<(), String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return match folder.exists() {
            true => Err(format!("{} is no folder", folder.display())),
            false => Ok(()),
        };
    };
    let names: BTreeSet<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let ours = |name: &String| {
        ["admin-token", "host.log", "plugins", "trunkline.toml"].contains(&name.as_str())
            || name.starts_with("trunkline.db")
    };
    let stranger = names.iter().find(|name| !ours(name));
    // A host of one's own has all but the first.
    let is_a_demos = names.is_empty() || names.contains("admin-token");
    match (stranger, is_a_demos) {
        (None, true) => Ok(()),
        (stranger, _) => Err(format!(
            "{} is not empty and no earlier demo's ({}): name a folder that may be emptied",
            folder.display(),
            stranger.map_or("it has no admin-token", String::as_str)
        )),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_anything_but_an_earlier_demo_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(may_be_emptied(&path.join("new")), Ok(()));
        assert_eq!(may_be_emptied(path), Ok(()));
        for name in ["trunkline.toml", "trunkline.db", "trunkline.db-wal"] {
            std::fs::write(path.join(name), "").unwrap();
        }
        let why = may_be_emptied(path).unwrap_err();
        assert!(why.contains("it has no admin-token"), "{why}");
        std::fs::write(path.join("admin-token"), "").unwrap();
        assert_eq!(may_be_emptied(path), Ok(()));
        std::fs::write(path.join("letters.txt"), "").unwrap();
        let why = may_be_emptied(path).unwrap_err();
        assert!(why.contains("letters.txt"), "{why}");
        assert!(may_be_emptied(&path.join("letters.txt")).is_err());
    }
}
