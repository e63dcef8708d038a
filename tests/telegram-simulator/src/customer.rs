//! The customer's side: what they write and press reaches the connector as an update.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use stand_in::until_taken;

use crate::state::{Answer, ReceivedMessage, Shared};

/// Between two attempts to post an update; Telegram waits longer, with a growing pause.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// What a customer does. Begin with [`CustomerMessage::text`], [`CustomerMessage::photo`] or [`CustomerMessage::press`].
#[derive(Debug, Clone, Default)]
pub struct CustomerMessage {
    /// The chat with them.
    pub chat: i64,
    /// The text, or the photo's caption.
    pub text: String,
    /// A photo.
    pub photo: Option<Bytes>,
    /// The data of a button that they press.
    pub pressed: Option<String>,
    /// How often a post that failed or was not answered 2xx is tried again.
    pub retries: u32,
    /// How often the update is posted again although it was taken.
    pub duplicates: u32,
    /// What is broken about it.
    pub tamper: Tamper,
}

/// What is broken about an update.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// Another secret token.
    WrongToken,
    /// No secret token.
    NoToken,
}

impl CustomerMessage {
    /// They write.
    pub fn text(chat: i64, text: impl Into<String>) -> Self {
        Self {
            chat,
            text: text.into(),
            ..Self::default()
        }
    }

    /// They send a photo.
    pub fn photo(chat: i64, bytes: impl Into<Bytes>, caption: impl Into<String>) -> Self {
        Self {
            photo: Some(bytes.into()),
            ..Self::text(chat, caption)
        }
    }

    /// They press a button.
    pub fn press(chat: i64, data: impl Into<String>) -> Self {
        Self {
            chat,
            pressed: Some(data.into()),
            ..Self::default()
        }
    }
}

/// Posts the update, repeats and retries included; one answer a post, none if no webhook is set.
pub(crate) async fn deliver(shared: &Arc<Shared>, message: CustomerMessage) -> Vec<Answer> {
    let (place, body, webhook) = shared.state.change(|state| {
        let update = state.next();
        let file_id = message.photo.clone().map(|bytes| {
            let id = format!("photo{update}");
            state.files.insert(id.clone(), bytes);
            id
        });
        let body = body(update, &message, file_id.as_deref());
        let received = ReceivedMessage {
            update,
            body: body.clone(),
            answers: Vec::new(),
        };
        state.ledger.received.push(Arc::new(received));
        (state.ledger.received.len() - 1, body, state.webhook.clone())
    });
    let Some(url) = webhook else {
        return Vec::new();
    };
    let once = || async {
        let answer = post(shared, &url, &body, message.tamper).await;
        shared.state.change(|state| {
            if let Some(received) = state.ledger.received.get_mut(place) {
                Arc::make_mut(received).answers.push(answer.clone());
            }
        });
        answer
    };
    let mut answers = Vec::new();
    for _ in 0..=message.duplicates {
        let posted = until_taken(message.retries, |_| RETRY_PAUSE, Answer::is_success, once);
        answers.extend(posted.await);
    }
    answers
}

fn body(update: i64, message: &CustomerMessage, file_id: Option<&str>) -> Value {
    let from =
        json!({"id": message.chat, "is_bot": false, "first_name": "Ada", "language_code": "en"});
    let chat = json!({"id": message.chat, "first_name": "Ada", "type": "private"});
    let mut said = json!({"message_id": update, "from": from, "chat": chat, "date": now_s()});
    if let Some(data) = &message.pressed {
        return json!({"update_id": update, "callback_query": {"id": update.to_string(), "from": from, "message": said,
            "chat_instance": "1", "data": data}});
    }
    match file_id {
        Some(id) => {
            let size = message.photo.as_ref().map_or(0, Bytes::len);
            let small = json!({"file_id": format!("{id}-small"), "file_unique_id": "s", "file_size": 1, "width": 90, "height": 67});
            let large = json!({"file_id": id, "file_unique_id": "l", "file_size": size, "width": 1280, "height": 960});
            said["photo"] = json!([small, large]);
            if !message.text.is_empty() {
                said["caption"] = json!(message.text);
            }
        }
        None => said["text"] = json!(message.text),
    }
    json!({"update_id": update, "message": said})
}

fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

async fn post(shared: &Shared, url: &str, body: &Value, tamper: Tamper) -> Answer {
    let mut request = shared.client.post(url).json(body);
    let token = match tamper {
        Tamper::Nothing => Some(shared.config.secret_token.as_str()),
        Tamper::WrongToken => Some("another-token"),
        Tamper::NoToken => None,
    };
    if let Some(token) = token {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", token);
    }
    Answer::to(request).await
}
