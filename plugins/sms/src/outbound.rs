//! Message to request: one provider message a call, found again before it is sent again.

use trunkline_plugin::channel::{File, Outbound, OutboundContent, Sent};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{Account, Millis, SendError, config, log, numbered};

use crate::inbound::PHONE;
use crate::settings::{AUTH_TOKEN, Settings};
use crate::wire::{self, Message, MessagePage};
use crate::{gsm, refusal, split};

/// Pictures every MMS phone shows; Twilio's limit for a message is 5 MiB.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/gif"];
const PICTURE_BYTES_MAX: u64 = 5 * 1024 * 1024;

/// Twilio lists newest first, so what we look for is among the first.
const PAGE_SIZE: &str = "100";

/// What a message looks like on SMS.
#[derive(Debug, PartialEq, Eq)]
struct Sms {
    text: String,
    /// Goes with the first part.
    picture: Option<String>,
}

/// Sends the next part.
pub(crate) fn send(settings: &Settings, message: &Outbound) -> Result<Sent, SendError> {
    let Some(sms) = written_out(settings, &message.content)? else {
        return Ok(Sent::not_applicable());
    };
    let to = message.address(PHONE).ok_or_else(|| {
        SendError::Refused("the customer has no phone number on this channel".to_owned())
    })?;
    let start = start_of_rest(message, &sms.text)?;
    let (part, rest) = split::first(&sms.text[start..]);
    let picture = sms.picture.as_deref().filter(|_| start == 0);
    let sid = match message.attempt.unknown_since {
        Some(since) => find(settings, to, part, since)?,
        None => None,
    };
    let sid = match sid {
        Some(sid) => sid,
        None => post(settings, message, to, part, picture)?,
    };
    if rest.is_empty() {
        return Ok(Sent::all(sid));
    }
    Ok(Sent::rest(sid, (sms.text.len() - rest.len()).to_string()))
}

/// `None` for what SMS does not have.
fn written_out(settings: &Settings, content: &OutboundContent) -> Result<Option<Sms>, SendError> {
    Ok(match content {
        OutboundContent::Text(text) => Some(Sms {
            text: text.clone(),
            picture: None,
        }),
        OutboundContent::File(file) => Some(file_as_sms(settings, file)),
        OutboundContent::Choices { text, options } => Some(Sms {
            text: numbered(text, options),
            picture: None,
        }),
        OutboundContent::Template { .. } => {
            return Err(SendError::Refused(
                "there are no templates on SMS: send a text".to_owned(),
            ));
        }
        OutboundContent::Close | OutboundContent::Typing(_) | OutboundContent::Seen(_) => None,
    })
}

fn file_as_sms(settings: &Settings, file: &File) -> Sms {
    let caption = file.caption.clone().unwrap_or_default();
    let native = settings.mms
        && PICTURES.contains(&file.content_type.as_str())
        && file.size <= PICTURE_BYTES_MAX;
    if native {
        return Sms {
            text: caption,
            picture: Some(file.url.clone()),
        };
    }
    let line_break = if caption.is_empty() { "" } else { "\n" };
    Sms {
        text: format!("{caption}{line_break}{}: {}", file.name, file.url),
        picture: None,
    }
}

/// Where the part to send begins: `rest` holds the byte, as decimal digits.
fn start_of_rest(message: &Outbound, text: &str) -> Result<usize, SendError> {
    let Some(rest) = &message.rest else {
        return Ok(0);
    };
    let start = std::str::from_utf8(rest)
        .ok()
        .and_then(|digits| digits.parse().ok());
    start
        .filter(|start| text.is_char_boundary(*start))
        .ok_or_else(|| {
            SendError::Refused("another version of the plugin began this message".to_owned())
        })
}

fn post(
    settings: &Settings,
    message: &Outbound,
    to: &str,
    part: &str,
    picture: Option<&str>,
) -> Result<String, SendError> {
    let mut fields = vec![("To", to.to_owned()), ("From", settings.number.clone())];
    if !part.is_empty() || picture.is_none() {
        fields.push(("Body", part.to_owned()));
    }
    fields.extend(picture.map(|url| ("MediaUrl", url.to_owned())));
    fields.push(("StatusCallback", status_callback(&message.delivery)));
    let request = api(
        settings,
        Request::post(settings.account_url("/Messages.json")),
    )
    .form(fields)
    .once();
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_answer(&answer, message.attempt.number));
    }
    log::debug(format!("sent as {} segments", gsm::segments(part)));
    let taken: Result<Message, _> = answer.json();
    taken
        .map(|taken| taken.sid)
        .map_err(|error| SendError::Unknown(format!("Twilio took it and said: {error}")))
}

fn api(settings: &Settings, request: Request) -> Request {
    request.basic(&settings.account_sid, AUTH_TOKEN)
}

/// Carries our own id, so that a callback is understood even if it comes before the answer.
fn status_callback(delivery: &str) -> String {
    let mut url = format!("{}/status?delivery=", config::public_url());
    for byte in delivery.bytes() {
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
    to: &str,
    part: &str,
    since: Millis,
) -> Result<Option<String>, SendError> {
    let query = [
        ("To", to),
        ("From", &settings.number),
        ("DateSent>", &wire::iso_date(since)),
        ("PageSize", PAGE_SIZE),
    ];
    let request = api(
        settings,
        Request::get(settings.account_url("/Messages.json")),
    )
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
    let at = message.date_created.as_deref().and_then(wire::rfc2822_ms);
    // White space at the ends may be trimmed.
    message.body.as_deref().unwrap_or_default().trim() == part.trim()
        && message
            .direction
            .as_deref()
            .is_none_or(|direction| direction.starts_with("outbound"))
        && at.is_none_or(|at| at >= since)
}

/// Are the credentials good, and is the account in use?
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    let answer = http::fetch(&api(settings, Request::get(settings.account_url(".json"))))?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    let account: wire::Account = answer.json().map_err(|error| {
        SendError::Credentials(format!("api_base does not answer like Twilio: {error}"))
    })?;
    Ok(Account {
        id: settings.number.clone(),
        warnings: warnings(&account),
        name: account.friendly_name,
    })
}

fn warnings(account: &wire::Account) -> Vec<String> {
    let status = account
        .status
        .as_deref()
        .filter(|status| *status != "active");
    let status = status.map(|status| format!("the account is {status}"));
    let trial = account.kind.as_deref() == Some("Trial");
    let trial = trial.then(|| "a trial account sends to verified numbers only".to_owned());
    status.into_iter().chain(trial).collect()
}
