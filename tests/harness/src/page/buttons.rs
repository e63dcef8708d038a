//! The four buttons.

use std::sync::atomic::Ordering;

use ece_simulator::Outage;
use serde::Deserialize;
use tokio::time::Instant;

use super::Stage;

/// Dropped one after the other: bytes that are no plugin, then plugins that misbehave.
const HOSTILE: [&str; 4] = ["no-plugin", "endless-loop", "memory-bomb", "trap"];

/// A button of the page.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Button {
    /// kill -9 the host, and start it again.
    Kill,
    /// Copy another version of the plugin over the live one.
    Swap,
    /// Drop a plugin that misbehaves.
    Hostile,
    /// Take ECE down, or bring it back.
    Ece,
}

impl Stage {
    /// Presses a button; what came of it is told line by line.
    pub(super) async fn press(&self, button: Button) {
        match button {
            Button::Kill => self.kill().await,
            Button::Swap => self.swap().await,
            Button::Hostile => self.hostile().await,
            Button::Ece => self.ece_up_or_down(),
        }
    }

    async fn kill(&self) {
        let mut host = self.host.lock().await;
        let begun = Instant::now();
        self.host_is_up.store(false, Ordering::Relaxed);
        host.kill().await;
        self.note("kill -9: the host is dead");
        match host.start().await {
            Ok(()) => {
                self.host_is_up.store(true, Ordering::Relaxed);
                let took = begun.elapsed().as_millis();
                self.note(format!(
                    "the host is back after {took} ms and goes on where it was"
                ));
            }
            Err(error) => self.note(format!("the host does not come back: {error}")),
        }
    }

    async fn swap(&self) {
        let mark = self.marks.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        for plugin in self.world.plugins_in_use() {
            let file = format!("{plugin}.wasm");
            let bytes = self.world.another(&plugin, mark);
            if let Err(error) = bytes.and_then(|bytes| self.world.drop_bytes(&file, &bytes)) {
                self.note(format!("{file} could not be copied: {error}"));
                continue;
            }
            let begun = Instant::now();
            let hash = crate::sha256_of(&self.world.plugins().join(&file));
            let live = |status: &serde_json::Value| {
                crate::demo::live_hash(status, &plugin) == Some(hash.as_str())
            };
            match self.world.until_status(live).await {
                Ok(()) => {
                    let took = begun.elapsed().as_millis();
                    let short = &hash[..8];
                    self.note(format!("{file}: version {short} is live after {took} ms"));
                }
                Err(error) => self.note(format!("{file} does not go live: {error}")),
            }
        }
    }

    async fn hostile(&self) {
        let turn = usize::from(self.hostile.fetch_add(1, Ordering::Relaxed)) % HOSTILE.len();
        let name = HOSTILE[turn];
        let file = format!("{name}.wasm");
        let dropped = match name {
            "no-plugin" => self.world.drop_bytes(&file, b"\0asm this is no plugin"),
            guest => self.world.drop_in(&self.world.built.guest(guest)),
        };
        if let Err(error) = dropped {
            self.note(format!("{file} could not be copied: {error}"));
            return;
        }
        let known = |status: &serde_json::Value| verdict(status, &file).is_some();
        if let Err(error) = self.world.until_status(known).await {
            self.note(format!("the host says nothing about {file}: {error}"));
            return;
        }
        let status = self.world.admin("status").await.unwrap_or_default();
        let said = verdict(&status, &file).unwrap_or_default();
        self.note(format!("{file}: {said}"));
    }

    fn ece_up_or_down(&self) {
        let was_up = self.ece_is_up.fetch_xor(true, Ordering::Relaxed);
        let (outage, told) = match was_up {
            true => (
                Outage::Refuses,
                "ECE is down: messages wait in order, on disk",
            ),
            false => (Outage::None, "ECE is back: what waited goes out in order"),
        };
        self.world.ece.set_outage(outage);
        self.note(told);
    }
}

/// What the host thinks of a file, once it has made up its mind.
fn verdict(status: &serde_json::Value, file: &str) -> Option<String> {
    let plugins = status["plugins"].as_array()?;
    let one = plugins.iter().find(|one| {
        one["file"]
            .as_str()
            .is_some_and(|name| name.ends_with(file))
    })?;
    let state = one["state"].as_str()?;
    let reason = one["reason"].as_str();
    match (state, reason) {
        ("live", _) => Some("loaded and used by nothing; a channel must name it first".to_owned()),
        ("refused" | "quarantined", Some(reason)) => Some(format!("{state}: {reason}")),
        _ => None,
    }
}
