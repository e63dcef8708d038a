use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use trunkline_core::id::{ChannelName, Timestamp};

/// When each channel's provider last took a message: proof that its settings are good.
#[derive(Debug, Default)]
pub(crate) struct Taken(Mutex<BTreeMap<ChannelName, Timestamp>>);

impl Taken {
    pub(crate) fn note(&self, channel: &ChannelName, at: Timestamp) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(channel) {
            Some(last) => *last = at,
            None => {
                taken.insert(channel.clone(), at);
            }
        }
    }

    pub(crate) fn last(&self, channel: &ChannelName) -> Option<Timestamp> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(channel).copied()
    }
}
