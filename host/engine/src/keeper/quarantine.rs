//! A version that traps too often serves no more; the newest good one before it does.

use std::sync::Arc;

use trunkline_core::id::PluginName;
use trunkline_flow::ports::PluginVersion;

use super::{Keeper, Known};
use crate::live::Plugin;
use crate::refusal::{Note, NoteKind};
use crate::status::{EngineEvent, FileState};
use crate::traps::Trap;

impl Keeper {
    pub(super) async fn trapped(&mut self, version: &PluginVersion, trap: Trap) {
        let now = self.shared.means.time.now();
        if !self
            .traps
            .entry(version.clone())
            .or_default()
            .note(now, trap)
        {
            return;
        }
        self.traps.remove(version);
        let serves = |plugin: &Arc<Plugin>| plugin.version == *version;
        let provided = self.provided.iter();
        let mut provided = provided.filter(|(_, it)| it.plugin.as_ref().is_some_and(serves));
        let Some((name, it)) = provided.next() else {
            return;
        };
        let (name, file) = (name.clone(), it.file.clone());
        self.quarantined.push(version.clone());
        self.serve_before(&file, &name, version).await;
    }

    /// Puts the file into quarantine and the newest version before it into its place.
    pub(super) async fn serve_before(
        &mut self,
        file: &str,
        name: &PluginName,
        version: &PluginVersion,
    ) {
        let before = self.version_before(file, name).await;
        if let Some(plugin) = &before {
            // Without it only the order of the history is wrong.
            let _ = self.mark_live(plugin).await;
        }
        let serving = before.as_ref().map(|plugin| plugin.version.clone());
        tracing::error!(plugin = %name, sha256 = %version.0, ?serving, "plugin trapped too often and is in quarantine");
        let what_to_do =
            "put a mended file in its place, or remove this note to try the file again";
        let note = Note {
            sha256: version.0.clone(),
            serving: serving.as_ref().map(|version| version.0.clone()),
            ..self.note(file, "it trapped too often", what_to_do)
        };
        self.leave_note(file, NoteKind::Quarantined, &note);
        // What trapped may have served in the place of a file that was refused: that one stays refused.
        let known = self.known.get(file);
        let is_the_file = known.is_some_and(|known| known.version.as_ref() == Some(version));
        if is_the_file {
            let serving = note.serving;
            self.set_state(file, FileState::Quarantined { serving });
        }
        self.serve(file, name.clone(), before, !is_the_file);
        self.tell(EngineEvent::Quarantined {
            plugin: name.clone(),
            version: version.clone(),
            serving: serving.clone(),
        });
        if let Some(version) = serving {
            self.tell_live(name.clone(), version);
        }
    }

    /// Whoever removes the note wants the file tried again.
    pub(super) fn forget_ended_quarantines(&mut self) {
        let config = self.config.clone();
        let ended = |file: &str, known: &Known| {
            matches!(known.state, FileState::Quarantined { .. })
                && NoteKind::Quarantined.read(&config.dir.join(file)).is_none()
        };
        let quarantined = &mut self.quarantined;
        self.known.retain(|file, known| {
            let ended = ended(file, known);
            if ended {
                quarantined.retain(|version| known.version.as_ref() != Some(version));
            }
            !ended
        });
    }
}
