//! Versions of plugins by hash: compiled from bytes, found again for calls that began on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use trunkline_core::id::PluginName;
use trunkline_flow::ports::{PluginArchive, PluginVersion, StoreError};

use crate::cache::Cache;
use crate::config::Trust;
use crate::contract_0_1::{CONTRACT, Exports};
use crate::grant::Standing;
use crate::live::{Counters, GoodCalls, Plugin};
use crate::manifest::{Kind, Manifest};
use crate::refusal::{Refusal, Stage};
use crate::run::Linked;
use crate::runtime::Runtime;
use crate::signature;
use crate::standing::{kept_signature, standing};

/// Compiles, and remembers what it compiled for as long as somebody uses it.
pub(crate) struct Versions {
    pub(crate) runtime: Runtime,
    cache: Cache,
    archive: Arc<dyn PluginArchive>,
    compiled: Mutex<BTreeMap<PluginVersion, Weak<Plugin>>>,
    counters: Mutex<BTreeMap<PluginName, Arc<Counters>>>,
}

impl Versions {
    pub(crate) fn new(runtime: Runtime, cache: Cache, archive: Arc<dyn PluginArchive>) -> Self {
        Self {
            runtime,
            cache,
            archive,
            compiled: Mutex::default(),
            counters: Mutex::default(),
        }
    }

    pub(crate) fn archive(&self) -> &dyn PluginArchive {
        self.archive.as_ref()
    }

    /// Compiles and links. Blocks: seconds for a large component.
    ///
    /// # Errors
    /// It does not compile, or imports or exports what it should not.
    pub(crate) fn compile(
        &self,
        version: &PluginVersion,
        manifest: Manifest,
        standing: Standing,
        bytes: &[u8],
    ) -> Result<Arc<Plugin>, Refusal> {
        let component = self.cache.component(&self.runtime, version, bytes);
        let component = component.map_err(|error| {
            let what_to_do = "build it with an SDK of this host's release";
            Refusal::new(Stage::Compile, format!("{error:#}"), what_to_do)
        })?;
        let linked = Linked::new(&self.runtime, &component).map_err(|error| {
            let what_to_do = format!("import only interfaces of contract {CONTRACT}");
            Refusal::new(Stage::Interfaces, format!("{error:#}"), what_to_do)
        })?;
        check_exports(manifest.kind, linked.exports())?;
        let plugin = Arc::new(Plugin {
            version: version.clone(),
            counters: self.counters_of(&manifest.name),
            manifest: Arc::new(manifest),
            linked,
            standing,
            good: GoodCalls::default(),
        });
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.retain(|_, plugin| plugin.strong_count() > 0);
        compiled.insert(version.clone(), Arc::downgrade(&plugin));
        Ok(plugin)
    }

    /// The version of this hash from the archive, with the standing its file would have now. Blocks.
    ///
    /// # Errors
    /// The archive has no such file, it does not compile any more, or its signature is not good enough now.
    pub(crate) fn find(
        &self,
        version: &PluginVersion,
        trust: &Trust,
    ) -> Result<Arc<Plugin>, Refusal> {
        let not_there = |reason: String| Refusal::new(Stage::Store, reason, "see the store's log");
        let unreadable = |error: StoreError| not_there(error.to_string());
        let archive = self.archive();
        let file = archive.fetch(version).map_err(unreadable)?;
        let file =
            file.ok_or_else(|| not_there(format!("no plugin file {} is kept", version.0)))?;
        let signature = kept_signature(archive, version).map_err(unreadable)?;
        let signed = signature::check(trust, version, &file.bytes, signature.as_deref())?;
        let manifest = Manifest::of_component(&file.bytes).map_err(|error| {
            Refusal::new(Stage::Manifest, error.to_string(), "see the store's log")
        })?;
        let standing = standing(trust, archive, &manifest, version, signed).map_err(unreadable)?;
        match self.in_use(version) {
            Some(plugin) if plugin.standing == standing => Ok(plugin),
            Some(plugin) => Ok(Arc::new(Plugin {
                version: version.clone(),
                manifest: plugin.manifest.clone(),
                linked: plugin.linked.clone(),
                standing,
                counters: plugin.counters.clone(),
                good: GoodCalls::default(),
            })),
            None => self.compile(version, manifest, standing, &file.bytes),
        }
    }

    /// The version of this hash, if it is in use.
    pub(crate) fn in_use(&self, version: &PluginVersion) -> Option<Arc<Plugin>> {
        let compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.get(version)?.upgrade()
    }

    /// Counters of all plugins seen since the start.
    pub(crate) fn counters(&self) -> BTreeMap<PluginName, Arc<Counters>> {
        let counters = self.counters.lock();
        counters.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn counters_of(&self, name: &PluginName) -> Arc<Counters> {
        let counters = self.counters.lock();
        let mut counters = counters.unwrap_or_else(PoisonError::into_inner);
        counters.entry(name.clone()).or_default().clone()
    }
}

fn check_exports(kind: Kind, exports: &Exports) -> Result<(), Refusal> {
    let needed: &[&str] = match kind {
        Kind::Channel => &["receiving", "sending"],
        Kind::Bot => &["turns"],
    };
    let names = exports.names();
    let missing: Vec<_> = needed
        .iter()
        .filter(|name| !names.contains(*name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
    let reason = format!("does not export {} of contract {CONTRACT}", list.join(", "));
    let what_to_do = "export what its kind needs, or correct `kind` in the manifest";
    Err(Refusal::new(Stage::Interfaces, reason, what_to_do))
}
