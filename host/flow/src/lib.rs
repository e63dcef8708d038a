//! Carries events in and effects out, over the ports it defines. No axum, no wasmtime, no SQL:
//! the simulation runs this very code.

/// What flow needs from the outside: store, plugins, ECE, clock.
pub mod ports;
