//! What a test sets before the stand-in starts.

use serde::{Deserialize, Serialize};

/// The MSP and business that the stand-in pretends to know. [`Default`] is a complete, working account.
#[derive(Debug, Clone)]
pub struct AppleConfig {
    /// Issuer of the connector's tokens, audience of ours.
    pub msp_id: String,
    /// Base64 of the key that signs both.
    pub api_secret: String,
    /// Whom customers write to unless they say otherwise.
    pub business_id: String,
    /// Further businesses of the same MSP.
    pub other_businesses: Vec<String>,
    /// Port on `127.0.0.1`; 0 takes a free one.
    pub port: u16,
    /// The registered base URL, without `/message`; settable later with `set_webhook`.
    pub webhook_url: Option<String>,
    /// How far a token's `iat` may be off, in seconds. Apple's own limit is not known.
    pub token_age_max_s: u64,
    /// The largest body of `/message` (INFERRED: there is a limit, its size is not known); beyond it 413.
    pub body_bytes_max: usize,
    /// The largest file (INFERRED); beyond it `/preUpload` answers 400.
    pub file_bytes_max: u64,
    /// What the devices of customers show, unless they say otherwise.
    pub capabilities: String,
    /// What happens to a message whose id was taken before. What Apple does is not known.
    pub repeats: Repeats,
}

impl Default for AppleConfig {
    fn default() -> Self {
        Self {
            msp_id: "f0b1c2d3-0000-4000-8000-0000000000aa".to_owned(),
            api_secret: "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=".to_owned(),
            business_id: "31b6c0de-0000-4000-8000-0000000000bb".to_owned(),
            other_businesses: Vec::new(),
            port: 0,
            webhook_url: None,
            token_age_max_s: 3_600,
            body_bytes_max: 256 << 10,
            file_bytes_max: 100 << 20,
            capabilities: "AUTH,LIST,TIME,FORM,QUICK,AUTH2".to_owned(),
            repeats: Repeats::Dropped,
        }
    }
}

/// What becomes of a second message with an id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// Answered 200, kept in `ledger.repeated`, not shown to the customer again.
    #[default]
    Dropped,
    /// Shown to the customer again.
    Delivered,
}
