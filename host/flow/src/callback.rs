//! What ECE and bots call back with: stored, then answered, then processed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use trunkline_core::event::{EceEvent, Event, Signal};
use trunkline_core::id::{BotName, ConversationId, EceSession, Epoch, IntegrationName};

use crate::accept::accept_all;
use crate::flow::{Flow, Inner, Outside};
use crate::lanes::customer_of;
use crate::owners::Wake;
use crate::ports::{
    Accept, Answer, Clock, Ece, Incoming, Plugins, ReceiveError, Request, Scope, Store, StoreError,
    Target,
};
use crate::webhook::{not_found, refusal_for_log, tell_unknown};

/// What a bot's server says to a conversation in an epoch.
pub(crate) type Callback = (ConversationId, Epoch, Vec<u8>);

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// Takes the events of one ECE callback, each known by its session and id (H2). Typing goes on as a signal. When this
    /// returns, the events are on disk: answer 2xx.
    ///
    /// # Errors
    /// Not all was stored: answer 503, ECE sends it all again.
    pub async fn ece_events(
        &self,
        integration: &IntegrationName,
        events: Vec<EceEvent>,
        signals: Vec<Signal>,
    ) -> Result<(), StoreError> {
        let (inner, integration) = (Arc::clone(&self.inner), integration.clone());
        let taking = async move { inner.take_ece(&integration, events, signals).await };
        let bug = || Err(StoreError::Broken("a bug stopped it".to_owned()));
        self.inner.undisturbed(taking).await.unwrap_or_else(bug)
    }

    /// Takes a callback of a bot's server. The answer is the plugin's once the callbacks are on disk; the manifest's `ack` when
    /// the call itself is on disk because no plugin works.
    pub async fn bot_callback(&self, bot: &BotName, request: Request) -> Answer {
        let (inner, bot) = (Arc::clone(&self.inner), bot.clone());
        let taking = async move { inner.take_bot(&bot, request).await };
        let answer = self.inner.undisturbed(taking).await;
        answer.unwrap_or_else(|| self.inner.busy())
    }
}

impl<O: Outside> Inner<O> {
    async fn take_ece(
        self: &Arc<Self>,
        integration: &IntegrationName,
        events: Vec<EceEvent>,
        signals: Vec<Signal>,
    ) -> Result<(), StoreError> {
        if self.stopping.is_cancelled() {
            return Err(StoreError::Unavailable("shutting down".to_owned()));
        }
        for (session, events) in by_session(integration, events) {
            let accept = Accept {
                events,
                at: self.now(),
                ..Accept::default()
            };
            let accepted = accept_all(self, accept).await?;
            if accepted.parked > 0 {
                self.unknown_session(integration, &session);
            }
        }
        for signal in signals {
            if let Some(target) = signal_target(integration, &signal) {
                crate::signal::receive(self, target, signal);
            }
        }
        Ok(())
    }

    async fn take_bot(self: &Arc<Self>, bot: &BotName, request: Request) -> Answer {
        if self.stopping.is_cancelled() {
            return self.busy();
        }
        let at = self.now();
        let scope = Scope::Bot(bot.clone());
        match self.ports.plugins().bot_receive(bot, &request, at).await {
            Ok(reception) => {
                let taken = if self.raw_first(&scope).await {
                    let accept = Accept {
                        events: self.bot_events(bot, &request, reception.callbacks),
                        at,
                        ..Accept::default()
                    };
                    accept_all(self, accept).await.map(drop)
                } else {
                    self.keep_raw(&scope, &request, &[]).await
                };
                self.answer(&scope, taken, reception.answer)
            }
            Err(ReceiveError::Rejected { answer, reason }) => {
                let reason = refusal_for_log(&answer, &reason);
                self.counts.refused.one();
                tracing::info!(%bot, reason, "the plugin refused a callback");
                answer
            }
            Err(ReceiveError::NotNow {
                ack,
                reason,
                trapped,
                ..
            }) => {
                let Some(ack) = ack else {
                    tracing::warn!(%bot, reason, "a callback that is not kept was sent away: no plugin works");
                    return self.busy();
                };
                self.tell_waiting(&scope, &reason);
                let kept = self.keep_raw(&scope, &request, &trapped).await;
                self.answer(&scope, kept, ack)
            }
            Err(ReceiveError::UnknownChannel) => {
                tell_unknown("bot", bot.as_str());
                not_found()
            }
        }
    }

