use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use trunkline_core::id::Timestamp;

use crate::ports::Scope;

/// Channels and integrations that asked everybody to wait. In memory: after a restart the first call asks again.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Mutex<BTreeMap<Scope, Timestamp>>);

impl Pauses {
    /// Nothing goes there before `until`; a longer pause stays.
    pub(crate) fn pause(&self, scope: &Scope, until: Timestamp) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = pauses.entry(scope.clone()).or_insert(until);
        *end = until.max(*end);
    }

    /// When something may go there: the end of its pause, if that is later than `now`.
    pub(crate) fn until(&self, scope: &Scope, now: Timestamp) -> Option<Timestamp> {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = pauses.get(scope).copied()?;
        if end <= now {
            pauses.remove(scope);
            return None;
        }
        Some(end)
    }
}
