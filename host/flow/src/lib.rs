//! Carries events in and effects out, over the ports it defines. No axum, no wasmtime, no SQL:
//! the simulation runs this very code.
//!
//! Read in the order of a message's way: [`webhook`](Flow::webhook) has a plugin read a call and *accepts* its
//! events into the inbox; the customer's *owner* takes them through the core in *steps*; what a step asks for is
//! *delivered*, lane by lane; each attempt is *settled*, and what came of it comes back as an event. Timers, backoffs
//! and what a crash left over are found by the ticker, with the same code at start-up as at any other moment.
//!
//! What is absent: knowledge of any provider, of ECE's spelling, of configuration files; memory that matters. All that
//! must survive is in the store before anything else happens.

/// What flow needs from the outside: store, plugins, ECE, clock.
pub mod ports;

/// Bounds and waits.
mod limits;

/// The whole of it, as the server holds it.
mod flow;

/// A provider's call.
mod webhook;

/// Calls that wait for a working plugin.
mod raw;

/// What ECE and bots call back with.
mod callback;

/// Received events become inbox events.
mod accept;

/// Which customers are being worked on, and by whom.
mod owners;

/// The one task that works for a customer.
mod owner;

/// Events through the core, effects into one transaction.
mod step;

/// A customer's deliveries in memory, in order.
mod lanes;

/// One attempt at a delivery.
mod deliver;

/// When to try again.
mod backoff;

/// Channels and integrations that asked everybody to wait.
mod pauses;

/// ECE conversations whose start had an unknown outcome.
mod opens;

/// The attempt's outcome becomes durable.
mod settle;

/// What becomes of a dead delivery that is replayed.
mod replay;

/// Wakes owners when something is due.
mod timers;

/// Typing signs.
mod signal;

/// One client's socket: what comes in, what goes out.
mod socket;

/// Which sockets follow whose log.
mod sockets;

/// Files that customers upload.
mod upload;

/// Counts for the operator.
mod status;

pub use flow::{Core, Flow, Ports};
pub use limits::Limits;
pub use replay::{Replayed, replayed};
pub use socket::{Close, Out, Socket};
pub use status::Status;
pub use upload::UploadError;
