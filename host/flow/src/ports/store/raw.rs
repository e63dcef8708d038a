//! Webhook calls that wait for a working plugin.

use serde::{Deserialize, Serialize};
use trunkline_core::id::Timestamp;

use super::Scope;
use crate::ports::{PluginVersion, Request};

/// A row of `raw calls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawId(pub i64);

/// A call of a provider or of a bot's server that waits for a working plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct RawCall {
    /// Its row.
    pub id: RawId,
    /// For which channel or bot.
    pub scope: Scope,
    /// As it came.
    pub request: Request,
    /// When.
    pub arrived: Timestamp,
    /// Versions that trapped on it.
    pub trapped: Vec<PluginVersion>,
}
