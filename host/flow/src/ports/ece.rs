use trunkline_core::effect::{EceMessage, OpenEce};
use trunkline_core::event::{RemoteFile, Unavailable};
use trunkline_core::id::{EceSession, IntegrationName};
use trunkline_core::message::Address;

use super::plugins::{Download, Leaving};

/// What `open` needs besides the core's words.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The core's words.
    pub open: OpenEce,
    /// The channel's plugin: decides on which contact attribute ECE searches.
    pub plugin: String,
    /// Strongest first.
    pub customer: Vec<Address>,
    /// An earlier start may have been taken: say so in the subject or an attribute.
    pub again_after_unknown: bool,
}

/// What ECE said to `open`.
#[derive(Debug, Clone, PartialEq)]
pub enum OpenOutcome {
    /// A conversation was started.
    Started(EceSession),
    /// Not now. Certain: no conversation was started.
    Unavailable(Unavailable, String),
}

/// How much of a message ECE has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EceSent {
    /// All.
    All,
    /// The beginning. The bytes are committed before the next call, which is given them and sends what follows.
    Rest(Vec<u8>),
}

/// Why a call to ECE failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EceError {
    /// It is certain that ECE has not taken it; worth another attempt.
    #[error("ECE cannot be reached: {0}")]
    Unreachable(String),
    /// ECE may have taken it.
    #[error("ECE may have taken it: {0}")]
    Unknown(String),
    /// ECE is over its limit; no attempt before this many milliseconds.
    #[error("ECE asks to wait {wait_ms} ms: {text}")]
    Throttled {
        /// How long.
        wait_ms: u64,
        /// ECE's words.
        text: String,
    },
    /// Credentials or settings are wrong; worth another attempt when they are mended.
    #[error("ECE refuses the credentials: {0}")]
    Credentials(String),
    /// The conversation is over in ECE.
    #[error("the conversation is over in ECE: {0}")]
    Gone(String),
    /// ECE will never take this.
    #[error("ECE refuses it: {0}")]
    Refused(String),
}

/// ECE, as flow sees it: all configured integrations.
pub trait Ece: Send + Sync + 'static {
    /// Asks availability (safe), then starts a conversation (once: `leaving` is awaited before the start leaves).
    ///
    /// # Errors
    /// `Unknown` after the start left: a conversation may exist whose id nobody knows yet.
    fn open(
        &self,
        opening: Opening,
        leaving: Leaving,
    ) -> impl Future<Output = Result<OpenOutcome, EceError>> + Send;

    /// Sends one message, or of a long one as much as ECE takes at a time, behind `rest`. `files_base` addresses are made by the
    /// implementation: it knows its `callback_url`.
    ///
    /// # Errors
    /// `Unknown`: it may be a duplicate if sent again.
    fn send(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        message: &EceMessage,
        rest: Option<&[u8]>,
        leaving: Leaving,
    ) -> impl Future<Output = Result<EceSent, EceError>> + Send;

    /// Typing of the customer. Never retried.
    ///
    /// # Errors
    /// Any: the caller drops it.
    fn typing(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        on: bool,
    ) -> impl Future<Output = Result<(), EceError>> + Send;

    /// Ends a conversation. A conversation that is over already is `Ok`.
    ///
    /// # Errors
    /// As `send`; a repetition does no harm.
    fn end(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
    ) -> impl Future<Output = Result<(), EceError>> + Send;

    /// How long a message or an end is tried again before it becomes a dead letter, in ms. None: the limit's.
    fn give_up_ms(&self, _integration: &IntegrationName) -> Option<u64> {
        None
    }

    /// The bytes of a file an agent offers, or (integration `None`) of one a bot named.
    ///
    /// # Errors
    /// `Refused` when it cannot be had.
    fn download(
        &self,
        integration: Option<&IntegrationName>,
        file: &RemoteFile,
    ) -> impl Future<Output = Result<Download, EceError>> + Send;
}
