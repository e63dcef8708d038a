use std::sync::Arc;

use trunkline_core::event::{ChannelEvent, Event};
use trunkline_core::id::{ChannelName, CustomerId, Timestamp};
use trunkline_core::message::Address;

use super::{Done, Owner, Waits};
use crate::accept::sound;
use crate::flow::{Inner, Outside};
use crate::ports::{
    InboxEvent, Plugins, ReceivedEvent, ReceivedHappening, Resolve, Resolved, Store, StoreError,
};

impl<O: Outside> Owner<O> {
    /// Whether an event still waits for its plugin, and whatever came later with it.
    pub(super) fn waits(&self, event: &InboxEvent, now: Timestamp) -> bool {
        let in_time = |resolve: &Resolve| now < resolve.until;
        self.resolving == Some(event.row) || event.resolve.as_ref().is_some_and(in_time)
    }

    /// Has the plugin complete the event at the head of the inbox, beside the deliveries. What comes of it is in the store
    /// before anybody sees it; a crash before that repeats it.
    pub(super) fn begin_resolve(&mut self) {
        let now = self.inner.now();
        let Some(head) = self.inbox.front().filter(|head| self.waits(head, now)) else {
            return;
        };
        let (Some(resolve), None) = (&head.resolve, self.resolving) else {
            return;
        };
        let Event::Channel(event) = &head.event else {
            return;
        };
        let completion = Completion {
            inner: Arc::clone(&self.inner),
            channel: self.customer.channel.clone(),
            customer: self.customer.id,
            row: head.row,
            until: resolve.until,
            event: received(&self.customer.channel, &self.addresses, event, resolve),
            peer_state: self.peer_state.clone(),
        };
        self.resolving = Some(head.row);
        self.running.spawn(async move {
            completion.run().await;
            Done::Resolved
        });
    }
}

/// The event as the plugin gave it, but for what masking changed.
fn received(
    channel: &ChannelName,
    addresses: &[Address],
    event: &ChannelEvent,
    resolve: &Resolve,
) -> ReceivedEvent {
    ReceivedEvent {
        channel: Some(channel.clone()),
        account: resolve.account.clone(),
        key: event.key.clone(),
        at: event.at,
        customer: addresses.to_vec(),
        readdressed: Vec::new(),
        profile: event.profile.clone(),
        happening: ReceivedHappening::Customer(event.happening.clone()),
        reply_to: event.reply_to.clone(),
        part: None,
        resolve: Some(resolve.bytes.clone()),
        peer_changes: Vec::new(),
    }
}

/// One call of `resolve`, and what becomes of it.
struct Completion<O> {
    inner: Arc<Inner<O>>,
    channel: ChannelName,
    customer: CustomerId,
    row: i64,
    until: Timestamp,
    event: ReceivedEvent,
    peer_state: Vec<(String, String)>,
}

impl<O: Outside> Completion<O> {
    /// Without an answer in time the event goes on as it was.
    async fn run(self) {
        let wait_ms = self.until.ms_since(self.inner.now());
        let plugins = self.inner.ports.plugins();
        let completing = plugins.resolve(&self.channel, self.event, self.peer_state);
        let Some(completed) = self.inner.within(wait_ms, Box::pin(completing)).await else {
            tracing::warn!(channel = %self.channel, "an event was not completed in time and goes on as it was");
            return;
        };
        let peer_changes = completed
            .iter()
            .flat_map(|event| event.peer_changes.clone())
            .collect();
        let resolved = Resolved {
            customer: self.customer,
            row: self.row,
            events: completed
                .into_iter()
                .filter_map(|event| inside(&self.channel, event))
                .collect(),
            peer_changes,
            at: self.inner.now(),
        };
        let mut waits = Waits::default();
        loop {
            match self.inner.ports.store().resolved(resolved.clone()).await {
                Ok(()) | Err(StoreError::Stale(_)) => return,
                Err(error) => {
                    let doing = "keep a completed event";
                    waits.after(&self.inner, doing, &error).await;
                }
            }
            if self.inner.stopping.is_cancelled() {
                return;
            }
        }
    }
}

/// What a completed event is to the core. Only what a customer did comes out of one.
fn inside(channel: &ChannelName, event: ReceivedEvent) -> Option<Event> {
    let ReceivedHappening::Customer(happening) = event.happening else {
        tracing::warn!(%channel, "a completed event is nothing a customer did, and is dropped");
        return None;
    };
    Some(Event::Channel(ChannelEvent {
        key: event.key,
        at: event.at,
        profile: event.profile,
        happening: sound(happening),
        reply_to: event.reply_to,
    }))
}
