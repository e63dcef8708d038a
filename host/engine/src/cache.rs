//! Compiled components, kept by content hash in a folder that only this user can read or write.
//!
//! What lies there is machine code that will run unchecked, so a folder that others could write to
//! is not used. The key holds wasmtime's version and settings: another build compiles anew. What no start has read for
//! [`UNUSED_MAX`] is removed.

use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use trunkline_flow::ports::PluginVersion;
use wasmtime::component::Component;

use crate::runtime::Runtime;

/// Longer than anybody waits before going back to a build or a plugin version; compiling anew costs seconds at most.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The folder of one build.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    /// None: nothing is kept.
    dir: Option<PathBuf>,
}

impl Cache {
    /// Opens or makes the folder. One that cannot be private is not used, and said so.
    pub(crate) fn open(root: &Path, runtime: &Runtime) -> Self {
        let mut hasher = DefaultHasher::new();
        let compatibility = runtime.engine().precompile_compatibility_hash();
        compatibility.hash(&mut hasher);
        let dir = root.join(format!("{:016x}", hasher.finish()));
        match private(root).and_then(|()| private(&dir)) {
            Ok(()) => {
                if let Err(error) = forget_unused(root, SystemTime::now()) {
                    tracing::warn!(root = %root.display(), %error, "old compiled plugins stay");
                }
                Self { dir: Some(dir) }
            }
            Err(error) => {
                let root = root.display();
                tracing::warn!(%root, %error, "no cache of compiled plugins: each start compiles them");
                Self { dir: None }
            }
        }
    }

    /// The compiled component: from the folder, else compiled and kept.
    ///
    /// # Errors
    /// The bytes do not compile.
    pub(crate) fn component(
        &self,
        runtime: &Runtime,
        version: &PluginVersion,
        bytes: &[u8],
    ) -> wasmtime::Result<Component> {
        let path = self.dir.as_ref().map(|dir| dir.join(&version.0));
        if let Some(component) = path.as_ref().and_then(|path| load(runtime, path)) {
            return Ok(component);
        }
        let component = runtime.compile(bytes)?;
        if let Some(path) = path {
            let kept = component
                .serialize()
                .and_then(|code| Ok(write(&path, &code)?));
            if let Err(error) = kept {
                tracing::warn!(%error, "a compiled plugin could not be kept");
            }
        }
        Ok(component)
    }
}

#[expect(
    unsafe_code,
    reason = "the file was written by this user's own process into a folder nobody else can write"
)]
fn load(runtime: &Runtime, path: &Path) -> Option<Component> {
    if !path.exists() {
        return None;
    }
    // SAFETY: the file comes from `Component::serialize` of this very build (its hash names the
    // folder), and the folder was checked to be this user's alone.
    match unsafe { Component::deserialize_file(runtime.engine(), path) } {
        Ok(component) => {
            // At worst it is compiled anew in a month.
            let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
            Some(component)
        }
        Err(error) => {
            tracing::warn!(%error, "a kept compiled plugin is damaged and is compiled anew");
            None
        }
    }
}

/// Of all builds: a host that was replaced leaves its own behind.
fn forget_unused(root: &Path, now: SystemTime) -> io::Result<()> {
    for build in fs::read_dir(root)? {
        for kept in fs::read_dir(build?.path())? {
            let kept = kept?;
            let unused = now.duration_since(kept.metadata()?.modified()?);
            if unused.is_ok_and(|unused| unused > UNUSED_MAX) {
                fs::remove_file(kept.path())?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    let part = path.with_extension(format!("part{}", std::process::id()));
    fs::write(&part, code)?;
    fs::rename(part, path)
}

/// Makes the folder for this user alone, or checks that it is.
#[cfg(unix)]
fn private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let metadata = fs::metadata(dir)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the folder belongs to somebody else"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component's header: one without anything in it.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn age(path: &Path, days: u64) {
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        File::open(path).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn what_no_start_has_read_for_a_month_is_removed_also_of_other_builds() {
        let root = tempfile::tempdir().unwrap();
        let runtime = Runtime::new(1).unwrap();
        let cache = Cache::open(root.path(), &runtime);
        let [read, unread] = ["read", "unread"].map(|hash| PluginVersion(hash.to_owned()));
        let dir = cache.dir.clone().unwrap();
        for version in [&read, &unread] {
            cache.component(&runtime, version, EMPTY).unwrap();
            age(&dir.join(&version.0), 31);
        }
        let other = root.path().join("another-build");
        private(&other).unwrap();
        write(&other.join("old"), b"x").unwrap();
        age(&other.join("old"), 31);
        write(&other.join("new"), b"x").unwrap();
        age(&other.join("new"), 29);

        cache.component(&runtime, &read, EMPTY).unwrap();
        Cache::open(root.path(), &runtime);

        assert!(dir.join("read").exists());
        assert!(!dir.join("unread").exists());
        assert!(!other.join("old").exists());
        assert!(other.join("new").exists());
    }
}
