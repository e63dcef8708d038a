//! The customer's side: a message that reaches the connector as a signed webhook.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use stand_in::until_taken;
use url::form_urlencoded;

use crate::ledger::ReceivedMessage;
pub use crate::ledger::WebhookAnswer as Answer;
use crate::media;
use crate::signature::sign;
use crate::state::{Shared, Webhook};

/// Twilio's limit for the whole webhook (SEEN).
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(15);

/// The default keywords of Twilio's opt-out handling.
const STOP_WORDS: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START_WORDS: [&str; 3] = ["START", "YES", "UNSTOP"];

/// What a customer sends, and what goes wrong on its way. Begin with [`CustomerMessage::text`].
#[derive(Debug, Clone, Default)]
pub struct CustomerMessage {
    /// The customer's number, E.164 with `+`.
    pub from: String,
    /// The text.
    pub body: String,
    /// Pictures, offered by URL.
    pub media: Vec<Picture>,
    /// The id to use; a fresh one when absent. Naming an old one repeats that message.
    pub sid: Option<String>,
    /// How often the webhook is posted again, with the same id, after the first.
    pub duplicates: u32,
    /// How often a failed post (no answer, or not 2xx) is tried again, as `#rc=` in a URL asks.
    pub retries: u32,
    /// What is broken about the request.
    pub tamper: Tamper,
    /// Parameters that Twilio may add one day; signed like the others.
    pub extra: Vec<(String, String)>,
}

impl CustomerMessage {
    /// A plain text.
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            body: body.into(),
            ..Self::default()
        }
    }
}

/// A picture sent by a customer.
#[derive(Debug, Clone)]
pub struct Picture {
    /// For instance `image/jpeg`.
    pub content_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// What is broken about a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// A well-formed signature of another key.
    BadSignature,
    /// No signature header.
    NoSignature,
    /// The form ends in the middle of `Body`; signed as cut, so it is authentic.
    Truncated,
    /// `Body` ends in bytes that are no UTF-8 (`FF FE`), signed as bytes, so it is authentic.
    NotUtf8,
}

/// What came of a customer's message.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The message's id.
    pub sid: String,
    /// One answer for each post, in order; never empty.
    pub answers: Vec<Answer>,
}

impl Receipt {
    /// The last answer's HTTP status; 0 when there was none.
    pub fn status(&self) -> u16 {
        self.answers.last().map_or(0, Answer::status)
    }
}

/// Posts a message to the webhook, repeats and retries included.
pub(crate) async fn deliver(shared: &Arc<Shared>, message: CustomerMessage) -> Receipt {
    note_opt_out(shared, &message);
    let prefix = if message.media.is_empty() { "SM" } else { "MM" };
    let sid = message.sid.clone().unwrap_or_else(|| shared.sid(prefix));
    let place = record(shared, &sid, &message);
    let Some(webhook) = shared.state().webhook.clone() else {
        let answers = vec![Answer::Failed(
            "no webhook is set: call set_webhook first".to_owned(),
        )];
        return Receipt { sid, answers };
    };
    let request = SignedForm::new(shared, &webhook, &sid, &message);
    let once = || async {
        let answer = request.post(shared, &webhook.called).await;
        note_answer(shared, place, &answer);
        answer
    };
    let pause = |retry: u32| Duration::from_millis(100 << (retry - 1).min(6));
    let mut answers = Vec::new();
    for _ in 0..=message.duplicates {
        answers.extend(until_taken(message.retries, pause, Answer::is_success, once).await);
    }
    Receipt { sid, answers }
}

fn note_opt_out(shared: &Shared, message: &CustomerMessage) {
    let word = message.body.trim().to_uppercase();
    if STOP_WORDS.contains(&word.as_str()) {
        shared.state().opted_out.insert(message.from.clone());
    } else if START_WORDS.contains(&word.as_str()) {
        shared.state().opted_out.remove(&message.from);
    }
}

fn opt_out_type(body: &str) -> Option<&'static str> {
    let word = body.trim().to_uppercase();
    let word = word.as_str();
    match word {
        "HELP" | "INFO" => Some("HELP"),
        _ if STOP_WORDS.contains(&word) => Some("STOP"),
        _ if START_WORDS.contains(&word) => Some("START"),
        _ => None,
    }
}

