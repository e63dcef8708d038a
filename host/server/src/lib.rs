//! The Trunkline process: configuration, HTTP edge, admin API, command line, and the wiring of the ports.

/// What the operator configured.
pub mod config;
