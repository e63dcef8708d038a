//! One world for everything that tries the built host: the process on a free port, stand-ins for
//! ECE and Twilio, and their ledgers.
//!
//! In: a host binary and plugin files that were built before (`cargo xtask test` and `cargo xtask
//! demo` do that). Out: a [`World`] in which customers write and agents answer over real sockets.
//! Nothing here looks into the host: what is counted is counted from the stand-ins' ledgers.

/// Where the built host and plugins are.
pub mod built;

/// The configuration file of a world.
pub mod config;

/// The host as a process: started, killed, started again.
pub mod host;

/// Stand-ins, host and folder together.
pub mod world;

/// The channels beside SMS.
pub mod channels;

/// One customer on one channel.
pub mod phone;

/// A customer of the in-app channel without a browser.
pub mod in_app;

/// What the stand-ins' ledgers say about a customer.
mod ledgers;

/// What a conversation should have carried against what the ledgers say.
pub mod count;

pub use world::{World, WorldOptions};

/// The demo as text.
pub mod demo;

/// The demo as a page.
pub mod page;

/// SHA-256 of a file's bytes, lower-case hex; empty if it cannot be read.
pub fn sha256_of(path: &std::path::Path) -> String {
    use sha2::{Digest, Sha256};
    let Ok(bytes) = std::fs::read(path) else {
        return String::new();
    };
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
