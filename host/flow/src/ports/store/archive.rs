//! Plugin files by hash.

use trunkline_core::id::Timestamp;

use super::StoreError;
use crate::ports::PluginVersion;

/// A plugin file as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFile {
    /// From its manifest.
    pub name: String,
    /// From its manifest.
    pub version: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// Plugin files by hash: kept while a call, a conversation or a rollback needs them. Used by the engine.
pub trait PluginArchive: Send + Sync + 'static {
    /// Keeps a file. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    fn keep(
        &self,
        hash: &PluginVersion,
        name: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError>;

    /// The file of this hash.
    ///
    /// # Errors
    /// The store's.
    fn fetch(&self, hash: &PluginVersion) -> Result<Option<PluginFile>, StoreError>;

    /// Marks the hash live for its name; the one before stays as the version to return to.
    ///
    /// # Errors
    /// The store's.
    fn made_live(&self, hash: &PluginVersion, at: Timestamp) -> Result<(), StoreError>;

    /// Hashes of this plugin that were live, newest first.
    ///
    /// # Errors
    /// The store's.
    fn history(&self, name: &str) -> Result<Vec<PluginVersion>, StoreError>;

    /// The hash of this plugin that was live first, of those whose bytes are still kept.
    ///
    /// # Errors
    /// The store's.
    fn first(&self, name: &str) -> Result<Option<PluginVersion>, StoreError>;

    /// Hashes that unsettled deliveries are pinned to.
    ///
    /// # Errors
    /// The store's.
    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError>;
}
