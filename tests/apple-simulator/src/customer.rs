//! The customer's side: what people do in the Messages app, and the webhooks that come of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use stand_in::until_taken;

use crate::cipher::{self, hex};
use crate::ledger::{ReceivedMessage, SentMessage, WebhookAnswer};
use crate::state::{Person, Shared, fresh_id};
use crate::store;
use crate::webhook::{SignedCall, Tamper};

/// The first pause before a failed post is tried again; it doubles.
const RETRY_PAUSE_MS: u64 = 100;

/// What a customer does.
#[derive(Debug, Clone)]
pub enum Said {
    /// Writes.
    Text(String),
    /// Sends files, with a text that may hold U+FFFC where each stands; else they come behind it.
    Files(String, Vec<CustomerFile>),
    /// Picks the choice of this id in the latest choices sent to them.
    Picks(String),
    /// The same, so large that Apple passes it by reference.
    PicksByReference(String),
    /// Begins to type, or cleared the field.
    Typing(bool),
    /// Deletes the thread.
    Closes,
    /// Anything else: the type, and further fields of the body.
    Other(String, Value),
}

/// A file sent by a customer.
#[derive(Debug, Clone)]
pub struct CustomerFile {
    /// Its name.
    pub name: String,
    /// For instance `image/heic`.
    pub content_type: String,
    /// The clear bytes.
    pub bytes: Bytes,
}

/// What a customer sends, and what goes wrong on its way. Begin with [`CustomerMessage::new`].
#[derive(Debug, Clone)]
pub struct CustomerMessage {
    /// The customer's opaque id, `urn:mbid:…`.
    pub from: String,
    /// What they do.
    pub said: Said,
    /// To which business; the configured one when absent.
    pub to: Option<String>,
    /// The id to use; a fresh one when absent. Naming an old one repeats that message.
    pub id: Option<String>,
    /// `en_US`.
    pub locale: Option<String>,
    /// Of the link the conversation began with.
    pub intent: Option<String>,
    /// Of the link the conversation began with.
    pub group: Option<String>,
    /// What the device shows; the configured list when absent.
    pub capabilities: Option<String>,
    /// How often the webhook is posted again, with the same id, after the first.
    pub duplicates: u32,
    /// How often a failed post (no answer, or not 2xx) is tried again. Apple's own number is not known.
    pub retries: u32,
    /// What is broken about the request.
    pub tamper: Tamper,
}

impl CustomerMessage {
    /// Nothing special about it.
    pub fn new(from: impl Into<String>, said: Said) -> Self {
        Self {
            from: from.into(),
            said,
            to: None,
            id: None,
            locale: Some("en_US".to_owned()),
            intent: None,
            group: None,
            capabilities: None,
            duplicates: 0,
            retries: 0,
            tamper: Tamper::Nothing,
        }
    }

    /// A plain text.
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new(from, Said::Text(body.into()))
    }
}

/// What came of a customer's message.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The message's id.
    pub id: String,
    /// One answer for each post, in order; never empty.
    pub answers: Vec<WebhookAnswer>,
}

impl Receipt {
    /// The last answer's HTTP status; 0 when there was none.
    pub fn status(&self) -> u16 {
        self.answers.last().map_or(0, WebhookAnswer::status)
    }
}

/// Posts a message to the webhook, repeats and retries included. A first contact types first, as devices do.
pub(crate) async fn deliver(shared: &Arc<Shared>, message: CustomerMessage) -> Receipt {
    let id = message.id.clone().unwrap_or_else(fresh_id);
    let body = match body(shared, &message, &id) {
        Ok(body) => body,
        Err(why) => {
            return Receipt {
                id,
                answers: vec![WebhookAnswer::Failed(why)],
            };
        }
    };
    if is_stranger(shared, &message) {
        let typing = CustomerMessage {
            said: Said::Typing(true),
            id: None,
            duplicates: 0,
            tamper: Tamper::Nothing,
            ..message.clone()
        };
        // Its answer changes nothing: a sign that is lost is lost.
        let _ = Box::pin(deliver(shared, typing)).await;
    }
    let answers = post(shared, &message, &body).await;
    Receipt { id, answers }
}

