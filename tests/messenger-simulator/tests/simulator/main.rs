//! The stand-in over real sockets: each error, each fault, both directions.
//!
//! The client is plain reqwest, the webhook's receiver a small axum server; both are other
//! programs' code, so that the stand-in is not tested against itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod world;

mod sending;

mod customers;

mod objects;

mod driving;
