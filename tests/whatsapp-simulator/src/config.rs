//! What a test sets before the stand-in starts, and how statuses are reported afterwards.

use serde::{Deserialize, Serialize};

/// The account that the stand-in pretends to be. [`Default`] is a complete, working account.
#[derive(Debug, Clone)]
pub struct WhatsAppConfig {
    /// Of the number: a segment of every path.
    pub phone_number_id: String,
    /// The number as people write it.
    pub display_phone_number: String,
    /// Further numbers of the same account, by id: webhooks may be about them, and they may send.
    pub other_number_ids: Vec<String>,
    /// The WhatsApp Business Account: `entry.id`.
    pub account_id: String,
    /// The bearer token.
    pub access_token: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// Said in the verification handshake.
    pub verify_token: String,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// Where webhooks are posted; settable later with `set_webhook`.
    pub webhook_url: Option<String>,
    /// How failed webhooks are tried again.
    pub retries: Retries,
    /// How the fate of messages is reported.
    pub statuses: Statuses,
    /// How a message outside the 24-hour window is refused.
    pub window_refusal: WindowRefusal,
    /// Approved templates.
    pub templates: Vec<Template>,
    /// How long the URL of a customer's file lives, milliseconds; Meta's is 5 minutes.
    pub media_url_ms: u64,
    /// Where a file's URL redirects to: an origin such as `http://localhost:PORT`, where no token is asked for. Without
    /// it the URL gives the bytes itself.
    pub media_redirect_origin: Option<String>,
}

impl Default for WhatsAppConfig {
    fn default() -> Self {
        Self {
            phone_number_id: "555000111222".to_owned(),
            display_phone_number: "+31 85 000 1122".to_owned(),
            other_number_ids: Vec::new(),
            account_id: "200300400500".to_owned(),
            access_token: "EAAstandin".to_owned(),
            app_secret: "9f2b6c1e0a7d4f58b3c6e1d2a4f7098c".to_owned(),
            verify_token: "a verify token".to_owned(),
            port: 0,
            webhook_url: None,
            retries: Retries::default(),
            statuses: Statuses::default(),
            window_refusal: WindowRefusal::default(),
            templates: vec![Template {
                name: "reopen".to_owned(),
                language: "en_US".to_owned(),
                placeholders: 1,
            }],
            media_url_ms: 300_000,
            media_redirect_origin: None,
        }
    }
}

/// How a webhook that was not answered 200 is tried again: with pauses that double. Meta goes on for 7 days; a stand-in
/// has less time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Posts after the first.
    pub count: u32,
    /// Before the second post, milliseconds.
    pub first_pause_ms: u64,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            count: 6,
            first_pause_ms: 100,
        }
    }
}

/// How statuses are reported. The default reports `sent`, then `delivered`, once and at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statuses {
    /// The customer opens the chat: `read` follows.
    pub read: bool,
    /// The last status first.
    pub out_of_order: bool,
    /// Every status twice.
    pub doubled: bool,
    /// None at all.
    pub suppressed: bool,
    /// Wait this long before the first one.
    pub delay_ms: u64,
}

/// How a message outside the window is refused: Meta does both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WindowRefusal {
    /// Taken with 200, then a `failed` status.
    #[default]
    Later,
    /// Error 131047 in the answer.
    AtOnce,
}

/// An approved template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// For instance `en_US`.
    pub language: String,
    /// Placeholders in its body.
    pub placeholders: usize,
}
