//! The process from outside: configuration files, the HTTP edge, the command line.

/// Configuration files, good and bad.
mod configuration;

/// A host in this process, with a channel without plugin and an ECE that is down.
mod world;

/// What callers get.
mod edge;

/// What callers get when nothing can be written.
mod full_disk;

/// What operators get.
mod admin;

/// `check`, and what `serve` does not start with.
mod checking;

/// The built program.
mod command;

/// Recorded calls.
mod recording;

/// Requests that hang while the host runs or stops.
mod stopping;

/// Clients on WebSockets, and what they upload.
mod sockets;
