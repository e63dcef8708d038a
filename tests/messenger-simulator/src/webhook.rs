//! Posting events, signed as Meta signs them.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::ledger::WebhookAnswer;
use crate::signature::{as_meta_prints, sign};
use crate::state::{Shared, now_ms};

/// Meta's limit for the answer.
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(5);

/// How often Meta tries a report again at once.
const REPORT_RETRIES: u32 = 3;

/// One event of a Page.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) page: String,
    /// The member `messaging` or `standby`.
    pub(crate) list: &'static str,
    pub(crate) event: Value,
}

/// The body of one POST: an entry a Page, in the order of the elements.
pub(crate) fn body(elements: &[Element]) -> Value {
    let mut entries: Vec<Value> = Vec::new();
    for element in elements {
        let known = entries.iter().position(|entry| entry["id"] == element.page);
        let at = known.unwrap_or_else(|| {
            entries.push(json!({ "id": element.page, "time": now_ms() }));
            entries.len() - 1
        });
        match entries[at][element.list].as_array_mut() {
            Some(list) => list.push(element.event.clone()),
            None => entries[at][element.list] = json!([element.event]),
        }
    }
    json!({ "object": "page", "entry": entries })
}

/// A body with its header, ready to be posted more than once.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) body: Bytes,
    pub(crate) signature: Option<String>,
}

impl Post {
    /// Signed as it should be.
    pub(crate) fn new(shared: &Shared, elements: &[Element]) -> Self {
        let body = Bytes::from(as_meta_prints(&body(elements)));
        let signature = Some(sign(&shared.config.app_secret, &body));
        Self { body, signature }
    }

    /// Once.
    pub(crate) async fn go(&self, shared: &Shared) -> WebhookAnswer {
        let Some(url) = shared.watched.lock().webhook.clone() else {
            return WebhookAnswer::Failed("no webhook is set: call set_webhook first".to_owned());
        };
        let mut request = shared
            .client
            .post(url)
            .timeout(WEBHOOK_DEADLINE)
            .header("Content-Type", "application/json")
            .header("User-Agent", "facebookexternalua")
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        match request.send().await {
            Ok(answer) => WebhookAnswer::Status(answer.status().as_u16()),
            Err(error) => WebhookAnswer::Failed(error.to_string()),
        }
    }
}

/// Posts a report, with Meta's few immediate tries; nothing if the Page is not subscribed to it.
pub(crate) async fn report(shared: &Shared, field: &str, element: Element) -> WebhookAnswer {
    if !is_subscribed(shared, &element.page, field) {
        return WebhookAnswer::NotSubscribed;
    }
    let _permit = shared.aftermath.acquire().await;
    let post = Post::new(shared, &[element]);
    let mut answer = post.go(shared).await;
    for retry in 0..REPORT_RETRIES {
        if answer == WebhookAnswer::Status(200) {
            break;
        }
        tokio::time::sleep(pause(retry + 1)).await;
        answer = post.go(shared).await;
    }
    answer
}

/// Before this retry, from 1: short ones, growing.
pub(crate) fn pause(retry: u32) -> Duration {
    Duration::from_millis(100 << (retry - 1).min(6))
}

pub(crate) fn is_subscribed(shared: &Shared, page: &str, field: &str) -> bool {
    let state = shared.watched.lock();
    let fields = state.subscriptions.get(page);
    fields.is_some_and(|fields| fields.contains(field))
}
