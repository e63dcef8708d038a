//! The client against the stand-in ECE, over real sockets.
//!
//! Each test starts a stand-in of its own, changes what it is about, and looks at the stand-in's
//! ledger: what an agent would have seen.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails right there"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else came is shown and fails"
)]

mod callbacks;
mod checking;
mod files;
mod lights;
mod login;
mod opening;
mod refusals;
mod talking;
mod world;
