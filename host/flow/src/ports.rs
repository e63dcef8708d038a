//! What flow needs from the outside: [`Store`], [`Plugins`], [`Ece`], [`Clock`].
//!
//! Everything here is plain data and traits with `Send` futures; an implementation may be a database
//! or a table in memory. What is durable and when is said at each method: that is the contract the
//! store's test suite and the simulation hold implementations to.

/// What survives a restart.
mod store;

/// Pieces of an event become one.
mod joined;

/// A store that several hold.
mod shared;

/// Channel and bot plugins.
mod plugins;

/// ECE.
mod ece;

/// Time.
mod clock;

pub use clock::Clock;
pub use ece::{Ece, EceError, EceSent, OpenOutcome, Opening};
pub use joined::joined;
pub use plugins::{
    Answer, AttachmentCall, BotCall, BotError, BotReception, Capabilities, CheckedAccount,
    Download, LeaveFn, Leaving, NextPiece, Outbound, OutboundBody, PluginVersion, Plugins,
    ReceiveError, ReceivedEvent, ReceivedHappening, Reception, Request, SendCall, SendError,
    SendProgress, Sent, SocketAction, SocketCall, SocketTerms, StreamError, state_fits,
};
pub use store::{
    Accept, Accepted, CALLS_BYTES_MAX, CALLS_KEEP_MS, CALLS_MAX, CallArchive, CallHead, CallId,
    DeadKind, DeadLetter, DeadLetterId, Discard, Expired, FileError, Fired, InboxEvent, Incoming,
    KeepFile, KeptCall, LOG_BYTES_MAX, LOG_FRAMES_MAX, LOG_KEEP_MS, Loaded, LogPage, NewCall, News,
    ORIGINAL_KEEP_MS, OutboxItem, PARKED_MS, PARTS_MAX, ParkedId, Part, PeerChange, PluginArchive,
    PluginFile, PushedFrames, RawCall, RawId, Resolve, Resolved, Scope, Settle, Settled, Step,
    Stepped, Store, StoreError, Swept, Target, TraceLine, UPLOAD_ENDS_MS, UPLOADS_OPEN_MAX,
    Undelivered, Upload, is_placeholder,
};

use std::pin::Pin;

/// A boxed future, where a trait object is needed.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
