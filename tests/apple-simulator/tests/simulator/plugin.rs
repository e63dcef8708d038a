//! The plugin itself against the stand-in: what one sends, the other takes.
//!
//! The plugin runs natively; its host here is the fixtures' own but for requests, which leave over real sockets, for
//! chance and for the time.
//!
//! Long, because a host in small stands before the tests that need it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use apple_messages::{AppleMessages, MANIFEST};
use apple_simulator::{CustomerFile, CustomerMessage, Fault, Said, Tamper, Times, cipher};
use bytes::Bytes;
use serde_json::{Value, json};
use trunkline_plugin::channel::{
    Attempt, Author, Event, File, Happening, Outbound, OutboundContent, Progress, Reception, Sent,
};
use trunkline_plugin::harness::{Fixture, TestHost};
use trunkline_plugin::http::{Body, FetchError, Payload, Request, Response, Value as Text};
use trunkline_plugin::log::Level;
use trunkline_plugin::manifest::Manifest;
use trunkline_plugin::secrets::{Encoding, Hash, JwtAlgorithm, SecretError};
use trunkline_plugin::{
    Address, Attachments as _, Channel as _, Check as _, Choice, Content, Header, Host,
    InboundRequest, PeerState, Rejection, Resolve as _, SendError,
};

use super::{ANNA, World};

/// The host's part: requests go out for real.
struct Outside {
    fixed: TestHost,
    now: u64,
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
    files: BTreeMap<String, Bytes>,
}

impl Outside {
    fn send(&self, request: &Request) -> reqwest::RequestBuilder {
        let method = request.method.parse().unwrap();
        let mut sending = self.http.request(method, &request.url);
        for field in &request.headers {
            let Text::Text(value) = &field.value else {
                panic!("no secret goes out here: {field:?}")
            };
            sending = sending.header(&field.name, value);
        }
        match &request.body {
            Body::None => sending,
            Body::Text(text) => sending.body(text.clone()),
            Body::Bytes(bytes) => sending.body(bytes.clone()),
            Body::File { handle, encrypt } => {
                let aes = encrypt.as_ref().expect("files go encrypted");
                assert_eq!(aes.iv, [0; 16]);
                let key = aes.key.clone().try_into().expect("32 bytes");
                sending.body(cipher::apply(&key, &self.files[handle]))
            }
            other @ (Body::Json { .. } | Body::Form(_) | Body::Multipart(_)) => panic!("{other:?}"),
        }
    }
}

async fn response(sending: reqwest::RequestBuilder) -> Result<Response, FetchError> {
    let failed = |error: reqwest::Error| match error.is_connect() {
        true => FetchError::Unreachable(error.to_string()),
        false => FetchError::Unknown {
            why: error.to_string(),
            safe: false,
        },
    };
    let answer = sending.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        Header::new(name.as_str(), value.to_str().unwrap())
    };
    let headers = answer.headers().iter().map(header).collect();
    let bytes = answer.bytes().await.map_err(failed)?.to_vec();
    let body = String::from_utf8(bytes)
        .map_or_else(|error| Payload::Bytes(error.into_bytes()), Payload::Text);
    Ok(Response {
        status,
        headers,
        body,
    })
}

impl Host for Outside {
    fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        self.runtime.block_on(response(self.send(request)))
    }
    fn verify(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
        mac: &[u8],
    ) -> Result<bool, SecretError> {
        self.fixed.verify(secret, encoding, hash, data, mac)
    }
    fn verify_digest(
        &self,
        secret: &str,
        hash: Hash,
        data: &[u8],
        digest: &[u8],
    ) -> Result<bool, SecretError> {
        self.fixed.verify_digest(secret, hash, data, digest)
    }
    fn sign(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
    ) -> Result<Vec<u8>, SecretError> {
        self.fixed.sign(secret, encoding, hash, data)
    }
    fn matches(&self, secret: &str, text: &str) -> Result<bool, SecretError> {
        self.fixed.matches(secret, text)
    }
    fn jwt_verify(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        token: &str,
    ) -> Result<Option<String>, SecretError> {
        self.fixed.jwt_verify(secret, encoding, algorithm, token)
    }
    fn jwt_sign(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        claims: &str,
    ) -> Result<String, SecretError> {
        self.fixed.jwt_sign(secret, encoding, algorithm, claims)
    }
    fn settings(&self) -> String {
        self.fixed.settings()
    }
    fn name(&self) -> String {
        self.fixed.name()
    }
    fn public_url(&self) -> String {
        self.fixed.public_url()
    }
    fn log(&self, _: Level, _: &str) {}
    fn now(&self) -> u64 {
        self.now
    }
    fn random(&self, len: u32) -> Vec<u8> {
        (0..len).map(|_| rand::random()).collect()
    }
    fn next_frame(&self) -> u64 {
        panic!("this channel has no socket")
    }

    fn push(&self, _: &[u8]) -> u64 {
        panic!("this channel has no socket")
    }
    fn signal(&self, _: &[u8]) {
        panic!("this channel has no socket")
    }
}

