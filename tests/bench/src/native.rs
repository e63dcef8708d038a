//! The SMS plugin as plain Rust in this process, with the SDK's own host for tests behind it: what
//! one webhook costs without a sandbox.

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::json;
use sms::Sms;
use trunkline_plugin::harness::{Fixture, TestHost};
use trunkline_plugin::manifest::Manifest;
use trunkline_plugin::{Channel, Header, InboundRequest, PeerState, with_host};

use crate::Failed;
use crate::load::Load;
use crate::process::cpu_us;

/// CPU of one `receive`, in microseconds, over calls that take `time` together.
pub(crate) fn receive_us(load: &Load, time: Duration) -> Result<f64, Failed> {
    let (body, signature) = load.example();
    let fixture: Fixture = serde_json::from_value(json!({
        "name": "acme-sms",
        "public-url": load.url,
        "settings": {
            "provider": "twilio",
            "account_sid": load.account_sid,
            "number": load.number,
            "api_base": "https://api.twilio.com",
        },
        "secrets": {"auth_token": load.auth_token},
        "call": {"receive": {"method": "POST", "url": load.url, "body": body}},
    }))?;
    let request = InboundRequest {
        method: "POST".to_owned(),
        url: load.url.clone(),
        path: String::new(),
        query: String::new(),
        headers: vec![
            Header::new("content-type", "application/x-www-form-urlencoded"),
            Header::new("x-twilio-signature", signature),
        ],
        body: body.into_bytes(),
        peer: None,
    };
    let settings = Manifest::parse(sms::MANIFEST)?.fill_in(&fixture.settings)?;
    let (begun, cpu) = (Instant::now(), cpu_us("self"));
    let mut calls = 0_u32;
    while begun.elapsed() < time {
        let host = Rc::new(TestHost::new(&fixture, &settings));
        let received = with_host(host, || Sms::receive(&request, &PeerState::new()));
        let events = received.map_err(|why| format!("the plugin refused its webhook: {why:?}"))?;
        if events.events.len() != 1 {
            return Err("the plugin made no event of its webhook".into());
        }
        calls += 1;
    }
    Ok((cpu_us("self") - cpu) as f64 / f64::from(calls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_takes_the_webhook_that_the_load_generator_makes() {
        let load = Load {
            url: "http://127.0.0.1/channels/acme-sms".to_owned(),
            auth_token: "token".to_owned(),
            account_sid: "AC1".to_owned(),
            number: "+15550100".to_owned(),
            connections: 1,
            customers: 1,
        };
        receive_us(&load, Duration::from_millis(1)).expect("a message");
    }
}
