//! A provider's call: read by its plugin, stored, answered, in this order (H1).

use std::sync::Arc;

use trunkline_core::id::ChannelName;

use crate::accept::accept_received;
use crate::flow::{Flow, Inner, Outside};
use crate::ports::{
    Answer, Clock, Ece, PluginVersion, Plugins, ReceiveError, Request, Scope, Store, StoreError,
};

/// Of a name that nobody configured, so much is logged.
const UNKNOWN_CHARACTERS_MAX: usize = 60;

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// Takes one webhook call. The answer is the plugin's once its events are on disk; the manifest's `ack` when the
    /// call itself is on disk because no plugin works; 503 with `Retry-After` when nothing could be stored, or no plugin works and calls of
    /// this method are not kept; 404 for a channel
    /// nobody configured; the plugin's refusal as it gave it.
    pub async fn webhook(&self, channel: &ChannelName, request: Request) -> Answer {
        let (inner, channel) = (Arc::clone(&self.inner), channel.clone());
        let taking = async move { inner.take(&channel, request).await };
        let answer = self.inner.undisturbed(taking).await;
        answer.unwrap_or_else(|| self.inner.busy())
    }
}

impl<O: Outside> Inner<O> {
    async fn take(self: &Arc<Self>, channel: &ChannelName, request: Request) -> Answer {
        if self.stopping.is_cancelled() {
            return self.busy();
        }
        let at = self.now();
        let scope = Scope::Channel(channel.clone());
        match self.ports.plugins().receive(channel, &request, at).await {
            Ok(reception) => {
                let taken = if self.raw_first(&scope).await {
                    accept_received(self, channel, reception.events, &request.body, None).await
                } else {
                    self.keep_raw(&scope, &request, &[]).await
                };
                self.answer(&scope, taken, reception.answer)
            }
            Err(ReceiveError::Rejected { answer, reason }) => {
                let reason = refusal_for_log(&answer, &reason);
                self.counts.refused.one();
                tracing::info!(%channel, reason, "the plugin refused a call");
                answer
            }
            Err(ReceiveError::NotNow {
                channel: owner,
                ack,
                reason,
                trapped,
            }) => {
                let Some(ack) = ack else {
                    tracing::warn!(channel = %owner, reason, "a call that is not kept was sent away: no plugin works");
                    return self.busy();
                };
                let owner = Scope::Channel(owner);
                self.tell_waiting(&owner, &reason);
                let kept = self.keep_raw(&owner, &request, &trapped).await;
                self.answer(&owner, kept, ack)
            }
            Err(ReceiveError::UnknownChannel) => {
                tell_unknown("channel", channel.as_str());
                not_found()
            }
        }
    }

    /// Thousands may come while a plugin is missing: the first is news.
    pub(crate) fn tell_waiting(&self, scope: &Scope, reason: &str) {
        if self.raw.begins_to_wait(scope) {
            tracing::warn!(%scope, reason, "a call waits for a working plugin, and those after it");
        } else {
            tracing::debug!(%scope, reason, "a call waits for a working plugin");
        }
    }

    pub(crate) async fn keep_raw(
        &self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
    ) -> Result<(), StoreError> {
        let store = self.ports.store();
        store.keep_raw(scope, request, trapped, self.now()).await?;
        self.counts.kept_raw.one();
        self.raw.waits(scope);
        Ok(())
    }

    /// The answer, if what it promises is on disk.
    pub(crate) fn answer(
        &self,
        scope: &Scope,
        stored: Result<(), StoreError>,
        answer: Answer,
    ) -> Answer {
        match stored {
            Ok(()) => answer,
            Err(error) => {
                tracing::warn!(%scope, %error, "a call could not be stored; its sender is asked to repeat it");
                self.busy()
            }
        }
    }

    /// "Try again later."
    pub(crate) fn busy(&self) -> Answer {
        let retry_after = self.limits.retry_after_s.to_string();
        Answer {
            status: 503,
            headers: vec![("retry-after".to_owned(), retry_after)],
            body: Vec::new(),
        }
    }
}

/// Why a plugin refused a call, for the log. What it could not read may be quoted in its words (parsers do that), and may be
/// somebody's message (H9): recorded calls tell it, the log does not.
pub(crate) fn refusal_for_log<'a>(answer: &Answer, reason: &'a str) -> &'a str {
    if answer.status == 400 {
        "malformed: `trunkline plugin record` keeps such calls, with the reason"
    } else {
        reason
    }
}

/// A slip in a provider's webhook URL shows nowhere else. Anybody may call, by any name: of a long one its beginning is told.
pub(crate) fn tell_unknown(what: &str, name: &str) {
    let name: String = name.chars().take(UNKNOWN_CHARACTERS_MAX).collect();
    tracing::info!(
        what,
        name,
        "a call for a name that nobody configured: is the URL at the provider right?"
    );
}

/// Nobody configured it.
pub(crate) fn not_found() -> Answer {
    Answer {
        status: 404,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: b"nothing of this name is configured\n".to_vec(),
    }
}