impl World {
    /// Runs the plugin on a thread of its own, where it may wait.
    async fn plugin<T: Send + 'static>(&self, call: impl FnOnce() -> T + Send + 'static) -> T {
        let config = self.apple.config().clone();
        let base_url = self.apple.base_url().to_owned();
        let (http, runtime) = (self.http.clone(), tokio::runtime::Handle::current());
        let run = move || {
            let now = u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
            let fixture: Fixture = serde_json::from_value(json!({
                "settings": { "msp_id": config.msp_id, "business_id": config.business_id, "api_base": base_url },
                "secrets": { "api_secret": config.api_secret },
                "call": "check",
            }))
            .unwrap();
            let settings = Manifest::parse(MANIFEST)
                .unwrap()
                .fill_in(&fixture.settings)
                .unwrap();
            let host = Outside {
                fixed: TestHost::new(&fixture, &settings),
                now,
                http,
                runtime,
                files: BTreeMap::from([("f1".to_owned(), Bytes::from_static(INVOICE))]),
            };
            trunkline_plugin::with_host(Rc::new(host), call)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// What the plugin makes of the latest webhook.
    async fn received(&self) -> Result<Reception, Rejection> {
        let (path, headers, body) = self.edge.requests.lock().unwrap().last().unwrap().clone();
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            Header::new(name.as_str(), value.to_str().unwrap())
        };
        let request = InboundRequest {
            method: "POST".to_owned(),
            url: format!("https://chat.example.com{path}"),
            path: path.replace("/channels/apple", ""),
            headers: headers.iter().map(header).collect(),
            body: body.to_vec(),
            ..InboundRequest::default()
        };
        self.plugin(move || AppleMessages::receive(&request, &PeerState::new()))
            .await
    }

    async fn events(&self) -> Vec<Event> {
        self.received().await.unwrap().events
    }

    async fn send(&self, message: Outbound, state: PeerState) -> Result<Sent, SendError> {
        self.plugin(move || AppleMessages::send(&message, &state))
            .await
    }

    /// Call after call, as a host does; how many there were.
    async fn send_whole(&self, mut message: Outbound, state: &PeerState) -> usize {
        for calls in 1..100 {
            match self
                .send(message.clone(), state.clone())
                .await
                .unwrap()
                .progress
            {
                Progress::All => return calls,
                Progress::Rest(rest) => message.rest = Some(rest),
                other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
            }
        }
        panic!("it does not end")
    }
}

const INVOICE: &[u8] = b"%PDF-1.7 an invoice \xff\xfe\x00 that is no text";

fn outbound(delivery: &str, content: OutboundContent) -> Outbound {
    Outbound {
        delivery: delivery.to_owned(),
        seq: 1,
        customer: vec![Address::new("mbid", ANNA)],
        content,
        author: Author::Agent,
        author_name: None,
        attempt: Attempt {
            number: 1,
            unknown_since: None,
            taken: Vec::new(),
        },
        rest: None,
    }
}

fn text(delivery: &str, text: &str) -> Outbound {
    outbound(delivery, OutboundContent::Text(text.to_owned()))
}

/// What the plugin wants remembered about the device.
fn remembered(reception: &Reception) -> PeerState {
    let changes = reception.peer_changes.iter();
    changes
        .filter_map(|change| Some((change.key.clone(), change.value.clone()?)))
        .collect()
}

fn content(event: &Event) -> &Content {
    let Happening::Said(content) = &event.happening else {
        panic!("{event:?}")
    };
    content
}

fn said(events: &[Event]) -> Vec<&Content> {
    events.iter().map(content).collect()
}

#[tokio::test]
async fn words_go_both_ways_character_for_character() {
    let world = World::with_anna().await;
    let words = "Grüße \"you\" ☕ 🥊 مرحبا\u{1}\nsecond line";
    world.apple.customer_sends(ANNA, words, vec![]).await;
    let events = world.events().await;
    assert_eq!(said(&events), [&Content::Text(words.to_owned())]);
    assert_eq!(events[0].customer, [Address::new("mbid", ANNA)]);
    assert_eq!(
        world.send_whole(text("d1", words), &PeerState::new()).await,
        1
    );
    let long = "Zwölf Boxkämpfer jagen Viktor. ".repeat(300);
    assert!(world.send_whole(text("d2", &long), &PeerState::new()).await > 3);
    let ledger = world.apple.ledger();
    let bodies = ledger.bodies_to(ANNA);
    assert_eq!(bodies[0], words);
    assert_eq!(bodies[1..].concat(), long);
    assert!(ledger.refused.is_empty(), "{:?}", ledger.refused);
}

