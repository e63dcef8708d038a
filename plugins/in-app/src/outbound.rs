//! Message to frame: pushed to the customer's log, or a signal to whoever is there.

use serde::Serialize;
use trunkline_plugin::channel::{Author, Outbound, OutboundContent, Progress, Sent};
use trunkline_plugin::split::{self, Characters};
use trunkline_plugin::{SendError, clock, numbered, socket};

use crate::identity::VISITOR;
use crate::wire::{From, Logged, ToPage, What};

/// Characters of one frame: `text-max` in `plugin.toml`.
const TEXT_MAX: usize = 8_000;

/// Sends the next part.
pub(crate) fn send(message: &Outbound) -> Result<Sent, SendError> {
    match &message.content {
        OutboundContent::Text(text) => send_text(message, text),
        OutboundContent::File(file) => Ok(push(
            message,
            What::File {
                name: &file.name,
                mime: &file.content_type,
                size: file.size,
                url: &file.url,
                caption: file.caption.as_deref(),
                fallback_text: format!("{}: {}", file.name, file.url),
            },
        )),
        OutboundContent::Choices { text, options } => Ok(push(
            message,
            What::Choices {
                text,
                items: options,
                fallback_text: numbered(text, options),
            },
        )),
        OutboundContent::Close => Ok(push(message, What::Closed {})),
        OutboundContent::Template { .. } => Err(SendError::Refused(
            "there are no templates in the chat: send a text".to_owned(),
        )),
        OutboundContent::Typing(on) => Ok(signal(&ToPage::Typing {
            on: *on,
            from: from(message),
        })),
        OutboundContent::Seen(key) => Ok(seen(message, key)),
    }
}

/// Sends the part of the text where the last call ended.
fn send_text(message: &Outbound, text: &str) -> Result<Sent, SendError> {
    let start = start_of_rest(message, text)?;
    let (part, rest) = split::first::<Characters>(&text[start..], TEXT_MAX);
    let id = match start {
        0 => message.delivery.clone(),
        start => format!("{}.{start}", message.delivery),
    };
    push_as(message, &id, What::Message { text: part });
    if rest.is_empty() {
        return Ok(Sent::all(id));
    }
    Ok(Sent::rest(id, (text.len() - rest.len()).to_string()))
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

fn push(message: &Outbound, what: What<'_>) -> Sent {
    push_as(message, &message.delivery, what);
    Sent::all(&message.delivery)
}

fn push_as(message: &Outbound, id: &str, what: What<'_>) {
    let logged = Logged {
        id,
        at: clock::now(),
        from: from(message),
        what,
    };
    socket::push(&json(&logged));
}

fn from(message: &Outbound) -> From<'_> {
    From {
        role: match message.author {
            Author::Agent => "agent",
            Author::Bot => "bot",
            Author::System => "system",
        },
        name: message.author_name.as_deref(),
    }
}

/// The page knows its messages by its own ids.
fn seen(message: &Outbound, key: &str) -> Sent {
    let own = message
        .address(VISITOR)
        .and_then(|peer| key.strip_prefix(peer)?.strip_prefix('/'));
    match own {
        Some(id) => signal(&ToPage::Seen { id }),
        None => Sent::not_applicable(),
    }
}

fn signal(frame: &ToPage<'_>) -> Sent {
    socket::signal(&json(frame));
    Sent {
        ids: Vec::new(),
        progress: Progress::All,
        peer_changes: Vec::new(),
    }
}

pub(crate) fn json(frame: &impl Serialize) -> Vec<u8> {
    // Frames are structs of texts and numbers: nothing in them can fail to be JSON.
    serde_json::to_vec(frame).expect("a frame is JSON")
}
