//! What keeps conversations from starting, as ECE last said it: a login or a start that it refuses until an operator mends
//! something. Status lights are read without a login and show none of this.
//!
//! In memory only: forgotten with the next success, and after a restart the next attempt finds it again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trunkline_core::id::IntegrationName;
use trunkline_flow::ports::{EceError, OpenOutcome};

/// What ECE was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A token, or an agent's session, that it takes.
    Login,
    /// A conversation.
    Start,
}

impl Asked {
    /// All of them, for metrics.
    pub const ALL: [Self; 2] = [Self::Login, Self::Start];

    /// One word, for reports and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Start => "start",
        }
    }
}

/// A refusal that holds until somebody mends something. Shown, it says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBy {
    /// What was asked for.
    pub asked: Asked,
    /// ECE's words.
    pub text: String,
}

impl fmt::Display for RefusedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.asked {
            Asked::Login => write!(
                f,
                "ECE refuses the login, so nothing reaches it ({text}): correct username, password and auth of the \
                 integration, or the account in ECE; `trunkline check` tells more"
            ),
            Asked::Start => write!(
                f,
                "ECE refused the last start of a conversation ({text}); `trunkline check` tells more"
            ),
        }
    }
}

/// Those of one integration.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<Asked, String>>);

impl Refusals {
    /// Login first.
    pub(crate) fn all(&self) -> Vec<RefusedBy> {
        let refused = |(asked, text): (&Asked, &String)| RefusedBy {
            asked: *asked,
            text: text.clone(),
        };
        self.lock().iter().map(refused).collect()
    }

    /// ECE refused. Logged when it is news.
    pub(crate) fn refused(&self, integration: &IntegrationName, asked: Asked, text: &str) {
        let before = self.lock().insert(asked, text.to_owned());
        if before.as_deref() != Some(text) {
            let text = text.to_owned();
            let news = RefusedBy { asked, text };
            tracing::warn!(%integration, "{news}");
        }
    }

    /// ECE took it.
    pub(crate) fn taken(&self, integration: &IntegrationName, asked: Asked) {
        if self.lock().remove(&asked).is_some() {
            let asked = asked.word();
            tracing::info!(%integration, asked, "ECE takes it again");
        }
    }

    /// What came of opening a conversation. A refused login is no refused start.
    pub(crate) fn opened(
        &self,
        integration: &IntegrationName,
        opened: &Result<OpenOutcome, EceError>,
    ) {
        match opened {
            Ok(OpenOutcome::Started(_)) => self.taken(integration, Asked::Start),
            Err(EceError::Credentials(text) | EceError::Refused(text)) => {
                if !self.lock().contains_key(&Asked::Login) {
                    self.refused(integration, Asked::Start, text);
                }
            }
            Ok(OpenOutcome::Unavailable(..))
            | Err(
                EceError::Unreachable(_)
                | EceError::Unknown(_)
                | EceError::Throttled { .. }
                | EceError::Gone(_),
            ) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Asked, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