#[tokio::test]
async fn typing_goes_both_ways() {
    let world = World::with_anna().await;
    for on in [true, false] {
        world
            .apple
            .deliver(CustomerMessage::new(ANNA, Said::Typing(on)))
            .await;
        assert_eq!(world.events().await[0].happening, Happening::Typing(on));
        world
            .send(outbound("s", OutboundContent::Typing(on)), PeerState::new())
            .await
            .unwrap();
    }
    let signs = world.apple.ledger().typing;
    assert_eq!(signs, [(ANNA.to_owned(), true), (ANNA.to_owned(), false)]);
}

fn file() -> File {
    File {
        handle: "f1".to_owned(),
        name: "Invoice + terms.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        size: INVOICE.len() as u64,
        url: "https://chat.example.com/media/abc".to_owned(),
        caption: Some("Your invoice".to_owned()),
    }
}

#[tokio::test]
async fn an_agents_file_arrives_byte_for_byte_each_under_its_own_key() {
    let world = World::with_anna().await;
    for delivery in ["d1", "d2"] {
        let message = outbound(delivery, OutboundContent::File(file()));
        assert_eq!(world.send_whole(message, &PeerState::new()).await, 2);
    }
    let ledger = world.apple.ledger();
    assert_eq!(ledger.bodies_to(ANNA), ["\u{fffc}Your invoice"; 2]);
    let files: Vec<_> = ledger
        .messages
        .iter()
        .map(|message| &message.files[0])
        .collect();
    assert_eq!(files[0].sha256, cipher::sha256_hex(INVOICE));
    assert_eq!(files[0].name, "Invoice___terms.pdf");
    assert_ne!(files[0].key, files[1].key);
}

#[tokio::test]
async fn a_customers_files_are_opened_and_decrypt_to_what_was_sent() {
    let world = World::with_anna().await;
    let photo = |name: &str, bytes: &'static [u8]| CustomerFile {
        name: name.to_owned(),
        content_type: "image/heic".to_owned(),
        bytes: Bytes::from_static(bytes),
    };
    let files = vec![photo("1.heic", b"\xffone"), photo("2.heic", b"two")];
    world
        .apple
        .customer_sends(ANNA, "first \u{fffc} second ", files)
        .await;
    let events = world.events().await;
    let contents = said(&events);
    assert_eq!(contents[0], &Content::Text("first ".to_owned()));
    for (content, clear) in [(contents[1], b"\xffone".as_slice()), (contents[3], b"two")] {
        let Content::Attachment(attachment) = content else {
            panic!("{content:?}")
        };
        assert_eq!(attachment.size, Some(clear.len() as u64));
        let reference = attachment.reference.clone();
        let open = move || AppleMessages::open_attachment(&reference, &PeerState::new());
        let download = world.plugin(open).await.unwrap();
        let answer = world.http.get(&download.request.url).send().await.unwrap();
        let key = download.decrypt.unwrap().key.try_into().unwrap();
        assert_eq!(cipher::apply(&key, &answer.bytes().await.unwrap()), clear);
    }
}

#[tokio::test]
async fn choices_fit_the_device_and_the_pick_is_the_choice() {
    let world = World::with_anna().await;
    let choice = |id: &str, description: Option<&str>| Choice {
        id: id.to_owned(),
        title: format!("Choice {id}"),
        description: description.map(str::to_owned),
    };
    let choices = |options| OutboundContent::Choices {
        text: "What is it about?".to_owned(),
        options,
    };
    let buttons = choices(vec![choice("a", None), choice("b", None)]);
    let list = choices(vec![choice("a", Some("first")), choice("b", None)]);
    let state = remembered(&world.received().await.unwrap());
    for (delivery, content) in [("d1", buttons.clone()), ("d2", list.clone())] {
        world.send_whole(outbound(delivery, content), &state).await;
        for said_how in [
            Said::Picks("b".to_owned()),
            Said::PicksByReference("b".to_owned()),
        ] {
            world
                .apple
                .deliver(CustomerMessage::new(ANNA, said_how))
                .await;
            let mut event = world.events().await.remove(0);
            if event.resolve.is_some() {
                let resolve = move || AppleMessages::resolve(&event, &PeerState::new());
                event = world.plugin(resolve).await.unwrap().0.remove(0);
            }
            let chosen = Content::Chosen {
                id: "b".to_owned(),
                title: "Choice b".to_owned(),
            };
            assert_eq!(said(&[event]), [&chosen]);
        }
    }
    let old = CustomerMessage {
        capabilities: Some("TIME".to_owned()),
        ..CustomerMessage::text(ANNA, "from my old phone")
    };
    world.apple.deliver(old).await;
    let state = remembered(&world.received().await.unwrap());
    for (delivery, content) in [("d3", buttons), ("d4", list)] {
        world.send_whole(outbound(delivery, content), &state).await;
    }
    let ledger = world.apple.ledger();
    let kinds: Vec<_> = ledger
        .messages
        .iter()
        .map(|message| message.kind.as_str())
        .collect();
    assert_eq!(kinds, ["interactive", "interactive", "text", "text"]);
    assert!(ledger.bodies_to(ANNA)[3].contains("1. Choice a - first"));
    assert!(ledger.refused.is_empty(), "{:?}", ledger.refused);
}

