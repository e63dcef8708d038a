//! Builds plugins: Rust crate to core module (`wasm32-unknown-unknown`, profile `plugin`), core module to component.
//!
//! Every folder of `plugins/`, of `plugin-sdk/examples/` and, if asked, of `tests/guests/` that has a `plugin.toml` is one plugin; its file is
//! named for the folder. The manifest travels in the core module as custom section `trunkline:manifest` and is lifted
//! to the top level of the component, where a host reads it before anything runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use sha2::{Digest, Sha256};
use trunkline_plugin::manifest::Manifest;
use wit_component::ComponentEncoder;

use crate::run::{cargo, root, target};

mod section;

/// Where the host looks for the hashes of the plugins that came with it: beside itself.
const SHIPPED: [&str; 2] = ["debug/trunkline.shipped", "release/trunkline.shipped"];

const TARGET: &str = "wasm32-unknown-unknown";
const MANIFEST_SECTION: &str = "trunkline:manifest";

/// Why plugins could not be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginsError {
    /// A file or folder cannot be read or written.
    #[error("{what} {path}")]
    File {
        /// Read or write.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A tool cannot be run.
    #[error("run {0}")]
    Run(String, #[source] io::Error),
    /// The compiler said no; its words are above.
    #[error("the plugins do not compile")]
    Compile,
    /// There is no standard library for WebAssembly.
    #[error(
        "the Rust target {TARGET} is missing and could not be added: run `rustup target add {TARGET}`, or install \
         your distribution's Rust for WebAssembly"
    )]
    Target,
    /// What was compiled has another name.
    #[error(
        "what was compiled is not called `{name}`: `name` in plugin.toml and `name` of the package in Cargo.toml must be \
         the same"
    )]
    OtherName {
        /// The manifest's.
        name: String,
    },
    /// It compiles, but is no component.
    #[error("make a component of {path}: {reason}")]
    Component {
        /// The core module.
        path: PathBuf,
        /// What the encoder says.
        reason: String,
    },
    /// Its manifest is wrong.
    #[error("{path}: {why}")]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The crate does not pack its manifest.
    #[error("{0} has no manifest: add trunkline_plugin::manifest!(\"plugin.toml\") to its lib.rs")]
    NoManifest(PathBuf),
}

/// Builds every plugin, and the tests' guests if asked, and gives the files written.
///
/// # Errors
/// The target is missing, a crate does not compile, or it is no plugin.
pub(crate) fn build(guests: bool) -> Result<Vec<PathBuf>, PluginsError> {
    ensure_target()?;
    let root = root();
    let target = target(&root);
    let mut plugins = found_in(&root.join("plugins"), &target.join("plugins"), "")?;
    let shipped = plugins.len();
    plugins.extend(found_in(
        &root.join("plugin-sdk/examples"),
        &target.join("examples"),
        "",
    )?);
    if guests {
        plugins.extend(found_in(
            &root.join("tests/guests"),
            &target.join("guests"),
            "guest-",
        )?);
    }
    compile(&root, &plugins)?;
    let paths: Vec<PathBuf> = plugins
        .iter()
        .map(|plugin| plugin.componentise(&target.join(TARGET).join("plugin")))
        .collect::<Result<_, _>>()?;
    let list = list(&paths[..shipped])?;
    for place in SHIPPED {
        write(&target.join(place), list.as_bytes())?;
    }
    Ok(paths)
}

/// As `sha256sum` prints it.
fn list(paths: &[PathBuf]) -> Result<String, PluginsError> {
    let mut list = String::new();
    for path in paths {
        let bytes = fs::read(path).map_err(file_error("read", path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        list += &format!("{:x}  {name}\n", Sha256::digest(&bytes));
    }
    Ok(list)
}

/// Builds the plugin of one folder, a workspace of its own, to `NAME.wasm` in it.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_in(folder: &Path) -> Result<PathBuf, PluginsError> {
    ensure_target()?;
    let path = folder.join("plugin.toml");
    let manifest = fs::read_to_string(&path).map_err(file_error("read", &path))?;
    let manifest = Manifest::parse(&manifest).map_err(|error| PluginsError::Manifest {
        path,
        why: error.to_string(),
    })?;
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => env::current_dir().unwrap_or_default().join(shared),
        None => folder.join("target"),
    };
    let mut cargo = cargo(folder);
    cargo.args(["build", "--release", "--target", TARGET, "--target-dir"]);
    succeed(cargo.arg(&target))?;
    let plugin = Plugin {
        output: folder.join(format!("{}.wasm", manifest.name)),
        package: manifest.name,
    };
    plugin.componentise(&target.join(TARGET).join("release"))
}

