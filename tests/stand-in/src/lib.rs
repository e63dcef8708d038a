//! What every stand-in for ECE or a provider needs: a server that breaks on demand, faults used up call by call,
//! state that tests can wait for, webhooks posted again, and knobs for another process.
//!
//! In: a router of the stand-in's own. Out: [`Server`], [`FaultPlan`], [`Watched`], [`client`], [`control`], [`until_taken`]. What a provider says,
//! signs and refuses is its stand-in's affair and absent here.

pub mod connection;

/// Knobs over HTTP.
pub mod control;

mod answer;

mod client;

mod faults;

mod server;

mod watched;

pub use answer::{WebhookAnswer, until_taken};
pub use client::client;
pub use connection::{Connection, Outage};
pub use faults::{FaultPlan, Times};
pub use server::{Listening, Server, StartError, cut};
pub use watched::{DeadlinePassed, Watched};
