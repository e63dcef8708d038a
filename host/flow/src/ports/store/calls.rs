//! Recorded calls of plugins: what one was called with, what the outside answered, how it ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::id::{ChannelName, Timestamp};

use super::{Scope, StoreError};
use crate::ports::{BoxFuture, PluginVersion};

/// How long a recorded call is kept, in ms: as long as what became unreadable (7 days).
pub const CALLS_KEEP_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Recorded calls a channel or bot; the oldest make room.
pub const CALLS_MAX: usize = 200;

/// Bytes of recorded calls a channel or bot; the oldest make room.
pub const CALLS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A recorded call's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub i64);

/// What a list of recorded calls shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallHead {
    /// Whose plugin was called: a channel or a bot.
    pub scope: Scope,
    /// When it ended.
    pub at: Timestamp,
    /// The plugin's name.
    pub plugin: String,
    /// The manifest's version.
    pub version: String,
    /// The file.
    pub hash: PluginVersion,
    /// What was called: `receive`, `send`, `on` …
    pub export: String,
    /// How it ended, in one line. May hold what people wrote.
    pub outcome: String,
    /// It gave no result, or the plugin itself gave up.
    pub failed: bool,
}

/// A call to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// For the list; its outcome is masked.
    pub head: CallHead,
    /// By whose rules it is masked: for a bot, the customer's channel, if there is one.
    pub channel: Option<ChannelName>,
    /// What holds nobody's words.
    pub frame: Value,
    /// What may: every text in it is masked.
    pub words: Value,
}

/// A recorded call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptCall {
    /// Its number.
    pub id: CallId,
    /// As in the list.
    #[serde(flatten)]
    pub head: CallHead,
    /// Masking changed something: the plugin saw more than is kept.
    pub masked: bool,
    /// As it was given.
    pub frame: Value,
    /// As it was given, masked: digits became 9, letters x, so lengths and forms are as they were.
    pub words: Value,
}

/// Where recorded calls are kept. Used by the engine, and by the operator's commands.
pub trait CallArchive: Send + Sync + 'static {
    /// Keeps a call for `CALLS_KEEP_MS`, within `CALLS_MAX` and `CALLS_BYTES_MAX` of its channel or bot.
    ///
    /// # Errors
    /// Nothing was written.
    fn keep_call(&self, call: NewCall) -> BoxFuture<'_, Result<CallId, StoreError>>;

    /// The newest first, below `before`, of one channel or bot or of all.
    ///
    /// # Errors
    /// The store's.
    fn calls(
        &self,
        scope: Option<Scope>,
        before: Option<CallId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(CallId, CallHead)>, StoreError>>;

    /// One of them.
    ///
    /// # Errors
    /// The store's.
    fn call(&self, id: CallId) -> BoxFuture<'_, Result<Option<KeptCall>, StoreError>>;
}
