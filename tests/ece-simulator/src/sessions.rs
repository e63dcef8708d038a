//! Tokens of client applications and login sessions of users.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::ids::guid;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A client application, by key.
    Client(String),
    /// An ECE user, by name.
    User(String),
}

#[derive(Default)]
pub(crate) struct Sessions {
    by_token: HashMap<String, Session>,
    opened: u64,
}

struct Session {
    owner: Owner,
    /// Order of opening: the oldest is evicted.
    number: u64,
    expires_at: Instant,
}

impl Sessions {
    /// A new token, or `None` when the owner has `max` of them and does not force.
    pub(crate) fn open(
        &mut self,
        owner: Owner,
        force: bool,
        max: usize,
        lifetime: Duration,
    ) -> Option<String> {
        let now = Instant::now();
        self.by_token.retain(|_, session| session.expires_at > now);
        while self
            .by_token
            .values()
            .filter(|session| session.owner == owner)
            .count()
            >= max
        {
            if !force {
                return None;
            }
            self.evict_oldest(&owner);
        }
        self.opened += 1;
        let token = guid();
        let session = Session {
            owner,
            number: self.opened,
            expires_at: now + lifetime,
        };
        self.by_token.insert(token.clone(), session);
        Some(token)
    }

    /// Whose token it is, if it is still good.
    pub(crate) fn owner(&self, token: &str) -> Option<&Owner> {
        let session = self.by_token.get(token)?;
        (session.expires_at > Instant::now()).then_some(&session.owner)
    }

    /// Whether there was one to close.
    pub(crate) fn close(&mut self, token: &str) -> bool {
        self.by_token.remove(token).is_some()
    }

    /// Every token dies at once.
    pub(crate) fn expire_all(&mut self) {
        self.by_token.clear();
    }

    fn evict_oldest(&mut self, owner: &Owner) {
        let own = self
            .by_token
            .iter()
            .filter(|(_, session)| session.owner == *owner);
        let oldest = own
            .min_by_key(|(_, session)| session.number)
            .map(|(token, _)| token.clone());
        if let Some(token) = oldest {
            self.by_token.remove(&token);
        }
    }
}
