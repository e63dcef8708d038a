//! What language a customer writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::LanguageGuess;
use crate::id::Language;

/// What their messages so far say about their language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Nats for each language.
    #[serde(default)]
    pub nats: BTreeMap<Language, f64>,
}

impl Evidence {
    /// Takes a message into account.
    pub fn observe(&mut self, _text: &str) {}
}

/// The language, once it is sure.
pub fn guess(_evidence: &Evidence, _locale: Option<&str>) -> Option<LanguageGuess> {
    None
}
