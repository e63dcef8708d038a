//! The fixtures, and what must hold for any input.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use trunkline_plugin::channel::{DeliveryName, Happening, OutboundContent, Progress};
use trunkline_plugin::harness::{Call, Fixture, Outcome, Suite, TestHost, fixtures_in};
use trunkline_plugin::manifest::Manifest;
use trunkline_plugin::secrets::{Encoding, Hash, sign};
use trunkline_plugin::{Channel as _, Header};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn suite() -> Suite {
    Suite::channel::<WhatsApp>(MANIFEST)
        .attachments::<WhatsApp>()
        .checking::<WhatsApp>()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    suite().run(FIXTURES);
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{FIXTURES}/{name}.json").as_ref()).expect("a fixture")
}

/// Sends a message to its end, call after call, as a host does; the requests that went out.
fn requests_of(mut fixture: Fixture) -> Vec<Value> {
    let mut requests = Vec::new();
    for _ in 0..1_000 {
        let sent = suite().call(&fixture).expect("the fixture fits");
        for request in &sent.requests {
            let request = serde_json::to_value(request).expect("json");
            let body = request["body"]["text"].as_str().unwrap_or("null");
            requests.push(serde_json::from_str(body).expect("a JSON body"));
        }
        let (Outcome::Sent(sent), Call::Send(message)) = (sent.result, &mut fixture.call) else {
            panic!("it was not sent");
        };
        match sent.progress {
            Progress::Rest(rest) => message.rest = Some(rest),
            Progress::All => return requests,
            other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
        }
    }
    panic!("it does not end");
}

fn with_content(name: &str, content: OutboundContent) -> Fixture {
    let mut fixture = fixture(name);
    let Call::Send(message) = &mut fixture.call else {
        panic!("a send")
    };
    message.content = content;
    fixture
}

fn file_with_caption(content_type: &str, caption: &str) -> OutboundContent {
    OutboundContent::File(trunkline_plugin::channel::File {
        handle: "f1".to_owned(),
        name: "a".to_owned(),
        content_type: content_type.to_owned(),
        size: 10,
        url: "https://chat.example.com/media/a".to_owned(),
        caption: Some(caption.to_owned()),
    })
}

proptest! {
    #[test]
    fn the_parts_of_a_text_together_are_the_text(
        text in "(\\PC{0,40}[ \n]|a{0,3000}|😀{0,2000}|e\u{301}{0,3000}){1,5}x",
    ) {
        let requests = requests_of(with_content("send-text", OutboundContent::Text(text.clone())));
        let parts: Vec<_> = requests.iter().map(|it| it["text"]["body"].as_str().expect("a text")).collect();
        prop_assert_eq!(parts.concat(), text);
        prop_assert!(parts.iter().all(|part| !part.is_empty() && part.encode_utf16().count() <= 4096));
        let names: Vec<_> = requests.iter().map(|it| it["biz_opaque_callback_data"].as_str().expect("a name")).collect();
        prop_assert_eq!(names.last() == Some(&"d12-3-7"), names.len() == 1);
        prop_assert_eq!(names.last() == Some(&"d12-3-7.last"), names.len() > 1);
        let earlier: BTreeSet<_> = names.iter().rev().skip(1).filter(|name| name.starts_with("d12-3-7.")).collect();
        prop_assert_eq!(earlier.len(), names.len() - 1, "each has a name of its own");
    }

    #[test]
    fn a_caption_arrives_whole_under_the_file_and_behind_it(
        caption in "(\\PC{0,40} |b{0,900}|😀{0,600}){1,4}x",
        picture in any::<bool>(),
    ) {
        let content_type = if picture { "image/png" } else { "audio/ogg" };
        let mut fixture = with_content("send-picture", file_with_caption(content_type, &caption));
        let Call::Send(message) = &mut fixture.call else { panic!("a send") };
        message.rest = Some(b"media:900000077".to_vec());
        let requests = requests_of(fixture);
        let under = requests[0]["image"]["caption"].as_str().unwrap_or_default();
        let behind: String = requests[1..].iter().map(|it| it["text"]["body"].as_str().expect("a text")).collect();
        prop_assert_eq!(format!("{under}{behind}"), caption);
        prop_assert!(under.encode_utf16().count() <= 1024);
        prop_assert_eq!(picture, requests[0]["image"].is_object());
    }

    #[test]
    fn a_text_through_the_template_loses_no_word(words in prop::collection::vec("[^\\s]{1,200}", 1..20)) {
        let text = words.join("\n");
        let requests = requests_of(with_content("send-shut-template", OutboundContent::Text(text)));
        let values: Vec<_> = requests
            .iter()
            .map(|it| it["template"]["components"][0]["parameters"][0]["text"].as_str().expect("a value"))
            .collect();
        prop_assert!(values.iter().all(|value| value.encode_utf16().count() <= 800 && !value.contains('\n')));
        let sent: String = values.concat().split_whitespace().collect();
        prop_assert_eq!(sent, words.concat().split_whitespace().collect::<String>());
    }
}

