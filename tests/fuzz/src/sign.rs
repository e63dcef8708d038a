//! Signs a changed webhook call as its provider does, with the fixture's secrets.
//!
//! Telegram, Apple, in-app and generic gateways carry a token that says nothing of the body. Not signed anew: Vonage's
//! tokens over a hash of the body and its oldest kind of signature, which the plugin's own property tests cover.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trunkline_plugin::harness::{Call, Fixture, TestHost};
use trunkline_plugin::secrets::{self, Encoding, Hash};

/// The signature that this call would carry.
pub(crate) fn anew(fixture: &mut Fixture) {
    let Call::Receive(request) = &fixture.call else {
        return;
    };
    let carries = |wanted: &str| {
        let mut names = request.headers.keys();
        names
            .find(|name| name.eq_ignore_ascii_case(wanted))
            .cloned()
    };
    if let Some(name) = carries("x-hub-signature-256") {
        let mac = mac(fixture, "app_secret", Hash::Sha256, &request.body);
        set_header(fixture, name, format!("sha256={}", hex(&mac)));
    } else if let Some(name) = carries("x-twilio-signature") {
        let mac = mac(fixture, "auth_token", Hash::Sha1, &twilio_data(fixture));
        set_header(fixture, name, STANDARD.encode(mac));
    } else if fixture.secrets.contains_key("signature_secret") {
        sign_vonage(fixture);
    }
}

fn set_header(fixture: &mut Fixture, name: String, value: String) {
    if let Call::Receive(request) = &mut fixture.call {
        request.headers.insert(name, value);
    }
}

/// The URL and each field once, by name.
fn twilio_data(fixture: &Fixture) -> Vec<u8> {
    let Call::Receive(request) = &fixture.call else {
        return Vec::new();
    };
    let mut data = request.url.clone().into_bytes();
    let is_form = |(name, value): (&String, &String)| {
        name.eq_ignore_ascii_case("content-type") && value.contains("form")
    };
    if request.method == "POST" && request.headers.iter().any(is_form) {
        let mut fields: Vec<_> = raw_fields(&request.body);
        fields.sort();
        fields.dedup();
        data.extend(
            fields
                .into_iter()
                .flat_map(|(name, value)| [name, value])
                .flatten(),
        );
    }
    data
}

/// The bytes that stand in the form, UTF-8 or not.
fn raw_fields(body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair
                .iter()
                .position(|byte| *byte == b'=')
                .unwrap_or(pair.len());
            (
                unescaped(&pair[..at]),
                unescaped(pair.get(at + 1..).unwrap_or_default()),
            )
        })
        .collect()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        (bytes, rest) = match (first, escaped) {
            (b'%', Some(byte)) => ([bytes, vec![byte]].concat(), &behind[2..]),
            (b'+', _) => ([bytes, b" ".to_vec()].concat(), behind),
            _ => ([bytes, vec![*first]].concat(), behind),
        };
    }
    bytes
}

/// `sig` over the other fields, in the body or, of a GET, in the query.
fn sign_vonage(fixture: &mut Fixture) {
    let Call::Receive(request) = &fixture.call else {
        return;
    };
    let in_query = request.method == "GET";
    let (address, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let form = if in_query {
        query.as_bytes()
    } else {
        &request.body
    };
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
    let signed_before = pairs.iter().any(|(name, _)| name == "sig");
    pairs.retain(|(name, _)| name != "sig");
    if !signed_before || pairs.iter().any(|(_, value)| value.contains('\0')) {
        return;
    }
    let mut sorted = pairs.clone();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let data: String = sorted
        .iter()
        .map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_")))
        .collect();
    let mac = mac(fixture, "signature_secret", Hash::Sha256, data.as_bytes());
    pairs.push(("sig".to_owned(), hex(&mac)));
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let url = format!("{address}?{form}");
    if let Call::Receive(request) = &mut fixture.call {
        match in_query {
            true => request.url = url,
            false => request.body = form.into_bytes(),
        }
    }
}

/// Empty where the fixture has no such secret.
fn mac(fixture: &Fixture, secret: &str, hash: Hash, data: &[u8]) -> Vec<u8> {
    let host = Rc::new(TestHost::new(fixture, &BTreeMap::new()));
    let sign = || secrets::sign(secret, Encoding::Text, hash, data);
    trunkline_plugin::with_host(host, sign).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
