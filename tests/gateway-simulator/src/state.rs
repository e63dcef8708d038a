//! What the stand-in knows: the ledger that tests compare the connector's work with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stand_in::{FaultPlan, Outage, Watched};
use tokio::sync::watch;

use crate::config::GatewayConfig;

pub use stand_in::WebhookAnswer as Answer;

/// What happens to a send instead of a plain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Taken and recorded, then the connection breaks: the client cannot know.
    DropAfterAccept,
    /// Not taken: the connection breaks.
    DropBeforeAccept,
    /// Not taken, over the limit: status 1 of every part at Vonage, 429 elsewhere.
    Throttled,
    /// Vonage: the first part is taken, the others are throttled.
    PartThrottled,
    /// Not taken: this HTTP status, 500 to 599.
    ServerError {
        /// The HTTP status.
        status: u16,
    },
}

/// Everything the gateway took and everything its customers sent. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Messages the connector sent, in the order in which they were accepted.
    pub messages: Vec<Arc<SentMessage>>,
    /// Messages customers sent, in the order in which they began.
    pub received: Vec<Arc<ReceivedMessage>>,
    /// Refused sends: Vonage's status or the HTTP status, and the number they were for.
    pub refused: Vec<(u32, String)>,
}

impl Ledger {
    /// The texts sent to one number (with plus), in acceptance order.
    pub fn bodies_to(&self, to: &str) -> Vec<&str> {
        let messages = self.messages.iter();
        let to_number = messages.filter(|message| message.to == to);
        to_number.map(|message| message.body.as_str()).collect()
    }
}

/// One message from the connector to a customer.
#[derive(Debug, Clone, Serialize)]
pub struct SentMessage {
    /// One a part.
    pub ids: Vec<String>,
    /// The customer's number, with plus.
    pub to: String,
    /// The sender as given.
    pub from: String,
    /// The text as the phone shows it.
    pub body: String,
    /// The connector's own id of it.
    pub reference: Option<String>,
    /// Each receipt posted: the status it told and what came back.
    pub receipts: Vec<(String, Answer)>,
}

/// One message from a customer to the connector.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedMessage {
    /// One a part: the keys by which the connector knows a repeat.
    pub ids: Vec<String>,
    /// The customer's number, with plus.
    pub from: String,
    /// What they wrote.
    pub body: String,
    /// One for each post of the webhook, repeats included.
    pub answers: Vec<Answer>,
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) webhook: Option<String>,
    pub(crate) faults: FaultPlan<Fault>,
    /// Numbers whose messages are refused with this status.
    pub(crate) refused_numbers: BTreeMap<String, u32>,
    /// Numbers whose messages are taken and fail with this code.
    pub(crate) undeliverable: BTreeMap<String, u32>,
    /// Numbers that opted out.
    pub(crate) opted_out: BTreeSet<String>,
    pub(crate) last: u64,
}

impl State {
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) state: Watched<State>,
    pub(crate) client: reqwest::Client,
    pub(crate) outage: watch::Sender<Outage>,
}