fn host() -> Rc<TestHost> {
    let mut fixture = fixture("text");
    let manifest = Manifest::parse(MANIFEST).expect("a manifest");
    let settings = manifest.fill_in(&fixture.settings).expect("they fit");
    fixture.answers.clear();
    Rc::new(TestHost::new(&fixture, &settings))
}

/// Signed as Meta does, so that the bytes get beyond the signature.
fn taken(body: &[u8]) -> Result<Reception, Rejection> {
    trunkline_plugin::with_host(host(), || {
        let mac = sign("app_secret", Encoding::Text, Hash::Sha256, body).expect("a secret");
        let digits: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = InboundRequest {
            method: "POST".to_owned(),
            headers: vec![Header::new(
                "x-hub-signature-256",
                format!("sha256={digits}"),
            )],
            body: body.to_vec(),
            ..InboundRequest::default()
        };
        WhatsApp::receive(&request, &PeerState::new())
    })
}

/// What the contract asks of any reception.
fn check_reception(reception: &Reception) -> Result<(), TestCaseError> {
    prop_assert_eq!(reception.answer.status, 200);
    let keys: BTreeSet<_> = reception.events.iter().map(|event| &event.key).collect();
    prop_assert_eq!(keys.len(), reception.events.len());
    for event in &reception.events {
        prop_assert!(
            !event.key.is_empty() && !event.account.is_empty(),
            "{:?}",
            event
        );
        prop_assert!(event.at < 1 << 53, "{:?}", event);
        prop_assert!(
            !event.customer.is_empty() || may_be_nobodys(&event.happening),
            "{:?}",
            event
        );
        let named = event.customer.iter().chain(&event.readdressed);
        prop_assert!(
            named.into_iter().all(|address| !address.value.is_empty()),
            "{:?}",
            event
        );
    }
    Ok(())
}

fn may_be_nobodys(happening: &Happening) -> bool {
    if let Happening::Receipt(receipt) = happening {
        return !matches!(receipt.delivery, DeliveryName::AllUntil(_));
    }
    matches!(happening, Happening::Notice { .. })
}

/// The bodies of all fixtures that are received and are JSON.
static BODIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let bodies: Vec<_> = fixtures_in(Path::new(FIXTURES))
        .iter()
        .map(|path| Fixture::load(path).expect("a fixture"))
        .filter_map(|fixture| {
            let Call::Receive(request) = fixture.call else {
                return None;
            };
            serde_json::from_slice(&request.body).ok()
        })
        .collect();
    assert!(bodies.len() > 50);
    bodies
});

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(
                "(id|type|from|text|image|messages|errors|\\PC{0,4})",
                inner,
                0..3
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Walks down to a node by these turns and replaces it (or, with nothing to put there, removes it).
fn mutate(value: &mut Value, turns: &[usize], put: Option<Value>) {
    let Some((turn, deeper)) = turns.split_first() else {
        *value = put.unwrap_or(Value::Null);
        return;
    };
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            let at = turn % elements.len();
            if deeper.is_empty() && put.is_none() {
                let again = elements[at].clone();
                elements.push(again);
            } else {
                mutate(&mut elements[at], deeper, put);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields
                .keys()
                .nth(turn % fields.len())
                .cloned()
                .unwrap_or_default();
            if deeper.is_empty() && put.is_none() {
                fields.remove(&name);
            } else if let Some(inner) = fields.get_mut(&name) {
                mutate(inner, deeper, put);
            }
        }
        leaf @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => {
            *leaf = put.unwrap_or(Value::Null);
        }
    }
}

proptest! {
    #[test]
    fn receive_answers_any_bytes_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        match taken(&body) {
            Ok(reception) => check_reception(&reception)?,
            Err(rejection) => prop_assert!(matches!(rejection, Rejection::Malformed(_)), "{:?}", rejection),
        }
    }

    #[test]
    fn receive_makes_valid_events_of_mutated_payloads(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(
            (prop::collection::vec(0_usize..12, 1..9), prop::option::of(any_json())),
            1..5,
        ),
    ) {
        let mut body = which.get(&BODIES).clone();
        for (turns, put) in mutations {
            mutate(&mut body, &turns, put);
        }
        match taken(body.to_string().as_bytes()) {
            Ok(reception) => check_reception(&reception)?,
            Err(rejection) => prop_assert!(matches!(rejection, Rejection::Malformed(_)), "{:?}", rejection),
        }
    }

    #[test]
    fn a_call_with_one_bit_flipped_is_refused(at in any::<prop::sample::Index>(), bit in 0_u8..8, vector in 0_usize..3) {
        let mut fixture = fixture(["vector-page", "vector-empty-entry", "text"][vector]);
        let Call::Receive(request) = &mut fixture.call else { panic!("a receive") };
        let at = at.index(request.body.len());
        request.body[at] ^= 1 << bit;
        let found = suite().call(&fixture).expect("the fixture fits");
        prop_assert!(matches!(found.result, Outcome::Rejected(Rejection::Unauthentic(_))), "{:?}", found);
    }
}
