//! Chat in a web page or an app: one WebSocket each, JSON frames both ways.
//!
//! In: frames of the page ([`wire::FromPage`]); the first is `hello`, which says who it is. Out: frames pushed to the
//! customer's log, which the host replays to whoever comes back: pages count them from 1. Customers are known by one address of
//! kind `visitor`: `anonymous:` and the hash of a secret that only their browser has, or `user:` and the subject of a
//! token that the web site signed.
//!
//! What is absent: the log, resuming and upload slots, which are the host's; the page itself, which is in `web/`.

mod settings;

mod wire;

mod identity;

mod inbound;

mod files;

mod outbound;

use trunkline_plugin::channel::{Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Channel, Check, InboundRequest, PeerState, Rejection, SendError, config,
};

use settings::Settings;

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(InApp, checking);

/// The plugin.
#[derive(Debug)]
pub struct InApp;

impl Channel for InApp {
    fn receive(request: &InboundRequest, known: &PeerState) -> Result<Reception, Rejection> {
        let settings: Settings = config::settings()?;
        inbound::receive(&settings, request, known)
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        outbound::send(message)
    }
}

impl Check for InApp {
    fn check() -> Result<Account, SendError> {
        let settings: Settings = config::settings()?;
        settings.check()
    }
}

#[cfg(test)]
mod tests;
