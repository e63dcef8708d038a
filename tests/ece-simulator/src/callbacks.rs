//! Posts events to the webhook: in order for each conversation, in batches, until they are taken.
//!
//! A conversation always uses the same lane, and a lane has one POST under way; that keeps order.
//! A POST that is not answered 2xx in time is repeated as it was, with growing pauses; after
//! `failures_max` in a row the webhook is deactivated: a mail goes out (a notice in the ledger),
//! starts are refused, and everything waits until somebody reactivates it. Thresholds and what
//! happens to waiting events are INFERRED. During an outage nothing is posted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::{CallbackAuth, CallbackConfig, CallbackFormat};
use crate::ledger::CallbackPost;
use crate::shared::Shared;
use crate::wire::{CallbackMessage, callback_json, callback_xml};
use stand_in::Outage;

/// The registered webhook as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) config: CallbackConfig,
    pub(crate) deactivated: bool,
}

/// Events on their way, by lane.
pub(crate) struct Callbacks {
    lanes: Vec<Lane>,
}

#[derive(Default)]
struct Lane {
    waiting: Mutex<VecDeque<(usize, CallbackMessage)>>,
    arrived: Notify,
}

impl Callbacks {
    pub(crate) fn new(lanes: usize) -> Self {
        Self {
            lanes: (0..lanes.max(1)).map(|_| Lane::default()).collect(),
        }
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn push(&self, place: usize, message: CallbackMessage) {
        let lane = &self.lanes[place % self.lanes.len()];
        lane.waiting().push_back((place, message));
        lane.arrived.notify_one();
    }
}

impl Lane {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<(usize, CallbackMessage)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next_batch(&self, max: usize) -> (Vec<usize>, Vec<CallbackMessage>) {
        loop {
            {
                let mut waiting = self.waiting();
                let count = waiting.len().min(max.max(1));
                if count > 0 {
                    return waiting.drain(..count).unzip();
                }
            }
            self.arrived.notified().await;
        }
    }
}

/// Serves one lane for ever.
pub(crate) async fn run_lane(shared: Arc<Shared>, lane: usize) {
    loop {
        let batch_max = shared.webhook.borrow().config.batch_max;
        let (places, messages) = shared.callbacks.lanes[lane].next_batch(batch_max).await;
        deliver(&shared, &messages).await;
        shared.with_desk(|desk| {
            for (place, message) in places.iter().zip(&messages) {
                let sent = &mut desk.ledger.record(*place).sent;
                // Ids grow and have the same length, so their text is in order.
                if let Ok(index) = sent.binary_search_by(|sent| sent.id.as_str().cmp(&message.id)) {
                    sent[index].delivered = true;
                }
            }
        });
    }
}

async fn deliver(shared: &Arc<Shared>, messages: &[CallbackMessage]) {
    let mut failures = 0;
    loop {
        let webhook = ready_webhook(shared).await;
        let taken = post(shared, &webhook, messages).await;
        if taken {
            if webhook.doubled {
                post(shared, &webhook, messages).await;
            }
            return;
        }
        failures += 1;
        if webhook.failures_max.is_some_and(|max| failures >= max) {
            deactivate(shared, failures);
            failures = 0;
        } else {
            tokio::time::sleep(backoff(&webhook, failures)).await;
        }
    }
}

/// Waits until there is an active webhook and ECE is up.
async fn ready_webhook(shared: &Shared) -> CallbackConfig {
    let mut webhook = shared.webhook.subscribe();
    let mut outage = shared.outage.subscribe();
    loop {
        // The senders live as long as `shared`.
        let _ = outage.wait_for(|outage| *outage == Outage::None).await;
        let active = |webhook: &Webhook| webhook.config.url.is_some() && !webhook.deactivated;
        if let Ok(webhook) = webhook.wait_for(active).await
            && *shared.outage.borrow() == Outage::None
        {
            return webhook.config.clone();
        }
    }
}

async fn post(
    shared: &Arc<Shared>,
    webhook: &CallbackConfig,
    messages: &[CallbackMessage],
) -> bool {
    let (content_type, body) = match webhook.format {
        CallbackFormat::Json => ("application/json", callback_json(messages)),
        CallbackFormat::Xml => ("application/xml", callback_xml(messages)),
    };
    let url = webhook.url.as_deref().unwrap_or_default();
    let request = shared
        .client
        .post(url)
        .timeout(Duration::from_millis(webhook.timeout_ms))
        .header("Content-Type", content_type)
        .body(body);
    let request = match &webhook.auth {
        CallbackAuth::None => request,
        CallbackAuth::Basic { username, password } => request.basic_auth(username, Some(password)),
        CallbackAuth::Bearer { token } => request.bearer_auth(token),
    };
    let status = request
        .send()
        .await
        .map_or(0, |answer| answer.status().as_u16());
    let post = CallbackPost {
        messages: messages.len(),
        status,
    };
    shared.with_desk(|desk| desk.ledger.posts.push(post));
    (200..300).contains(&status)
}

fn backoff(webhook: &CallbackConfig, failures: u32) -> Duration {
    let factor = 1_u64 << (failures - 1).min(20);
    Duration::from_millis(
        webhook
            .backoff_ms
            .saturating_mul(factor)
            .min(webhook.backoff_max_ms),
    )
}

fn deactivate(shared: &Arc<Shared>, failures: u32) {
    shared
        .webhook
        .send_modify(|webhook| webhook.deactivated = true);
    let notice =
        format!("The webhook callback URL is deactivated after {failures} failures in a row.");
    shared.with_desk(|desk| desk.ledger.notices.push(notice));
}
