//! Telegram as a channel: text, buttons, photos. Printed whole in docs/write-a-channel.md.

use serde_json::{Value, json};
use trunkline_plugin::channel::{Download, Event, Happening, Outbound, OutboundContent as Out, Reception, Sent};
use trunkline_plugin::{Account, Address, Answer, Attachment, Attachments, Channel, Check, Choice, Content};
use trunkline_plugin::{InboundRequest, PeerState, Rejection, SendError, clock, config, http, secrets, split};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Telegram, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct Telegram;

impl Channel for Telegram {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let token = request.header("x-telegram-bot-api-secret-token").unwrap_or_default();
        if secrets::matches("secret_token", token) != Ok(true) {
            return Err(Rejection::Unauthentic("it does not carry the secret token".to_owned()));
        }
        let update = serde_json::from_slice(&request.body);
        let update: Value = update.map_err(|error| Rejection::Malformed(error.to_string()))?;
        Ok(Reception::new(Answer::status(200), said(&update).into_iter().collect()))
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let chat = message.address("chat").ok_or_else(|| SendError::Refused("there is no chat".to_owned()))?;
        match &message.content {
            Out::Text(text) => send_text(message, chat, text),
            Out::Choices { text, options } => {
                let button = |option: &Choice| json!([{"text": option.title, "callback_data": option.id}]);
                let buttons = json!({"inline_keyboard": options.iter().map(button).collect::<Value>()});
                let body = json!({"chat_id": chat, "text": text, "reply_markup": buttons});
                Ok(Sent::all(call("sendMessage", &body)?["message_id"].to_string()))
            }
            Out::File(file) if file.content_type.starts_with("image/") => {
                let body = json!({"chat_id": chat, "photo": file.url, "caption": file.caption});
                Ok(Sent::all(call("sendPhoto", &body)?["message_id"].to_string()))
            }
            Out::File(file) => send_text(message, chat, &format!("{}: {}", file.name, file.url)),
            Out::Template { .. } | Out::Close | Out::Typing(_) | Out::Seen(_) => Ok(Sent::not_applicable()),
        }
    }
}

impl Attachments for Telegram {
    fn open_attachment(file_id: &str, _: &PeerState) -> Result<Download, SendError> {
        let file = call("getFile", &json!({"file_id": file_id}))?;
        let path = file["file_path"].as_str().unwrap_or_default().split('/');
        let request = http::Request::get(setting("api_base")).segment("file").segment(bot());
        Ok(Download { request: path.fold(request, http::Request::segment), decrypt: None })
    }
}

impl Check for Telegram {
    fn check() -> Result<Account, SendError> {
        let bot = call("getMe", &json!({}))?;
        Ok(Account { id: text(&bot["username"]).unwrap_or_default(), ..Account::default() })
    }
}

/// The event of an update: a message, or a button that was pressed.
fn said(update: &Value) -> Option<Event> {
    let pressed = &update["callback_query"];
    let message = if pressed.is_null() { &update["message"] } else { &pressed["message"] };
    let photo = message["photo"].as_array().and_then(|sizes| text(&sizes.last()?["file_id"]));
    let content = match (text(&pressed["data"]), text(&message["text"]), photo) {
        (Some(id), _, _) => Content::Chosen { title: id.clone(), id },
        (None, Some(text), _) => Content::Text(text),
        (None, None, Some(reference)) => {
            let caption = text(&message["caption"]);
            Content::Attachment(Attachment { reference, caption, ..Attachment::default() })
        }
        (None, None, None) => Content::Unknown("neither text nor photo".to_owned()),
    };
    let key = update["update_id"].as_i64()?.to_string();
    Some(Event {
        customer: vec![Address::new("chat", message["chat"]["id"].as_i64()?.to_string())],
        name: text(&message["chat"]["first_name"]),
        ..Event::new(key, clock::now(), setting("bot"), Happening::Said(content))
    })
}

fn send_text(message: &Outbound, chat: &str, text: &str) -> Result<Sent, SendError> {
    let (part, progress) = split::part::<split::Utf16Units>(message, text, 4096)?;
    let sent = call("sendMessage", &json!({"chat_id": chat, "text": part}))?;
    Ok(Sent::part(sent["message_id"].to_string(), progress))
}

/// Calls a method of the Bot API and gives its result, or says what its error means.
fn call(method: &str, body: &Value) -> Result<Value, SendError> {
    let request = http::Request::post(setting("api_base")).segment(bot()).segment(method).json(body);
    let request = if method.starts_with("get") { request.safe() } else { request.once() };
    let answer = http::fetch(&request)?;
    let said: Value = answer.json().unwrap_or_default();
    let why = text(&said["description"]).unwrap_or_default();
    match answer.status {
        200 => Ok(said["result"].clone()),
        401 | 404 => Err(SendError::Credentials(why)),
        403 => Err(SendError::OptedOut(why)),
        429 => Err(SendError::Throttled { after_ms: answer.retry_after_ms().unwrap_or(1_000), why }),
        500.. => Err(SendError::Unknown(why)),
        _ => Err(SendError::Refused(why)),
    }
}

/// The token is part of the path; the host puts it in.
fn bot() -> http::Value {
    http::Value::secret("bot", "token")
}

fn setting(name: &str) -> String {
    config::settings::<Value>().ok().and_then(|all| text(&all[name])).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
