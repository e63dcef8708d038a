//! Twilio's Messages API, and whatever speaks like it.
//!
//! In: message webhooks at the channel's URL and status callbacks at `/status`, signed with the auth token. Out: one
//! `Messages.json` request a provider message. Answers in the webhook's own answer are absent, because agents take
//! longer than it may.

mod wire;

mod signature;

mod inbound;

mod outbound;

mod check;

mod refusal;

mod media;

pub(crate) use check::check;
pub(crate) use inbound::receive;
pub(crate) use media::open;
pub(crate) use outbound::send;

use crate::settings::{Settings, SettingsError};

/// The secret's name.
const AUTH_TOKEN: &str = "auth_token";

const API_BASE: &str = "https://api.twilio.com";

/// The account, as far as Twilio's API needs it.
#[derive(Debug)]
struct Account<'a> {
    sid: &'a str,
    api_base: &'a str,
}

impl<'a> Account<'a> {
    fn of(settings: &'a Settings) -> Result<Self, SettingsError> {
        let hint = "AC and 32 digits, from Twilio's console";
        Ok(Self {
            sid: settings.needed(settings.account_sid.as_ref(), "account_sid", hint)?,
            api_base: settings.api_base(API_BASE),
        })
    }

    /// A resource of the account: `path` begins with a slash or a dot.
    fn url(&self, path: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}{path}", self.api_base, self.sid)
    }
}
