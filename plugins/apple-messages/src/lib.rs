//! Apple Messages for Business: one webhook in, the gateway's REST API out.
//!
//! In: `POST …/message` with a token signed by the MSP's secret, the body often gzipped. Out: one `/message` request a
//! provider message; a file is encrypted on its way to Apple's store first. Customers are known by one opaque address of
//! kind `mbid`; Apple tells no name and no number.
//!
//! What is absent: receipts (Apple gives none), templates and messages that the business begins, sign-in, payment and
//! forms to the customer (their answers are read), and a `close` of ours: only customers close.

mod settings;

mod token;

mod wire;

mod unpack;

mod inbound;

mod interactive;

mod reply;

mod media;

mod resolve;

mod outbound;

mod compose;

mod choices;

mod upload;

mod refusal;

use trunkline_plugin::channel::{Download, Event, Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Attachments, Channel, Check, InboundRequest, PeerChange, PeerState, Rejection,
    Resolve, SendError, config,
};

use settings::Settings;

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(AppleMessages, resolving, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct AppleMessages;

impl Channel for AppleMessages {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let settings: Settings = config::settings()?;
        inbound::receive(&settings, request)
    }

    fn send(message: &Outbound, peer_state: &PeerState) -> Result<Sent, SendError> {
        let settings: Settings = config::settings()?;
        outbound::send(&settings, message, peer_state)
    }
}

impl Resolve for AppleMessages {
    fn resolve(event: &Event, _: &PeerState) -> Result<(Vec<Event>, Vec<PeerChange>), SendError> {
        let settings: Settings = config::settings()?;
        resolve::resolve(&settings, event)
    }
}

impl Attachments for AppleMessages {
    fn open_attachment(reference: &str, _: &PeerState) -> Result<Download, SendError> {
        let settings: Settings = config::settings()?;
        media::open(&settings, reference)
    }
}

impl Check for AppleMessages {
    fn check() -> Result<Account, SendError> {
        let settings: Settings = config::settings()?;
        outbound::check(&settings)
    }
}

#[cfg(test)]
mod tests;
