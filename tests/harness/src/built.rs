//! Where the built host and plugins are.

use std::path::{Path, PathBuf};

/// What a world needs from the build.
#[derive(Debug, Clone)]
pub struct Built {
    /// The host's binary.
    pub host: PathBuf,
    /// Folder of the plugins: `sms.wasm`…
    pub plugins: PathBuf,
    /// Folder of the guests that misbehave.
    pub guests: PathBuf,
}

/// Something was not built.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing: run `cargo xtask test` or `cargo xtask demo`, which build it", path.display())]
pub struct NotBuilt {
    /// What is missing.
    pub path: PathBuf,
}

impl Built {
    /// Beside the running program: `target/PROFILE/deps/test-…` or `target/PROFILE/program`.
    /// `TRUNKLINE_BIN` names another host.
    ///
    /// # Errors
    /// The host or the plugins are not there.
    pub fn find() -> Result<Self, NotBuilt> {
        let program = std::env::current_exe().map_err(|_| NotBuilt {
            path: "this program".into(),
        })?;
        let profile = program
            .ancestors()
            .skip(1)
            .find(|folder| folder.file_name().is_some_and(|name| name != "deps"))
            .unwrap_or(Path::new("."));
        let target = profile.parent().unwrap_or(Path::new("."));
        let host = std::env::var_os("TRUNKLINE_BIN")
            .map_or_else(|| profile.join("trunkline"), PathBuf::from);
        let built = Self {
            host,
            plugins: target.join("plugins"),
            guests: target.join("guests"),
        };
        for path in [&built.host, &built.plugin("sms")] {
            if !path.exists() {
                return Err(NotBuilt { path: path.clone() });
            }
        }
        Ok(built)
    }

    /// The file of a plugin.
    pub fn plugin(&self, name: &str) -> PathBuf {
        self.plugins.join(format!("{name}.wasm"))
    }

    /// The file of an example of the SDK.
    pub fn example(&self, name: &str) -> PathBuf {
        let target = self.plugins.parent().unwrap_or(Path::new("."));
        target.join("examples").join(format!("{name}.wasm"))
    }

    /// The file of a guest.
    pub fn guest(&self, name: &str) -> PathBuf {
        self.guests.join(format!("{name}.wasm"))
    }
}
