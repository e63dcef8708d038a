//! Facebook Messenger: Meta's webhooks in, the Graph API out.
//!
//! In: the verification of the callback URL, and signed POSTs with events of one or several Pages; each event says for
//! which Page it is. Out: one `messages` request a provider message, each naming our delivery in its `metadata`, which
//! comes back in the echo. Customers are known by an address of kind `psid`; who came through a checkbox plugin has one
//! of kind `user-ref` first.
//!
//! What is absent: Instagram (the same app may post it here; it is not taken), utility and marketing messages, personas,
//! and what other people or apps answer on the Page, of which the operator gets a notice but nobody the words.

mod settings;

mod signature;

mod json;

mod wire;

mod inbound;

mod content;

mod actions;

mod receipts;

mod notices;

mod window;

mod profile;

mod outbound;

mod pieces;

mod graph;

mod refusal;

mod media;

mod account;

use trunkline_plugin::channel::{Download, Event, Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Attachments, Channel, Check, InboundRequest, PeerChange, PeerState, Rejection,
    Resolve, SendError, config,
};

use settings::Settings;

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Messenger, resolving, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct Messenger;

impl Channel for Messenger {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        inbound::receive(request)
    }

    fn send(message: &Outbound, peer_state: &PeerState) -> Result<Sent, SendError> {
        let settings: Settings = config::settings()?;
        outbound::send(&settings, message, peer_state)
    }
}

impl Resolve for Messenger {
    fn resolve(
        event: &Event,
        peer_state: &PeerState,
    ) -> Result<(Vec<Event>, Vec<PeerChange>), SendError> {
        let settings: Settings = config::settings()?;
        profile::resolve(&settings, event, peer_state)
    }
}

impl Attachments for Messenger {
    fn open_attachment(reference: &str, _: &PeerState) -> Result<Download, SendError> {
        let settings: Settings = config::settings()?;
        media::open(&settings, reference)
    }
}

impl Check for Messenger {
    fn check() -> Result<Account, SendError> {
        let settings: Settings = config::settings()?;
        account::check(&settings)
    }
}

#[cfg(test)]
mod tests;
