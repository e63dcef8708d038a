//! What the tables hold. The transactions on them are in a file each.

use std::collections::BTreeMap;

use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, EceMessage, Lane, OutboundContent, Payload};
use trunkline_core::event::Event;
use trunkline_core::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, FileId, IntegrationName,
    TimerName, Timestamp,
};
use trunkline_core::message::{Address, StoredFile};
use trunkline_flow::ports::{
    DeadLetter, OutboxItem, ParkedId, Part, RawCall, RawId, Resolve, Scope, Target, TraceLine,
};

use super::sockets::{Logs, Uploads};

/// *Accept*, and what waits for more of itself.
mod accept;

/// What an owner reads, and who is ready.
mod load;

/// *Step*.
mod step;

/// *Settle*.
mod settle;

/// Dead letters.
mod dead;

/// Raw calls, files, the trace.
mod aside;

/// What checkers look at.
mod checked;

/// A mistake built in on purpose, to see that the checkers find it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    #[default]
    None,
    /// Keys are not kept: duplicates are taken.
    NoKeys,
    /// Now and then a settle is answered and not written.
    ForgetsSettle,
    /// Now and then an inbox event vanishes.
    LosesEvents,
    /// Lanes come back in the wrong order.
    ReversesLanes,
    /// That a request left is not written.
    ForgetsLeave,
    /// Parked events are dropped.
    DropsParked,
    /// What receipts told of an unsettled delivery is not written.
    ForgetsTold,
}

#[derive(Debug)]
struct Row {
    customer: Customer,
    revision: u64,
    addresses: Vec<Address>,
    peer: BTreeMap<String, (Option<String>, Timestamp)>,
}

/// An event in an inbox.
#[derive(Debug, Clone)]
struct Waiting {
    customer: CustomerId,
    event: Event,
    arrived: Timestamp,
    resolve: Option<Resolve>,
}

#[derive(Debug, Clone)]
enum Again {
    Delivery(Box<Delivery>),
    Event(Box<(Target, Event)>),
    Raw(Box<RawCall>),
    Never,
}

/// All tables.
#[derive(Debug, Default)]
pub struct Tables {
    flaw: Flaw,
    rows: BTreeMap<CustomerId, Row>,
    addresses: BTreeMap<(ChannelName, Address), CustomerId>,
    keys: BTreeMap<(Scope, String), Timestamp>,
    inbox: BTreeMap<i64, Waiting>,
    pieces: BTreeMap<(CustomerId, String), BTreeMap<u16, (Part, Waiting)>>,
    outbox: BTreeMap<i64, OutboxItem>,
    sent: BTreeMap<DeliveryId, Delivery>,
    timers: BTreeMap<(CustomerId, TimerName), Timestamp>,
    parked: Vec<(ParkedId, Target, Event, Timestamp)>,
    sessions: BTreeMap<(IntegrationName, EceSession), CustomerId>,
    provider_ids: BTreeMap<(ChannelName, String), DeliveryId>,
    dead: Vec<(DeadLetter, Again)>,
    raw: BTreeMap<RawId, RawCall>,
    /// What masking finds in words to customers.
    pub masked_word: Option<&'static str>,
    trace: Vec<TraceLine>,
    /// Bodies of calls with content that nobody knows.
    pub originals: Vec<String>,
    pub(super) logs: Logs,
    pub(super) uploads: Uploads,
    files: BTreeMap<FileId, StoredFile>,
    next: i64,
    writes: u64,
}

impl Tables {
    /// Empty ones, with a mistake built in.
    pub fn with(flaw: Flaw) -> Self {
        Self {
            flaw,
            ..Self::default()
        }
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Every so often, for flaws.
    fn every(&mut self, nth: u64) -> bool {
        self.writes += 1;
        self.writes.is_multiple_of(nth)
    }
}

fn lane(item: &OutboxItem) -> (ConversationId, Lane) {
    (item.delivery.id.conversation, item.delivery.lane())
}

/// What a payload says, as far as people wrote it.
pub(crate) fn words(payload: &Payload) -> String {
    match payload {
        Payload::ToCustomer(message) => match &message.content {
            OutboundContent::Text(text) | OutboundContent::Choices { text, .. } => text.clone(),
            OutboundContent::File(file) => file.name.clone(),
            OutboundContent::Close => "close".to_owned(),
        },
        Payload::ToEce { message, .. } => ece_words(message),
        Payload::OpenEce(_) | Payload::EndEce { .. } | Payload::AskBot(_) => String::new(),
        Payload::FetchFromCustomer { attachment, .. } => {
            attachment.name.clone().unwrap_or_default()
        }
        Payload::FetchFromEce { file, .. } => file.name.clone(),
    }
}

/// What a message into ECE says.
pub(crate) fn ece_words(message: &EceMessage) -> String {
    match message {
        EceMessage::Text(text) | EceMessage::Note(text) => text.clone(),
        EceMessage::File(file) => file.name.clone(),
        EceMessage::AcceptFile(file) => format!("accepted {}", file.name),
        EceMessage::RejectFile(file) => format!("rejected {}", file.name),
    }
}
