//! What serves where a file does not: the version before, from the store.
//!
//! A file that was refused changes nothing while the host runs, so it must change nothing over a restart. The store has the
//! bytes of the version that served; only the file can say that a plugin is wanted at all, so nothing comes back without one
//! (docs/decisions/0007).

use std::path::Path;
use std::sync::Arc;

use trunkline_core::id::PluginName;
use trunkline_flow::ports::PluginVersion;

use super::{Keeper, Provided};
use crate::config::EngineConfig;
use crate::live::{Plugin, bind};
use crate::refusal::NoteKind;
use crate::status::FileState;

impl Keeper {
    /// The configured plugin that a refused file stands for: the one it provides, the one its manifest names, the one the note
    /// of an earlier refusal names, the one it is called after. An unreadable file has no manifest.
    pub(super) fn stands_for(&self, file: &str) -> Option<PluginName> {
        let mut provided = self.provided.iter();
        let provides = provided.find(|(_, provided)| provided.file == file);
        let known = self.known.get(file);
        let manifest = known.and_then(|known| known.manifest.as_ref());
        let noted = NoteKind::Refused.read(&self.path(file));
        let noted = noted.and_then(|note| note.plugin);
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
        let names = [
            provides.map(|(name, _)| name.clone()),
            manifest.map(|manifest| manifest.name.clone()),
            noted.map(PluginName),
            stem.map(PluginName::from),
        ];
        let configured = |name: &PluginName| {
            let mut users = self.config.users();
            users.any(|(_, wanted)| wanted.plugin == *name)
        };
        names.into_iter().flatten().find(configured)
    }

    /// Puts the newest good version of the store into the place of a refused file, if nothing serves there.
    pub(super) async fn stand_in(
        &mut self,
        file: &str,
        name: &PluginName,
    ) -> Option<PluginVersion> {
        if self.provided.contains_key(name) {
            return None;
        }
        let plugin = self.version_before(file, name).await?;
        let version = plugin.version.clone();
        tracing::warn!(plugin = %name, version = %plugin.manifest.version, sha256 = %version.0, %file, "the version before, from the store, serves in the place of a refused file");
        self.serve(file, name.clone(), Some(plugin), true);
        Some(version)
    }

    /// What serves for a file: its own version, or one in its place.
    pub(super) fn serving_for(&self, file: &str) -> Option<&Arc<Plugin>> {
        let mut provided = self.provided.values();
        let provided = provided.find(|provided| provided.file == file)?;
        provided.plugin.as_ref()
    }

    /// The newest version of the store that was live once, is not in quarantine and can serve.
    pub(super) async fn version_before(
        &self,
        file: &str,
        name: &PluginName,
    ) -> Option<Arc<Plugin>> {
        let versions = self.shared.versions.clone();
        let mut quarantined = self.quarantined.clone();
        // Of before the start.
        let noted = NoteKind::Quarantined.read(&self.path(file));
        quarantined.extend(noted.map(|note| PluginVersion(note.sha256)));
        let (name, config) = (name.clone(), self.config.clone());
        let found = tokio::task::spawn_blocking(move || {
            let history = versions
                .archive()
                .history(name.as_str())
                .unwrap_or_default();
            let good = history
                .iter()
                .filter(|version| !quarantined.contains(version));
            let mut found = good.filter_map(|version| versions.find(version, &config.trust).ok());
            found.find(|plugin| serves_somebody(plugin, &config))
        });
        found.await.ok().flatten()
    }

    /// Judges what serves by another trust. What may not serve any more does not; its file is loaded anew, and says why.
    pub(super) async fn judge_anew(&mut self) {
        for (name, provided) in std::mem::take(&mut self.provided) {
            let Some(plugin) = &provided.plugin else {
                self.provided.insert(name, provided);
                continue;
            };
            let versions = self.shared.versions.clone();
            let (version, config) = (plugin.version.clone(), self.config.clone());
            let judging = move || versions.find(&version, &config.trust);
            match tokio::task::spawn_blocking(judging).await {
                Ok(Ok(plugin)) => {
                    let plugin = Some(plugin);
                    self.provided.insert(name, Provided { plugin, ..provided });
                }
                Ok(Err(refusal)) => {
                    tracing::warn!(plugin = %name, reason = %refusal.reason, "plugin serves no more: it is not trusted now");
                    self.set_state(&provided.file, FileState::Loading);
                    self.waiting.push_back(provided.file);
                }
                // The process is ending.
                Err(_) => {}
            }
        }
    }
}

/// A version of another time may want settings or hosts that nobody gives now.
fn serves_somebody(plugin: &Arc<Plugin>, config: &EngineConfig) -> bool {
    let name = &plugin.manifest.name;
    let mut users = config.users().filter(|(_, wanted)| wanted.plugin == *name);
    users.any(|(user, wanted)| bind(plugin, &user, wanted, &config.public_url).is_ok())
}
