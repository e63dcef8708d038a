//! Message to request: one provider message a call, found again before it is sent again.

use trunkline_plugin::channel::{Outbound, Sent};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{Millis, SendError, config, log};

use super::wire::{Message, MessagePage};
use super::{AUTH_TOKEN, Account, refusal};
use crate::message::{Part, Sms, recipient};
use crate::settings::Settings;
use crate::{date, gsm};

/// Twilio lists newest first, so what we look for is among the first.
const PAGE_SIZE: &str = "100";

/// Sends the next part.
pub(crate) fn send(settings: &Settings, message: &Outbound) -> Result<Sent, SendError> {
    let Some(sms) = Sms::of(&message.content, settings.mms)? else {
        return Ok(Sent::not_applicable());
    };
    let account = Account::of(settings)?;
    let to = recipient(message)?;
    let part = sms.part(message)?;
    if part.was_taken(message) {
        return Ok(part.sent(Vec::new()));
    }
    let found = match message.attempt.unknown_since {
        Some(since) => find(settings, &account, to, part.text, since)?,
        None => None,
    };
    let sid = match found {
        Some(sid) => sid,
        None => post(settings, &account, message, to, &part)?,
    };
    Ok(part.sent(vec![sid]))
}

fn post(
    settings: &Settings,
    account: &Account<'_>,
    message: &Outbound,
    to: &str,
    part: &Part<'_>,
) -> Result<String, SendError> {
    let sender = match &settings.messaging_service_sid {
        Some(service) => ("MessagingServiceSid", service.clone()),
        None => ("From", settings.number.clone()),
    };
    let mut fields = vec![("To", to.to_owned()), sender];
    if !part.text.is_empty() || part.picture.is_none() {
        fields.push(("Body", part.text.to_owned()));
    }
    fields.extend(part.picture.map(|url| ("MediaUrl", url.to_owned())));
    fields.push(("StatusCallback", status_callback(&part.name)));
    let request = Request::post(account.url("/Messages.json"))
        .basic(account.sid, AUTH_TOKEN)
        .form(fields)
        .once();
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_answer(&answer, message.attempt.number));
    }
    log::debug(format!("sent as {} segments", gsm::segments(part.text)));
    let taken: Result<Message, _> = answer.json();
    taken
        .map(|taken| taken.sid)
        .map_err(|error| SendError::Unknown(format!("Twilio took it and said: {error}")))
}

/// Carries our own name of the message, so that a callback is understood even if it comes before the answer.
fn status_callback(name: &str) -> String {
    let mut url = format!("{}/status?delivery=", config::public_url());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// The id of a message to this customer with this text, taken since then. There is no other way to learn whether
/// Twilio took a request whose answer was lost.
fn find(
    settings: &Settings,
    account: &Account<'_>,
    to: &str,
    part: &str,
    since: Millis,
) -> Result<Option<String>, SendError> {
    let mut query = vec![("To", to.to_owned())];
    // A messaging service picks the number it sends from.
    if settings.messaging_service_sid.is_none() {
        query.push(("From", settings.number.clone()));
    }
    query.push(("DateSent>", date::iso_date(since)));
    query.push(("PageSize", PAGE_SIZE.to_owned()));
    let request = Request::get(account.url("/Messages.json"))
        .basic(account.sid, AUTH_TOKEN)
        .query(query)
        .safe();
    // Whatever goes wrong here, it stays unknown whether the message was taken.
    let unknown = |why: String| SendError::Unknown(format!("looking for the message: {why}"));
    let answer = http::fetch(&request).map_err(|error| unknown(error.to_string()))?;
    if !answer.is_success() {
        return Err(unknown(format!(
            "Twilio answered with status {}",
            answer.status
        )));
    }
    let page: MessagePage = answer.json().map_err(|error| unknown(error.to_string()))?;
    Ok(page
        .messages
        .into_iter()
        .find(|message| is_it(message, part, since))
        .map(|message| message.sid))
}

fn is_it(message: &Message, part: &str, since: Millis) -> bool {
    // Twilio's dates have no milliseconds.
    let since = since - since % 1_000;
    let at = message.date_created.as_deref().and_then(date::rfc2822_ms);
    // White space at the ends may be trimmed.
    message.body.as_deref().unwrap_or_default().trim() == part.trim()
        && message
            .direction
            .as_deref()
            .is_none_or(|direction| direction.starts_with("outbound"))
        && at.is_none_or(|at| at >= since)
}
