//! The contract of every store on SQLite, and what only a store in one file promises.

/// The suite.
mod contract;

/// One process, one schema, a full disk.
mod file;

/// `kill -9`.
mod kill;
