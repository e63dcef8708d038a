//! One attempt at a delivery: the call, what its outcome means, and the settle.
//!
//! What a failure leads to is decided here, in one place a lane; nothing is decided about conversations. An outcome that
//! was unknown once stays so until it is done: a later failure that is certain says nothing about the earlier attempt.

/// Messages to the customer.
mod customer;

/// ECE: opening, sending, ending.
mod ece;

/// A bot's turn.
mod bot;

/// Fetching files.
pub(crate) mod files;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunkline_core::effect::{Author, Payload};
use trunkline_core::event::Outcome;
use trunkline_core::id::{ChannelName, DeliveryId, EceSession, IntegrationName, Timestamp};
use trunkline_core::message::Address;

use crate::backoff;
use crate::flow::{Inner, Outside};
use crate::lanes::{LaneId, Word};
use crate::ports::{
    Leaving, OutboxItem, PeerChange, PluginVersion, Plugins, PushedFrames, Scope, SendError,
    Settled, Store,
};
use crate::settle::{attempts_after, settle};

/// What the operator reads of a message that may have arrived by an earlier attempt.
const IN_DOUBT: &str = ", after an attempt with unknown outcome";

/// All an attempt needs, as it was when it began.
pub(crate) struct Attempt<O> {
    pub(crate) inner: Arc<Inner<O>>,
    pub(crate) item: OutboxItem,
    /// Something waits behind it.
    pub(crate) holds_up: bool,
    pub(crate) channel: ChannelName,
    pub(crate) opted_out: bool,
    pub(crate) addresses: Vec<Address>,
    pub(crate) peer_state: Vec<(String, String)>,
    /// Shared with receipts that come meanwhile.
    pub(crate) word: Arc<Word>,
    /// Held from asking for a frame's number to the settle, so that no other attempt for this customer gets the same.
    pub(crate) numbering: Arc<tokio::sync::Mutex<()>>,
}

/// What the owner hears of an attempt.
pub(crate) struct Finished {
    pub(crate) lane: LaneId,
    pub(crate) delivery: DeliveryId,
    /// It was a message into ECE, and ECE has it.
    pub(crate) ece_took: bool,
    pub(crate) attempts: u32,
    /// None: the store knows otherwise, memory is out of date.
    pub(crate) settled: Option<Settled>,
    /// The plugin remembered something about the customer.
    pub(crate) peer_changed: bool,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Settled,
    pub(crate) provider_ids: Vec<String>,
    pub(crate) session: Option<(IntegrationName, EceSession)>,
    pub(crate) report: Option<Outcome>,
    pub(crate) peer_changes: Vec<PeerChange>,
    pub(crate) version: Option<PluginVersion>,
    pub(crate) pushed: Option<PushedFrames>,
    /// For whoever is attached once it is settled.
    pub(crate) signals: Vec<Vec<u8>>,
    pub(crate) note: String,
}

impl Verdict {
    fn new(outcome: Settled, note: impl Into<String>) -> Self {
        Self {
            outcome,
            provider_ids: Vec::new(),
            session: None,
            report: None,
            peer_changes: Vec::new(),
            version: None,
            pushed: None,
            signals: Vec::new(),
            note: note.into(),
        }
    }

    fn done(note: impl Into<String>) -> Self {
        Self::new(Settled::Done, note)
    }

    fn dead(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::new(Settled::Dead(reason.clone()), reason)
    }

    fn reporting(self, outcome: Outcome) -> Self {
        Self {
            report: Some(outcome),
            ..self
        }
    }
}

/// Why an attempt failed, in flow's terms: what all lanes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    /// What the operator reads.
    text: String,
    /// Not before so many ms.
    wait_ms: u64,
    /// This attempt may have been taken.
    unknown: bool,
    /// All deliveries there wait as long.
    pause: bool,
}

impl Failure {
    fn certain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            wait_ms: 0,
            unknown: false,
            pause: false,
        }
    }

    fn unknown(text: impl Into<String>) -> Self {
        Self {
            unknown: true,
            ..Self::certain(text)
        }
    }

    fn waiting(text: impl Into<String>, wait_ms: u64, pause: bool) -> Self {
        Self {
            wait_ms,
            pause,
            ..Self::certain(text)
        }
    }
}

/// A failure that no further attempt mends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hopeless {
    Refused(String),
    OptedOut(String),
}

/// What the plugin's error means.
fn sort_send_error(error: SendError) -> Result<Failure, Hopeless> {
    Ok(match error {
        SendError::Again { wait_ms, text } => Failure::waiting(text, wait_ms, false),
        SendError::Throttled { wait_ms, text } => Failure::waiting(text, wait_ms, true),
        SendError::Refused(text) => return Err(Hopeless::Refused(text)),
        SendError::OptedOut(text) => return Err(Hopeless::OptedOut(text)),
        SendError::Unknown(text) => Failure::unknown(text),
        SendError::Credentials(text) => {
            Failure::certain(format!("credentials or settings: {text}"))
        }
        error @ (SendError::Plugin(_) | SendError::NoPlugin(_) | SendError::Store(_)) => {
            Failure::certain(error.to_string())
        }
    })
}

