//! What the operator says about the channel; described in `plugin.toml`.

use serde::Deserialize;

/// Names of secrets.
pub(crate) const ACCESS_TOKEN: &str = "access_token";
pub(crate) const APP_SECRET: &str = "app_secret";
pub(crate) const VERIFY_TOKEN: &str = "verify_token";

/// The language of a template whose setting names none.
const LANGUAGE_DEFAULT: &str = "en";

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) phone_number_id: String,
    pub(crate) api_version: String,
    pub(crate) default_template: Option<String>,
    pub(crate) typing: bool,
    pub(crate) list_button: String,
    pub(crate) api_base: String,
}

impl Settings {
    /// A node of the Graph API, for instance a media id.
    pub(crate) fn node_url(&self, node: &str) -> String {
        let base = self.api_base.trim_end_matches('/');
        format!("{base}/{}/{node}", self.api_version)
    }

    /// An edge of our number: `messages`, `media`.
    pub(crate) fn number_url(&self, edge: &str) -> String {
        self.node_url(&format!("{}/{edge}", self.phone_number_id))
    }

    /// Name and language of the template for a window that is shut.
    pub(crate) fn default_template(&self) -> Option<(&str, &str)> {
        let written = self.default_template.as_deref()?.trim();
        let (name, language) = written.split_once(':').unwrap_or((written, ""));
        let language = match language {
            "" => LANGUAGE_DEFAULT,
            given => given,
        };
        (!name.is_empty()).then_some((name, language))
    }
}
