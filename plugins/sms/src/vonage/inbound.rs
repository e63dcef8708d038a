//! Webhook to events: what customers write, whichever of Vonage's two APIs brings it.

use serde_json::Value;
use trunkline_plugin::channel::{Event, Happening, Part, Reception};
use trunkline_plugin::{Address, Answer, Content, InboundRequest, Rejection, clock};

use super::wire::Message;
use super::{receipt, signature};
use crate::form::Form;
use crate::message::PHONE;
use crate::settings::Settings;
use crate::{date, number};

/// One webhook call.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
) -> Result<Reception, Rejection> {
    if !matches!(request.path.as_str(), "" | "/" | "/status") {
        return Err(Rejection::NotFound);
    }
    let call = Call::of(request)?;
    if call.parameters.0.is_empty() && call.message.is_none() {
        // Somebody looks whether anybody is here.
        return Ok(Reception::new(Answer::status(200), Vec::new()));
    }
    signature::verify(request, &call.parameters)?;
    let events = match &call.message {
        Some(message) if message.status.is_some() => receipt::of_message(settings, message),
        Some(message) => vec![of_message(settings, message)?],
        None if receipt::is_one(&call.parameters) => receipt::of_sms(settings, &call.parameters)?,
        None => vec![of_sms(settings, &call.parameters)?],
    };
    Ok(Reception::new(Answer::status(200), events))
}

/// What a request carries: parameters, or a message of the Messages API.
struct Call {
    parameters: Form,
    message: Option<Message>,
}

impl Call {
    fn of(request: &InboundRequest) -> Result<Self, Rejection> {
        match request.method.as_str() {
            "GET" => Ok(Self::form(&Form::parse(request.query.as_bytes()))),
            "POST" if is_json(request) => Self::json(&request.body),
            "POST" => Ok(Self::form(&Form::parse(&request.body))),
            _ => Err(Rejection::MethodNotAllowed),
        }
    }

    fn form(parameters: &Form) -> Self {
        Self {
            parameters: parameters.clone(),
            message: None,
        }
    }

    fn json(body: &[u8]) -> Result<Self, Rejection> {
        let malformed =
            |why: String| Rejection::Malformed(format!("the body is no JSON of Vonage's: {why}"));
        let value: Value =
            serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
        let Value::Object(fields) = &value else {
            return Err(malformed("no object".to_owned()));
        };
        if !fields.contains_key("message_uuid") {
            let pair =
                |(name, value): (&String, &Value)| (name.clone().into_bytes(), written(value));
            return Ok(Self::form(&Form(fields.iter().map(pair).collect())));
        }
        let message =
            serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        Ok(Self {
            parameters: Form::default(),
            message: Some(message),
        })
    }
}

fn is_json(request: &InboundRequest) -> bool {
    let content_type = request.header("content-type").unwrap_or_default();
    content_type.trim_start().starts_with("application/json")
}

/// As it would stand in a form.
fn written(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Null => Vec::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string().into_bytes()
        }
    }
}

/// A message of the SMS API.
fn of_sms(settings: &Settings, form: &Form) -> Result<Event, Rejection> {
    let id = form.get("messageId").ok_or_else(|| missing("messageId"))?;
    let from = form.get("msisdn").and_then(|from| number::sender(&from));
    let from = from.ok_or_else(|| missing("msisdn"))?;
    let at = form.get("message-timestamp");
    let at = at
        .as_deref()
        .and_then(date::iso_ms)
        .unwrap_or_else(clock::now);
    let account = number::account(&settings.number, form.get("to").as_deref());
    let mut attributes = vec![("number".to_owned(), from.clone())];
    attributes.extend(form.get("keyword").map(|word| ("keyword".to_owned(), word)));
    Ok(Event {
        part: part(form, &from, &account),
        customer: vec![Address::new(PHONE, from)],
        attributes,
        ..Event::new(id, at, account, Happening::Said(content(form)))
    })
}

fn content(form: &Form) -> Content {
    match (form.get("type").as_deref(), form.get("text")) {
        (Some("binary"), _) => Content::Unknown("binary SMS".to_owned()),
        (_, Some(text)) => Content::Text(text),
        (_, None) => Content::Unknown("empty message".to_owned()),
    }
}

/// Vonage does not join what arrives in several; the reference alone is a byte, so it says little.
fn part(form: &Form, from: &str, account: &str) -> Option<Part> {
    form.get("concat").filter(|concat| concat == "true")?;
    let reference = form.get("concat-ref")?;
    let total: u16 = form.get("concat-total")?.parse().ok()?;
    let number: u16 = form.get("concat-part")?.parse().ok()?;
    (1..=total).contains(&number).then(|| Part {
        group: format!("{from}/{account}/{reference}/{total}"),
        index: number - 1,
        total,
    })
}

/// A message of the Messages API.
fn of_message(settings: &Settings, message: &Message) -> Result<Event, Rejection> {
    let from = message.from.as_deref().and_then(number::sender);
    let from = from.ok_or_else(|| missing("from"))?;
    let at = message.timestamp.as_deref().and_then(date::iso_ms);
    let account = number::account(&settings.number, message.to.as_deref());
    let content = match (&message.text, &message.message_type) {
        (Some(text), _) if !text.is_empty() => Content::Text(text.clone()),
        (_, Some(kind)) if kind != "text" => Content::Unknown(kind.clone()),
        (_, _) => Content::Unknown("empty message".to_owned()),
    };
    Ok(Event {
        customer: vec![Address::new(PHONE, &from)],
        attributes: vec![("number".to_owned(), from)],
        ..Event::new(
            &message.message_uuid,
            at.unwrap_or_else(clock::now),
            account,
            Happening::Said(content),
        )
    })
}

pub(super) fn missing(name: &str) -> Rejection {
    Rejection::Malformed(format!("{name} is missing: this is no message of Vonage's"))
}
