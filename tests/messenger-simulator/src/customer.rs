//! The customer's side: something that reaches the connector as a signed webhook.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stand_in::until_taken;

use crate::ledger::{ReceivedMessage, WebhookAnswer};
use crate::media;
use crate::signature::sign;
use crate::state::{Shared, now_ms};
use crate::webhook::{self, Element, Post};

/// What a customer does, and what goes wrong on its way. Begin with [`CustomerMessage::text`].
#[derive(Debug, Clone)]
pub struct CustomerMessage {
    /// To which Page.
    pub page: String,
    /// The customer's PSID.
    pub from: String,
    /// What they do.
    pub said: Said,
    /// The message of ours or theirs it answers.
    pub reply_to: Option<String>,
    /// The message id to use; a fresh one when absent. Naming an old one repeats that message.
    pub mid: Option<String>,
    /// When, in milliseconds since 1970; now when absent.
    pub at_ms: Option<u64>,
    /// Another app has the conversation: the event comes in standby.
    pub standby: bool,
    /// How often the webhook is posted again, the same, after the first.
    pub duplicates: u32,
    /// How often a failed post (no answer, or not 200) is tried again.
    pub retries: u32,
    /// What is broken about the request.
    pub tamper: Tamper,
}

/// What a customer does.
#[derive(Debug, Clone)]
pub enum Said {
    /// Writes.
    Text(String),
    /// Sends files, perhaps with a text.
    Files(Option<String>, Vec<CustomerFile>),
    /// Taps a quick reply: its title and payload.
    QuickReply(String, String),
    /// Taps a button: its title and payload.
    Postback(String, String),
    /// Reacts to a message; without an emoji the reaction is taken back.
    Reaction(String, Option<String>),
    /// Edits a message of theirs: its id, the new text, and the number of the edit.
    Edit(String, String, u32),
    /// Sends a place: latitude and longitude.
    Location(f64, f64),
    /// Anything else: the members of the event besides sender, recipient and timestamp, and the subscription it is
    /// posted under.
    Raw(&'static str, Value),
}

/// A file sent by a customer.
#[derive(Debug, Clone)]
pub struct CustomerFile {
    /// The last segment of its URL.
    pub name: String,
    /// What the URL answers as its type.
    pub content_type: String,
    /// The bytes.
    pub bytes: Bytes,
    /// The URL in the webhook has expired; the Graph API has a fresh one.
    pub expired: bool,
}

/// What is broken about a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// A well-formed signature of another secret.
    BadSignature,
    /// No signature header.
    NoSignature,
    /// The JSON ends in the middle; signed as cut, so it is authentic.
    Truncated,
}

/// What came of a POST.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The ids of its messages.
    pub mids: Vec<String>,
    /// One answer for each post, in order; never empty.
    pub answers: Vec<WebhookAnswer>,
}

impl Receipt {
    /// The last answer's HTTP status; 0 when there was none.
    pub fn status(&self) -> u16 {
        match self.answers.last() {
            Some(WebhookAnswer::Status(status)) => *status,
            Some(WebhookAnswer::Failed(_) | WebhookAnswer::NotSubscribed) | None => 0,
        }
    }
}

impl CustomerMessage {
    /// A plain text.
    pub fn text(page: impl Into<String>, from: impl Into<String>, text: impl Into<String>) -> Self {
        Self::said(page, from, Said::Text(text.into()))
    }

    /// Anything.
    pub fn said(page: impl Into<String>, from: impl Into<String>, said: Said) -> Self {
        Self {
            page: page.into(),
            from: from.into(),
            said,
            reply_to: None,
            mid: None,
            at_ms: None,
            standby: false,
            duplicates: 0,
            retries: 0,
            tamper: Tamper::Nothing,
        }
    }
}

/// Posts events in one call, repeats and retries of the first included.
pub(crate) async fn deliver(shared: &Arc<Shared>, messages: Vec<CustomerMessage>) -> Receipt {
    let mut elements = Vec::new();
    let (mut mids, mut places) = (Vec::new(), Vec::new());
    for message in &messages {
        let mid = message.mid.clone().unwrap_or_else(|| shared.id("m_"));
        places.push(record(shared, &mid, message));
        if webhook::is_subscribed(shared, &message.page, field(message)) {
            elements.push(element(shared, &mid, message));
        }
        mids.push(mid);
    }
    let first = messages.first().cloned();
    let (Some(first), false) = (first, elements.is_empty()) else {
        return Receipt {
            mids,
            answers: vec![WebhookAnswer::NotSubscribed],
        };
    };
    let post = tampered(shared, first.tamper, &elements);
    let once = || async {
        let answer = post.go(shared).await;
        note_answer(shared, &places, &answer);
        answer
    };
    let taken = |answer: &WebhookAnswer| *answer == WebhookAnswer::Status(200);
    let mut answers = Vec::new();
    for _ in 0..=first.duplicates {
        answers.extend(until_taken(first.retries, webhook::pause, taken, once).await);
    }
    Receipt { mids, answers }
}

