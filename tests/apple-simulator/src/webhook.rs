//! `POST {webhook}/message` as Apple does it: signed, gzipped, in headers and body alike.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ledger::WebhookAnswer;
use crate::state::{Shared, now_ms};
use crate::token;

/// What is broken about a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// Signed with another key.
    BadSignature,
    /// No token.
    NoToken,
    /// A good token for another MSP.
    OtherAudience,
    /// A good token of a day ago.
    OldToken,
    /// The body is not gzipped, and does not say so: a relay unpacked it.
    NotPacked,
    /// The body ends in the middle.
    Truncated,
    /// The body unpacks to 64 MiB.
    Bomb,
}

/// How many bytes a bomb unpacks to.
const BOMB_BYTES: usize = 64 << 20;

/// A webhook call, ready to be posted more than once.
pub(crate) struct SignedCall {
    headers: HeaderMap,
    body: Bytes,
}

impl SignedCall {
    pub(crate) fn new(
        shared: &Shared,
        message: &Value,
        capabilities: &str,
        tamper: Tamper,
    ) -> Self {
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let mut headers = vec![
            ("id", text("id")),
            ("source-id", text("sourceId")),
            ("destination-id", text("destinationId")),
            ("capability-list", capabilities.to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        headers.extend(bearer(shared, tamper).map(|token| ("authorization", token)));
        if tamper != Tamper::NotPacked {
            headers.push(("content-encoding", "gzip".to_owned()));
        }
        let value = |text: &str| HeaderValue::from_str(text).ok();
        Self {
            headers: headers
                .into_iter()
                .filter_map(|(name, text)| Some((HeaderName::from_static(name), value(&text)?)))
                .collect(),
            body: body(message, tamper),
        }
    }

    /// One post.
    pub(crate) async fn post(&self, shared: &Shared) -> WebhookAnswer {
        let Some(webhook) = shared.state().webhook.clone() else {
            let why = "no webhook is set: call set_webhook first";
            return WebhookAnswer::Failed(why.to_owned());
        };
        let request = shared
            .client
            .post(format!("{}/message", webhook.trim_end_matches('/')))
            .headers(self.headers.clone())
            .body(self.body.clone());
        WebhookAnswer::to(request).await
    }
}

fn bearer(shared: &Shared, tamper: Tamper) -> Option<String> {
    let config = &shared.config;
    let now = now_ms() / 1_000;
    let (audience, at) = match tamper {
        Tamper::NoToken => return None,
        Tamper::OtherAudience => ("another-msp", now),
        Tamper::OldToken => (config.msp_id.as_str(), now.saturating_sub(86_400)),
        Tamper::Nothing
        | Tamper::BadSignature
        | Tamper::NotPacked
        | Tamper::Truncated
        | Tamper::Bomb => (config.msp_id.as_str(), now),
    };
    let other_key = tamper == Tamper::BadSignature;
    let secret = if other_key {
        "AAAA"
    } else {
        &config.api_secret
    };
    let claims = json!({ "aud": audience, "iat": at });
    Some(format!("Bearer {}", token::sign(secret, &claims)))
}

fn body(message: &Value, tamper: Tamper) -> Bytes {
    let json = message.to_string();
    match tamper {
        Tamper::NotPacked => json.into(),
        Tamper::Truncated => packed(&json.as_bytes()[..json.len() / 2]),
        Tamper::Bomb => packed(&vec![b' '; BOMB_BYTES]),
        Tamper::Nothing
        | Tamper::BadSignature
        | Tamper::NoToken
        | Tamper::OtherAudience
        | Tamper::OldToken => packed(json.as_bytes()),
    }
}

fn packed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}
