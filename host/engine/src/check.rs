//! What `trunkline check` asks before anything runs: which plugins lie in the folder, and does the
//! configuration fit them? Reads manifests; compiles and starts nothing.

use std::path::Path;

use crate::config::{EngineConfig, User, UserConfig};
use crate::engine::Engine;
use crate::grant::Standing;
use crate::live::{BindError, Plugin, Table, fit};
use crate::manifest::Manifest;
use crate::scan::scan;
use crate::settings::Complaint;

/// A plugin file as far as its manifest tells.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundManifest {
    /// Its name in the folder.
    pub file: String,
    /// Its manifest, or what is wrong with it.
    pub manifest: Result<Manifest, String>,
}

/// The manifests of the folder, by file name.
///
/// # Errors
/// The folder cannot be read.
pub fn manifests_in(dir: &Path) -> std::io::Result<Vec<FoundManifest>> {
    let files = scan(dir)?;
    Ok(files
        .into_keys()
        .map(|file| FoundManifest {
            manifest: read(&dir.join(&file)),
            file,
        })
        .collect())
}

fn read(path: &Path) -> Result<Manifest, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    Manifest::of_component(&bytes).map_err(|error| error.to_string())
}

impl Engine {
    /// What does not fit, by channel or bot, where this host takes up another configuration. A version that serves and fits has no
    /// complaint, whatever the file in the folder wants: that may be refused for good reason, and must not keep everything else
    /// from changing.
    pub fn complaints(
        &self,
        config: &EngineConfig,
        manifests: &[FoundManifest],
    ) -> Vec<(User, Complaint)> {
        let mut all = complaints(config, manifests);
        let table = self.shared.live.now();
        all.retain(|(user, _)| {
            let Some(wanted) = config.wanted(user) else {
                return true;
            };
            !serving(&table, wanted).is_some_and(|plugin| {
                let (manifest, standing) = (&plugin.manifest, &plugin.standing);
                fit(manifest, standing, user, wanted, &config.public_url).is_ok()
            })
        });
        all
    }

    /// What another configuration takes away that a live plugin needs, by channel or bot. Where it trusts other keys as well, the files are
    /// judged anew when it comes into force.
    pub fn taken_away(&self, config: &EngineConfig) -> Vec<(User, Complaint)> {
        let table = self.shared.live.now();
        if table.config.trust != config.trust {
            return Vec::new();
        }
        let misses = |(user, wanted): (User, &UserConfig)| {
            let plugin = serving(&table, wanted)?;
            let fits = fit(
                &plugin.manifest,
                &plugin.standing,
                &user,
                wanted,
                &config.public_url,
            );
            match fits {
                Err(BindError::Grant { error, .. }) => {
                    let place = "hosts".to_owned();
                    let text = format!("{error}; {}", error.what_to_do(&user.table()));
                    Some((user, Complaint { place, text }))
                }
                Ok(_) | Err(BindError::Settings { .. } | BindError::Kind { .. }) => None,
            }
        };
        config.users().filter_map(misses).collect()
    }
}

/// The live version of the plugin that is wanted, if any channel or bot has it.
fn serving<'a>(table: &'a Table, wanted: &UserConfig) -> Option<&'a Plugin> {
    let mut live = table.users.values().filter_map(|bound| bound.as_ref().ok());
    let found = live.find(|bound| bound.plugin.manifest.name == wanted.plugin);
    found.map(|bound| &*bound.plugin)
}

/// What does not fit, by channel or bot. One whose plugin is not there has no complaint: it may come later.
pub fn complaints(config: &EngineConfig, manifests: &[FoundManifest]) -> Vec<(User, Complaint)> {
    let mut all = Vec::new();
    for (user, wanted) in config.users() {
        let found = manifests
            .iter()
            .filter_map(|found| found.manifest.as_ref().ok());
        let Some(manifest) = found
            .into_iter()
            .find(|manifest| manifest.name == wanted.plugin)
        else {
            continue;
        };
        let fits = fit(
            manifest,
            &Standing::Trusted,
            &user,
            wanted,
            &config.public_url,
        );
        let found = match fits {
            Ok(_) => Vec::new(),
            Err(BindError::Settings { complaints, .. }) => complaints,
            Err(error @ (BindError::Grant { .. } | BindError::Kind { .. })) => vec![Complaint {
                place: "plugin".to_owned(),
                text: error.to_string(),
            }],
        };
        all.extend(found.into_iter().map(|complaint| (user.clone(), complaint)));
    }
    all
}
