//! Message to request: one provider message a call, and none twice.
//!
//! Messenger has no idempotency key. Each message carries our delivery in its `metadata`, which its echo brings back: after
//! an answer that was lost, the echo is waited for before anything is sent again.

use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_plugin::channel::{Author, Outbound, OutboundContent, Progress, Sent};
use trunkline_plugin::http::{self, Body, Part, Request};
use trunkline_plugin::{PeerState, SendError, clock};

use crate::graph;
use crate::inbound::{PSID, USER_REF};
use crate::pieces::{self, Piece};
use crate::receipts;
use crate::refusal::{self, Refusal, Tried};
use crate::settings::Settings;
use crate::window::{self, Declared, Window};

/// Echoes come within seconds; one that has not come by then was never sent.
const ECHO_WITHIN_MS: u64 = 30_000;
/// How often peer-state is looked at meanwhile.
const ECHO_PAUSE_MS: u32 = 2_000;

/// After this many attempts a file goes as a link.
const UPLOAD_ATTEMPTS_MAX: u32 = 1;
const UPLOAD_PAUSE_MS: u32 = 2_000;

/// `POST /{page}/messages`. Only the id is certain.
#[derive(Debug, Deserialize)]
struct Taken {
    message_id: String,
}

/// A message on its way, with all that its requests need.
struct Way<'a> {
    settings: &'a Settings,
    message: &'a Outbound,
    recipient: Value,
    metadata: String,
    window: Window,
}

/// Sends the next piece.
pub(crate) fn send(
    settings: &Settings,
    message: &Outbound,
    peer_state: &PeerState,
) -> Result<Sent, SendError> {
    let recipient = recipient(message)?;
    let window = window::now(peer_state, clock::now());
    if let Some(action) = sender_action(&message.content) {
        return show(settings, &recipient, action, window);
    }
    let Some(pieces) = pieces::of(&message.content)? else {
        return Ok(Sent::not_applicable());
    };
    let index = index_of_rest(message, pieces.len())?;
    let last = index + 1 == pieces.len();
    let name = message.part_name(index, last);
    let rest = || Progress::Rest((index + 1).to_string().into_bytes());
    let id = match found_or_wait(message, peer_state, &name) {
        Found::Taken(id) => id,
        // Its echo came, and there was no room to remember the id.
        Found::No | Found::Wait if !last && message.was_taken(&name) => {
            return Ok(Sent::known(rest()));
        }
        Found::Wait => return Ok(wait()),
        Found::No => {
            let way = Way {
                settings,
                message,
                recipient,
                metadata: receipts::metadata(&name),
                window,
            };
            way.deliver(&pieces[index])?
        }
    };
    let sent = Sent::part(id, if last { Progress::All } else { rest() });
    Ok(Sent {
        peer_changes: receipts::forgotten(peer_state, &message.delivery, clock::now()),
        ..sent
    })
}

fn recipient(message: &Outbound) -> Result<Value, SendError> {
    let by_id = message.address(PSID).map(|psid| json!({ "id": psid }));
    let by_reference = || {
        let user_ref = message.address(USER_REF)?;
        Some(json!({ "user_ref": user_ref }))
    };
    by_id.or_else(by_reference).ok_or_else(|| {
        SendError::Refused("the customer has no Messenger id on this channel".to_owned())
    })
}

/// What an earlier attempt came to.
enum Found {
    Taken(String),
    Wait,
    No,
}

fn found_or_wait(message: &Outbound, peer_state: &PeerState, name: &str) -> Found {
    let Some(since) = message.attempt.unknown_since else {
        return Found::No;
    };
    if let Some(id) = receipts::taken(peer_state, name) {
        return Found::Taken(id);
    }
    if clock::now().saturating_sub(since) < ECHO_WITHIN_MS {
        return Found::Wait;
    }
    Found::No
}

fn wait() -> Sent {
    Sent {
        ids: Vec::new(),
        progress: Progress::Wait(ECHO_PAUSE_MS),
        peer_changes: Vec::new(),
    }
}

/// Which piece is next: `rest` holds its index, as decimal digits.
fn index_of_rest(message: &Outbound, count: usize) -> Result<usize, SendError> {
    let Some(rest) = &message.rest else {
        return Ok(0);
    };
    let index = std::str::from_utf8(rest)
        .ok()
        .and_then(|digits| digits.parse().ok());
    index.filter(|index| *index < count).ok_or_else(|| {
        SendError::Refused("another version of the plugin began this message".to_owned())
    })
}

