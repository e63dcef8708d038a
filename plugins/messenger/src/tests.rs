//! The fixtures, and what must hold for any input.

use std::rc::Rc;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use trunkline_plugin::channel::{DeliveryName, Happening, OutboundContent, Progress};
use trunkline_plugin::harness::{
    Call, Fixture, Outcome, Suite, TestHost, WrittenRequest, fixtures_in,
};
use trunkline_plugin::manifest::Manifest;
use trunkline_plugin::secrets::{Encoding, Hash, sign};
use trunkline_plugin::split::{Utf16Units, length};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn suite() -> Suite {
    Suite::channel::<Messenger>(MANIFEST)
        .resolving::<Messenger>()
        .attachments::<Messenger>()
        .checking::<Messenger>()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    suite().run(FIXTURES);
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{FIXTURES}/{name}.json").as_ref()).expect("a fixture")
}

/// Sends a message to its end, call after call, as a host does; the texts that went out.
fn texts_of(mut fixture: Fixture) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..1_000 {
        let sent = suite().call(&fixture).expect("the fixture fits");
        let request = serde_json::to_value(&sent.requests[0]).expect("json");
        let body = request["body"]["text"].as_str().expect("a text");
        let body: serde_json::Value = serde_json::from_str(body).expect("json");
        let text = body["message"]["text"].as_str().expect("a text");
        texts.push(text.to_owned());
        let (Outcome::Sent(sent), Call::Send(message)) = (sent.result, &mut fixture.call) else {
            panic!("it was not sent");
        };
        match sent.progress {
            Progress::Rest(rest) => message.rest = Some(rest),
            Progress::All => return texts,
            other @ (Progress::Wait(_) | Progress::NotApplicable) => panic!("{other:?}"),
        }
    }
    panic!("it does not end");
}

/// Bytes as Meta posts them, signed with the app secret.
fn signed(body: &[u8]) -> Fixture {
    let mut fixture = fixture("text");
    let host = Rc::new(TestHost::new(&fixture, &settings()));
    let mac = trunkline_plugin::with_host(host, || {
        sign("app_secret", Encoding::Text, Hash::Sha256, body)
    });
    let digits: String = mac
        .expect("a secret")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let request = request(&mut fixture);
    request.headers = [("x-hub-signature-256".to_owned(), format!("sha256={digits}"))].into();
    request.body = body.to_vec();
    fixture
}

fn request(fixture: &mut Fixture) -> &mut WrittenRequest {
    let Call::Receive(request) = &mut fixture.call else {
        panic!("a receive")
    };
    request
}

fn settings() -> std::collections::BTreeMap<String, serde_json::Value> {
    let manifest = Manifest::parse(MANIFEST).expect("a manifest");
    manifest
        .fill_in(&fixture("text").settings)
        .expect("they fit")
}

/// What a host counts on: keys and accounts are there, and customers where events need them.
fn is_valid(outcome: &Outcome) -> bool {
    let Outcome::Reception(reception) = outcome else {
        return matches!(outcome, Outcome::Rejected(_));
    };
    reception.events.iter().all(|event| {
        let names_itself = match &event.happening {
            Happening::Notice { .. } => true,
            Happening::Receipt(receipt) => !matches!(receipt.delivery, DeliveryName::AllUntil(_)),
            Happening::Said(_)
            | Happening::Edited { .. }
            | Happening::Withdrawn(_)
            | Happening::Reacted { .. }
            | Happening::Typing(_)
            | Happening::FileAnswer { .. }
            | Happening::OptedOut(_)
            | Happening::OptedIn
            | Happening::Left => false,
        };
        !event.key.is_empty()
            && !event.account.is_empty()
            && event.at < 1 << 53
            && (names_itself || !event.customer.is_empty())
            && event.customer.iter().all(|it| !it.value.is_empty())
    })
}

/// Bodies that Meta could have posted: those of the fixtures.
fn bodies() -> &'static [Vec<u8>] {
    static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let paths = fixtures_in(FIXTURES.as_ref());
        let fixtures = paths
            .iter()
            .map(|path| Fixture::load(path).expect("a fixture"));
        fixtures.filter_map(body_of).collect()
    });
    &BODIES
}

fn body_of(fixture: Fixture) -> Option<Vec<u8>> {
    match fixture.call {
        Call::Receive(request) => Some(request.body),
        Call::Send(_)
        | Call::Resolve(_)
        | Call::OpenAttachment(_)
        | Call::Check
        | Call::On { .. }
        | Call::Callback(_) => None,
    }
}

#[test]
fn a_vector_with_any_bit_flipped_is_refused() {
    let good = fixture("vector");
    let bits = request(&mut good.clone()).body.len() * 8;
    for bit in 0..bits {
        let mut flipped = good.clone();
        request(&mut flipped).body[bit / 8] ^= 1 << (bit % 8);
        let found = suite().call(&flipped).expect("the fixture fits");
        let refused = matches!(found.result, Outcome::Rejected(Rejection::Unauthentic(_)));
        assert!(refused, "bit {bit}: {found:?}");
    }
}

proptest! {
    #[test]
    fn receive_answers_any_bytes_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let found = suite().call(&signed(&body)).expect("the fixture fits");
        prop_assert!(is_valid(&found.result), "{:?}", found.result);
    }

    #[test]
    fn a_mutated_webhook_is_events_or_a_rejection(
        which in any::<Index>(),
        at in any::<Index>(),
        cut in 0_usize..40,
        put in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let bodies = bodies();
        let mut body = which.get(bodies).clone();
        let start = at.index(body.len() + 1);
        let end = (start + cut).min(body.len());
        body.splice(start..end, put);
        let found = suite().call(&signed(&body)).expect("the fixture fits");
        prop_assert!(is_valid(&found.result), "{:?}", found.result);
    }

    #[test]
    fn a_value_of_another_shape_costs_no_panic(
        which in any::<Index>(),
        at in any::<Index>(),
        put in prop_oneof![
            Just("null"), Just("[]"), Just("{}"), Just("-1"), Just("1e300"), Just("\"\""), Just("true"),
            Just("18446744073709551615"), Just("[[{\"id\":{}}]]"), Just("\"\\ud83d\""),
        ],
    ) {
        let bodies = bodies();
        let body = String::from_utf8_lossy(which.get(bodies).as_slice()).into_owned();
        // Behind some colon stands a value; up to the next comma or bracket it is another one.
        let colons: Vec<_> = body.match_indices("\":").map(|(at, _)| at + 2).collect();
        prop_assume!(!colons.is_empty());
        let start = *at.get(&colons);
        let end = body[start..].find([',', '}', ']']).map_or(body.len(), |end| start + end);
        let body = format!("{}{put}{}", &body[..start], &body[end..]);
        let found = suite().call(&signed(body.as_bytes())).expect("the fixture fits");
        prop_assert!(is_valid(&found.result), "{:?}", found.result);
    }

    #[test]
    fn a_text_goes_out_whole_in_parts_that_fit(
        words in proptest::collection::vec("[a-zé]{1,30}|😀{1,9}|👨\u{200d}👩\u{200d}👧|x{900,1100}", 1..60),
        space in "[ \n]",
    ) {
        let text = words.join(&space);
        let mut fixture = fixture("send-text");
        let Call::Send(message) = &mut fixture.call else { panic!("a send") };
        message.content = OutboundContent::Text(text.clone());
        let texts = texts_of(fixture);
        prop_assert_eq!(texts.concat(), text);
        prop_assert!(texts.iter().all(|text| length::<Utf16Units>(text) <= 2_000));
    }
}
