//! Frame to events. The first frame of a socket is `hello`; the rest needs the customer it attached.

use trunkline_plugin::channel::{
    DeliveryName, Event, Happening, Receipt, ReceiptState, Reception, SocketAction,
};
use trunkline_plugin::{
    Address, Answer, Content, Header, InboundRequest, Millis, PeerChange, PeerState, Rejection,
    clock, config, log, random,
};

use crate::files;
use crate::identity::{self, VISITOR, Visitor};
use crate::settings::Settings;
use crate::wire::{Choose, FileAnswer, FromPage, Hello, Limits, Say, ToPage, Unknown, Upload};

/// Characters of one message from the customer.
pub(crate) const TEXT_MAX: usize = 4_000;

const ID_BYTES_MAX: usize = 64;

const PROTOCOL_HEADER: &str = "sec-websocket-protocol";
const PROTOCOL: &str = "wchat.1";

/// Remembered about the customer and given to the agents: our key, and how many characters of it are kept. Together
/// well under what the host keeps for a customer.
const REMEMBERED: [(&str, usize); 5] = [
    ("name", 128),
    ("email", 254),
    ("locale", 35),
    ("page", 500),
    ("identity", 9),
];

/// One frame, or the beginning or end of a socket.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
    known: &PeerState,
) -> Result<Reception, Rejection> {
    if !settings.admits(request) {
        return Err(Rejection::Unauthentic(
            "the page's origin is not among `origins`".to_owned(),
        ));
    }
    match request.method.as_str() {
        "OPEN" => Ok(opened(request)),
        "LOST" => Ok(lost(request)),
        "FRAME" => frame(settings, request, known),
        _ => Err(Rejection::NotFound),
    }
}

fn nothing() -> Reception {
    Reception::new(Answer::status(200), Vec::new())
}

/// The page names the protocol; an app need not.
fn opened(request: &InboundRequest) -> Reception {
    let offered = request.header(PROTOCOL_HEADER).unwrap_or_default();
    let chosen = offered.split(',').any(|name| name.trim() == PROTOCOL);
    let mut reception = nothing();
    if chosen {
        reception.answer.headers = vec![Header::new(PROTOCOL_HEADER, PROTOCOL)];
    }
    reception
}

fn answered(frame: &ToPage<'_>) -> Reception {
    Reception {
        socket: vec![back(frame)],
        ..nothing()
    }
}

fn back(frame: &ToPage<'_>) -> SocketAction {
    SocketAction::Frames(vec![crate::outbound::json(frame)])
}

/// Whoever is gone does not type.
fn lost(request: &InboundRequest) -> Reception {
    let typing = request.peer.as_deref().map(|peer| {
        let customer = Customer {
            peer,
            known: &PeerState::new(),
        };
        customer.event(&format!("lost/{}", chance()), Happening::Typing(false))
    });
    Reception {
        events: typing.into_iter().collect(),
        socket: vec![SocketAction::Detach],
        ..nothing()
    }
}

fn frame(
    settings: &Settings,
    request: &InboundRequest,
    known: &PeerState,
) -> Result<Reception, Rejection> {
    let frame = match read(&request.body)? {
        Read::Known(frame) => frame,
        Read::Unknown(unknown) => return Ok(unknown_op(&unknown)),
    };
    let peer = request.peer.as_deref();
    match (frame, peer) {
        (FromPage::Hello(hello), _) => Ok(greeted(settings, &hello)),
        (FromPage::Ping, _) => Ok(answered(&ToPage::Pong)),
        (frame, Some(peer)) => Customer { peer, known }.receive(frame),
        (_, None) => Err(Rejection::Malformed(
            "the first frame of a socket must be `hello`".to_owned(),
        )),
    }
}

enum Read {
    Known(FromPage),
    Unknown(Unknown),
}

