//! Logs of frames, and slots for uploads.

use trunkline_core::id::{ChannelName, EventKey, Timestamp};
use trunkline_core::message::{Address, StoredFile};

/// Frames for the end of a customer's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedFrames {
    /// The number of the first, as the plugin was told. When the log's next number is another one, the whole settle is
    /// `Stale`.
    pub first: u64,
    /// In order.
    pub frames: Vec<Vec<u8>>,
}

/// Frames a log keeps; older ones go.
pub const LOG_FRAMES_MAX: u64 = 1_000;

/// Bytes of frames a log keeps; older ones go.
pub const LOG_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// How long a log keeps a frame, in ms: 14 days.
pub const LOG_KEEP_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// Part of a customer's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Number and frame, in order.
    pub frames: Vec<(u64, Vec<u8>)>,
    /// The last number ever given, kept or not; 0: none.
    pub last: u64,
}

/// Upload slots an address may have open.
pub const UPLOADS_OPEN_MAX: usize = 20;

/// Bytes that began to come while their slot was open may come to their end so much later, in ms.
pub const UPLOAD_ENDS_MS: u64 = 60 * 60 * 1000;

/// A slot that a customer uploads a file into.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// On which channel.
    pub channel: ChannelName,
    /// Whose file it is.
    pub customer: Address,
    /// The key of the event about it.
    pub slot: EventKey,
    /// The file's name.
    pub name: String,
    /// Its type, as the customer says.
    pub content_type: String,
    /// Bytes: no more, no fewer.
    pub size: u64,
    /// Open until then, and forgotten `UPLOAD_ENDS_MS` later; with a file, kept until then.
    pub expires: Timestamp,
    /// The file, once it is here.
    pub file: Option<StoredFile>,
}
