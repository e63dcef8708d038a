//! Tests alone: a plugin's fixture pairs, run in the sandbox. The same pairs run natively in the
//! plugin's own tests; here they pass through the component, the contract module and the replay.
//!
//! Longer than most: it turns the SDK's words into the core's, one by one.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use trunkline_core::effect::Author;
use trunkline_core::event::{DeliveryName, Happening, Profile, ReceiptState};
use trunkline_core::id::{DeliveryId, EventKey, FileId, Timestamp};
use trunkline_core::message::{Address, Attachment, Choice, Content, StoredFile};
use trunkline_flow::ports::{
    Answer, CheckedAccount, Outbound, OutboundBody, PeerChange, ReceivedEvent, ReceivedHappening,
    Request, SendError, SendProgress, SocketAction,
};
use trunkline_plugin::harness::{
    Call as Played, Expected, Fixture, Frame, Outcome, ScriptedAnswer, expected_path, fixtures_in,
};
use trunkline_plugin::{channel as sdk, http, types};

use crate::chance::COUNTING;
use crate::config::UserConfig;
use crate::contract_0_1::Call;
use crate::contract_0_1::channel::{Check, OpenAttachment, Receive, Resolve, Send, SendDone};
use crate::contract_0_1::words::named;
use crate::guest::{Beginning, Pushing, World};
use crate::manifest::Manifest;
use crate::needed::NeededWhen;
use crate::request::{
    AesCtr, Auth, Body, Entry, FetchError, FetchRequest, FetchResponse, Field, JsonSecret, Part,
    Repeat, ResponseBody, Value,
};
use crate::run::{Allowance, Ended, Linked, run, try_instance};
use crate::runtime::Runtime;
use crate::secrets::{Secret, SecretValues, Secrets};
use crate::settings;

#[test]
fn fixtures_of_sms_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox("plugins/sms/fixtures", "plugins/sms.wasm");
}

#[test]
fn fixtures_of_whatsapp_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox("plugins/whatsapp/fixtures", "plugins/whatsapp.wasm");
}

#[test]
fn fixtures_of_messenger_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox("plugins/messenger/fixtures", "plugins/messenger.wasm");
}

#[test]
fn fixtures_of_apple_messages_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox(
        "plugins/apple-messages/fixtures",
        "plugins/apple-messages.wasm",
    );
}

#[test]
fn fixtures_of_in_app_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox("plugins/in-app/fixtures", "plugins/in-app.wasm");
}

#[test]
fn fixtures_of_the_tutorial_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox(
        "plugin-sdk/examples/telegram/fixtures",
        "examples/telegram.wasm",
    );
}

#[test]
fn fixtures_of_a_socket_give_the_same_in_the_sandbox_as_natively() {
    same_in_the_sandbox(
        "tests/guests/socket-echo/fixtures",
        "guests/socket-echo.wasm",
    );
}

fn same_in_the_sandbox(fixtures: &str, built_file: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sandbox = Sandbox::new(&built(built_file));
    let fixtures = fixtures_in(&workspace.join(fixtures));
    let compared = fixtures.iter().filter(|path| sandbox.compare(path)).count();
    // To grow stops all threads for a moment: the SDK's reserve is for nearly all calls. One of Apple's is a bomb, packed.
    assert!(sandbox.outgrown.get() <= 1, "{:?}", sandbox.outgrown);
    // A few cannot be asked of this host: a template, a caption, a delivery id that is none of ours.
    assert!(
        compared * 10 >= fixtures.len() * 9,
        "{compared} of {}",
        fixtures.len()
    );
}

