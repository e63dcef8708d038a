//! Message to request: one request a provider message, made of `send_fields`.

use serde_json::{Map, Value};
use trunkline_plugin::channel::{Outbound, Progress, Sent};
use trunkline_plugin::http::{self, Request, Response};
use trunkline_plugin::{Account, Millis, SendError, clock, config};

use super::profile::Profile;
use super::template::{self, Words};
use super::{INBOUND_SECRET, TOKEN, place};
use crate::message::{Sms, recipient};
use crate::settings::{Settings, SettingsError};
use crate::{back_off, number};

/// After a lost answer: how long to wait for a receipt that names the delivery, if the gateway was given its id.
const RECEIPT_WAIT_MS: Millis = 30_000;
const RECEIPT_LOOK_MS: u32 = 5_000;

/// How much of a gateway's words an agent reads, in characters.
const SAID_MAX: usize = 200;

/// Sends the next part.
pub(crate) fn send(settings: &Settings, message: &Outbound) -> Result<Sent, SendError> {
    let Some(sms) = Sms::of(&message.content, false)? else {
        return Ok(Sent::not_applicable());
    };
    let fields = fields(settings)?;
    let to = recipient(message)?;
    let part = sms.part(message)?;
    if part.was_taken(message) {
        return Ok(part.sent(Vec::new()));
    }
    if waits_for_receipt(message, fields) {
        return Ok(Sent {
            ids: Vec::new(),
            progress: Progress::Wait(RECEIPT_LOOK_MS),
            peer_changes: Vec::new(),
        });
    }
    let request = request(settings, fields, &part.name, to, part.text)?;
    let answer = http::fetch(&request)?;
    if !is_ok(settings, answer.status) {
        return Err(refusal(&answer, message.attempt.number));
    }
    let id = id(settings, &answer, &part.name)?;
    Ok(part.sent(vec![id]))
}

fn fields(settings: &Settings) -> Result<&Map<String, Value>, SettingsError> {
    let fields = settings.send_fields.as_ref().ok_or(SettingsError::Missing {
        provider: "generic",
        name: "send_fields",
        hint: "what a request carries, for instance { \"/to\" = \"{to}\", \"/text\" = \"{text}\" }",
    })?;
    for (word, plain) in [("{to}", "{to_digits}"), ("{text}", "{text}")] {
        if !template::uses(fields, word) && !template::uses(fields, plain) {
            return Err(SettingsError::wrong(
                "send_fields",
                format!("has {word} nowhere"),
            ));
        }
    }
    Ok(fields)
}

fn request(
    settings: &Settings,
    fields: &Map<String, Value>,
    delivery: &str,
    to: &str,
    text: &str,
) -> Result<Request, SettingsError> {
    let url = settings.needed(
        settings.send_url.as_ref(),
        "send_url",
        "where the gateway takes messages",
    )?;
    let callback = format!("{}/status", config::public_url());
    let words = Words(vec![
        ("to", to),
        ("to_digits", number::without_plus(to)),
        ("from", &settings.number),
        ("from_digits", number::without_plus(&settings.number)),
        ("text", text),
        ("delivery", delivery),
        ("callback", &callback),
    ]);
    let request = Request::new(settings.send_method.as_str(), url).once();
    let request = template::fill_in(request, fields, &words)?;
    let elsewhere = template::uses_token(fields) || settings.need_secret(TOKEN, "").is_err();
    Ok(if elsewhere {
        request
    } else {
        request.bearer(TOKEN)
    })
}

fn waits_for_receipt(message: &Outbound, fields: &Map<String, Value>) -> bool {
    let since = message.attempt.unknown_since;
    template::uses(fields, "{delivery}")
        && since.is_some_and(|since| clock::now() < since + RECEIPT_WAIT_MS)
}

fn is_ok(settings: &Settings, status: u16) -> bool {
    match &settings.ok_status {
        Some(ok) => ok.contains(&status),
        None => (200..300).contains(&status),
    }
}

/// The gateway's id, or our own where the settings name none.
fn id(settings: &Settings, answer: &Response, name: &str) -> Result<String, SendError> {
    let Some(pointer) = &settings.id_pointer else {
        return Ok(name.to_owned());
    };
    let body: Value = answer.json().unwrap_or_default();
    // Many gateways answer with a good status and an error in the body.
    body.pointer(pointer)
        .and_then(place::written)
        .ok_or_else(|| {
            SendError::Refused(format!(
                "the gateway gave no id at {pointer}; it says: {}",
                excerpt(answer)
            ))
        })
}

fn refusal(answer: &Response, attempt: u32) -> SendError {
    let why = format!(
        "the gateway answered with status {}: {}",
        answer.status,
        excerpt(answer)
    );
    let after_ms = answer
        .retry_after_ms()
        .unwrap_or_else(|| back_off::ms(attempt));
    match answer.status {
        429 => SendError::Throttled { after_ms, why },
        401 | 403 | 404 | 405 | 407 => SendError::Credentials(why),
        // It says itself that it took nothing.
        503 if answer.retry_after_ms().is_some() => SendError::Again { after_ms, why },
        // It may have taken the message before it failed to say so, or says ok in a way the settings do not know.
        408 | 500.. => SendError::Unknown(why),
        _ => SendError::Refused(why),
    }
}

fn excerpt(answer: &Response) -> String {
    answer.text().trim().chars().take(SAID_MAX).collect()
}

/// A gateway offers nothing to ask for; the settings and secrets can be looked at, and a request be made up.
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    Profile::of(settings)?;
    settings.need_secret(INBOUND_SECRET, "it vouches for the gateway's webhooks")?;
    let fields = fields(settings)?;
    if template::uses_token(fields) {
        settings.need_secret(TOKEN, "send_fields uses it")?;
    }
    request(settings, fields, "check", "+15005550010", "check")?;
    Ok(Account {
        id: settings.number.clone(),
        name: None,
        warnings: vec!["the settings are complete; whether the gateway takes them shows with the first message".to_owned()],
    })
}
