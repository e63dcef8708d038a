//! SMS and MMS over Twilio's API: webhooks in, REST out.
//!
//! In: message webhooks at the channel's URL and status callbacks at `/status`, signed with the auth token. Out: one
//! `Messages.json` request a provider message. Customers are known by one address of kind `phone`.
//!
//! What is absent: keywords and opt-out words in the text (the host's rules), the other providers, and answers in
//! the webhook's own answer, because agents take longer than it may.

mod settings;

mod wire;

mod signature;

mod inbound;

mod outbound;

mod refusal;

mod split;

mod gsm;

mod media;

use trunkline_plugin::channel::{Download, Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Attachments, Channel, Check, InboundRequest, PeerState, Rejection, SendError, config,
};

use settings::Settings;

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Sms, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct Sms;

impl Channel for Sms {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let settings: Settings = config::settings()?;
        inbound::receive(&settings, request)
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let settings: Settings = config::settings()?;
        outbound::send(&settings, message)
    }
}

impl Attachments for Sms {
    fn open_attachment(reference: &str, _: &PeerState) -> Result<Download, SendError> {
        let settings: Settings = config::settings()?;
        media::open(&settings, reference)
    }
}

impl Check for Sms {
    fn check() -> Result<Account, SendError> {
        let settings: Settings = config::settings()?;
        outbound::check(&settings)
    }
}

#[cfg(test)]
mod tests;
