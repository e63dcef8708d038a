//! SMS and MMS over Twilio's API, Vonage's, or any other gateway's that speaks HTTP: webhooks in, requests out.
//!
//! In: messages at the channel's URL and delivery receipts at `/status`, each authenticated as its provider does. Out:
//! one request a provider message. Customers are known by one address of kind `phone`. Everything that differs between
//! providers is in the module of that name.
//!
//! What is absent: keywords and opt-out words in the text (the host's rules), joining texts that arrive in several (the
//! host's), and SMPP, which needs a connection kept open.

mod settings;

mod twilio;

mod vonage;

mod generic;

mod message;

mod gsm;

mod number;

mod form;

mod date;

mod hex;

mod sha256;

mod back_off;

use trunkline_plugin::channel::{Download, Outbound, Reception, Sent};
use trunkline_plugin::{
    Account, Attachments, Channel, Check, InboundRequest, PeerState, Rejection, SendError,
};

use settings::{Provider, Settings};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Sms, attachments, checking);

/// The plugin.
#[derive(Debug)]
pub struct Sms;

impl Channel for Sms {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let settings = Settings::read()?;
        match settings.provider {
            Provider::Twilio => twilio::receive(&settings, request),
            Provider::Vonage => vonage::receive(&settings, request),
            Provider::Generic => generic::receive(&settings, request),
        }
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        let settings = Settings::read()?;
        match settings.provider {
            Provider::Twilio => twilio::send(&settings, message),
            Provider::Vonage => vonage::send(&settings, message),
            Provider::Generic => generic::send(&settings, message),
        }
    }
}

impl Attachments for Sms {
    fn open_attachment(reference: &str, _: &PeerState) -> Result<Download, SendError> {
        let settings = Settings::read()?;
        match settings.provider {
            Provider::Twilio => twilio::open(&settings, reference),
            Provider::Vonage | Provider::Generic => Err(SendError::Refused(
                "this provider brings no files".to_owned(),
            )),
        }
    }
}

impl Check for Sms {
    fn check() -> Result<Account, SendError> {
        let settings = Settings::read()?;
        match settings.provider {
            Provider::Twilio => twilio::check(&settings),
            Provider::Vonage => vonage::check(&settings),
            Provider::Generic => generic::check(&settings),
        }
    }
}

#[cfg(test)]
mod tests;
