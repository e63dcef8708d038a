//! What the carrier does after a message was accepted: fetch its pictures, deliver it, report.

use std::sync::Arc;
use std::time::Duration;

use crate::ledger::{FetchedMedia, WebhookAnswer};
use crate::signature::{sha256_hex, sign};
use crate::state::Shared;

/// Retrieval failure of a picture (INFERRED for media; SEEN for webhooks).
const CODE_NOT_FETCHED: u32 = 11200;

/// Follows one message in the background.
pub(crate) fn begin(shared: &Arc<Shared>, place: usize) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { follow(&shared, place).await });
}

async fn follow(shared: &Shared, place: usize) {
    let message = Arc::clone(&shared.state().ledger.messages[place]);
    let (media, to) = (message.media.clone(), message.to.clone());
    drop(message);
    let mut fetched_all = true;
    for (index, picture) in media.iter().enumerate() {
        let fetched = fetch(shared, &picture.url).await;
        fetched_all &= fetched.is_ok();
        shared.amend(place, |message| {
            message.media[index].fetched = Some(fetched);
        });
    }
    let error = match fetched_all {
        true => shared.state().undeliverable.get(&to).copied(),
        false => Some(CODE_NOT_FETCHED),
    };
    report(shared, place, error, fetched_all).await;
}

async fn fetch(shared: &Shared, url: &str) -> Result<FetchedMedia, String> {
    let _permit = shared.aftermath.acquire().await;
    let answer = shared
        .client
        .get(shared.reachable(url))
        .send()
        .await
        .map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    let content_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    Ok(FetchedMedia {
        sha256: sha256_hex(&bytes),
        size: bytes.len() as u64,
        content_type,
    })
}

async fn report(shared: &Shared, place: usize, error: Option<u32>, left_us: bool) {
    let mut statuses = match (error, left_us) {
        (None, _) => vec!["sent", "delivered"],
        (Some(_), true) => vec!["sent", "undelivered"],
        (Some(_), false) => vec!["failed"],
    };
    shared.amend(place, |message| {
        statuses
            .last()
            .copied()
            .unwrap_or_default()
            .clone_into(&mut message.status);
        message.error_code = error;
    });
    let how = shared.state().status_callbacks;
    if how.suppressed {
        return;
    }
    if how.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(how.delay_ms)).await;
    }
    if how.out_of_order {
        statuses.reverse();
    }
    for status in statuses {
        for _ in 0..=usize::from(how.doubled) {
            post_status(shared, place, status).await;
        }
    }
}

async fn post_status(shared: &Shared, place: usize, status: &str) {
    let message = Arc::clone(&shared.state().ledger.messages[place]);
    let Some(public) = message.status_callback.as_deref() else {
        return;
    };
    let _permit = shared.aftermath.acquire().await;
    let mut form = vec![
        ("MessageSid", message.sid.clone()),
        ("MessageStatus", status.to_owned()),
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", status.to_owned()),
        ("To", message.to.clone()),
        ("From", message.from.clone()),
        ("AccountSid", shared.config.account_sid.clone()),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    if let (Some(code), "undelivered" | "failed") = (message.error_code, status) {
        form.push(("ErrorCode", code.to_string()));
    }
    let signature = sign(&shared.config.auth_token, public, &form);
    let request = shared
        .client
        .post(shared.reachable(public))
        .header("X-Twilio-Signature", signature);
    let answer = WebhookAnswer::to(request.form(&form)).await;
    drop(message);
    shared.amend(place, |message| {
        message.callbacks.push((status.to_owned(), answer));
    });
}
