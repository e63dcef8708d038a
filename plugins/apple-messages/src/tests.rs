//! All fixtures, and what they cannot show: whole messages over several calls, any bytes, mutated messages.

use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::Value;
use trunkline_plugin::channel::{Outbound, OutboundContent, Progress};
use trunkline_plugin::harness::{Call, Fixture, Outcome, Suite, TestHost};
use trunkline_plugin::http::Body;
use trunkline_plugin::{Header, PeerState};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn suite() -> Suite {
    Suite::channel::<AppleMessages>(MANIFEST)
        .resolving::<AppleMessages>()
        .attachments::<AppleMessages>()
        .checking::<AppleMessages>()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    suite().run(FIXTURES);
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{FIXTURES}/{name}.json").as_ref()).expect("a fixture")
}

fn settings() -> BTreeMap<String, Value> {
    let manifest = trunkline_plugin::manifest::Manifest::parse(MANIFEST).expect("a manifest");
    manifest
        .fill_in(&fixture("text").settings)
        .expect("they fit")
}

fn received(fixture: &Fixture, request: &InboundRequest) -> Result<Reception, Rejection> {
    let host = Rc::new(TestHost::new(fixture, &settings()));
    trunkline_plugin::with_host(host, || AppleMessages::receive(request, &PeerState::new()))
}

fn outbound(fixture: &mut Fixture) -> &mut Outbound {
    let Call::Send(message) = &mut fixture.call else {
        panic!("a send")
    };
    message
}

/// Sends a message to its end, call after call, as a host does; the gateway's messages.
fn sent_whole(mut fixture: Fixture) -> Vec<Value> {
    let mut messages = Vec::new();
    for _ in 0..1_000 {
        let found = suite().call(&fixture).expect("the fixture fits");
        let last = found.requests.last().expect("a request");
        let Body::Text(body) = &last.body else {
            panic!("{last:?}")
        };
        messages.push(serde_json::from_str(body).expect("JSON"));
        let Outcome::Sent(sent) = found.result else {
            panic!("it was not sent: {found:?}")
        };
        match sent.progress {
            Progress::Rest(rest) => outbound(&mut fixture).rest = Some(rest),
            Progress::All => return messages,
            other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
        }
    }
    panic!("it does not end");
}

fn bodies(messages: &[Value]) -> String {
    let body = |message: &Value| message["body"].as_str().expect("a body").to_owned();
    messages.iter().map(body).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_parts_of_any_text_are_the_text(text in "(\\PC{1,20}[ \n🥊é]){1,600}") {
        let mut fixture = fixture("send-text");
        outbound(&mut fixture).content = OutboundContent::Text(text.clone());
        let messages = sent_whole(fixture);
        prop_assert_eq!(bodies(&messages), text);
        let ids: std::collections::BTreeSet<_> =
            messages.iter().map(|message| message["id"].to_string()).collect();
        prop_assert_eq!(ids.len(), messages.len());
        let short = messages.iter().all(|m| m["body"].as_str().is_some_and(|b| b.chars().count() <= 3000));
        prop_assert!(short);
    }
}

#[test]
fn a_long_caption_follows_its_file_whole() {
    let caption =
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 🥊 ".repeat(100);
    let mut fixture = fixture("send-file-message");
    let OutboundContent::File(file) = &mut outbound(&mut fixture).content else {
        panic!("a file")
    };
    file.caption = Some(caption.clone());
    let messages = sent_whole(fixture);
    assert_eq!(bodies(&messages), format!("\u{fffc}{caption}"));
    let with_files = messages.iter().filter(|m| m.get("attachments").is_some());
    assert_eq!(with_files.count(), 1);
}

#[test]
fn a_long_question_goes_before_its_buttons_whole() {
    let question = "A question that goes on and on, and on. ".repeat(100) + "\nYes or no?";
    let mut fixture = fixture("send-choices-buttons");
    let OutboundContent::Choices { text, .. } = &mut outbound(&mut fixture).content else {
        panic!("choices")
    };
    text.clone_from(&question);
    let messages = sent_whole(fixture);
    let (picker, texts) = messages.split_last().expect("messages");
    assert_eq!(bodies(texts), question);
    let reply = &picker["interactiveData"]["data"]["quick-reply"];
    assert_eq!(reply["summaryText"], "Yes or no?");
}

