//! The whole of flow and core, against a store, plugins, an ECE and customers that live in memory and misbehave by a seed.
//!
//! A [`World`](world::World) outlives crashes: it is what really happened. A crash drops every task of the flow at a random call of
//! a port; a new flow then starts on the same store. Time is virtual, everything random comes from one generator, so a
//! seed always plays the same. [`check`] says afterwards what must hold (H1 to H6, H13, H14).

/// Virtual time.
pub mod clock;

/// What really happened, and what will.
pub mod world;

/// The store in memory.
pub mod store;

/// A channel's plugin with its provider.
pub mod provider;

/// What its bots say.
pub mod bots;

/// ECE with its agents.
pub mod ece;

/// What the operator configured.
pub mod configured;

/// One seed, from start to rest.
pub mod run;

/// What must hold afterwards.
pub mod check;