fn record(shared: &Shared, sid: &str, message: &CustomerMessage) -> usize {
    let received = ReceivedMessage {
        sid: sid.to_owned(),
        from: message.from.clone(),
        body: message.body.clone(),
        at_ms: crate::clock::now_ms(),
        answers: Vec::new(),
    };
    let mut state = shared.state();
    state.ledger.received.push(Arc::new(received));
    let place = state.ledger.received.len() - 1;
    drop(state);
    shared.note_change();
    place
}

fn note_answer(shared: &Shared, place: usize, answer: &Answer) {
    if let Some(received) = shared.state().ledger.received.get_mut(place) {
        Arc::make_mut(received).answers.push(answer.clone());
    }
    shared.note_change();
}

/// A webhook's body with its signature, ready to be posted more than once.
struct SignedForm {
    body: Bytes,
    signature: Option<String>,
}

impl SignedForm {
    fn new(shared: &Shared, webhook: &Webhook, sid: &str, message: &CustomerMessage) -> Self {
        let token = match message.tamper {
            Tamper::BadSignature => "not the account's token",
            Tamper::Nothing | Tamper::NoSignature | Tamper::Truncated | Tamper::NotUtf8 => {
                &shared.config.auth_token
            }
        };
        let mut pairs = parameters(shared, sid, message);
        if message.tamper == Tamper::NotUtf8 {
            for (name, value) in &mut pairs {
                if name == "Body" {
                    value.extend([0xff, 0xfe]);
                }
            }
        }
        let mut body = encode(&pairs);
        if message.tamper == Tamper::Truncated {
            (body, pairs) = truncate(pairs);
        }
        let signature = sign(token, &webhook.public, &pairs);
        Self {
            body: body.into(),
            signature: (message.tamper != Tamper::NoSignature).then_some(signature),
        }
    }

    async fn post(&self, shared: &Shared, url: &str) -> Answer {
        let mut request = shared
            .client
            .post(url)
            .timeout(WEBHOOK_DEADLINE)
            .header(
                "Content-Type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            )
            .header("User-Agent", "TwilioProxy/1.1")
            .header("I-Twilio-Idempotency-Token", shared.sid("id"))
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        Answer::to(request).await
    }
}

fn parameters(shared: &Shared, sid: &str, message: &CustomerMessage) -> Vec<(String, Vec<u8>)> {
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add =
        |name: &str, value: &str| pairs.push((name.to_owned(), value.as_bytes().to_vec()));
    for name in ["MessageSid", "SmsSid", "SmsMessageSid"] {
        add(name, sid);
    }
    add("AccountSid", &shared.config.account_sid);
    add("ApiVersion", "2010-04-01");
    add("SmsStatus", "received");
    add("NumSegments", "1");
    add("From", &message.from);
    add("To", &shared.config.number);
    for side in ["From", "To"] {
        for (part, value) in [("City", ""), ("State", ""), ("Zip", ""), ("Country", "US")] {
            add(&format!("{side}{part}"), value);
        }
    }
    add("NumMedia", &message.media.len().to_string());
    for (index, picture) in message.media.iter().enumerate() {
        add(
            &format!("MediaUrl{index}"),
            &media::keep(shared, sid, picture),
        );
        add(&format!("MediaContentType{index}"), &picture.content_type);
    }
    if let (true, Some(kind)) = (shared.config.advanced_opt_out, opt_out_type(&message.body)) {
        add("OptOutType", kind);
    }
    for (name, value) in &message.extra {
        add(name, value);
    }
    // Last, so that a truncated form ends in it.
    add("Body", &message.body);
    pairs
}

fn encode(pairs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in pairs {
        if !body.is_empty() {
            body.push(b'&');
        }
        for part in form_urlencoded::byte_serialize(name.as_bytes()) {
            body.extend(part.as_bytes());
        }
        body.push(b'=');
        for part in form_urlencoded::byte_serialize(value) {
            body.extend(part.as_bytes());
        }
    }
    body
}

/// Halves the last value (`Body`), leaving a dangling percent sign where the cut is.
fn truncate(mut pairs: Vec<(String, Vec<u8>)>) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    if let Some((_, value)) = pairs.last_mut() {
        value.truncate(value.len() / 2);
    }
    let mut body = encode(&pairs);
    body.push(b'%');
    if let Some((_, value)) = pairs.last_mut() {
        // A percent sign with nothing after it decodes to itself.
        value.push(b'%');
    }
    (body, pairs)
}
