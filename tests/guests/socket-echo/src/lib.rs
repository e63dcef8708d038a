//! The smallest whole channel with a socket. For tests; it believes whoever says who they are.
//!
//! A client says one JSON object a frame:
//!
//! | frame | what happens |
//! | --- | --- |
//! | `{"hello":"anna","after":0}` | attached to the address `echo` `anna`; back comes `{"ready":"anna"}` |
//! | `{"say":"hello","key":"m1"}` | a message; back comes `{"taken":"m1","before":KEY}`, with the key of the message before |
//! | `{"typing":true}` | a typing sign |
//! | `{"file":{"slot","name","type","size"}}` | an upload slot |
//! | `{"acked":3}` | the log is forgotten up to there |
//! | `{"bye":true}` | detached |
//! | `{"close":429}` | the socket is closed with this status |
//! | `{"trap":true}` | a panic |
//!
//! What is sent to a customer comes as `{"number":1,"delivery":"d1-1-2","text":"…"}`; a file as its URL; a typing sign as
//! `{"typing":true}`. A text "twice …" goes as two frames of one call, "halves …" in two calls, "… large N" as N bytes; with "ask …" the setting `url` is asked between push and end.

use serde::Deserialize;
use serde_json::json;
use trunkline_plugin::channel::{
    Event, Happening, Outbound, OutboundContent, Progress, Reception, Sent, SocketAction,
};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{
    Address, Answer, Channel, Content, Header, InboundRequest, PeerChange, PeerState, Rejection,
    SendError, clock, config, socket,
};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(SocketEcho);

/// The plugin.
#[derive(Debug)]
pub struct SocketEcho;