/// Keeps what was said, and opens the window where it does.
fn record(shared: &Shared, mid: &str, message: &CustomerMessage) -> usize {
    let at = message.at_ms.unwrap_or_else(now_ms);
    let thread = (message.page.clone(), message.from.clone());
    let received = ReceivedMessage {
        mid: mid.to_owned(),
        page: message.page.clone(),
        from: message.from.clone(),
        answers: Vec::new(),
    };
    shared.watched.change(|state| {
        let last = state.last_actions.entry(thread).or_insert(at);
        *last = at.max(*last);
        state.ledger.received.push(Arc::new(received));
        state.ledger.received.len() - 1
    })
}

fn note_answer(shared: &Shared, places: &[usize], answer: &WebhookAnswer) {
    shared.watched.change(|state| {
        for place in places {
            if let Some(received) = state.ledger.received.get_mut(*place) {
                Arc::make_mut(received).answers.push(answer.clone());
            }
        }
    });
}

fn tampered(shared: &Shared, tamper: Tamper, elements: &[Element]) -> Post {
    let post = Post::new(shared, elements);
    match tamper {
        Tamper::Nothing => post,
        Tamper::BadSignature => Post {
            signature: Some(sign("not the app's secret", &post.body)),
            ..post
        },
        Tamper::NoSignature => Post {
            signature: None,
            ..post
        },
        Tamper::Truncated => {
            let body = post.body.slice(..post.body.len() / 2);
            let signature = Some(sign(&shared.config.app_secret, &body));
            Post { body, signature }
        }
    }
}

/// The subscription an event is posted under.
fn field(message: &CustomerMessage) -> &'static str {
    if message.standby {
        return "standby";
    }
    match &message.said {
        Said::Text(_) | Said::Files(..) | Said::QuickReply(..) | Said::Location(..) => "messages",
        Said::Postback(..) => "messaging_postbacks",
        Said::Reaction(..) => "message_reactions",
        Said::Edit(..) => "message_edits",
        Said::Raw(field, _) => field,
    }
}

fn element(shared: &Shared, mid: &str, message: &CustomerMessage) -> Element {
    let mut event = json!({
        "sender": { "id": message.from }, "recipient": { "id": message.page },
        "timestamp": message.at_ms.unwrap_or_else(now_ms),
    });
    let members = members(shared, mid, message);
    for (name, value) in members.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    if let Some(reply_to) = &message.reply_to {
        event["message"]["reply_to"] = json!({ "mid": reply_to });
    }
    Element {
        page: message.page.clone(),
        list: if message.standby {
            "standby"
        } else {
            "messaging"
        },
        event,
    }
}

fn members(shared: &Shared, mid: &str, message: &CustomerMessage) -> Value {
    match &message.said {
        Said::Text(text) => json!({ "message": { "mid": mid, "text": text } }),
        Said::Files(text, files) => {
            let mut message = json!({ "mid": mid, "attachments": attachments(shared, mid, files) });
            if let Some(text) = text {
                message["text"] = text.as_str().into();
            }
            json!({ "message": message })
        }
        Said::QuickReply(title, payload) => {
            json!({ "message": { "mid": mid, "text": title, "quick_reply": { "payload": payload } } })
        }
        // Who does not have the conversation is not told the payload.
        Said::Postback(title, _) if message.standby => {
            json!({ "postback": { "mid": mid, "title": title } })
        }
        Said::Postback(title, payload) => {
            json!({ "postback": { "mid": mid, "title": title, "payload": payload } })
        }
        Said::Reaction(target, Some(emoji)) => {
            json!({ "reaction": { "mid": target, "action": "react", "emoji": emoji, "reaction": "other" } })
        }
        Said::Reaction(target, None) => {
            json!({ "reaction": { "mid": target, "action": "unreact" } })
        }
        Said::Edit(target, text, number) => {
            json!({ "message_edit": { "mid": target, "text": text, "num_edit": number } })
        }
        Said::Location(latitude, longitude) => {
            let payload = json!({ "coordinates": { "lat": latitude, "long": longitude } });
            let place =
                json!({ "type": "location", "title": "Pinned location", "payload": payload });
            json!({ "message": { "mid": mid, "attachments": [place] } })
        }
        Said::Raw(_, members) => members.clone(),
    }
}

fn attachments(shared: &Shared, mid: &str, files: &[CustomerFile]) -> Value {
    let urls: Vec<_> = files.iter().map(|file| media::keep(shared, file)).collect();
    shared
        .watched
        .change(|state| state.attached.insert(mid.to_owned(), urls.clone()));
    let attached = files.iter().zip(urls).map(|(file, url)| {
        let family = file.content_type.split('/').next();
        let shown = family.filter(|family| matches!(*family, "image" | "audio" | "video"));
        let kind = shown.unwrap_or("file");
        json!({ "type": kind, "payload": { "url": url } })
    });
    attached.collect()
}
