//! Secrets: kept, used, never printed.
//!
//! A plugin names a secret and says what to do with it; `signing` and `egress` are the only places
//! that look at the value. While a secret is rotated it has two values: the first one signs, both
//! verify.

use std::collections::BTreeMap;
use std::fmt;

/// A secret text. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
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

/// The secrets of one channel or bot, by the manifest's names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(BTreeMap<String, SecretValues>);

impl Secrets {
    pub(crate) fn new(values: BTreeMap<String, SecretValues>) -> Self {
        Self(values)
    }

    /// The values of a secret.
    ///
    /// # Errors
    /// The manifest does not name it, or the operator gave no value.
    pub(crate) fn get(&self, name: &str) -> Result<&SecretValues, SecretError> {
        let values = self.0.get(name);
        values.ok_or_else(|| SecretError::Missing(name.to_owned()))
    }
}

/// Why a secret could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// Its name.
    #[error("no value is configured for `{0}`")]
    Missing(String),
    #[error("{0}")]
    Malformed(String),
}
