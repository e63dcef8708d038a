//! Secrets: kept, used, never printed.
//!
//! A plugin names a secret and says what to do with it; `signing` and `egress` are the only places
//! that look at the value. While a secret is rotated it has two values: the first one signs, both
//! verify. A secret may also be a token that the host fetches (`tokens`): it goes out, and signs
//! nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// A secret text. Prints as `***`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The value in use and, while it is rotated, the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretValues {
    /// Signs, verifies, goes out.
    pub current: Secret,
    /// Still verifies.
    pub previous: Option<Secret>,
}

impl SecretValues {
    /// A secret that is not being rotated.
    pub fn one(value: impl Into<String>) -> Self {
        Self {
            current: Secret::new(value),
            previous: None,
        }
    }

    /// Both, the one in use first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.current).chain(self.previous.as_ref())
    }
}

/// How a token is asked for: the client credentials grant of RFC 6749, section 4.4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Oauth2 {
    /// Writing it is its grant, also of a private address. The plugin does not reach it.
    pub token_url: Url,
    /// Who asks.
    pub client_id: String,
    /// With what right.
    pub client_secret: Secret,
    /// For what; none is the provider's default.
    pub scope: Option<String>,
    /// Where id and secret stand.
    pub client_auth: ClientAuth,
}

/// Where a token request has the client's id and secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// In the `Authorization` header: every provider must take that.
    #[default]
    Basic,
    /// In the form, for providers that do not.
    Body,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The operator gave it.
    Kept(SecretValues),
    /// The host fetches it.
    Oauth2(Box<Oauth2>),
}

impl From<SecretValues> for SecretSource {
    fn from(values: SecretValues) -> Self {
        Self::Kept(values)
    }
}

/// The secrets of one channel or bot, by the manifest's names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(BTreeMap<String, SecretSource>);

impl Secrets {
    pub(crate) fn new(values: BTreeMap<String, SecretSource>) -> Self {
        Self(values)
    }

    /// The values that the operator gave, of all names: for keeping them out of what is written down.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Secret> {
        self.0.values().flat_map(|source| {
            let (kept, client) = match source {
                SecretSource::Kept(values) => (Some(values.all()), None),
                SecretSource::Oauth2(oauth2) => (None, Some(&oauth2.client_secret)),
            };
            kept.into_iter().flatten().chain(client)
        })
    }

    /// Where it comes from; none if the operator said nothing.
    pub(crate) fn source(&self, name: &str) -> Option<&SecretSource> {
        self.0.get(name)
    }

    /// The values of a secret.
    ///
    /// # Errors
    /// The manifest does not name it, the operator gave no value, or it is a token.
    pub(crate) fn get(&self, name: &str) -> Result<&SecretValues, SecretError> {
        match self.0.get(name) {
            Some(SecretSource::Kept(values)) => Ok(values),
            Some(SecretSource::Oauth2(_)) => Err(SecretError::Malformed(format!(
                "`{name}` is a token that the host fetches: it goes out with requests, and signs nothing"
            ))),
            None => Err(SecretError::Missing(name.to_owned())),
        }
    }
}

/// Why a secret could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretError {
    /// Its name.
    #[error("no value is configured for the secret `{0}`")]
    Missing(String),
    #[error("{0}")]
    Malformed(String),
}
