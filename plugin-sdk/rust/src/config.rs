//! What the operator configured.

use serde::de::DeserializeOwned;

use crate::outside;
use crate::types::{Rejection, SendError};

/// The settings are not what the plugin's type says, though they fit the manifest: manifest and type disagree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("settings do not fit: {0}")]
pub struct SettingsError(String);

impl From<SettingsError> for SendError {
    fn from(error: SettingsError) -> Self {
        Self::Credentials(error.to_string())
    }
}

impl From<SettingsError> for Rejection {
    fn from(error: SettingsError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// The settings, checked against the manifest, defaults filled in.
///
/// # Errors
/// `T` is not what the manifest says.
pub fn settings<T: DeserializeOwned>() -> Result<T, SettingsError> {
    serde_json::from_str(&outside::settings()).map_err(|error| SettingsError(error.to_string()))
}

/// The name of the channel or bot in the configuration.
pub fn name() -> String {
    outside::name()
}

/// Where the outside reaches it: `{public_url}/channels/{name}` or `/bots/{name}`, without a slash at the end.
pub fn public_url() -> String {
    outside::public_url()
}