#[derive(Deserialize)]
struct Settings {
    origin: String,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Frame {
    Hello { hello: String, after: u64 },
    Say { say: String, key: String },
    Typing { typing: bool },
    File { file: File },
    Acked { acked: u64 },
    Bye { bye: bool },
    Close { close: u16 },
    Trap { trap: bool },
}

#[derive(Deserialize)]
struct File {
    slot: String,
    name: String,
    #[serde(rename = "type")]
    content_type: String,
    size: u64,
}

impl Channel for SocketEcho {
    fn receive(request: &InboundRequest, state: &PeerState) -> Result<Reception, Rejection> {
        match request.method.as_str() {
            "OPEN" => open(request),
            "FRAME" => frame(request, state),
            "LOST" => Ok(nothing(200)),
            _ => Err(Rejection::MethodNotAllowed),
        }
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        match &message.content {
            OutboundContent::Text(text) => send_text(message, text),
            OutboundContent::File(file) => {
                push(message, &file.url);
                Ok(Sent::all(&message.delivery))
            }
            OutboundContent::Typing(on) => {
                socket::signal(&bytes(&json!({ "typing": on })));
                Ok(sent(message, Progress::All))
            }
            OutboundContent::Choices { .. }
            | OutboundContent::Template { .. }
            | OutboundContent::Close
            | OutboundContent::Seen(_) => Ok(Sent::not_applicable()),
        }
    }
}

fn open(request: &InboundRequest) -> Result<Reception, Rejection> {
    let settings: Settings =
        config::settings().map_err(|error| Rejection::Malformed(format!("{error:?}")))?;
    if request.header("origin") != Some(&settings.origin) {
        return Err(Rejection::Unauthentic("a stranger's page".to_owned()));
    }
    let mut reception = nothing(200);
    if let Some(offered) = request.header("sec-websocket-protocol") {
        let first = offered.split(',').next().unwrap_or_default().trim();
        let chosen = Header::new("sec-websocket-protocol", first);
        reception.answer.headers.push(chosen);
    }
    Ok(reception)
}

fn frame(request: &InboundRequest, state: &PeerState) -> Result<Reception, Rejection> {
    let frame: Frame = serde_json::from_slice(&request.body)
        .map_err(|error| Rejection::Malformed(error.to_string()))?;
    let peer = request.peer.as_deref();
    let mut reception = nothing(200);
    match frame {
        Frame::Hello { hello, after } => {
            let customer = Address::new("echo", &hello);
            reception.socket = vec![
                SocketAction::Attach { customer, after },
                back(&json!({ "ready": hello })),
            ];
        }
        Frame::Say { say, key } => {
            let Some(peer) = peer else {
                return Ok(nothing(401));
            };
            let before = state.get("last");
            reception.socket = vec![back(&json!({ "taken": key, "before": before }))];
            reception.peer_changes = vec![PeerChange {
                key: "last".to_owned(),
                value: Some(key.clone()),
                at: clock::now(),
            }];
            let said = Happening::Said(Content::Text(say));
            reception.events = vec![event(peer, key, said)];
        }
        Frame::Typing { typing } => {
            let peer = peer.unwrap_or_default();
            let key = format!("typing-{typing}-{}", clock::now());
            reception.events = vec![event(peer, key, Happening::Typing(typing))];
        }
        Frame::File { file } => {
            reception.socket = vec![SocketAction::Upload {
                slot: file.slot,
                name: file.name,
                content_type: file.content_type,
                size: file.size,
            }];
        }
        Frame::Acked { acked } => reception.socket = vec![SocketAction::Acked(acked)],
        Frame::Bye { bye } => {
            reception.socket.extend(bye.then_some(SocketAction::Detach));
        }
        Frame::Close { close } => {
            reception.socket = vec![back(&json!({ "bye": close }))];
            reception.answer = Answer::status(close);
            reception.answer.body = b"as you wish".to_vec();
        }
        Frame::Trap { trap } => assert!(!trap, "as asked"),
    }
    Ok(reception)
}

fn event(peer: &str, key: String, happening: Happening) -> Event {
    Event {
        customer: vec![Address::new("echo", peer)],
        ..Event::new(key, clock::now(), "echo", happening)
    }
}

fn nothing(status: u16) -> Reception {
    Reception::new(Answer::status(status), Vec::new())
}

fn back(frame: &serde_json::Value) -> SocketAction {
    SocketAction::Frames(vec![bytes(frame)])
}

fn bytes(frame: &serde_json::Value) -> Vec<u8> {
    frame.to_string().into_bytes()
}

fn send_text(message: &Outbound, text: &str) -> Result<Sent, SendError> {
    if let Some((_, number)) = text.split_once("large ") {
        push(message, &"x".repeat(number.parse().unwrap_or_default()));
        return Ok(sent(message, Progress::All));
    }
    let (word, words) = text.split_once(' ').unwrap_or((text, ""));
    match (word, &message.rest) {
        ("twice", _) => {
            push(message, words);
            push(message, words);
        }
        ("halves", None) => {
            push(message, "the first half");
            return Ok(sent(message, Progress::Rest(b"half".to_vec())));
        }
        ("halves", Some(_)) => push(message, "the second half"),
        ("ask", _) => {
            push(message, words);
            let settings: Settings = config::settings()?;
            http::fetch(&Request::get(settings.url.unwrap_or_default()))?;
        }
        _ => push(message, text),
    }
    Ok(sent(message, Progress::All))
}

fn sent(message: &Outbound, progress: Progress) -> Sent {
    Sent {
        ids: vec![message.delivery.clone()],
        progress,
        peer_changes: Vec::new(),
    }
}

fn push(message: &Outbound, text: &str) {
    let number = socket::next();
    let frame = json!({ "number": number, "delivery": message.delivery, "text": text });
    let given = socket::push(&bytes(&frame));
    assert_eq!(given, number, "the host keeps its word");
}

#[cfg(test)]
mod tests {
    use trunkline_plugin::harness::Suite;

    use super::*;

    #[test]
    fn every_fixture_gives_what_is_expected() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
        Suite::channel::<SocketEcho>(MANIFEST).run(fixtures);
    }
}
