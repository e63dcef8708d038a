//! What the operator says about the channel; described in `plugin.toml`.

use serde::Deserialize;
use trunkline_plugin::secrets::{Encoding, JwtAlgorithm, jwt_sign};
use trunkline_plugin::{Account, InboundRequest, SendError, config};

/// The secret's name.
pub(crate) const IDENTITY_SECRET: &str = "identity_secret";

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Identity {
    Anonymous,
    Jwt,
    Either,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) origins: Vec<String>,
    pub(crate) title: String,
    pub(crate) identity: Identity,
}

impl Settings {
    /// Whether the page that made this request may embed the chat. A request without `Origin` comes from no browser,
    /// and what is no browser could name any origin: there the visitor's own secret or token decides alone.
    pub(crate) fn admits(&self, request: &InboundRequest) -> bool {
        let Some(origin) = request.header("origin") else {
            return true;
        };
        let fits = |allowed: &String| {
            allowed == "*" || allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)
        };
        self.origins.iter().any(fits)
    }

    /// Asks nobody: whether the settings make sense together.
    pub(crate) fn check(&self) -> Result<Account, SendError> {
        if self.identity != Identity::Anonymous {
            jwt_sign(
                IDENTITY_SECRET,
                Encoding::Text,
                JwtAlgorithm::Hs256,
                r#"{"sub":"check"}"#,
            )
            .map_err(|error| SendError::Credentials(format!("tokens cannot be read: {error}")))?;
        }
        Ok(Account {
            id: config::name(),
            name: (!self.title.is_empty()).then(|| self.title.clone()),
            warnings: self.warnings(),
        })
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self
            .origins
            .iter()
            .filter(|origin| !is_origin(origin))
            .map(|origin| {
                format!(
                    "`{origin}` is no origin: write scheme and host, as in https://www.example.com"
                )
            })
            .collect();
        if self.origins.is_empty() {
            warnings.push("no web page may embed the chat: name one in `origins`".to_owned());
        }
        if self.origins.iter().any(|origin| origin == "*") {
            warnings.push("any web page may embed the chat: `origins` has \"*\"".to_owned());
        }
        warnings
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.trim_end_matches('/').split_once("://") else {
        return text == "*";
    };
    matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', '@'])
}
