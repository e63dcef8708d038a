//! Webhook to events: messages at the channel's URL, receipts at `/status`.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState, Reception};
use trunkline_plugin::{Address, Answer, Attachment, Content, InboundRequest, Rejection, clock};

use super::{refusal, signature};
use crate::form::Form;
use crate::message::PHONE;
use crate::settings::Settings;
use crate::sha256;

/// Twilio attaches at most ten files to a message (INFERRED); more would be made up.
const MEDIA_MAX: usize = 10;

/// Captured from the webhook: our name, Twilio's.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("number", "From"),
    ("city", "FromCity"),
    ("state", "FromState"),
    ("zip", "FromZip"),
    ("country", "FromCountry"),
];

/// One webhook call.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
) -> Result<Reception, Rejection> {
    let events_of = match request.path.as_str() {
        "" | "/" => message,
        "/status" => status,
        _ => return Err(Rejection::NotFound),
    };
    if is_json(request) {
        return json(settings, request);
    }
    let form = authentic_form(request)?;
    let events = events_of(settings, request, &form)?;
    Ok(Reception::new(
        Answer::ok("text/xml", "<Response></Response>"),
        events,
    ))
}

fn is_json(request: &InboundRequest) -> bool {
    let content_type = request.header("content-type").unwrap_or_default();
    content_type.trim_start().starts_with("application/json")
}

/// Messages come as forms. JSON is an event stream that somebody pointed here: the operator should know.
fn json(settings: &Settings, request: &InboundRequest) -> Result<Reception, Rejection> {
    signature::verify_body(request)?;
    let notice = Happening::Notice {
        code: "json-webhook".to_owned(),
        text: "Twilio sends this channel events in JSON; messages come as forms: \
               take the channel's URL out of the event stream"
            .to_owned(),
    };
    let key = format!("json:{}", sha256::hex(&request.body));
    let event = Event::new(key, clock::now(), &settings.number, notice);
    Ok(Reception::new(Answer::status(200), vec![event]))
}

fn authentic_form(request: &InboundRequest) -> Result<Form, Rejection> {
    match request.method.as_str() {
        "POST" => {
            let form = Form::parse(&request.body);
            signature::verify(request, &form)?;
            Ok(form)
        }
        "GET" => {
            signature::verify(request, &Form::default())?;
            Ok(Form::parse(request.query.as_bytes()))
        }
        _ => Err(Rejection::MethodNotAllowed),
    }
}

fn message(settings: &Settings, _: &InboundRequest, form: &Form) -> Result<Vec<Event>, Rejection> {
    let sid = sid(form)?;
    let from = form.get("From").filter(|from| !from.trim().is_empty());
    let from = from.ok_or_else(|| missing("From"))?;
    let account = form.get("To").unwrap_or_else(|| settings.number.clone());
    let event = |key: String, happening: Happening| Event {
        customer: vec![Address::new(PHONE, &from)],
        attributes: attributes(form),
        ..Event::new(key, clock::now(), &account, happening)
    };
    let media = media(form);
    let mut events = Vec::new();
    if let Some(happening) = words(form, media.is_empty()) {
        events.push(event(sid.clone(), happening));
    }
    for (index, attachment) in media.into_iter().enumerate() {
        events.push(event(
            format!("{sid}/{index}"),
            Happening::Said(Content::Attachment(attachment)),
        ));
    }
    Ok(events)
}

/// What the message says besides its files; `None` if it is files alone.
fn words(form: &Form, alone: bool) -> Option<Happening> {
    match form.get("OptOutType").as_deref() {
        // Twilio has answered the customer already.
        Some("STOP") => return Some(Happening::OptedOut(true)),
        Some("START") => return Some(Happening::OptedIn),
        // HELP is answered by Twilio, but the customer may still want a person.
        Some(_) | None => {}
    }
    match form.get("Body") {
        Some(text) => Some(Happening::Said(Content::Text(text))),
        None => alone.then(|| Happening::Said(Content::Unknown("empty message".to_owned()))),
    }
}

fn media(form: &Form) -> Vec<Attachment> {
    let count = form
        .get("NumMedia")
        .and_then(|count| count.parse::<usize>().ok())
        .unwrap_or(0);
    let attachment = |index: usize| {
        let reference = form.get(&format!("MediaUrl{index}"))?;
        let content_type = form.get(&format!("MediaContentType{index}"));
        Some(Attachment {
            reference,
            content_type,
            ..Attachment::default()
        })
    };
    (0..count.min(MEDIA_MAX)).filter_map(attachment).collect()
}

fn attributes(form: &Form) -> Vec<(String, String)> {
    let captured = |(ours, theirs): (&str, &str)| Some((ours.to_owned(), form.get(theirs)?));
    ATTRIBUTES.into_iter().filter_map(captured).collect()
}

fn status(
    settings: &Settings,
    request: &InboundRequest,
    form: &Form,
) -> Result<Vec<Event>, Rejection> {
    let sid = sid(form)?;
    let status = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    let status = status.ok_or_else(|| missing("MessageStatus"))?;
    // A status this version does not know tells nothing that could be acted on.
    let Some(state) = receipt_state(&status) else {
        return Ok(Vec::new());
    };
    let code = form.get("ErrorCode").and_then(|code| code.parse().ok());
    let receipt = Receipt {
        delivery: delivery(request, &sid),
        state,
        detail: code.map(refusal::of_receipt),
        opted_out: code.is_some_and(refusal::is_opt_out),
    };
    let account = form.get("From").unwrap_or_else(|| settings.number.clone());
    let event = Event::new(
        format!("{sid}:{status}"),
        clock::now(),
        account,
        Happening::Receipt(receipt),
    );
    let customer = form.get("To").map(|number| Address::new(PHONE, number));
    Ok(vec![Event {
        customer: customer.into_iter().collect(),
        ..event
    }])
}

/// Our own id if the callback's URL carries it (`send` put it there), else Twilio's.
fn delivery(request: &InboundRequest, sid: &str) -> DeliveryName {
    match Form::parse(request.query.as_bytes()).get("delivery") {
        Some(id) => DeliveryName::Ours(id),
        None => DeliveryName::Provider(sid.to_owned()),
    }
}

fn receipt_state(status: &str) -> Option<ReceiptState> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" => Some(ReceiptState::Accepted),
        "sent" => Some(ReceiptState::Sent),
        "delivered" | "partially_delivered" => Some(ReceiptState::Delivered),
        "read" => Some(ReceiptState::Read),
        "undelivered" | "failed" | "canceled" => Some(ReceiptState::Failed),
        _ => None,
    }
}

fn sid(form: &Form) -> Result<String, Rejection> {
    let names = ["MessageSid", "SmsMessageSid", "SmsSid"];
    names
        .iter()
        .find_map(|name| form.get(name))
        .ok_or_else(|| missing("MessageSid"))
}

fn missing(name: &str) -> Rejection {
    Rejection::Malformed(format!("{name} is missing: this is no message of Twilio's"))
}
