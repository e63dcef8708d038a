//! Message to request. Vonage cuts a text into parts for the air by itself, and joins them on the phone; the answer has
//! one status a part.

use trunkline_plugin::channel::{Outbound, Progress, Sent};
use trunkline_plugin::http::{self, Field, Request, Value};
use trunkline_plugin::{Account, Millis, SendError, clock, config, log};

use super::wire::{self, SentPart};
use super::{API_BASE, API_KEY, API_SECRET, refusal};
use crate::message::{Part, Sms, recipient};
use crate::settings::Settings;
use crate::{gsm, number};

/// Vonage's limit for `client-ref`, in characters.
const CLIENT_REF_MAX: usize = 100;

/// After a lost answer: how long to wait for a receipt that names the delivery. There is no list to look into.
const RECEIPT_WAIT_MS: Millis = 30_000;
const RECEIPT_LOOK_MS: u32 = 5_000;

/// Sends the next part.
pub(crate) fn send(settings: &Settings, message: &Outbound) -> Result<Sent, SendError> {
    let Some(sms) = Sms::of(&message.content, false)? else {
        return Ok(Sent::not_applicable());
    };
    let to = recipient(message)?;
    let part = sms.part(message)?;
    if part.was_taken(message) {
        return Ok(part.sent(Vec::new()));
    }
    if waits_for_receipt(message) {
        return Ok(Sent {
            ids: Vec::new(),
            progress: Progress::Wait(RECEIPT_LOOK_MS),
            peer_changes: Vec::new(),
        });
    }
    let answer = http::fetch(&request(settings, to, &part))?;
    if !answer.is_success() {
        return Err(refusal::of_answer(&answer, message.attempt.number));
    }
    let sent: wire::Sent = answer
        .json()
        .map_err(|error| SendError::Unknown(format!("Vonage's answer cannot be read: {error}")))?;
    let ids = taken(&sent.messages, message.attempt.number)?;
    log::debug(format!("sent as {} parts", ids.len()));
    Ok(part.sent(ids))
}

fn waits_for_receipt(message: &Outbound) -> bool {
    let since = message.attempt.unknown_since;
    since.is_some_and(|since| clock::now() < since + RECEIPT_WAIT_MS)
}

fn request(settings: &Settings, to: &str, part: &Part<'_>) -> Request {
    let kind = if gsm::is_gsm(part.text) {
        "text"
    } else {
        "unicode"
    };
    let mut fields: Vec<Field> = credentials().to_vec();
    fields.extend([
        ("from", number::without_plus(&settings.number)).into(),
        ("to", number::without_plus(to)).into(),
        ("text", part.text).into(),
        ("type", kind).into(),
        ("status-report-req", "1").into(),
        ("callback", format!("{}/status", config::public_url())).into(),
    ]);
    if part.name.len() <= CLIENT_REF_MAX {
        fields.push(("client-ref", part.name.as_str()).into());
    }
    Request::post(format!("{}/sms/json", settings.api_base(API_BASE)))
        .form(fields)
        .once()
}

fn credentials() -> [Field; 2] {
    [API_KEY, API_SECRET].map(|name| Field {
        name: name.to_owned(),
        value: Value::Secret {
            prefix: String::new(),
            name: name.to_owned(),
        },
    })
}

/// The ids of all parts, or what the first that was not taken means.
fn taken(parts: &[SentPart], attempt: u32) -> Result<Vec<String>, SendError> {
    let (taken, refused): (Vec<_>, Vec<_>) =
        parts.iter().partition(|part| part.status.get() == Some(0));
    match (refused.first(), taken.len()) {
        (None, 0) => Err(SendError::Unknown(
            "Vonage's answer names no message".to_owned(),
        )),
        (None, _) => Ok(taken
            .iter()
            .filter_map(|part| part.message_id.clone())
            .collect()),
        (Some(refused), 0) => Err(refusal::of_part(refused, attempt)),
        (Some(refused), some) => Err(refusal::of_some_parts(
            some,
            parts.len(),
            refusal::of_part(refused, attempt),
        )),
    }
}

/// Are the credentials good, and is there money?
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    let hint = "from Vonage's dashboard";
    settings.need_secret(API_KEY, hint)?;
    settings.need_secret(API_SECRET, hint)?;
    settings.need_secret(
        super::SIGNATURE_SECRET,
        "it signs webhooks; from the settings in Vonage's dashboard",
    )?;
    let url = format!("{}/account/get-balance", settings.api_base(API_BASE));
    let answer = http::fetch(&Request::get(url).query(credentials()))?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    let balance: wire::Balance = answer.json().map_err(|error| {
        SendError::Credentials(format!("api_base does not answer like Vonage: {error}"))
    })?;
    let empty = balance.value <= 0.0 && !balance.auto_reload;
    Ok(Account {
        id: settings.number.clone(),
        name: None,
        warnings: empty
            .then(|| "the account's balance is used up".to_owned())
            .into_iter()
            .collect(),
    })
}