/// One line a file: path and size.
pub(crate) fn print(paths: &[PathBuf]) {
    for path in paths {
        let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
        println!("{:>6} KiB  {}", bytes.div_ceil(1024), path.display());
    }
}

/// A plugin's crate, and where its component goes.
struct Plugin {
    package: String,
    output: PathBuf,
}

fn found_in(folder: &Path, output: &Path, prefix: &str) -> Result<Vec<Plugin>, PluginsError> {
    let entries = fs::read_dir(folder).map_err(file_error("read", folder))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("plugin.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let plugin = |name: &String| Plugin {
        package: format!("{prefix}{name}"),
        output: output.join(format!("{name}.wasm")),
    };
    Ok(names.iter().map(plugin).collect())
}

fn compile(root: &Path, plugins: &[Plugin]) -> Result<(), PluginsError> {
    let mut cargo = cargo(root);
    cargo.args(["build", "--target", TARGET, "--profile", "plugin"]);
    for plugin in plugins {
        cargo.args(["--package", &plugin.package]);
    }
    succeed(&mut cargo)
}

fn succeed(cargo: &mut Command) -> Result<(), PluginsError> {
    let status = cargo
        .status()
        .map_err(|error| PluginsError::Run("cargo build".to_owned(), error))?;
    if status.success() {
        Ok(())
    } else {
        Err(PluginsError::Compile)
    }
}

impl Plugin {
    /// `modules` is where cargo left the core module.
    fn componentise(&self, modules: &Path) -> Result<PathBuf, PluginsError> {
        let module = modules.join(format!("{}.wasm", self.package.replace('-', "_")));
        if !module.exists() {
            let name = self.package.clone();
            return Err(PluginsError::OtherName { name });
        }
        let bytes = fs::read(&module).map_err(file_error("read", &module))?;
        let split = section::split_off(&bytes, MANIFEST_SECTION);
        let Some((rest, manifest)) = split else {
            return Err(PluginsError::NoManifest(module));
        };
        let mut component = encode(&rest).map_err(|reason| PluginsError::Component {
            path: module.clone(),
            reason,
        })?;
        section::append(&mut component, MANIFEST_SECTION, &manifest);
        write(&self.output, &component)?;
        Ok(self.output.clone())
    }
}

fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder
        .module(module)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| format!("{error:#}"))
}

/// Whole or not at all: a running host watches the folder and reads the list.
fn write(path: &Path, bytes: &[u8]) -> Result<(), PluginsError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(file_error("create", folder))?;
    let half = path.with_extension("part");
    fs::write(&half, bytes).map_err(file_error("write", &half))?;
    fs::rename(&half, path).map_err(file_error("write", path))
}

/// The target's standard library is there, or rustup brings it.
fn ensure_target() -> Result<(), PluginsError> {
    if target_is_installed()? {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status();
    if added.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(PluginsError::Target)
    }
}

fn target_is_installed() -> Result<bool, PluginsError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let output = run.map_err(|error| PluginsError::Run("rustc".to_owned(), error))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}

fn file_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PluginsError {
    let path = path.to_path_buf();
    move |source| PluginsError::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_another_name_than_its_plugin_is_told_what_must_be_the_same() {
        let plugin = Plugin {
            package: "other-name".to_owned(),
            output: PathBuf::from("other-name.wasm"),
        };
        let why = plugin.componentise(Path::new("/nowhere")).unwrap_err();
        let why = why.to_string();
        assert!(
            why.contains("`other-name`") && why.contains("Cargo.toml"),
            "{why}"
        );
    }
}