#[tokio::test]
async fn after_a_lost_answer_the_customer_reads_it_once() {
    let world = World::with_anna().await;
    world.apple.set_fault(Fault::DropAfterAccept, Times::Once);
    let message = text("d1", "only once");
    let lost = world.send(message.clone(), PeerState::new()).await;
    assert!(matches!(lost, Err(SendError::Unknown(_))), "{lost:?}");
    let now = u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let again = Outbound {
        attempt: Attempt {
            number: 2,
            unknown_since: Some(now),
            taken: Vec::new(),
        },
        ..message
    };
    world.send(again, PeerState::new()).await.unwrap();
    let ledger = world.apple.ledger();
    assert_eq!(ledger.bodies_to(ANNA), ["only once"]);
    assert_eq!(ledger.repeated.len(), 1);
}

#[tokio::test]
async fn a_close_opts_out_and_the_gateway_says_the_same() {
    let world = World::with_anna().await;
    world.apple.customer_closes(ANNA).await;
    let happenings: Vec<_> = world
        .events()
        .await
        .into_iter()
        .map(|event| event.happening)
        .collect();
    assert_eq!(happenings, [Happening::OptedOut(true), Happening::Left]);
    let refused = world.send(text("d1", "wait!"), PeerState::new()).await;
    assert!(
        matches!(refused, Err(SendError::OptedOut(_))),
        "{refused:?}"
    );
    assert!(world.apple.ledger().messages.is_empty());
}

#[tokio::test]
async fn what_is_tampered_with_is_refused() {
    let world = World::with_anna().await;
    for (tamper, authentic) in [
        (Tamper::BadSignature, false),
        (Tamper::NoToken, false),
        (Tamper::OtherAudience, false),
        (Tamper::OldToken, false),
        (Tamper::Truncated, true),
        (Tamper::Bomb, true),
    ] {
        let message = CustomerMessage {
            tamper,
            ..CustomerMessage::text(ANNA, "x")
        };
        world.apple.deliver(message).await;
        let taken = world.received().await;
        let as_it_should = match &taken {
            Err(Rejection::Unauthentic(_)) => !authentic,
            Err(Rejection::Malformed(_)) => authentic,
            Ok(_) | Err(Rejection::NotFound | Rejection::MethodNotAllowed) => false,
        };
        assert!(as_it_should, "{tamper:?}: {taken:?}");
    }
    let unpacked = CustomerMessage {
        tamper: Tamper::NotPacked,
        ..CustomerMessage::text(ANNA, "a relay unpacked it")
    };
    world.apple.deliver(unpacked).await;
    assert_eq!(said(&world.events().await).len(), 1);
}

#[tokio::test]
async fn the_check_notices_a_revoked_token() {
    let world = World::with_anna().await;
    let account = world.plugin(AppleMessages::check).await.unwrap();
    assert_eq!(account.id, world.apple.config().business_id);
    world.apple.revoke_token(true);
    let refused = world.plugin(AppleMessages::check).await;
    assert!(
        matches!(refused, Err(SendError::Credentials(_))),
        "{refused:?}"
    );
    world.apple.revoke_token(false);
    world.apple.set_outage(apple_simulator::Outage::Refuses);
    // The port closes when the listener hears of it.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let is_unreachable = |checked: &Result<_, _>| matches!(checked, Err(SendError::Again { .. }));
    while !is_unreachable(&world.plugin(AppleMessages::check).await) {
        assert!(tokio::time::Instant::now() < deadline);
    }
}

#[test]
fn the_stand_ins_usual_account_fits_the_manifest() {
    let config = apple_simulator::AppleConfig::default();
    let settings: BTreeMap<String, Value> = BTreeMap::from([
        ("msp_id".to_owned(), json!(config.msp_id)),
        ("business_id".to_owned(), json!(config.business_id)),
    ]);
    assert!(
        Manifest::parse(MANIFEST)
            .unwrap()
            .fill_in(&settings)
            .is_ok()
    );
}
