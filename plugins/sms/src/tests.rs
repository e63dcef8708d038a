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
    fn receive_answers_any_bytes_of_twilio_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        path in "(/status)?",
        query in "\\PC{0,40}",
        post in any::<bool>(),
    ) {
        let signed = twilio_request(&body, &path, &query, post);
        let taken = received("text", &signed);
        prop_assert!(!matches!(taken, Err(Rejection::Unauthentic(_))), "{:?}", taken);
    }

    #[test]
    fn receive_answers_any_form_of_vonage_without_a_panic(
        pairs in proptest::collection::vec((field_of_vonage(), "\\PC{0,20}"), 1..12),
        path in "(/status)?",
        post in any::<bool>(),
    ) {
        let signed = vonage_request(pairs, &path, post);
        let taken = received("vonage-vector-sha256", &signed);
        prop_assert!(!matches!(taken, Err(Rejection::Unauthentic(_))), "{:?}", taken);
    }

    #[test]
    fn receive_answers_any_bytes_for_vonage_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        json in any::<bool>(),
        authorization in "(Bearer [a-zA-Z0-9._-]{0,40})?",
    ) {
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        let headers = [("content-type", kind), ("authorization", &authorization)];
        let taken = received("vonage-vector-sha256", &request("", "", &headers, body, true));
        // Nobody signed it: either nothing is in it, or it is refused.
        prop_assert!(taken.is_err() || taken.is_ok_and(|taken| taken.events.is_empty()));
    }

    #[test]
    fn receive_answers_any_json_of_a_gateway_without_a_panic(
        json in json(),
        path in "(/status)?",
        listed in any::<bool>(),
    ) {
        let body = serde_json::to_vec(&json).expect("json");
        let (fixture, header, value) = if listed {
            ("generic-list", "authorization", "Bearer inbound-0001".to_owned())
        } else {
            ("generic-json", "x-signature", hmac_hex("generic-json", "inbound_secret", &body))
        };
        let taken = received(fixture, &request(&path, "", &[(header, &value)], body, true));
        prop_assert!(!matches!(taken, Err(Rejection::Unauthentic(_))), "{:?}", taken);
    }

    #[test]
    fn receive_answers_any_form_of_a_gateway_without_a_panic(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        path in "(/status)?",
    ) {
        let taken = received("generic-form", &request(&path, "key=inbound-0001", &[], body, true));
        prop_assert!(!matches!(taken, Err(Rejection::Unauthentic(_))), "{:?}", taken);
    }
}

/// What the plugin makes of this request on the channel of that fixture.
fn received(fixture_name: &str, request: &InboundRequest) -> Result<Reception, Rejection> {
    on_channel_of(fixture_name, || Sms::receive(request, &PeerState::new()))
}

fn on_channel_of<T>(name: &str, call: impl FnOnce() -> T) -> T {
    let fixture = fixture(name);
    let manifest = trunkline_plugin::manifest::Manifest::parse(MANIFEST).expect("a manifest");
    let settings = manifest.fill_in(&fixture.settings).expect("they fit");
    let host = std::rc::Rc::new(TestHost::new(&fixture, &settings));
    trunkline_plugin::with_host(host, call)
}

fn hmac_hex(fixture: &str, secret: &str, data: &[u8]) -> String {
    use trunkline_plugin::secrets::{Encoding, Hash, sign};

    let mac = on_channel_of(fixture, || sign(secret, Encoding::Text, Hash::Sha256, data));
    hex::to_hex(&mac.expect("a secret"))
}

fn request(
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    post: bool,
) -> InboundRequest {
    let headers = headers.iter().filter(|(_, value)| !value.is_empty());
    InboundRequest {
        method: if post { "POST" } else { "GET" }.to_owned(),
        url: format!("https://chat.example.com/channels/acme-sms{path}?{query}"),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers
            .map(|(name, value)| trunkline_plugin::Header::new(*name, *value))
            .collect(),
        body,
        peer: None,
    }
}

fn field_of_vonage() -> impl Strategy<Value = String> {
    let known = [
        "msisdn",
        "to",
        "messageId",
        "text",
        "type",
        "status",
        "err-code",
        "client-ref",
        "concat",
        "concat-ref",
        "concat-total",
        "concat-part",
        "message-timestamp",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-z-]{1,8}".prop_filter("it would be an old signature", |name| name != "sig"),
    ]
}

/// Signed as Vonage does, so that the fields get beyond the signature.
fn vonage_request(pairs: Vec<(String, String)>, path: &str, post: bool) -> InboundRequest {
    let mut pairs: Vec<_> = pairs
        .into_iter()
        .filter(|(name, _)| name != "timestamp")
        .collect();
    let mut sorted = pairs.clone();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let data: String = sorted
        .iter()
        .map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_")))
        .collect();
    pairs.push((
        "sig".to_owned(),
        hmac_hex("vonage-vector-sha256", "signature_secret", data.as_bytes()),
    ));
    let encoded: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)))
        .collect();
    let form = encoded.join("&");
    let (query, body) = if post {
        ("", form.clone().into_bytes())
    } else {
        (form.as_str(), Vec::new())
    };
    request(path, query, &[], body, post)
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Any JSON, with the names of the fixtures' gateways in it.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        "\\PC{0,20}".prop_map(Into::into),
    ];
    let names = [
        "id",
        "sender",
        "recipient",
        "message",
        "text",
        "received",
        "state",
        "reference",
        "results",
        "messageId",
        "from",
        "to",
        "ref",
        "part",
        "parts",
    ];
    leaf.prop_recursive(3, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map(proptest::sample::select(names.to_vec()), inner, 0..8)
                .prop_map(|fields| fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
        ]
    })
}

/// Signed as Twilio does.
fn twilio_request(body: &[u8], path: &str, query: &str, post: bool) -> InboundRequest {
    use base64::Engine as _;
    use trunkline_plugin::secrets::{Encoding, Hash, sign};

    let unsigned = request(path, query, &[], body.to_vec(), post);
    let mut pairs = if post {
        form::Form::parse(body).0
    } else {
        Vec::new()
    };
    pairs.sort();
    pairs.dedup();
    let data = pairs
        .into_iter()
        .fold(unsigned.url.into_bytes(), |data, (name, value)| {
            [data, name, value].concat()
        });
    let mac = on_channel_of("text", || {
        sign("auth_token", Encoding::Text, Hash::Sha1, &data)
    });
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.expect("a token"));
    request(
        path,
        query,
        &[("x-twilio-signature", &signature)],
        body.to_vec(),
        post,
    )
}
