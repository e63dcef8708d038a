//! Message to request: one gateway message a call, under an id that stays the same however often it is tried.

use serde_json::{Value, json};
use trunkline_plugin::channel::{Author, Outbound, OutboundContent, Sent};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{Account, PeerState, SendError, clock, random};
use uuid::Builder;

use crate::choices::Device;
use crate::compose::{self, Cursor, Written};
use crate::inbound::MBID;
use crate::settings::Settings;
use crate::{refusal, token, upload};

/// Whether Apple drops a second message of one id is not documented, so a message whose outcome is unknown is repeated
/// only as long as others do.
const REPEAT_WINDOW_MS: u64 = 600_000;

/// Apple logs it.
const MSP_AGENT: &str = "Trunkline";

/// Sends the next part.
pub(crate) fn send(
    settings: &Settings,
    message: &Outbound,
    peer_state: &PeerState,
) -> Result<Sent, SendError> {
    let customer = message.address(MBID).ok_or_else(|| {
        SendError::Refused("the customer has no address on this channel".to_owned())
    })?;
    if let OutboundContent::Typing(on) = message.content {
        return typing(settings, message, customer, on);
    }
    let device = Device::remembered(peer_state);
    let Some(written) = Written::of(&message.content, &device)? else {
        return Ok(Sent::not_applicable());
    };
    let cursor = Cursor::read(message.rest.as_deref())?;
    match written.file {
        Some(file) if cursor == Cursor::default() => {
            let file = Some(upload::upload(settings, file)?);
            Ok(nothing_sent_yet(&Cursor { file, ..cursor }))
        }
        Some(_) | None => send_next(settings, message, customer, &written, &cursor),
    }
}

/// The upload is kept before the message goes: a repeat then sends the same bytes, and no file goes up twice.
fn nothing_sent_yet(cursor: &Cursor) -> Sent {
    Sent {
        ids: Vec::new(),
        ..Sent::rest("", cursor.to_rest())
    }
}

fn send_next(
    settings: &Settings,
    message: &Outbound,
    customer: &str,
    written: &Written<'_>,
    cursor: &Cursor,
) -> Result<Sent, SendError> {
    refuse_late_repeat(message)?;
    let id = compose::message_id(
        &settings.business_id,
        customer,
        &message.delivery,
        cursor.sent,
    );
    let Some((body, behind)) = written.next(cursor, &id)? else {
        return Err(SendError::Refused("there is nothing to send".to_owned()));
    };
    let request = request(settings, message, customer, &id, body)?.idempotent(&id);
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_message(&answer, message.attempt.number));
    }
    if written.next(&behind, "")?.is_none() {
        return Ok(Sent::all(id));
    }
    Ok(Sent::rest(id, behind.to_rest()))
}

fn refuse_late_repeat(message: &Outbound) -> Result<(), SendError> {
    let waited = message
        .attempt
        .unknown_since
        .map(|since| clock::now().saturating_sub(since));
    match waited {
        Some(waited) if waited > REPEAT_WINDOW_MS => Err(SendError::Refused(
            "Apple did not say for ten minutes whether it took the message; the customer may have it"
                .to_owned(),
        )),
        Some(_) | None => Ok(()),
    }
}

/// A signal: never repeated, so its id need not last.
fn typing(
    settings: &Settings,
    message: &Outbound,
    customer: &str,
    on: bool,
) -> Result<Sent, SendError> {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(random::bytes(16)) {
        *place = byte;
    }
    let id = Builder::from_random_bytes(bytes).into_uuid().to_string();
    let kind = if on { "typing_start" } else { "typing_end" };
    let request = request(settings, message, customer, &id, json!({ "type": kind }))?.safe();
    let answer = http::fetch(&request)?;
    if answer.is_success() {
        return Ok(Sent::all(id));
    }
    Err(refusal::of_message(&answer, message.attempt.number))
}

fn request(
    settings: &Settings,
    message: &Outbound,
    customer: &str,
    id: &str,
    mut body: Value,
) -> Result<Request, SendError> {
    body["v"] = json!(1);
    body["id"] = json!(id);
    body["sourceId"] = json!(settings.business_id);
    body["destinationId"] = json!(customer);
    let automatic = match message.author {
        Author::Agent => "false",
        Author::Bot | Author::System => "true",
    };
    let request = Request::post(settings.url("message"))
        .header("id", id)
        .header("destination-id", customer)
        .header("auto-reply", automatic)
        .header("msp-agent", MSP_AGENT);
    Ok(token::signed(settings, request)?.json(&body))
}

/// Does the gateway take our token? Asks for an upload slot that nobody uses.
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    let answer = http::fetch(&upload::slot_request(settings, 1)?)?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    Ok(Account {
        id: settings.business_id.clone(),
        name: None,
        warnings: Vec::new(),
    })
}