/// Who was never seen; from now on they are known.
fn is_stranger(shared: &Shared, message: &CustomerMessage) -> bool {
    let capabilities = message
        .capabilities
        .clone()
        .unwrap_or_else(|| shared.config.capabilities.clone());
    let mut state = shared.state();
    let stranger = !state.customers.contains_key(&message.from);
    let person = state
        .customers
        .entry(message.from.clone())
        .or_insert(Person {
            capabilities: String::new(),
            closed: false,
            blocked: false,
        });
    person.capabilities = capabilities;
    match message.said {
        Said::Closes => person.closed = true,
        Said::Typing(_) => {}
        Said::Text(_)
        | Said::Files(..)
        | Said::Picks(_)
        | Said::PicksByReference(_)
        | Said::Other(..) => person.closed = false,
    }
    stranger && matches!(message.said, Said::Text(_) | Said::Files(..))
}

async fn post(shared: &Arc<Shared>, message: &CustomerMessage, body: &Value) -> Vec<WebhookAnswer> {
    let place = record(shared, body);
    let capabilities = shared
        .state()
        .customers
        .get(&message.from)
        .map(|person| person.capabilities.clone());
    let call = SignedCall::new(
        shared,
        body,
        &capabilities.unwrap_or_default(),
        message.tamper,
    );
    let once = || async {
        let answer = call.post(shared).await;
        note_answer(shared, place, &answer);
        answer
    };
    let pause = |retry: u32| Duration::from_millis(RETRY_PAUSE_MS << (retry - 1).min(6));
    let mut answers = Vec::new();
    for _ in 0..=message.duplicates {
        answers.extend(until_taken(message.retries, pause, WebhookAnswer::is_success, once).await);
    }
    answers
}

fn record(shared: &Shared, body: &Value) -> usize {
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let received = ReceivedMessage {
        id: text("id"),
        from: text("sourceId"),
        kind: text("type"),
        body: text("body"),
        answers: Vec::new(),
    };
    shared.watched.change(|state| {
        state.ledger.received.push(Arc::new(received));
        state.ledger.received.len() - 1
    })
}

fn note_answer(shared: &Shared, place: usize, answer: &WebhookAnswer) {
    shared.watched.change(|state| {
        if let Some(received) = state.ledger.received.get_mut(place) {
            Arc::make_mut(received).answers.push(answer.clone());
        }
    });
}

fn body(shared: &Shared, message: &CustomerMessage, id: &str) -> Result<Value, String> {
    let (kind, content) = content(shared, message)?;
    let to = message.to.as_deref().unwrap_or(&shared.config.business_id);
    let mut body = json!({
        "v": 1, "id": id, "type": kind, "sourceId": message.from, "destinationId": to,
    });
    if let (Some(body), Value::Object(content)) = (body.as_object_mut(), content) {
        body.extend(content);
        body.extend(context(message));
    }
    Ok(body)
}

fn context(message: &CustomerMessage) -> Map<String, Value> {
    let fields = [
        ("locale", &message.locale),
        ("intent", &message.intent),
        ("group", &message.group),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))))
        .collect()
}

fn content(shared: &Shared, message: &CustomerMessage) -> Result<(String, Value), String> {
    Ok(match &message.said {
        Said::Text(text) => ("text".to_owned(), json!({ "body": text })),
        Said::Files(text, files) => ("text".to_owned(), with_files(shared, text, files)),
        Said::Picks(id) => {
            let data = picked(shared, &message.from, id)?;
            ("interactive".to_owned(), json!({ "interactiveData": data }))
        }
        Said::PicksByReference(id) => {
            let data = picked(shared, &message.from, id)?;
            let reference = reference(shared, &data);
            (
                "interactive".to_owned(),
                json!({ "interactiveDataRef": reference }),
            )
        }
        Said::Typing(true) => ("typing_start".to_owned(), json!({})),
        Said::Typing(false) => ("typing_end".to_owned(), json!({})),
        Said::Closes => ("close".to_owned(), json!({})),
        Said::Other(kind, fields) => (kind.clone(), fields.clone()),
    })
}

