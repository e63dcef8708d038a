//! Files come, change and go: what the keeper does about each.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;
use trunkline_core::id::PluginName;

use super::{Keeper, Known, Loading, Provided, RESCAN, SETTLE};
use crate::config::EngineConfig;
use crate::live::Plugin;
use crate::load::{Candidate, Loaded, Loader};
use crate::plan::{Change, Found, plan};
use crate::refusal::{Note, NoteKind, Refusal, Stage};
use crate::scan::scan;
use crate::status::{EngineEvent, FileState};

impl Keeper {
    /// A look that nothing called for. What could not be read or kept may be now, and the file does not show it. Not at every look: the
    /// reading itself may call for one.
    pub(super) async fn look_by_the_clock(&mut self) {
        self.look_again_at(&[Stage::Read, Stage::Store]);
        self.look().await;
    }

    pub(super) async fn look(&mut self) {
        self.next_look = Instant::now() + RESCAN;
        self.forget_ended_quarantines();
        let dir = self.config.dir.clone();
        let scanned = tokio::task::spawn_blocking(move || scan(&dir)).await;
        let found = match scanned {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                let dir = self.config.dir.display();
                tracing::error!(%dir, %error, "the plugin folder cannot be read; what is live serves on");
                return;
            }
            Err(_) => return,
        };
        let known = self.known.iter();
        let known = known
            .map(|(file, known)| (file.clone(), known.stamp))
            .collect();
        let plan = plan(&known, &self.before, &found);
        self.unsettled = plan.unsettled;
        if plan.unsettled {
            self.next_look = Instant::now() + SETTLE;
        }
        for change in plan.changes {
            match change {
                Change::Unload(file) => self.unload(&file),
                Change::Load(file) | Change::Replace(file) => self.queue(file, &found),
            }
        }
        let stamps = found.into_iter().map(|(file, found)| (file, found.stamp));
        self.before = stamps.collect();
        self.load_next();
        self.write_status();
    }

    fn queue(&mut self, file: String, found: &BTreeMap<String, Found>) {
        let Some(now) = found.get(&file) else { return };
        let known = Known {
            stamp: now.stamp,
            state: FileState::Loading,
            before: None,
            version: None,
            manifest: None,
        };
        self.known.insert(file.clone(), known);
        if !self.waiting.contains(&file) {
            self.waiting.push_back(file);
        }
    }

    pub(super) fn load_next(&mut self) {
        if self.loading.is_some() {
            return;
        }
        let Some(file) = self.waiting.pop_front() else {
            return;
        };
        let loader = Loader {
            versions: self.shared.versions.clone(),
            means: self.shared.means.clone(),
            config: self.config.clone(),
            table: self.shared.live.now(),
        };
        let path = self.path(&file);
        self.loading = Some(Loading {
            file,
            config: self.config.clone(),
            handle: tokio::spawn(loader.load(path)),
        });
    }

    pub(super) async fn loaded(
        &mut self,
        (file, config, loaded): (String, Arc<EngineConfig>, Loaded),
    ) {
        // Unloaded or changed in the meantime: another load is waiting, or none is wanted.
        let is_stale = self.waiting.contains(&file);
        if is_stale || !self.known.contains_key(&file) {
            return;
        }
        if !Arc::ptr_eq(&config, &self.config) {
            // Whatever was found, the configuration it was found by is none any more.
            self.waiting.push_front(file);
            return;
        }
        let Some(known) = self.known.get_mut(&file) else {
            return;
        };
        known.version = loaded.version;
        known.manifest = loaded.manifest;
        self.note_ack(&file);
        match loaded.result {
            Ok(Candidate::Good(plugin)) => self.accept(&file, plugin).await,
            Ok(Candidate::Quarantined(version, manifest)) => {
                if let Some(refusal) = self.twin(&file, &manifest.name) {
                    return self.refuse(&file, refusal).await;
                }
                self.quarantined.push(version.clone());
                self.serve_before(&file, &manifest.name, &version).await;
            }
            Err(refusal) => self.refuse(&file, refusal).await,
        }
    }

    /// The `ack` of a plugin is that of its last known manifest; a second file of its name changes nothing.
    fn note_ack(&mut self, file: &str) {
        let known = self.known.get(file);
        let Some(manifest) = known.and_then(|known| known.manifest.as_ref()) else {
            return;
        };
        if self.twin(file, &manifest.name).is_none() {
            let (name, ack) = (manifest.name.clone(), manifest.ack.clone());
            self.acks.insert(name, ack);
        }
    }

    /// Why a file may not provide a plugin that another file provides.
    fn twin(&self, file: &str, name: &PluginName) -> Option<Refusal> {
        let provided = self.provided.get(name);
        let other = provided.filter(|other| other.file != file && !other.stands_in)?;
        let reason = format!("{} already provides plugin `{name}`", other.file);
        Some(Refusal::new(
            Stage::Name,
            reason,
            "remove one of the two files",
        ))
    }

    async fn accept(&mut self, file: &str, plugin: Arc<Plugin>) {
        let name = plugin.manifest.name.clone();
        if let Some(refusal) = self.twin(file, &name) {
            return self.refuse(file, refusal).await;
        }
        if let Err(refusal) = self.mark_live(&plugin).await {
            return self.refuse(file, refusal).await;
        }
        NoteKind::Refused.remove(&self.path(file));
        NoteKind::Quarantined.remove(&self.path(file));
        self.set_state(file, FileState::Live);
        let version = plugin.version.clone();
        tracing::info!(plugin = %name, version = %plugin.manifest.version, sha256 = %version.0, "plugin is live");
        // A file that now holds another plugin takes the old one along.
        self.provided
            .retain(|other, provided| *other == name || provided.file != file);
        self.serve(file, name.clone(), Some(plugin), false);
        self.tell_live(name, version);
    }

    /// The swap.
    pub(super) fn serve(
        &mut self,
        file: &str,
        name: PluginName,
        plugin: Option<Arc<Plugin>>,
        stands_in: bool,
    ) {
        let provided = Provided {
            file: file.to_owned(),
            plugin,
            stands_in,
        };
        self.provided.insert(name, provided);
        self.swap();
    }

    /// Says why the file is not live. The version before serves on; where none does, the newest good one of the store.
    async fn refuse(&mut self, file: &str, refusal: Refusal) {
        let known = self.known.get_mut(file);
        let before = known.and_then(|known| known.before.take());
        let is_news = before.as_ref() != Some(&refusal);
        if is_news {
            tracing::warn!(%file, stage = ?refusal.stage, reason = %refusal.reason, "plugin file is not live");
        }
        let plugin = self.stands_for(file);
        let stood_in = match &plugin {
            Some(name) => self.stand_in(file, name).await,
            None => None,
        };
        let serving = self.serving_for(file);
        let note = Note {
            stage: Some(refusal.stage),
            serving: serving.map(|plugin| plugin.version.0.clone()),
            plugin: plugin.as_ref().map(|name| name.0.clone()),
            ..self.note(file, &refusal.reason, &refusal.what_to_do)
        };
        if is_news {
            self.leave_note(file, NoteKind::Refused, &note);
        }
        self.set_state(file, FileState::Refused(refusal.clone()));
        // The last known manifest may be new: its `ack` counts.
        self.swap();
        if is_news {
            let file = file.to_owned();
            self.tell(EngineEvent::Refused { file, refusal });
        }
        if let (Some(name), Some(version)) = (plugin, stood_in) {
            self.tell_live(name, version);
        }
    }

    fn unload(&mut self, file: &str) {
        let path = self.path(file);
        NoteKind::Refused.remove(&path);
        NoteKind::Quarantined.remove(&path);
        self.waiting.retain(|waiting| waiting != file);
        self.known.remove(file);
        let provided = self.provided.iter();
        let mut provided = provided.filter(|(_, provided)| provided.file == file);
        let Some(name) = provided.next().map(|(name, _)| name.clone()) else {
            return;
        };
        self.provided.remove(&name);
        tracing::info!(plugin = %name, %file, "plugin is gone: its file was removed");
        self.swap();
        self.tell(EngineEvent::Gone { plugin: name });
        self.look_again_at(&[Stage::Name]);
    }
}
