//! The stand-in over real sockets, with plain reqwest as the client and an axum server as the
//! webhook: other programs' code, so that the stand-in is not tested against itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod world;

mod conversation;

mod login;

mod errors;

mod leniency;

mod status;

mod callbacks;

mod agents;

mod driving;

mod page;

mod stream;
