//! What a test sets before the stand-in starts, and what Meta reports afterwards.

use serde::{Deserialize, Serialize};

/// The app and Pages that the stand-in pretends to be. [`Default`] is a complete, working app with one Page.
#[derive(Debug, Clone)]
pub struct MessengerConfig {
    /// The app's id: `GET /app`, `app_id` of echoes.
    pub app_id: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// The word in the verification of the callback URL.
    pub verify_token: String,
    /// The Pages that the app may use.
    pub pages: Vec<Page>,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// Where events are posted; settable later with `set_webhook`.
    pub webhook_url: Option<String>,
    /// What is told of messages that were sent.
    pub reports: Reports,
    /// Meta approved the app for the tag `HUMAN_AGENT`.
    pub human_agent_approved: bool,
    /// The app may read customers' locale and time zone.
    pub locale_permitted: bool,
}

/// A Page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What authorises requests for it.
    pub access_token: String,
}

impl Page {
    /// A Page named and authorised after its id.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: format!("Page {id}"),
            access_token: format!("EAAstandin{id}"),
            id,
        }
    }
}

impl Default for MessengerConfig {
    fn default() -> Self {
        Self {
            app_id: "424242".to_owned(),
            app_secret: "9f2b6c1e0a7d4f58b3c6e1d2a4f7098c".to_owned(),
            verify_token: "a word of ours".to_owned(),
            pages: vec![Page::new("900100200300")],
            port: 0,
            webhook_url: None,
            reports: Reports::default(),
            human_agent_approved: true,
            locale_permitted: true,
        }
    }
}

/// Which webhooks follow a message that was sent. The default is all, once and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    /// The echo, with the metadata given at send.
    pub echoes: bool,
    /// The delivery, by id and watermark.
    pub deliveries: bool,
    /// The read, by watermark.
    pub reads: bool,
    /// Each of them twice.
    pub doubled: bool,
    /// Wait this long before the first one.
    pub delay_ms: u64,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            echoes: true,
            deliveries: true,
            reads: true,
            doubled: false,
            delay_ms: 0,
        }
    }
}
