//! The engine with built guests, a folder, an archive in memory and a provider on a local port.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

/// Everything a test fakes.
mod world;

/// Guest files, and other versions of them.
mod guests;

/// A provider that keeps a ledger.
mod provider;

/// Calls: suspend, replay, leave.
mod calls;

/// Calls that are kept, and run again.
mod recording;

/// `check` on the way to live.
mod checks;

/// Tokens that the host fetches.
mod tokens;

/// Sockets: what happens on them, what is pushed to them.
mod sockets;

/// What a call may not do.
mod limits;

/// From folder to live, or refused.
mod folder;

/// What a file may have, and what serves where it may not.
mod grants;

/// New versions, old versions, bad versions.
mod versions;

/// Bots.
mod bots;

/// The sms plugin behind one URL with two accounts.
mod accounts;