fn with_files(shared: &Shared, text: &str, files: &[CustomerFile]) -> Value {
    let marks = text.matches('\u{fffc}').count();
    let missing = "\u{fffc}".repeat(files.len().saturating_sub(marks));
    let attachments: Vec<_> = files.iter().map(|file| attachment(shared, file)).collect();
    json!({ "body": format!("{text}{missing}"), "attachments": attachments })
}

/// Encrypted into the store. Signatures are hex here, upper case as some devices write them.
fn attachment(shared: &Shared, file: &CustomerFile) -> Value {
    let mut blob = sealed(shared, &file.name, &file.bytes);
    blob["name"] = json!(file.name);
    blob["mimeType"] = json!(file.content_type);
    blob
}

fn sealed(shared: &Shared, name: &str, clear: &[u8]) -> Value {
    let key: [u8; 32] = rand::random();
    let bytes = Bytes::from(cipher::apply(&key, clear));
    let size = bytes.len().to_string();
    let (url, owner, signature) = store::keep(shared, name, bytes);
    json!({
        "size": size, "key": cipher::key_field(&key), "url": url, "owner": owner,
        "signature": hex(&signature).to_uppercase(),
    })
}

fn reference(shared: &Shared, data: &Value) -> Value {
    let mut blob = sealed(
        shared,
        "interactive data",
        &store::opaque(&data.to_string()),
    );
    blob["bid"] = data["bid"].clone();
    blob["title"] = json!("A large answer");
    blob
}

/// What the device sends back for a choice of the latest picker.
fn picked(shared: &Shared, customer: &str, id: &str) -> Result<Value, String> {
    let sent = shared
        .state()
        .ledger
        .messages
        .iter()
        .rev()
        .find(|message| message.to == customer && message.interactive.is_some())
        .cloned();
    let sent = sent.ok_or_else(|| format!("{customer} was sent no choices"))?;
    let whole = sent.interactive.as_ref().unwrap_or(&Value::Null);
    quick_reply(whole, id)
        .or_else(|| list_reply(whole, id))
        .ok_or_else(|| format!("there is no choice `{id}` in {}", titles(&sent)))
}

fn titles(sent: &SentMessage) -> String {
    sent.interactive
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default()
}

fn quick_reply(whole: &Value, id: &str) -> Option<Value> {
    let reply = whole["data"].get("quick-reply")?;
    let items = reply["items"].as_array()?;
    let index = items.iter().position(|item| item["identifier"] == id)?;
    let mut answer = json!({ "bid": whole["bid"], "data": whole["data"] });
    answer["data"]["quick-reply"]["selectedIndex"] = json!(index);
    answer["data"]["quick-reply"]["selectedIdentifier"] = json!(id);
    Some(answer)
}

fn list_reply(whole: &Value, id: &str) -> Option<Value> {
    let sections = whole["data"]["listPicker"]["sections"].as_array()?;
    let item = sections
        .iter()
        .filter_map(|section| section["items"].as_array())
        .flatten()
        .find(|item| item["identifier"] == id)?;
    Some(json!({
        "bid": whole["bid"],
        "data": {
            "version": "1.0",
            "requestIdentifier": whole["data"]["requestIdentifier"],
            "listPicker": { "sections": [{ "title": sections[0]["title"], "order": 0, "items": [item] }] },
            "replyMessage": { "title": item["title"], "style": "small" },
        },
    }))
}
