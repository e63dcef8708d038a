//! The smallest whole channel: unsigned JSON in, JSON out. For tests; never on a public address.
//!
//! In: `{"key":"m1","from":"anna","text":"hello"}` with optional `account`, `at`, `name`. Out: one POST of
//! `{"delivery":"d1","to":"anna","text":"…"}` to the setting `url`, answered 2xx. A file goes out as its URL, choices
//! as lines. With the setting `authorised` the POST bears the secret `token`. Customers' addresses have the kind `echo`.

use serde::Deserialize;
use serde_json::json;
use trunkline_plugin::channel::{Event, Happening, Outbound, OutboundContent, Reception, Sent};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{
    Address, Answer, Channel, Content, InboundRequest, PeerState, Rejection, SendError, clock,
    config,
};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Echo);

/// The plugin.
#[derive(Debug)]
pub struct Echo;

#[derive(Deserialize)]
struct Settings {
    url: String,
    authorised: bool,
}

#[derive(Deserialize)]
struct Said {
    key: String,
    from: String,
    text: String,
    account: Option<String>,
    at: Option<u64>,
    name: Option<String>,
}

impl Channel for Echo {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let said: Said = serde_json::from_slice(&request.body)
            .map_err(|error| Rejection::Malformed(error.to_string()))?;
        let at = said.at.unwrap_or_else(clock::now);
        let account = said.account.unwrap_or_else(|| "echo".to_owned());
        let happening = Happening::Said(Content::Text(said.text));
        let event = Event {
            customer: vec![Address::new("echo", said.from)],
            name: said.name,
            ..Event::new(said.key, at, account, happening)
        };
        Ok(Reception::new(Answer::status(200), vec![event]))
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let Some(text) = text_of(&message.content) else {
            return Ok(Sent::not_applicable());
        };
        let Some(to) = message.address("echo") else {
            return Err(SendError::Refused(
                "the customer has no echo address".to_owned(),
            ));
        };
        let settings: Settings = config::settings()?;
        let body = json!({ "delivery": message.delivery, "to": to, "text": text });
        let mut request = Request::post(settings.url).json(&body).once();
        if settings.authorised {
            request = request.bearer("token");
        }
        let answer = http::fetch(&request)?;
        match answer.status {
            200..=299 => Ok(Sent::all(message.delivery.clone())),
            429 | 500..=599 => Err(SendError::Again {
                after_ms: 1_000,
                why: format!("status {}", answer.status),
            }),
            _ => Err(SendError::Refused(format!("status {}", answer.status))),
        }
    }
}

fn text_of(content: &OutboundContent) -> Option<String> {
    match content {
        OutboundContent::Text(text) => Some(text.clone()),
        OutboundContent::File(file) => Some(file.url.clone()),
        OutboundContent::Choices { text, options } => {
            let titles: Vec<_> = options.iter().map(|choice| choice.title.as_str()).collect();
            Some(format!("{text}\n{}", titles.join("\n")))
        }
        OutboundContent::Template { name, .. } => Some(name.clone()),
        OutboundContent::Close | OutboundContent::Typing(_) | OutboundContent::Seen(_) => None,
    }
}
