//! What a test sets before the stand-in starts, and how delivery is reported afterwards.

use serde::{Deserialize, Serialize};

/// The account that the stand-in pretends to be. [`Default`] is a complete, working account.
#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// `AC…`: the user of Basic auth and a segment of every path.
    pub account_sid: String,
    /// Password of Basic auth, and the key that signs webhooks.
    pub auth_token: String,
    /// The number that the account owns, E.164 with `+`.
    pub number: String,
    /// Numbers the account owns which cannot send texts: `From` one of these is error 21601.
    pub numbers_without_sms: Vec<String>,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// Where customers' messages are posted; settable later with `set_webhook`.
    pub webhook_url: Option<String>,
    /// The URL the webhook is signed over, when it differs from the one called (a proxy in front).
    pub public_webhook_url: Option<String>,
    /// Says `OptOutType` in the webhook of a STOP, START or HELP (Twilio's Advanced Opt-Out).
    pub advanced_opt_out: bool,
    /// Whether customers' pictures ask for the account's Basic auth (INFERRED: an account setting).
    pub media_auth: bool,
    /// Where a picture's URL redirects to: an origin such as `http://localhost:PORT`. Default: the
    /// stand-in itself. Twilio redirects to another host, which must not get the credentials.
    pub media_redirect_origin: Option<String>,
    /// How the fate of a message is reported.
    pub status_callbacks: StatusCallbacks,
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self {
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "0123456789abcdef0123456789abcdef".to_owned(),
            number: "+15550100".to_owned(),
            numbers_without_sms: Vec::new(),
            port: 0,
            webhook_url: None,
            public_webhook_url: None,
            advanced_opt_out: false,
            media_auth: true,
            media_redirect_origin: None,
            status_callbacks: StatusCallbacks::default(),
        }
    }
}

/// How status callbacks misbehave. The default reports `sent`, then `delivered`, once and at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusCallbacks {
    /// The last status first.
    pub out_of_order: bool,
    /// Every callback twice.
    pub doubled: bool,
    /// None at all.
    pub suppressed: bool,
    /// Wait this long before the first one.
    pub delay_ms: u64,
}