    /// The events of one call.
    pub(crate) fn bot_events(
        &self,
        bot: &BotName,
        request: &Request,
        callbacks: Vec<Callback>,
    ) -> Vec<Incoming> {
        let call = repeated_as(request);
        let events = callbacks.into_iter().enumerate().map(|(place, callback)| {
            let known = call.map(|call| format!("{call}/{place}"));
            self.bot_event(bot, callback, known)
        });
        events.collect()
    }

    /// Known again by the id that the bot's server gave its call (H2); without one each arrival is its own event.
    fn bot_event(
        &self,
        bot: &BotName,
        (conversation, epoch, bytes): Callback,
        known: Option<String>,
    ) -> Incoming {
        static ARRIVALS: AtomicU64 = AtomicU64::new(0);
        let own = || {
            let arrival = ARRIVALS.fetch_add(1, Ordering::Relaxed);
            format!("{}/{arrival}", self.now().0)
        };
        let key = known.map_or_else(own, |known| format!("call/{known}"));
        Incoming {
            scope: Scope::Bot(bot.clone()),
            key: format!("{conversation}/{key}"),
            target: Target::Customer(conversation.customer),
            event: Event::BotCallback {
                conversation,
                epoch,
                bytes,
            },
            peer_changes: Vec::new(),
            resolve: None,
            part: None,
        }
    }

    /// It may be the answer to a start whose outcome is unknown.
    fn unknown_session(self: &Arc<Self>, integration: &IntegrationName, session: &EceSession) {
        if let Some(delivery) = self.opens.stray(integration, session, self.now()) {
            self.wake(customer_of(delivery), Wake::News);
        }
    }
}

/// Headers by which a server says that a call is the same as one before: the IETF's draft of `Idempotency-Key`, and Standard
/// Webhooks' `webhook-id`.
const REPEAT_HEADERS: [&str; 2] = ["idempotency-key", "webhook-id"];

fn repeated_as(request: &Request) -> Option<&str> {
    let says = |name: &str| {
        REPEAT_HEADERS
            .iter()
            .any(|one| one.eq_ignore_ascii_case(name))
    };
    let mut headers = request.headers.iter();
    headers
        .find(|(name, value)| says(name) && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// One accept a session, in the order they came.
fn by_session(
    integration: &IntegrationName,
    events: Vec<EceEvent>,
) -> Vec<(EceSession, Vec<Incoming>)> {
    let mut sessions: Vec<(EceSession, Vec<Incoming>)> = Vec::new();
    for event in events {
        let session = event.session.clone();
        let incoming = Incoming {
            scope: Scope::Integration(integration.clone()),
            key: format!("{session}/{}", event.id),
            target: Target::Session(integration.clone(), session.clone()),
            event: Event::Ece(event),
            peer_changes: Vec::new(),
            resolve: None,
            part: None,
        };
        match sessions.iter_mut().find(|(known, _)| *known == session) {
            Some((_, events)) => events.push(incoming),
            None => sessions.push((session, vec![incoming])),
        }
    }
    sessions
}

fn signal_target(integration: &IntegrationName, signal: &Signal) -> Option<Target> {
    match signal {
        Signal::AgentTyping { session, .. } => {
            Some(Target::Session(integration.clone(), session.clone()))
        }
        Signal::CustomerTyping(_) | Signal::EceTook(_) | Signal::BotTyping { .. } => None,
    }
}
