//! What becomes of a message after it was taken: its statuses, and a file that was only linked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::checks::carries;
use crate::clock::now_ms;
use crate::ledger::{SentFile, SentMessage};
use crate::refusal::title;
use crate::signature::hex;
use crate::state::{Shared, bsuid_of};
use crate::webhook::{SignedBody, envelope, value};

const WINDOW_SHUT: u32 = 131_047;
const MEDIA_FAILED: u32 = 131_053;

/// Follows one message in the background.
pub(crate) fn begin(shared: &Arc<Shared>, place: usize) {
    let shared = Arc::clone(shared);
    // Decided now: the customer may write while the message is on its way.
    let shut = {
        let message = Arc::clone(&shared.state().ledger.messages[place]);
        message.kind != "template" && !shared.window_is_open(&message.to)
    };
    tokio::spawn(async move {
        let error = match shut {
            true => Some(WINDOW_SHUT),
            false => trouble(&shared, place).await,
        };
        report(&shared, place, error).await;
    });
}

/// The code with which it fails, if it does.
async fn trouble(shared: &Shared, place: usize) -> Option<u32> {
    let message = Arc::clone(&shared.state().ledger.messages[place]);
    let planned = shared.state().undeliverable.get(&message.to).copied();
    if planned.is_some() {
        return planned;
    }
    let link = message.raw[&message.kind]["link"].as_str();
    let file = match link {
        Some(link) => match fetch(shared, link).await {
            Some(file) => Some(file),
            None => return Some(MEDIA_FAILED),
        },
        None => message.file.clone(),
    };
    let file = file?;
    let fits = carries(&message.kind, &file.content_type, file.size);
    shared.amend(place, |message| message.file = Some(file));
    (!fits).then_some(MEDIA_FAILED)
}

async fn fetch(shared: &Shared, link: &str) -> Option<SentFile> {
    let mut answer = shared.client.get(link).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let content_type = answer.headers().get("content-type")?.to_str().ok()?;
    let content_type = content_type.to_owned();
    let (mut hash, mut size) = (Sha256::new(), 0);
    while let Some(chunk) = answer.chunk().await.ok()? {
        hash.update(&chunk);
        size += chunk.len() as u64;
    }
    Some(SentFile {
        name: String::new(),
        content_type,
        size,
        sha256: hex(&hash.finalize()),
    })
}

async fn report(shared: &Shared, place: usize, error: Option<u32>) {
    let how = shared.state().statuses;
    if how.suppressed {
        return;
    }
    let mut statuses = match error {
        Some(_) => vec!["failed"],
        None if how.read => vec!["sent", "delivered", "read"],
        None => vec!["sent", "delivered"],
    };
    if how.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(how.delay_ms)).await;
    }
    if how.out_of_order {
        statuses.reverse();
    }
    for status in statuses {
        for _ in 0..=usize::from(how.doubled) {
            post(shared, place, status, error).await;
        }
    }
}

async fn post(shared: &Shared, place: usize, status: &str, error: Option<u32>) {
    let message = Arc::clone(&shared.state().ledger.messages[place]);
    let mut value = value(&shared.config, &message.from);
    value["statuses"] = json!([element(&message, status, error)]);
    let changes = vec![("messages".to_owned(), value)];
    let body = SignedBody::new(&shared.config, &envelope(&shared.config, changes));
    let _permit = shared.statuses.acquire().await;
    let answers = body.deliver(shared).await;
    shared.amend(place, |message| {
        let told = answers.into_iter().map(|it| (status.to_owned(), it));
        message.statuses.extend(told);
    });
}

fn element(message: &SentMessage, status: &str, error: Option<u32>) -> Value {
    let mut element = json!({
        "id": message.id,
        "status": status,
        "timestamp": (now_ms() / 1_000).to_string(),
        "recipient_id": message.to,
        "recipient_user_id": bsuid_of(&message.to),
    });
    if let Some(data) = &message.callback_data {
        element["biz_opaque_callback_data"] = data.as_str().into();
    }
    match error {
        Some(code) => {
            element["errors"] = json!([{
                "code": code, "title": title(code), "message": title(code),
                "error_data": {"details": title(code)},
            }]);
        }
        None => {
            element["pricing"] =
                json!({"billable": false, "pricing_model": "PMP", "category": "service"});
        }
    }
    element
}
