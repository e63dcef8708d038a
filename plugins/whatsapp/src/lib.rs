//! WhatsApp over Meta's Cloud API: webhooks in, Graph API out.
//!
//! In: one webhook for messages, statuses and news of the account, signed with the app's secret; several numbers and
//! customers may share a call. Out: `messages` and `media` of one phone number. A customer is known by a `bsuid` (the
//! id that stays when the number is hidden) and a `wa_id` (the number), the first being the stronger.
//!
//! What is absent: opt-out words in the text (the host's rules), calls, catalogues, and what Meta does not have: typing
//! signs of customers, taking a sent message back, their language.

mod settings;

mod wire;

mod content;

mod signature;

mod inbound;

mod message;

mod described;

mod customer;

mod status;

mod notice;

mod window;

mod outbound;

mod payload;

mod choices;

mod files;

mod signal;

mod api;

mod refusal;

mod media;

mod account;

use trunkline_plugin::channel::{Download, Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Attachments, Channel, Check, InboundRequest, PeerState, Rejection, SendError, config,
};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(WhatsApp, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct WhatsApp;

impl Channel for WhatsApp {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        inbound::receive(&config::settings()?, request)
    }

    fn send(message: &Outbound, peer_state: &PeerState) -> Result<Sent, SendError> {
        outbound::send(&config::settings()?, message, peer_state)
    }
}

impl Attachments for WhatsApp {
    fn open_attachment(reference: &str, _: &PeerState) -> Result<Download, SendError> {
        media::open(&config::settings()?, reference)
    }
}

impl Check for WhatsApp {
    fn check() -> Result<Account, SendError> {
        account::check(&config::settings()?)
    }
}

#[cfg(test)]
mod tests;
