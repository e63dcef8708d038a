use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trunkline_core::id::{ChannelName, Timestamp};

/// What each channel's provider last said to a message: that it took one is proof that the settings are good, that it refused
/// the credentials that they are not.
#[derive(Debug, Default)]
pub(crate) struct Taken(Mutex<BTreeMap<ChannelName, Last>>);

#[derive(Debug, Default)]
struct Last {
    taken: Option<Timestamp>,
    /// Why, in the provider's words, until something goes well.
    refused: Option<String>,
}

impl Taken {
    /// It took a message.
    pub(crate) fn note(&self, channel: &ChannelName, at: Timestamp) {
        let taken = Some(at);
        let refused = None;
        let mut all = self.all();
        match all.get_mut(channel) {
            Some(last) => *last = Last { taken, refused },
            None => {
                all.insert(channel.clone(), Last { taken, refused });
            }
        }
    }

    /// It refused the credentials.
    pub(crate) fn note_refused(&self, channel: &ChannelName, why: &str) {
        self.all().entry(channel.clone()).or_default().refused = Some(why.to_owned());
    }

    /// A check went well.
    pub(crate) fn note_good(&self, channel: &ChannelName) {
        if let Some(last) = self.all().get_mut(channel) {
            last.refused = None;
        }
    }

    pub(crate) fn last(&self, channel: &ChannelName) -> Option<Timestamp> {
        self.all().get(channel)?.taken
    }

    pub(crate) fn refused(&self, channel: &ChannelName) -> Option<String> {
        self.all().get(channel)?.refused.clone()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<ChannelName, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
