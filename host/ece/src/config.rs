//! What an operator configures about an ECE. `server` reads it from the configuration file.

use std::collections::BTreeMap;

use serde::Deserialize;
use trunkline_core::id::{EntryPointName, IntegrationName};

use crate::secret::Secret;
use crate::unknowns::Unknowns;

/// One configured ECE: `[integrations.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationConfig {
    /// `NAME`.
    pub name: IntegrationName,
    /// Which ECE it is.
    pub version: Version,
    /// With the context root, without a trailing slash: `https://ece.example.com/system`.
    pub base_url: String,
    /// What `username` and `password` are.
    pub auth: Auth,
    /// The client key, or a user's name.
    pub username: Secret,
    /// The client secret, or a user's password.
    pub password: Secret,
    /// PEM certificates trusted besides the system's. A server's own certificate among them is
    /// trusted as it is, whoever signed it.
    pub ca_file: Option<Vec<u8>>,
    /// `http://proxy:3128`. The environment's proxy variables are not read.
    pub proxy: Option<String>,
    /// Hosts, domains and networks that are reached without the proxy.
    pub no_proxy: Vec<String>,
    /// Where ECE calls us and fetches files: `{callback_url}/ece/{name}/callback`,
    /// `{callback_url}/media/{token}`.
    pub callback_url: String,
    /// How ECE authorises its callbacks.
    pub callback: CallbackAuth,
    /// The longest acceptable waiting time, in seconds.
    pub wait_acceptable_s: u64,
    /// How many hours a message waits for an ECE that does not take it, before it becomes a dead letter. None: a day.
    pub give_up_after_h: Option<u64>,
    /// ECE's id by our name.
    pub entry_points: BTreeMap<EntryPointName, String>,
    /// `[integrations.NAME.wire]`.
    pub unknowns: Unknowns,
}

/// What the credentials of an integration are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// The client key and client secret of an application registered in ECE.
    #[default]
    Oauth2Client,
    /// The name and password of a user (an agent) of ECE.
    UserLogin,
}

/// What ECE's callbacks carry in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackAuth {
    /// Nothing: whoever reaches the address is believed.
    None,
    /// HTTP Basic.
    Basic {
        /// As registered in ECE.
        username: Secret,
        /// As registered in ECE.
        password: Secret,
    },
    /// A fixed bearer token.
    Bearer {
        /// The token.
        token: Secret,
    },
}

/// The ECE versions whose differences are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
pub enum Version {
    /// Has the status interface; the messaging interface came with 12.0 ES1.
    #[serde(rename = "11.6")]
    V11_6,
    /// The messaging interface needs 12.0 ES1.
    #[serde(rename = "12.0")]
    V12_0,
    /// Has both.
    #[serde(rename = "12.5")]
    V12_5,
    /// Has both.
    #[default]
    #[serde(rename = "12.6")]
    V12_6,
}

impl Version {
    /// All spellings, for complaints.
    pub const ALL: [&str; 4] = ["11.6", "12.0", "12.5", "12.6"];

    /// What differs from the newest version, as defaults for `[integrations.NAME.wire]`. Only the
    /// presence of the messaging interface is known to differ, so all are alike as yet.
    pub fn defaults(self) -> Unknowns {
        match self {
            Self::V11_6 | Self::V12_0 | Self::V12_5 | Self::V12_6 => Unknowns::default(),
        }
    }

    /// Whether this version is known to have the messaging interface; none: depends on its patch level.
    pub(crate) fn has_messaging(self) -> Option<bool> {
        match self {
            Self::V11_6 => Some(false),
            Self::V12_0 => None,
            Self::V12_5 | Self::V12_6 => Some(true),
        }
    }
}

/// The text is no version that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known ECE version; known are 11.6, 12.0, 12.5 and 12.6")]
pub struct VersionError(pub String);

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        match text {
            "11.6" => Ok(Self::V11_6),
            "12.0" => Ok(Self::V12_0),
            "12.5" => Ok(Self::V12_5),
            "12.6" => Ok(Self::V12_6),
            _ => Err(VersionError(text.to_owned())),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An integration with nothing unusual.
    pub(crate) fn config(base_url: &str) -> IntegrationConfig {
        IntegrationConfig {
            name: IntegrationName::from("acme"),
            version: Version::V12_6,
            base_url: base_url.to_owned(),
            auth: Auth::Oauth2Client,
            username: "key".into(),
            password: "secret".into(),
            ca_file: None,
            proxy: None,
            no_proxy: Vec::new(),
            callback_url: "https://trunkline.example.com".to_owned(),
            callback: CallbackAuth::None,
            wait_acceptable_s: 120,
            give_up_after_h: None,
            entry_points: BTreeMap::from([(EntryPointName::from("support"), "1001".to_owned())]),
            unknowns: Unknowns::default(),
        }
    }

    #[test]
    fn every_known_version_is_read_and_others_are_named() {
        for text in Version::ALL {
            assert!(text.parse::<Version>().is_ok(), "{text}");
        }
        assert_eq!(
            "12.7".parse::<Version>(),
            Err(VersionError("12.7".to_owned()))
        );
    }
}
