//! A guest that asks for more than it was granted. What it sends names the crime; the answer tells what the host said.
//!
//! Texts: `many` makes 17 requests to the setting `url`; `ungranted` asks a host nobody granted; `private` asks a
//! private address; `secret` names a secret the manifest does not. Each ends in `refused` with the host's words, or
//! `sent` if the host let it pass, which is what the tests look for. Any other text is one request to `url`.
//! Every webhook asks for something too: `receive` must not fetch.

use serde::Deserialize;
use trunkline_plugin::channel::{Outbound, OutboundContent, Reception, Sent};
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{Answer, Channel, InboundRequest, PeerState, Rejection, SendError, config};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(GreedyFetcher);

/// One more than a call may make.
const TOO_MANY: u32 = 17;

/// The plugin.
#[derive(Debug)]
pub struct GreedyFetcher;

#[derive(Deserialize)]
struct Settings {
    url: String,
}

impl Channel for GreedyFetcher {
    fn receive(_: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let settings: Settings = config::settings()?;
        match http::fetch(&Request::get(settings.url)) {
            Ok(_) => Ok(Reception::new(Answer::status(200), Vec::new())),
            Err(error) => Err(Rejection::Malformed(error.to_string())),
        }
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let OutboundContent::Text(crime) = &message.content else {
            return Ok(Sent::not_applicable());
        };
        let settings: Settings = config::settings()?;
        match crime.as_str() {
            "many" => ask_many(&settings.url)?,
            "ungranted" => ask(&Request::get("https://ungranted.example/"))?,
            "private" => ask(&Request::get("http://169.254.169.254/latest/meta-data/"))?,
            "secret" => ask(&Request::get(settings.url).bearer("not_in_the_manifest"))?,
            _ => ask(&Request::get(settings.url))?,
        }
        Ok(Sent::all(message.delivery.clone()))
    }
}

fn ask_many(url: &str) -> Result<(), SendError> {
    // Each differs, so that no two can be taken for one.
    (0..TOO_MANY)
        .try_for_each(|number| ask(&Request::get(url).query([("number", number.to_string())])))
}

fn ask(request: &Request) -> Result<(), SendError> {
    match http::fetch(request) {
        Ok(_) => Ok(()),
        Err(error) => Err(SendError::Refused(error.to_string())),
    }
}