#[test]
fn ids_differ_by_customer_delivery_and_part_and_never_by_attempt() {
    let id = |customer, delivery, nth| compose::message_id("biz", customer, delivery, nth);
    let all = [
        id("a", "d1", 0),
        id("b", "d1", 0),
        id("a", "d2", 0),
        id("a", "d1", 1),
        compose::message_id("other", "a", "d1", 0),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(id("a", "d1", 0), all[0]);
}

#[test]
fn every_flipped_bit_of_a_token_is_refused() {
    let fixture = fixture("vector-token");
    let Call::Receive(written) = &fixture.call else {
        panic!("a receive")
    };
    let request = written.to_request(&fixture.public_url).expect("a request");
    assert!(received(&fixture, &request).is_ok());
    let position = request
        .headers
        .iter()
        .position(|header| header.name.eq_ignore_ascii_case("authorization"))
        .expect("a token");
    let token = request.headers[position].value.clone();
    for at in "Bearer ".len()..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let mut flipped = request.clone();
            flipped.headers[position].value = String::from_utf8(bytes).expect("ASCII");
            let taken = received(&fixture, &flipped);
            assert!(
                matches!(taken, Err(Rejection::Unauthentic(_))),
                "byte {at}, bit {bit}: {taken:?}"
            );
        }
    }
}

/// A request with a good token, so that the bytes get beyond it.
fn authentic(fixture: &Fixture, body: &[u8], packed: bool) -> InboundRequest {
    let Call::Receive(written) = &fixture.call else {
        panic!("a receive")
    };
    let mut request = written.to_request(&fixture.public_url).expect("a request");
    request.body = body.to_vec();
    if packed {
        request
            .headers
            .push(Header::new("content-encoding", "gzip"));
    }
    request
}

/// Bodies of the fixtures that are taken.
fn valid_bodies() -> Vec<Vec<u8>> {
    let names = [
        "text",
        "text-gzip",
        "files-between-words",
        "quick-reply",
        "list-picker-several",
        "time",
        "form",
        "reply-archived",
        "reference",
        "rich-link",
        "close",
    ];
    let body = |name: &str| {
        let Call::Receive(request) = fixture(name).call else {
            panic!("a receive")
        };
        request.body
    };
    names.into_iter().map(body).collect()
}

/// Typed refusal, or events as a host wants them.
fn is_sound(taken: &Result<Reception, Rejection>) -> bool {
    match taken {
        Err(Rejection::Malformed(_)) => true,
        Err(_) => false,
        Ok(reception) => {
            let keys: std::collections::BTreeSet<_> =
                reception.events.iter().map(|event| &event.key).collect();
            let whole = reception.events.iter().all(|event| {
                !event.key.is_empty() && !event.account.is_empty() && event.customer.len() == 1
            });
            reception.answer.status == 200 && whole && keys.len() == reception.events.len()
        }
    }
}

proptest! {
    #[test]
    fn receive_answers_any_bytes_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..600),
        packed in any::<bool>(),
    ) {
        let fixture = fixture("text");
        let taken = received(&fixture, &authentic(&fixture, &body, packed));
        prop_assert!(is_sound(&taken), "{:?}", taken);
    }

    #[test]
    fn receive_answers_mutated_messages_without_a_panic(
        which in 0_usize..11,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..8),
    ) {
        let mut body = valid_bodies().swap_remove(which);
        for (index, byte, how) in changes {
            if body.is_empty() {
                continue;
            }
            let at = index.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        let fixture = fixture("text");
        let taken = received(&fixture, &authentic(&fixture, &body, false));
        prop_assert!(is_sound(&taken), "{:?}", taken);
    }

    #[test]
    fn receive_answers_any_headers_without_a_panic(
        headers in proptest::collection::vec(
            ("(authorization|id|source-id|destination-id|capability-list|content-encoding)", "\\PC{0,30}"), 0..8),
    ) {
        let fixture = fixture("text");
        let mut request = authentic(&fixture, b"{}", false);
        request.headers.retain(|header| header.name.eq_ignore_ascii_case("authorization"));
        request.headers.extend(headers.into_iter().map(|(name, value)| Header::new(name, value)));
        let taken = received(&fixture, &request);
        prop_assert!(is_sound(&taken), "{:?}", taken);
    }

    #[test]
    fn interactive_data_of_any_shape_is_read_without_a_panic(
        keys in proptest::collection::vec("(data|quick-reply|items|selectedIndex|listPicker|sections|replyMessage|title|identifier|\\$objects|event|timeslots|dynamic|selections)", 1..6),
        leaf in prop_oneof![Just(Value::Null), Just(serde_json::json!(-1)), Just(serde_json::json!("?replyMessage=%%")), Just(serde_json::json!([[], {}, "x"]))],
    ) {
        let data = keys.into_iter().fold(leaf, |inner, key| serde_json::json!({ key: [inner.clone(), { "items": inner }] }));
        let _ = interactive::content(&data);
        let _ = interactive::content(&data["data"][0]);
    }
}
