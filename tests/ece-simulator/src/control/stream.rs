//! `GET /_sim/events`: what changes, as server-sent events.
//!
//! First `hello`: whoever listens forgets what it knew. Then `state` (the answer of `/_sim/state`)
//! and a `conversation` (a record of the ledger) for each, and again whichever of them changes. A
//! slow listener is told less often, never something old. The stream ends when the stand-in stops.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::unfold;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use super::state::state;
use crate::callbacks::Webhook;
use crate::ledger::ConversationRecord;
use crate::shared::Shared;
use stand_in::Outage;

/// Conversations told of: the newest, and all that are not over.
const LATEST: usize = 200;

/// How soon a browser comes back after the stream broke.
const RETRY: Duration = Duration::from_millis(500);

pub(super) async fn events(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let listener = Listener::new(shared);
    let events = unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// One open stream, and what it was told.
struct Listener {
    changes: watch::Receiver<u64>,
    webhook: watch::Receiver<Webhook>,
    outage: watch::Receiver<Outage>,
    stopping: watch::Receiver<bool>,
    waiting: VecDeque<Event>,
    state: Value,
    /// By place in the ledger. A record that changes is another one in memory.
    told: HashMap<usize, Arc<ConversationRecord>>,
    shared: Arc<Shared>,
}

impl Listener {
    fn new(shared: Arc<Shared>) -> Self {
        let hello = Event::default().event("hello").retry(RETRY).data("{}");
        let mut listener = Self {
            changes: shared.changes(),
            webhook: shared.webhook.subscribe(),
            outage: shared.outage.subscribe(),
            stopping: shared.stopping.subscribe(),
            waiting: VecDeque::from([hello]),
            state: Value::Null,
            told: HashMap::new(),
            shared,
        };
        listener.look();
        listener
    }

    /// The next event; none when the stand-in stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            // The senders live as long as `shared`.
            tokio::select! {
                _ = self.changes.changed() => {}
                _ = self.webhook.changed() => {}
                _ = self.outage.changed() => {}
                _ = self.stopping.changed() => {}
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let now = state(&self.shared);
        if now != self.state {
            self.waiting.extend(event("state", &now));
            self.state = now;
        }
        let records = self.shared.look(|desk| {
            let records = desk.ledger.conversations.iter().enumerate();
            let from = desk.ledger.conversations.len().saturating_sub(LATEST);
            records
                .filter(|(place, record)| *place >= from || !record.is_finished())
                .filter(|(place, record)| {
                    let told = self.told.get(place);
                    told.is_none_or(|told| !Arc::ptr_eq(told, record))
                })
                .map(|(place, record)| (place, Arc::clone(record)))
                .collect::<Vec<_>>()
        });
        for (place, record) in records {
            self.waiting.extend(event("conversation", &*record));
            self.told.insert(place, record);
        }
    }
}

/// None only for what cannot be JSON, which none of these is.
fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
