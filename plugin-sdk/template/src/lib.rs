//! NAME as a channel: texts of a gateway that posts `{id, from, text}` and takes `{to, text, key}`.

use serde_json::{Value, json};
use trunkline_plugin::channel::{Event, Happening, Outbound, OutboundContent, Reception, Sent};
use trunkline_plugin::{Address, Answer, Channel, Content, InboundRequest, PeerState, Rejection, SendError};
use trunkline_plugin::{clock, config, http, secrets, split};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Gateway);

/// The plugin.
#[derive(Debug)]
pub struct Gateway;

impl Channel for Gateway {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let token = request.header("x-token").unwrap_or_default();
        if secrets::matches("token", token) != Ok(true) {
            return Err(Rejection::Unauthentic("it does not carry the token".to_owned()));
        }
        let message = serde_json::from_slice(&request.body);
        let message: Value = message.map_err(|error| Rejection::Malformed(error.to_string()))?;
        let event = said(&message).ok_or_else(|| Rejection::Malformed("no id, from or text".to_owned()))?;
        Ok(Reception::new(Answer::status(200), vec![event]))
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let OutboundContent::Text(text) = &message.content else {
            return Ok(Sent::not_applicable());
        };
        let to = message.address("phone").ok_or_else(|| SendError::Refused("there is no number".to_owned()))?;
        let (part, progress) = split::part::<split::Characters>(message, text, 1000)?;
        // The gateway drops a second message with the same key, so a repetition is harmless.
        let key = format!("{}-{}", message.delivery, message.rest.as_ref().map_or(0, Vec::len));
        let request = http::Request::post(setting("send_url")).bearer("token");
        let body = json!({"to": to, "text": part, "key": key});
        let answer = http::fetch(&request.json(&body).idempotent(key))?;
        match answer.status {
            200..=299 => Ok(Sent::part(text_of(&answer.json().unwrap_or_default(), "id").unwrap_or_default(), progress)),
            401 | 403 => Err(SendError::Credentials(answer.text().to_owned())),
            429 | 500.. => Err(SendError::Again { after_ms: answer.retry_after_ms().unwrap_or(1_000), why: answer.text().to_owned() }),
            _ => Err(SendError::Refused(answer.text().to_owned())),
        }
    }
}

/// What a customer said; a key of the gateway's own is taken once in 14 days.
fn said(message: &Value) -> Option<Event> {
    let happening = Happening::Said(Content::Text(text_of(message, "text")?));
    Some(Event {
        customer: vec![Address::new("phone", text_of(message, "from")?)],
        ..Event::new(text_of(message, "id")?, clock::now(), setting("number"), happening)
    })
}

fn setting(name: &str) -> String {
    config::settings::<Value>().ok().and_then(|all| text_of(&all, name)).unwrap_or_default()
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
