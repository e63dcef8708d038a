//! What every stand-in for ECE or a provider needs: a server that breaks on demand, faults used up call by call, and
//! state that tests can wait for.
//!
//! In: a router of the stand-in's own. Out: [`Server`], [`FaultPlan`], [`Watched`], [`client`]. What a provider says,
//! signs and refuses is its stand-in's affair and absent here.

pub mod connection;

mod client;

mod faults;

mod server;

mod watched;

pub use client::client;
pub use connection::{Connection, Outage};
pub use faults::{FaultPlan, Times};
pub use server::{Listening, Server, StartError, cut};
pub use watched::{DeadlinePassed, Watched};