impl<O: Outside> Attempt<O> {
    /// Tries, settles, tells the owner.
    pub(crate) async fn run(self, lane: LaneId) -> Finished {
        let numbering = Arc::clone(&self.numbering);
        let _turn = if self.may_push() {
            Some(numbering.lock().await)
        } else {
            None
        };
        let mut verdict = Box::pin(self.verdict()).await;
        let attempts = attempts_after(&self.item, &verdict.outcome);
        let peer_changed = !verdict.peer_changes.is_empty();
        let pushed = verdict.pushed.is_some();
        let ece_took = self.ece_took(&verdict);
        let signals = std::mem::take(&mut verdict.signals);
        let session = verdict.session.clone();
        let settled = settle(&self.inner, &self.item, verdict).await;
        if self.speaks() && settled == Some(Settled::Done) {
            self.inner
                .signals
                .spoke(self.item.delivery.id.conversation.customer);
        }
        if let Some((integration, session)) = session {
            self.inner.opens.kept(&integration, &session, self.now());
        }
        if settled.is_some() {
            let sockets = &self.inner.sockets;
            if pushed {
                sockets.log_grew(&self.channel, &self.addresses);
            }
            sockets.signal(&self.channel, &self.addresses, &signals);
        }
        Finished {
            lane,
            delivery: self.item.delivery.id,
            ece_took,
            attempts,
            settled,
            peer_changed,
        }
    }

    async fn verdict(&self) -> Verdict {
        match &self.item.delivery.payload {
            Payload::ToCustomer(message) => self.to_customer(message).await,
            Payload::OpenEce(open) => self.open_ece(open).await,
            Payload::ToEce {
                integration,
                session,
                message,
            } => self.to_ece(integration, session, message).await,
            Payload::EndEce {
                integration,
                session,
            } => self.end_ece(integration, session).await,
            Payload::AskBot(ask) => self.ask_bot(ask).await,
            Payload::FetchFromCustomer { attachment, .. } => {
                self.fetch_from_customer(attachment).await
            }
            Payload::FetchFromEce {
                integration,
                file,
                again,
                ..
            } => {
                self.fetch_from_ece(integration.as_ref(), file, *again)
                    .await
            }
        }
    }

    /// What ECE did not take because its conversation is over is done as well, and reported.
    fn ece_took(&self, verdict: &Verdict) -> bool {
        matches!(self.item.delivery.payload, Payload::ToEce { .. })
            && verdict.outcome == Settled::Done
            && verdict.report.is_none()
    }

    /// Somebody's own words: they no longer type them.
    fn speaks(&self) -> bool {
        matches!(&self.item.delivery.payload, Payload::ToCustomer(message) if message.author != Author::System)
    }

    /// A message on a channel with sockets.
    fn may_push(&self) -> bool {
        matches!(self.item.delivery.payload, Payload::ToCustomer(_))
            && self.inner.ports.plugins().socket(&self.channel).is_some()
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    /// The number of this attempt, from 1.
    fn number(&self) -> u32 {
        self.item.attempts + 1
    }

    /// An earlier attempt may have been taken.
    fn unknown_before(&self) -> bool {
        self.item.left_at.is_some()
    }

    /// Said behind what became of it, where it may have arrived before.
    fn doubt(&self) -> &'static str {
        if self.unknown_before() { IN_DOUBT } else { "" }
    }

    /// Makes durable that a `once` request leaves.
    fn leaving(&self) -> (Leaving, Arc<AtomicBool>) {
        let left = Arc::new(AtomicBool::new(false));
        let (inner, flag) = (Arc::clone(&self.inner), Arc::clone(&left));
        let delivery = self.item.delivery.id;
        let leaving = Leaving(Arc::new(move |version| {
            let (inner, flag) = (Arc::clone(&inner), Arc::clone(&flag));
            Box::pin(async move {
                let store = inner.ports.store();
                store.leave(delivery, version, inner.now()).await?;
                flag.store(true, Ordering::SeqCst);
                Ok(())
            })
        }));
        (leaving, left)
    }

    /// Another attempt after a failure, or the end: `give_up_ms` after the delivery was committed.
    fn again(&self, failure: Failure, give_up_ms: u64, scope: Option<&Scope>) -> Verdict {
        let now = self.now();
        let unknown = failure.unknown || self.unknown_before();
        if now.ms_since(self.item.created) >= give_up_ms {
            return self.give_up(&failure.text, unknown);
        }
        if failure.pause
            && let Some(scope) = scope
        {
            self.inner.pauses.pause(scope, now.plus_ms(failure.wait_ms));
        }
        let backoff = backoff::wait_ms(&self.inner.limits, self.item.delivery.id, self.number());
        let wait_ms = backoff.max(failure.wait_ms);
        let at = now.plus_ms(wait_ms);
        let text = failure.text;
        let note = if failure.unknown {
            format!("outcome unknown ({text}), again in {wait_ms} ms")
        } else {
            format!("{text}, again in {wait_ms} ms")
        };
        Verdict::new(Settled::Again { at, unknown }, note)
    }

    /// Too late for another attempt.
    fn give_up(&self, text: &str, unknown: bool) -> Verdict {
        let doubt = if unknown { IN_DOUBT } else { "" };
        let reason = format!("gave up after {} attempts: {text}{doubt}", self.number());
        Verdict::dead(reason.clone()).reporting(Outcome::Failed {
            reason,
            uncertain: unknown,
            opted_out: false,
        })
    }

    /// It will never be taken.
    fn hopeless(&self, hopeless: Hopeless) -> Verdict {
        let (reason, opted_out) = match hopeless {
            Hopeless::Refused(reason) => (reason, false),
            Hopeless::OptedOut(reason) => (reason, true),
        };
        let note = format!("{reason}{}", self.doubt());
        Verdict::dead(note).reporting(Outcome::Failed {
            reason,
            uncertain: self.unknown_before(),
            opted_out,
        })
    }

    /// A call that took longer than any may.
    fn overdue(&self, wait_ms: u64, left: &AtomicBool) -> Failure {
        let text = format!("no answer in {wait_ms} ms");
        Failure {
            unknown: left.load(Ordering::SeqCst),
            ..Failure::certain(text)
        }
    }
}
