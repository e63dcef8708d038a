//! What the operator says about the channel; described in `plugin.toml`.

use serde::Deserialize;

/// Names of secrets.
pub(crate) const PAGE_ACCESS_TOKEN: &str = "page_access_token";
pub(crate) const APP_SECRET: &str = "app_secret";
pub(crate) const VERIFY_TOKEN: &str = "verify_token";

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) page_id: String,
    pub(crate) api_version: String,
    pub(crate) api_base: String,
}

impl Settings {
    /// A resource of the Graph API: `path` has no slash in front.
    pub(crate) fn url(&self, path: &str) -> String {
        let base = self.api_base.trim_end_matches('/');
        let version = self.api_version.trim_matches('/');
        format!("{base}/{version}/{path}")
    }

    /// A resource below the Page.
    pub(crate) fn page_url(&self, path: &str) -> String {
        self.url(&format!("{}/{path}", self.page_id))
    }
}