fn built(file: &str) -> Vec<u8> {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(3).unwrap().join(file);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask plugins --guests` builds it",
            path.display()
        )
    })
}

/// A component ready to play fixtures.
struct Sandbox {
    linked: Linked,
    manifest: Manifest,
    /// Bytes of memory of an instance that has done nothing.
    begins_with: usize,
    /// Runs that asked for more.
    outgrown: Cell<usize>,
}

/// Requests made, and what came of the call.
struct Outcomes<T> {
    requests: Vec<FetchRequest>,
    output: T,
}

impl Sandbox {
    fn new(bytes: &[u8]) -> Self {
        let runtime = Runtime::new(2).unwrap();
        let component = runtime.compile(bytes).unwrap();
        let linked = Linked::new(&runtime, &component).unwrap();
        let manifest = Manifest::of_component(bytes).unwrap();
        let begins_with = try_instance(&linked, manifest.call_limits()).unwrap();
        Self {
            linked,
            manifest,
            begins_with,
            outgrown: Cell::new(0),
        }
    }

    /// Plays one pair; false where this host cannot be asked for it.
    fn compare(&self, path: &Path) -> bool {
        let fixture = Fixture::load(path).unwrap();
        let expected = Expected::load(&expected_path(path)).unwrap();
        let requests: Vec<_> = expected.requests.into_iter().map(request).collect();
        let name = path.display();
        let found = match &fixture.call {
            Played::Receive(written) => {
                let request = inbound(written.to_request(&fixture.public_url).unwrap());
                let call = Receive {
                    request,
                    peer: written.peer.clone(),
                    peer_state: fixture.peer_state.clone().into_iter().collect(),
                };
                let played = self.play(&fixture, call);
                let output = played
                    .output
                    .map(|it| (it.answer, it.events, it.peer_changes, it.socket));
                let found = output.map_err(|rejection| (rejection.answer.status, rejection.reason));
                assert_eq!(found, reception(expected.result), "{name}");
                played.requests
            }
            Played::Send(message) => {
                let Some((outbound, media_url)) = outbound(message) else {
                    return false;
                };
                let peer_state = fixture.peer_state.clone().into_iter().collect();
                let call = Send {
                    outbound,
                    peer_state,
                    media_url,
                    pushing: self.pushing(&fixture, message),
                };
                let played = self.play(&fixture, call);
                let frames = played
                    .output
                    .as_ref()
                    .map_or_else(|_| Vec::new(), frames_taken);
                let wanted: Vec<_> = expected.frames.into_iter().map(frame).collect();
                assert_eq!(frames, wanted, "{name}");
                let found = played
                    .output
                    .map(|it| (it.ids, it.progress, it.peer_changes));
                assert_eq!(found, sent(expected.result), "{name}");
                played.requests
            }
            Played::OpenAttachment(reference) => {
                let call = OpenAttachment {
                    reference: reference.clone(),
                    peer_state: fixture.peer_state.clone().into_iter().collect(),
                };
                let played = self.play(&fixture, call);
                let found = played.output.map(|it| (it.request, it.decrypt));
                assert_eq!(found, download(expected.result), "{name}");
                played.requests
            }
            Played::Check => {
                let played = self.play(&fixture, Check);
                assert_eq!(played.output, account(expected.result), "{name}");
                played.requests
            }
            Played::Resolve(resolved) => {
                let call = Resolve {
                    event: event(resolved.clone()),
                    peer_state: fixture.peer_state.clone().into_iter().collect(),
                };
                let played = self.play(&fixture, call);
                assert_eq!(played.output, completed(expected.result), "{name}");
                played.requests
            }
            // No plugin here is a bot: a guest of the engine's tests is.
            Played::On { .. } | Played::Callback(_) => return false,
        };
        assert_eq!(found, requests, "{name}");
        true
    }

    fn pushing(&self, fixture: &Fixture, message: &sdk::Outbound) -> Pushing {
        if self.manifest.socket.is_none() {
            return Pushing::NoSocket;
        }
        match message.content {
            sdk::OutboundContent::Typing(_) | sdk::OutboundContent::Seen(_) => {
                Pushing::SignalsAlone
            }
            _ => Pushing::From(fixture.next_frame),
        }
    }

    /// Runs the call from the top once for every answer, as the host does.
    fn play<C: Call>(&self, fixture: &Fixture, call: C) -> Outcomes<C::Output> {
        let call = Arc::new(call);
        let world = Arc::new(self.world(fixture));
        let mut answers = fixture.answers.iter();
        let mut journal = Vec::new();
        let at = Timestamp(i64::try_from(fixture.now).unwrap());
        loop {
            let limits = self.manifest.call_limits();
            let beginning = Beginning {
                world: world.clone(),
                export: C::EXPORT,
                may_fetch: C::MAY_FETCH,
                pushing: call.pushing(),
                started: at,
                journal,
                recorded_secrets: None,
                seed: COUNTING,
                limits,
            };
            let ended = run(&self.linked, &call, beginning, Allowance::whole(limits));
            journal = ended.journal;
            if ended.memory > self.begins_with {
                self.outgrown.set(self.outgrown.get() + 1);
            }
            match ended.ended {
                Ended::Done(output) => {
                    assert_eq!(answers.next(), None, "an answer was not asked for");
                    let requests = journal.into_iter().map(|entry| entry.request).collect();
                    return Outcomes { requests, output };
                }
                Ended::Wants(request) => {
                    let answer = answered(answers.next().expect("the fixture has an answer"));
                    journal.push(Entry {
                        request: *request,
                        answer,
                        at,
                    });
                }
                Ended::Failed(reason) => panic!("{reason}"),
            }
        }
    }

    fn world(&self, fixture: &Fixture) -> World {
        let settings = fixture
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), toml::Value::try_from(value).unwrap()));
        let secrets = fixture.secrets.iter().map(|(name, values)| {
            let all = values.all();
            let secret = SecretValues {
                current: Secret::new(all[0].clone()),
                previous: all.get(1).map(Secret::new),
            };
            (name.clone(), secret.into())
        });
        let user = UserConfig {
            plugin: self.manifest.name.clone(),
            settings: settings.collect(),
            secrets: secrets.collect(),
            hosts: Vec::new(),
        };
        // Fixtures about something missing would be refused here: what the plugin sees is asked for.
        let mut settings = self.manifest.settings.clone();
        for setting in &mut settings {
            setting.needed_when = NeededWhen::default();
        }
        let lenient = Manifest {
            settings,
            secrets: self
                .manifest
                .secrets
                .iter()
                .cloned()
                .map(optional)
                .collect(),
            ..self.manifest.clone()
        };
        let settings = settings::check(&lenient, &user).unwrap();
        World {
            name: fixture.name.clone(),
            public_url: fixture.public_url.clone(),
            settings: serde_json::Value::Object(settings).to_string(),
            secrets: Secrets::new(user.secrets),
        }
    }
}

fn optional(secret: crate::manifest::ManifestSecret) -> crate::manifest::ManifestSecret {
    crate::manifest::ManifestSecret {
        required: false,
        needed_when: NeededWhen::default(),
        ..secret
    }
}

fn answered(answer: &ScriptedAnswer) -> Result<FetchResponse, FetchError> {
    let why = || "so the fixture says".to_owned();
    match answer {
        ScriptedAnswer::Answer {
            status,
            headers,
            json,
            hex,
            text,
        } => {
            let mut headers: Vec<_> = headers.clone().into_iter().collect();
            if json.is_some() {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            let bytes = match (json, hex) {
                (Some(json), _) => json.to_string().into_bytes(),
                (None, Some(hex)) => crate::signing::from_hex(hex).expect("hex digits"),
                (None, None) => text.clone().into_bytes(),
            };
            Ok(FetchResponse {
                status: *status,
                headers,
                body: match String::from_utf8(bytes) {
                    Ok(text) => ResponseBody::Text(text),
                    Err(error) => ResponseBody::Bytes(error.into_bytes()),
                },
            })
        }
        ScriptedAnswer::None { error } => Err(match format!("{error:?}").as_str() {
            "Denied" => FetchError::Denied(why()),
            "Unreachable" => FetchError::Unreachable(why()),
            "Unknown" => FetchError::Unknown(why()),
            _ => FetchError::TooLarge,
        }),
    }
}

// ---- The SDK's words into the core's ----

fn at(at: u64) -> Timestamp {
    Timestamp(i64::try_from(at).unwrap())
}

fn headers(headers: Vec<types::Header>) -> Vec<(String, String)> {
    headers
        .into_iter()
        .map(|header| (header.name, header.value))
        .collect()
}

fn addresses(addresses: Vec<types::Address>) -> Vec<Address> {
    let one = |address: types::Address| Address {
        kind: address.kind,
        value: address.value,
    };
    addresses.into_iter().map(one).collect()
}

fn changes(changes: Vec<types::PeerChange>) -> Vec<PeerChange> {
    let one = |change: types::PeerChange| PeerChange {
        key: change.key,
        value: change.value,
        at: at(change.at),
    };
    changes.into_iter().map(one).collect()
}

fn inbound(request: types::InboundRequest) -> Request {
    Request {
        method: request.method,
        url: request.url,
        path: request.path,
        query: request.query,
        headers: headers(request.headers),
        body: request.body,
    }
}

/// None where flow has no such content.
fn outbound(message: &sdk::Outbound) -> Option<(Outbound, String)> {
    let delivery: DeliveryId = message.delivery.parse().ok()?;
    let mut media_url = String::new();
    let body = match message.content.clone() {
        sdk::OutboundContent::Text(text) => OutboundBody::Text(text),
        sdk::OutboundContent::File(file) if file.caption.is_none() => {
            let (base, token) = file.url.rsplit_once('/')?;
            media_url = base.to_owned();
            OutboundBody::File(StoredFile {
                id: FileId(file.handle),
                token: token.to_owned(),
                name: file.name,
                content_type: file.content_type,
                size: file.size,
                sha256: String::new(),
            })
        }
        sdk::OutboundContent::Choices { text, options } => OutboundBody::Choices {
            text,
            options: options
                .into_iter()
                .map(|choice| Choice {
                    id: choice.id,
                    title: choice.title,
                    description: choice.description,
                })
                .collect(),
        },
        sdk::OutboundContent::Close => OutboundBody::Close,
        sdk::OutboundContent::Typing(on) => OutboundBody::Typing(on),
        sdk::OutboundContent::Seen(key) => OutboundBody::Seen(EventKey(key)),
        sdk::OutboundContent::File(_) | sdk::OutboundContent::Template { .. } => return None,
    };
    let outbound = Outbound {
        delivery,
        customer: addresses(message.customer.clone()),
        body,
        author: match message.author {
            sdk::Author::Agent => Author::Agent,
            sdk::Author::Bot => Author::Bot,
            sdk::Author::System => Author::System,
        },
        author_name: message.author_name.clone(),
        attempt: message.attempt.number,
        unknown_since: message.attempt.unknown_since.map(at),
        taken: message.attempt.taken.clone(),
        rest: message.rest.clone(),
    };
    Some((outbound, media_url))
}

/// As flow takes them: true for pushed ones, and those first. Their numbers are in the guest's own frames.
fn frames_taken(done: &SendDone) -> Vec<(bool, Vec<u8>)> {
    let went_out = matches!(done.progress, SendProgress::All | SendProgress::Rest(_));
    let pushed = done.frames.pushed.iter().filter(|_| went_out);
    let pushed = pushed.map(|frame| (true, frame.clone()));
    let signals = done.frames.signals.iter();
    pushed
        .chain(signals.map(|frame| (false, frame.clone())))
        .collect()
}

fn frame(frame: Frame) -> (bool, Vec<u8>) {
    match frame {
        Frame::Push { frame, .. } => (true, frame),
        Frame::Signal(frame) => (false, frame),
    }
}

type Reception = (
    Answer,
    Vec<ReceivedEvent>,
    Vec<PeerChange>,
    Vec<SocketAction>,
);

fn reception(outcome: Outcome) -> Result<Reception, (u16, String)> {
    match outcome {
        Outcome::Reception(reception) => {
            let answer = Answer {
                status: reception.answer.status,
                headers: headers(reception.answer.headers),
                body: reception.answer.body,
            };
            let events = reception.events.into_iter().map(event).collect();
            let socket = reception.socket.into_iter().map(socket_action).collect();
            Ok((answer, events, changes(reception.peer_changes), socket))
        }
        Outcome::Rejected(types::Rejection::Unauthentic(text)) => Err((403, text)),
        Outcome::Rejected(types::Rejection::Malformed(text)) => Err((400, text)),
        Outcome::Rejected(types::Rejection::NotFound) => Err((404, "no such path".to_owned())),
        Outcome::Rejected(types::Rejection::MethodNotAllowed) => {
            Err((405, "method not allowed".to_owned()))
        }
        other => panic!("{other:?}"),
    }
}

fn socket_action(action: sdk::SocketAction) -> SocketAction {
    match action {
        sdk::SocketAction::Attach { customer, after } => SocketAction::Attach {
            customer: addresses(vec![customer]).remove(0),
            after,
        },
        sdk::SocketAction::Detach => SocketAction::Detach,
        sdk::SocketAction::Acked(number) => SocketAction::Acked(number),
        sdk::SocketAction::Frames(frames) => SocketAction::Frames(frames),
        sdk::SocketAction::Upload {
            slot,
            name,
            content_type,
            size,
        } => SocketAction::Upload {
            slot: EventKey(slot),
            name,
            content_type,
            size,
        },
    }
}

fn event(event: sdk::Event) -> ReceivedEvent {
    ReceivedEvent {
        channel: None,
        account: event.account,
        key: EventKey(event.key),
        at: at(event.at),
        customer: addresses(event.customer),
        readdressed: addresses(event.readdressed),
        profile: Profile {
            name: event.name,
            locale: event.locale,
            attributes: event.attributes,
        },
        happening: happening(event.happening),
        reply_to: event.reply_to.map(EventKey),
        part: event.part.map(|part| (part.group, part.index, part.total)),
        resolve: event.resolve,
        peer_changes: changes(event.peer_changes),
    }
}

fn happening(happening: sdk::Happening) -> ReceivedHappening {
    ReceivedHappening::Customer(match happening {
        sdk::Happening::Said(what) => Happening::Said(content(what)),
        sdk::Happening::OptedOut(confirmed) => Happening::OptedOut { confirmed },
        sdk::Happening::OptedIn => Happening::OptedIn,
        sdk::Happening::Left => Happening::Left,
        sdk::Happening::Typing(on) => return ReceivedHappening::Typing(on),
        sdk::Happening::Notice { code, text } => return ReceivedHappening::Notice(code, text),
        sdk::Happening::Receipt(receipt) => {
            return ReceivedHappening::Receipt {
                delivery: match receipt.delivery {
                    sdk::DeliveryName::Ours(text) => {
                        DeliveryName::echoed(&text).unwrap_or(DeliveryName::Provider(text))
                    }
                    sdk::DeliveryName::Provider(id) => DeliveryName::Provider(id),
                    sdk::DeliveryName::AllUntil(until) => DeliveryName::AllUntil(at(until)),
                },
                state: match receipt.state {
                    sdk::ReceiptState::Accepted => ReceiptState::Accepted,
                    sdk::ReceiptState::Sent => ReceiptState::Sent,
                    sdk::ReceiptState::Delivered => ReceiptState::Delivered,
                    sdk::ReceiptState::Read => ReceiptState::Read,
                    sdk::ReceiptState::Failed => ReceiptState::Failed,
                },
                detail: receipt.detail,
                opted_out: receipt.opted_out,
            };
        }
        sdk::Happening::Edited { key, content: what } => Happening::Edited {
            key: EventKey(key),
            content: content(what),
        },
        sdk::Happening::Withdrawn(key) => Happening::Withdrawn { key: EventKey(key) },
        sdk::Happening::Reacted { key, emoji } => Happening::Reacted {
            key: key.map(EventKey),
            emoji,
        },
        sdk::Happening::FileAnswer { delivery, accepted } => Happening::FileAnswer {
            delivery: match delivery {
                sdk::DeliveryName::Ours(text) => text.parse().ok(),
                sdk::DeliveryName::Provider(_) | sdk::DeliveryName::AllUntil(_) => None,
            },
            accepted,
        },
    })
}

fn content(content: types::Content) -> Content {
    match content {
        types::Content::Text(text) => Content::Text(text),
        types::Content::Attachment(file) => Content::Attachment(Attachment {
            reference: file.reference,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            caption: file.caption,
        }),
        types::Content::Location(place) => Content::Location {
            latitude: place.latitude,
            longitude: place.longitude,
            name: named(place.name, place.street),
        },
        types::Content::Chosen { id, title } => Content::Chosen { id, title },
        types::Content::Described { kind, text } => Content::Described { kind, text },
        types::Content::Unknown(kind) => Content::Unknown(kind),
    }
}

fn failed(error: types::SendError) -> SendError {
    match error {
        types::SendError::Again { after_ms, why } => SendError::Again {
            wait_ms: after_ms.into(),
            text: why,
        },
        types::SendError::Throttled { after_ms, why } => SendError::Throttled {
            wait_ms: after_ms.into(),
            text: why,
        },
        types::SendError::Refused(text) => SendError::Refused(text),
        types::SendError::OptedOut(text) => SendError::OptedOut(text),
        types::SendError::Credentials(text) => SendError::Credentials(text),
        types::SendError::Unknown(text) => SendError::Unknown(text),
    }
}

fn sent(outcome: Outcome) -> Result<(Vec<String>, SendProgress, Vec<PeerChange>), SendError> {
    match outcome {
        Outcome::Sent(sent) => {
            let progress = match sent.progress {
                sdk::Progress::All => SendProgress::All,
                sdk::Progress::Rest(rest) => SendProgress::Rest(rest),
                sdk::Progress::Wait(ms) => SendProgress::Wait(ms.into()),
                sdk::Progress::NotApplicable => SendProgress::NotApplicable,
            };
            Ok((sent.ids, progress, changes(sent.peer_changes)))
        }
        Outcome::Failed(error) => Err(failed(error)),
        other => panic!("{other:?}"),
    }
}

fn download(outcome: Outcome) -> Result<(FetchRequest, Option<AesCtr>), SendError> {
    match outcome {
        Outcome::Download(download) => {
            Ok((request(download.request), download.decrypt.map(cipher)))
        }
        Outcome::Failed(error) => Err(failed(error)),
        other => panic!("{other:?}"),
    }
}

fn completed(outcome: Outcome) -> Result<(Vec<ReceivedEvent>, Vec<PeerChange>), SendError> {
    match outcome {
        Outcome::Resolved {
            events,
            peer_changes,
        } => {
            let events = events.into_iter().map(event).collect();
            Ok((events, changes(peer_changes)))
        }
        Outcome::Failed(error) => Err(failed(error)),
        other => panic!("{other:?}"),
    }
}

fn account(outcome: Outcome) -> Result<CheckedAccount, SendError> {
    match outcome {
        Outcome::Account(account) => Ok(CheckedAccount {
            id: account.id,
            name: account.name,
            warnings: account.warnings,
        }),
        Outcome::Failed(error) => Err(failed(error)),
        other => panic!("{other:?}"),
    }
}

fn request(request: http::Request) -> FetchRequest {
    FetchRequest {
        method: request.method,
        url: request.url,
        path: request.path.into_iter().map(value).collect(),
        query: fields(request.query),
        headers: fields(request.headers),
        auth: match request.auth {
            http::Auth::None => Auth::None,
            http::Auth::Bearer(secret) => Auth::Bearer(secret),
            http::Auth::Basic { user, secret } => Auth::Basic { user, secret },
        },
        body: body(request.body),
        repeat: match request.repeat {
            http::Repeat::Safe => Repeat::Safe,
            http::Repeat::Idempotent(key) => Repeat::Idempotent(key),
            http::Repeat::Once => Repeat::Once,
        },
        timeout_ms: request.timeout_ms,
    }
}

fn body(body: http::Body) -> Body {
    match body {
        http::Body::None => Body::None,
        http::Body::Text(text) => Body::Text(text),
        http::Body::Bytes(bytes) => Body::Bytes(bytes),
        http::Body::Json { text, secrets } => Body::Json {
            text,
            secrets: secrets.into_iter().map(json_secret).collect(),
        },
        http::Body::Form(list) => Body::Form(fields(list)),
        http::Body::Multipart(parts) => Body::Multipart(
            parts
                .into_iter()
                .map(|part| Part {
                    name: part.name,
                    value: value(part.value),
                    file_name: part.file_name,
                    content_type: part.content_type,
                })
                .collect(),
        ),
        http::Body::File { handle, encrypt } => Body::File {
            handle,
            encrypt: encrypt.map(cipher),
        },
    }
}

fn json_secret(secret: http::JsonSecret) -> JsonSecret {
    JsonSecret {
        pointer: secret.pointer,
        value: Value::Secret {
            prefix: secret.prefix,
            name: secret.name,
        },
    }
}

fn cipher(cipher: http::AesCtr) -> AesCtr {
    AesCtr {
        key: cipher.key,
        iv: cipher.iv,
    }
}

fn fields(fields: Vec<http::Field>) -> Vec<Field> {
    let one = |field: http::Field| Field {
        name: field.name,
        value: value(field.value),
    };
    fields.into_iter().map(one).collect()
}

fn value(value: http::Value) -> Value {
    match value {
        http::Value::Text(text) => Value::Text(text),
        http::Value::Secret { prefix, name } => Value::Secret { prefix, name },
        http::Value::File(handle) => Value::File(handle),
    }
}
