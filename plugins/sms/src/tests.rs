//! The fixtures, and what must hold for any input.

use proptest::prelude::*;
use trunkline_plugin::channel::{OutboundContent, Progress};
use trunkline_plugin::harness::{Call, Fixture, Outcome, Suite, TestHost};
use trunkline_plugin::{Channel as _, PeerState};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn suite() -> Suite {
    Suite::channel::<Sms>(MANIFEST)
        .attachments::<Sms>()
        .checking::<Sms>()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    suite().run(FIXTURES);
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{FIXTURES}/{name}.json").as_ref()).expect("a fixture")
}

/// Sends a message to its end, call after call, as a host does; the bodies that went out.
fn bodies_of(mut fixture: Fixture) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..1_000 {
        let sent = suite().call(&fixture).expect("the fixture fits");
        let request = serde_json::to_value(&sent.requests[0]).expect("json");
        let fields = request["body"]["form"].as_array().expect("a form").iter();
        let body = fields
            .filter(|field| field["name"] == "Body")
            .map(|field| field["value"]["text"].as_str());
        bodies.push(
            body.map(|text| text.expect("a text").to_owned())
                .collect::<String>(),
        );
        let (Outcome::Sent(sent), Call::Send(message)) = (sent.result, &mut fixture.call) else {
            panic!("it was not sent");
        };
        match sent.progress {
            Progress::Rest(rest) => message.rest = Some(rest),
            Progress::All => return bodies,
            other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
        }
    }
    panic!("it does not end");
}

#[test]
fn a_long_text_goes_out_whole_over_several_calls() {
    let mut fixture = fixture("send-long-first");
    let Call::Send(message) = &mut fixture.call else {
        panic!("a send")
    };
    let text = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 🥊 ".repeat(100);
    message.content = OutboundContent::Text(text.clone());
    let bodies = bodies_of(fixture);
    assert_eq!(bodies.concat(), text);
    assert!(bodies.len() > 3 && bodies.iter().all(|body| body.chars().count() <= 1600));
}

#[test]
fn a_get_whose_parameters_were_changed_is_refused() {
    let mut fixture = fixture("get");
    let Call::Receive(request) = &mut fixture.call else {
        panic!("a receive")
    };
    request.url = request.url.replace("By+GET", "Other");
    let found = suite().call(&fixture).expect("the fixture fits");
    assert!(
        matches!(found.result, Outcome::Rejected(Rejection::Unauthentic(_))),
        "{found:?}"
    );
}

proptest! {
    #[test]
    fn receive_answers_any_bytes_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        path in "(/status)?",
        query in "\\PC{0,40}",
        post in any::<bool>(),
    ) {
        let signed = signed_request(&body, &path, &query, post);
        let mut fixture = fixture("text");
        fixture.call = Call::Check;
        let host = std::rc::Rc::new(TestHost::new(&fixture, &settings()));
        let taken = trunkline_plugin::with_host(host, || Sms::receive(&signed, &PeerState::new()));
        prop_assert!(!matches!(taken, Err(Rejection::Unauthentic(_))), "{:?}", taken);
    }
}

fn settings() -> std::collections::BTreeMap<String, serde_json::Value> {
    let manifest = trunkline_plugin::manifest::Manifest::parse(MANIFEST).expect("a manifest");
    manifest
        .fill_in(&fixture("text").settings)
        .expect("they fit")
}

/// Signed as Twilio does, so that the bytes get beyond the signature.
fn signed_request(body: &[u8], path: &str, query: &str, post: bool) -> InboundRequest {
    use base64::Engine as _;
    use trunkline_plugin::secrets::{Encoding, Hash, sign};

    let url = format!("https://chat.example.com/channels/acme-sms{path}?{query}");
    let mut pairs = if post {
        wire::Form::parse(body).0
    } else {
        Vec::new()
    };
    pairs.sort();
    pairs.dedup();
    let data = pairs
        .into_iter()
        .fold(url.clone().into_bytes(), |data, (name, value)| {
            [data, name, value].concat()
        });
    let host = std::rc::Rc::new(TestHost::new(&fixture("text"), &settings()));
    let mac = trunkline_plugin::with_host(host, || {
        sign("auth_token", Encoding::Text, Hash::Sha1, &data)
    });
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.expect("a token"));
    InboundRequest {
        method: if post { "POST" } else { "GET" }.to_owned(),
        url,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![trunkline_plugin::Header::new(
            "x-twilio-signature",
            signature,
        )],
        body: body.to_vec(),
        peer: None,
    }
}
