//! The Trunkline process: configuration, HTTP edge, admin API, command line, and the wiring of the ports.
//!
//! To follow a message, start at `edge/channel.rs`; to follow a start, at `command/serve.rs`. Nothing
//! about a conversation is decided here.

/// What the operator configured.
pub mod config;

/// From the configuration to what each crate is told.
pub mod wiring;

/// The running host.
pub mod host;

/// The HTTP edge.
pub mod edge;

/// The command line.
pub mod command;

/// What the admin API tells.
pub mod report;

/// The system's clock.
mod clock;

/// The admin token.
mod token;

/// Which plugins came with this program.
mod shipped;

/// Where the running host is found.
mod running;

/// Log lines.
mod logging;

pub use clock::SystemClock;
pub use token::token_file;
