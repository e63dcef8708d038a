//! What follows an accepted message: its echo, its delivery, its being read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::ledger::SentMessage;
use crate::state::{Shared, now_ms};
use crate::webhook::{self, Element};

/// Follows one message in the background.
pub(crate) fn begin(shared: &Arc<Shared>, place: usize) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { follow(&shared, place).await });
}

async fn follow(shared: &Shared, place: usize) {
    let (message, how) = {
        let state = shared.watched.lock();
        (Arc::clone(&state.ledger.messages[place]), state.reports)
    };
    if how.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(how.delay_ms)).await;
    }
    let watermark = now_ms();
    let reports = [
        (how.echoes, "echo", "message_echoes", echo(shared, &message)),
        (
            how.deliveries,
            "delivery",
            "message_deliveries",
            from_customer(
                &message,
                "delivery",
                &json!({ "mids": [message.mid], "watermark": watermark }),
            ),
        ),
        (
            how.reads,
            "read",
            "message_reads",
            from_customer(&message, "read", &json!({ "watermark": watermark })),
        ),
    ];
    for (wanted, name, field, event) in reports {
        let times = if how.doubled { 2 } else { 1 };
        for _ in 0..if wanted { times } else { 0 } {
            let element = Element {
                page: message.page.clone(),
                list: "messaging",
                event: event.clone(),
            };
            let answer = webhook::report(shared, field, element).await;
            shared.amend(place, |message| {
                message.reports.push((name.to_owned(), answer));
            });
        }
    }
}

/// Sender is the Page, recipient the customer.
fn echo(shared: &Shared, message: &SentMessage) -> Value {
    let app_id: Value = serde_json::from_str(&shared.config.app_id).unwrap_or(Value::Null);
    let mut echoed = json!({ "mid": message.mid, "is_echo": true, "app_id": app_id });
    if let Some(text) = &message.text {
        echoed["text"] = text.as_str().into();
    }
    if let Some(metadata) = &message.metadata {
        echoed["metadata"] = metadata.as_str().into();
    }
    if let Some(file) = &message.file {
        let url = format!("{}/_cdn/ours/{}", shared.base_url, message.mid);
        echoed["attachments"] = json!([{ "type": file.kind, "payload": { "url": url } }]);
    }
    json!({
        "sender": { "id": message.page }, "recipient": { "id": message.to },
        "timestamp": message.at_ms, "message": echoed,
    })
}

/// Deliveries have no timestamp of their own.
fn from_customer(message: &SentMessage, what: &str, told: &Value) -> Value {
    json!({ "sender": { "id": message.to }, "recipient": { "id": message.page }, what: told })
}
