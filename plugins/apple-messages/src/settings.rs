//! What the operator says about the channel; described in `plugin.toml`.

use serde::Deserialize;

/// The secret's name.
pub(crate) const API_SECRET: &str = "api_secret";

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) msp_id: String,
    pub(crate) business_id: String,
    api_base: String,
}

impl Settings {
    /// A call of the gateway: `name` without slash.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/v1/{name}", self.api_base.trim_end_matches('/'))
    }
}
