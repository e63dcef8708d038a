//! A bot whose server answers later: what the customer says is posted to the setting `url`, once, with the reply token; the server
//! calls back with the token and a text, which the customer gets. For tests; nothing is signed.
//!
//! Out: `{"token":"…","text":"…"}`. In, at `/bots/NAME`: the same. Where nobody knows whether the server got it, the bot says so.

use serde::Deserialize;
use serde_json::json;
use trunkline_plugin::bot::{
    Action, Bot, BotError, Callback, Callbacks, Context, Event, State, Turn,
};
use trunkline_plugin::http::{self, FetchError, Request};
use trunkline_plugin::{Answer, Content, InboundRequest, Rejection, config};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::bot!(CallingBot, callbacks);

/// The plugin.
#[derive(Debug)]
pub struct CallingBot;

#[derive(Deserialize)]
struct Settings {
    url: String,
}

#[derive(Deserialize)]
struct Post {
    token: String,
    text: String,
}

impl Bot for CallingBot {
    fn on(event: &Event, context: &Context, _: Option<&State>) -> Result<Turn, BotError> {
        match event {
            Event::Said(message) => ask(&message.content, context),
            Event::Callback(bytes) => Ok(vec![Action::say(String::from_utf8_lossy(bytes))].into()),
            Event::Started(_)
            | Event::Timer(_)
            | Event::Queued
            | Event::Accepted(_)
            | Event::Refused(_)
            | Event::Expired
            | Event::Returned
            | Event::Closed(_) => Ok(Turn::default()),
        }
    }
}

fn ask(content: &Content, context: &Context) -> Result<Turn, BotError> {
    let Content::Text(text) = content else {
        return Ok(Turn::default());
    };
    let settings: Settings =
        config::settings().map_err(|error| BotError::Failed(error.to_string()))?;
    let post = json!({ "token": context.reply_token, "text": text });
    match http::fetch(&Request::post(settings.url).json(&post).once()) {
        Ok(answer) if answer.is_success() => Ok(Turn::default()),
        Ok(answer) => Err(BotError::Failed(format!("status {}", answer.status))),
        Err(FetchError::Unknown { .. }) => {
            Ok(vec![Action::say("I do not know whether my server heard that.")].into())
        }
        Err(error) => Err(BotError::Failed(error.to_string())),
    }
}

impl Callbacks for CallingBot {
    fn receive(request: &InboundRequest) -> Result<(Answer, Vec<Callback>), Rejection> {
        let post: Post = serde_json::from_slice(&request.body)
            .map_err(|error| Rejection::Malformed(error.to_string()))?;
        let callback = Callback {
            reply_token: post.token,
            bytes: post.text.into_bytes(),
        };
        Ok((Answer::status(200), vec![callback]))
    }
}