fn read(body: &[u8]) -> Result<Read, Rejection> {
    let error = match serde_json::from_slice(body) {
        Ok(frame) => return Ok(Read::Known(frame)),
        Err(error) => error,
    };
    // A page that is newer than this plugin is told so; anything else is no page of ours.
    let unknown = serde_json::from_slice::<Unknown>(body).ok();
    let unknown = unknown.filter(|unknown| !OPS.contains(&unknown.op.as_str()));
    unknown.map(Read::Unknown).ok_or_else(|| {
        // The error's own text would quote what people wrote.
        let place = format!("line {} column {}", error.line(), error.column());
        Rejection::Malformed(format!("it is no frame of wchat/1: {place}"))
    })
}

const OPS: [&str; 10] = [
    "hello", "say", "choose", "upload", "typing", "ack", "read", "file", "leave", "ping",
];

fn unknown_op(unknown: &Unknown) -> Reception {
    answered(&ToPage::Refused {
        id: unknown.id.as_deref(),
        code: "unknown-op",
    })
}

fn greeted(settings: &Settings, hello: &Hello) -> Reception {
    match identity::of(settings, hello) {
        Ok(visitor) => welcome(settings, hello, &visitor),
        Err(refusal) => {
            log::info(format!("no entry ({}): {}", refusal.code, refusal.why));
            Reception {
                answer: Answer {
                    body: refusal.code.into(),
                    ..Answer::status(401)
                },
                ..answered(&ToPage::Bye { code: refusal.code })
            }
        }
    }
}

/// The hello itself is news: what the page has already counts as delivered. With it come the customer's addresses
/// and what they say about themselves.
fn welcome(settings: &Settings, hello: &Hello, visitor: &Visitor) -> Reception {
    let peer = &visitor.address.value;
    let key = format!("{peer}/hello/{}", chance());
    let has = receipt(ReceiptState::Delivered, hello.at);
    let event = Event {
        customer: vec![visitor.address.clone()],
        readdressed: visitor.before.iter().cloned().collect(),
        ..Event::new(key, clock::now(), config::name(), has)
    };
    let ready = ToPage::Ready {
        title: &settings.title,
        known: visitor.known,
        name: visitor.name.as_deref(),
        limits: Limits {
            text: TEXT_MAX,
            file_bytes: files::BYTES_MAX,
            file_types: files::TYPES,
        },
    };
    Reception {
        events: vec![event],
        peer_changes: remembered(hello, visitor),
        socket: vec![
            back(&ready),
            SocketAction::Attach {
                customer: visitor.address.clone(),
                after: hello.after,
            },
        ],
        ..nothing()
    }
}

fn remembered(hello: &Hello, visitor: &Visitor) -> Vec<PeerChange> {
    let identity = if visitor.known { "jwt" } else { "anonymous" };
    let value_of = |key: &str| match key {
        "name" => visitor.name.clone(),
        "email" => visitor.email.clone(),
        "locale" => hello.locale.clone(),
        "page" => hello.page.as_deref().map(without_query),
        _ => Some(identity.to_owned()),
    };
    let change = |(key, characters_max): (&str, usize)| PeerChange {
        key: key.to_owned(),
        value: value_of(key).map(|value| value.chars().take(characters_max).collect()),
        at: clock::now(),
    };
    REMEMBERED.into_iter().map(change).collect()
}

/// What follows the path may hold secrets of the web site.
fn without_query(page: &str) -> String {
    let end = page.find(['?', '#']).unwrap_or(page.len());
    page[..end].to_owned()
}

/// Whoever the socket belongs to.
struct Customer<'a> {
    peer: &'a str,
    known: &'a PeerState,
}

