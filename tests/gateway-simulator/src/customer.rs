//! The customer's side: a message that reaches the connector as a signed webhook.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::Wire;
use crate::state::{Answer, ReceivedMessage, Shared};
use crate::{json_gateway, vonage};

/// What a customer sends, and what goes wrong on its way. Begin with [`CustomerMessage::text`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerMessage {
    /// The customer's number, with plus.
    pub from: String,
    /// The text. Vonage brings a long one in several calls.
    #[serde(default)]
    pub body: String,
    /// How often all of it is posted again although it was taken.
    #[serde(default)]
    pub duplicates: u32,
    /// What is broken about it.
    #[serde(default)]
    pub tamper: Tamper,
}

/// What is broken about a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// A signature of another secret.
    BadSignature,
    /// None.
    NoSignature,
}

impl CustomerMessage {
    /// A plain text.
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            body: body.into(),
            ..Self::default()
        }
    }
}

/// Posts it, repeats and retries included: one answer a post, none if no webhook is set.
pub(crate) async fn deliver(shared: &Arc<Shared>, message: CustomerMessage) -> Vec<Answer> {
    let calls = match &shared.config.wire {
        Wire::Vonage(_) => vonage::part_count(&message.body),
        Wire::Json(_) => 1,
    };
    let (place, ids, webhook) = shared.state.change(|state| {
        let ids: Vec<_> = (0..calls).map(|_| format!("mo-{}", state.next())).collect();
        let received = ReceivedMessage {
            ids: ids.clone(),
            from: message.from.clone(),
            body: message.body.clone(),
            answers: Vec::new(),
        };
        state.ledger.received.push(Arc::new(received));
        match message.body.trim().to_uppercase().as_str() {
            "STOP" => state.opted_out.insert(message.from.clone()),
            "START" => state.opted_out.remove(&message.from),
            _ => false,
        };
        (state.ledger.received.len() - 1, ids, state.webhook.clone())
    });
    let Some(url) = webhook else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for _ in 0..=message.duplicates {
        let (from, body, tamper) = (&message.from, &message.body, message.tamper);
        let answers = match &shared.config.wire {
            Wire::Vonage(_) => vonage::deliver(shared, &url, &ids, from, body, tamper).await,
            Wire::Json(_) => json_gateway::deliver(shared, &url, &ids[0], from, body, tamper).await,
        };
        shared.state.change(|state| {
            Arc::make_mut(&mut state.ledger.received[place])
                .answers
                .extend(answers.clone());
        });
        all.extend(answers);
    }
    all
}