impl Way<'_> {
    /// The id under which Messenger took it.
    fn deliver(&self, piece: &Piece) -> Result<String, SendError> {
        let author = self.message.author;
        let declared = self.window.declare(author);
        let taken = match self.post(piece, declared) {
            Err(Refusal::WindowShut(_))
                if declared == Declared::Response && self.window.may_declare_human(author) =>
            {
                self.post(piece, Declared::HumanAgent)
            }
            // Whoever has the conversation answers it; an agent who answers has it, a bot does not push in.
            Err(Refusal::Elsewhere(_)) if author == Author::Agent => {
                self.take_control()?;
                self.post(piece, declared)
            }
            Err(Refusal::File(why)) => self.file_again(piece, declared, why),
            taken => taken,
        };
        Ok(taken?)
    }

    /// A file that Messenger did not get: once more, then as a link.
    fn file_again(
        &self,
        piece: &Piece,
        declared: Declared,
        why: String,
    ) -> Result<String, Refusal> {
        let after_ms = UPLOAD_PAUSE_MS;
        match piece {
            Piece::Upload { .. } if self.message.attempt.number <= UPLOAD_ATTEMPTS_MAX => {
                Err(Refusal::Other(SendError::Again { after_ms, why }))
            }
            Piece::Upload { file, .. } => match pieces::link(file, None).first() {
                Some(link) => self.post(link, declared),
                None => Err(Refusal::File(why)),
            },
            Piece::Message(_) => Err(Refusal::File(why)),
        }
    }

    fn post(&self, piece: &Piece, declared: Declared) -> Result<String, Refusal> {
        let request = self.request(piece, declared);
        let answer = http::fetch(&request).map_err(|error| Refusal::Other(error.into()))?;
        graph::warn_of_usage(&answer);
        if !answer.is_success() {
            let tried = Tried {
                attempt: self.message.attempt.number,
                as_person: declared == Declared::HumanAgent,
                window_open: self.window == Window::Open,
            };
            return Err(refusal::of_answer(&answer, tried));
        }
        let taken: Result<Taken, _> = answer.json();
        taken.map(|taken| taken.message_id).map_err(|error| {
            let why = format!("Messenger took it and said: {error}");
            Refusal::Other(SendError::Unknown(why))
        })
    }

    fn request(&self, piece: &Piece, declared: Declared) -> Request {
        let request = graph::post_to_page(self.settings, "messages").once();
        let mut fields = json!({ "recipient": self.recipient });
        match declared {
            Declared::Response => fields["messaging_type"] = "RESPONSE".into(),
            Declared::HumanAgent => {
                fields["messaging_type"] = "MESSAGE_TAG".into();
                fields["tag"] = "HUMAN_AGENT".into();
            }
        }
        match piece {
            Piece::Message(message) => {
                fields["message"] = self.named(message);
                request.json(&fields)
            }
            Piece::Upload { message, file } => {
                fields["message"] = self.named(message);
                let mut parts = form_parts(&fields);
                parts.push(Part {
                    name: "filedata".to_owned(),
                    value: http::Value::File(file.handle.clone()),
                    file_name: Some(file.name.clone()),
                    content_type: Some(file.content_type.clone()),
                });
                request.body(Body::Multipart(parts))
            }
        }
    }

    /// With the name that the echo brings back.
    fn named(&self, message: &Value) -> Value {
        let mut message = message.clone();
        message["metadata"] = self.metadata.clone().into();
        message
    }

    fn take_control(&self) -> Result<(), SendError> {
        let request = graph::post_to_page(self.settings, "take_thread_control")
            .json(&json!({ "recipient": self.recipient }))
            .safe();
        let answer = http::fetch(&request)?;
        if answer.is_success() {
            return Ok(());
        }
        match refusal::of_question(&answer) {
            // It is the conversation that we may not have, not the Page.
            SendError::Credentials(said) | SendError::Refused(said) => {
                Err(Refusal::Elsewhere(said).into())
            }
            error @ (SendError::Again { .. }
            | SendError::Throttled { .. }
            | SendError::OptedOut(_)
            | SendError::Unknown(_)) => Err(error),
        }
    }
}

/// Objects go into a form as their JSON, texts as they are.
fn form_parts(fields: &Value) -> Vec<Part> {
    let fields = fields.as_object().into_iter().flatten();
    let part = |(name, value): (&String, &Value)| Part {
        name: name.clone(),
        value: match value.as_str() {
            Some(text) => text.into(),
            None => value.to_string().into(),
        },
        file_name: None,
        content_type: None,
    };
    fields.map(part).collect()
}

fn sender_action(content: &OutboundContent) -> Option<&'static str> {
    match content {
        OutboundContent::Typing(true) => Some("typing_on"),
        OutboundContent::Typing(false) => Some("typing_off"),
        OutboundContent::Seen(_) => Some("mark_seen"),
        OutboundContent::Text(_)
        | OutboundContent::File(_)
        | OutboundContent::Choices { .. }
        | OutboundContent::Template { .. }
        | OutboundContent::Close => None,
    }
}

/// A signal: nobody waits for it, and outside the window Messenger refuses it.
fn show(
    settings: &Settings,
    recipient: &Value,
    action: &str,
    window: Window,
) -> Result<Sent, SendError> {
    match window {
        Window::ForPeople | Window::Shut => return Ok(Sent::not_applicable()),
        Window::Open | Window::Unknown => {}
    }
    let request = graph::post_to_page(settings, "messages")
        .json(&json!({ "recipient": recipient, "sender_action": action }))
        // Shown twice is shown once.
        .safe();
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    Ok(Sent {
        ids: Vec::new(),
        progress: Progress::All,
        peer_changes: Vec::new(),
    })
}
