//! What the operator says about the channel; described in `plugin.toml`. Which settings must be there depends on the
//! provider: the host reads that in the manifest. It is checked here too, where a fixture or an older host gives less.

use serde::Deserialize;
use serde_json::{Map, Value};
use trunkline_plugin::secrets::{self, SecretError};
use trunkline_plugin::{Rejection, SendError, config};

/// Whose API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    Twilio,
    Vonage,
    Generic,
}

impl Provider {
    fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Vonage => "vonage",
            Self::Generic => "generic",
        }
    }
}

/// All settings as they stand in the configuration; each provider picks its own.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) provider: Provider,
    pub(crate) number: String,
    pub(crate) account_sid: Option<String>,
    pub(crate) messaging_service_sid: Option<String>,
    pub(crate) mms: bool,
    pub(crate) api_base: Option<String>,
    pub(crate) send_url: Option<String>,
    pub(crate) send_method: String,
    pub(crate) send_fields: Option<Map<String, Value>>,
    pub(crate) inbound_fields: Option<Map<String, Value>>,
    pub(crate) ok_status: Option<Vec<u16>>,
    pub(crate) id_pointer: Option<String>,
}

/// Something this provider needs is missing or makes no sense. The text says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("provider = \"{provider}\" needs the setting `{name}`: {hint}")]
    Missing {
        provider: &'static str,
        name: &'static str,
        hint: &'static str,
    },
    #[error("provider = \"{provider}\" needs the secret `{name}`: {hint}")]
    MissingSecret {
        provider: &'static str,
        name: &'static str,
        hint: &'static str,
    },
    #[error("{setting}: {why}")]
    Wrong { setting: String, why: String },
}

impl SettingsError {
    pub(crate) fn wrong(setting: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Wrong {
            setting: setting.into(),
            why: why.into(),
        }
    }
}

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

impl Settings {
    pub(crate) fn read() -> Result<Self, SettingsError> {
        config::settings().map_err(|error| SettingsError::wrong("settings", error.to_string()))
    }

    /// A setting that this provider cannot do without.
    pub(crate) fn needed<'a>(
        &self,
        value: Option<&'a String>,
        name: &'static str,
        hint: &'static str,
    ) -> Result<&'a str, SettingsError> {
        let value = value.map(String::as_str).filter(|value| !value.is_empty());
        value.ok_or(SettingsError::Missing {
            provider: self.provider.name(),
            name,
            hint,
        })
    }

    /// Complains if the operator gave this secret no value.
    pub(crate) fn need_secret(
        &self,
        name: &'static str,
        hint: &'static str,
    ) -> Result<(), SettingsError> {
        match secrets::matches(name, "") {
            Ok(false) | Err(SecretError::Malformed(_)) => Ok(()),
            Ok(true) | Err(SecretError::Missing(_)) => Err(SettingsError::MissingSecret {
                provider: self.provider.name(),
                name,
                hint,
            }),
        }
    }

    /// Where the API is: as configured, or where the provider has it.
    pub(crate) fn api_base<'a>(&'a self, default: &'a str) -> &'a str {
        self.api_base
            .as_deref()
            .unwrap_or(default)
            .trim_end_matches('/')
    }
}
