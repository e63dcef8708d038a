//! For the operator. What people wrote does not belong here.

use serde::{Deserialize, Serialize};

use crate::outside;

/// By what the operator must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Per message.
    Debug,
    /// Good to know.
    Info,
    /// Look; nothing is lost.
    Warn,
    /// Act; something is lost.
    Error,
}

/// Writes a line.
pub fn write(level: Level, text: &str) {
    outside::log(level, text);
}

/// Per message.
pub fn debug(text: impl AsRef<str>) {
    write(Level::Debug, text.as_ref());
}

/// Good to know.
pub fn info(text: impl AsRef<str>) {
    write(Level::Info, text.as_ref());
}

/// Look; nothing is lost.
pub fn warn(text: impl AsRef<str>) {
    write(Level::Warn, text.as_ref());
}

/// Act; something is lost.
pub fn error(text: impl AsRef<str>) {
    write(Level::Error, text.as_ref());
}
