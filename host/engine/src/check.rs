//! What `trunkline check` asks before anything runs: which plugins lie in the folder, and does the
//! configuration fit them? Reads manifests; compiles and starts nothing.

use std::path::Path;

use crate::config::{EngineConfig, User};
use crate::grant::Standing;
use crate::live::{BindError, fit};
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
