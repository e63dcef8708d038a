//! What the operator says about the channel; described in `plugin.toml`.

use serde::Deserialize;

/// The secret's name.
pub(crate) const AUTH_TOKEN: &str = "auth_token";

/// Whose API is spoken.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    Twilio,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) provider: Provider,
    pub(crate) account_sid: String,
    pub(crate) number: String,
    pub(crate) mms: bool,
    pub(crate) api_base: String,
}

impl Settings {
    /// A resource of the account: `path` begins with a slash or a dot.
    pub(crate) fn account_url(&self, path: &str) -> String {
        let base = self.api_base.trim_end_matches('/');
        match self.provider {
            Provider::Twilio => format!("{base}/2010-04-01/Accounts/{}{path}", self.account_sid),
        }
    }
}
