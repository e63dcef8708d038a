//! Webhooks: written and signed as Meta does, posted until they are answered 200.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use stand_in::until_taken;

use crate::config::WhatsAppConfig;
use crate::ledger::WebhookAnswer;
use crate::signature::{meta_json, sign};
use crate::state::Shared;

/// The `value` of a change, begun with what all have.
pub(crate) fn value(config: &WhatsAppConfig, account: &str) -> Value {
    let digits: String = config
        .display_phone_number
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": digits, "phone_number_id": account},
    })
}

/// A whole webhook about these changes: field and value.
pub(crate) fn envelope(config: &WhatsAppConfig, changes: Vec<(String, Value)>) -> Value {
    let changes: Vec<_> = changes
        .into_iter()
        .map(|(field, value)| json!({"value": value, "field": field}))
        .collect();
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": config.account_id, "changes": changes}],
    })
}

/// A body with its signature, ready to be posted more than once.
pub(crate) struct SignedBody {
    pub(crate) body: Bytes,
    pub(crate) signature: Option<String>,
}

impl SignedBody {
    pub(crate) fn new(config: &WhatsAppConfig, envelope: &Value) -> Self {
        let body = Bytes::from(meta_json(envelope));
        Self {
            signature: Some(sign(&config.app_secret, &body)),
            body,
        }
    }

    /// Posts until the answer is 200, as often as the configuration says. Each answer, in order; never empty.
    pub(crate) async fn deliver(&self, shared: &Shared) -> Vec<WebhookAnswer> {
        let retries = shared.config.retries;
        let pause =
            |retry: u32| Duration::from_millis(retries.first_pause_ms << (retry - 1).min(10));
        let taken = |answer: &WebhookAnswer| *answer == WebhookAnswer::Status(200);
        until_taken(retries.count, pause, taken, || self.post(shared)).await
    }

    async fn post(&self, shared: &Shared) -> WebhookAnswer {
        let Some(url) = shared.state().webhook.clone() else {
            let why = "no webhook is set: call set_webhook first";
            return WebhookAnswer::Failed(why.to_owned());
        };
        let mut request = shared
            .client
            .post(url)
            .header("Content-Type", "application/json")
            .header("User-Agent", "facebookexternalua")
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        WebhookAnswer::to(request).await
    }
}
