//! What survives a restart: the [`Store`](trunkline_flow::ports::Store) of flow and the
//! [`PluginArchive`](trunkline_flow::ports::PluginArchive) of the engine, on SQLite.
//!
//! One thread writes and commits for all callers at once; a few threads read beside it; no async
//! worker ever waits for the disk. Read in the order of a message's way: `accept` puts events into
//! inboxes, `load` gives them to the customer's owner, `step` takes them out and fills the outbox,
//! `settle` empties it. What is over moves to tables that only `trace` reads, and is forgotten by
//! `due::sweep`.
//!
//! No decision about a conversation is made here, and no secret is written: configuration never
//! reaches this crate.

/// What can be chosen when a store is opened.
mod options;

/// The store's face.
mod sqlite;

/// Opening a store.
mod open;

/// Numbered migrations.
mod schema;

/// The one thread that writes.
mod writer;

/// The threads that read.
mod readers;

/// *Accept*.
mod accept;

/// Whose an event is, and events that wait to know.
mod target;

/// Who a list of addresses is.
mod customers;

/// Card numbers and patterns.
mod masking;

/// Which members are people's words.
mod masked;

/// What the owner of a customer needs.
mod load;

/// *Step*.
mod step;

/// Pieces of an event wait for one another.
mod pieces;

/// What a plugin completed.
mod resolved;

/// Deliveries until they are settled.
mod outbox;

/// *Settle*.
mod settle;

/// Logs of frames for sockets.
mod log;

/// Slots for uploads.
mod uploads;

/// What gave up.
mod dead;

/// What is due, and what is forgotten.
mod due;

/// Webhook calls that wait for a plugin.
mod raw;

/// What agents see as a placeholder, as it came.
mod originals;

/// Files.
mod files;

/// Names and types of files.
mod names;

/// Plugin files.
mod archive;

/// Recorded calls of plugins.
mod calls;

/// What the operator is told.
mod backlog;

/// What happened to a conversation.
mod trace;

/// Events and deliveries in an operator's words.
mod describe;

/// Lines kept beside a delivery.
mod note;

/// Ids and names in columns.
mod keys;

/// What goes wrong inside a transaction.
mod failure;

/// What every store must do, as tests.
#[cfg(feature = "contract-tests")]
pub mod contract;

pub use archive::first_versions;
pub use backlog::Backlog;
pub use masking::{Directions, Mask, Masking};
pub use open::OpenError;
pub use options::Options;
pub use sqlite::SqliteStore;
pub use trace::FOUND_MAX;
