//! The fixtures, and what must hold for any input.

use proptest::prelude::*;
use trunkline_plugin::channel::{OutboundContent, Progress, SocketAction};
use trunkline_plugin::harness::{Call, Fixture, Outcome, Suite, TestHost};
use trunkline_plugin::manifest::Manifest;
use trunkline_plugin::{Channel as _, PeerState};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn suite() -> Suite {
    Suite::channel::<InApp>(MANIFEST).checking::<InApp>()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    suite().run(FIXTURES);
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{FIXTURES}/{name}.json").as_ref()).expect("a fixture")
}

fn received(fixture: &Fixture) -> Reception {
    let found = suite().call(fixture).expect("the fixture fits").result;
    let Outcome::Reception(reception) = found else {
        panic!("{found:?}")
    };
    reception
}

#[test]
fn what_is_taken_is_what_the_manifest_says() {
    let manifest = Manifest::parse(MANIFEST).expect("a manifest");
    let files = manifest.capabilities.attachments_in.expect("files");
    assert_eq!(files.types, files::TYPES);
    assert_eq!(files.size_max, Some(files::BYTES_MAX));
}

#[test]
fn a_message_said_again_has_the_same_key_and_another_customers_has_not() {
    let mut again = fixture("say");
    let key = |fixture: &Fixture| received(fixture).events[0].key.clone();
    let first = key(&again);
    again.now += 60_000;
    assert_eq!(key(&again), first);
    let Call::Receive(request) = &mut again.call else {
        panic!("a receive")
    };
    request.peer = Some("user:someone-else".to_owned());
    assert_ne!(key(&again), first);
}

#[test]
fn the_secret_of_a_browser_goes_nowhere() {
    let secret = "q3Zk0mPzqYt5d8Yc1jW7uR2nF4sV6xB9eH0aLgTiKoM";
    let written = serde_json::to_string(&received(&fixture("hello"))).expect("json");
    assert!(!written.contains(secret));
    assert!(!written.contains("session=secret"));
}

#[test]
fn nobody_is_attached_without_being_let_in() {
    for path in trunkline_plugin::harness::fixtures_in(FIXTURES.as_ref()) {
        let fixture = Fixture::load(&path).expect("a fixture");
        let Ok(found) = suite().call(&fixture) else {
            continue;
        };
        let Outcome::Reception(reception) = found.result else {
            continue;
        };
        let attached = reception
            .socket
            .iter()
            .any(|action| matches!(action, SocketAction::Attach { .. }));
        let refused = reception.socket.iter().any(|action| {
            matches!(action, SocketAction::Frames(frames) if frames.iter().any(|frame| frame.starts_with(br#"{"op":"bye""#)))
        });
        assert!(!(attached && refused), "{}", path.display());
        assert!(
            !refused || reception.events.is_empty(),
            "{}",
            path.display()
        );
    }
}

/// Sends a message to its end, call after call, as a host does; the frames that were pushed.
fn frames_of(mut fixture: Fixture) -> Vec<serde_json::Value> {
    let mut frames = Vec::new();
    for _ in 0..100 {
        let found = suite().call(&fixture).expect("the fixture fits");
        let written = serde_json::to_value(&found).expect("json");
        frames.extend(frames_in(&written));
        let (Outcome::Sent(sent), Call::Send(message)) = (found.result, &mut fixture.call) else {
            panic!("it was not sent");
        };
        match sent.progress {
            Progress::Rest(rest) => message.rest = Some(rest),
            Progress::All => return frames,
            other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
        }
    }
    panic!("it does not end");
}

fn frames_in(expected: &serde_json::Value) -> Vec<serde_json::Value> {
    let frames = expected["frames"].as_array().expect("frames").iter();
    frames
        .map(|frame| frame["push"]["frame"].as_str().expect("a text"))
        .map(|frame| serde_json::from_str(frame).expect("json"))
        .collect()
}

#[test]
fn a_long_text_arrives_whole_over_several_frames() {
    let mut fixture = fixture("send-long-first");
    let Call::Send(message) = &mut fixture.call else {
        panic!("a send")
    };
    let text =
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 🥊\u{1}".repeat(300);
    message.content = OutboundContent::Text(text.clone());
    let frames = frames_of(fixture);
    let parts: Vec<&str> = frames
        .iter()
        .map(|frame| frame["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(parts.concat(), text);
    let mut ids: Vec<&str> = frames
        .iter()
        .map(|frame| frame["id"].as_str().expect("an id"))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), frames.len());
    assert!(
        frames
            .iter()
            .all(|frame| frame.to_string().len() < 64 * 1024)
    );
}

proptest! {
    #[test]
    fn receive_answers_any_bytes_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200), attached in any::<bool>()) {
        let _ = frame(&body, attached);
    }

    #[test]
    fn receive_answers_any_frame_without_a_panic(
        op in "hello|say|choose|upload|typing|ack|read|file|leave|ping|\\PC{0,8}",
        id in "\\PC{0,80}",
        text in "\\PC{0,40}",
        number in any::<u64>(),
        attached in any::<bool>(),
    ) {
        let body = serde_json::json!({
            "op": op, "id": id, "text": text, "choice": text, "title": text, "name": text, "type": text, "token": text,
            "visitor": text, "size": number, "seq": number, "at": number, "after": number, "on": attached, "accepted": attached,
        });
        let taken = frame(body.to_string().as_bytes(), attached);
        let events = taken.map(|reception| reception.events).unwrap_or_default();
        for event in events {
            prop_assert!(event.key.len() < 400 && !event.customer.is_empty(), "{:?}", event);
        }
    }
}

fn frame(body: &[u8], attached: bool) -> Result<Reception, Rejection> {
    let mut fixture = fixture("hello-either-anonymous");
    fixture.call = Call::Check;
    let manifest = Manifest::parse(MANIFEST).expect("a manifest");
    let settings = manifest.fill_in(&fixture.settings).expect("they fit");
    let request = InboundRequest {
        method: "FRAME".to_owned(),
        body: body.to_vec(),
        peer: attached.then(|| "anonymous:0123456789abcdef0123456789abcdef".to_owned()),
        ..InboundRequest::default()
    };
    let host = std::rc::Rc::new(TestHost::new(&fixture, &settings));
    trunkline_plugin::with_host(host, || InApp::receive(&request, &PeerState::new()))
}