impl Customer<'_> {
    fn receive(&self, frame: FromPage) -> Result<Reception, Rejection> {
        Ok(match frame {
            FromPage::Say(say) => self.said(say)?,
            FromPage::Choose(choose) => self.chose(choose)?,
            FromPage::Upload(upload) => self.uploads(&upload)?,
            FromPage::File(answer) => self.answered_file(&answer)?,
            FromPage::Leave { id } => self.told(&id, Happening::Left)?,
            FromPage::Typing { on } => {
                self.heard(&format!("typing/{}", chance()), Happening::Typing(on))
            }
            FromPage::Ack { at } => self.got("delivered", ReceiptState::Delivered, at),
            FromPage::Read { at } => self.got("read", ReceiptState::Read, at),
            FromPage::Hello(_) | FromPage::Ping => nothing(),
        })
    }

    fn said(&self, say: Say) -> Result<Reception, Rejection> {
        let code = if say.text.chars().count() > TEXT_MAX {
            "text-too-long"
        } else if say.text.is_empty() {
            "text-empty"
        } else {
            return self.told(&say.id, Happening::Said(Content::Text(say.text)));
        };
        Ok(answered(&ToPage::Refused {
            id: Some(&say.id),
            code,
        }))
    }

    fn chose(&self, choose: Choose) -> Result<Reception, Rejection> {
        let Choose { id, choice, title } = choose;
        self.told(&id, Happening::Said(Content::Chosen { id: choice, title }))
    }

    fn answered_file(&self, answer: &FileAnswer) -> Result<Reception, Rejection> {
        let happening = Happening::FileAnswer {
            delivery: DeliveryName::Ours(answer.id.clone()),
            accepted: answer.accepted,
        };
        let id = usable(&answer.id)?;
        let mut reception = self.heard(&format!("file/{id}"), happening);
        reception.socket.push(back(&ToPage::Taken { id }));
        Ok(reception)
    }

    fn uploads(&self, upload: &Upload) -> Result<Reception, Rejection> {
        let key = self.key(usable(&upload.id)?);
        if let Some(code) = files::refusal(upload) {
            return Ok(answered(&ToPage::Refused {
                id: Some(&upload.id),
                code,
            }));
        }
        let slot = SocketAction::Upload {
            slot: key,
            name: files::name(upload),
            content_type: files::media_type(upload),
            size: upload.size,
        };
        Ok(Reception {
            socket: vec![slot],
            ..nothing()
        })
    }

    fn got(&self, kind: &str, state: ReceiptState, at: Millis) -> Reception {
        self.heard(&format!("{kind}/{at}"), receipt(state, at))
    }

    /// Something that must not get lost: the page is told that it was taken.
    fn told(&self, id: &str, happening: Happening) -> Result<Reception, Rejection> {
        let mut reception = self.heard(usable(id)?, happening);
        reception.socket.push(back(&ToPage::Taken { id }));
        Ok(reception)
    }

    fn heard(&self, id: &str, happening: Happening) -> Reception {
        Reception::new(Answer::status(200), vec![self.event(id, happening)])
    }

    fn event(&self, id: &str, happening: Happening) -> Event {
        let of = |key: &str| self.known.get(key).cloned();
        let user = self.peer.strip_prefix("user:").map(str::to_owned);
        let captured = ["email", "page", "identity"].map(|key| Some((key.to_owned(), of(key)?)));
        let user = user.map(|user| ("user".to_owned(), user));
        Event {
            customer: vec![Address::new(VISITOR, self.peer)],
            name: of("name"),
            locale: of("locale"),
            attributes: user
                .into_iter()
                .chain(captured.into_iter().flatten())
                .collect(),
            ..Event::new(self.key(id), clock::now(), config::name(), happening)
        }
    }

    /// Ids are the pages' own: those of two customers may be the same.
    fn key(&self, id: &str) -> String {
        format!("{}/{id}", self.peer)
    }
}

fn receipt(state: ReceiptState, at: Millis) -> Happening {
    Happening::Receipt(Receipt {
        // By time and not by name: a page cannot tell anything about another customer's messages.
        delivery: DeliveryName::AllUntil(at.min(clock::now())),
        state,
        detail: None,
        opted_out: false,
    })
}

fn usable(id: &str) -> Result<&str, Rejection> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if id.is_empty() || id.len() > ID_BYTES_MAX || !id.bytes().all(safe) {
        return Err(Rejection::Malformed(
            "an id has 1 to 64 letters, digits, dots, hyphens or underscores".to_owned(),
        ));
    }
    Ok(id)
}

fn chance() -> String {
    random::bytes(8)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
